"""Tools without opinions about surveys: clock, random ids, signing."""

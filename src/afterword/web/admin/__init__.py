"""The staff pages; each needs a session."""

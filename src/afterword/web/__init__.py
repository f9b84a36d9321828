"""HTTP in: the hot path of events.track, and the pages."""

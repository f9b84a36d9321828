"""The contract of POST /events.track, one test or more for each of its sentences."""

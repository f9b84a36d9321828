"""The use cases: one file, one transaction each."""

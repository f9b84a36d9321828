"""Fixtures for tests of storage: an open database of each kind, and a clock that stands still."""

from tests.storage.support import clock, database, next_version, postgres, sqlite, templates

__all__ = ["clock", "database", "next_version", "postgres", "sqlite", "templates"]

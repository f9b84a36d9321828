"""Jobs out of the outbox."""

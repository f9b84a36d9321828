"""The steps by which an older database becomes a current one: forward only."""

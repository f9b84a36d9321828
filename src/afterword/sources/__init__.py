"""Where people are loaded from: services whose accounts are people."""

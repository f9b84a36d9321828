"""The real server, a real SMTP server, a real browser."""

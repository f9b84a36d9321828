"""What several test packages share: a real server, a raw HTTP client, PostgreSQL from a wheel."""

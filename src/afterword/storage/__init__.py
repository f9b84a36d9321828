"""The database: the only room with SQL. One file per noun, SQLite and PostgreSQL alike."""

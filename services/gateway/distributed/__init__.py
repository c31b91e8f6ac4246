"""The distributed topology: services behind a broker, read models on PostgreSQL, one process for each part."""

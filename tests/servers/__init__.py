"""Private servers for tests: RabbitMQ and PostgreSQL, from the machine's own binaries."""

"""Read models: tables that follow the log, and the queries that they answer."""

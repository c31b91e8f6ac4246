"""What deploy/ holds, as far as it can be tested without an engine that runs containers."""

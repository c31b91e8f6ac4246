"""The event log: the port, and the embedded implementation."""

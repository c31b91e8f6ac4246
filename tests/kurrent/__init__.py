"""The event store port on EventStoreDB's own protocol."""

"""What every event store must do, whichever is behind the port."""

"""Services behind a real broker."""

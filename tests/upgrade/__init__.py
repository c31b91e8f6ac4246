"""Two versions of the program at once, on one log."""

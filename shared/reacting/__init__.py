"""Runs policies: events become commands, now or at their deadline, each once."""

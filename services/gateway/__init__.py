"""The edge: HTTP, the command line, and the processes that run everything on one machine. No rules live here."""

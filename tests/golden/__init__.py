"""Golden schemas and stored samples: yesterday's log must read tomorrow.

For every version of every event that ever shipped, `<type>.v<version>.json` holds its schema and an event as it was
stored. `make golden` adds what is new and never touches what is there.
"""

"""Which process runs what. One table, for the supervisor, the images and whoever asks; it loads nothing of what runs.

| part      | runs                                                             | how many                              |
|-----------|------------------------------------------------------------------|---------------------------------------|
| log       | the event log's owner, the access log's, and the proofs          | one; another takes over if it dies    |
| projector | read models: each in one process at a time, by its claim         | as many as wanted                     |
| policies  | policies and deadlines, each in one process at a time; retention | as many as wanted                     |
| <context> | the context's commands and queries, as a nameko service          | as many as wanted                     |
| gateway   | HTTP; documents and printed reports                              | as many as wanted, a port for each    |
"""

from __future__ import annotations

import sys

from services.gateway.distributed.programs import Program

SERVICES = ("cases", "rehabilitation", "projects", "campaigns", "protection", "audit", "analytics")
ALL = ("log", "projector", "policies", *SERVICES, "gateway")


def program(part: str) -> Program:
    """The program of a part: of `ALL`, or `history`, which loads the data set and ends."""
    module = "service" if part in SERVICES else "gateway" if part == "gateway" else "parts"
    quiet = ("-W", "ignore")  # nameko's libraries warn of their own age
    return Program(part, (sys.executable, *quiet, "-m", f"services.gateway.distributed.{module}", part))

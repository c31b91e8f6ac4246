"""A node that speaks EventStoreDB's protocol: the embedded log behind the gRPC services of the real server.

What it answers is in the handlers (`streams`, `persistent`, `users`, ...), which know nothing of how the bytes
arrive; `node` puts them together. The table of what is supported is in `shared/eventstore/README.md`.
"""

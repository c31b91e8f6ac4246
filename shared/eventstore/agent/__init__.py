"""The store agent: an event store for processes in which no store's client may run.

eventlet, and nameko with it, patches sockets, threads and locks; gRPC and SQLite then stop every call of the process,
or hang. So the store is opened by a child process that is not patched, and reached over a unix socket:
`open_agent(where)` is an `EventStore` on a cluster or on a log's folder, wherever it is called.

| file | question |
|---|---|
| `client.py` | How is the agent asked, kept alive, and replaced? |
| `following.py` | How is a log followed through it? |
| `serving.py` | What does the agent do? |
| `language.py` | In which language? |
| `provider.py` | How does a nameko service get it? |

Calls share one connection and may overtake each other; a subscription has a connection of its own, so that a slow
reader holds up nobody else and is itself held up by the kernel's buffers. Errors are frames, the end of a connection is
not an answer: what was unanswered is asked of the next agent, which is harmless for reads and, by the events' ids, for
appends.
"""

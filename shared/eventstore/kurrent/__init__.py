"""The event store port on EventStoreDB / KurrentDB, over its own client: `open_cluster(address)`.

| file | question |
|---|---|
| `address.py` | Where is the cluster, and may it be reached that way? |
| `connection.py` | How is a call made within its deadline, whatever happens to the connection? |
| `refusals.py` | What does an error of the client mean to us? |
| `events.py` | What is an event of the client to us, and the other way round? |
| `appending.py` | How do appends get there, and their answers back? |
| `store.py` | How is it appended to and read? |
| `subscription.py` | How is it followed so that nothing stops it unnoticed? |
| `competing.py` | How do several readers share the events? |
| `wholeness.py` | Is anything missing from it? |
"""

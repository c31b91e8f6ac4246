"""Persistent subscriptions: groups of consumers that share a stream, their place kept by the node.

`group` is the subscription itself, `progress` how far it has come, `strategies` says who gets what, `settings` what was
asked for, `measuring` how busy it is, `register` keeps it all on disk, `service` answers the protocol, `description`
says what is heard of one.
"""

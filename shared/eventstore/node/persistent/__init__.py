"""Persistent subscriptions: groups of consumers that share a stream, their place kept by the node.

`group` is the subscription itself, `strategies` says who gets what, `settings` what was asked for, `register` keeps it
all on disk, `service` answers the protocol.
"""

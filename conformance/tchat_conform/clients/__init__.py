"""Clients on trial: anybody's client at a terminal of ours, before a server that we play."""

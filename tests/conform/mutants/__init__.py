"""Servers that are wrong on purpose: the reference server with one fault each, and the cases that must notice."""

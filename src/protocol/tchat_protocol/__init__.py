"""The tchat/1 protocol without I/O: framing, messages and their schemas, names, errors."""

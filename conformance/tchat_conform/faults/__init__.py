"""The faults of ``tchat-conform serve``, each a few lines between the reference server and the client.

A new fault is a function in one of the modules here; its decorator names it and registers it in FAULTS.
"""

from tchat_conform.faults import behaviour, contents, framing
from tchat_conform.faults.fault import FAULTS, Fault, Restart, Wire, outlets_of

__all__ = ["FAULTS", "Fault", "Restart", "Wire", "behaviour", "contents", "framing", "outlets_of"]

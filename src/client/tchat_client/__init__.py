"""The reference client of tchat/1: a session for programs, and a command line for people and pipes."""

from tchat_client.delays import Delays
from tchat_client.incoming import Incoming, Notice
from tchat_client.session import Ended, Lost, Refused, Session, SessionError, Unanswered, Unreachable

__all__ = [
    "Delays",
    "Ended",
    "Incoming",
    "Lost",
    "Notice",
    "Refused",
    "Session",
    "SessionError",
    "Unanswered",
    "Unreachable",
]

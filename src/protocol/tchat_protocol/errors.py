"""The protocol's error vocabulary: the closed list of schemas/error-codes.json as types."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from tchat_protocol import schemas


class ErrorCode(StrEnum):
    """Every ``code`` a server-error may carry (E-CODE-1)."""

    BAD_JSON = "bad-json"
    BAD_MESSAGE = "bad-message"
    UNKNOWN_ACTION = "unknown-action"
    TOO_LARGE = "too-large"
    NAME_TAKEN = "name-taken"
    SENDER_MISMATCH = "sender-mismatch"
    AUTH_FAILED = "auth-failed"
    UNKNOWN_USER = "unknown-user"
    UNKNOWN_GROUP = "unknown-group"
    GROUP_EXISTS = "group-exists"
    ALREADY_MEMBER = "already-member"
    NOT_MEMBER = "not-member"
    NOT_INVITED = "not-invited"
    NOT_OWNER = "not-owner"
    BANNED = "banned"
    ALREADY_BANNED = "already-banned"
    NOT_BANNED = "not-banned"
    SELF_TARGET = "self-target"
    RATE_LIMITED = "rate-limited"
    SERVER_FULL = "server-full"
    STORAGE_FULL = "storage-full"
    INTERNAL_ERROR = "internal-error"


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What schemas/error-codes.json says of one code: its meaning, and whether the server closes after it."""

    code: ErrorCode
    meaning: str
    closes: bool


@cache
def code_facts() -> dict[ErrorCode, CodeFacts]:
    """Return the facts of every error code, in the order of schemas/error-codes.json."""
    rows = schemas.load("error-codes.json")
    return {ErrorCode(row["code"]): CodeFacts(ErrorCode(row["code"]), row["meaning"], row["closes"]) for row in rows}


class Refusal(Exception):  # noqa: N818 - a refusal is an answer of the protocol, not a fault of the program
    """A request is refused; becomes a server-error at the edge.

    Arguments: the code, a sentence for a person and, for ``bad-message``, the JSON pointer of the field.
    """

    def __init__(self, code: ErrorCode, sentence: str, field: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.field = field

"""Names of users and groups: one normal form, so that equal names are equal strings."""

from typing import Any
from unicodedata import normalize


def normal(name: str) -> str:
    """Return the form under which a name is compared, stored and sent: Unicode NFC (I-NAME-2)."""
    return normalize("NFC", name)


def normal_or_same(value: Any) -> Any:
    """Return a string in its normal form and anything else as it is, for messages not yet validated."""
    return normal(value) if isinstance(value, str) else value

"""A message read field by field, for people, under any of a field's near names."""

from collections.abc import Mapping
from typing import Any

from tchat_client import near_forms
from tchat_client.near_forms import Unreadable

_FORMAL = {"action", "id", "ts", "seq", "request", "more"}


class Reading:
    """A message read field by field, under any of a field's near names; remembers what was read.

    It fills sentences with fields of type string. Every look-up raises Unreadable where the message has no such field.
    """

    def __init__(self, message: Mapping[str, Any]) -> None:
        self.message = message
        self._read: set[str] = set()

    def __getitem__(self, field: str) -> str:
        return str(self.find(field, str))

    def find(self, field: str, kind: type) -> Any:
        """Return a field of one type. Raises Unreadable."""
        name, value = near_forms.find(self.message, field, kind)
        self._read.add(name)
        return value

    def optional(self, field: str, kind: type = str) -> Any:
        """Return a field of one type, or None where it is absent."""
        try:
            return self.find(field, kind)
        except Unreadable:
            return None

    def unread(self) -> dict[str, Any]:
        """Return the fields nobody has read, those aside that are of no interest to people."""
        return {key: value for key, value in self.message.items() if key not in self._read | _FORMAL}

"""What deserves a person's attention: messages meant for one, and groups with news."""

import re
from collections.abc import Mapping
from typing import Any
from unicodedata import normalize

from tchat_client.known import Known

_ABOUT_DEST = ("server-invite", "server-kick", "server-ban", "server-unban")
_PUBLIC = ("server-gbroadcast", "server-broadcast")


class Attention:
    """What calls for attention, beside what is ``known``; ``calling`` are the groups in which one was mentioned."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.calling: set[str] = set()
        self.mention = re.compile(rf"(?<!\w){re.escape(known.name)}(?!\w)", re.IGNORECASE)
        self._before: str | None = None

    def learn(self, message: Mapping[str, Any]) -> bool:
        """Tell whether a message that has its form is meant for oneself: written privately, or with one's name in it.

        ``known`` has learnt it already.
        """
        called = self._calls(message)
        group = message.get("group")
        if called and message["action"] in _PUBLIC and group and self.known.unread(group):
            self.calling.add(group)
        return called

    def go(self, group: str | None) -> None:
        """Make a group the current one: what is typed without a command goes there."""
        self._before = self.known.current
        self.known.current = group

    def go_back(self, group: str) -> None:
        """Take back having gone to a group, because the server does not let one in."""
        if self.known.current == normalize("NFC", group):
            self.known.current = None if self._before == self.known.current else self._before

    def news(self) -> list[str]:
        """Return the groups with news, those first in which one was mentioned."""
        self.calling = {group for group in self.calling if self.known.unread(group)}
        unread = [group for group in self.known.groups if self.known.unread(group)]
        return sorted(unread, key=lambda group: (group not in self.calling, group))

    def next_group(self) -> str | None:
        """Return where to look next: where there is news, or else the next group that one is in."""
        current = self.known.current or ""
        joined = sorted(self.known.joined - {current})
        return next(iter([*self.news(), *(each for each in joined if each > current), *joined]), None)

    def _calls(self, message: Mapping[str, Any]) -> bool:
        me = self.known.name
        if me == message.get("from", message.get("sender")):
            return False
        if message["action"] in _ABOUT_DEST:
            return bool(message["dest"] == me)
        return message["action"] == "server-send" or (
            message["action"] in _PUBLIC and self.mention.search(message["msg"]) is not None
        )

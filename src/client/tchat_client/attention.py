"""What deserves a person's attention: messages meant for one, and groups with news."""

import re
from unicodedata import normalize

from tchat_client.incoming import Incoming
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

    def learn(self, incoming: Incoming) -> bool:
        """Tell whether a message, in its form or near it, is meant for oneself: written privately, or with one's name.

        ``known`` has learnt it already.
        """
        called = self._calls(incoming)
        group = incoming.group
        if called and incoming.action in _PUBLIC and group and self.known.unread(group):
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

    def _calls(self, incoming: Incoming) -> bool:
        if incoming.sender in (None, self.known.name) or not isinstance(incoming.content, dict):
            return False
        if incoming.action in _ABOUT_DEST:
            return incoming.content.get("dest") == self.known.name
        in_public = incoming.action in _PUBLIC and self.mention.search(incoming.text or "") is not None
        return in_public or incoming.action == "server-send"

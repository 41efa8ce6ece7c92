"""What the people of a case have done so far by legal requests: who is in a group or invited, and what was said."""

from collections.abc import Set

from tchat_conform.expect import mentions
from tchat_conform.verdict import Message


class Scene:
    """Follows the requests of a case as a server should."""

    def __init__(self) -> None:
        self._members: dict[str, set[str]] = {}
        self._invited: dict[str, set[str]] = {}
        self._hit_outside: set[tuple[str, str]] = set()
        self._said: dict[str, str] = {}

    def notes(self, request: Message) -> None:
        """Remember a legal request."""
        action, group, dest = (str(request.get(each)) for each in ("action", "group", "dest"))
        if isinstance(request.get("msg"), str):
            self._said[request["msg"]] = action
        if action == "cgroupe" and request.get("private") is True:
            self._invited[group] = set()
        elif action == "invite" and group in self._invited:
            self._invited[group].add(dest)
        self._notes_members(action, group, str(request.get("sender")), dest)

    def _notes_members(self, action: str, group: str, sender: str, dest: str) -> None:
        members = self._members.setdefault(group, set())
        if action in ("cgroupe", "join"):
            members.add(sender)
        elif action == "leave":
            members.discard(sender)
        elif action in ("kick", "ban"):
            (self._hit_outside.discard if dest in members else self._hit_outside.add)((group, dest))
            members.discard(dest)

    def invited_to(self, group: str) -> Set[str]:
        """Return the names of those who were invited to a private group, be they in it by now or not."""
        return self._invited.get(group, frozenset())

    def was_hit_outside(self, name: str, group: str) -> bool:
        """Tell whether somebody was banned last without being a member."""
        return (group, name) in self._hit_outside

    def repeated_in(self, message: Message) -> str | None:
        """Return the action by which the text was said that a message repeats; None if it repeats none."""
        return next((action for text, action in self._said.items() if text and mentions(message, text)), None)

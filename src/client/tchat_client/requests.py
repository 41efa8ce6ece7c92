"""What a program asks for, each request by a method of its own."""

from collections.abc import Coroutine
from typing import Any

from tchat_client.trouble import Refused
from tchat_protocol.framing import Message

Answer = Coroutine[Any, Any, Message]


class Requests:
    """The requests of PROTOCOL.md as methods.

    Each sends its request at once and returns the answer to be awaited. Raises InvalidMessage for a field out of form;
    awaiting raises Refused, Unanswered or Ended.
    """

    def request(self, action: str, **fields: Any) -> Answer:
        """Send a request with these fields; the user's name and an ``id`` are put in."""
        raise NotImplementedError

    def create(self, group: str, *, private: bool = False) -> Answer:
        """Create a group (G-CREATE-1)."""
        return self.request("cgroupe", group=group, **({"private": True} if private else {}))

    def join(self, group: str) -> Answer:
        """Join a group (G-JOIN-1)."""
        return self.request("join", group=group)

    async def enter(self, group: str) -> None:
        """Come into a group as it may be: join it, create it where it does not exist, or be a member already."""
        try:
            await self.join(group)
        except Refused as error:
            if error.code == "unknown-group":
                await self.create(group)
            elif error.code != "already-member":
                raise

    def leave(self, group: str) -> Answer:
        """Leave a group (G-LEAVE-1)."""
        return self.request("leave", group=group)

    def post(self, group: str, text: str) -> Answer:
        """Say something in a group (G-POST-1)."""
        return self.request("gbroadcast", group=group, msg=text)

    def send(self, to: str, text: str) -> Answer:
        """Write to one person (B-SEND-1)."""
        return self.request("client-send", to=to, msg=text)

    def broadcast(self, text: str) -> Answer:
        """Write to everyone online (B-BCAST-1)."""
        return self.request("client-broadcast", msg=text)

    def invite(self, group: str, dest: str) -> Answer:
        """Invite somebody into a group (G-INVITE-1)."""
        return self.request("invite", group=group, dest=dest)

    def kick(self, group: str, dest: str, reason: str = "") -> Answer:
        """Put somebody out of a group (G-KICK-1)."""
        return self.request("kick", group=group, dest=dest, reason=reason)

    def ban(self, group: str, dest: str, reason: str = "") -> Answer:
        """Put somebody out of a group for good (G-BAN-1)."""
        return self.request("ban", group=group, dest=dest, reason=reason)

    def unban(self, group: str, dest: str) -> Answer:
        """End a ban (G-UNBAN-1)."""
        return self.request("unban", group=group, dest=dest)

    def clients(self) -> Answer:
        """Ask who is online (B-LIST-1)."""
        return self.request("client-list-clients")

    def groups(self) -> Answer:
        """Ask which groups there are (G-GROUPS-1)."""
        return self.request("groups")

    def members(self, group: str) -> Answer:
        """Ask who is in a group (G-MEMBERS-1)."""
        return self.request("members", group=group)

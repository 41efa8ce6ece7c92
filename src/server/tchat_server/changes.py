"""The changes that requests make: small facts which the state applies and the store persists.

Each class says here what it does to the state; ``store.WRITES`` says what it does to the tables. Facts that only
history needs leave the state alone.
"""

from tchat_protocol.values import Value
from tchat_server.state import Group, State


class Change(Value, frozen=True):
    """A fact to be stored; ``apply`` makes it true in the state."""

    def apply(self, state: State) -> None:
        """Change the state accordingly."""


class UserSeen(Change, frozen=True):
    """A user comes online for the first time and is known from now on."""

    name: str

    def apply(self, state: State) -> None:
        """Know the user, without a password."""
        state.users[self.name] = None


class NameProtected(Change, frozen=True):
    """A user protects its name with a password (I-AUTH-1)."""

    name: str
    password_hash: str

    def apply(self, state: State) -> None:
        """Remember the hash."""
        state.users[self.name] = self.password_hash


class PrivateMessageSent(Change, frozen=True):
    """A private message; ``delivered`` is false where the recipient was offline (B-SEND-4)."""

    sender: str
    dest: str
    msg: str
    ts: str
    delivered: bool


class PrivateMessageDelivered(Change, frozen=True):
    """A message that waited for its recipient was written to it (B-SEND-5)."""

    id: int


class BroadcastSent(Change, frozen=True):
    """A message to everyone online."""

    sender: str
    msg: str
    ts: str


class GroupCreated(Change, frozen=True):
    """A group exists, as yet without owner and members."""

    group: str
    private: bool

    def apply(self, state: State) -> None:
        """Add the group."""
        state.groups[self.group] = Group(self.group, self.private)


class MemberAdded(Change, frozen=True):
    """A user becomes the newest member."""

    group: str
    user: str

    def apply(self, state: State) -> None:
        """Append the member."""
        group = state.groups[self.group]
        group.members[self.user] = None
        group.audience = None


class MemberRemoved(Change, frozen=True):
    """A user is no longer a member."""

    group: str
    user: str

    def apply(self, state: State) -> None:
        """Remove the member."""
        group = state.groups[self.group]
        del group.members[self.user]
        group.audience = None


class OwnerChanged(Change, frozen=True):
    """The group has another owner, or none."""

    group: str
    owner: str | None

    def apply(self, state: State) -> None:
        """Set the owner."""
        state.groups[self.group].owner = self.owner


class InvitationMade(Change, frozen=True):
    """A user may join; ``seq`` names the event, ``told`` is false where it was offline (G-INVITE-8)."""

    group: str
    dest: str
    seq: int
    told: bool

    def apply(self, state: State) -> None:
        """Open the invitation."""
        state.groups[self.group].invited.add(self.dest)


class InvitationTold(Change, frozen=True):
    """A user that was offline has been sent its invitation."""

    group: str
    seq: int


class InvitationEnded(Change, frozen=True):
    """The invitations of a user are used up by joining or ended by a ban (P-JOIN-3, P-JOIN-4)."""

    group: str
    dest: str

    def apply(self, state: State) -> None:
        """Close the invitation."""
        state.groups[self.group].invited.discard(self.dest)


class UserBanned(Change, frozen=True):
    """A user is banned from the group."""

    group: str
    user: str

    def apply(self, state: State) -> None:
        """Add the ban."""
        state.groups[self.group].banned.add(self.user)


class UserUnbanned(Change, frozen=True):
    """A ban ends."""

    group: str
    user: str

    def apply(self, state: State) -> None:
        """Remove the ban."""
        state.groups[self.group].banned.discard(self.user)


class MessagePosted(Change, frozen=True):
    """A message in the group's history."""

    group: str
    seq: int
    sender: str
    msg: str
    ts: str

    def apply(self, state: State) -> None:
        """Use up the number."""
        state.groups[self.group].seq = self.seq


class EventLogged(Change, frozen=True):
    """An event in the group's log, with what its answer said."""

    group: str
    seq: int
    event: str
    sender: str
    ts: str
    dest: str | None = None
    reason: str | None = None
    private: bool | None = None
    owner: str | None = None

    def apply(self, state: State) -> None:
        """Use up the number."""
        state.groups[self.group].seq = self.seq

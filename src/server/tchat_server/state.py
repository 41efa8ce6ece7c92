"""What the server knows at a moment: users, who is online, groups. Plain data without I/O."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Group:
    """One group; ``members`` keeps the order of joining, ``seq`` is the last number given (A-SEQ-1).

    ``audience`` are the members once ``everyone`` has been asked for, and None again when one joins or leaves.
    """

    name: str
    private: bool
    owner: str | None = None
    members: dict[str, None] = field(default_factory=dict)
    invited: set[str] = field(default_factory=set)
    banned: set[str] = field(default_factory=set)
    seq: int = 0
    audience: tuple[str, ...] | None = field(default=None, compare=False, repr=False)

    def everyone(self) -> tuple[str, ...]:
        """Return the members, the same tuple for all posts until somebody joins or leaves."""
        if self.audience is None:
            self.audience = tuple(self.members)
        return self.audience


@dataclass(slots=True)
class State:
    """Everything a decision depends on.

    ``users`` are all known users with the hash of their password or None; ``online`` those with a live
    connection, in the order of coming; ``features`` what the server offers (I-HELLO-1); ``max_groups`` how many groups
    one user may own, 0 for any number.
    """

    users: dict[str, str | None] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    online: dict[str, None] = field(default_factory=dict)
    features: tuple[str, ...] = ()
    max_groups: int = 0

"""What the server knows at a moment: users, who is online, groups. Plain data without I/O."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Group:
    """One group; ``members`` keeps the order of joining, ``seq`` is the last number given (A-SEQ-1)."""

    name: str
    private: bool
    owner: str | None = None
    members: dict[str, None] = field(default_factory=dict)
    invited: set[str] = field(default_factory=set)
    banned: set[str] = field(default_factory=set)
    seq: int = 0


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

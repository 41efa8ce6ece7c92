"""Level groups: the twelve group commands with public groups."""

from tchat_conform.case import case
from tchat_conform.world import World


@case("G-JOIN-1")
async def every_member_hears_of_a_join(w: World) -> None:
    """When bob joins, alice and bob get server-join, and carol outside does not."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group = await w.group_of(alice)
    await bob.asks("join", group=group)
    await alice.hears("server-join", sender=bob.name, group=group)
    await carol.hears_nothing_about(group, after=bob)


@case("G-JOIN-2")
async def joining_nothing_is_refused(w: World) -> None:
    """Joining a group that does not exist is refused, and does not create it."""
    alice, bob = await w.users("alice", "bob")
    missing, real = w.group(), await w.group_of(alice)
    await bob.is_refused("unknown-group", "join", group=missing)
    await bob.given("join", group=real)
    await bob.is_refused("unknown-group", "members", group=missing)

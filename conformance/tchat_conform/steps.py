"""Steps that cases of several levels share."""

from typing import Any

from tchat_conform.expect import Expected, mentions
from tchat_conform.listings import times_listed
from tchat_conform.user import User
from tchat_conform.verdict import Blocked, Finding, Message, Unsupported, must
from tchat_conform.world import World


async def sends(user: User, request: dict[str, Any], expected: Expected | None = None) -> Message:
    """Send a request in a form of its own, without an id or with an alias, and return its answer. May fail."""
    await user.connection.send(request)
    return await user.is_answered(request, expected)


async def forges(forger: User, victim: User, code: str, action: str, **fields: Any) -> Message:
    """Send a request in somebody else's name, which must be refused with ``code``. May fail."""
    request = victim.request(action, **fields)
    await forger.connection.send(request)
    return await forger.gets_error(code, request)


async def binds_without_hello(w: World, who: str) -> User:
    """Return somebody whose first request was no hello. Blocks the case unless that makes him known (I-BIND-1)."""
    user = await w.stranger(who)
    answer = await user.given("client-list-clients")
    if not mentions(answer, user.name):
        sentence = f"{who}'s first request was no hello, and he is not in the list that answers it"
        raise Blocked(Finding(sentence, {"clients": [user.name, "…"]}, answer, by="a first request other than hello"))
    return user


def tells_from_whom(message: Message, hearer: User, sender: User) -> None:
    """Fail the case unless a message names its sender, in whatever field."""
    sentence = f"{hearer!r} cannot tell from whom this is"
    must(mentions(message, sender.name), sentence, {"from": sender.name}, message)


async def goes(user: User) -> None:
    """Quit, and wait until the server has closed the connection and told a witness; a failure blocks the case."""
    witness = await user.world.user("witness")
    await user.given("client-quit")
    await user.world.builds_on(user.is_closed(), by="client-quit")
    gone = witness.hears("server-presence", **{"from": user.name}, online=False)
    await user.world.builds_on(gone, by="server-presence")


async def lists(user: User, name: str) -> bool:
    """Tell whether client-list-clients shows a user that somebody is online; a failure blocks the case."""
    return times_listed(await user.given("client-list-clients"), "clients", name) > 0


async def group_where_known(w: World, owner: User, *members: User) -> str | None:
    """Return a new group, or None where the server has no groups.

    What the base level says of every request counts for the group commands too, where they exist.
    """
    try:
        return await w.group_of(owner, *members)
    except Unsupported:
        w.log.remark("this server has no groups: what is said of every request holds without them")
        return None


def without(message: Message, *fields: str) -> dict[str, Any]:
    """Return a message without some of its fields."""
    return {name: value for name, value in message.items() if name not in fields}

"""What goes on in a private group leaves no trace in what an outsider is sent, whatever the outsider asks."""

import json
import re
from typing import Any

import pytest

from server.people import Person, Town, town

ABOUT_THE_GROUP: list[tuple[str, dict[str, Any]]] = [
    ("members", {}),
    ("msgs", {}),
    ("msgs", {"limit": 1, "before": 5}),
    ("states", {}),
    ("states", {"limit": 1, "before": 5}),
    ("gbroadcast", {"msg": "let me in"}),
    ("join", {}),
    ("leave", {}),
    ("invite", {"dest": "eve"}),
    ("invite", {"dest": "bob"}),
    ("ban", {"dest": "bob", "reason": ""}),
    ("kick", {"dest": "bob", "reason": ""}),
    ("unban", {"dest": "bob"}),
    ("cgroupe", {}),
]
REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("groups", {}),
    ("client-list-clients", {}),
    *((action, fields | {"group": "den"}) for action, fields in ABOUT_THE_GROUP),
]


async def private_life(ann: Person, bob: Person) -> None:
    """Talk, and do to bob and to others whatever the group's owner may do without changing who is a member."""
    for number in range(20):
        assert "seq" in await ann.ask("gbroadcast", group="den", msg=f"secret {number}")
        assert "seq" in await bob.ask("gbroadcast", group="den", msg=f"answer {number}")
    for action in ("members", "msgs", "states"):
        await bob.ask(action, group="den")


async def what_eve_is_sent(*, busy: bool) -> bytes:
    """Return every byte that an outsider gets, with times of day left out."""
    async with town() as square:
        ann, bob, eve = await den(square)
        stream = bytearray()
        for number, (action, fields) in enumerate(REQUESTS):
            if busy:
                await private_life(ann, bob)
            eve.send(action, id=number, **fields)
            line = b""
            while json.loads(line or b"{}").get("id") != number:
                line = await eve.reader.readline()
                stream += line
    return re.sub(rb'"ts":"[^"]*"', b'"ts":""', bytes(stream))


async def den(square: Town) -> list[Person]:
    people = await square.come_all("ann", "bob", "eve")
    ann, bob, eve = people
    await ann.ask("cgroupe", group="den", private=True)
    await ann.ask("invite", group="den", dest="bob")
    await bob.ask("join", group="den")
    assert await eve.news() == [], "nobody else hears of it"
    return people


async def test_private_group_leaves_no_trace_with_outsiders() -> None:
    quiet, busy = await what_eve_is_sent(busy=False), await what_eve_is_sent(busy=True)
    assert busy == quiet
    assert b"secret" not in busy
    assert not re.search(rb"bad-message|unknown-action", quiet), "what is asked is understood"
    assert quiet.count(b"server-error") == len(ABOUT_THE_GROUP), "the outsider is refused whatever is about the group"


@pytest.mark.parametrize("action", ["msgs", "states", "members"])
async def test_who_has_left_is_an_outsider(action: str) -> None:
    async with town() as square:
        ann, bob, _ = await den(square)
        await bob.ask("leave", group="den")
        await bob.news()
        await ann.ask("gbroadcast", group="den", msg="now that he is gone")
        assert await bob.refused(action, group="den") == "not-member"
        assert await bob.news() == []

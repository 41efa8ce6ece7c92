"""People on real sockets: who gets what, in which order, with which id."""

import pytest

from server.people import Gone, Message, Person, Town


def actions(messages: list[Message]) -> list[str]:
    return [message["action"] for message in messages]


async def test_everyone_else_hears_who_comes_and_goes(square: Town) -> None:
    ann, bob = await square.come_all("ann", "bob")
    cyd = await square.connect("cyd")
    await cyd.ask("client-hello")
    assert await bob.news() == [{"action": "server-presence", "from": "cyd", "online": True}]
    assert await cyd.ask("client-quit") == {"action": "server-quit", "from": "cyd"}
    with pytest.raises(Gone):
        await cyd.receive()
    assert await bob.news() == [{"action": "server-presence", "from": "cyd", "online": False}]
    assert len(await ann.news()) == 2


async def test_another_first_request_binds_and_is_handled(square: Town) -> None:
    ann, bob = await square.connect("ann"), await square.connect("bob")
    assert await ann.ask("client-list-clients") == {"action": "server-list-clients", "clients": ["ann"]}
    assert await bob.refused("join", group="wob") == "unknown-group"
    assert await bob.refused("client-hello", from_="eve") == "sender-mismatch"


@pytest.mark.parametrize(
    "bad", [b"hello?\n", b'{"action":"dance","sender":"ann"}\n', b'{"action":"join","sender":"ann"}\n']
)
async def test_malformed_first_request_binds_nothing(square: Town, bad: bytes) -> None:
    ann = await square.connect("bob")
    ann.write(bad)
    assert (await ann.receive())["action"] == "server-error"
    assert (await ann.ask("client-hello"))["from"] == "bob"


async def test_name_in_use_is_taken_until_its_connection_ends(square: Town) -> None:
    first, second = await square.come("ann"), await square.connect("ann")
    assert await second.refused("client-hello") == "name-taken"
    assert await second.refused("client-broadcast", msg="hi") == "name-taken"
    assert await first.news() == []
    await first.ask("client-quit")
    assert (await second.ask("client-hello"))["action"] == "server-hello"


async def test_hello_again_changes_nothing(square: Town) -> None:
    ann, bob = await square.come_all("ann", "bob")
    assert (await ann.ask("client-hello"))["action"] == "server-hello"
    assert await bob.news() == []


async def test_only_the_requesters_copy_has_the_id(square: Town) -> None:
    ann, bob = await square.come_all("ann", "bob")
    ann.send("client-send", to="bob", msg="hi", id="a-1")
    ann.send("client-send", to="bob", msg="hi")
    copies = [await ann.receive(), await ann.receive()]
    assert [copy.pop("id", None) for copy in copies] == ["a-1", None]
    assert await bob.news() == copies


async def test_who_writes_to_itself_gets_one_copy(square: Town) -> None:
    ann = await square.come("ann")
    assert (await ann.ask("client-send", to="ann", msg="note"))["msg"] == "note"
    assert await ann.news() == []


async def test_refusal_repeats_action_field_and_id(square: Town) -> None:
    ann = await square.come("ann")
    ann.send("join", id=7)
    error = await ann.receive()
    assert (error["request"], error["field"], error["id"]) == ("join", "/group", 7)
    ann.send("cgroup", group="wob")
    await ann.receive()
    ann.send("cgroup", group="wob")
    assert (await ann.receive())["request"] == "cgroup", "as it was received"


async def test_group_messages_reach_members_and_nobody_else(square: Town) -> None:
    ann, bob, cyd = await square.come_all("ann", "bob", "cyd")
    await ann.ask("cgroupe", group="wob")
    await bob.ask("join", group="wob")
    posted = await ann.ask("gbroadcast", group="wob", msg="hello")
    assert await bob.news() == [posted]
    assert actions(await ann.news()) == ["server-join"]
    assert await cyd.news() == []


async def test_everyone_sees_one_order_without_holes(square: Town) -> None:
    people = await square.come_all(*(f"u{i}" for i in range(8)))
    await people[0].ask("cgroupe", group="wob")
    for person in people[1:]:
        await person.ask("join", group="wob")
    for person in people:
        await person.news()
    for number in range(30):
        for person in people:
            person.send("gbroadcast", group="wob", msg=f"{person.name} {number}")
    heard = [await posts(person, 8 * 30) for person in people]
    assert all(each == heard[0] for each in heard)
    assert [message["seq"] for message in heard[0]] == list(range(9, 9 + 8 * 30))
    for person in people:
        own = [message["msg"] for message in heard[0] if message["sender"] == person.name]
        assert own == [f"{person.name} {number}" for number in range(30)]


async def posts(person: Person, number: int) -> list[Message]:
    return [await person.receive() for _ in range(number)]


async def test_answers_come_in_the_order_of_the_requests(square: Town) -> None:
    ann = await square.come("ann")
    ann.send("cgroupe", group="wob", id=1)
    ann.send("gbroadcast", group="wob", msg="hello", id=2)
    ann.send("msgs", group="wob", id=3)
    ann.write(b"rubbish\n")
    ann.send("gbroadcast", group="wob", msg="again", id=5)
    ann.send("groups", id=6)
    answers = [await ann.receive() for _ in range(6)]
    assert [answer.get("id") for answer in answers] == [1, 2, 3, None, 5, 6]
    assert [item["msg"] for item in answers[2]["messages"]] == ["hello"], "what was posted before, not after"


async def test_requests_may_be_cut_joined_and_without_line_feed(square: Town) -> None:
    ann = await square.connect("ann")
    hello = b'{"action":"client-hello","from":"ann"}'
    for byte in hello * 2:
        ann.write(bytes([byte]))
        await ann.writer.drain()
    assert actions([await ann.receive(), await ann.receive()]) == ["server-hello"] * 2


async def test_aliases_are_taken_and_names_normalised(square: Town) -> None:
    zoe = await square.connect("Zoe\u0301")
    zoe.write('{"action":"cgroup","name":"Zoe\u0301","group":"cafe\u0301"}\n'.encode())
    answer = await zoe.receive()
    assert (answer["action"], answer["sender"], answer["group"]) == ("server-cgroupe", "Zoé", "café")


async def test_names_that_javascript_stumbles_over_work(square: Town) -> None:
    for name in ("__proto__", "constructor", "null", "🙂"):
        person = await square.come(name)
        assert (await person.ask("cgroupe", group=name))["group"] == name
        assert (await person.ask("members", group=name))["members"] == [name]


async def test_texts_arrive_unchanged_also_from_the_history(square: Town) -> None:
    ann, bob = await square.come_all("ann", "bob")
    await ann.ask("cgroupe", group="wob")
    await bob.ask("join", group="wob")
    await bob.news()
    text = "\x00\x1b[31m\u202e '; DROP TABLE users; -- %s {} \ud7ff\U0010ffff é e\u0301"
    await ann.ask("gbroadcast", group="wob", msg=text)
    assert [message["msg"] for message in await bob.news()] == [text]
    assert [item["msg"] for item in (await bob.ask("msgs", group="wob"))["messages"]] == [text]


async def test_who_was_away_is_told_what_waited_for_it_once(square: Town) -> None:
    ann, bob = await square.come_all("ann", "bob")
    await ann.ask("cgroupe", group="den", private=True)
    await bob.ask("client-quit")
    for number in range(3):
        await ann.ask("client-send", to="bob", msg=f"{number}")
    await ann.ask("invite", group="den", dest="bob")
    back = await square.connect("bob")
    assert (await back.ask("client-list-clients"))["action"] == "server-list-clients", "the answer comes first"
    waited = await back.news()
    assert actions(waited) == ["server-send"] * 3 + ["server-invite"]
    assert [message["msg"] for message in waited[:3]] == ["0", "1", "2"]
    await back.ask("client-quit")
    again = await square.connect("bob")
    await again.ask("client-hello")
    assert await again.news() == []


async def test_invitation_that_has_ended_is_not_told(square: Town) -> None:
    ann, bob = await square.come_all("ann", "bob")
    await ann.ask("cgroupe", group="den", private=True)
    await bob.ask("client-quit")
    await ann.ask("invite", group="den", dest="bob")
    await ann.ask("ban", group="den", dest="bob", reason="")
    back = await square.connect("bob")
    await back.ask("client-hello")
    assert await back.news() == []


async def test_thousands_of_waiting_messages_come_in_order(square: Town) -> None:
    ann, bob = await square.come_all("ann", "bob")
    await bob.ask("client-quit")
    for number in range(1000):
        ann.send("client-send", to="bob", msg=f"{number} " + "x" * 3000)
    await ann.news()
    back = await square.connect("bob")
    await back.ask("client-hello")
    waited = [await back.receive() for _ in range(1000)]
    assert [int(message["msg"].split()[0]) for message in waited] == list(range(1000))
    assert await back.news() == []


async def test_disconnection_is_no_leave(square: Town) -> None:
    ann, bob = await square.come_all("ann", "bob")
    await ann.ask("cgroupe", group="wob")
    await bob.ask("join", group="wob")
    bob.reset()
    while (await ann.receive())["action"] != "server-presence":
        pass
    answer = await ann.ask("members", group="wob")
    assert (answer["members"], answer["online"]) == (["ann", "bob"], ["ann"])
    assert [event["event"] for event in (await ann.ask("states", group="wob"))["events"]] == ["cgroupe", "join"]

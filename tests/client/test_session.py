"""The session against servers that behave as servers in the field do."""

import asyncio
import json
from typing import Any

import pytest

from client.scripted import Message, Peer, session_with
from tchat_client.session import Ended, Incoming, Notice, Refused, Session, Unanswered, Unreachable
from tchat_protocol.framing import BadInput
from tchat_protocol.messages import InvalidMessage

TS = "2026-11-23T09:30:00.000Z"
SHORT = 0.05


def joined(sender: str, group: str = "wob", **more: Any) -> Message:
    return {"action": "server-join", "sender": sender, "group": group, "ts": TS, "seq": 2, **more}


def said(msg: str) -> Message:
    return {"action": "server-broadcast", "from": "bob", "msg": msg, "ts": TS}


async def everything(session: Session) -> list[Incoming]:
    return [incoming async for incoming in session]


async def contents(session: Session) -> list[Message | BadInput | Notice]:
    return [incoming.content for incoming in await everything(session)]


async def test_request_goes_out_on_one_line_and_its_answer_comes_back() -> None:
    async def script(peer: Peer) -> None:
        request = await peer.heard()
        assert request == {"action": "join", "sender": "alice", "group": "wob", "id": request["id"]}
        await peer.say(joined("alice", id=request["id"]))

    async with session_with(script) as session:
        assert (await session.request("join", group="wob"))["seq"] == 2


async def test_answer_cut_at_every_byte_is_read() -> None:
    async def script(peer: Peer) -> None:
        answer = json.dumps(joined("alice", id=(await peer.heard())["id"], x="é🙂"), ensure_ascii=False).encode()
        await peer.say(*(answer[at : at + 1] for at in range(len(answer))))

    async with session_with(script) as session:
        assert (await session.request("join", group="wob"))["x"] == "é🙂"


@pytest.mark.parametrize("separator", [b"", b"\n", b"\r\n", b" \n\n"])
async def test_messages_in_one_piece_are_read_one_by_one(separator: bytes) -> None:
    async def script(peer: Peer) -> None:
        answer = joined("alice", id=(await peer.heard())["id"])
        await peer.say(separator.join(json.dumps(each, indent=1).encode() for each in (said("1"), answer, said("2"))))

    async with session_with(script) as session:
        answer = await session.request("join", group="wob")
        assert await contents(session) == [said("1"), answer, said("2")]


async def test_answers_are_told_apart_by_id_in_any_order() -> None:
    async def script(peer: Peer) -> None:
        first, second = await peer.heard(), await peer.heard()
        await peer.say(joined("alice", id=second["id"], seq=20), joined("alice", id=first["id"], seq=10))

    async with session_with(script) as session:
        both = session.request("join", group="wob"), session.request("join", group="wob")
        assert [answer["seq"] for answer in await asyncio.gather(*both)] == [10, 20]


async def test_without_ids_the_message_of_another_is_not_the_answer() -> None:
    async def script(peer: Peer) -> None:
        await peer.heard()
        await peer.say(joined("bob"), joined("alice", "other"), said("hello"), joined("alice", seq=7))

    async with session_with(script) as session:
        assert await session.request("join", group="wob") == joined("alice", seq=7)


async def test_without_ids_answers_come_in_the_order_of_requests() -> None:
    async def script(peer: Peer) -> None:
        for _ in range(3):
            await peer.heard()
        await peer.say(joined("alice", seq=1), {"action": "error", "msg": "no"}, joined("alice", seq=3))

    async with session_with(script) as session:
        requests = [session.request("join", group="wob") for _ in range(3)]
        first, second, third = await asyncio.gather(*requests, return_exceptions=True)
        assert isinstance(first, dict)
        assert first["seq"] == 1
        assert isinstance(second, Refused)
        assert (second.code, second.sentence) == (None, "no")
        assert isinstance(third, dict)
        assert third["seq"] == 3


async def test_without_ids_an_error_belongs_to_the_request_it_names() -> None:
    async def script(peer: Peer) -> None:
        await peer.heard()
        await peer.heard()
        await peer.say({"action": "server-error", "code": "not-member", "msg": "no", "request": "leave"})
        await peer.say(joined("alice"))

    async with session_with(script) as session:
        join, leave = session.request("join", group="wob"), session.request("leave", group="wob")
        with pytest.raises(Refused) as refused:
            await leave
        assert refused.value.code == "not-member"
        assert await join == joined("alice")


async def test_ids_of_the_servers_own_are_not_taken_for_ours() -> None:
    async def script(peer: Peer) -> None:
        await peer.heard()
        await peer.say({**said("hi"), "id": 1}, {**said("hi"), "id": [1]}, {"action": "server-hello", "id": 1})

    async with session_with(script) as session:
        assert (await session.hello())["action"] == "server-hello"


async def test_name_is_recognised_in_normal_form() -> None:
    async def script(peer: Peer) -> None:
        await peer.heard()
        await peer.say(joined("alice", "caf\u00e9"))

    async with session_with(script) as session:
        assert (await session.request("join", group="cafe\u0301"))["group"] == "caf\u00e9"


async def test_hello_may_be_answered_in_the_servers_own_name() -> None:
    async def script(peer: Peer) -> None:
        assert "pass" not in await peer.heard()
        await peer.say({"action": "server-hello", "from": "server", "msg": "Hello"})

    async with session_with(script) as session:
        assert (await session.hello())["msg"] == "Hello"


async def test_refusal_has_code_and_field() -> None:
    async def script(peer: Peer) -> None:
        request = await peer.heard()
        answer = {"action": "server-error", "code": "bad-message", "msg": "Too long.", "field": "/group"}
        await peer.say({**answer, "request": "join", "id": request["id"]})

    async with session_with(script) as session:
        with pytest.raises(Refused) as refused:
            await session.request("join", group="wob")
        assert (refused.value.code, refused.value.field, refused.value.sentence) == (
            "bad-message",
            "/group",
            "Too long.",
        )


SHAPES: list[Any] = [
    {},
    {"action": None},
    {"action": "server-dance", "sender": 1},
    {"action": ["server-join"]},
    {"action": "server-join", "sender": {}, "group": 5, "id": {"a": 1}},
    {"action": "server-error", "code": 1, "request": []},
    {"action": "server-members", "members": "alice"},
]


async def test_messages_of_any_shape_are_handed_on_and_marked() -> None:
    async def script(peer: Peer) -> None:
        await peer.say(*SHAPES, joined("bob"))

    async with session_with(script) as session:
        incoming = await everything(session)
        assert [each.content for each in incoming] == [*SHAPES, joined("bob")]
        assert [each.valid for each in incoming] == [False] * len(SHAPES) + [True]


async def test_text_that_is_no_message_is_handed_on_and_the_session_goes_on() -> None:
    async def script(peer: Peer) -> None:
        request = await peer.heard()
        await peer.say(b"Welcome!\n", b"[1]\n", b"\xff\xfe\n", b'{"action":NaN}\n', joined("alice", id=request["id"]))

    async with session_with(script) as session:
        await session.request("join", group="wob")
        *bad, _ = await everything(session)
        assert {type(each.content) for each in bad} == {BadInput}
        assert not any(each.valid for each in bad)


async def test_answer_of_many_mebibytes_is_read() -> None:
    """W-SIZE-3 asks for 1,048,576 bytes."""
    messages = [{"sender": "bob", "msg": "x" * 8000, "ts": TS, "seq": number} for number in range(1, 600)]

    async def script(peer: Peer) -> None:
        request = await peer.heard()
        await peer.say({"action": "server-msgs", "group": "wob", "messages": messages, "more": False, **id_of(request)})

    async with session_with(script) as session:
        assert (await session.request("msgs", group="wob"))["messages"] == messages


def id_of(request: Message) -> Message:
    return {"id": request["id"]}


async def test_endless_message_ends_the_session() -> None:
    async def script(peer: Peer) -> None:
        await peer.heard()
        try:
            await peer.say(b'{"x":"', *[b"x" * 2**20] * 32)
        except ConnectionError:
            return

    async with session_with(script) as session:
        with pytest.raises(Ended, match="more than 16,777,216 bytes"):
            await session.request("join", group="wob")


async def test_silence_is_no_answer_and_a_late_answer_answers_nothing_else() -> None:
    async def script(peer: Peer) -> None:
        first = await peer.heard()
        await peer.heard()
        await peer.say(joined("alice", **id_of(first)))
        await peer.silence()

    async with session_with(script, SHORT) as session:
        for _ in range(2):
            with pytest.raises(Unanswered, match="join got no answer within"):
                await session.request("join", group="wob")


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        (b"", "The server has closed the connection."),
        (b'{"action":', "The server has closed the connection in the middle of a message."),
    ],
)
async def test_end_of_the_connection_ends_requests_and_messages(last: bytes, sentence: str) -> None:
    async def script(peer: Peer) -> None:
        await peer.heard()
        await peer.say(last)

    async with session_with(script) as session:
        with pytest.raises(Ended) as ended:
            await session.request("join", group="wob")
        assert str(ended.value) == sentence == session.ended
        assert await everything(session) == []
        assert await everything(session) == [], "also for who asks once more"
        with pytest.raises(Ended):
            await session.request("join", group="wob")


async def test_lost_connection_ends_the_session() -> None:
    async def script(peer: Peer) -> None:
        await peer.heard()
        peer.reset()

    async with session_with(script) as session:
        with pytest.raises(Ended):
            await session.request("join", group="wob")


async def test_request_out_of_form_is_not_sent() -> None:
    sent: list[bytes] = []

    async def script(peer: Peer) -> None:
        sent.append(await peer.silence())

    async with session_with(script) as session:
        with pytest.raises(InvalidMessage, match="group must have at most 32 characters, not 33"):
            await session.request("join", group="x" * 33)
        with pytest.raises(ValueError, match="surrogates"):
            await session.request("join", group="\udcff")
    assert sent == [b""]


async def test_leaving_says_quit_and_waits_for_the_server() -> None:
    async def script(peer: Peer) -> None:
        assert (await peer.heard())["action"] == "client-quit"
        await peer.say(said("last words"), {"action": "server-quit"})

    async with session_with(script) as session:
        async with session:
            pass
        assert session.ended == "The server has closed the connection."
        assert await contents(session) == [said("last words"), {"action": "server-quit"}]


async def test_leaving_a_server_that_never_says_goodbye_ends_too() -> None:
    async def script(peer: Peer) -> None:
        assert (await peer.heard())["action"] == "client-quit"
        assert await peer.silence() == b""

    async with session_with(script, SHORT) as session:
        await session.quit()


async def test_no_server_is_unreachable(unused_tcp_port: int) -> None:
    with pytest.raises(Unreachable, match=f"No server answers at 127.0.0.1:{unused_tcp_port} .connection refused"):
        await Session.connect("127.0.0.1", unused_tcp_port, "alice")


async def test_host_that_cannot_be_is_unreachable() -> None:
    with pytest.raises(Unreachable):
        await Session.connect("a" * 70 + ".invalid", 8080, "alice")

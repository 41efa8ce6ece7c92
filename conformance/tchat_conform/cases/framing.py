"""Level robustness: how messages are cut, joined and spaced, how long they may be, and clients that vanish."""

import json
from typing import Any

from tchat_conform.case import case
from tchat_conform.user import User
from tchat_conform.verdict import Failed, Finding
from tchat_conform.world import World
from tchat_protocol.framing import MAX_REQUEST_BYTES, encode


def _line(request: dict[str, Any]) -> bytes:
    return encode(request).rstrip(b"\n")


async def _both_arrive(w: World, separator: bytes) -> None:
    """Have alice write two messages to bob in one segment, with this between them."""
    alice, bob = await w.users("alice", "bob")
    requests = [alice.request("client-send", to=bob.name, msg=w.text()) for _ in range(2)]
    await alice.connection.send_bytes(separator.join(map(_line, requests)) + separator)
    for request in requests:
        await alice.is_answered(request)
        await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=request["msg"])


async def _arrives_in(pieces: list[bytes], alice: User, bob: User, request: dict[str, Any]) -> None:
    await alice.connection.send_pieces(pieces)
    await alice.is_answered(request)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=request["msg"])


@case("W-SEP-1")
async def messages_with_line_feeds(w: World) -> None:
    """Alice sends two messages with a line feed after each; both are handled."""
    await _both_arrive(w, b"\n")


@case("W-SEP-1")
async def messages_with_nothing_between_them(w: World) -> None:
    """Alice sends two messages with nothing between them, as most clients do; both are handled."""
    await _both_arrive(w, b"")


@case("W-SEP-1")
async def messages_with_crlf(w: World) -> None:
    """Alice sends two messages with CRLF after each; both are handled."""
    await _both_arrive(w, b"\r\n")


@case("W-SEP-1")
async def messages_with_blank_lines(w: World) -> None:
    """Alice sends two messages with blank lines and spaces between them; both are handled, and no error comes."""
    alice, bob = await w.users("alice", "bob")
    texts = [w.text(), w.text()]
    requests = [alice.request("client-send", to=bob.name, msg=text) for text in texts]
    await alice.connection.send_bytes(b"\n\n \t" + b"\n \r\n\n".join(map(_line, requests)) + b"\n\n")
    for request in requests:
        await alice.is_answered(request)
    await w.barrier(alice, alice)
    errors = alice.heard("server-error")
    if errors:
        raise Failed(Finding("blank lines between messages are no messages", "nothing", errors[0]))


@case("W-SEP-1")
async def a_single_message_without_line_feed(w: World) -> None:
    """Alice sends one message with nothing after it; it is handled without waiting for more."""
    alice, bob = await w.users("alice", "bob")
    request = alice.request("client-send", to=bob.name, msg=w.text())
    await _arrives_in([_line(request)], alice, bob, request)


@case("W-JOIN-1")
async def many_messages_in_one_segment(w: World) -> None:
    """Alice sends twenty messages to bob in one segment; all are answered, and bob gets all in order."""
    alice, bob = await w.users("alice", "bob")
    requests = [alice.request("client-send", to=bob.name, msg=w.text(f"n{number}")) for number in range(20)]
    await alice.connection.send_bytes(b"".join(map(encode, requests)))
    for request in requests:
        await alice.is_answered(request)
        await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=request["msg"])
    said = [request["msg"] for request in requests]
    heard = [each["msg"] for each in bob.heard("server-send", **{"from": alice.name})]
    if heard != said:
        raise Failed(Finding("bob must get the messages in the order in which they were sent", str(said), str(heard)))


@case("W-JOIN-1")
async def hello_and_more_in_one_segment(w: World) -> None:
    """Alice sends hello, cgroupe and gbroadcast in one segment; each is answered."""
    alice, group = await w.stranger("alice"), w.group()
    requests = [
        alice.request("client-hello"),
        alice.request("cgroupe", group=group),
        alice.request("gbroadcast", group=group, msg=w.text()),
    ]
    await alice.connection.send_bytes(b"".join(map(encode, requests)))
    for request in requests:
        await alice.is_answered(request)


@case("W-SPLIT-1")
async def a_message_byte_by_byte(w: World) -> None:
    """Alice sends one message byte by byte; it is handled once it is complete."""
    alice, bob = await w.users("alice", "bob")
    request = alice.request("client-send", to=bob.name, msg=w.text("é🙂"))
    await _arrives_in([bytes([byte]) for byte in encode(request)], alice, bob, request)


@case("W-SPLIT-1")
async def a_message_cut_inside_a_character(w: World) -> None:
    """Alice's message is cut inside a character of four bytes; the text arrives whole."""
    alice, bob = await w.users("alice", "bob")
    request = alice.request("client-send", to=bob.name, msg=w.text("🙂"))
    line = encode(request)
    middle = line.index("🙂".encode()) + 2
    await alice.connection.send_bytes(line[:middle])
    await w.barrier(bob, bob)
    await _arrives_in([line[middle:]], alice, bob, request)


@case("W-SPLIT-1")
async def a_message_and_a_half(w: World) -> None:
    """Alice sends a message and half of the next in one segment, then the rest; both are handled."""
    alice, bob = await w.users("alice", "bob")
    first, second = (alice.request("client-send", to=bob.name, msg=w.text()) for _ in range(2))
    line = encode(second)
    await alice.connection.send_bytes(encode(first) + line[:20])
    await alice.is_answered(first)
    await _arrives_in([line[20:]], alice, bob, second)


@case("W-SPLIT-1")
async def a_pause_inside_a_message_holds_nobody_up(w: World) -> None:
    """Alice stops in the middle of a message; bob and carol go on, and alice's message arrives when she ends it."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    request = alice.request("client-send", to=bob.name, msg=w.text())
    line = encode(request)
    await alice.connection.send_bytes(line[:30])
    text = w.text()
    await carol.asks("client-send", to=bob.name, msg=text)
    await bob.hears("server-send", **{"from": carol.name}, to=bob.name, msg=text)
    await _arrives_in([line[30:]], alice, bob, request)


@case("W-PRETTY-1")
async def a_message_over_many_lines(w: World) -> None:
    """Alice sends a message pretty-printed over many lines; it is handled as one."""
    alice, bob = await w.users("alice", "bob")
    request = alice.request("client-send", to=bob.name, msg=w.text())
    await _arrives_in([json.dumps(request, indent=4).encode() + b"\n"], alice, bob, request)


@case("W-PRETTY-1")
async def a_message_with_odd_white_space(w: World) -> None:
    """Alice sends a message with tabs, spaces and CRLF wherever JSON allows them; it is handled as one."""
    alice, bob = await w.users("alice", "bob")
    request = alice.request("client-send", to=bob.name, msg=w.text())
    text = json.dumps(request, separators=(" ,\r\n\t", " \t: ")).encode()
    await _arrives_in([b"{ \r\n " + text[1:-1] + b"\n}\n"], alice, bob, request)


def _of_length(alice: User, size: int) -> tuple[dict[str, Any], bytes]:
    """Return a listing request whose text is exactly ``size`` bytes long, by an unknown field."""
    request = alice.request("client-list-clients", padding="")
    request["padding"] = "x" * (size - len(_line(request)))
    return request, _line(request)


@case("W-SIZE-1")
async def the_longest_request_is_accepted(w: World) -> None:
    """Alice sends a request of exactly 65,536 bytes; it is answered."""
    alice = await w.user("alice")
    request, line = _of_length(alice, MAX_REQUEST_BYTES)
    await alice.connection.send_bytes(line + b"\n")
    await alice.is_answered(request)
    await alice.still_works()


@case("W-SIZE-1")
async def the_longest_request_is_accepted_in_pieces(w: World) -> None:
    """Alice sends a request of 65,536 bytes in pieces of 1,000, without a line feed; it is answered."""
    alice = await w.user("alice")
    request, line = _of_length(alice, MAX_REQUEST_BYTES)
    await alice.connection.send_pieces([line[at : at + 1000] for at in range(0, len(line), 1000)])
    await alice.is_answered(request)


@case("W-SIZE-2")
async def a_longer_request_is_refused(w: World) -> None:
    """Alice sends 65,537 bytes: too-large, and the connection is closed; bob goes on."""
    alice, bob = await w.users("alice", "bob")
    accepted, line = _of_length(alice, MAX_REQUEST_BYTES)
    await alice.connection.send_bytes(line)
    await alice.is_answered(accepted)
    _, line = _of_length(alice, MAX_REQUEST_BYTES + 1)
    await alice.connection.send_bytes(line + b"\n")
    await alice.gets_error("too-large", None)
    await alice.is_closed()
    await bob.still_works()


@case("W-SIZE-2")
async def an_endless_request_is_refused(w: World) -> None:
    """Eve sends more than 65,536 bytes of a message that never ends: too-large, and the connection is closed."""
    eve, bob = await w.user("eve"), await w.user("bob")
    await eve.connection.send_bytes(b'{"action":"client-send","msg":"' + b"x" * MAX_REQUEST_BYTES)
    await eve.gets_error("too-large", None)
    await eve.is_closed()
    await bob.still_works()


@case("W-SIZE-2")
async def a_long_request_has_no_effect(w: World) -> None:
    """Alice's request to bob is too large: bob does not get it, and gets her next one after she comes back."""
    alice, bob = await w.users("alice", "bob")
    token = w.text("padded")
    request = alice.request("client-send", to=bob.name, msg=token, padding="x" * MAX_REQUEST_BYTES)
    await alice.connection.send_bytes(encode(request))
    await alice.gets_error("too-large", None)
    await alice.is_closed()
    await bob.hears_nothing_about(token, after=bob)


@case("W-VANISH-1")
async def who_vanishes_mid_message_is_gone(w: World) -> None:
    """Alice's connection is reset in the middle of a message to bob: he hears that she is gone, and no message."""
    alice, bob = await w.users("alice", "bob")
    token = w.text("unfinished")
    line = encode(alice.request("client-send", to=bob.name, msg=token))
    await alice.connection.send_bytes(line[:-3])
    await alice.connection.abort()
    await bob.hears("server-presence", **{"from": alice.name}, online=False)
    await bob.hears_nothing_about(token, after=bob)


@case("W-VANISH-1")
async def who_closes_mid_message_is_gone(w: World) -> None:
    """Alice closes her connection in the middle of a message to bob: he hears that she is gone, and no message."""
    alice, bob = await w.users("alice", "bob")
    token = w.text("unfinished")
    line = encode(alice.request("client-send", to=bob.name, msg=token))
    await alice.connection.send_bytes(line[:-3])
    await alice.leaves()
    await bob.hears("server-presence", **{"from": alice.name}, online=False)
    await bob.hears_nothing_about(token, after=bob)


@case("W-VANISH-1")
async def an_unfinished_change_is_not_made(w: World) -> None:
    """Alice vanishes in the middle of a cgroupe, all but its last brace sent: the group does not exist."""
    alice, bob = await w.users("alice", "bob")
    group, real = w.group(), w.group()
    await alice.given("cgroupe", group=real)
    request = alice.request("cgroupe", group=group)
    await alice.connection.send_bytes(_line(request)[:-1])
    await alice.connection.abort()
    await w.builds_on(bob.hears("server-presence", **{"from": alice.name}, online=False), by="server-presence")
    await bob.is_refused("unknown-group", "members", group=group)
    await bob.asks("members", group=real)


@case("W-DUP-1")
async def the_last_of_two_keys_counts(w: World) -> None:
    """Alice writes to bob with msg twice in one message: bob gets the last."""
    alice, bob = await w.users("alice", "bob")
    request = alice.request("client-send", to=bob.name, msg=w.text("last"))
    first = json.dumps(w.text("first")).encode()
    await alice.connection.send_bytes(b'{"msg":' + first + b"," + encode(request)[1:])
    await alice.is_answered(request)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=request["msg"])

"""Level robustness: how messages are cut, joined and spaced, how long they may be, and clients that vanish."""

import json
from typing import Any

from tchat_conform.case import case
from tchat_conform.expect import looks_refused, words
from tchat_conform.user import User
from tchat_conform.verdict import must
from tchat_conform.world import World
from tchat_protocol.framing import MAX_REQUEST_BYTES


def _line(sender: User, request: dict[str, Any]) -> bytes:
    return sender.bytes_of(request).rstrip(b"\r\n")


def _sends(alice: User, bob: User, stem: str = "hello") -> dict[str, Any]:
    """Return a request of alice that writes a new text to bob."""
    return alice.request("client-send", to=bob.name, msg=alice.world.text(stem))


async def _arrives(alice: User, bob: User, request: dict[str, Any]) -> None:
    """Prove that what alice wrote to bob was handled: she has the answer, and he the text."""
    await alice.is_answered(request)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=request["msg"])


async def _arrives_in(pieces: list[bytes], alice: User, bob: User, request: dict[str, Any]) -> None:
    await alice.connection.send_pieces(pieces)
    await _arrives(alice, bob, request)


async def _arrives_cut_at(place: int, alice: User, bob: User, request: dict[str, Any], line: bytes) -> None:
    """Have alice send the rest of a line only when the server has had time to read its beginning."""
    await alice.connection.send_bytes(line[:place])
    await alice.world.barrier(bob, bob)
    await _arrives_in([line[place:]], alice, bob, request)


async def _both_arrive(w: World, separator: bytes, *, before: bytes = b"") -> None:
    """Have alice write two messages to bob in one segment, with this between them, which is no message itself."""
    alice, bob = await w.users("alice", "bob")
    requests = [_sends(alice, bob) for _ in range(2)]
    await alice.connection.send_bytes(before + separator.join(_line(alice, each) for each in requests) + separator)
    for request in requests:
        await _arrives(alice, bob, request)
    await w.barrier(alice, alice)
    errors = [each.message for each in alice.connection.inbox if looks_refused(each.message)]
    must(not errors, "what stands between two messages is no message", "nothing", errors[0] if errors else None)


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
async def messages_with_spaces(w: World) -> None:
    """Alice sends two messages with spaces and tabs between them; both are handled."""
    await _both_arrive(w, b" \t ")


@case("W-SEP-1")
async def messages_with_blank_lines(w: World) -> None:
    """Alice sends two messages with blank lines before, between and after them; both are handled, without an error."""
    await _both_arrive(w, b"\n \r\n\n", before=b"\n\n")


@case("W-SEP-1")
async def a_single_message_without_line_feed(w: World) -> None:
    """Alice sends one message with nothing after it; it is handled without waiting for more."""
    alice, bob = await w.users("alice", "bob")
    request = _sends(alice, bob)
    await _arrives_in([_line(alice, request)], alice, bob, request)


@case("W-JOIN-1")
async def many_messages_in_one_segment(w: World) -> None:
    """Alice sends twenty messages to bob in one segment; all are answered, and bob gets all in order."""
    alice, bob = await w.users("alice", "bob")
    requests = [_sends(alice, bob, f"n{number}") for number in range(20)]
    await alice.connection.send_bytes(b"".join(map(alice.bytes_of, requests)))
    for request in requests:
        await _arrives(alice, bob, request)
    said = [request["msg"] for request in requests]
    heard = [word for each in bob.connection.inbox for word in words(each.message) if word in said]
    must(heard == said, "bob must get the messages in the order in which they were sent", str(said), str(heard))


@case("W-JOIN-1")
async def hello_and_more_in_one_segment(w: World) -> None:
    """Alice sends hello, a message to bob and a broadcast in one segment; each is answered, and bob gets both texts."""
    alice, bob = await w.stranger("alice"), await w.user("bob")
    requests = [
        alice.request("client-hello"),
        alice.request("client-send", to=bob.name, msg=w.text()),
        alice.request("client-broadcast", msg=w.text()),
    ]
    await alice.connection.send_bytes(b"".join(map(alice.bytes_of, requests)))
    answers = [await alice.is_answered(request) for request in requests]
    for answer in answers[1:]:
        await bob.hears_copy_of(answer)


@case("W-SPLIT-1")
async def a_message_byte_by_byte(w: World) -> None:
    """Alice sends one message byte by byte; it is handled once it is complete."""
    alice, bob = await w.users("alice", "bob")
    request = _sends(alice, bob, "é🙂")
    await _arrives_in([bytes([byte]) for byte in alice.bytes_of(request)], alice, bob, request)


@case("W-SPLIT-1")
async def a_message_cut_inside_a_character(w: World) -> None:
    """Alice's message is cut inside a character of four bytes; the text arrives whole."""
    alice, bob = await w.users("alice", "bob")
    request = _sends(alice, bob, "🙂")
    line = alice.bytes_of(request)
    await _arrives_cut_at(line.index("🙂".encode()) + 2, alice, bob, request, line)


@case("W-SPLIT-1")
async def a_message_cut_inside_an_escape(w: World) -> None:
    r"""Alice's message is cut between the backslash and the quotation mark of an escape; the text arrives whole."""
    alice, bob = await w.users("alice", "bob")
    request = _sends(alice, bob, 'they said "}{" and')
    line = alice.bytes_of(request)
    await _arrives_cut_at(line.index(b"\\") + 1, alice, bob, request, line)


@case("W-SPLIT-1")
async def a_message_cut_after_a_brace(w: World) -> None:
    """Alice's message holds an object in a field nobody knows and is cut behind it; it is handled once complete."""
    alice, bob = await w.users("alice", "bob")
    request = {"extra": {"a": {}}, **_sends(alice, bob)}
    line = alice.bytes_of(request)
    await _arrives_cut_at(line.index(b"}}") + 2, alice, bob, request, line)


@case("W-SPLIT-1")
async def a_message_and_a_half(w: World) -> None:
    """Alice sends a message and half of the next in one segment, then the rest; both are handled."""
    alice, bob = await w.users("alice", "bob")
    first, second = _sends(alice, bob), _sends(alice, bob)
    line = alice.bytes_of(second)
    await alice.connection.send_bytes(alice.bytes_of(first) + line[:20])
    await _arrives(alice, bob, first)
    await _arrives_in([line[20:]], alice, bob, second)


@case("W-SPLIT-1")
async def a_pause_inside_a_message_holds_nobody_up(w: World) -> None:
    """Alice stops in the middle of a message; carol writes to bob, and alice's message arrives when she ends it."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    request, other = _sends(alice, bob), _sends(carol, bob)
    line = alice.bytes_of(request)
    await alice.connection.send_bytes(line[:30])
    await _arrives_in([alice.bytes_of(other)], carol, bob, other)
    await _arrives_in([line[30:]], alice, bob, request)


@case("W-PRETTY-1")
async def a_message_over_many_lines(w: World) -> None:
    """Alice sends a message pretty-printed over many lines; it is handled as one."""
    alice, bob = await w.users("alice", "bob")
    request = _sends(alice, bob)
    await _arrives_in([json.dumps(alice.form_of(request), indent=4).encode() + b"\n"], alice, bob, request)


@case("W-PRETTY-1")
async def two_messages_over_many_lines(w: World) -> None:
    """Alice sends two pretty-printed messages, one after the other; both are handled."""
    alice, bob = await w.users("alice", "bob")
    requests = [_sends(alice, bob) for _ in range(2)]
    await alice.connection.send_pieces(
        [json.dumps(alice.form_of(each), indent=2).encode() + b"\n" for each in requests]
    )
    for request in requests:
        await _arrives(alice, bob, request)


@case("W-PRETTY-1")
async def a_message_with_odd_white_space(w: World) -> None:
    """Alice sends a message with tabs, spaces and CRLF wherever JSON allows them; it is handled as one."""
    alice, bob = await w.users("alice", "bob")
    request = _sends(alice, bob)
    text = json.dumps(alice.form_of(request), separators=(" ,\r\n\t", " \t: ")).encode()
    await _arrives_in([b"{ \r\n " + text[1:-1] + b"\n}\n"], alice, bob, request)


def _of_length(alice: User, bob: User, size: int, filler: str = "x") -> tuple[dict[str, Any], bytes]:
    """Return a request of alice to bob whose text is exactly ``size`` bytes long, by a field nobody knows."""
    request = {**_sends(alice, bob), "padding": ""}
    count, rest = divmod(size - len(_line(alice, request)), len(filler.encode()))
    request["padding"] = filler * count + "x" * rest
    return request, _line(alice, request)


@case("W-SIZE-1")
async def the_longest_request_is_accepted(w: World) -> None:
    """Alice writes to bob in a request of exactly 65,536 bytes, and he gets it."""
    alice, bob = await w.users("alice", "bob")
    request, line = _of_length(alice, bob, MAX_REQUEST_BYTES)
    await _arrives_in([line + b"\n"], alice, bob, request)
    await alice.still_works()


@case("W-SIZE-1")
async def the_longest_request_is_accepted_in_pieces(w: World) -> None:
    """Alice writes to bob in a request of 65,536 bytes in pieces of 1,000, without a line feed, and he gets it."""
    alice, bob = await w.users("alice", "bob")
    request, line = _of_length(alice, bob, MAX_REQUEST_BYTES)
    await _arrives_in([line[at : at + 1000] for at in range(0, len(line), 1000)], alice, bob, request)


@case("W-SIZE-1")
async def white_space_is_not_counted(w: World) -> None:
    """Alice sends 70,000 line feeds, a request of 65,536 bytes to bob, and line feeds again; he gets it."""
    alice, bob = await w.users("alice", "bob")
    request, line = _of_length(alice, bob, MAX_REQUEST_BYTES)
    await _arrives_in([b"\n" * 70_000, line, b"\n" * 70_000], alice, bob, request)
    await alice.still_works()


@case("W-SIZE-1")
async def each_request_is_counted_by_itself(w: World) -> None:
    """Alice sends four requests of 40,000 bytes to bob at once, and he gets all of them."""
    alice, bob = await w.users("alice", "bob")
    requests, lines = zip(*(_of_length(alice, bob, 40_000) for _ in range(4)), strict=True)
    await alice.connection.send_bytes(b"".join(lines))
    for request in requests:
        await _arrives(alice, bob, request)


async def _is_too_large(alice: User, bob: User, line: bytes, text: str) -> None:
    """Prove that a line of alice is refused, closes her connection and has no effect; bob goes on, and so can she."""
    await alice.connection.send_bytes(line)
    await alice.gets_error("too-large", None)
    await alice.is_closed()
    await bob.still_works()
    alice = await alice.world.comes_back(alice)
    await bob.hears_nothing_about(text, after=alice)


@case("W-SIZE-2")
async def a_longer_request_is_refused(w: World) -> None:
    """Alice writes to bob in 65,536 bytes, and in 65,537: too-large, and her connection is closed; bob goes on."""
    alice, bob = await w.users("alice", "bob")
    accepted, line = _of_length(alice, bob, MAX_REQUEST_BYTES)
    await _arrives_in([line], alice, bob, accepted)
    refused, line = _of_length(alice, bob, MAX_REQUEST_BYTES + 1)
    await _is_too_large(alice, bob, line, refused["msg"])


@case("W-SIZE-2")
async def bytes_are_counted_and_not_characters(w: World) -> None:
    """Alice writes to bob in 65,536 bytes of letters like é, and in 65,537: too-large, though half as many letters."""
    alice, bob = await w.users("alice", "bob")
    accepted, line = _of_length(alice, bob, MAX_REQUEST_BYTES, "é")
    await _arrives_in([line], alice, bob, accepted)
    refused, line = _of_length(alice, bob, MAX_REQUEST_BYTES + 1, "é")
    await _is_too_large(alice, bob, line, refused["msg"])


@case("W-SIZE-2")
async def an_endless_request_is_refused(w: World) -> None:
    """Alice sends 65,537 bytes of a message that does not end: too-large, and her connection is closed; bob goes on."""
    alice, bob = await w.users("alice", "bob")
    request = _sends(alice, bob)
    begun = _line(alice, request)[:-1] + b',"padding":"'
    await _is_too_large(alice, bob, begun.ljust(MAX_REQUEST_BYTES + 1, b"x"), request["msg"])


@case("W-SIZE-2")
async def an_endless_request_in_pieces_is_refused(w: World) -> None:
    """Alice sends a message that does not end in pieces of 1,000 bytes: too-large once there are more than 65,536."""
    alice, bob = await w.users("alice", "bob")
    request = _sends(alice, bob)
    begun = (_line(alice, request)[:-1] + b',"padding":"').ljust(MAX_REQUEST_BYTES, b"x")
    await alice.connection.send_pieces([begun[at : at + 1000] for at in range(0, len(begun), 1000)])
    await w.barrier(bob, bob)
    must(not alice.connection.closed, "65,536 bytes of an unfinished request are not too many", "open", "closed")
    await _is_too_large(alice, bob, b"x", request["msg"])


async def _is_gone(alice: User, bob: User, unfinished: dict[str, Any]) -> None:
    """Prove that alice, who went in the middle of a message to bob, is gone without its effect, and can come back."""
    await bob.hears("server-presence", **{"from": alice.name}, online=False)
    alice = await alice.world.comes_back(alice)
    request = _sends(alice, bob)
    await _arrives_in([alice.bytes_of(request)], alice, bob, request)
    await bob.hears_nothing_about(unfinished["msg"], after=alice)


@case("W-VANISH-1")
async def who_vanishes_mid_message_is_gone(w: World) -> None:
    """Alice's connection is reset in the middle of a message to bob: he hears that she is gone, and no message."""
    alice, bob = await w.users("alice", "bob")
    request = _sends(alice, bob, "unfinished")
    await alice.connection.send_bytes(_line(alice, request)[:-1])
    await alice.connection.abort()
    await _is_gone(alice, bob, request)


@case("W-VANISH-1")
async def who_closes_mid_message_is_gone(w: World) -> None:
    """Alice closes her connection in the middle of a message to bob: he hears that she is gone, and no message."""
    alice, bob = await w.users("alice", "bob")
    request = _sends(alice, bob, "unfinished")
    await alice.connection.send_bytes(_line(alice, request)[:-1])
    await alice.leaves()
    await _is_gone(alice, bob, request)


@case("W-VANISH-1")
async def an_unfinished_change_is_not_made(w: World) -> None:
    """Alice vanishes in the middle of a cgroupe, all but its last brace sent: the group does not exist."""
    alice, bob = await w.users("alice", "bob")
    group, real = w.group(), await w.group_of(alice)
    await alice.connection.send_bytes(_line(alice, alice.request("cgroupe", group=group))[:-1])
    await alice.connection.abort()
    await w.builds_on(bob.hears("server-presence", **{"from": alice.name}, online=False), by="server-presence")
    await bob.is_refused("unknown-group", "members", group=group)
    await bob.asks("members", group=real)
    await bob.asks("cgroupe", group=group)


@case("W-VANISH-1")
async def a_message_before_an_unfinished_one_counts(w: World) -> None:
    """Alice sends a message to bob and half of another, and goes: he gets the first, and nothing of the second."""
    alice, bob = await w.users("alice", "bob")
    whole, half = _sends(alice, bob), _sends(alice, bob, "unfinished")
    await alice.connection.send_pieces([alice.bytes_of(whole), _line(alice, half)[:-1]])
    await alice.connection.finish()
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=whole["msg"])
    await _is_gone(alice, bob, half)


@case("W-DUP-1")
async def the_last_of_two_keys_counts(w: World) -> None:
    """Alice writes to bob with msg twice in one message: bob gets the last."""
    alice, bob = await w.users("alice", "bob")
    request, first = _sends(alice, bob, "last"), json.dumps(w.text("first")).encode()
    await _arrives_in([b'{"msg":' + first + b"," + alice.bytes_of(request)[1:]], alice, bob, request)


@case("W-DUP-1")
async def the_last_of_two_senders_counts(w: World) -> None:
    """Alice writes to bob with from twice in one message, her own name last: it is hers, and no sender-mismatch."""
    alice, bob = await w.users("alice", "bob")
    request, first = _sends(alice, bob), json.dumps(bob.name).encode()
    await _arrives_in([b'{"from":' + first + b"," + alice.bytes_of(request)[1:]], alice, bob, request)

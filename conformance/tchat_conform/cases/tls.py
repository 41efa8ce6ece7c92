"""Level tls: inside TLS the protocol is the same. Judged where the suite itself connects by TLS."""

from tchat_conform.case import case
from tchat_conform.expect import words
from tchat_conform.user import User
from tchat_conform.verdict import Finding, Untested, must
from tchat_conform.world import World
from tchat_protocol.framing import encode

LONGER_THAN_A_RECORD = "🙂" * 8_192


async def _by_tls(w: World, *whos: str) -> list[User]:
    """Return people who have said hello by TLS. Leaves the case untested where the suite connects without."""
    if w.address.tls is None:
        raise Untested(Finding("needs a connection by TLS: call the suite with --tls"))
    return await w.users(*whos)


@case("I-TLS-1")
async def the_base_layer_works_by_tls(w: World) -> None:
    """By TLS alice writes to bob, broadcasts, lists who is online and quits, and bob hears all of it."""
    bob, alice = await _by_tls(w, "bob", "alice")
    await bob.hears("server-presence", **{"from": alice.name}, online=True)
    private, public = w.text(), w.text()
    await alice.asks("client-send", to=bob.name, msg=private)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=private)
    await alice.asks("client-broadcast", msg=public)
    await bob.hears("server-broadcast", **{"from": alice.name}, msg=public)
    must(bob.name in words(await alice.asks("client-list-clients")), "bob must be listed", bob.name)
    await alice.asks("client-quit")
    await bob.hears("server-presence", **{"from": alice.name}, online=False)


@case("I-TLS-1")
async def groups_work_by_tls(w: World) -> None:
    """By TLS alice and bob are in a group; what she posts reaches him, and both read it afterwards."""
    alice, bob = await _by_tls(w, "alice", "bob")
    group, text = await w.group_of(alice, bob), w.text()
    await alice.asks("gbroadcast", group=group, msg=text)
    await bob.hears("server-gbroadcast", sender=alice.name, group=group, msg=text)
    for reader in (alice, bob):
        must(text in words(await reader.asks("msgs", group=group)), "the history must hold the message", text)


@case("I-TLS-1")
async def refusals_come_by_tls(w: World) -> None:
    """By TLS alice writes to nobody and gets unknown-user, sends no JSON and gets bad-json, and goes on."""
    (alice,) = await _by_tls(w, "alice")
    await alice.is_refused("unknown-user", "client-send", to=w.fresh("nobody"), msg=w.text())
    await alice.connection.send_bytes(b"hello?\n")
    await alice.gets_error("bad-json", None)
    await alice.still_works()


@case("I-TLS-1")
async def a_message_longer_than_a_record_arrives(w: World) -> None:
    """By TLS alice writes 32,768 bytes to bob, twice what a record of TLS holds, and they arrive whole."""
    alice, bob = await _by_tls(w, "alice", "bob")
    await alice.asks("client-send", to=bob.name, msg=LONGER_THAN_A_RECORD)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=LONGER_THAN_A_RECORD)


@case("I-TLS-1")
async def an_answer_of_many_records_arrives(w: World) -> None:
    """By TLS alice posts four long messages, and bob reads all of them in one answer of 131,072 bytes and more."""
    alice, bob = await _by_tls(w, "alice", "bob")
    group = await w.group_of(alice, bob)
    for _ in range(4):
        await alice.given("gbroadcast", group=group, msg=LONGER_THAN_A_RECORD)
    answer = await bob.asks("msgs", group=group)
    must(list(words(answer)).count(LONGER_THAN_A_RECORD) == 4, "all four messages must be there")


@case("I-TLS-1")
async def a_request_may_be_cut_over_records(w: World) -> None:
    """By TLS alice sends a request in records of seven bytes, and it is answered as if it were one."""
    alice, bob = await _by_tls(w, "alice", "bob")
    text = w.text("🙂")
    request = alice.request("client-send", to=bob.name, msg=text)
    data = encode(request)
    await alice.connection.send_pieces([data[start : start + 7] for start in range(0, len(data), 7)])
    await alice.is_answered(request)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)


@case("I-TLS-1")
async def a_record_may_hold_many_requests(w: World) -> None:
    """By TLS alice sends three requests in one record, and each is answered."""
    (alice,) = await _by_tls(w, "alice")
    requests = [alice.request("client-send", to=alice.name, msg=w.text()) for _ in range(3)]
    await alice.connection.send_bytes(b"".join(map(encode, requests)))
    for request in requests:
        await alice.is_answered(request)


@case("I-TLS-1")
async def quitting_closes_a_tls_connection(w: World) -> None:
    """By TLS bob quits, gets server-quit, and the server closes the connection; his name is free again."""
    alice, bob = await _by_tls(w, "alice", "bob")
    await bob.asks("client-quit")
    await bob.is_closed()
    await w.comes_back(bob)
    await alice.still_works()


@case("I-TLS-1")
async def a_lost_tls_connection_is_a_departure(w: World) -> None:
    """Bob's TLS connection is reset; alice hears of it, and his name is free again."""
    bob, alice = await _by_tls(w, "bob", "alice")
    await bob.connection.abort()
    await alice.hears("server-presence", **{"from": bob.name}, online=False)
    await w.comes_back(bob)


@case("I-TLS-1")
async def names_are_guarded_by_tls_too(w: World) -> None:
    """By TLS eve writes to alice in bob's name and gets sender-mismatch; alice gets nothing of it."""
    alice, bob, eve = await _by_tls(w, "alice", "bob", "eve")
    request = bob.request("client-send", to=alice.name, msg=w.text())
    await eve.connection.send(request)
    await eve.gets_error("sender-mismatch", request)
    await alice.hears_nothing_about(str(request["msg"]), after=eve)
    await bob.asks("client-send", to=alice.name, msg=w.text())

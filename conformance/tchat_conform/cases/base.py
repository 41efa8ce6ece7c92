"""Level base: presence, private messages, broadcast, lists, quit. The rest of the level is in base_*.py."""

from tchat_conform.case import case
from tchat_conform.listings import times_listed
from tchat_conform.steps import binds_without_hello, goes, lists, tells_from_whom
from tchat_conform.user import User
from tchat_conform.verdict import must
from tchat_conform.world import World


@case("B-PRES-1")
async def all_hear_who_comes(w: World) -> None:
    """When carol says hello, alice and bob each get server-presence with online true."""
    alice, bob = await w.users("alice", "bob")
    carol = await w.stranger("carol")
    await carol.asks("client-hello")
    await alice.hears("server-presence", **{"from": carol.name}, online=True)
    await bob.hears("server-presence", **{"from": carol.name}, online=True)


@case("B-PRES-1")
async def all_hear_who_comes_without_hello(w: World) -> None:
    """When bob's first request is not a hello, alice gets server-presence with online true all the same."""
    alice = await w.user("alice")
    bob = await binds_without_hello(w, "bob")
    await alice.hears("server-presence", **{"from": bob.name}, online=True)


@case("B-PRES-1")
async def all_hear_who_comes_back(w: World) -> None:
    """When bob was there before and comes again, alice gets server-presence with online true again."""
    bob, alice = await w.users("bob", "alice")
    await bob.given("client-quit")
    await bob.is_closed()
    await w.returns(bob)
    await alice.hears("server-presence", **{"from": bob.name}, online=True)


@case("B-PRES-1")
async def nobody_hears_of_its_own_coming(w: World) -> None:
    """When bob says hello, alice gets server-presence, and bob himself does not."""
    alice = await w.user("alice")
    bob = await w.stranger("bob")
    await bob.asks("client-hello")
    await alice.hears("server-presence", **{"from": bob.name}, online=True)
    await w.barrier(bob, bob)
    own = bob.heard("server-presence", **{"from": bob.name})
    must(not own, "bob must not be told of his own coming", "nothing", own[0] if own else None)


async def _two_hear_of_going(alice: User, carol: User, gone: User) -> None:
    await alice.hears("server-presence", **{"from": gone.name}, online=False)
    await carol.hears("server-presence", **{"from": gone.name}, online=False)


@case("B-PRES-2")
async def all_hear_who_quits(w: World) -> None:
    """When bob quits, alice and carol each get server-presence with online false."""
    bob, alice, carol = await w.users("bob", "alice", "carol")
    await bob.asks("client-quit")
    await _two_hear_of_going(alice, carol, bob)


@case("B-PRES-2")
async def all_hear_who_closes_the_connection(w: World) -> None:
    """When bob closes his connection without a word, alice and carol each get server-presence with online false."""
    bob, alice, carol = await w.users("bob", "alice", "carol")
    await bob.leaves()
    await _two_hear_of_going(alice, carol, bob)


@case("B-PRES-2")
async def all_hear_whose_connection_is_reset(w: World) -> None:
    """When bob's connection is reset, as by a crash, alice and carol each get server-presence with online false."""
    bob, alice, carol = await w.users("bob", "alice", "carol")
    await bob.connection.abort()
    await _two_hear_of_going(alice, carol, bob)


@case("B-SEND-1")
async def both_get_a_private_message(w: World) -> None:
    """Sender and recipient each get a private message, and nobody else does."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    text = w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    tells_from_whom(await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text), bob, alice)
    await carol.hears_nothing_about(text, after=alice)


@case("B-SEND-2")
async def who_writes_to_itself_gets_one_copy(w: World) -> None:
    """Alice writes to herself and gets one server-send, not two."""
    alice = await w.user("alice")
    text = w.text()
    await alice.asks("client-send", to=alice.name, msg=text)
    await alice.hears_nothing_about(text, after=alice, but=1)


@case("B-SEND-2")
async def who_writes_to_itself_gets_the_id(w: World) -> None:
    """Alice writes to herself, and the copy that she gets repeats the id of her request."""
    alice = await w.user("alice")
    request = await alice.says("client-send", to=alice.name, msg=w.text())
    answer = await alice.is_answered(request)
    w.should_be(answer.get("id") == request["id"], "the copy must carry the id of the request", request, answer)


@case("B-SEND-3")
async def writing_to_nobody_is_refused(w: World) -> None:
    """Alice writes to a name that was never there and gets unknown-user; to bob she can write."""
    alice, bob = await w.users("alice", "bob")
    await alice.is_refused("unknown-user", "client-send", to=w.fresh("nobody"), msg=w.text())
    text = w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)


@case("B-SEND-3")
async def being_written_to_makes_nobody_known(w: World) -> None:
    """Alice writes twice to a name that was never there, and gets unknown-user both times."""
    alice, bob = await w.users("alice", "bob")
    ghost = w.fresh("nobody")
    await alice.is_refused("unknown-user", "client-send", to=ghost, msg=w.text())
    await alice.is_refused("unknown-user", "client-send", to=ghost, msg=w.text())
    await alice.asks("client-send", to=bob.name, msg=w.text())


@case("B-BCAST-1")
async def everyone_gets_a_broadcast(w: World) -> None:
    """Alice broadcasts, and alice, bob and carol each get server-broadcast."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    text = w.text()
    await alice.asks("client-broadcast", msg=text)
    tells_from_whom(await bob.hears("server-broadcast", **{"from": alice.name}, msg=text), bob, alice)
    await carol.hears("server-broadcast", **{"from": alice.name}, msg=text)


@case("B-BCAST-1", alone=True)
async def the_first_and_the_last_get_a_broadcast(w: World) -> None:
    """Ann, ben and cat are the last to have come; what ann and then cat broadcast reaches all three."""
    people = await w.users("ann", "ben", "cat")
    for sender in (people[0], people[-1]):
        text = w.text()
        await sender.asks("client-broadcast", msg=text)
        for hearer in people:
            if hearer is not sender:
                await hearer.hears("server-broadcast", **{"from": sender.name}, msg=text)


@case("B-BCAST-1")
async def who_never_said_hello_gets_broadcasts_too(w: World) -> None:
    """Bob, whose first request was not a hello, gets alice's broadcast."""
    alice, bob = await w.user("alice"), await binds_without_hello(w, "bob")
    text = w.text()
    await alice.asks("client-broadcast", msg=text)
    await bob.hears("server-broadcast", **{"from": alice.name}, msg=text)


@case("B-LIST-1")
async def the_list_holds_everyone_online(w: World) -> None:
    """Alice asks who is online and finds herself, bob and carol."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    answer = await alice.asks("client-list-clients")
    for each in (alice, bob, carol):
        there = times_listed(answer, "clients", each.name) > 0
        must(there, f"{each!r} is online and must be in clients", each.name, answer)


@case("B-LIST-1")
async def the_list_holds_each_name_once(w: World) -> None:
    """Bob has said hello twice and written something; alice finds him in the list once."""
    alice, bob = await w.users("alice", "bob")
    await bob.says("client-hello")
    await bob.given("client-send", to=alice.name, msg=w.text())
    answer = await alice.asks("client-list-clients")
    must(times_listed(answer, "clients", bob.name) == 1, "bob must be in clients once", bob.name, answer)


@case("B-LIST-1")
async def who_has_quit_is_not_listed(w: World) -> None:
    """Bob quits; then alice finds herself in the list, and bob no longer."""
    bob, alice = await w.users("bob", "alice")
    must(await lists(alice, bob.name), "bob is online and must be in clients")
    await goes(bob)
    await _is_not_listed(alice, bob.name)


@case("B-LIST-1")
async def who_vanished_is_not_listed(w: World) -> None:
    """Bob's connection is lost; once alice has heard of it, bob is no longer in her list."""
    bob, alice = await w.users("bob", "alice")
    must(await lists(alice, bob.name), "bob is online and must be in clients")
    await bob.connection.abort()
    await w.builds_on(alice.hears("server-presence", **{"from": bob.name}, online=False), by="server-presence")
    await _is_not_listed(alice, bob.name)


@case("B-LIST-1")
async def who_was_only_written_to_is_not_listed(w: World) -> None:
    """Alice writes to a name that was never there, and does not find it in the list."""
    alice, ghost = await w.user("alice"), w.fresh("nobody")
    await alice.says("client-send", to=ghost, msg=w.text())
    await _is_not_listed(alice, ghost)


async def _is_not_listed(asker: User, name: str) -> None:
    answer = await asker.asks("client-list-clients")
    there = times_listed(answer, "clients", asker.name) > 0
    must(there, "who asks is online and must be in clients", asker.name, answer)
    gone = not times_listed(answer, "clients", name)
    must(gone, f"{name} is not online and must not be in clients", None, answer)


@case("B-QUIT-1")
async def quitting_is_answered(w: World) -> None:
    """Bob quits and gets server-quit."""
    bob = await w.user("bob")
    await bob.asks("client-quit")


@case("B-QUIT-1")
async def quitting_closes_the_connection(w: World) -> None:
    """Bob quits and the server closes his connection; alice's stays open."""
    alice, bob = await w.users("alice", "bob")
    await bob.given("client-quit")
    await bob.is_closed()
    await alice.still_works()


@case("B-ERROR-1")
async def client_error_closes_without_an_answer(w: World) -> None:
    """Bob sends client-error; the server closes his connection and sends him nothing."""
    alice, bob = await w.users("alice", "bob")
    await bob.says("client-error", code="interrupted", msg="the terminal was closed")
    await bob.is_closed()
    answer = next((each.message for each in bob.connection.inbox if not each.used and _is_for(bob, each.message)), None)
    must(answer is None, "client-error has no answer", "nothing", answer)
    await alice.still_works()


def _is_for(user: User, message: dict[str, object]) -> bool:
    """Tell whether a message is an answer to this user: not presence or a broadcast of somebody else."""
    return message.get("action") not in {"server-presence", "server-broadcast"} or message.get("from") == user.name


@case("B-ERROR-1")
async def client_error_is_a_departure(w: World) -> None:
    """Bob sends client-error; alice gets server-presence with online false, and bob is no longer listed."""
    bob, alice = await w.users("bob", "alice")
    await bob.says("client-error", code="interrupted", msg="the terminal was closed")
    await alice.hears("server-presence", **{"from": bob.name}, online=False)
    await _is_not_listed(alice, bob.name)


@case("B-ERROR-1")
async def client_error_is_told_to_nobody(w: World) -> None:
    """Bob sends client-error; alice and carol are not told its code and msg."""
    bob, alice, carol = await w.users("bob", "alice", "carol")
    code = w.fresh("crash")
    await bob.says("client-error", code=code, msg=f"{code}: the terminal was closed")
    await alice.hears("server-presence", **{"from": bob.name}, online=False)
    await alice.hears_nothing_about(code, after=carol)


@case("B-ERROR-1")
async def client_error_without_hello_closes_too(w: World) -> None:
    """A connection whose first message is client-error is closed without an answer."""
    alice, eve = await w.user("alice"), await w.stranger("eve")
    await eve.says("client-error", code="confused", msg="wrong server")
    await eve.is_closed()
    must(not eve.connection.inbox, "client-error has no answer", "nothing", _first(eve))
    await alice.still_works()


def _first(user: User) -> dict[str, object] | None:
    return next((each.message for each in user.connection.inbox), None)

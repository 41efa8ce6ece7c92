"""Level base: names, hello, how a connection is bound to a name and set free, and the aliases of name fields."""

from typing import Any

from tchat_conform.case import case
from tchat_conform.expect import Expected, words
from tchat_conform.listings import times_listed
from tchat_conform.steps import binds_without_hello, goes, group_where_known, lists, sends, without
from tchat_conform.user import User
from tchat_conform.verdict import must
from tchat_conform.world import World


async def _reaches(w: World, sender: User, recipient: User) -> None:
    """Prove that somebody is online under a name: a private message to the name arrives there."""
    text = w.text()
    await sender.asks("client-send", to=recipient.name, msg=text)
    await recipient.hears("server-send", **{"from": sender.name}, to=recipient.name, msg=text)


@case("I-NAME-3")
async def users_may_differ_by_case_alone(w: World) -> None:
    """Bob and BOB are two users: both are online, and a message to one does not reach the other."""
    alice, bob = await w.users("alice", "bob")
    shouting = await w.stranger("BOB", bob.name.upper())
    await shouting.asks("client-hello")
    answer = await alice.given("client-list-clients")
    there = all(times_listed(answer, "clients", each.name) for each in (bob, shouting))
    must(there, "both must be listed", None, answer)
    text = w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    await shouting.hears_nothing_about(text, after=alice)


@case("I-NAME-3")
async def the_case_of_a_name_is_kept(w: World) -> None:
    """ZoE comes in, and bob hears of her and finds her in the list with the capitals that she gave."""
    bob, zoe = await w.user("bob"), await w.stranger("ZoE")
    await zoe.asks("client-hello")
    await bob.hears("server-presence", **{"from": zoe.name}, online=True)
    must(await lists(bob, zoe.name), "the name must be listed as it was given", zoe.name)


@case("I-NAME-3")
async def another_case_is_an_unknown_user(w: World) -> None:
    """Alice writes to BOB, where only bob was ever seen, and gets unknown-user; bob gets nothing."""
    alice, bob = await w.users("alice", "bob")
    text = w.text()
    await alice.is_refused("unknown-user", "client-send", to=bob.name.upper(), msg=text)
    await bob.hears_nothing_about(text, after=alice)


@case("I-NAME-3")
async def groups_may_differ_by_case_alone(w: World) -> None:
    """Alice creates wob and Wob, which are two groups: bob in wob gets nothing that is posted to Wob."""
    alice, bob = await w.users("alice", "bob")
    group = await group_where_known(w, alice, bob)
    if group is not None:
        text, other = w.text(), group.capitalize()
        await alice.asks("cgroupe", group=other)
        await alice.asks("gbroadcast", group=other, msg=text)
        await bob.hears_nothing_about(text, after=alice)


@case("I-HELLO-1")
async def hello_is_answered(w: World) -> None:
    """Alice says hello and gets server-hello with her name and version 1.0."""
    alice = await w.stranger("alice")
    answer = await alice.asks("client-hello")
    w.should_be(answer.get("version") == "1.0", "version must be the string 1.0", '"1.0"', answer)


@case("I-HELLO-1")
async def hello_binds_the_connection(w: World) -> None:
    """Alice says hello; then she is in bob's list, and what bob writes to her name reaches her."""
    bob, alice = await w.user("bob"), await w.stranger("alice")
    await alice.asks("client-hello")
    must(await lists(bob, alice.name), "alice has said hello and must be listed", alice.name)
    await _reaches(w, bob, alice)


@case("I-HELLO-1")
async def hello_lists_the_features(w: World) -> None:
    """Alice says hello, and features is a list of words, each once."""
    alice = await w.stranger("alice")
    answer = await alice.asks("client-hello")
    features = answer.get("features")
    sound = isinstance(features, list) and all(isinstance(each, str) for each in features)
    each_once = sound and len(set(features or ())) == len(features or ())
    w.should_be(each_once, "features is a list of words", "[…]", answer)


@case("I-HELLO-1")
async def delivery_to_the_offline_is_a_listed_feature(w: World) -> None:
    """A server that keeps messages for bob while he is away lists offline; one that does not refuses them."""
    bob, alice = await w.users("bob", "alice")
    await goes(bob)
    if "offline" in w.run.features:
        await alice.asks("client-send", to=bob.name, msg=w.text())
    else:
        await alice.is_refused("unknown-user", "client-send", to=bob.name, msg=w.text())


@case("I-HELLO-1", slow=True)
async def passwords_are_a_listed_feature(w: World) -> None:
    """A server that asks for bob's password again lists auth; one that does not lets him in without."""
    w.allow(5)
    bob = await w.stranger("bob")
    await bob.given("client-hello", **{"pass": "correct horse"})
    await goes(bob)
    if "auth" in w.run.features:
        await w.comes_back(bob, **{"pass": "correct horse"})
    else:
        await w.comes_back(bob)


@case("I-HELLO-1")
async def tls_is_a_listed_feature(w: World) -> None:
    """A server that speaks TLS lists tls."""
    alice = await w.stranger("alice")
    answer = await alice.asks("client-hello")
    if w.address.tls is not None:
        must("tls" in words(answer), "this is a TLS connection; features must list tls", "tls", answer)


@case("I-HELLO-2")
async def a_second_hello_is_answered(w: World) -> None:
    """Alice says hello twice and gets server-hello both times."""
    alice = await w.user("alice")
    await alice.asks("client-hello")


@case("I-HELLO-2")
async def a_second_hello_is_no_second_coming(w: World) -> None:
    """Alice says hello twice, and bob hears of one coming and no going."""
    bob, alice = await w.users("bob", "alice")
    await bob.hears("server-presence", **{"from": alice.name}, online=True)
    told = await bob.has_heard_of(alice.name, after=bob)
    await alice.asks("client-hello")
    await bob.hears_nothing_about(alice.name, after=bob, but=told)


@case("I-HELLO-2")
async def a_second_hello_brings_no_second_copy(w: World) -> None:
    """Alice says hello twice, and gets what bob writes to her once."""
    alice, bob = await w.users("alice", "bob")
    await alice.asks("client-hello")
    text = w.text()
    await bob.asks("client-send", to=alice.name, msg=text)
    await alice.hears("server-send", **{"from": bob.name}, to=alice.name, msg=text)
    await alice.hears_nothing_about(text, after=bob, but=1)


async def _is_bound_by(w: World, action: str, **fields: Any) -> None:
    """Let somebody begin with a request that is no hello: it is answered, and the sender is online."""
    alice, bob = await w.user("alice"), await w.stranger("bob")
    await bob.asks(action, **fields)
    await alice.hears("server-presence", **{"from": bob.name}, online=True)
    await _reaches(w, alice, bob)


@case("I-BIND-1")
async def a_private_message_binds(w: World) -> None:
    """Bob's first request is a message to alice: she gets it, and bob is online."""
    alice, bob = await w.user("alice"), await w.stranger("bob")
    text = w.text()
    await bob.asks("client-send", to=alice.name, msg=text)
    await alice.hears("server-send", **{"from": bob.name}, to=alice.name, msg=text)
    await _reaches(w, alice, bob)


@case("I-BIND-1")
async def a_broadcast_binds(w: World) -> None:
    """Bob's first request is a broadcast: alice and bob himself get it, and bob is online."""
    alice, bob = await w.user("alice"), await w.stranger("bob")
    text = w.text()
    await bob.asks("client-broadcast", msg=text)
    await alice.hears("server-broadcast", **{"from": bob.name}, msg=text)
    await _reaches(w, alice, bob)


@case("I-BIND-1")
async def a_listing_binds(w: World) -> None:
    """Bob's first request is client-list-clients: he gets the list with his own name, and is online."""
    alice, bob = await w.user("alice"), await w.stranger("bob")
    answer = await bob.asks("client-list-clients")
    must(bob.name in words(answer), "bob is online by this request and must be listed", bob.name, answer)
    await _reaches(w, alice, bob)


@case("I-BIND-1")
async def a_refused_message_binds_too(w: World) -> None:
    """Bob's first request is a valid one that is refused with unknown-user: bob is online all the same."""
    alice, bob = await w.user("alice"), await w.stranger("bob")
    await bob.is_refused("unknown-user", "client-send", to=w.fresh("nobody"), msg=w.text())
    await alice.hears("server-presence", **{"from": bob.name}, online=True)
    await _reaches(w, alice, bob)


@case("I-BIND-1")
async def quitting_first_is_answered_too(w: World) -> None:
    """Bob's first request is client-quit: he gets server-quit, and alice hears of his coming and going."""
    alice, bob = await w.user("alice"), await w.stranger("bob")
    await bob.asks("client-quit")
    await bob.is_closed()
    await alice.hears("server-presence", **{"from": bob.name}, online=True)
    await alice.hears("server-presence", **{"from": bob.name}, online=False)


@case("I-BIND-1")
async def groups_binds(w: World) -> None:
    """Bob's first request is groups, which carries his name in name: it is answered, and bob is online."""
    if await group_where_known(w, await w.user("carol")) is not None:
        await _is_bound_by(w, "groups")


@case("I-BIND-1")
async def creating_a_group_binds(w: World) -> None:
    """Bob's first request creates a group: it is answered, and bob is online."""
    if await group_where_known(w, await w.user("carol")) is not None:
        await _is_bound_by(w, "cgroupe", group=w.group())


@case("I-BIND-1")
async def joining_a_group_binds(w: World) -> None:
    """Bob's first request joins carol's group: it is answered, and bob is online."""
    group = await group_where_known(w, await w.user("carol"))
    if group is not None:
        await _is_bound_by(w, "join", group=group)


async def _has_bound_nothing(w: World, refused: User, witness: User) -> None:
    """Prove that a refused first request bound nothing: its connection takes another name, and its name is free.

    The witness, who was there before, heard nothing of the name.
    """
    renamed = User(w, w.fresh("eve"), refused.connection)
    await renamed.asks("client-hello")
    await witness.hears_nothing_about(refused.name, after=renamed)
    again = await w.stranger("mallory", refused.name)
    await again.asks("client-hello")


@case("I-BIND-2", bad_input=True)
async def bad_json_binds_nothing(w: World) -> None:
    """Eve's first words are no JSON and get bad-json; then her connection takes any name."""
    alice, eve = await w.user("alice"), await w.stranger("eve")
    await eve.connection.send_bytes(f'{{"action":"client-hello","from":"{eve.name}"]\n'.encode())
    await eve.gets_error("bad-json", None)
    await _has_bound_nothing(w, eve, alice)


@case("I-BIND-2")
async def a_bad_message_binds_nothing(w: World) -> None:
    """Eve's first request lacks a field and gets bad-message; then her connection takes another name."""
    alice, eve = await w.user("alice"), await w.stranger("eve")
    await eve.is_refused("bad-message", "client-send", field="/msg", to=alice.name)
    await _has_bound_nothing(w, eve, alice)


@case("I-BIND-2")
async def an_unknown_action_binds_nothing(w: World) -> None:
    """Eve's first request has an unknown action and gets unknown-action; then her connection takes another name."""
    alice, eve = await w.user("alice"), await w.stranger("eve")
    request = {"action": "dance", "from": eve.name, "sender": eve.name, "name": eve.name, "id": w.fresh_id()}
    await eve.connection.send(request)
    await eve.gets_error("unknown-action", request)
    await _has_bound_nothing(w, eve, alice)


@case("I-BIND-2")
async def a_taken_name_binds_nothing(w: World) -> None:
    """Eve says hello as alice, who is online, and gets name-taken; then she comes in under her own name."""
    alice, eve = await w.user("alice"), await w.stranger("eve")
    request = alice.request("client-hello")
    await eve.connection.send(request)
    await eve.gets_error("name-taken", request)
    await eve.asks("client-hello")
    await _reaches(w, alice, eve)


@case("I-BIND-2", slow=True)
async def a_wrong_password_binds_nothing(w: World) -> None:
    """Eve says hello as alice without her password and gets auth-failed; then she comes in under her own name."""
    w.allow(5)
    bob, alice, eve = await w.user("bob"), await w.stranger("alice"), await w.stranger("eve")
    w.needs_feature("auth")
    await alice.given("client-hello", **{"pass": "correct horse"})
    await alice.given("client-quit")
    await w.builds_on(bob.hears("server-presence", **{"from": alice.name}, online=False), by="server-presence")
    request = alice.request("client-hello")
    await eve.connection.send(request)
    await eve.gets_error("auth-failed", request)
    await eve.asks("client-hello")
    await _reaches(w, bob, eve)
    await w.barrier(eve, bob)
    more = bob.heard("server-presence", **{"from": alice.name})[2:]
    must(not more, "alice has come once and gone once", "nothing", more[0] if more else None)


async def _comes_again(w: World, user: User) -> None:
    again = await w.comes_back(user)
    await _reaches(w, await w.user("alice"), again)


@case("I-FREE-1")
async def a_name_is_free_after_quit(w: World) -> None:
    """Bob quits, and when the server has closed his connection somebody can come in under his name."""
    bob = await w.user("bob")
    await bob.given("client-quit")
    await bob.is_closed()
    await _comes_again(w, bob)


@case("I-FREE-1")
async def a_name_is_free_after_closing(w: World) -> None:
    """Bob closes his connection without a word, and then somebody can come in under his name."""
    bob = await w.user("bob")
    await bob.leaves()
    await _comes_again(w, bob)


@case("I-FREE-1")
async def a_name_is_free_after_a_reset(w: World) -> None:
    """Bob's connection is reset, and then somebody can come in under his name."""
    bob = await w.user("bob")
    await bob.connection.abort()
    await _comes_again(w, bob)


@case("I-FREE-1")
async def a_name_is_free_after_client_error(w: World) -> None:
    """Bob sends client-error, and when the server has closed his connection somebody can come in under his name."""
    bob = await w.user("bob")
    await bob.says("client-error", code="interrupted", msg="the terminal was closed")
    await w.builds_on(bob.is_closed(), by="client-error")
    await _comes_again(w, bob)


@case("I-FREE-1")
async def a_name_bound_without_hello_is_free_again(w: World) -> None:
    """Bob, whose first request was no hello, closes his connection; then somebody can come in under his name."""
    bob = await binds_without_hello(w, "bob")
    await bob.leaves()
    await _comes_again(w, bob)


async def _was_told_nothing(stranger: User, *tokens: str) -> None:
    """Prove that somebody who had said nothing yet had heard nothing when he said hello."""
    await stranger.given("client-hello")
    for token in tokens:
        got = stranger.heard_about(token)
        must(not got, "a connection without a name gets nothing unasked", "nothing", got[0] if got else None)


@case("I-BIND-3")
async def who_has_no_name_yet_gets_no_broadcast(w: World) -> None:
    """Eve has connected and said nothing; alice broadcasts, and bob gets it, but eve does not."""
    eve, (alice, bob), text = await w.stranger("eve"), await w.users("alice", "bob"), w.text()
    await alice.given("client-broadcast", msg=text)
    await w.builds_on(bob.hears("server-broadcast", **{"from": alice.name}, msg=text), by="client-broadcast")
    await _was_told_nothing(eve, text)


@case("I-BIND-3")
async def who_has_no_name_yet_hears_of_nobody(w: World) -> None:
    """Eve has connected and said nothing; bob comes and goes, and alice hears of it, but eve does not."""
    eve, (alice, bob) = await w.stranger("eve"), await w.users("alice", "bob")
    await goes(bob)
    await w.builds_on(alice.hears("server-presence", **{"from": bob.name}, online=False), by="server-presence")
    await _was_told_nothing(eve, bob.name)


async def _is_taken_for(w: World, action: str, alias: str, standard: str, **fields: Any) -> None:
    """Let alice send a request with an alias for a name field: it is answered in the standard form."""
    alice = await w.stranger("alice")
    request = without(alice.request(action, **fields), standard) | {alias: alice.name}
    number = {"id": request["id"]} if "id" in request else {}
    expected = Expected(f"server-{action.removeprefix('client-')}", number)
    answer = await sends(alice, request, expected)
    must(alias not in answer, f"answers have no {alias}", without(answer, alias), answer)
    await _reaches(w, await w.user("bob"), alice)


@case("I-ALIAS-1")
async def sender_is_taken_for_from(w: World) -> None:
    """Alice says hello with her name in sender; it is taken for from, which stands in the answer."""
    await _is_taken_for(w, "client-hello", "sender", "from")


@case("I-ALIAS-1")
async def name_is_taken_for_from(w: World) -> None:
    """Alice says hello with her name in name; it is taken for from, which stands in the answer."""
    await _is_taken_for(w, "client-hello", "name", "from")


@case("I-ALIAS-1")
async def a_message_may_say_sender(w: World) -> None:
    """Alice writes to bob with her name in sender; bob gets it with her name in from, and no sender."""
    alice, bob = await w.users("alice", "bob")
    text = w.text()
    request = without(alice.request("client-send", to=bob.name, msg=text), "from") | {"sender": alice.name}
    await sends(alice, request, Expected("server-send", {"from": alice.name, "to": bob.name, "msg": text}))
    heard = await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    must("sender" not in heard, "in answers there is one form only", without(heard, "sender"), heard)


@case("I-ALIAS-1")
async def a_group_request_may_say_from(w: World) -> None:
    """Alice creates a group with her name in from and lists groups with it in sender; both are answered."""
    await binds_without_hello(w, "bob")
    if await group_where_known(w, await w.user("carol")) is not None:
        await _is_taken_for(w, "cgroupe", "from", "sender", group=w.group())
        await _is_taken_for(w, "cgroupe", "name", "sender", group=w.group())
        await _is_taken_for(w, "groups", "sender", "name")
        await _is_taken_for(w, "groups", "from", "name")


@case("I-ALIAS-1")
async def the_standard_field_of_the_sender_counts(w: World) -> None:
    """Alice writes with her name in from and another one in sender and name; from counts, the others do not."""
    alice, bob = await w.users("alice", "bob")
    text, other = w.text(), w.fresh("mallory")
    await alice.asks("client-send", to=bob.name, msg=text, sender=other, name=other)
    heard = await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    must(other not in words(heard), "the standard field counts where it is present", None, heard)


@case("I-ALIAS-1")
async def the_first_of_two_aliases_counts(w: World) -> None:
    """Alice writes to bob with her name in sender and another one in name: sender counts."""
    alice, bob = await w.users("alice", "bob")
    text, other = w.text(), w.fresh("mallory")
    request = without(alice.request("client-send", to=bob.name, msg=text), "from")
    expected = Expected("server-send", {"from": alice.name, "to": bob.name, "msg": text})
    await sends(alice, request | {"name": other, "sender": alice.name}, expected)
    heard = await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    must(other not in words(heard), "sender stands before name in the list, and counts", None, heard)


@case("I-ALIAS-2")
async def dest_is_taken_for_to(w: World) -> None:
    """Alice writes to bob with his name in dest; he gets it with his name in to, and no dest."""
    alice, bob = await w.users("alice", "bob")
    text = w.text()
    expected = Expected("server-send", {"from": alice.name, "to": bob.name, "msg": text})
    await sends(alice, alice.request("client-send", dest=bob.name, msg=text), expected)
    heard = await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    must("dest" not in heard, "in answers there is one form only", without(heard, "dest"), heard)


@case("I-ALIAS-2")
async def to_is_taken_for_dest(w: World) -> None:
    """Alice invites bob to a group with his name in to; he gets it with his name in dest, and no to."""
    alice, bob = await w.users("alice", "bob")
    group = await group_where_known(w, alice)
    if group is not None:
        expected = Expected("server-invite", {"sender": alice.name, "group": group, "dest": bob.name})
        await sends(alice, alice.request("invite", group=group, to=bob.name), expected)
        heard = await bob.hears("server-invite", sender=alice.name, group=group, dest=bob.name)
        must("to" not in heard, "in answers there is one form only", without(heard, "to"), heard)


@case("I-ALIAS-2")
async def the_standard_field_of_the_recipient_counts(w: World) -> None:
    """Alice writes with bob's name in to and carol's in dest; bob gets it, and carol does not."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    text = w.text()
    await alice.asks("client-send", to=bob.name, dest=carol.name, msg=text)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    await carol.hears_nothing_about(text, after=alice)

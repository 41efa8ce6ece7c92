"""Level offline: what waits for a user who is away."""

from tchat_conform.case import case
from tchat_conform.expect import mentions, words
from tchat_conform.steps import goes, without
from tchat_conform.user import User
from tchat_conform.verdict import must
from tchat_conform.world import World

MANY = 120


async def _away(w: World, who: str = "bob") -> User:
    """Return somebody who was there and has gone."""
    user = await w.user(who)
    await goes(user)
    return user


@case("B-SEND-4")
async def a_message_waits_for_who_has_quit(w: World) -> None:
    """Alice writes to bob, who has quit; when he comes back he gets her message."""
    alice, bob, text = await w.user("alice"), await _away(w), w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    bob = await w.returns(bob)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)


async def _comes_to_quit(w: World, gone: User) -> User:
    """Have somebody who is away come with client-quit as the first request; returns who was there for that."""
    visitor = await w.stranger(gone.connection.who, gone.name)
    await visitor.given("client-quit")
    await w.builds_on(visitor.is_closed(), by="client-quit")
    return visitor


def _got_nothing(visitor: User, token: str) -> None:
    got = visitor.heard_about(token)
    must(not got, "who comes only to quit gets nothing yet", "nothing", got[0] if got else None)


@case("B-SEND-4")
async def a_message_waits_beyond_a_quit(w: World) -> None:
    """Alice writes to bob, who is away; he comes only to quit and gets nothing, comes back, and gets her message."""
    alice, bob, text = await w.user("alice"), await _away(w), w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    _got_nothing(await _comes_to_quit(w, bob), text)
    bob = await w.returns(bob)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)


@case("B-SEND-4")
async def a_message_waits_for_whose_connection_was_lost(w: World) -> None:
    """Alice writes to bob, whose connection was reset; when he comes back he gets her message."""
    bob, alice = await w.users("bob", "alice")
    text = w.text()
    await bob.connection.abort()
    await w.builds_on(alice.hears("server-presence", **{"from": bob.name}, online=False), by="server-presence")
    await alice.asks("client-send", to=bob.name, msg=text)
    bob = await w.returns(bob)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)


@case("B-SEND-4")
async def a_message_waits_for_who_never_said_hello(w: World) -> None:
    """Bob was there with a listing only, without hello; alice writes to him, and he gets it when he comes back."""
    alice, bob, text = await w.user("alice"), await w.stranger("bob"), w.text()
    await bob.given("client-list-clients")
    await goes(bob)
    await alice.asks("client-send", to=bob.name, msg=text)
    bob = await w.returns(bob)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)


@case("B-SEND-4")
async def a_message_waits_though_its_sender_has_gone(w: World) -> None:
    """Alice writes to bob, who is away, and goes; when he comes back he gets her message all the same."""
    alice, bob, text = await w.user("alice"), await _away(w), w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    await goes(alice)
    bob = await w.returns(bob)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)


@case("B-SEND-4")
async def the_sender_gets_one_copy(w: World) -> None:
    """Alice writes to bob, who is away, and gets her copy once: not again when he comes back."""
    alice, bob, text = await w.user("alice"), await _away(w), w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    bob = await w.returns(bob)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    await alice.hears_nothing_about(text, after=bob, but=1)


@case("B-SEND-4")
async def what_waited_is_the_same_message(w: World) -> None:
    """Alice writes to bob, who is away; what he gets equals her copy but for id, with the ts of then."""
    alice, bob, text = await w.user("alice"), await _away(w), w.text()
    own = await alice.asks("client-send", to=bob.name, msg=text)
    bob = await w.returns(bob)
    waited = await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    must(dict(waited) == without(own, "id"), "the copies must be equal but for id", without(own, "id"), waited)


@case("B-SEND-4")
async def nobody_else_gets_what_waits(w: World) -> None:
    """Alice writes to bob, who is away; carol gets it neither then nor when bob or she comes back."""
    alice, bob, carol, text = await w.user("alice"), await _away(w), await w.user("carol"), w.text()
    await alice.asks("client-send", to=bob.name, msg=text)
    await carol.hears_nothing_about(text, after=alice)
    await goes(carol)
    carol, bob = await w.returns(carol), await w.returns(bob)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    await carol.hears_nothing_about(text, after=bob)


@case("B-SEND-4")
async def what_waited_comes_after_hello(w: World) -> None:
    """Alice writes to bob, who is away; when he says hello he gets server-hello first, then her message."""
    await _comes_after(w, "client-hello")


@case("B-SEND-4")
async def what_waited_comes_after_another_first_request(w: World) -> None:
    """Alice writes to bob, who is away; he comes back with a listing, gets the list first, then her message."""
    await _comes_after(w, "client-list-clients")


async def _comes_after(w: World, action: str) -> None:
    alice, gone, text = await w.user("alice"), await _away(w), w.text()
    await alice.asks("client-send", to=gone.name, msg=text)
    bob = await w.stranger("bob", gone.name)
    await bob.asks(action)
    await bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text)
    first = next(each.message for each in bob.connection.inbox if each.used)
    must(not mentions(first, text), f"the answer to {action} must come before what waited", None, first)


@case("B-SEND-4")
async def many_messages_come_in_order(w: World) -> None:
    """Alice and carol write to bob by turns while he is away; when he comes back he gets all in that order."""
    (alice, carol), bob = await w.users("alice", "carol"), await _away(w)
    token, texts = w.fresh("line"), []
    for number in range(8):
        texts.append(f"{token} {number}")
        await (alice, carol)[number % 2].asks("client-send", to=bob.name, msg=texts[-1])
    await _come_in_order(await w.returns(bob), texts, token)


@case("B-SEND-4")
async def very_many_messages_come_in_order(w: World) -> None:
    """Alice writes 120 messages to bob while he is away; when he comes back he gets all of them in order."""
    alice, bob, token = await w.user("alice"), await _away(w), w.fresh("line")
    texts = [f"{token} {number}" for number in range(MANY)]
    requests = [await alice.says("client-send", to=bob.name, msg=text) for text in texts]
    for request in requests:
        await w.builds_on(alice.is_answered(request), by="client-send")
    await _come_in_order(await w.returns(bob), texts, token)


async def _come_in_order(user: User, texts: list[str], token: str) -> None:
    def came() -> list[str]:
        return [next(word for word in words(each) if token in word) for each in user.heard_about(token)]

    await user.world.stream(user.connection, lambda: len(came()), len(texts))
    must(came() == texts, "what waited must come whole and in the order in which it was sent", str(texts), str(came()))


@case("B-SEND-4")
async def what_waited_comes_before_what_is_new(w: World) -> None:
    """Alice writes to bob while he is away, and again once he is back; he gets the messages in that order."""
    alice, bob, token = await w.user("alice"), await _away(w), w.fresh("line")
    texts = [f"{token} {number}" for number in range(2)]
    await alice.asks("client-send", to=bob.name, msg=texts[0])
    bob = await w.returns(bob)
    await alice.asks("client-send", to=bob.name, msg=texts[1])
    await _come_in_order(bob, texts, token)


async def _comes_no_second_time(w: World, alice: User, bob: User, text: str) -> None:
    """Prove that bob, who has gone, gets nothing of a text when he comes back, but what is new."""
    bob = await w.returns(bob)
    await bob.hears_nothing_about(text, after=alice)
    await alice.asks("client-send", to=bob.name, msg=w.text())


async def _has_got_what_waited(w: World, alice: User, text: str) -> User:
    gone = await _away(w)
    await alice.given("client-send", to=gone.name, msg=text)
    bob = await w.returns(gone)
    sent = {"from": alice.name, "to": bob.name, "msg": text}
    await w.builds_on(bob.hears("server-send", **sent), by="client-send")
    await w.barrier(bob, bob)
    return bob


@case("B-SEND-5")
async def what_was_delivered_is_not_delivered_after_quit(w: World) -> None:
    """Bob got a message that had waited for him, quits and comes back: he does not get it again."""
    alice, text = await w.user("alice"), w.text()
    bob = await _has_got_what_waited(w, alice, text)
    await goes(bob)
    await _comes_no_second_time(w, alice, bob, text)


@case("B-SEND-5")
async def what_was_delivered_is_not_delivered_after_a_loss(w: World) -> None:
    """Bob got a message that had waited for him, loses his connection and comes back: he does not get it again."""
    alice, text = await w.user("alice"), w.text()
    bob = await _has_got_what_waited(w, alice, text)
    await bob.connection.abort()
    await w.builds_on(alice.hears("server-presence", **{"from": bob.name}, online=False), by="server-presence")
    await _comes_no_second_time(w, alice, bob, text)


@case("B-SEND-5")
async def a_further_hello_brings_nothing_again(w: World) -> None:
    """Bob got a message that had waited for him and says hello again: he has it once."""
    alice, text = await w.user("alice"), w.text()
    bob = await _has_got_what_waited(w, alice, text)
    await bob.given("client-hello")
    await bob.hears_nothing_about(text, after=alice, but=1)


@case("B-SEND-5")
async def what_came_at_once_does_not_wait(w: World) -> None:
    """Bob got a message while he was online, quits and comes back: he does not get it again."""
    alice, bob = await w.users("alice", "bob")
    text = w.text()
    await alice.given("client-send", to=bob.name, msg=text)
    await w.builds_on(bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text), by="client-send")
    await goes(bob)
    await _comes_no_second_time(w, alice, bob, text)


@case("B-SEND-5")
async def what_waits_comes_once(w: World) -> None:
    """Alice writes to bob while he is away; when he comes back he gets one copy."""
    alice, gone, text = await w.user("alice"), await _away(w), w.text()
    await alice.given("client-send", to=gone.name, msg=text)
    bob = await w.returns(gone)
    await w.builds_on(bob.hears("server-send", **{"from": alice.name}, to=bob.name, msg=text), by="client-send")
    await bob.hears_nothing_about(text, after=alice, but=1)


@case("G-INVITE-8")
async def an_invitation_waits(w: World) -> None:
    """Alice invites bob, who is away, to her private group; when he comes back he gets server-invite, and can join."""
    alice, gone = await w.user("alice"), await _away(w)
    group = await w.group_of(alice, private=True)
    await alice.asks("invite", group=group, dest=gone.name)
    bob = await w.returns(gone)
    await bob.hears("server-invite", sender=alice.name, group=group, dest=bob.name)
    await bob.asks("join", group=group)


@case("G-INVITE-8")
async def an_invitation_waits_beyond_a_quit(w: World) -> None:
    """Alice invites bob, who is away; he comes only to quit and gets nothing, comes back, and gets the invitation."""
    alice, gone = await w.user("alice"), await _away(w)
    group = await w.group_of(alice, private=True)
    await alice.asks("invite", group=group, dest=gone.name)
    _got_nothing(await _comes_to_quit(w, gone), group)
    bob = await w.returns(gone)
    await bob.hears("server-invite", sender=alice.name, group=group, dest=bob.name)


@case("G-INVITE-8")
async def an_invitation_to_a_public_group_waits(w: World) -> None:
    """Alice invites bob, who is away, to her public group; when he comes back he gets server-invite."""
    alice, gone = await w.user("alice"), await _away(w)
    group = await w.group_of(alice)
    await alice.asks("invite", group=group, dest=gone.name)
    bob = await w.returns(gone)
    await bob.hears("server-invite", sender=alice.name, group=group, dest=bob.name)


@case("G-INVITE-8")
async def what_waited_is_the_same_invitation(w: World) -> None:
    """Alice invites bob, who is away; what he gets equals her copy but for id, with the ts and seq of then."""
    alice, gone = await w.user("alice"), await _away(w)
    group = await w.group_of(alice, private=True)
    own = await alice.asks("invite", group=group, dest=gone.name)
    await alice.given("gbroadcast", group=group, msg=w.text())
    bob = await w.returns(gone)
    waited = await bob.hears("server-invite", sender=alice.name, group=group, dest=bob.name)
    must(dict(waited) == without(own, "id"), "the copies must be equal but for id", without(own, "id"), waited)


@case("G-INVITE-8")
async def an_invitation_comes_when_its_sender_has_gone(w: World) -> None:
    """Carol, a member, invites bob, who is away, leaves the group and goes; he gets the invitation all the same."""
    alice, carol, gone = await w.user("alice"), await w.user("carol"), await _away(w)
    group = await w.group_of(alice, carol, private=True)
    await carol.asks("invite", group=group, dest=gone.name)
    await carol.given("leave", group=group)
    await goes(carol)
    bob = await w.returns(gone)
    await bob.hears("server-invite", sender=carol.name, group=group, dest=bob.name)
    await bob.asks("join", group=group)


@case("G-INVITE-8")
async def an_invitation_comes_once(w: World) -> None:
    """Alice invites bob, who is away; he gets the invitation when he comes back, and not when he does so again."""
    alice, gone = await w.user("alice"), await _away(w)
    group = await w.group_of(alice, private=True)
    await alice.asks("invite", group=group, dest=gone.name)
    bob = await w.returns(gone)
    await bob.hears("server-invite", sender=alice.name, group=group, dest=bob.name)
    await bob.hears_nothing_about(group, after=alice, but=1)
    await goes(bob)
    bob = await w.returns(bob)
    await bob.hears_nothing_about(group, after=alice)


async def _gets_the_open_one_only(w: World, alice: User, gone: User, ended: str) -> None:
    """Prove that of two invitations, one of them ended, the one that is open comes."""
    group = await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=gone.name)
    bob = await w.returns(gone)
    await bob.hears("server-invite", sender=alice.name, group=group, dest=bob.name)
    await bob.hears_nothing_about(ended, after=alice)


@case("G-INVITE-8")
async def a_ban_ends_an_invitation_that_waits(w: World) -> None:
    """Alice invites bob, who is away, and bans him; when he comes back he does not get the invitation."""
    alice, gone = await w.user("alice"), await _away(w)
    group = await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=gone.name)
    await alice.given("ban", group=group, dest=gone.name, reason="a mistake")
    await _gets_the_open_one_only(w, alice, gone, group)


@case("G-INVITE-8")
async def an_unban_does_not_bring_the_invitation_back(w: World) -> None:
    """Alice invites bob, who is away, bans and unbans him; when he comes back he does not get the invitation."""
    alice, gone = await w.user("alice"), await _away(w)
    group = await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=gone.name)
    await alice.given("ban", group=group, dest=gone.name, reason="a mistake")
    await alice.given("unban", group=group, dest=gone.name)
    await _gets_the_open_one_only(w, alice, gone, group)


@case("G-INVITE-8")
async def an_invitation_after_a_ban_waits(w: World) -> None:
    """Alice invites, bans, unbans and invites bob again while he is away; he gets the last invitation alone."""
    alice, gone = await w.user("alice"), await _away(w)
    group = await w.group_of(alice, private=True)
    await alice.given("invite", group=group, dest=gone.name)
    await alice.given("ban", group=group, dest=gone.name, reason="a mistake")
    await alice.given("unban", group=group, dest=gone.name)
    last = await alice.given("invite", group=group, dest=gone.name)
    bob = await w.returns(gone)
    await bob.hears("server-invite", sender=alice.name, group=group, dest=bob.name, seq=last["seq"])
    await bob.hears_nothing_about(group, after=alice, but=1)

"""Level auth: names with a password."""

from typing import Any

from tchat_conform.case import case
from tchat_conform.expect import words
from tchat_conform.steps import forges, goes, lists
from tchat_conform.user import User
from tchat_conform.verdict import must
from tchat_conform.world import World

HASHING_SECONDS = 5.0
"""A password is slow to check by design."""

LONGEST_PASSWORD = 1_024
SECRET = {"pass": "correct horse"}
WRONG = {"pass": "battery staple"}


async def _protected(w: World, who: str, password: dict[str, str] = SECRET) -> User:
    """Return somebody who came with a password, under a name that is protected since."""
    w.allow(HASHING_SECONDS)
    user = await w.stranger(who)
    await user.given("client-hello", **password)
    return user


async def _is_turned_away(w: World, owner: User, action: str = "client-hello", **fields: Any) -> User:
    """Let eve come in the name of somebody who is away: auth-failed. Returns eve, whose connection is unbound."""
    eve = await w.stranger("eve")
    await forges(eve, owner, "auth-failed", action, **fields)
    return eve


@case("I-AUTH-1", slow=True)
async def the_first_password_protects_a_new_name(w: World) -> None:
    """Alice comes with a password under a new name and goes; without the password nobody gets in, with it she does."""
    alice = await _protected(w, "alice")
    await goes(alice)
    await _is_turned_away(w, alice)
    await w.comes_back(alice, **SECRET)


@case("I-AUTH-1", slow=True)
async def the_first_password_protects_a_known_name(w: World) -> None:
    """Alice was there without a password and comes back with one; from then on the name needs it."""
    w.allow(HASHING_SECONDS)
    alice = await w.user("alice")
    await goes(alice)
    alice = await w.comes_back(alice, **SECRET)
    await goes(alice)
    await _is_turned_away(w, alice)
    await w.comes_back(alice, **SECRET)


@case("I-AUTH-1", slow=True)
async def a_further_hello_protects_the_name(w: World) -> None:
    """Alice says hello without a password and again with one; from then on the name needs it."""
    w.allow(HASHING_SECONDS)
    alice = await w.user("alice")
    await alice.asks("client-hello", **SECRET)
    await goes(alice)
    await _is_turned_away(w, alice)
    await w.comes_back(alice, **SECRET)


@case("I-AUTH-1", slow=True)
async def a_password_protects_one_name_alone(w: World) -> None:
    """Alice protects her name; bob, who never gave a password, comes and comes back without one."""
    await _protected(w, "alice")
    bob = await w.stranger("bob")
    await bob.asks("client-hello")
    await goes(bob)
    await w.comes_back(bob)


@case("I-AUTH-1", slow=True)
async def two_names_may_have_different_passwords(w: World) -> None:
    """Alice and bob have different passwords; each gets in with its own, and not with the other's."""
    alice, bob = await _protected(w, "alice", SECRET), await _protected(w, "bob", WRONG)
    for user, own, others in ((alice, SECRET, WRONG), (bob, WRONG, SECRET)):
        await goes(user)
        await _is_turned_away(w, user, **others)
        await w.comes_back(user, **own)


@case("I-AUTH-1", slow=True)
async def a_refused_hello_protects_nothing(w: World) -> None:
    """Eve says hello with a password as alice, who is online, and is refused; alice's name stays without one."""
    w.allow(HASHING_SECONDS)
    alice, eve = await w.user("alice"), await w.stranger("eve")
    await forges(eve, alice, "name-taken", "client-hello", **WRONG)
    await goes(alice)
    alice = await w.comes_back(alice)
    await alice.asks("client-hello", **SECRET)
    await goes(alice)
    await _is_turned_away(w, alice)


@case("I-AUTH-1", slow=True)
async def a_password_in_another_request_protects_nothing(w: World) -> None:
    """Alice's first request is a listing with a pass, which only hello has; she comes back without a password."""
    w.allow(HASHING_SECONDS)
    alice = await w.stranger("alice")
    await alice.asks("client-list-clients", **SECRET)
    await goes(alice)
    await w.comes_back(alice)


@case("I-AUTH-1", slow=True)
async def an_illegal_password_protects_nothing(w: World) -> None:
    """Alice says hello with an empty password and with 1,025 characters, gets bad-message, and comes in without."""
    w.allow(HASHING_SECONDS)
    alice = await w.stranger("alice")
    await alice.is_refused("bad-message", "client-hello", field="/pass", **{"pass": ""})
    await alice.is_refused("bad-message", "client-hello", field="/pass", **{"pass": "x" * (LONGEST_PASSWORD + 1)})
    await alice.asks("client-hello")
    await goes(alice)
    await w.comes_back(alice)


@case("I-AUTH-1", slow=True)
async def the_first_password_stays(w: World) -> None:
    """Alice gives a second password, is refused, and goes; the name still needs the first one."""
    alice = await _protected(w, "alice")
    await alice.is_refused("auth-failed", "client-hello", **WRONG)
    await alice.still_works()
    await goes(alice)
    await _is_turned_away(w, alice, **WRONG)
    await w.comes_back(alice, **SECRET)


@case("I-AUTH-1", slow=True)
async def passwords_are_told_to_nobody(w: World) -> None:
    """Alice comes with a password; neither her own answer nor what bob hears of her mentions it."""
    w.allow(HASHING_SECONDS)
    bob, alice, password = await w.user("bob"), await w.stranger("alice"), w.fresh("secret")
    answer = await alice.asks("client-hello", **{"pass": password})
    must(password not in words(answer), "the password must not be repeated", None, answer)
    await bob.hears_nothing_about(password, after=alice)


@case("I-AUTH-2", slow=True)
async def the_right_password_opens(w: World) -> None:
    """Alice comes back with her password and gets server-hello; then bob's messages reach her."""
    alice = await _protected(w, "alice")
    await goes(alice)
    alice, bob, text = await w.comes_back(alice, **SECRET), await w.user("bob"), w.text()
    await bob.asks("client-send", to=alice.name, msg=text)
    await alice.hears("server-send", **{"from": bob.name}, to=alice.name, msg=text)


@case("I-AUTH-2", slow=True)
async def no_password_is_refused(w: World) -> None:
    """Eve says hello as alice, who is away, without her password and gets auth-failed; with it alice gets in."""
    alice = await _protected(w, "alice")
    await goes(alice)
    await _is_turned_away(w, alice)
    await w.comes_back(alice, **SECRET)


async def _only_exactly(w: World, right: str, wrong: str) -> None:
    alice = await _protected(w, "alice", {"pass": right})
    await goes(alice)
    await _is_turned_away(w, alice, **{"pass": wrong})
    await w.comes_back(alice, **{"pass": right})


@case("I-AUTH-2", slow=True)
async def a_wrong_password_is_refused(w: World) -> None:
    """Eve says hello as alice with a wrong password and gets auth-failed; with the right one alice gets in."""
    await _only_exactly(w, "correct horse", "battery staple")


@case("I-AUTH-2", slow=True)
async def passwords_differ_by_case(w: World) -> None:
    """Alice's password is refused in capitals, and accepted as it is."""
    await _only_exactly(w, "correct horse", "CORRECT HORSE")


@case("I-AUTH-2", slow=True)
async def passwords_differ_by_spaces_at_the_end(w: World) -> None:
    """Alice's password is refused with a space behind it, and accepted as it is."""
    await _only_exactly(w, "correct horse", "correct horse ")


@case("I-AUTH-2", slow=True)
async def the_start_of_a_password_is_refused(w: World) -> None:
    """The first characters of alice's password are refused, and the whole is accepted."""
    await _only_exactly(w, "correct horse", "correct")


@case("I-AUTH-2", slow=True)
async def long_passwords_count_to_the_last_character(w: World) -> None:
    """A password of 1,024 characters is refused with another last character, and accepted as it is."""
    same = "x" * (LONGEST_PASSWORD - 1)
    await _only_exactly(w, same + "y", same + "z")


@case("I-AUTH-2", slow=True)
async def passwords_may_hold_any_character(w: World) -> None:
    """A password with accents, NUL and emoji is refused with another end behind the NUL, and accepted as it is."""
    await _only_exactly(w, "Ça\x00 va 🙂", "Ça\x00 va 🙁")


@case("I-AUTH-2", slow=True)
async def who_was_refused_may_try_again(w: World) -> None:
    """Alice mistypes her password, gets auth-failed, and says hello again on the same connection with the right one."""
    alice = await _protected(w, "alice")
    await goes(alice)
    again = await w.stranger("alice", alice.name)
    await again.is_refused("auth-failed", "client-hello", **WRONG)
    await again.asks("client-hello", **SECRET)
    await again.still_works()


@case("I-AUTH-2", slow=True)
async def a_refused_hello_is_noticed_by_nobody(w: World) -> None:
    """Eve says hello as alice with a wrong password; bob hears of no coming, and alice is not listed."""
    bob, alice = await w.user("bob"), await _protected(w, "alice")
    await goes(alice)
    await w.builds_on(bob.hears("server-presence", **{"from": alice.name}, online=False), by="server-presence")
    known = len(bob.heard_about(alice.name))
    eve = await _is_turned_away(w, alice, **WRONG)
    await eve.given("client-hello")
    await bob.hears_nothing_about(alice.name, after=eve, but=known)
    must(not await lists(bob, alice.name), "alice is away and must not be listed", None, alice.name)
    await w.comes_back(alice, **SECRET)


@case("I-AUTH-2", slow=True)
async def a_refused_hello_gets_no_mail(w: World) -> None:
    """Bob wrote to alice while she was away; eve, with a wrong password, gets nothing of it, and alice gets it."""
    w.needs_feature("offline")
    bob, alice, text = await w.user("bob"), await _protected(w, "alice"), w.text()
    await goes(alice)
    await bob.given("client-send", to=alice.name, msg=text)
    eve = await _is_turned_away(w, alice, **WRONG)
    await eve.given("client-hello")
    await eve.hears_nothing_about(text, after=bob)
    alice = await w.comes_back(alice, **SECRET)
    await alice.hears("server-send", **{"from": bob.name}, to=alice.name, msg=text)


@case("I-AUTH-2", restarts=True)
async def passwords_survive_a_restart(w: World) -> None:
    """Alice's name has a password; after a restart of the server the name needs it still."""
    alice = await _protected(w, "alice")
    await goes(alice)
    await w.restart()
    await _is_turned_away(w, alice)
    await _is_turned_away(w, alice, **WRONG)
    await w.comes_back(alice, **SECRET)


async def _needs_hello(w: World, action: str, **fields: Any) -> tuple[User, User]:
    """Let eve begin with a request in the protected name of alice, who is away: refused. Returns both."""
    alice = await _protected(w, "alice")
    await goes(alice)
    eve = await _is_turned_away(w, alice, action, **fields)
    await eve.asks("client-hello")
    await eve.asks(action, **fields)
    return alice, eve


@case("I-AUTH-3", slow=True)
async def a_message_in_a_protected_name_is_refused(w: World) -> None:
    """Eve's first request is a message in alice's protected name: auth-failed; bob gets it in eve's name only."""
    bob, text = await w.user("bob"), w.text()
    alice, eve = await _needs_hello(w, "client-send", to=bob.name, msg=text)
    await _came_once(bob, text, alice, eve)


@case("I-AUTH-3", slow=True)
async def a_broadcast_in_a_protected_name_is_refused(w: World) -> None:
    """Eve's first request is a broadcast in alice's protected name: auth-failed; bob gets it in eve's name only."""
    bob, text = await w.user("bob"), w.text()
    alice, eve = await _needs_hello(w, "client-broadcast", msg=text)
    await _came_once(bob, text, alice, eve)


async def _came_once(hearer: User, text: str, forged: User, forger: User) -> None:
    await hearer.hears_nothing_about(text, after=forger, but=1)
    got = [each for each in hearer.heard_about(text) if forged.name in words(each)]
    must(not got, "nothing may come in the protected name", "nothing", got[0] if got else None)


@case("I-AUTH-3", slow=True)
async def a_listing_in_a_protected_name_is_refused(w: World) -> None:
    """Eve's first request is a listing in alice's protected name: auth-failed; in her own name she gets the list."""
    await _needs_hello(w, "client-list-clients")


@case("I-AUTH-3", slow=True)
async def quitting_in_a_protected_name_is_refused(w: World) -> None:
    """Eve's first request is client-quit in alice's protected name: auth-failed; she stays connected."""
    await _needs_hello(w, "client-quit")


@case("I-AUTH-3", slow=True)
async def a_group_request_in_a_protected_name_is_refused(w: World) -> None:
    """Eve's first request creates a group in alice's protected name: auth-failed; the group is eve's who creates it."""
    await w.group_of(await w.user("carol"))
    group = w.group()
    _, eve = await _needs_hello(w, "cgroupe", group=group)
    answer = await eve.asks("members", group=group)
    must(answer["members"] == [eve.name], "nobody but eve is in the group", eve.name, answer)


@case("I-AUTH-3", slow=True)
async def the_password_counts_in_hello_alone(w: World) -> None:
    """Alice comes back with a listing that carries her password and gets auth-failed; after hello she gets the list."""
    alice = await _protected(w, "alice")
    await goes(alice)
    again = await w.stranger("alice", alice.name)
    await again.is_refused("auth-failed", "client-list-clients", **SECRET)
    await again.asks("client-hello", **SECRET)
    await again.asks("client-list-clients")

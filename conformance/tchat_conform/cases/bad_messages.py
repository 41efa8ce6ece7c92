"""Level robustness: messages that are no request, and connections that outlive every refusal."""

from dataclasses import dataclass
from typing import Any

from tchat_conform.case import Script, case
from tchat_conform.steps import sends, without
from tchat_conform.user import User
from tchat_conform.verdict import must
from tchat_conform.world import World
from tchat_protocol import schemas

NAMES = ("from", "sender", "name", "to", "dest", "group")
WRONG: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(NAMES, (7, None, True, ["x"], {"name": "x"})),
    **dict.fromkeys(("msg", "reason", "code"), (7, None, False, ["x"], {"text": "x"})),
    "private": ("true", "private", 1, 0, None, [True]),
    "pass": (7, None, True, ["x"], "", "x" * 1025),
}
"""Values that no field of this name may have. Those of ``limit`` and ``before`` are a matter of level paging."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Alice's group, with bob in it, carol outside and dave banned: every request is legal for somebody."""

    alice: User
    bob: User
    carol: User
    dave: User
    group: str


async def _scene(w: World) -> Scene:
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, bob)
    await alice.given("ban", group=group, dest=dave.name, reason="")
    return Scene(alice, bob, carol, dave, group)


def _legal(action: str, scene: Scene) -> tuple[User, dict[str, Any]]:
    """Return who may send a request in this scene, and its fields."""
    w, group = scene.alice.world, {"group": scene.group}
    fields: dict[str, dict[str, Any]] = {
        "client-send": {"to": scene.bob.name, "msg": w.text()},
        "client-broadcast": {"msg": w.text()},
        "client-error": {"code": "interrupted", "msg": "the terminal was closed"},
        "cgroupe": {"group": w.group()},
        "gbroadcast": {**group, "msg": w.text()},
        "invite": {**group, "dest": scene.carol.name},
        "kick": {**group, "dest": scene.bob.name, "reason": "loud"},
        "ban": {**group, "dest": scene.bob.name, "reason": "loud"},
        "unban": {**group, "dest": scene.dave.name},
    }
    of_group = "group" in schemas.schema("requests", action)["properties"]
    return scene.carol if action == "join" else scene.alice, fields.get(action, group if of_group else {})


async def _is_legal_still(user: User, action: str, fields: dict[str, Any]) -> None:
    """Prove that the connection goes on and takes the same request where nothing is wrong with it."""
    await user.still_works()
    if schemas.answer_to(action) is None:
        await user.says(action, **fields)
        await user.is_closed()
    else:
        await user.asks(action, **fields)


def _needs_its_fields(action: str) -> None:
    """Register a case about a request that lacks each of its fields in turn."""
    required = [field for field in schemas.schema("requests", action)["required"] if field != "action"]

    async def script(w: World) -> None:
        user, fields = _legal(action, await _scene(w))
        for field in required:
            request = without(user.request(action, **fields), field)
            await user.connection.send(request)
            await user.gets_error("bad-message", request, field=f"/{field}")
        await _is_legal_still(user, action, fields)

    script.__name__ = f"{action.replace('-', '_')}_needs_its_fields"
    script.__doc__ = (
        f"Alice or carol sends {action} without {' and without '.join(required)}: bad-message, which names the field."
    )
    registered: Script = script
    case("W-FORM-1")(registered)


def _needs_their_types(action: str) -> None:
    """Register a case about a request with values of a wrong type in each of its fields in turn."""
    typed = [field for field in schemas.schema("requests", action)["properties"] if field in WRONG]

    async def script(w: World) -> None:
        user, fields = _legal(action, await _scene(w))
        for field in typed:
            # a server without passwords ignores the field
            for wrong in WRONG[field] if field != "pass" or "auth" in w.run.features else ():
                request = await user.says(action, **{**fields, field: wrong})
                await user.gets_error("bad-message", request, field=f"/{field}")
        await _is_legal_still(user, action, fields)

    script.__name__ = f"{action.replace('-', '_')}_needs_their_types"
    script.__doc__ = (
        f"Alice or carol sends {action} with numbers, null, lists and the like for {', '.join(typed)}: "
        "bad-message, which names the field."
    )
    registered: Script = script
    case("W-FORM-1")(registered)


for _action in schemas.actions("requests"):
    _needs_its_fields(_action)
    _needs_their_types(_action)


@case("W-FORM-1")
async def a_bad_id_is_named(w: World) -> None:
    """Alice sends ids that are none: bad-message at /id, without an id; a request with a good one is answered."""
    alice = await w.user("alice")
    for wrong in (None, True, 1.5, "", "x" * 65, 2**53, [1], {"id": 1}):
        request = {**alice.request("client-list-clients"), "id": wrong}
        await alice.connection.send(request)
        answer = await alice.gets_error("bad-message", without(request, "id"), field="/id")
        must("id" not in answer, "an id that is none is not repeated", None, answer)
    await alice.asks("client-list-clients")


@case("W-FORM-1")
async def what_is_refused_for_its_form_is_not_done(w: World) -> None:
    """Alice's kick of bob lacks its reason, and her group a boolean: bob is still a member, and no group is there."""
    alice, bob = await w.users("alice", "bob")
    group, missing = await w.group_of(alice, bob), w.group()
    await alice.is_refused("bad-message", "kick", field="/reason", group=group, dest=bob.name)
    await alice.is_refused("bad-message", "cgroupe", field="/private", group=missing, private="true")
    await bob.hears_nothing_about(missing, after=alice)
    await alice.hears_copy_of(await bob.asks("gbroadcast", group=group, msg=w.text()))
    await alice.asks("cgroupe", group=missing)


async def _has_no_action(w: World, wrong: dict[str, Any]) -> None:
    """Have alice send an object whose action is missing or no string; the same with an action is answered."""
    alice = await w.user("alice")
    request = {**without(alice.request("client-list-clients"), "action"), **wrong}
    await alice.connection.send(request)
    await alice.gets_error("bad-message", request, field="/action")
    await alice.still_works()
    await sends(alice, {**request, "action": "client-list-clients"})


@case("W-FORM-2")
async def an_object_without_action_is_refused(w: World) -> None:
    """Alice sends an object without action: bad-message at /action."""
    await _has_no_action(w, {})


@case("W-FORM-2")
async def an_empty_object_is_refused(w: World) -> None:
    """Alice sends an empty object: bad-message at /action, and she goes on."""
    alice = await w.user("alice")
    await alice.connection.send_bytes(b"{}\n")
    await alice.gets_error("bad-message", {}, field="/action")
    await alice.still_works()


@case("W-FORM-2")
async def a_number_is_no_action(w: World) -> None:
    """Alice sends a number for an action: bad-message at /action."""
    await _has_no_action(w, {"action": 7})


@case("W-FORM-2")
async def null_is_no_action(w: World) -> None:
    """Alice sends null for an action: bad-message at /action."""
    await _has_no_action(w, {"action": None})


@case("W-FORM-2")
async def true_is_no_action(w: World) -> None:
    """Alice sends true for an action: bad-message at /action."""
    await _has_no_action(w, {"action": True})


@case("W-FORM-2")
async def a_list_is_no_action(w: World) -> None:
    """Alice sends a list with an action in it: bad-message at /action, and nothing is listed."""
    await _has_no_action(w, {"action": ["client-list-clients"]})


@case("W-FORM-2")
async def an_object_is_no_action(w: World) -> None:
    """Alice sends an object for an action: bad-message at /action."""
    await _has_no_action(w, {"action": {"name": "client-list-clients"}})


@case("W-OPEN-1")
async def the_connection_outlives_refusals_for_form(w: World) -> None:
    """Alice gets bad-json, bad-message, unknown-action and sender-mismatch; her connection goes on."""
    alice, bob = await w.users("alice", "bob")
    await alice.connection.send_bytes(b"oops\n")
    await alice.gets_error("bad-json", None)
    await alice.is_refused("bad-message", "join", field="/group")
    dance = {"action": "dance", "sender": alice.name, "id": w.fresh_id()}
    await alice.connection.send(dance)
    await alice.gets_error("unknown-action", dance)
    await alice.is_refused("sender-mismatch", "client-broadcast", **{"from": bob.name}, msg=w.text())
    await bob.hears_copy_of(await alice.asks("client-send", to=bob.name, msg=w.text()))


@case("W-OPEN-1")
async def the_connection_outlives_refusals_without_a_name(w: World) -> None:
    """Before hello eve gets bad-json, bad-message, unknown-action and name-taken; then she comes in under her name."""
    alice, eve = await w.user("alice"), await w.stranger("eve")
    await eve.connection.send_bytes(b"oops\n")
    await eve.gets_error("bad-json", None)
    await eve.is_refused("bad-message", "join", field="/group")
    dance = {"action": "dance", "sender": eve.name, "id": w.fresh_id()}
    await eve.connection.send(dance)
    await eve.gets_error("unknown-action", dance)
    await eve.is_refused("name-taken", "client-hello", **{"from": alice.name})
    await eve.asks("client-hello")
    await alice.hears_copy_of(await eve.asks("client-send", to=alice.name, msg=w.text()))


@case("W-OPEN-1")
async def the_connection_outlives_refusals_of_users(w: World) -> None:
    """Alice writes to nobody and invites nobody: unknown-user; her connection goes on."""
    alice, bob = await w.users("alice", "bob")
    group, nobody = await w.group_of(alice, bob), w.fresh("nobody")
    await alice.is_refused("unknown-user", "client-send", to=nobody, msg=w.text())
    await alice.is_refused("unknown-user", "invite", group=group, dest=nobody)
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=w.text()))


@case("W-OPEN-1")
async def an_owner_s_connection_outlives_refusals(w: World) -> None:
    """Alice, who owns a group, gets every refusal that an owner can get; her connection goes on."""
    alice, bob, carol, dave = await w.users("alice", "bob", "carol", "dave")
    group = await w.group_of(alice, bob)
    await alice.given("ban", group=group, dest=dave.name, reason="")
    await alice.is_refused("group-exists", "cgroupe", group=group)
    await alice.is_refused("already-member", "join", group=group)
    await alice.is_refused("self-target", "kick", group=group, dest=alice.name, reason="")
    await alice.is_refused("not-member", "kick", group=group, dest=carol.name, reason="")
    await alice.is_refused("already-banned", "ban", group=group, dest=dave.name, reason="")
    await alice.is_refused("not-banned", "unban", group=group, dest=bob.name)
    await bob.hears_copy_of(await alice.asks("gbroadcast", group=group, msg=w.text()))


@case("W-OPEN-1")
async def an_outsider_s_connection_outlives_refusals(w: World) -> None:
    """Carol, outside, gets every refusal that the groups of others can give; her connection goes on."""
    alice, bob, carol = await w.users("alice", "bob", "carol")
    group, den, shut = await w.group_of(alice, bob), await w.group_of(alice, private=True), await w.group_of(alice)
    await alice.given("ban", group=shut, dest=carol.name, reason="")
    await carol.is_refused("unknown-group", "join", group=w.group())
    await carol.is_refused("not-member", "gbroadcast", group=group, msg=w.text())
    await carol.is_refused("not-owner", "kick", group=group, dest=bob.name, reason="")
    await carol.is_refused("not-invited", "join", group=den)
    await carol.is_refused("banned", "join", group=shut)
    await carol.asks("join", group=group)
    await bob.hears_copy_of(await carol.asks("gbroadcast", group=group, msg=w.text()))

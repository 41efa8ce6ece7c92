"""Further faults: rarer ones, each of which a single case or two look for."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from conform.mutants.registry import mutant
from conform.mutants.tools import first, sends_bytes, told_to, turns_out
from conform.mutants.wire import decodes, reads
from tchat_protocol.errors import ErrorCode, Refusal
from tchat_protocol.framing import BadInput
from tchat_server import changes, identity, pages, rooms
from tchat_server.answers import encode_answer
from tchat_server.app import App
from tchat_server.connection import Connection
from tchat_server.delivery import Entry, Reach
from tchat_server.outcome import Outcome
from tchat_server.state import Group
from tchat_server.store import Store


@mutant("A-REFUSE-1")
def does_what_it_refuses(patch: pytest.MonkeyPatch) -> None:
    """A refused request has its effect all the same."""
    decide = rooms.decide

    def decided(state: Any, request: Any, now: Any) -> Any:
        try:
            return decide(state, request, now)
        except Refusal as refusal:
            group = state.groups.get(request.fields.get("group", ""))
            if group is not None:
                _obey(group, request, refusal.code)
            raise

    patch.setattr(rooms, "decide", decided)


def _obey(group: Group, request: Any, code: ErrorCode) -> None:
    if code is ErrorCode.NOT_OWNER or code is ErrorCode.SELF_TARGET:
        group.members.pop(request.fields["dest"], None)
    elif code is ErrorCode.NOT_MEMBER or code is ErrorCode.GROUP_EXISTS:
        group.members[request.sender] = None
    elif code is ErrorCode.ALREADY_MEMBER or code is ErrorCode.NOT_BANNED:
        group.members.pop(request.fields.get("dest", request.sender), None)


@mutant("A-SEQ-1")
def numbers_history_anew(patch: pytest.MonkeyPatch) -> None:
    """The items of a page are numbered from 1."""
    fill = pages.fill

    def filled(*asked: Any) -> Any:
        answer = fill(*asked)
        for items in (each for each in answer.values() if isinstance(each, list)):
            for number, item in enumerate(items, 1):
                item["seq"] = number
        return answer

    patch.setattr(pages, "fill", filled)


@mutant("E-ORDER-2")
def looks_for_bans_when_creating(patch: pytest.MonkeyPatch) -> None:
    """Who is banned from a group gets banned for creating it, too."""

    def check(ask: Any) -> None:
        group = ask.state.groups.get(ask.fields["group"])
        if group is not None:
            rooms._refuse_banned(group, ask.sender)

    first(patch, "cgroupe", check)


@mutant("E-ORDER-2")
def looks_at_dest_before_the_group(patch: pytest.MonkeyPatch) -> None:
    """Whom a request is about is checked before the group."""
    find = rooms._group

    def found(ask: Any) -> Group:
        if ask.action in ("invite", "kick", "ban", "unban"):
            rooms._refuse_unknown_user(ask, ask.dest)
        if ask.action in ("kick", "ban"):
            rooms._refuse_self(ask)
        return find(ask)

    patch.setattr(rooms, "_group", found)


@mutant("G-CREATE-1")
def founds_in_word_only(patch: pytest.MonkeyPatch) -> None:
    """A new group is acknowledged and not made."""
    turns_out(patch, "cgroupe", lambda outcome, _: replace(outcome, changes=()))


@mutant("G-LEAVE-5")
def forgets_the_history_of_emptied_groups(patch: pytest.MonkeyPatch) -> None:
    """When the last member leaves, history and log of the group are lost."""
    emptied = set()
    history = Store.history

    def leave(outcome: Outcome, ask: Any) -> Outcome:
        if len(ask.state.groups[ask.fields["group"]].members) == 1:
            emptied.add(ask.fields["group"])
        return outcome

    def read(self: Store, page: Any) -> Any:
        return iter(()) if page.group in emptied else history(self, page)

    turns_out(patch, "leave", leave)
    patch.setattr(Store, "history", read)


@mutant("G-LEAVE-6")
def gives_groups_to_newcomers(patch: pytest.MonkeyPatch) -> None:
    """Whoever joins owns the group."""

    def join(outcome: Outcome, ask: Any) -> Outcome:
        owned = changes.OwnerChanged(ask.fields["group"], ask.sender)
        return replace(outcome, changes=(*outcome.changes, owned))

    turns_out(patch, "join", join)


@mutant("G-INVITE-4", "B-SEND-4")
def knows_only_who_is_online(patch: pytest.MonkeyPatch) -> None:
    """Who is offline is unknown."""

    def check(ask: Any, name: str) -> None:
        if name not in ask.state.online:
            raise Refusal(ErrorCode.UNKNOWN_USER, "Nobody.")

    patch.setattr(rooms, "_refuse_unknown_user", check)


@mutant("P-JOIN-2")
def counts_invitations_of_owners_only(patch: pytest.MonkeyPatch) -> None:
    """The invitation of a mere member is told, and lets nobody in."""

    def invite(outcome: Outcome, ask: Any) -> Outcome:
        owner = ask.state.groups[ask.fields["group"]].owner
        kept = tuple(
            each for each in outcome.changes if ask.sender == owner or not isinstance(each, changes.InvitationMade)
        )
        return replace(outcome, changes=kept)

    turns_out(patch, "invite", invite)


@mutant("P-JOIN-4")
def ends_all_invitations_at_a_ban(patch: pytest.MonkeyPatch) -> None:
    """A ban ends everybody's invitations."""

    def ban(outcome: Outcome, ask: Any) -> Outcome:
        group = ask.state.groups[ask.fields["group"]]
        ended = tuple(changes.InvitationEnded(group.name, name) for name in group.invited)
        return replace(outcome, changes=(*outcome.changes, *ended))

    turns_out(patch, "ban", ban)


@mutant("H-AWAY-1")
def forgets_owners_who_go(patch: pytest.MonkeyPatch) -> None:
    """Who disconnects owns nothing any more."""
    depart = App.depart

    def departed(self: App, connection: Any) -> None:
        for group in self._state.groups.values():
            if group.owner == connection.name:
                group.owner = None
        depart(self, connection)

    patch.setattr(App, "depart", departed)


LATE = 0.02
"""Seconds by which a slow server handles what came after the connection's end."""


def refuses_text(patch: pytest.MonkeyPatch, is_bad: Callable[[bytes], bool]) -> None:
    """Take more than is bad for bad-json."""
    decodes(patch, lambda _, feed, data: [BadInput("bad-json", "no", data[:80])] if is_bad(data) else list(feed(data)))


@mutant("W-BAD-5")
def refuses_all_surrogates(patch: pytest.MonkeyPatch) -> None:
    """A pair of escaped surrogates is refused as well."""
    refuses_text(patch, lambda data: b"\\ud" in data)


@mutant("W-BAD-6")
def counts_brackets_in_texts(patch: pytest.MonkeyPatch) -> None:
    """Brackets in a string count as nesting."""
    refuses_text(patch, lambda data: data.count(b"[") > 32)


@mutant("W-BAD-6")
def passes_over_deep_nesting(patch: pytest.MonkeyPatch) -> None:
    """Text nested too deep is passed over in silence."""
    decodes(
        patch,
        lambda _, feed, data: [
            each for each in feed(data) if not (isinstance(each, BadInput) and "nesting" in each.reason.lower())
        ],
    )


@mutant("W-BAD-7")
def drops_what_stands_before_bad_text(patch: pytest.MonkeyPatch) -> None:
    """A piece with bad text in it is dropped as a whole."""

    def feed(_: Any, own: Any, data: bytes) -> list[Any]:
        found = own(data)
        bad = [each for each in found if isinstance(each, BadInput)]
        return bad or found

    decodes(patch, feed)


@mutant("W-BAD-8")
def shows_bad_text_to_everyone(patch: pytest.MonkeyPatch) -> None:
    """Bad text is told to everyone online."""

    def taken(self: App, connection: Any, bad: BadInput) -> None:
        said = {"action": "server-error", "code": str(bad.code), "msg": bad.raw.decode("utf-8", "replace")}
        others = [other for other in self._online.values() if other is not connection]
        self._add(Entry(connection, encode_answer(said), encode_answer(said), Reach(others)))

    patch.setattr(App, "_take_bad_input", taken)


@mutant("I-NAME-4")
def takes_groups_for_users(patch: pytest.MonkeyPatch) -> None:
    """A group's messages reach the user who is called like it."""
    told_to(patch, "gbroadcast", lambda outcome, ask: (*outcome.audience, ask.fields["group"]))


@mutant("E-ORDER-1")
def looks_for_taken_names_before_forms(patch: pytest.MonkeyPatch) -> None:
    """A name in use is reported before a bad field."""
    take = App._take

    def taken(self: App, connection: Any, received: Any, proof: Any = None) -> None:
        if connection.name is None and isinstance(received, dict):
            for field in ("from", "sender", "name"):
                if received.get(field) in self._online:
                    raise Refusal(ErrorCode.NAME_TAKEN, "Taken.")
        take(self, connection, received, proof)

    patch.setattr(App, "_take", taken)


@mutant("E-ORDER-1")
def looks_at_dest_before_rights(patch: pytest.MonkeyPatch) -> None:
    """Whom a request is about is checked before who may make it."""

    def check(ask: Any, group: Group) -> None:
        rooms._refuse_unknown_user(ask, ask.dest)
        if ask.action == "invite":
            rooms._refuse_banned(group, ask.dest)
        if ask.action in ("kick", "ban"):
            rooms._refuse_self(ask)
        if ask.action == "kick":
            rooms._refuse_non_member(group, ask.dest)

    for action in ("invite", "kick", "ban", "unban"):
        first(patch, action, check)


@mutant("E-ORDER-1")
def looks_for_invitations_before_membership(patch: pytest.MonkeyPatch) -> None:
    """A member that joins a private group without an invitation is not-invited."""

    def check(ask: Any, group: Group) -> None:
        if group.private and ask.sender not in group.invited:
            raise Refusal(ErrorCode.NOT_INVITED, "No.")

    first(patch, "join", check)


@mutant("E-ORDER-1", "I-TAKEN-1")
def looks_for_taken_names_last(patch: pytest.MonkeyPatch) -> None:
    """A name in use is reported after what the group has to say."""
    admit = identity.admit

    def admitted(state: Any, bound: Any, request: Any, proof: Any = None) -> Any:
        group = request.fields.get("group")
        if bound is None and group is not None and request.action == "join" and group not in state.groups:
            raise Refusal(ErrorCode.UNKNOWN_GROUP, "No.")
        if bound is None and request.sender in state.online:
            return ()
        return admit(state, bound, request, proof)

    patch.setattr(identity, "admit", admitted)
    from conform.mutants.identity import hands_names_over  # noqa: PLC0415 - registered there already

    hands_names_over(patch)


@mutant("H-PAGE-2")
def finds_nothing_before_the_future(patch: pytest.MonkeyPatch) -> None:
    """A page before a number that does not exist yet is empty."""
    page = rooms._page

    def paged(action: Any, ask: Any, group: Any) -> Any:
        fields = dict(ask.fields)
        if fields.get("before", 0) > group.seq + 1:
            fields["before"] = 1
        return page(action, replace(ask, fields=fields), group)

    patch.setattr(rooms, "_page", paged)


@mutant("I-TLS-1")
def serves_little_by_tls(patch: pytest.MonkeyPatch) -> None:
    """Nothing but hello and private messages up to 200 characters is served."""

    def change(message: dict[str, Any]) -> dict[str, Any]:
        text = message.get("msg", "")
        if message.get("action") not in ("client-hello", "client-send") or not isinstance(text, str) or len(text) > 200:
            raise Refusal(ErrorCode.RATE_LIMITED, "Not here.")
        return message

    reads(patch, change)
    decodes(patch, lambda _, __, data: [_only_message(data)])
    patch.setattr(App, "_tell_presence", lambda *_, **__: None)


def _only_message(data: bytes) -> Any:
    from conform.mutants.wire import _parsed  # noqa: PLC0415

    return _parsed(data)


@mutant("I-TLS-1")
def answers_refusals_with_silence(patch: pytest.MonkeyPatch) -> None:
    """No refusal is sent, and names are free for all."""
    admit = identity.admit

    def admitted(state: Any, bound: Any, request: Any, proof: Any = None) -> Any:
        try:
            return admit(state, bound, request, proof)
        except Refusal:
            return ()

    patch.setattr(identity, "admit", admitted)
    patch.setattr(App, "_refuse", lambda *_: None)
    from conform.mutants.identity import hands_names_over  # noqa: PLC0415

    hands_names_over(patch)


@mutant("I-TLS-1")
def posts_nothing_by_tls(patch: pytest.MonkeyPatch) -> None:
    """A group message reaches its sender alone."""
    told_to(patch, "gbroadcast", lambda *_: ())


@mutant("I-TLS-1", "W-SIZE-3")
def cuts_long_answers(patch: pytest.MonkeyPatch) -> None:
    """An answer ends after 40,000 bytes."""
    sends_bytes(patch, lambda data: data if len(data) < 40_000 else data[:40_000])


@mutant("W-SEP-1")
def stumbles_over_spaces_between_messages(patch: pytest.MonkeyPatch) -> None:
    """Spaces or tabs between two messages are bad text."""
    refuses_text(patch, lambda data: re.search(rb"}[ \t]+{", data) is not None)


@mutant("W-VANISH-1")
def drops_what_the_vanished_had_sent(patch: pytest.MonkeyPatch) -> None:
    """Who goes at once after a message has not sent it."""
    receive = Connection.data_received

    def received(self: Connection, data: bytes) -> None:
        asyncio.get_running_loop().call_later(LATE, receive, self, data)

    patch.setattr(Connection, "data_received", received)

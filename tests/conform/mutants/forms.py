"""Faults of form: the right thing happens, and is said in another way than the protocol's."""

import json
from datetime import datetime
from typing import Any

import pytest
from msgspec.structs import replace

from conform.mutants.registry import mutant
from conform.mutants.tools import encodes, fills_pages, lacks, sends, sends_bytes, sends_instead, turns_out
from tchat_protocol import errors
from tchat_server import answers, app, pages, rooms
from tchat_server.outcome import Message


@mutant("A-FORM-1")
def leaves_out_times(patch: pytest.MonkeyPatch) -> None:
    """No message has ts."""
    sends(patch, lacks("ts"))


@mutant("B-SEND-1", "B-BCAST-1", "G-POST-1")
def tells_nobody_who_speaks(patch: pytest.MonkeyPatch) -> None:
    """What is said reaches everybody whom it is for, without a word about who said it."""
    said = {"server-send", "server-broadcast", "server-gbroadcast"}
    anonymous = lacks("from", "sender")
    sends(patch, lambda message: anonymous(message) if message["action"] in said else message)


@mutant("A-FORM-1", "A-TS-1")
def writes_times_in_local_form(patch: pytest.MonkeyPatch) -> None:
    """ts has no milliseconds."""
    sends(patch, lambda message: message | {"ts": message["ts"][:19] + "Z"} if "ts" in message else message)


@mutant("A-TS-1")
def runs_slow(patch: pytest.MonkeyPatch) -> None:
    """The server's time is that of another day."""
    sends(patch, lambda message: message | {"ts": "2001-01-01T00:00:00.000Z"} if "ts" in message else message)


@mutant("A-FORM-1", "A-SEQ-1")
def leaves_out_numbers(patch: pytest.MonkeyPatch) -> None:
    """No message has seq."""
    sends(patch, lacks("seq"))


@mutant("A-SEQ-1")
def counts_messages_only(patch: pytest.MonkeyPatch) -> None:
    """seq counts from zero."""
    sends(patch, lambda message: message | {"seq": message["seq"] - 1} if "seq" in message else message)


@mutant("A-SEQ-1", "A-SEQ-2")
def counts_in_steps_of_two(patch: pytest.MonkeyPatch) -> None:
    """seq has holes."""
    sends(patch, lambda message: message | {"seq": message["seq"] * 2 - 1} if "seq" in message else message)


@mutant("A-COPY-1")
def tells_the_others_another_time(patch: pytest.MonkeyPatch) -> None:
    """The copies of one message have times of their own."""
    encode = answers.encode_answer
    moments = iter(range(10**9))

    def encoded(message: Message) -> bytes:
        if "ts" not in message:
            return encode(message)
        stamp = datetime.fromtimestamp(next(moments)).isoformat(timespec="milliseconds")
        return encode(message | {"ts": f"{stamp}Z"})

    encodes(patch, encoded)


@mutant("W-ID-1")
def repeats_no_ids(patch: pytest.MonkeyPatch) -> None:
    """No answer repeats the id."""
    sends(patch, lacks("id"))


@mutant("W-ID-1")
def repeats_ids_as_text(patch: pytest.MonkeyPatch) -> None:
    """An id comes back as a string."""
    sends(
        patch,
        lambda message: (
            message | {"id": str(message["id"])} if "id" in message and message["action"] != "server-hello" else message
        ),
    )


@mutant("W-ID-1")
def repeats_ids_as_numbers(patch: pytest.MonkeyPatch) -> None:
    """An id of digits comes back as a number."""

    def change(message: Message) -> Message:
        text = message.get("id")
        return message | {"id": int(text)} if isinstance(text, str) and text.isdigit() else message

    sends(patch, change)


@mutant("W-ID-1")
def repeats_no_falsy_ids(patch: pytest.MonkeyPatch) -> None:
    """An id of 0 is taken for none."""
    sends(patch, lambda message: lacks("id")(message) if message.get("id") == 0 else message)


@mutant("W-ID-1")
def repeats_ids_as_doubles(patch: pytest.MonkeyPatch) -> None:
    """A large id loses its last digits."""

    def change(message: Message) -> Message:
        number = message.get("id")
        return message | {"id": number // 1000 * 1000} if isinstance(number, int) and abs(number) > 2**50 else message

    sends(patch, change)


@mutant("W-ID-1")
def cuts_long_ids(patch: pytest.MonkeyPatch) -> None:
    """An id of more than 32 characters is cut."""

    def change(message: Message) -> Message:
        text = message.get("id")
        return message | {"id": text[:32]} if isinstance(text, str) else message

    sends(patch, change)


@mutant("W-ID-1")
def refuses_without_id(patch: pytest.MonkeyPatch) -> None:
    """A refusal does not repeat the id."""
    sends_instead(patch, "server-error", lacks("id"))


@mutant("W-ID-2")
def gives_everyone_the_id(patch: pytest.MonkeyPatch) -> None:
    """All copies of an answer carry the requester's id."""
    handle = app.App._entry

    def entry(self: app.App, asked: Any, outcome: Any) -> Any:
        made = handle(self, asked, outcome)
        return replace(made, copy=made.own)

    patch.setattr(app.App, "_entry", entry)


@mutant("W-ID-2")
def makes_up_ids(patch: pytest.MonkeyPatch) -> None:
    """A message without an id gets one."""
    sends(patch, lambda message: {"id": 1} | message)


@mutant("E-CODE-1")
def makes_up_codes(patch: pytest.MonkeyPatch) -> None:
    """A refusal has a code of the server's own."""
    sends_instead(patch, "server-error", lambda message: message | {"code": message["code"].upper()})


@mutant("E-ECHO-1")
def names_no_refused_action(patch: pytest.MonkeyPatch) -> None:
    """A refusal does not say what was refused."""
    sends_instead(patch, "server-error", lacks("request"))


@mutant("E-ECHO-1")
def names_the_answer_instead(patch: pytest.MonkeyPatch) -> None:
    """A refusal names another action than the refused one."""
    sends_instead(
        patch, "server-error", lambda message: message | {"request": f"server-{message.get('request', '')}"[:64]}
    )


@mutant("W-FORM-1", "W-FORM-2")
def names_no_field(patch: pytest.MonkeyPatch) -> None:
    """A refusal does not say which field is at fault."""
    sends_instead(patch, "server-error", lacks("field"))


@mutant("W-FORM-1", "W-FORM-2")
def names_fields_without_slash(patch: pytest.MonkeyPatch) -> None:
    """The field at fault is no JSON pointer."""
    sends_instead(
        patch, "server-error", lambda message: {**message, **{k: v[1:] for k, v in message.items() if k == "field"}}
    )


@mutant("W-JSON-1")
def begins_with_a_mark(patch: pytest.MonkeyPatch) -> None:
    """Every message begins with a byte order mark."""
    sends_bytes(patch, lambda data: b"\xef\xbb\xbf" + data)


@mutant("W-JSON-1")
def writes_latin_1(patch: pytest.MonkeyPatch) -> None:
    """Messages are written in Latin-1."""
    sends_bytes(patch, lambda data: data.decode().encode("latin-1", "replace"))


@mutant("W-JSON-1")
def writes_lists(patch: pytest.MonkeyPatch) -> None:
    """Every message is wrapped in a list."""
    sends_bytes(patch, lambda data: b"[" + data.rstrip(b"\n") + b"]\n")


@mutant("W-LINE-1")
def ends_no_lines(patch: pytest.MonkeyPatch) -> None:
    """Messages have no line feed."""
    sends_bytes(patch, lambda data: data.rstrip(b"\n"))


@mutant("W-LINE-1")
def writes_prettily(patch: pytest.MonkeyPatch) -> None:
    """Messages are written over many lines."""
    sends_bytes(patch, lambda data: json.dumps(json.loads(data), indent=2).encode() + b"\n")


@mutant("I-HELLO-1")
def greets_with_another_version(patch: pytest.MonkeyPatch) -> None:
    """server-hello names another version."""
    sends_instead(patch, "server-hello", lambda message: message | {"version": "2.0"})


@mutant("I-HELLO-1")
def greets_without_features(patch: pytest.MonkeyPatch) -> None:
    """server-hello has no features."""
    sends_instead(patch, "server-hello", lacks("features"))


@mutant("I-HELLO-1")
def greets_nobody(patch: pytest.MonkeyPatch) -> None:
    """server-hello does not name the user."""
    sends_instead(patch, "server-hello", lacks("from"))


@mutant("B-QUIT-1")
def leaves_without_goodbye(patch: pytest.MonkeyPatch) -> None:
    """client-quit closes the connection without an answer."""
    sends_bytes(patch, lambda data: b"" if b'"server-quit"' in data else data)


@mutant("G-MEMBERS-1", "H-AWAY-3")
def lists_members_online_only(patch: pytest.MonkeyPatch) -> None:
    """members leaves out who is offline."""
    sends_instead(patch, "server-members", lambda message: message | {"members": message["online"]})


@mutant("G-MEMBERS-1", "H-AWAY-3")
def lists_all_as_online(patch: pytest.MonkeyPatch) -> None:
    """online names every member."""
    sends_instead(patch, "server-members", lambda message: message | {"online": message["members"]})


@mutant("G-MEMBERS-1", "G-CREATE-2", "G-LEAVE-4")
def lists_no_owner(patch: pytest.MonkeyPatch) -> None:
    """server-members says that nobody owns the group."""
    sends_instead(patch, "server-members", lambda message: message | {"owner": None})


@mutant("G-MEMBERS-1")
def lists_members_twice(patch: pytest.MonkeyPatch) -> None:
    """server-members names each member twice."""
    sends_instead(patch, "server-members", lambda message: message | {"members": message["members"] * 2})


@mutant("G-LEAVE-5", "G-MEMBERS-1")
def leaves_the_last_owner_in_place(patch: pytest.MonkeyPatch) -> None:
    """A group without members still names its last owner."""
    turns_out(patch, "members", lambda outcome, ask: _owned(outcome, ask.sender))


def _owned(outcome: Any, owner: str) -> Any:
    if outcome.answer["owner"] is None:
        outcome.answer["owner"] = owner
    return outcome


@mutant("B-LIST-1")
def lists_everyone_else(patch: pytest.MonkeyPatch) -> None:
    """client-list-clients leaves out who asks."""
    turns_out(
        patch,
        "client-list-clients",
        lambda outcome, ask: _with(outcome, clients=[name for name in ask.state.online if name != ask.sender]),
    )


@mutant("B-LIST-1")
def lists_everyone_known(patch: pytest.MonkeyPatch) -> None:
    """client-list-clients names who has gone."""
    turns_out(patch, "client-list-clients", lambda outcome, ask: _with(outcome, clients=list(ask.state.users)))


@mutant("B-LIST-1")
def lists_names_twice(patch: pytest.MonkeyPatch) -> None:
    """client-list-clients names everyone twice."""
    turns_out(patch, "client-list-clients", lambda outcome, ask: _with(outcome, clients=list(ask.state.online) * 2))
    patch.setattr(answers, "check_answer", lambda _: None)


def _rows(outcome: Any) -> Any:
    return outcome.answer["groups"]


def _with(outcome: Any, **fields: Any) -> Any:
    outcome.answer.update(fields)
    return outcome


@mutant("G-GROUPS-1")
def counts_members_wrongly(patch: pytest.MonkeyPatch) -> None:
    """groups counts one member too many."""
    sends_instead(
        patch,
        "server-groups",
        lambda message: message | {"groups": [row | {"members": row["members"] + 1} for row in message["groups"]]},
    )


@mutant("G-GROUPS-1")
def lists_groups_without_owner(patch: pytest.MonkeyPatch) -> None:
    """groups names no owners."""
    sends_instead(
        patch,
        "server-groups",
        lambda message: message | {"groups": [row | {"owner": None} for row in message["groups"]]},
    )


@mutant("G-GROUPS-1")
def lists_own_groups_only(patch: pytest.MonkeyPatch) -> None:
    """groups shows a user its own groups."""
    turns_out(
        patch,
        "groups",
        lambda outcome, ask: _with(
            outcome,
            groups=[row for row in _rows(outcome) if ask.sender in ask.state.groups[row["group"]].members],
        ),
    )


@mutant("P-LIST-1")
def lists_private_groups_to_all(patch: pytest.MonkeyPatch) -> None:
    """groups shows private groups to outsiders."""
    turns_out(
        patch,
        "groups",
        lambda outcome, ask: _with(
            outcome,
            groups=[
                {"group": each.name, "private": each.private, "owner": each.owner, "members": len(each.members)}
                for each in ask.state.groups.values()
            ],
        ),
    )


@mutant("P-LIST-1")
def hides_private_groups_from_all(patch: pytest.MonkeyPatch) -> None:
    """groups shows private groups to nobody."""
    sends_instead(
        patch,
        "server-groups",
        lambda message: message | {"groups": [row for row in message["groups"] if not row["private"]]},
    )


@mutant("P-LIST-1")
def hides_private_groups_from_invitees(patch: pytest.MonkeyPatch) -> None:
    """groups shows private groups to members alone."""
    turns_out(
        patch,
        "groups",
        lambda outcome, ask: _with(
            outcome,
            groups=[
                row
                for row in _rows(outcome)
                if not row["private"] or ask.sender in ask.state.groups[row["group"]].members
            ],
        ),
    )


@mutant("G-MSGS-1", "G-STATES-1", "H-PAGE-1")
def shows_the_newest_first(patch: pytest.MonkeyPatch) -> None:
    """msgs and states give the newest first."""

    def change(answer: Message) -> Message:
        return {key: value[::-1] if isinstance(value, list) else value for key, value in answer.items()}

    fills_pages(patch, change)


@mutant("G-MSGS-1", "H-AWAY-2", "G-MSGS-2", "H-RESTART-1")
def keeps_no_history(patch: pytest.MonkeyPatch) -> None:
    """msgs is always empty."""
    fills_pages(patch, lambda answer: answer | ({"messages": []} if "messages" in answer else {}))


@mutant("G-STATES-1", "H-RESTART-2")
def keeps_no_log(patch: pytest.MonkeyPatch) -> None:
    """states is always empty."""
    fills_pages(patch, lambda answer: answer | ({"events": []} if "events" in answer else {}))


@mutant("G-STATES-1")
def logs_without_reasons(patch: pytest.MonkeyPatch) -> None:
    """An event has neither dest nor reason."""
    fills_pages(patch, lambda answer: answer | {"events": [lacks("dest", "reason")(each) for each in answer["events"]]}
           if "events" in answer else answer)  # fmt: skip
    patch.setattr(answers, "check_answer", lambda _: None)


@mutant("G-STATES-1")
def logs_without_new_owners(patch: pytest.MonkeyPatch) -> None:
    """An event does not say who owns the group since."""
    fills_pages(patch, lambda answer: answer | {"events": [lacks("owner")(each) for each in answer["events"]]}
           if "events" in answer else answer)  # fmt: skip


@mutant("G-STATES-1")
def logs_under_the_wrong_name(patch: pytest.MonkeyPatch) -> None:
    """Every event is told of the same user."""
    fills_pages(patch, lambda answer: answer | {"events": [each | {"sender": "somebody"} for each in answer["events"]]}
           if "events" in answer else answer)  # fmt: skip


@mutant("H-PAGE-3")
def never_has_more(patch: pytest.MonkeyPatch) -> None:
    """more is always false."""
    fills_pages(patch, lambda answer: answer | {"more": False})


@mutant("H-PAGE-3")
def always_has_more(patch: pytest.MonkeyPatch) -> None:
    """more is always true."""
    fills_pages(patch, lambda answer: answer | {"more": True})


@mutant("H-PAGE-1")
def ignores_the_limit(patch: pytest.MonkeyPatch) -> None:
    """limit is ignored."""
    patch.setattr(rooms, "DEFAULT_LIMIT", 1000)
    page = rooms._page
    patch.setattr(
        rooms,
        "_page",
        lambda action, ask, group: page(action, _asked_without(ask, "limit"), group),
    )


@mutant("H-PAGE-1")
def pages_by_fifty(patch: pytest.MonkeyPatch) -> None:
    """A page has 50 items unless it is told otherwise."""
    patch.setattr(rooms, "DEFAULT_LIMIT", 50)


@mutant("H-PAGE-2", "H-PAGE-3")
def ignores_before(patch: pytest.MonkeyPatch) -> None:
    """before is ignored."""
    page = rooms._page
    patch.setattr(rooms, "_page", lambda action, ask, group: page(action, _asked_without(ask, "before"), group))


def _asked_without(ask: Any, field: str) -> Any:
    return type(ask)(ask.state, ask.action, ask.sender, lacks(field)(dict(ask.fields)), ask.ts)


@mutant("H-PAGE-2", "H-PAGE-3")
def includes_before(patch: pytest.MonkeyPatch) -> None:
    """A page includes the item named in before."""
    page = rooms._page

    def paged(action: Any, ask: Any, group: Any) -> Any:
        fields = {**ask.fields, **({"before": ask.fields["before"] + 1} if "before" in ask.fields else {})}
        return page(action, type(ask)(ask.state, ask.action, ask.sender, fields, ask.ts), group)

    patch.setattr(rooms, "_page", paged)


@mutant("W-SIZE-3")
def sends_pages_of_any_size(patch: pytest.MonkeyPatch) -> None:
    """A page may be longer than 1 MiB."""
    patch.setattr(pages, "MAX_REPLY_BYTES", 2**40)


@mutant("G-LEAVE-4", "G-LEAVE-6")
def names_no_new_owner(patch: pytest.MonkeyPatch) -> None:
    """join and leave do not name the new owner."""
    for action in ("server-join", "server-leave"):
        sends_instead(patch, action, lacks("owner"))


@mutant("P-CREATE-1", "G-CREATE-3")
def says_nothing_of_privacy(patch: pytest.MonkeyPatch) -> None:
    """server-cgroupe says the opposite of the group's privacy."""
    sends_instead(patch, "server-cgroupe", lambda message: message | {"private": not message["private"]})


@mutant("W-TEXT-2", "G-KICK-1", "G-BAN-1")
def drops_reasons(patch: pytest.MonkeyPatch) -> None:
    """kick and ban lose the reason."""
    for action in ("server-kick", "server-ban"):
        sends_instead(patch, action, lambda message: message | {"reason": "because"})


@mutant("W-TEXT-1")
def trims_texts(patch: pytest.MonkeyPatch) -> None:
    """White space around a text is lost."""
    sends(patch, lambda message: message | {"msg": message["msg"].strip() or "?"} if "msg" in message else message)


@mutant("W-TEXT-1")
def normalises_texts(patch: pytest.MonkeyPatch) -> None:
    """Texts are normalised like names."""
    from unicodedata import normalize  # noqa: PLC0415

    sends(patch, lambda message: message | {"msg": normalize("NFC", message["msg"])} if "msg" in message else message)


@mutant("W-TEXT-1")
def loses_odd_characters(patch: pytest.MonkeyPatch) -> None:
    """Control characters and those beyond the first plane are lost."""

    def change(message: Message) -> Message:
        kept = "".join(char for char in message.get("msg", "") if char.isprintable() and ord(char) < 0x10000)
        return message | {"msg": kept or "?"} if "msg" in message else message

    sends(patch, change)


@mutant("W-TEXT-1")
def escapes_markup(patch: pytest.MonkeyPatch) -> None:
    """Texts are escaped for a web page."""
    from html import escape  # noqa: PLC0415

    sends(patch, lambda message: message | {"msg": escape(message["msg"])} if "msg" in message else message)


@mutant("E-CODE-1")
def answers_with_a_code_unknown_to_the_list(patch: pytest.MonkeyPatch) -> None:
    """unknown-group is called no-such-group."""
    assert errors.ErrorCode.UNKNOWN_GROUP
    sends_instead(
        patch,
        "server-error",
        lambda message: message | {"code": message["code"].replace("unknown-group", "no-such-group")},
    )

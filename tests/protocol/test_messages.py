"""Requests as a server reads them, and the sentences with which a bad message is handed back to its author."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from corpus.build import corpus, messages
from tchat_protocol import names, schemas
from tchat_protocol.errors import ErrorCode, Refusal
from tchat_protocol.explain import Problem, problem
from tchat_protocol.messages import (
    InvalidMessage,
    check_answer,
    check_request,
    echo,
    is_valid,
    parse_request,
    problems,
    request_name_field,
)
from tchat_protocol.schemas import Kind

Message = dict[str, Any]

KINDS: tuple[Kind, ...] = ("requests", "answers")

JOIN: Message = {"action": "join", "sender": "alice", "group": "wob"}
MSGS: Message = {"action": "msgs", "sender": "alice", "group": "wob"}
TS = "2026-11-23T09:30:00.000Z"
QUIT: Message = {"action": "server-quit", "from": "alice"}
SEND: Message = {"action": "server-send", "from": "alice", "to": "bob", "msg": "hi", "ts": TS}
MEMBERS: Message = {
    "action": "server-members",
    "group": "wob",
    "private": False,
    "owner": "alice",
    "members": ["alice", "bob"],
    "online": [],
}
STATES: Message = {"action": "server-states", "group": "wob", "events": [], "more": False}
HELLO: Message = {"action": "server-hello", "from": "alice", "msg": "Hi.", "version": "1.0", "features": []}
ERROR: Message = {"action": "server-error", "code": "banned", "msg": "No."}

LENGTHENED_BY_NFC = "\u0958"  # one character that becomes two


def without(message: Message, field: str) -> Message:
    return {name: value for name, value in message.items() if name != field}


def refused(message: Message, *, strict: bool = False) -> Refusal:
    with pytest.raises(Refusal) as caught:
        parse_request(message, strict=strict)
    return caught.value


def sentences(message: Any, kind: Kind = "answers") -> list[str]:
    return [str(each) for each in problems(kind, message)]


class TestParsing:
    def test_a_request_is_taken_apart(self) -> None:
        request = parse_request({**JOIN, "id": "a-7"})
        assert request.action == "join"
        assert request.sender == "alice"
        assert request.fields == {"sender": "alice", "group": "wob"}
        assert request.id == "a-7"

    def test_a_request_without_id_has_none(self) -> None:
        assert parse_request(JOIN).id is None

    def test_the_message_itself_stays_as_it_came(self) -> None:
        message = {"action": "cgroup", "from": "Zoe\u0301", "group": "wob", "id": 1}
        parse_request(message)
        assert message == {"action": "cgroup", "from": "Zoe\u0301", "group": "wob", "id": 1}

    def test_unknown_fields_are_kept_as_they_came_and_not_looked_at(self) -> None:
        unknown: Message = {"__proto__": None, "ts": 7, "topic": "Zoe\u0301", "seq": 1.0}
        assert parse_request({**JOIN, **unknown}).fields == {"sender": "alice", "group": "wob", **unknown}
        assert parse_request({**JOIN, **unknown}).fields["topic"] == "Zoe\u0301"

    @pytest.mark.parametrize("action", schemas.actions("requests"))
    def test_every_valid_request_is_read_the_same_strictly_or_not(self, action: str) -> None:
        for message in messages("requests", valid=True):
            if message["action"] == action and "\u037e" not in "".join(map(str, message.values())):
                request = parse_request(message)
                assert request == parse_request(message, strict=True)
                check_request({**request.fields, "action": request.action})

    def test_an_integer_written_as_a_float_is_an_integer(self) -> None:
        request = parse_request({**MSGS, "limit": 20.0, "before": 1e2})
        assert {name: type(request.fields[name]) for name in ("limit", "before")} == {"limit": int, "before": int}
        assert (request.fields["limit"], request.fields["before"]) == (20, 100)

    @pytest.mark.parametrize("identifier", [0, -7, 1.0, "7"])
    def test_an_id_keeps_its_type_and_value(self, identifier: Any) -> None:
        request = parse_request({**JOIN, "id": identifier})
        assert (request.id, type(request.id)) == (identifier, type(identifier))


class TestAliases:
    @pytest.mark.parametrize("alias", ["from", "name"])
    def test_sender_may_be_called_from_or_name(self, alias: str) -> None:
        request = parse_request({"action": "join", alias: "alice", "group": "wob"})
        assert request == parse_request(JOIN)

    @pytest.mark.parametrize("alias", ["sender", "name"])
    def test_from_may_be_called_sender_or_name(self, alias: str) -> None:
        assert parse_request({"action": "client-hello", alias: "alice"}).fields == {"from": "alice"}

    @pytest.mark.parametrize("alias", ["from", "sender"])
    def test_name_may_be_called_from_or_sender(self, alias: str) -> None:
        assert parse_request({"action": "groups", alias: "alice"}).fields == {"name": "alice"}

    def test_to_and_dest_are_aliases_of_each_other(self) -> None:
        send = parse_request({"action": "client-send", "sender": "alice", "dest": "bob", "msg": "hi"})
        assert send.fields == {"from": "alice", "to": "bob", "msg": "hi"}
        invite = parse_request({"action": "invite", "from": "alice", "group": "wob", "to": "bob"})
        assert invite.fields == {"sender": "alice", "group": "wob", "dest": "bob"}

    def test_cgroup_is_cgroupe(self) -> None:
        assert parse_request({"action": "cgroup", "sender": "alice", "group": "wob"}).action == "cgroupe"

    def test_the_standard_field_wins_and_the_alias_is_an_unknown_field(self) -> None:
        request = parse_request({**JOIN, "from": 7})
        assert request.sender == "alice"
        assert request.fields["from"] == 7

    def test_a_bad_standard_field_is_not_mended_by_an_alias(self) -> None:
        assert refused({**JOIN, "sender": None, "from": "alice"}).field == "/sender"

    def test_a_bad_alias_is_reported_under_the_standard_name(self) -> None:
        assert refused({"action": "join", "from": "a b", "group": "wob"}).field == "/sender"

    def test_group_is_no_alias_of_name(self) -> None:
        assert refused({"action": "join", "sender": "alice", "name": "wob"}).field == "/group"

    def test_client_error_has_no_sender_to_rename(self) -> None:
        request = parse_request({"action": "client-error", "code": "interrupted", "msg": "", "from": "alice"})
        assert request.sender is None
        assert request.fields == {"code": "interrupted", "msg": "", "from": "alice"}

    @pytest.mark.parametrize(
        ("message", "code", "field"),
        [
            ({"action": "cgroup", "sender": "alice", "group": "wob"}, ErrorCode.UNKNOWN_ACTION, None),
            ({"action": "join", "from": "alice", "group": "wob"}, ErrorCode.BAD_MESSAGE, "/sender"),
            ({"action": "client-hello", "name": "alice"}, ErrorCode.BAD_MESSAGE, "/from"),
            ({"action": "groups", "sender": "alice"}, ErrorCode.BAD_MESSAGE, "/name"),
            ({"action": "client-send", "from": "alice", "dest": "bob", "msg": "hi"}, ErrorCode.BAD_MESSAGE, "/to"),
        ],
    )
    def test_a_strict_server_takes_no_alias(self, message: Message, code: ErrorCode, field: str | None) -> None:
        refusal = refused(message, strict=True)
        assert (refusal.code, refusal.field) == (code, field)
        assert parse_request(message).sender == "alice"


class TestNames:
    def test_the_normal_form_is_nfc(self) -> None:
        assert names.normal("Zoe\u0301") == "Zo\u00e9"
        assert names.normal("Zo\u00e9") == "Zo\u00e9"

    def test_only_strings_have_a_normal_form(self) -> None:
        assert names.normal_or_same("Zoe\u0301") == "Zo\u00e9"
        assert [names.normal_or_same(each) for each in (None, 7, ["e\u0301"])] == [None, 7, ["e\u0301"]]

    @pytest.mark.parametrize(
        ("action", "fields"),
        [
            ("client-send", ["from", "to"]),
            ("kick", ["sender", "group", "dest"]),
            ("groups", ["name"]),
        ],
    )
    def test_every_name_in_a_request_is_normalised(self, action: str, fields: list[str]) -> None:
        others = {"msg": "e\u0301", "reason": "e\u0301"}
        request = parse_request({"action": action, **others, **dict.fromkeys(fields, "e\u0301")})
        assert [request.fields[field] for field in fields] == ["\u00e9"] * len(fields)
        assert request.sender == "\u00e9"

    def test_texts_are_not_normalised(self) -> None:
        request = parse_request({"action": "gbroadcast", "sender": "alice", "group": "wob", "msg": "e\u0301"})
        assert request.fields["msg"] == "e\u0301"

    def test_an_alias_is_normalised_too(self) -> None:
        assert parse_request({"action": "groups", "from": "e\u0301"}).sender == "\u00e9"

    def test_names_that_differ_in_case_or_compatibility_stay_different(self) -> None:
        assert len({names.normal(each) for each in ("k", "K", "\uff4b")}) == 3

    def test_a_name_that_nfc_gives_a_semicolon_is_refused(self) -> None:
        refusal = refused({**JOIN, "sender": "a\u037eb"})
        assert (refusal.code, refusal.field) == (ErrorCode.BAD_MESSAGE, "/sender")
        assert refusal.sentence == "Sender must not contain white space, control characters or ';'."

    def test_a_name_that_nfc_makes_too_long_is_refused(self) -> None:
        refusal = refused({**JOIN, "group": LENGTHENED_BY_NFC * 32})
        assert (refusal.code, refusal.field) == (ErrorCode.BAD_MESSAGE, "/group")
        assert refusal.sentence == "Group must have at most 32 characters, not 64."
        assert parse_request({**JOIN, "group": LENGTHENED_BY_NFC * 16}).fields["group"] == "\u0915\u093c" * 16

    def test_a_name_that_is_too_long_as_sent_is_refused_even_if_nfc_shortens_it(self) -> None:
        assert refused({**JOIN, "group": "e\u0301" * 17}).field == "/group"
        assert parse_request({**JOIN, "group": "e\u0301" * 16}).fields["group"] == "\u00e9" * 16

    @pytest.mark.parametrize("action", schemas.actions("requests"))
    def test_the_sender_stands_in_a_required_field(self, action: str) -> None:
        expected = "from" if action.startswith("client-") else "name" if action == "groups" else "sender"
        assert request_name_field(action) == (None if action == "client-error" else expected)


class TestRefusing:
    @pytest.mark.parametrize("action", [None, 7, True, [], {}])
    def test_an_action_that_is_no_string_is_a_bad_message(self, action: Any) -> None:
        refusal = refused({**JOIN, "action": action})
        assert (refusal.code, refusal.field) == (ErrorCode.BAD_MESSAGE, "/action")

    def test_a_request_without_action_is_a_bad_message(self) -> None:
        refusal = refused({})
        assert (refusal.code, refusal.field) == (ErrorCode.BAD_MESSAGE, "/action")
        assert refusal.sentence == "Action is missing."

    @pytest.mark.parametrize("action", ["dance", "", "JOIN", "join ", "server-join", "constructor"])
    def test_an_unknown_action_is_reported_before_any_field(self, action: str) -> None:
        refusal = refused({"action": action, "sender": 7, "id": []})
        assert (refusal.code, refusal.field) == (ErrorCode.UNKNOWN_ACTION, None)
        assert refusal.sentence == f"This server knows no action {action!r}."

    def test_a_long_unknown_action_is_shown_cut(self) -> None:
        assert len(refused({"action": "x" * 60_000}).sentence) < 100

    def test_of_several_faults_the_first_field_of_the_schema_is_reported(self) -> None:
        assert refused({"id": [], "group": "", "action": "join"}).field == "/sender"
        assert refused({"id": [], "group": "", "action": "join", "sender": "alice"}).field == "/group"
        assert refused({"id": [], "action": "join", "sender": "alice", "group": "wob"}).field == "/id"

    def test_the_sentence_begins_with_a_capital_and_ends_with_a_full_stop(self) -> None:
        refusal = refused(without(JOIN, "group"))
        assert refusal.sentence == str(refusal) == "Group is missing."

    def test_every_bad_request_of_the_corpus_is_refused_with_the_field_at_fault(self) -> None:
        bad = [entry for entry in corpus("requests") if not entry.valid and isinstance(entry.message, dict)]
        for entry in bad:
            refusal = refused(entry.message, strict=True)
            if refusal.code is ErrorCode.UNKNOWN_ACTION:
                assert entry.field == "/action", entry.name
            else:
                assert refusal.code is ErrorCode.BAD_MESSAGE, entry.name
                assert entry.field in (refusal.field, None), entry.name

    @settings(max_examples=300, deadline=None)
    @given(
        st.dictionaries(
            st.sampled_from(["action", "from", "sender", "name", "to", "dest", "group", "msg", "limit", "id"]),
            st.sampled_from(
                [*schemas.actions("requests"), "cgroup", "a\u037e", "e\u0301", "\u0958" * 32, 1, 2.0, None, []]
            ),
        )
    )
    def test_whatever_is_read_is_valid_in_standard_form_and_whatever_else_is_refused(self, message: Message) -> None:
        try:
            request = parse_request(message)
        except Refusal as refusal:
            answer = {"action": "server-error", "code": refusal.code, "msg": refusal.sentence, **echo(message)}
            check_answer(answer if refusal.field is None else {**answer, "field": refusal.field})
        else:
            identifier = {} if request.id is None else {"id": request.id}
            check_request({**request.fields, **identifier, "action": request.action})


PIECES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.sampled_from(
        ["", "x" * 33, "a b", "a;", "\u2028", "٣", "2026-11-23T09:30:00.000Z", "2026-11-23T09:30:00.000Z\n"]
    ),
    st.sampled_from(
        ["٢026-11-23T09:30:00.000Z", "invite", "kick", "bad-message", "x" * 8192, "😀" * 8193, 2.0, 0, -0.0]
    ),
    st.lists(st.sampled_from(["ann", "bob", "", 1, None]), max_size=4),
    st.dictionaries(st.sampled_from(["event", "sender", "ts", "seq", "msg", "group"]), st.text(max_size=3), max_size=4),
)


@st.composite
def nearly_valid(draw: st.DrawFn) -> tuple[Kind, Any]:
    """A message of the corpus or of the schemas' examples, with some of its fields replaced, left out or added."""
    kind: Kind = draw(st.sampled_from(["requests", "answers"]))
    whole = [each for action in schemas.actions(kind) for each in schemas.schema(kind, action)["examples"]]
    whole += [entry.message for entry in corpus(kind) if isinstance(entry.message, dict)]
    message = dict(draw(st.sampled_from(whole)))
    fields = st.sampled_from([*message, "id", "seq", "ts", "owner", "field", "limit", "before", "new"])
    for field in draw(st.lists(fields, max_size=3)):
        message[field] = draw(PIECES)
    for field in draw(st.lists(fields, max_size=1)):
        message.pop(field, None)
    return kind, message


class TestVerdictAndExplanation:
    @settings(max_examples=200, deadline=None)
    @given(nearly_valid())
    def test_the_fast_validator_and_the_one_that_explains_agree(self, case: tuple[Kind, Any]) -> None:
        kind, message = case
        assert is_valid(kind, message) == (problems(kind, message) == [])

    @pytest.mark.parametrize("kind", ["requests", "answers"])
    def test_they_agree_on_every_message_of_the_corpus(self, kind: Kind) -> None:
        for entry in corpus(kind):
            assert is_valid(kind, entry.message) == (problems(kind, entry.message) == []), entry.name


class TestEcho:
    def test_action_and_id_are_repeated(self) -> None:
        assert echo({**JOIN, "id": 7}) == {"request": "join", "id": 7}

    def test_the_action_is_repeated_as_it_came(self) -> None:
        assert echo({"action": "cgroup"}) == {"request": "cgroup"}
        assert echo({"action": "dance"}) == {"request": "dance"}

    def test_an_action_that_is_too_long_or_no_string_is_left_out(self) -> None:
        assert echo({"action": "😀" * 64}) == {"request": "😀" * 64}
        assert echo({"action": "😀" * 65, "id": "a"}) == {"id": "a"}
        assert echo({"action": None}) == echo({"action": 7}) == echo({"action": []}) == {}

    @pytest.mark.parametrize("identifier", [0, -(2**53) + 1, 2**53 - 1, 1.0, "a", "😀" * 64])
    def test_a_legal_id_keeps_its_type_and_value(self, identifier: Any) -> None:
        echoed = echo({"id": identifier})["id"]
        assert (echoed, type(echoed)) == (identifier, type(identifier))

    @pytest.mark.parametrize("identifier", [None, "", "a" * 65, 1.5, 2**53, -(2**53), 10**30, True, [], {}])
    def test_an_illegal_id_is_left_out(self, identifier: Any) -> None:
        assert echo({"action": "join", "id": identifier}) == {"request": "join"}


class TestChecking:
    def test_valid_messages_pass_in_their_own_direction_only(self) -> None:
        check_answer(QUIT)
        check_request(JOIN)
        with pytest.raises(InvalidMessage):
            check_answer(JOIN)
        with pytest.raises(InvalidMessage):
            check_request(QUIT)

    def test_an_invalid_answer_is_reported_with_its_action_and_every_problem_in_the_order_of_its_fields(self) -> None:
        with pytest.raises(InvalidMessage) as caught:
            check_answer({"action": "server-send", "ts": TS, "msg": "", "from": 7})
        assert str(caught.value) == (
            "server-send: from must be a string, not a number; to is missing; msg must not be empty"
        )
        assert caught.value.problems == [
            Problem("/from", "type", "from must be a string, not a number"),
            Problem("/to", "required", "to is missing"),
            Problem("/msg", "minLength", "msg must not be empty"),
        ]

    def test_an_invalid_request_is_reported_likewise(self) -> None:
        with pytest.raises(InvalidMessage, match=r"^join: group is missing$"):
            check_request(without(JOIN, "group"))

    def test_an_answer_without_action_is_reported_too(self) -> None:
        with pytest.raises(InvalidMessage, match=r"^None: action is missing$"):
            check_answer({})

    @pytest.mark.parametrize("value", [[], "join", 7, None, True])
    @pytest.mark.parametrize("kind", KINDS)
    def test_what_is_no_object_is_no_message(self, kind: Kind, value: Any) -> None:
        assert not is_valid(kind, value)
        assert problems(kind, value) == [Problem("", "type", "a message is a JSON object")]


class TestSentences:
    """What a student reads: exact texts, one at least for each schema keyword."""

    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            (None, "null"),
            (True, "true or false"),
            (7, "a number"),
            (1.5, "a number"),
            ([], "a list"),
            ({}, "an object"),
        ],
    )
    def test_type(self, value: Any, kind: str) -> None:
        assert sentences({**SEND, "msg": value}) == [f"msg must be a string, not {kind}"]

    @pytest.mark.parametrize(
        ("message", "sentence"),
        [
            ({**SEND, "to": 7}, "to must be a string, not a number"),
            ({**STATES, "more": "no"}, "more must be true or false, not a string"),
            ({**STATES, "events": {}}, "events must be a list, not an object"),
            ({**STATES, "events": ["join"]}, "events/0 must be an object, not a string"),
            ({**MEMBERS, "owner": 7}, "owner must be a string or null, not a number"),
            ({**QUIT, "id": None}, "id must be a string or an integer, not null"),
            ({**QUIT, "id": True}, "id must be a string or an integer, not true or false"),
        ],
    )
    def test_type_of_every_kind(self, message: Message, sentence: str) -> None:
        assert sentences(message) == [sentence]

    def test_required(self) -> None:
        assert sentences(without(SEND, "to")) == ["to is missing"]

    def test_required_inside_a_list(self) -> None:
        kick = {"event": "kick", "sender": "alice", "ts": TS, "seq": 4}
        assert problems("answers", {**STATES, "events": [kick]}) == [
            Problem("/events/0/dest", "required", "events/0/dest is missing"),
            Problem("/events/0/reason", "required", "events/0/reason is missing"),
        ]

    def test_required_under_a_condition(self) -> None:
        assert sentences({**ERROR, "code": "bad-message"}) == ["field is missing"]

    def test_const(self) -> None:
        assert sentences({**HELLO, "version": "1.1"}) == ["version must be '1.0', not '1.1'"]

    def test_enum(self) -> None:
        event = {"event": "dance", "sender": "alice", "ts": TS, "seq": 4}
        assert sentences({**STATES, "events": [event]}) == [
            "events/0/event must be one of cgroupe, join, leave, invite, kick, ban, unban, not 'dance'"
        ]

    def test_min_length(self) -> None:
        assert sentences({**SEND, "msg": ""}) == ["msg must not be empty"]

    def test_max_length_counts_characters(self) -> None:
        assert sentences({**SEND, "msg": "😀" * 8193}) == ["msg must have at most 8192 characters, not 8193"]

    @pytest.mark.parametrize("name", ["a;b", "a b", "alice\n", "\u2028"])
    def test_not(self, name: str) -> None:
        assert sentences({**SEND, "to": name}) == ["to must not contain white space, control characters or ';'"]

    def test_pattern(self) -> None:
        assert sentences({**SEND, "ts": "today"}) == ["ts must look like 2026-11-23T09:30:00.000Z, not 'today'"]

    def test_minimum_and_maximum(self) -> None:
        assert sentences({**MSGS, "limit": 0}, "requests") == ["limit must be at least 1, not 0"]
        assert sentences({**MSGS, "limit": 1001}, "requests") == ["limit must be at most 1000, not 1001"]

    def test_integer(self) -> None:
        assert sentences({**MSGS, "limit": 1.5}, "requests") == ["limit must be an integer, not a number"]

    def test_unique_items(self) -> None:
        assert sentences({**MEMBERS, "members": ["bob", "bob"]}) == ["members must hold each item once"]

    def test_max_items(self) -> None:
        event = {"event": "join", "sender": "alice", "ts": TS, "seq": 4}
        assert sentences({**STATES, "events": [event] * 1001}) == ["events must hold at most 1000 items, not 1001"]

    def test_any_of_is_explained_by_the_form_that_has_the_type_of_the_value(self) -> None:
        assert problems("answers", {**QUIT, "id": ""}) == [Problem("/id", "minLength", "id must not be empty")]
        assert sentences({**QUIT, "id": "a" * 65}) == ["id must have at most 64 characters, not 65"]
        assert sentences({**QUIT, "id": 2**53}) == ["id must be at most 9007199254740991, not 9007199254740992"]
        assert sentences({**MEMBERS, "owner": "a;b"}) == [
            "owner must not contain white space, control characters or ';'"
        ]

    def test_any_of_is_explained_down_to_the_part_at_fault_and_the_pointer_is_escaped(self) -> None:
        form = {"type": "object", "properties": {"x": {"type": "string"}}}
        schema = {"properties": {"a/b~c": {"anyOf": [form, {"type": "null"}]}}}
        (error,) = Draft202012Validator(schema).iter_errors({"a/b~c": {"x": 7}})
        assert problem(error) == Problem("/a~1b~0c/x", "type", "a~1b~0c/x must be a string, not a number")

    def test_an_action(self) -> None:
        assert sentences({"action": 7}) == ["action must be a string, not a number"]
        assert sentences({"action": "dance"}) == ["'dance' is no action of the answers"]
        assert sentences({"action": "join"}) == ["'join' is no action of the answers"]
        assert sentences({}) == ["action is missing"]

    def test_a_long_value_is_shown_cut(self) -> None:
        (sentence,) = sentences({**MSGS, "limit": 10**4000}, "requests")
        assert sentence == f"limit must be at most 1000, not 1{'0' * 78}…"

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_bad_message_of_the_corpus_is_explained(self, kind: Kind) -> None:
        assert [message for message in messages(kind, valid=False) if not sentences(message, kind)] == []

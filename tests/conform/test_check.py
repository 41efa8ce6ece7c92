"""``tchat-conform check``: recordings and hand-written messages, judged offline."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from corpus.build import corpus
from tchat_conform.cli import main
from tchat_conform.form import OF_BAD_TEXT, OF_DEFINITIONS, Side, faults_of, shape, side_of
from tchat_conform.observe import Observer
from tchat_conform.offline import Unreadable, judge_text
from tchat_conform.places import value_at
from tchat_conform.recording import Event, NoRecording, Recorder, event_json, read_events
from tchat_conform.requirements import requirements
from tchat_conform.stream import LONGEST, Sighting, Stream
from tchat_protocol import messages, schemas
from tchat_protocol.framing import BadInput, Decoder

HELLO = '{"action":"client-hello","from":"alice"}'
GREETING = '{"action":"server-hello","from":"alice","msg":"Hi","version":"1.0","features":[]}'
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def check(*arguments: str, given: str | bytes = "") -> Result:
    return CliRunner().invoke(main, ["check", *arguments], input=given)


def event(side: Side, data: bytes, connection: int = 1) -> Event:
    return Event(NOW, connection, side, "bytes", data)


def recorded(*events: Event) -> str:
    file = StringIO()
    recorder = Recorder(file, "127.0.0.1:8080")
    for each in events:
        recorder(each)
    return file.getvalue()


# -- hand-written messages ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        HELLO + "\n" + GREETING + "\n",
        HELLO + GREETING,
        json.dumps(json.loads(HELLO), indent=4),
        "\ufeff" + HELLO + "\r\n\r\n",
    ],
)
def test_valid_messages_give_0_however_they_are_laid_out(text: str) -> None:
    result = check("-", given=text)
    assert (result.exit_code, result.output.splitlines()[-1].partition(", ")[2]) == (0, "0 invalid")


def test_a_fault_is_told_in_the_manner_of_a_compiler(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text(f'{HELLO}\n{{"action":"join",\n "sender":"zoë", "group":null}}\n', encoding="utf-8")
    result = check(str(file))
    lines = result.output.splitlines()
    assert result.exit_code == 1
    assert lines[0] == f"{file}:3:26: error: group must be a string, not null [client, field /group, type]"
    assert lines[1:3] == ['     "sender":"zoë", "group":null}', " " * (4 + 25) + "^"]
    assert lines[3].startswith("    W-FORM-1: A request whose field is missing")
    assert lines[3].endswith("(PROTOCOL.md#w-form-1)")
    assert lines[4] == "    expected: join {sender, group, id?}"
    assert lines[-1] == "2 messages, 1 invalid"


def test_the_side_is_guessed_or_given() -> None:
    assert check("-", given=GREETING).exit_code == 0
    assert check("--from", "client", given=GREETING).exit_code == 1
    assert side_of({"action": "server-jgroup"}) == side_of({"action": "error"}) == "server"
    assert side_of({"action": "cgroup"}) == side_of({"msg": "no action"}) == side_of({"action": 5}) == "client"


def test_a_broken_object_is_one_fault_and_what_follows_is_judged() -> None:
    broken = '{\n  "action": "join",\n  "group": wob,\n  "sender": "alice"\n}\n'
    judgement = judge_text((broken + HELLO + "\noops\n").encode())
    assert [(each.line, each.column, each.fault.rule) for each in judgement.complaints] == [
        (3, 12, "bad-json"),
        (7, 1, "bad-json"),
    ]
    assert (judgement.messages, judgement.invalid) == (3, 2)


def test_a_file_that_ends_in_a_message_is_invalid() -> None:
    result = check(given=HELLO + '\n  {"action":')
    assert result.exit_code == 1
    assert "<stdin>:2:3: error: the stream ends inside the message" in result.output


def test_a_name_that_looks_like_another_and_an_alias_get_a_hint() -> None:
    assert "Did you mean groups" in check(given='{"action":"gropus"}').output
    assert "it has 'from', which not every server takes" in check(given='{"action":"groups","from":"bob"}').output
    assert "it is one of the server's" in check("--from", "client", given=GREETING).output


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no message"),
        (b" \n\n", "no message"),
        ("é{}".encode("utf-16"), "UTF-16"),
        (b'{"recording":1}\n', "line 1"),
    ],
)
def test_nothing_to_judge_is_2(data: bytes, reason: str) -> None:
    result = check(given=data)
    assert (result.exit_code, reason in result.output) == (2, True)


def test_several_files_are_judged_together(tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("good", "bad")]
    for name, text in zip(names, (HELLO, "oops"), strict=True):
        Path(name).write_text(text, encoding="utf-8")
    result = check(*names)
    assert (result.exit_code, f"{names[1]}:1:1: error:" in result.output) == (1, True)
    assert result.output.endswith("2 messages, 1 invalid\n")


def test_a_file_that_is_not_there_is_2(tmp_path: Path) -> None:
    assert check(str(tmp_path / "nothing")).exit_code == 2


def test_control_characters_never_reach_the_terminal() -> None:
    text = '{"action":"\x9b31m\\u001b[2J","sender":"\u202e"}\n\x1b[2J\n'
    output = check(given=text).output
    assert all(char.isprintable() or char == "\n" for char in output)


def test_json_for_programs() -> None:
    result = check("--json", given=HELLO + '\n{"action":"join","sender":"bob","group":""}')
    found = json.loads(result.output)
    (fault,) = found["faults"]
    assert (found["messages"], found["invalid"], result.exit_code) == (2, 1, 1)
    assert (fault["line"], fault["column"], fault["from"], fault["action"]) == (2, 41, "client", "join")
    assert (fault["field"], fault["rule"], fault["requirement"]) == ("/group", "minLength", "I-NAME-1")


def test_json_follows_its_schema() -> None:
    schema = schemas.load("check.json")
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for text in (
        HELLO + '\n{"action":"join","sender":"bob","group":""}\n[]\n{"a":',
        recorded(event("client", b'{"action":"dance"}\n'), event("server", b'{"action":')),
    ):
        found = json.loads(check("--json", given=text).output)
        assert found["faults"]
        validator.validate(found)
        for fault in found["faults"]:
            assert set(fault) == {
                *schema["$defs"]["fault"]["properties"],
                *schema["$defs"]["placed"]["properties"],
            }
            assert not validator.is_valid({**found, "faults": [{**fault, "requirement": "none"}]})


# -- recordings --------------------------------------------------------------------------------------------


def test_a_recording_is_judged_by_connection_and_side() -> None:
    text = recorded(
        event("client", HELLO.encode()),
        event("client", b'{"action":"da', 2),
        event("server", b'{"action":"server-quit"}\n'),
        event("client", b'nce"}', 2),
    )
    result = check(given=text)
    lines = [line for line in result.output.splitlines() if ": error: " in line]
    assert result.exit_code == 1
    assert lines[0].startswith("<stdin>:4: error: from is missing [connection 1, server, field /from")
    assert lines[1].startswith("<stdin>:3: error: 'dance' is no action")  # where it begins
    assert check("--from", "server", given=text).output.splitlines()[-1] == "1 message, 1 invalid"


def test_a_recording_that_was_cut_is_read_up_to_there() -> None:
    text = recorded(event("client", HELLO.encode()), event("client", b"oops"))
    assert judge_text(text.encode()[:-20]).messages == 1
    with pytest.raises(NoRecording, match="line 2"):
        list(read_events([text.splitlines(keepends=True)[0], '{"event":"bytes"}\n']))


def test_a_message_that_nobody_finished_is_told() -> None:
    judgement = judge_text(recorded(event("server", b'{"action":')).encode())
    assert [(each.line, each.fault.requirement.id) for each in judgement.complaints] == [(2, "W-JSON-1")]


@given(st.lists(st.tuples(st.sampled_from(["client", "server"]), st.binary(min_size=1)), max_size=10))
@example([("client", "é\u2028\x85\n".encode())])
def test_a_recording_holds_every_byte_and_follows_its_schema(passed: list[tuple[Side, bytes]]) -> None:
    events = [event(*each) for each in passed]
    text = recorded(*events)
    lines = [line + "\n" for line in text.split("\n")[:-1]]
    validator = Draft202012Validator(schemas.load("recording.json"), registry=schemas.registry())
    assert all(validator.is_valid(json.loads(line)) for line in lines)
    assert [(each.side, each.data) for each in read_events(lines)] == passed


def test_the_schema_of_recordings_refuses_other_lines() -> None:
    validator = Draft202012Validator(schemas.load("recording.json"))
    good = event_json(event("client", b"x"))
    assert validator.is_valid(good)
    assert not any(validator.is_valid({**good, key: None}) for key in good)
    assert not validator.is_valid({key: each for key, each in good.items() if key != "text"})
    assert not validator.is_valid({**good, "base64": "eA=="})


# -- the judgement itself ----------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b'{"a":1}', b"{}\n", b'{"a":[', b"\n", b"}"]), max_size=12))
def test_a_stream_finds_what_the_decoder_finds_and_where(pieces: list[bytes]) -> None:
    stream, decoder, whole = Stream(), Decoder(LONGEST), b"".join(pieces)
    last = 0
    for piece in pieces:
        found = stream.feed(piece)
        assert [each.value for each in found] == decoder.feed(piece)
        for each in found:
            assert last <= each.start < each.end
            last = each.end
            assert_place(whole, each)


def assert_place(whole: bytes, each: Sighting) -> None:
    text = whole[each.start : each.end]
    if isinstance(each.value, BadInput):
        assert text.startswith(each.value.raw)
        assert each.wrong is not None
        assert whole[: each.wrong.offset].endswith(each.wrong.before)
        assert whole[each.wrong.offset :].startswith(each.wrong.after)
    else:
        assert (json.loads(text), each.wrong) == (each.value, None)


def test_how_messages_came_is_noticed() -> None:
    stream = Stream()
    (one,) = stream.feed(b'{"a":1}\n{"b"')
    two, three = stream.feed(b':2} {"c":3}')
    assert (one.segments, one.company, one.line_feed) == (1, 1, True)
    assert (two.segments, two.company, two.line_feed) == (2, 2, False)
    assert (three.segments, three.company, three.line_feed) == (1, 2, False)
    assert stream.feed(b'{"d"') == stream.feed(b":") == []
    (four,) = stream.feed(b"4}\r\n")
    assert (four.segments, four.line_feed) == (3, True)


def test_a_text_without_an_end_is_given_up() -> None:
    stream = Stream()
    (found,) = stream.feed(b'{"a":"' + b"x" * LONGEST)
    assert isinstance(found.value, BadInput)
    assert (found.value.code, stream.lost, stream.feed(b"{}")) == ("too-large", True, [])


@pytest.mark.parametrize("kind", ["requests", "answers"])
def test_a_message_has_faults_exactly_if_it_breaks_its_schema(kind: schemas.Kind) -> None:
    side: Side = "client" if kind == "requests" else "server"
    for each in corpus(kind):
        if not isinstance(each.message, dict):
            continue  # the decoder calls it bad JSON
        text = json.dumps(each.message)
        faults = faults_of(side, each.message, 0)
        assert bool(faults) != messages.is_valid(kind, each.message), text
        assert all(value_at(text, 0, fault.field) < len(text) for fault in faults)


def test_too_long_messages_are_told() -> None:
    hello, quit_answer = json.loads(HELLO), {"action": "server-quit", "from": "alice"}
    assert [each.requirement.id for each in faults_of("client", hello, 65_537)] == ["W-SIZE-2"]
    assert faults_of("client", hello, 65_536) == faults_of("server", quit_answer, 1_048_576) == []
    assert [each.requirement.id for each in faults_of("server", quit_answer, 1_048_577)] == ["W-SIZE-3"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("[1]\n", "W-BAD-2"),
        ("NaN\n", "W-BAD-1"),
        ('{"a":NaN}\n', "W-BAD-1"),
        ('{"a":"\\ud800"}\n', "W-BAD-5"),
        ('{"a":' * 40 + "\n", "W-BAD-6"),
    ],
)
def test_bad_text_of_a_client_names_its_requirement(text: str, number: str) -> None:
    seen = Observer().take(event("client", text.encode()))
    assert [fault.requirement.id for fault in seen[0].faults] == [number]


def test_every_requirement_that_is_named_exists() -> None:
    assert {*OF_DEFINITIONS.values(), *OF_BAD_TEXT.values()} <= requirements().keys()
    assert OF_DEFINITIONS.keys() <= schemas.load("common.json")["$defs"].keys()


def test_a_shape_is_written_as_in_the_specification() -> None:
    assert shape("requests", "msgs") == "msgs {sender, group, limit?, before?, id?}"


@given(st.binary())
def test_whatever_is_in_a_file_it_is_judged_or_refused(data: bytes) -> None:
    try:
        judge_text(data)
    except (Unreadable, NoRecording):
        return

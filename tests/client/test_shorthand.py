"""Lines typed at a terminal: commands, text for the current group, and neither."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.test_commands import COURSE, OURS
from tchat_client.commands import TERMINAL_COMMANDS, BadCommand, parse
from tchat_client.shorthand import understood


@pytest.mark.parametrize("current", [None, "den"])
@pytest.mark.parametrize("line", [*COURSE, *OURS])
def test_commands_are_what_they_are_everywhere(line: str, current: str | None) -> None:
    assert understood(line, current) == parse(line)


@pytest.mark.parametrize(
    ("line", "word", "fields"),
    [
        ("hello", "bg", {"group": "wob", "msg": "hello"}),
        (" hello ; you", "bg", {"group": "wob", "msg": " hello ; you"}),
        (";-)", "bg", {"group": "wob", "msg": ";-)"}),
        ("a 'quoted' & strange; text", "bg", {"group": "wob", "msg": "a 'quoted' & strange; text"}),
        ("https://example.org/a;b", "bg", {"group": "wob", "msg": "https://example.org/a;b"}),
        ("j wob", "bg", {"group": "wob", "msg": "j wob"}),
        ("bg;;members;", "bg", {"group": "wob", "msg": "members;"}),
        ("members;", "members", {"group": "wob"}),
        ("messages;;20", "messages", {"group": "wob", "limit": 20}),
        ("kick;;bob;a;b", "kick", {"group": "wob", "dest": "bob", "reason": "a;b"}),
        ("invite;;bob", "invite", {"group": "wob", "dest": "bob"}),
        ("leave;", "leave", {"group": "wob"}),
        ("go;", "go", {}),
        ("go", "go", {}),
        ("go;den", "go", {"group": "den"}),
        ("help;kick", "help", {"command": "kick"}),
        ("ls", "ls", {}),
    ],
)
def test_in_a_group_less_needs_to_be_typed(line: str, word: str, fields: dict[str, object]) -> None:
    call = understood(line, "wob")
    assert (call.command.word, call.fields) == (word, fields)


@pytest.mark.parametrize(
    ("line", "current", "sentence"),
    [
        ("hello", None, "no group is current, so nothing was sent; did you mean help;? (j;wob enters"),
        ("good day", None, "no group is current, so nothing was sent (j;wob enters"),
        ("membres;wob", None, "there is no command 'membres'; did you mean members;wob? (help; lists all)"),
        ("yes;but", "wob", "there is no command 'yes' (help; lists all); to say it in wob: bg;;yes;but"),
        ("leave", "wob", "leave is a command: leave;wob; to say it in wob: bg;;leave"),
        ("cg;", "wob", "cg needs a group: cg;wob[;private]"),
        ("members;", None, "members needs a group: members;wob"),
        ("hello \udcff", "wob", "this line is not UTF-8 text; nothing was sent"),
    ],
)
def test_what_is_no_command_and_no_text_for_a_group_is_explained(line: str, current: str | None, sentence: str) -> None:
    with pytest.raises(BadCommand) as raised:
        understood(line, current)
    assert str(raised.value).startswith(sentence)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1).filter(str.strip))
def test_text_is_said_as_it_was_typed_or_not_at_all(line: str) -> None:
    try:
        call = understood(line, "wob")
    except BadCommand:
        return
    assert call.fields.get("msg", line) == line or line.partition(";")[0].strip() in {
        each.word for each in TERMINAL_COMMANDS
    }

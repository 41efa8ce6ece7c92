"""Who takes part in a matrix, and which pairs play."""

import tomllib
from pathlib import Path

import pytest

from tchat_conform.clients.description import BadDescription
from tchat_conform.matrix.lineup import BadLineup, Lineup, parse_lineup, read_lineup
from tchat_conform.matrix.plan import Cell, NoSuchCell, cells, selected

GOOD = """
[[server]]
name = "anna"
command = "node server.js {port}"
env = {DB = "{dir}/chat"}
[[server]]
name = "carl"
command = "node server.js"
port = 8080
[[client]]
name = "anna"
command = "node client.js"
style = "menu"
[[client]]
name = "ben"
command = "python client.py {host} {port} {name}"
[client.commands]
states = false
"""


def lineup(text: str = GOOD, folder: Path = Path()) -> Lineup:
    return parse_lineup(tomllib.loads(text), folder)


def test_a_file_is_read_with_all_that_a_peer_may_have() -> None:
    found = lineup()
    assert [each.name for each in found.servers] == ["anna", "carl"]
    assert (found.servers[0].env, found.servers[0].alone) == ({"DB": "{dir}/chat"}, False)
    assert (found.servers[1].port, found.servers[1].alone) == (8080, True)
    assert found.clients[0].description.style == "menu"
    assert found.clients[1].description.lines("states", {"group": "wob"}) is None
    assert found.clients[1].cwd == str(Path.cwd())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "one [[server]] and one [[client]]"),
        ('[[sever]]\nname = "x"', "no key 'sever'. Did you mean server?"),
        ('[[server]]\nname = "x"', "[[server]] 'x': command is missing"),
        ('[[server]]\ncommand = "x"', "[[server]] 1: name is missing"),
        ('[[server]]\nname = "a b"\ncommand = "x"', "letters, digits"),
        ('[[server]]\nname = "x"\ncommand = "x"\nprot = 1', "no key 'prot'. Did you mean port?"),
        ('[[server]]\nname = "x"\ncommand = "x"\nport = 0', "port must be a number from 1 to 65535"),
        ('[[server]]\nname = "x"\ncommand = "x"\nalone = 1', "alone must be true or false"),
        ('[[server]]\nname = "x"\ncommand = "x"\nenv = {A = 1}', "env must be a table of texts"),
        ('[[server]]\nname = "x"\ncommand = "x"\ncwd = "nowhere"', "there is no directory"),
        (
            '[[server]]\nname = "x"\ncommand = "x"\n[[server]]\nname = "x"\ncommand = "y"',
            "two [[server]] are called 'x'",
        ),
        ('[[client]]\nname = "x"\ncommand = "x"\nstyle = "odd"', "[[client]] 'x': style must be one of"),
        ('[client]\nname = "x"', "client must be tables, written [[client]]"),
    ],
)
def test_what_is_wrong_in_a_file_is_told_with_its_entry_and_key(text: str, said: str) -> None:
    with pytest.raises((BadLineup, BadDescription)) as told:
        lineup(text)
    assert said in str(told.value)


def test_a_file_that_is_no_toml_is_told_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "class.toml"
    file.write_text("[[server]")
    with pytest.raises(BadLineup, match=r"class\.toml"):
        read_lineup(file)


def test_every_client_plays_with_itself_and_every_other_through_every_server() -> None:
    assert [each.id for each in cells(lineup())] == [
        "anna+anna@anna", "anna+anna@carl", "anna+ben@anna", "anna+ben@carl", "ben+ben@anna", "ben+ben@carl",
    ]  # fmt: skip
    assert len(cells(lineup(), pairs=False)) == 4


@pytest.mark.parametrize(
    ("patterns", "ids"),
    [
        ([], 6),
        (["carl"], 3),
        (["ben"], 4),
        (["ben@carl"], 2),
        (["ben × carl"], 2),
        (["ben+anna@*"], 2),
        (["b?n+ben@anna", "carl"], 4),
    ],
)
def test_patterns_select_pairs(patterns: list[str], ids: int) -> None:
    assert len(selected(cells(lineup()), patterns)) == ids


def test_a_pattern_that_nothing_fits_is_answered_with_near_names() -> None:
    with pytest.raises(NoSuchCell, match="Did you mean carl"):
        selected(cells(lineup()), ["carla"])


def test_a_cell_is_named_shortly_where_both_have_the_same_client() -> None:
    assert Cell("carl", "ben", "ben").title == "ben × carl"
    assert Cell("carl", "anna", "ben").title == "anna + ben × carl"

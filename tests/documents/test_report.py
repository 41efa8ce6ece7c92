"""The report is built from the project: the committed PDF is what its source gives today."""

import re
import shutil
import tomllib
from itertools import combinations
from pathlib import Path

import pytest

from docs.report import build, excerpts, facts, foreign, runs
from tchat_conform.matrix.report import NEARLY, SIGNS
from tchat_protocol import schemas
from tchat_protocol.messages import check_answer, parse_request

ROOT = Path(__file__).parents[2]
SOURCES = sorted(runs.HERE.glob("**/*.typ"))


def test_the_committed_pdf_is_what_its_source_gives() -> None:
    assert build.PDF.read_bytes() == build.build(), "out of date: run python -m docs.report.build"


def test_the_report_shows_the_twelve_commands_and_every_answer() -> None:
    data = build.data()
    assert len(data["commands"]) == 12
    assert {"cg;wob", "kick;wob;bob;reason", "states;wob"} <= {row["typed"] for row in data["commands"]}
    assert [each["action"] for each in data["answers"]] == list(schemas.actions("answers"))
    assert all({field["name"] for field in each["fields"]} for each in data["answers"])


def test_the_courses_requests_are_all_there() -> None:
    assert [each["action"] for each in facts.changed_requests()] == [
        row["request"].split()[0] for row in facts.commands()
    ]


def test_the_report_shows_every_table_of_the_database() -> None:
    created = set(re.findall(r"CREATE TABLE (\w+)", (ROOT / "src/server/tchat_server/schema.py").read_text()))
    assert {table["name"] for table in build.data()["tables"]} == created


def test_words_are_missed_and_superfluous_ones_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyError, match="codes: no-such-code"):
        facts.French()("codes", "no-such-code")
    with pytest.raises(ValueError, match="no French"):
        facts.in_french("a thing of its own")
    words = facts.read("french")
    monkeypatch.setattr(facts, "read", lambda name: {**words, "codes": {**words["codes"], "old": "vieux"}})
    assert ("codes", "old") in facts.French().unused


def test_the_code_that_is_explained_stands_in_the_source() -> None:
    shown = excerpts.excerpts()
    for key, (file, _) in excerpts.EXPLAINED.items():
        source = (ROOT / file).read_text(encoding="utf-8")
        assert all(line.strip() in source for line in shown[key].splitlines())
    assert shown["rule"].startswith("def _leave(")
    assert shown["case"].startswith('@case("')
    assert '"""' not in shown["change"]


@pytest.mark.parametrize(
    ("name", "message"), [("_gone", "rooms.py has no _gone"), ("_create", "too wide for a page")], ids=["gone", "wide"]
)
def test_code_that_is_gone_or_too_wide_stops_the_build(
    monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.setitem(excerpts.EXPLAINED, "rule", ("src/server/tchat_server/rooms.py", name))
    with pytest.raises(ValueError, match=message):
        build.data()


def test_no_number_stands_in_the_text() -> None:
    """What a reader sees as a number comes from data; code, lengths and names such as RFC 3339 are none."""
    no_text = r"RFC 3339|`[^`]*`|\"[^\"\n]*\"|most: \d+|short\([^)]*\)|\d+(\.\d+)?(pt|cm|em|fr|%)"
    chapters = [source for source in SOURCES if source.parent.name == "chapters"]
    assert len(chapters) > 5
    for source in chapters:
        text = re.sub(no_text, "", source.read_text(encoding="utf-8"))
        assert re.findall(r"(?<![\w.])\d{2,}", text) == [], source.name


def test_no_text_is_smaller_than_nine_points() -> None:
    sizes = [
        float(size)
        for source in SOURCES
        for size in re.findall(r"(?:text\(|size: |small = )(\d+(?:\.\d+)?)pt", source.read_text(encoding="utf-8"))
    ]
    assert len(sizes) > 5
    assert min(sizes) >= 9


def test_every_figure_is_numbered_and_referred_figures_exist() -> None:
    text = "".join(source.read_text(encoding="utf-8") for source in SOURCES)
    assert text.count("#figure(") + text.count("  figure(") == text.count("  caption: ")
    assert set(re.findall(r"@([a-z]+)", text)) <= set(re.findall(r"<([a-z]+)>", text))


# The author


def test_the_author_names_the_file() -> None:
    assert build.PDF.name == "td4-{prenom}-{nom}.pdf".format(**build.SETTINGS)
    assert [path.name for path in ROOT.glob("td4-*.pdf")] == [build.PDF.name]
    assert build.PDF.name in (ROOT / "README.md").read_text(encoding="utf-8")


def test_another_author_names_another_file_and_the_old_one_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (build.PDF.name, "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    settings = {**build.SETTINGS, "prenom": "Zoé", "nom": "Le-Goff"}
    monkeypatch.setattr(build, "SETTINGS", settings)
    monkeypatch.setattr(build, "PDF", tmp_path / facts.report_name(settings))
    assert build.data()["author"] == "Zoé Le-Goff"
    build.PDF.write_bytes(build.build())
    build.rename(tmp_path)
    assert [path.name for path in tmp_path.glob("*.pdf")] == ["td4-Zoé-Le-Goff.pdf"]
    assert "(td4-Zoé-Le-Goff.pdf)" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert build.PDF.read_bytes() != (ROOT / facts.report_name(facts.read("settings"))).read_bytes()


# The runs that are kept


def test_the_kept_results_are_of_all_cases_and_levels() -> None:
    kept = runs.kept("conformance")
    assert [row["level"] for row in kept] == [row["name"] for row in build.data()["levels"]]
    assert {row["state"] for row in kept if row["level"] != "tls"} == {"reached"}, "the conclusion says so"
    counted = sum(number for row in kept for number in row["counts"].values())
    assert counted == build.data()["cases"], "out of date: run python -m docs.report.build --refresh"


def test_the_kept_matrix_is_of_those_who_take_part() -> None:
    lineup = tomllib.loads((runs.HERE / "class.toml").read_text(encoding="utf-8"))
    names = [each["name"] for each in lineup["client"]]
    kept = runs.kept("matrix")
    assert kept["servers"] == [each["name"] for each in lineup["server"]], (
        "run python -m docs.report.build --refresh matrix"
    )
    pairs = {*names, *(f"{one} + {other}" for one, other in combinations(names, 2))}
    assert {row["pair"] for row in kept["rows"]} == pairs
    length = len(kept["scenarios"])
    assert {len(signs) for row in kept["rows"] for signs in row["signs"]} == {length}
    assert {sign for row in kept["rows"] for signs in row["signs"] for sign in signs} <= {NEARLY, *SIGNS.values()}


def test_the_kept_figures_are_those_that_the_report_shows() -> None:
    lines = runs.kept("figures")["lines"]
    assert {line["benchmark"] for line in lines} == set(runs.BENCHMARKS)
    assert all(line["low"] <= line["median"] <= line["high"] for line in lines)


def test_every_foreign_server_has_been_judged_by_the_whole_suite() -> None:
    kept = runs.kept("foreign")
    sources = [(file, foreign.source_of(file)) for file in foreign.described()]
    assert set(sources) <= {(each["file"], each["source"]) for each in kept}, (
        "a server is new or has changed: run python -m docs.report.build --refresh foreign"
    )
    for each in kept:
        levels = [level["name"] for level in each["levels"]]
        assert levels == [row["name"] for row in build.data()["levels"]]
        counted = sum(sum(level["verdicts"].values()) for level in each["levels"])
        assert counted == each["cases"]
        assert each["died"] == sum(each["causes"].values())
    assert next(each for each in kept if each["file"] == "mute.py")["levels"][0]["verdicts"]["pass"] == 0


def test_every_client_has_been_judged() -> None:
    kept = runs.kept("clients")
    assert [each["file"] for each in kept] == ["reference", *foreign.described("client")]
    assert {state["state"] for state in kept[0]["levels"]} == {"reached"}
    for each in kept:
        assert sum(sum(level["verdicts"].values()) for level in each["levels"]) == each["cases"]


def test_the_same_was_asked_of_every_server_that_was_listened_to() -> None:
    kept = runs.kept("heard")
    assert tuple(kept["answers"]) == foreign.HEARD
    assert kept["asked"] == {scene: segments[-1] for scene, segments in foreign.SCENES.items()}
    assert all(set(scenes) == set(foreign.SCENES) for scenes in kept["answers"].values())


def test_what_was_seen_in_the_field_is_told_alike() -> None:
    seen = facts.read("field")
    mistakes = (ROOT / "docs/kit/mistakes.md").read_text(encoding="utf-8")
    assert f"Of {sum(seen['pairs'].values())} pairs of one author's client with another author's server" in mistakes
    assert all(each["count"] <= seen["authors"] for each in seen["habit"])


def test_the_story_follows_the_protocol() -> None:
    story = runs.kept("story")
    for each in story:
        if each["from"] == "server":
            check_answer(each["message"])
        else:
            parse_request(each["message"])
    refused = [each["message"]["code"] for each in story if each["message"]["action"] == "server-error"]
    assert refused == ["not-invited"] * 2


def test_a_message_is_stored_before_anybody_is_written_to() -> None:
    calls = [each["call"] for each in runs.kept("way")]
    assert calls.index("Connection.data_received") < calls.index("decide") < calls.index("Store.commit")
    assert "Connection.write" not in calls[: calls.index("Store.commit")]
    assert calls.count("Connection.write") == 3


def test_messages_share_commits_and_wait_for_two_at_most() -> None:
    kept = runs.kept("commits")
    moment = kept["moment"]
    assert sum(count for _, _, count in moment["commits"]) == len(moment["messages"])
    for sent, told in moment["messages"]:
        assert 1 <= sum(sent < end <= told for _, end, _ in moment["commits"]) <= 2
    assert all(each["commits"] <= each["messages"] for each in kept["crowds"])


def test_nothing_acknowledged_was_lost_in_the_kept_failures() -> None:
    kept = runs.kept("durability")
    assert kept["kills"]["stored"] >= kept["kills"]["acknowledged"] > 0
    assert kept["full"]["lost"] == 0 < kept["normal"]["lost"]


def test_operating_tells_how_often_the_tests_break_something() -> None:
    told = (ROOT / "docs/operating.md").read_text(encoding="utf-8").replace(",", "")
    kills, losses, inputs = (
        re.findall(rf'"{name}", "(\d+)"', (ROOT / "tests" / file).read_text(encoding="utf-8"))[0]
        for name, file in (
            ("TCHAT_KILLS", "server/test_process.py"),
            ("TCHAT_POWER_LOSSES", "server/test_power_loss.py"),
            ("TCHAT_FUZZ_INPUTS", "protocol/test_bytes_fuzz.py"),
        )
    )
    assert kills == "4"
    assert "kill the server four times" in told
    assert f"fail {losses} times for each setting" in told
    assert f"{inputs} spoiled requests" in told

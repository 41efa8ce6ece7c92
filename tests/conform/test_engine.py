"""What the suite learns of a server before the first case, and what it does when the server dies."""

import asyncio
import pickle
import shlex
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

import tchat_server
from foreign import peer
from tchat_conform.case import all_cases
from tchat_conform.probe import StopPolitely, probe
from tchat_conform.reference import ReferenceServer
from tchat_conform.run import Run
from tchat_conform.runner import run_cases
from tchat_conform.target import SpawnedServer, TargetError
from tchat_conform.verdict import Result, Verdict

LIMIT = 5.0


def spawned(file: str, folder: Path) -> SpawnedServer:
    peer(file).skip_without_interpreter()
    return SpawnedServer(peer(file).command.replace("{dir}", str(folder)))


Outcome = TypeVar("Outcome")


def with_server(server: SpawnedServer, ask: Callable[[SpawnedServer], Awaitable[Outcome]]) -> Outcome:
    async def run() -> Outcome:
        try:
            return await ask(server)
        finally:
            await server.stop()

    return asyncio.run(run())


def changed(file: str, folder: Path, *changes: tuple[str, str]) -> SpawnedServer:
    """Return a peer's server in which some lines are others."""
    peer(file).skip_without_interpreter()
    source = (Path(__file__).parents[1] / "peers" / file).read_text()
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    copy = folder / "server.cjs"
    copy.write_text(source)
    return SpawnedServer(f"node {shlex.quote(str(copy))} {{port}}")


async def probed(server: SpawnedServer) -> Run:
    await server.start()
    run = Run(server, LIMIT)
    try:
        await probe(run)
    finally:
        await run.leave()
    return run


def judged(server: SpawnedServer, *ids: str, jobs: int = 8) -> dict[str, Result]:
    cases = [each for each in all_cases() if each.id in ids]

    async def ask(target: SpawnedServer) -> list[Result]:
        return await run_cases(cases, target, jobs=jobs, limit=LIMIT, on_result=lambda _: None)

    return {each.case: each for each in with_server(server, ask)}


def needs(run: Run) -> list[str]:
    return [each.sentence for each in run.adaptations]


def test_the_reference_server_needs_nothing_special() -> None:
    run = with_server(ReferenceServer(), probed)
    assert (needs(run), run.missing, run.paced, run.greetings, run.echoes) == ([], frozenset(), False, (), False)
    assert {"auth", "offline", "paging"} <= run.features


@pytest.mark.parametrize(
    ("file", "sentences"),
    [
        ("names.cjs", ["the server needs from, sender and name at once"]),
        ("envelope.cjs", ["the server needs every message in an envelope, under messageFormat"]),
        ("password.py", ["the server needs a password in client-hello"]),
        (
            "sentences.py",
            ["the server needs cgroup in place of cgroupe", "the server needs other words for a private group"],
        ),
        ("capitals.py", ["the server needs its field names read with their capitals"]),
        ("exact.py", ["the server needs requests without id", "the server needs other words for a private group"]),
        ("careful.cjs", ["who is invited is in the group at once, without joining"]),
    ],
)
def test_the_probe_finds_how_to_speak(file: str, sentences: list[str], tmp_path: Path) -> None:
    run = with_server(spawned(file, tmp_path), probed)
    assert needs(run) == sentences
    assert run.witness is not None


def test_what_a_server_says_unasked_is_told(tmp_path: Path) -> None:
    greeted = with_server(spawned("chatter.cjs", tmp_path), probed)
    assert len(greeted.greetings) == 2
    assert needs(greeted)[0].startswith("the server greets whoever connects, before any request: ")


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("echo.py", "client-hello was sent back, and not answered"),
        ("mute.py", "no answer to client-hello came, in any form that servers in the field understand"),
        ("relay.py", "the server only passes on to everybody else what it gets, and answers nothing"),
        ("single.py", "the server serves one client at a time"),
        ("once.py", "the server closes the connection once it has answered"),
        ("web.py", "what listens there speaks HTTP, and no JSON over TCP"),
    ],
)
def test_a_server_that_takes_nobody_in_is_told_why_at_once(file: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(StopPolitely, match=sentence):
        with_server(spawned(file, tmp_path), probed)


def test_a_server_that_wants_a_key_exchange_is_left_in_peace(tmp_path: Path) -> None:
    with pytest.raises(StopPolitely, match="the server wants a key exchange"):
        with_server(spawned("handshake.cjs", tmp_path), probed)
    results = judged(spawned("handshake.cjs", tmp_path), "I-HELLO-1/hello-is-answered", "B-SEND-1/nobody-else-gets-it")
    assert results["I-HELLO-1/hello-is-answered"].verdict is Verdict.FAIL
    assert all(each.findings[0].by == "a key exchange" for each in results.values())


def test_a_departure_counts_at_its_own_requirement(tmp_path: Path) -> None:
    results = judged(spawned("names.cjs", tmp_path), "G-GROUPS-1/groups-lists-a-public-group-once")
    (result,) = results.values()
    assert result.verdict is Verdict.NON_STRICT
    assert "the server needs from, sender and name at once" in [each.sentence for each in result.findings]


def test_a_crash_is_blamed_on_its_case_and_reduced_to_one_message(tmp_path: Path) -> None:
    killer, bystander = "W-BAD-1/words-are-no-message", "B-LIST-1/the-list-holds-everyone-online"
    results = judged(spawned("all_commands.cjs", tmp_path), killer, bystander)
    died, fewest = results[killer].findings[:2]
    assert died.sentence.startswith("the server died of this case: exit status 1")
    assert "SyntaxError" in died.sentence
    assert (fewest.sentence, fewest.received) == ("one message kills it, on a server started anew", "eve → hello?")
    assert results[bystander].verdict in (Verdict.PASS, Verdict.NON_STRICT)


def test_cases_share_their_restarts(tmp_path: Path) -> None:
    class Counting(ReferenceServer):
        restarts = 0

        async def restart(self, *, kill: bool) -> None:
            Counting.restarts += 1
            await super().restart(kill=kill)

    ids = [each.id for each in all_cases() if each.requirement.id in ("H-RESTART-1", "H-RESTART-2")]
    results = judged(Counting(), *ids)
    assert {each.verdict for each in results.values()} == {Verdict.PASS}
    assert Counting.restarts < len(ids) / 4


def test_a_command_that_ends_is_no_server_though_something_listens(tmp_path: Path) -> None:
    daemon = tmp_path / "daemon.py"
    daemon.write_text(
        "import os, socket, sys\n"
        "listener = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    listener.settimeout(0.1)\n"
        "    while not os.path.exists(sys.argv[2]):\n"
        "        try:\n"
        "            listener.accept()[0].close()\n"
        "        except TimeoutError:\n"
        "            pass\n"
    )
    end = tmp_path / "end"
    try:
        with pytest.raises(TargetError, match="ended, though something listens"):
            with_server(SpawnedServer(f"python {daemon} {{port}} {end}"), probed)
    finally:
        end.touch()


def test_results_can_be_kept_and_sent(tmp_path: Path) -> None:
    results = judged(
        spawned("sentences.py", tmp_path),
        "B-SEND-1/both-get-a-private-message",
        "B-LIST-1/the-list-holds-everyone-online",
    )
    assert [each for each in results.values() if each.findings]
    assert pickle.loads(pickle.dumps(results)) == results  # noqa: S301 - made a moment ago


def test_a_server_that_takes_nobody_in_any_more_costs_one_verdict(tmp_path: Path) -> None:
    poison = "W-FORM-1/client-hello-needs-their-types"
    later = [each.id for each in all_cases() if each.id.startswith("I-NAME-4/a-user-called-")]
    results = judged(spawned("acks.py", tmp_path), poison, *later, jobs=1)
    assert "it takes in nobody any more" in results[poison].findings[0].sentence
    assert {results[each].verdict for each in later} == {Verdict.NON_STRICT}


def test_a_server_that_does_not_start_again_after_a_kill_is_told_so_and_blocks_only_what_comes_last(
    tmp_path: Path,
) -> None:
    """As one whose file a kill has cut: it ends at once, and everything that needs no restart was judged before."""
    server, mark = Path(tchat_server.__file__).parent, tmp_path / "started"
    script = (
        f"import pathlib, runpy, sys; mark = pathlib.Path({str(mark)!r}); "
        "mark.exists() and sys.exit('SyntaxError: half a file'); mark.touch(); "
        f"sys.argv = ['tchat-server', '--port', {{port}}]; runpy.run_path({str(server)!r}, run_name='__main__')"
    )
    script = script.replace("{port}", "'{port}'")
    ids = [each.id for each in all_cases() if each.requirement.id in ("H-KILL-1", "H-RESTART-1", "W-BAD-1")]
    results = judged(SpawnedServer(shlex.join([sys.executable, "-c", script])), *ids)
    verdicts = {
        each: Counter(r.verdict for r in results.values() if r.requirement == each)
        for each in ("W-BAD-1", "H-RESTART-1", "H-KILL-1")
    }
    assert set(verdicts["W-BAD-1"]) == {Verdict.PASS}
    assert set(verdicts["H-RESTART-1"]) <= {Verdict.FAIL, Verdict.BLOCKED}
    assert set(verdicts["H-KILL-1"]) == {Verdict.BLOCKED}
    told = {each.findings[0].sentence.partition(":")[0] for each in results.values() if each.verdict is Verdict.FAIL}
    assert told == {"the server did not come back"}
    assert all("half a file" in r.findings[0].sentence for r in results.values() if r.verdict is Verdict.FAIL)


def test_where_an_invitation_adds_at_once_private_groups_are_judged_all_the_same(tmp_path: Path) -> None:
    """So do most servers in the field: that somebody cannot join who is in already is the fault of one rule."""
    results = judged(
        spawned("careful.cjs", tmp_path),
        "P-READ-1/messages-are-told-to-members",
        "P-JOIN-5/who-was-kicked-needs-an-invitation",
        "P-JOIN-2/who-is-invited-joins",
        "P-LIST-1/groups-hides-a-private-group",
    )
    verdicts = {each.case.partition("/")[0]: each.verdict for each in results.values()}
    assert verdicts == {
        "P-READ-1": Verdict.NON_STRICT,
        "P-JOIN-5": Verdict.NON_STRICT,
        "P-JOIN-2": Verdict.FAIL,
        "P-LIST-1": Verdict.PASS,
    }


def test_news_of_the_witness_are_no_answer(tmp_path: Path) -> None:
    """A server that gives a private message to nobody but its recipient answers the sender nothing."""
    change = ("sendAll([user, to], { action: 'server-send'", "sendAll([to], { action: 'server-send'")
    run = with_server(changed("careful.cjs", tmp_path, change), probed)
    assert "client-send" not in run.forms


def test_a_server_that_nobody_can_use_once_somebody_has_left_is_told_so_at_once(tmp_path: Path) -> None:
    """It keeps whom it should forget, and dies of writing to them, thread by thread."""
    source = (Path(__file__).parents[1] / "peers/acks.py").read_text()
    changed = source.replace("                    del clients[self.name]\n", "                    pass\n")
    assert changed != source
    file = tmp_path / "server.py"
    file.write_text(changed)
    with pytest.raises(StopPolitely, match="once somebody has left"):
        with_server(SpawnedServer(f"python {shlex.quote(str(file))} {{port}}"), probed)


def test_a_server_that_takes_short_plain_names_only_takes_those_of_the_suite(tmp_path: Path) -> None:
    strict = "if (!/^[a-z0-9]{1,20}$/.test(name) || clients.has(name))"
    server = changed("statuses.cjs", tmp_path, ("if (clients.has(name))", strict))
    results = judged(server, "B-LIST-1/the-list-holds-everyone-online", "G-GROUPS-1/groups-lists-a-public-group-once")
    assert {each.verdict for each in results.values()} == {Verdict.NON_STRICT}


def repeating_ids_as(field: str, folder: Path) -> SpawnedServer:
    repeats = ("ok = data => write(socket, {", f"ok = data => write(socket, {{ {field}: asked,")
    noted = ("function handle (m) {", "function handle (m) { asked = m.id")
    return changed("statuses.cjs", folder, repeats, noted, ("let me = null", "let me = null, asked"))


def test_the_witness_is_heard_where_ids_come_back_under_another_name(tmp_path: Path) -> None:
    """The shape of an answer depends on whether the request had an id."""

    async def witnessed(server: SpawnedServer) -> float | None:
        await server.start()
        run = Run(server, LIMIT)
        try:
            await probe(run)
            return await run.past_all(LIMIT)
        finally:
            await run.leave()

    assert with_server(repeating_ids_as("requestId", tmp_path), witnessed) is not None


def test_a_server_that_tells_everybody_something_serves_more_than_one(tmp_path: Path) -> None:
    """What bob gets is not taken for an answer here, but he gets it while alice is there."""
    assert not any(
        "one client at a time" in each for each in needs(with_server(repeating_ids_as("request", tmp_path), probed))
    )


def test_who_says_in_words_that_an_action_is_unknown_does_not_support_it(tmp_path: Path) -> None:
    server = changed("statuses.cjs", tmp_path, ("refuse(501, 'not implemented')", "refuse(501, 'Action inconnue')"))
    results = judged(server, "G-KICK-1/members-and-target-hear-of-a-kick", "G-BAN-1/members-and-target-hear-of-a-ban")
    assert {each.verdict for each in results.values()} == {Verdict.UNSUPPORTED}

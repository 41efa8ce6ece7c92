"""The suite's verdicts on foreign servers are true: they agree with what the servers' sources do.

The facts stand in tests/peers/peers.toml, which says how verdicts are compared with them.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from foreign import Peer, described, servers
from tchat_conform.case import all_cases
from tchat_conform.runner import run_cases
from tchat_conform.target import SpawnedServer
from tchat_conform.verdict import Result, Verdict

ALWAYS = ("careful.cjs", "crlf.py", "password.py", "base_only.cjs", "handshake.cjs")
"""These are judged in every run of the tests; with TCHAT_ALL_PEERS in the environment all of them are."""
JOBS = 8
LIMIT = 5.0

GOOD = (Verdict.PASS, Verdict.NON_STRICT)
WAITS = (Verdict.BLOCKED, Verdict.UNTESTED)


def judged(peer: Peer, folder: Path) -> list[Result]:
    """Return what the suite says of the requirements about which there are facts."""
    facts = peer.holds | peer.nearly | peer.breaks

    async def run() -> list[Result]:
        target = SpawnedServer(peer.command.replace("{dir}", str(folder)))
        try:
            cases = [case for case in all_cases() if case.requirement.id in facts]
            return await run_cases(cases, target, jobs=JOBS, limit=LIMIT, on_result=lambda _: None)
        finally:
            await target.stop()

    return asyncio.run(run())


def untrue(peer: Peer, results: list[Result]) -> Iterator[str]:
    """Yield a sentence for each verdict that contradicts the facts."""
    form = frozenset(described()["form"])
    for result in results:
        finding = result.findings[0].sentence if result.findings else ""
        said = f"{result.case} is {result.verdict}: {finding}"
        if result.verdict is Verdict.ERROR or (result.verdict is Verdict.UNSTABLE and not peer.erratic):
            yield said
        elif result.requirement in peer.holds and result.verdict not in (*GOOD, *WAITS):
            yield f"{said} (it holds)"
        elif result.requirement in peer.nearly - form and result.verdict not in (*GOOD, *WAITS):
            yield f"{said} (it nearly holds)"
        elif peer.passes is not None and result.verdict is Verdict.PASS and result.requirement not in peer.passes:
            yield f"{said} (nothing of it works)"
    for requirement in sorted(peer.breaks):
        if all(each.verdict in GOOD for each in results if each.requirement == requirement):
            yield f"every case of {requirement} is pass or non-strict, but the server breaks it"


@pytest.mark.parametrize("peer", servers(), ids=lambda peer: peer.file)
def test_verdicts_agree_with_the_source(peer: Peer, tmp_path: Path) -> None:
    peer.skip_without_interpreter()
    if peer.file not in ALWAYS and "TCHAT_ALL_PEERS" not in os.environ:
        pytest.skip("takes long: set TCHAT_ALL_PEERS to judge this one too")
    assert list(untrue(peer, judged(peer, tmp_path))) == []

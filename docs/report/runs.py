"""The real runs whose results the report shows, kept beside it: they take minutes, building the report a second.

``python -m docs.report.build --refresh [NAME …]`` makes them anew.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docs.report import durability, foreign, traces
from tchat_conform.case import all_cases
from tchat_conform.matrix.report import NEARLY, SIGNS
from tchat_conform.matrix.result import Verdict
from tchat_conform.reference import ReferenceServer
from tchat_conform.runner import run_cases
from tchat_conform.summary import summarise

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RUN_LIMIT = 10.0
BENCHMARKS = ("fan-out", "naive", "latency", "start-up", "msgs", "validators")


def kept(name: str) -> Any:
    """Return what is kept of a run."""
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def refresh(name: str) -> None:
    """Run something anew and keep what came of it. Raises KeyError for a run there is none of."""
    made = RUNS[name]()
    (HERE / f"{name}.json").write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def conformance() -> list[dict[str, Any]]:
    """Judge the reference server and return how many cases of each level came to what."""
    summaries = summarise(asyncio.run(_judged()))
    return [{"level": each.level.name, "state": each.state, "counts": _counts(each.counts)} for each in summaries]


async def _judged() -> list[Any]:
    target = ReferenceServer()
    try:
        return await run_cases(all_cases(), target, jobs=8, limit=RUN_LIMIT, on_result=lambda _: None)
    finally:
        await target.stop()


def _counts(counts: Counter[Any]) -> dict[str, int]:
    return {str(verdict): number for verdict, number in sorted(counts.items()) if number}


def matrix() -> dict[str, Any]:
    """Let everybody in class.toml play with everybody, and return a sign for each scenario of each pair."""
    command = ("tchat_conform", "matrix", str(HERE / "class.toml"), "--json", "-")
    played = _json_of(command, expected=(0, 1))
    servers = [each["name"] for each in played["servers"]]
    rows: dict[str, dict[str, str]] = {}
    for cell in played["cells"]:
        pair = " + ".join(dict.fromkeys(cell["clients"]))
        rows.setdefault(pair, {})[cell["server"]] = "".join(map(_sign, cell["scenarios"]))
    return {
        "scenarios": [{"letter": each["letter"], "name": each["name"]} for each in played["scenarios"]],
        "servers": servers,
        "rows": [{"pair": pair, "signs": [signs[each] for each in servers]} for pair, signs in rows.items()],
        "verdicts": {name: number for name, number in played["summary"]["verdicts"].items() if number},
    }


def _sign(outcome: dict[str, Any]) -> str:
    verdict = Verdict(outcome["verdict"])
    return NEARLY if verdict is Verdict.PASSED and not outcome["strict"] else SIGNS[verdict]


def figures() -> dict[str, Any]:
    """Measure the reference server beside its baselines, and return what the report shows of it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        subprocess.run([sys.executable, "-m", "benchmarks", *BENCHMARKS, "--json", str(file)], check=True, cwd=ROOT)
        return shown_of(json.loads(file.read_text(encoding="utf-8")))


def shown_of(measured: dict[str, Any]) -> dict[str, Any]:
    """Return what the report shows of a file of figures (docs/performance.md says what its fields are)."""
    fields = ("benchmark", "case", "measure", "unit", "server", "median", "low", "high", "ratio", "holds")
    lines = [{name: each[name] for name in fields} for each in measured["lines"]]
    return {"machine": measured["machine"], "repeats": measured["effort"]["repeats"], "lines": lines}


def _json_of(module_and_arguments: tuple[str, ...], expected: tuple[int, ...]) -> Any:
    done = subprocess.run([sys.executable, "-m", *module_and_arguments], check=False, stdout=subprocess.PIPE)
    if done.returncode not in expected:
        raise SystemExit(f"{' '.join(module_and_arguments)} ended with exit status {done.returncode}")
    return json.loads(done.stdout)


RUNS: dict[str, Callable[[], Any]] = {
    "conformance": conformance,
    "matrix": matrix,
    "figures": figures,
    "foreign": foreign.judged,
    "heard": foreign.heard,
    "clients": foreign.clients,
    "way": traces.way,
    "story": traces.story,
    "terminal": traces.terminal,
    "commits": traces.commits,
    "durability": durability.durability,
}
"""A few seconds each, but for figures, foreign and durability, which take minutes."""

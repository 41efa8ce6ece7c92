"""A matrix for programs, as schemas/matrix.json describes it: written, and read again so that a run can go on."""

import json
from collections.abc import Mapping
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from tchat_conform.matrix.plan import Cell
from tchat_conform.matrix.points import Points, is_strict
from tchat_conform.matrix.report import MatrixReport
from tchat_conform.matrix.result import Blame, CellResult, Outcome, Verdict
from tchat_conform.matrix.scenarios import SCENARIOS
from tchat_conform.recording import stamp
from tchat_conform.wirelog import Direction, Entry
from tchat_protocol import schemas

SCHEMA_VERSION = "1.0"
LOG_KEPT = 4_096
"""Of one entry of the log this many bytes are kept."""
DIRECTIONS: dict[Direction, str] = {"→": "sent", "←": "received", "·": "remark"}
_ARROWS: dict[str, Direction] = {name: arrow for arrow, name in DIRECTIONS.items()}


class NoMatrix(ValueError):  # noqa: N818 - said of a file, not of the program
    """A file is not what schemas/matrix.json says; the message names the rule."""


def matrix_json(report: MatrixReport) -> str:
    """Return a run as JSON."""
    return json.dumps(_document(report), ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def read_results(path: Path) -> dict[str, CellResult]:
    """Return the cells of an earlier report that were played to the end, by id. Raises NoMatrix."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise NoMatrix(f"Cannot read {path}: {getattr(error, 'strerror', None) or error}.") from error
    if fault := next(_schema().iter_errors(document), None):
        place = "/".join(map(str, fault.instance_path))
        raise NoMatrix(f"{path} is no report of a matrix: {place or 'the whole'}: {fault.message[:200]}.")
    found = [_result(each) for each in document["cells"]]
    names = [each.name for each in SCENARIOS]
    return {
        each.cell.id: each
        for each in found
        if [outcome.scenario for outcome in each.outcomes] == names
        and all(outcome.verdict is not Verdict.UNTESTED for outcome in each.outcomes)
    }


@cache
def _schema() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schemas.load("matrix.json"))


# -- writing ----------------------------------------------------------------------------------------------


def _document(report: MatrixReport) -> dict[str, Any]:
    by_peer = {(each.side, each.peer): each for each in report.points}
    return {
        "schema_version": SCHEMA_VERSION,
        "suite": {"name": "tchat-conform", "version": report.version},
        "run": {
            "file": _text(report.file),
            "began": stamp(report.began.astimezone(UTC)),
            "seconds": round(report.seconds, 3),
            "stopped": report.stopped,
        },
        "summary": {
            "cells": len(report.results),
            "scenarios": report.played,
            "verdicts": {each.value: report.counts[each] for each in Verdict},
            "exit_status": report.exit_status,
        },
        "scenarios": [{"name": each.name, "letter": each.letter, "about": each.about} for each in SCENARIOS],
        "servers": [
            {
                "name": each.name,
                "command": _text(each.command),
                "points": _points(by_peer.get(("server", each.name))),
                "alone": [_outcome(outcome) for outcome in report.alone.get(each.name, ())],
            }
            for each in report.lineup.servers
        ],
        "clients": [
            {
                "name": each.name,
                "command": _text(each.description.command),
                "points": _points(by_peer.get(("client", each.name))),
            }
            for each in report.lineup.clients
        ],
        "cells": [_cell(each) for each in report.results],
    }


def _points(points: Points | None) -> dict[str, int]:
    found = points or Points("server", "")
    return {"passed": found.passed, "at_fault": found.at_fault, "of": found.of, "played": found.played}


def _cell(result: CellResult) -> dict[str, Any]:
    cell = result.cell
    return {
        "id": cell.id,
        "server": cell.server,
        "clients": [cell.first, cell.second],
        "scenarios": [_outcome(each) for each in result.outcomes],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "scenario": outcome.scenario,
        "verdict": outcome.verdict.value,
        "strict": is_strict(outcome),
        "blames": [_blame(each) for each in outcome.blames],
        "remarks": [_blame(each) for each in outcome.remarks],
        "proof": _text(outcome.proof),
        "hasty": outcome.hasty,
        "seconds": outcome.seconds,
        "log": [_entry(each) for each in outcome.log],
        "screens": {name: _text(text) for name, text in outcome.screens.items()},
    }


def _blame(blame: Blame) -> dict[str, Any]:
    message = blame.message
    text = message if isinstance(message, str) else None if message is None else json.dumps(message, default=str)
    return {
        "side": blame.side,
        "peer": blame.peer,
        "requirement": blame.requirement,
        "sentence": _text(blame.sentence),
        "message": None if text is None else _text(text[:LOG_KEPT]),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "ms": round(entry.ms, 3),
        "who": _text(entry.who),
        "direction": DIRECTIONS[entry.direction],
        "text": entry.data[:LOG_KEPT].decode("utf-8", "backslashreplace"),
    }


def _text(text: str) -> str:
    """Return text without lone surrogates, which UTF-8 cannot carry."""
    return text.encode("utf-8", "backslashreplace").decode()


# -- reading ----------------------------------------------------------------------------------------------


def _result(value: Mapping[str, Any]) -> CellResult:
    cell = Cell(value["server"], *value["clients"])
    return CellResult(cell, tuple(_read_outcome(each) for each in value["scenarios"]))


def _read_outcome(value: Mapping[str, Any]) -> Outcome:
    return Outcome(
        value["scenario"],
        Verdict(value["verdict"]),
        tuple(_read_blame(each) for each in value["blames"]),
        tuple(_read_blame(each) for each in value["remarks"]),
        value["proof"],
        value["seconds"],
        tuple(Entry(e["ms"], e["who"], _ARROWS[e["direction"]], e["text"].encode()) for e in value["log"]),
        dict(value["screens"]),
        value["hasty"],
    )


def _read_blame(value: Mapping[str, Any]) -> Blame:
    return Blame(value["side"], value["peer"], value["requirement"], value["sentence"], value["message"])

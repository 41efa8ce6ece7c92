"""``tchat-conform diff``: what changed between two runs."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from tchat_conform.compare import Change, Comparison, Document, Kind, NoReport, Side, compare_runs, read_report
from tchat_conform.reports.markdown import escape
from tchat_conform.reports.text import visible

SCHEMA_VERSION = "1.0"
BROKE = 1
UNREADABLE = 2
STDOUT = "-"
NOT_RUN = "not run"
SHOWN = 300
"""Characters of a sentence."""

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_output = click.Path(dir_okay=False, writable=True, allow_dash=True)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("before", type=_file)
@click.argument("after", type=_file)
@click.option(
    "--json", "as_json", type=_output, metavar="FILE|-", help="Write the changes as JSON (schemas/diff.json)."
)
@click.option("--markdown", "as_markdown", type=_output, metavar="FILE|-", help="Write the changes as Markdown.")
def main(before: Path, after: Path, as_json: str | None, as_markdown: str | None) -> None:
    """Show what changed between two runs, from the reports that --json wrote of them.

    Exit status: 1 when something broke that did not fail before, 0 when nothing did, 2 when a
    file is no report.
    """
    try:
        found = compare_runs(read_report(before), read_report(after))
    except NoReport as error:
        raise click.UsageError(str(error)) from error
    for path, form in ((as_json, json_form), (as_markdown, markdown_form)):
        if path is not None:
            _write(path, form(found))
    click.echo(text_form(found), nl=False, err=STDOUT in (as_json, as_markdown))
    sys.exit(BROKE if found.broke else 0)


def _write(path: str, text: str) -> None:
    try:
        with click.open_file(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise click.UsageError(f"Cannot write {path}: {error.strerror}.") from error


def text_form(found: Comparison) -> str:
    """Return the changes as text for a terminal."""
    lines = [f"before  {_run(found.before)}", f"after   {_run(found.after)}"]
    for kind in Kind:
        changes = found.of(kind)
        lines += ["", f"{kind.value} ({len(changes)})"] if changes else []
        for each in changes:
            lines += _case_lines(each)
    lines += ["", "levels"]
    lines += [f"  {each.name:<11}{_arrow(each.before or NOT_RUN, each.after or NOT_RUN)}" for each in found.levels]
    return "".join(f"{line}\n" for line in (*lines, "", _sentence(found)))


def markdown_form(found: Comparison) -> str:
    """Return the changes as Markdown, such as for the comment of a CI system."""
    lines = [f"## tchat-conform: {_sentence(found)}", ""]
    lines += [f"Before: {escape(_run(found.before))}  ", f"After: {escape(_run(found.after))}"]
    for kind in Kind:
        changes = found.of(kind)
        lines += ["", f"### {kind.value.capitalize()} ({len(changes)})", ""] if changes else []
        lines += [f"- `{each.case}` {_verdicts(each)} {escape(_reason(each))}".rstrip() for each in changes]
    lines += ["", "| level | before | after |", "|---|---|---|"]
    lines += [f"| {each.name} | {each.before or NOT_RUN} | {each.after or NOT_RUN} |" for each in found.levels]
    return "".join(f"{line}\n" for line in lines)


def json_form(found: Comparison) -> str:
    """Return the changes as JSON, as schemas/diff.json describes them."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "before": _facts(found.before),
        "after": _facts(found.after),
        "broke": found.broke,
        "cases": [
            {
                "id": each.case,
                "kind": each.kind.value,
                "title": each.title,
                "before": _side(each.before),
                "after": _side(each.after),
            }
            for each in found.changes
        ],
        "levels": [{"name": each.name, "before": each.before, "after": each.after} for each in found.levels],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _facts(report: Document) -> dict[str, Any]:
    return {
        "target": report["run"]["target"],
        "began": report["run"]["began"],
        "suite_version": report["suite"]["version"],
        "cases": report["summary"]["cases"],
        "passed": report["summary"]["verdicts"]["pass"],
        "highest_level": report["summary"]["highest_level"],
    }


def _run(report: Document) -> str:
    facts = _facts(report)
    reached = facts["highest_level"] or "none"
    return (
        f"{visible(facts['target'], SHOWN)}, {facts['began']}: {facts['passed']} of {facts['cases']} passed, "
        f"highest level {visible(reached, SHOWN)}"
    )


def _side(side: Side | None) -> dict[str, str] | None:
    return None if side is None else {"verdict": side.verdict.value, "reason": side.reason}


def _case_lines(change: Change) -> Iterable[str]:
    yield f"  {_verdicts(change)}  {visible(change.case, SHOWN)}  {visible(change.title, SHOWN)}"
    if reason := _reason(change):
        yield f"      {reason}"


def _verdicts(change: Change) -> str:
    before, after = (None if each is None else each.verdict.value for each in (change.before, change.after))
    return _arrow(before, after)


def _arrow(before: str | None, after: str | None) -> str:
    if before == after or after is None:
        return f"{before}"
    return f"{before} → {after}" if before else after


def _reason(change: Change) -> str:
    """Return why a case is no longer what it was: the sentence of the later run."""
    side = change.after
    return visible(side.reason, SHOWN) if side else ""


def _sentence(found: Comparison) -> str:
    counts = [f"{len(changes)} {kind.value}" for kind in Kind if (changes := found.of(kind))]
    return f"{', '.join(counts) or 'nothing changed'}."

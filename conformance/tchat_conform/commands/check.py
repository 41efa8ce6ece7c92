"""``tchat-conform check``: judge a recording, or messages written by hand, in the manner of a compiler."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import click
from rich.cells import cell_len

from tchat_conform.form import Side
from tchat_conform.offline import Complaint, Judgement, Unreadable, judge_text
from tchat_conform.recording import NoRecording
from tchat_conform.reports.sightings import fault_json
from tchat_conform.reports.text import visible

INVALID = 1
STDIN = "-"
SHOWN = 160
"""Characters of a line, and of a sentence."""

BEFORE = 100
"""How many of them may stand before the place at fault."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", type=click.Path(exists=True, dir_okay=False, allow_dash=True), nargs=-1)
@click.option(
    "--from",
    "side",
    type=click.Choice(["client", "server"]),
    help="Who sends the messages; of a recording, the side to judge. [default: each message's action tells]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the faults as one JSON object (schemas/check.json).")
def main(files: tuple[str, ...], side: Side | None, as_json: bool) -> None:
    """Judge a recording, or messages in files.

    Each message is held against the schemas and PROTOCOL.md. In a file messages may stand one a line,
    pretty-printed or joined. Without FILES, or with -, stdin is read.

    Exit status: 0 when all messages are valid, 1 when one is not, 2 when a file has none or cannot be read.
    """
    found = {_name(path): _judge(path, side) for path in files or (STDIN,)}
    if as_json:
        click.echo(json.dumps(json_form(found), indent=2))
    else:
        for line in text_form(found):
            click.echo(line)
    sys.exit(INVALID if any(each.invalid for each in found.values()) else 0)


def _name(path: str) -> str:
    return "<stdin>" if path == STDIN else visible(path, SHOWN)


def _judge(path: str, side: Side | None) -> Judgement:
    try:
        with click.open_file(path, "rb") as file:
            return judge_text(file.read(), side)
    except (Unreadable, NoRecording) as error:
        raise click.UsageError(f"{_name(path)}: {visible(str(error), SHOWN)}") from error
    except OSError as error:
        raise click.UsageError(f"{_name(path)}: {error.strerror}.") from error


def text_form(found: Mapping[str, Judgement]) -> Iterator[str]:
    """Yield the faults of each file as ``file:line:column`` with what is wrong, and a last line that counts."""
    for name, judgement in found.items():
        for each in judgement.complaints:
            yield from _complaint(name, each)
    messages, invalid = _counts(found)
    yield f"{messages} message{'' if messages == 1 else 's'}, {invalid} invalid"


def _counts(found: Mapping[str, Judgement]) -> tuple[int, int]:
    return sum(each.messages for each in found.values()), sum(each.invalid for each in found.values())


def _complaint(name: str, complaint: Complaint) -> Iterator[str]:
    fault = complaint.fault
    column = "" if complaint.column is None else f":{complaint.column}"
    yield f"{name}:{complaint.line}{column}: error: {visible(fault.sentence, SHOWN)} [{_facts(complaint)}]"
    yield from _excerpt(complaint)
    yield f"    {fault.requirement.id}: {fault.requirement.text} ({fault.requirement.link})"
    for word, line in zip(_labels("expected: "), fault.expected.splitlines(), strict=False):
        yield f"    {word}{line}"
    if fault.hint:
        yield f"    note: {visible(fault.hint, SHOWN)}"


def _labels(first: str) -> Iterator[str]:
    yield first
    while True:
        yield " " * len(first)


def _facts(complaint: Complaint) -> str:
    fault = complaint.fault
    who = f"connection {complaint.connection}, " if complaint.connection else ""
    field = f"field {visible(fault.field, SHOWN)}, " if fault.field else ""
    return f"{who}{complaint.side}, {field}{fault.rule}"


def _excerpt(complaint: Complaint) -> Iterator[str]:
    """Yield the text at fault and, if there is a place in it, a caret under that."""
    if complaint.caret is None:
        if complaint.shown:
            yield f"    {complaint.shown}"
        return
    begin = max(0, complaint.caret - BEFORE)
    before = visible(complaint.shown[begin : complaint.caret], len(complaint.shown))
    yield f"    {before}{visible(complaint.shown[complaint.caret :].rstrip(), SHOWN - BEFORE // 2)}"
    yield f"    {' ' * cell_len(before)}^"


def json_form(found: Mapping[str, Judgement]) -> dict[str, Any]:
    """Return the faults for programs."""
    messages, invalid = _counts(found)
    faults = [_fault_json(name, each) for name, judgement in found.items() for each in judgement.complaints]
    return {"messages": messages, "invalid": invalid, "faults": faults}


def _fault_json(name: str, complaint: Complaint) -> dict[str, Any]:
    return {
        "file": name,
        "line": complaint.line,
        "column": complaint.column,
        "connection": complaint.connection,
        "user": complaint.user,
        "from": complaint.side,
        "action": complaint.action,
        **fault_json(complaint.fault),
    }

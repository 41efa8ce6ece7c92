"""What a case sent, as a shell script for nc, so that it can be seen again without the suite."""

import shlex
from collections.abc import Iterator
from itertools import pairwise

from tchat_conform.reports.exchange import OUR_CLOSE, OUR_CONNECTION, PROOFS
from tchat_conform.reports.report import Facts
from tchat_conform.verdict import Result
from tchat_conform.wirelog import Entry

LONGEST = 4_000
"""Bytes of one request that a line of the script may hold."""
MOST_LINES = 200
FIRST_DESCRIPTOR = 3
MOST_CONNECTIONS = 6
"""POSIX shells have descriptors up to 9."""
PAUSE = "sleep .2"


def script(result: Result, facts: Facts) -> list[str]:
    """Return the lines of a script that sends what a case sent, each connection through its own nc.

    Remarks and barriers stand in it as comments. Empty where nothing was sent, or over too many
    connections, and for what a client sent by itself.
    """
    people = list(dict.fromkeys(each.who for each in result.log if each.direction == "→"))
    if facts.of_client or not people or len(people) > MOST_CONNECTIONS or len(result.log) > MOST_LINES:
        return []
    descriptors = {who: FIRST_DESCRIPTOR + number for number, who in enumerate(people)}
    host, port, tls = _address(facts)
    client = f"openssl s_client -quiet -connect {host}:$PORT" if tls else f"nc {host} $PORT"
    lines = [f"# {result.case}: run in an empty directory, with bash or sh", f"PORT={port or 8080}"]
    if port is None:
        lines[-1] += "  # where your server listens"
    opened: set[str] = set()
    for entry in result.log:
        if entry.direction == "→" and entry.who not in opened:
            opened.add(entry.who)
            lines += _opened(entry.who, descriptors[entry.who], client)
        lines += _lines(entry, descriptors)
    return [*lines, *(f"exec {each}>&-" for each in descriptors.values()), f"wait; rm {' '.join(_pipes(people))}"]


def _pipes(people: list[str]) -> list[str]:
    return [f"{_name(each)}.in" for each in people]


def _name(who: str) -> str:
    """Return a connection's name as part of a file name."""
    return "".join(char if char.isalnum() and char.isascii() else "-" for char in who)


def _opened(who: str, descriptor: int, client: str) -> Iterator[str]:
    name = _name(who)
    yield f"mkfifo {name}.in; {client} <{name}.in | sed 's/^/{name} got: /' & exec {descriptor}>{name}.in"


def _lines(entry: Entry, descriptors: dict[str, int]) -> Iterator[str]:
    text = entry.data.decode("utf-8", "backslashreplace")
    if entry.direction == "→" and len(entry.data) > LONGEST:
        yield f"# {entry.who} sends {len(entry.data):,} bytes, too long to write here; the line with --only does it"
    elif entry.direction == "→":
        if any(each in text for each in PROOFS):
            yield "# a barrier: once this has come back, everything before it has been dealt with"
        yield f"printf {_quoted(entry.data)} >&{descriptors[entry.who]}; {PAUSE}"
    elif entry.direction == "·" and entry.data == OUR_CLOSE and entry.who in descriptors:
        yield f"# {entry.who} closes"
    elif entry.direction == "·" and entry.data != OUR_CONNECTION:
        yield f"# {' '.join(text.split())}"


def _quoted(data: bytes) -> str:
    r"""Return bytes as an argument of printf, a line feed at the end included.

    >>> print(_quoted(b'{"a":"100 %"}\n'), _quoted(b"\xff'"))
    '{"a":"100 %%"}\n' '\377'\'''
    """
    written = "".join(_escaped(byte) for byte in data)
    return "'" + written.replace("'", "'\\''") + "'"


def _escaped(byte: int) -> str:
    special = {ord("%"): "%%", ord("\\"): "\\\\", ord("\n"): "\\n"}
    return special.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}")


def _address(facts: Facts) -> tuple[str, str | None, bool]:
    """Return host, port (None where the suite chose it) and whether TLS is spoken, from the command of the run."""
    words = shlex.split(facts.command)
    given = dict(pairwise(words))
    return given.get("--host", "127.0.0.1"), given.get("--port"), "--tls" in words

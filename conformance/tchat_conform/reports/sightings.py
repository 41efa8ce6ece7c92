"""Messages as they pass, as lines of text: what peers sent is shown and never executed."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.cells import cell_len

from tchat_conform.form import Fault, Side, law
from tchat_conform.observe import Seen, Tally
from tchat_conform.recording import event_json
from tchat_conform.reports.text import visible
from tchat_conform.stream import Wrong
from tchat_protocol.framing import BadInput

SHOWN = 400
"""Characters of a message."""

NAME_SHOWN = 32
ARROWS: Mapping[Side, str] = {"client": "→", "server": "←"}
"""Seen from the user: what the client sends goes out."""


def headline(seen: Seen) -> str:
    """Return time, connection, user, direction and the message on one line."""
    who = visible(seen.user, NAME_SHOWN) if seen.user else "?"
    time = seen.event.at.astimezone().strftime("%H:%M:%S.%f")[:-3]
    return f"{time} #{seen.event.connection} {who} {ARROWS[seen.side]} {compact(seen.sighting.value)}"


def remarks(seen: Seen, *, verbose: bool) -> Iterator[str]:
    """Yield what there is to say of a message; ``verbose`` adds the requirements' texts and the expected forms."""
    for fault in seen.faults:
        yield f"invalid: {visible(fault.said, SHOWN)}"
        if seen.sighting.wrong is not None:
            yield from caret(seen.sighting.wrong)
        yield f"  {law(fault.requirement)}"
        if verbose and fault.expected:
            yield from (f"  expected: {line}" for line in fault.expected.splitlines()[:1])
            yield from (f"            {line}" for line in fault.expected.splitlines()[1:])
        if fault.hint:
            yield f"  {visible(fault.hint, SHOWN)}"
    if seen.followed:
        yield f"and {seen.followed} more lines that follow from it"
    for fact in seen.facts:
        yield f"note: {fact.said}"
        if verbose:
            yield f"  {fact.law}"


def caret(wrong: Wrong) -> Iterator[str]:
    """Yield the line around the first wrong byte, a caret under that, and its offset."""
    before = visible(wrong.before.rpartition(b"\n")[2], SHOWN)
    after = visible(wrong.after[:1] + wrong.after[1:].partition(b"\n")[0], SHOWN)
    yield f"  {before}{after}"
    yield f"  {' ' * cell_len(before)}^ byte {wrong.offset + 1} of what this side sent"


def compact(value: Any) -> str:
    """Return a message as JSON on one line, or bad input as it is, cut and with nothing that a terminal obeys."""
    if isinstance(value, BadInput):
        return visible(value.raw, SHOWN)
    return visible(json.dumps(value, ensure_ascii=False, separators=(",", ":")), SHOWN)


def seen_json(seen: Seen) -> dict[str, Any]:
    """Return a message and its judgement for programs."""
    value = seen.sighting.value
    form = {
        **{key: each for key, each in event_json(seen.event).items() if key not in {"text", "base64", "event"}},
        "user": seen.user,
        "size": seen.sighting.size,
        "valid": seen.valid,
        "faults": [fault_json(each) for each in seen.faults],
        "facts": [{"sentence": each.sentence, "place": each.place} for each in seen.facts],
    }
    if isinstance(value, BadInput):
        return {**form, "bad": value.raw.decode("utf-8", "backslashreplace")}
    return {**form, "message": value}


def fault_json(fault: Fault) -> dict[str, Any]:
    """Return a fault for programs."""
    return {
        "field": fault.field,
        "rule": fault.rule,
        "sentence": fault.sentence,
        "requirement": fault.requirement.id,
        "link": fault.requirement.link,
        "expected": fault.expected,
        "hint": fault.hint,
    }


def who_of(number: int, tally: Tally) -> str:
    """Return which connection a tally is of."""
    return f"#{number} {visible(tally.user, NAME_SHOWN) if tally.user else 'nobody known'}"


def tally_lines(who: str, tally: Tally) -> Iterator[str]:
    """Yield what one connection came to, or several together."""
    counts = ", ".join(f"{tally.messages[side]} from the {side}" for side in ARROWS)
    yield f"{who}: {counts}; {tally.invalid.total()} invalid"
    for kind, count in tally.kinds.most_common():
        yield f"   {count:>4} × {visible(kind, SHOWN)}"
    if tally.requirements:
        yield "   requirements touched: " + ", ".join(sorted(tally.requirements))


def tally_json(number: int, tally: Tally) -> dict[str, Any]:
    """Return the same for programs."""
    return {"connection": number, "user": tally.user, **counts_json(tally)}


def counts_json(tally: Tally) -> dict[str, Any]:
    """Return what was counted, without whose it was."""
    return {
        "messages": {side: tally.messages[side] for side in ARROWS},
        "invalid": {side: tally.invalid[side] for side in ARROWS},
        "kinds": dict(tally.kinds),
        "requirements": dict(tally.requirements),
    }

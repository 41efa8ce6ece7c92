"""What is learned of a client before the first case: whether it starts, says hello, obeys, and shows what it hears."""

from typing import Any

from tchat_conform.clients.arrival import Arrival
from tchat_conform.clients.description import COURSE, GUESSED, MENU, Description
from tchat_conform.clients.run import ClientRun
from tchat_conform.clients.stage import Stage
from tchat_conform.verdict import Failed, Finding, Stopped

BARRIERS = ("client-list-clients", "client-broadcast")
"""Commands that nearly every client has, the first that works tells later whether a client still obeys."""
SILENCE, GARBAGE = "C-HELLO-1", "C-JSON-1"
"""The requirements that fail where a client never says anything, and where that is no message."""
PROBE_LIMIT = 1.5
"""Seconds that a command may take that perhaps does not exist."""


class StopPolitely(Exception):  # noqa: N818 - a way for a run to end
    """No case can be looked at; the finding says why, and ``blamed`` is the requirement that fails."""

    def __init__(self, finding: Finding, blamed: str) -> None:
        super().__init__(finding.sentence)
        self.finding = finding
        self.blamed = blamed


async def probe(run: ClientRun) -> None:
    """Learn of a client what every case needs to know. Raises StopPolitely if it never connects."""
    stage = Stage(run, "probe")
    try:
        await stage.start()
        run.says_hello = stage.hello is not None
        run.spontaneous = await _unasked(stage)
        await _learn_style(stage)
        run.shows = await stage.is_shown()
    except Stopped as stopped:
        raise StopPolitely(stopped.finding, GARBAGE if isinstance(stopped, Failed) else SILENCE) from stopped
    finally:
        await stage.close()


async def _learn_style(stage: Stage) -> None:
    run = stage.run
    described = run.description
    for action in BARRIERS:
        for style in GUESSED if described.style == COURSE else (described.style,):
            run.description = described.in_style(style)
            if action not in run.spontaneous and await _works(stage, action):
                run.barrier = action
                run.spoken = _spoken(described, run.description)
                return
    run.description = described


async def _works(stage: Stage, action: str) -> bool:
    """Tell whether a command sends its request; what it sends instead is judged by the cases."""
    run = stage.run
    limit, run.limit = run.limit, min(run.limit, PROBE_LIMIT)
    try:
        fields: dict[str, Any] = {"msg": stage.fresh("probing")} if action == "client-broadcast" else {}
        await stage.answers(await stage.types(action, **fields))
    except Stopped:
        return False
    finally:
        run.limit = limit
    return stage.is_alive()


def _spoken(described: Description, found: Description) -> tuple[str, ...]:
    if described.style == found.style or found.style != MENU:
        return ()
    return ("its commands are words of a menu, and what they need is asked for",)


async def _unasked(stage: Stage) -> frozenset[str]:
    """Return the actions that the client sends without being asked, its hello aside."""
    await Arrival(stage).settle()
    found = (each.content for each in stage.player.received)
    return frozenset(str(each.get("action")) for each in found if isinstance(each, dict)) - {"client-hello"}

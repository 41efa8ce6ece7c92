"""Crashes of the server under test: noticed at once, blamed on one case, and reduced to what brings them about."""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from tchat_conform.connection import CLOSINGS, Connection
from tchat_conform.reports.wording import kind_of_death, plain
from tchat_conform.run import Run
from tchat_conform.speech import STANDARD
from tchat_conform.target import TargetError, accepts
from tchat_conform.verdict import Finding, Result, Verdict
from tchat_conform.visit import takes_in_at_last
from tchat_conform.wirelog import Entry, WireLog

REDUCED_AT_MOST = 4
TRIES_AT_MOST = 40
SETTLES = 0.05
"""Seconds after which a server that dies of a message is dead."""


@dataclass(frozen=True, slots=True)
class Step:
    """Bytes that somebody sent, or None where the connection was closed."""

    who: str
    data: bytes | None


class Crashes:
    """What is known of the crashes of one run: how many, and which case was the last to be blamed for one.

    ``used`` says whether a case has spoken to the server since it was last started here, ``had_ended`` whether the
    process had ended when it was last found dead.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._reviving = asyncio.Lock()
        self.killer: str | None = None
        self._reduced: dict[str, tuple[Finding, ...]] = {}
        self.count = 0
        self.used = False
        self.had_ended = False
        self._known: set[str] = set()
        self._alive_at = 0.0

    async def outlived(self, count: int, *, revive: bool = True) -> bool:
        """Tell whether the server lives on since ``count`` crashes; if not, see that it is started again once."""
        asked = time.monotonic()
        async with self._reviving:
            if count != self.count:
                return False
            if asked < self._alive_at:
                return True  # somebody else has looked since
            began = time.monotonic()
            await self._run.past_all(self._run.patience)  # what it will die of it may still be reading
            if await self._lives():
                self._alive_at = began
                return True
            self.count += 1
            if revive:
                await self._revive()
            return False

    async def revived(self) -> bool:
        """Tell whether there is a server, started again if need be."""
        async with self._reviving:
            return await self._lives() or await self._revive()

    def gone(self) -> Finding:
        """Say why there is nothing left to look at."""
        since = f" since {self.killer}" if self.killer else ""
        if self._run.target.can_restart:
            return Finding(f"the server does not start any more{since}", by="a server that starts")
        sentence = f"the server is gone{since}; start it again, or let the suite do so with --spawn"
        return Finding(sentence, by="a server that lives")

    def does_not_return(self, case: str) -> None:
        """Be told of a case after whose restart the server did not start again."""
        self.killer = self.killer or case

    def suspect(self, result: Result) -> Result:
        """Return the result of the case that the server most likely died in, where it cannot be tried again."""
        self.killer = result.case
        sentence = "the server died in this case, the last to send something before"
        died = Finding(sentence, proof="other cases ran at the same moment; --spawn or --jobs 1 would tell for sure")
        return replace(result, verdict=Verdict.FAIL, findings=(died, *result.findings))

    async def may_be_new(self) -> bool:
        """Start the server again and return True, unless it died of what is known to end it, or cannot be started."""
        how = await self._run.target.obituary()
        self.had_ended = how is not None
        known = how is not None and kind_of_death(plain(how)) in self._known
        return self._run.target.can_restart and not known and await self._revive()

    async def blame(self, result: Result) -> Result:
        """Return the result of the case, run alone, that the server died in."""
        self.killer = result.case
        how = await self._run.target.obituary()
        died = Finding("the server died of this case" + (f": {how}" if how else ""))
        if how is None and self._run.target.can_restart:
            sentence = "the server died of this case, in effect: its process lives, but it takes in nobody any more"
            died = Finding(sentence)
        self._known |= {kind_of_death(plain(how))} if how is not None else set()
        cause = re.sub(r"\d+", "", how or "")
        if how is not None and cause not in self._reduced and len(self._reduced) < REDUCED_AT_MOST:
            self._reduced[cause] = ()
            self._reduced[cause] = await self._reduce(result.log)
            return replace(result, verdict=Verdict.FAIL, findings=(died, *self._reduced[cause], *result.findings))
        return replace(result, verdict=Verdict.FAIL, findings=(died, *result.findings))

    async def _lives(self) -> bool:
        """Tell whether the server takes connections and still takes in who says hello, where it did so at first.

        One that takes nobody in any more is as good as dead: all cases after it would fail, whatever they are about.
        """
        if not await accepts(self._run.target.address):
            return False
        return not (self._run.target.can_restart and self._run.is_welcoming) or await takes_in_at_last(self._run)

    def unexplained(self, first: Result, again: Result) -> Result:
        """Return the result of a case that the server died in, but not when it ran again on a server started anew."""
        sentence = "the server died in this case, but not of it alone: what it got before has its part"
        proof = "on a server started anew the case did not kill it"
        return replace(
            first, verdict=Verdict.UNSTABLE, findings=(Finding(sentence, proof=proof), *first.findings), other=again
        )

    async def _revive(self) -> bool:
        if self._run.target.can_restart:
            try:
                await self._run.target.restart(kill=True)
                self.used = False
            except TargetError:
                return False
        return await accepts(self._run.target.address)

    # -- the fewest messages ------------------------------------------------------------------------------

    async def _reduce(self, log: Sequence[Entry]) -> tuple[Finding, ...]:
        """Return what is left of a log when everything is left out without which the server dies all the same."""
        sent = list(_steps(log))
        tries = 0
        if not sent or not await self._kills(sent):
            return (Finding("the same messages sent again did not kill it: it takes more than them"),)
        last = [sent[-1]]
        if len(sent) > 1 and await self._kills(last):
            sent = last
        position = 0
        while position < len(sent) > 1 and tries < TRIES_AT_MOST:
            tries += 1
            fewer = sent[:position] + sent[position + 1 :]
            if await self._kills(fewer):
                sent = fewer
            else:
                position += 1
        return (_fewest(sent),)

    async def _kills(self, sent: Sequence[Step]) -> bool:
        if not await accepts(self._run.target.address) and not await self._revive():
            return False
        connections: dict[str, Connection] = {}
        try:
            for each in sent:
                if each.who not in connections:
                    connections[each.who] = await self._connect(each.who)
                await _replay(connections[each.who], each.data)
            await asyncio.sleep(SETTLES)
        except (OSError, TimeoutError):
            pass  # nobody takes connections any more, which the next line tells
        finally:
            for connection in connections.values():
                with suppress(OSError):
                    await connection.close()
        return not await accepts(self._run.target.address)

    async def _connect(self, who: str) -> Connection:
        return await Connection.open(who, self._run.target.address, WireLog(), self._run.patience, STANDARD)


def _steps(log: Sequence[Entry]) -> Iterator[Step]:
    for each in log:
        if each.direction == "→":
            yield Step(each.who, each.data)
        elif each.data in CLOSINGS:
            yield Step(each.who, None)


def _fewest(sent: Sequence[Step]) -> Finding:
    lines = "\n".join(f"{each.who} → {_words(each)}" for each in sent)
    number = "one message kills" if len(sent) == 1 else f"{len(sent)} steps kill"
    return Finding(f"{number} it, on a server started anew", None, lines, proof="sent again and again, with ever fewer")


def _words(step: Step) -> str:
    return "(closes)" if step.data is None else step.data.decode("utf-8", "backslashreplace").rstrip()


async def _replay(connection: Connection, data: bytes | None) -> None:
    if data is None:
        await connection.close()
    else:
        await connection.send_bytes(data)
        await connection.wait_until(lambda: False, SETTLES / 5)

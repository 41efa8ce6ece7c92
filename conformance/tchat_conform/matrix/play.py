"""One pair at its server: what people ask for, and what comes of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tchat_conform.clients.compare import wrong_with
from tchat_conform.matrix.company import Company, Marks
from tchat_conform.matrix.evidence import Attempt, Hearing, Listener
from tchat_conform.matrix.judgement import judge, lacking, lacking_at
from tchat_conform.matrix.notes import Asked, answer_of
from tchat_conform.matrix.person import ENDS_WITHIN, REACTS_WITHIN, Person
from tchat_conform.matrix.result import Blame, Unfinished, Verdict
from tchat_conform.matrix.rules import is_refusal
from tchat_conform.matrix.wire import Told, Trait
from tchat_protocol.framing import BadInput, Message
from tchat_protocol.messages import request_name_field


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for what, by which requirement, who must be told, and how much everybody had heard and seen before."""

    who: str
    meant: Message
    rule: str
    listeners: Sequence[Listener]
    marks: Marks


class Play(Company):
    """One pair at its server that asks for things, which are judged."""

    async def ask(
        self, who: str, action: str, rule: str, *listeners: Listener, may_fail: bool = False, **fields: Any
    ) -> Attempt:
        """Let somebody ask for something, wait for what must come of it, and judge that.

        ``rule`` is the requirement that the server breaks who does not do it. ``may_fail`` says that a refusal is
        right. Raises Unfinished.
        """
        person = self.people[who]
        await self._everybody_takes_in()
        name = request_name_field(action)
        meant = {"action": action, **({name: person.name} if name else {}), **fields}
        marks, said = self.marks(), len(person.wire.said)
        was_gone = bool(person.ended)
        typed = "" if was_gone else await person.asks(action, fields)
        sent, goes_on = (None, False) if not typed else await self._request(person, action, said)
        asking = Asking(who, meant, rule, listeners, marks)
        if sent is not None:
            await self._outcome(asking)
        attempt = self.attempt(asking, typed, sent)
        attempt = replace(attempt, was_gone=was_gone, goes_on=goes_on)
        if may_fail:
            attempt = replace(attempt, refusal=None)
        self.notes.keeps(attempt, person, marks[who][0])
        try:
            self.keep(attempt)
        except Unfinished as stopped:
            raise await self._explained(stopped, person, attempt) from None
        return attempt

    async def _everybody_takes_in(self) -> None:
        """See that clients have taken in what they got before more comes: else some read two messages in one."""
        if any(self._trips(each) for each in self.people.values()):
            await self.settle()
        for each in self.people.values():
            await self._takes_in(each)

    async def _takes_in(self, person: Person) -> None:
        """See that a client has taken in what it may die of, so that what is typed next is not blamed for it."""
        last = person.wire.heard[-1] if person.wire.heard else None
        if last is not None and (last.faults or self._trips(person)):
            await person.takes_in(REACTS_WITHIN * self.haste)

    def _trips(self, person: Person) -> bool:
        """Tell whether a client is known not to bear two messages that it reads at once."""
        return self.known.of(person.client).bears.get(Trait.JOINED) is False

    async def _request(self, person: Person, action: str, said: int) -> tuple[Told | None, bool]:
        """Return what was sent for something that was typed, and whether what is typed later is sent."""
        began = time.monotonic()
        is_known = person.barrier is not None  # what is typed behind it tells soon enough
        await self.until(lambda: self._sent(person, said, action) is not None, person, settles=is_known)
        sent = self._sent(person, said, action)
        if sent is not None:
            self.note(time.monotonic() - began)
        elif not person.ended and self.server.runs:
            goes_on = await person.obeys()
            sent = self._sent(person, said, action, but=person.barrier if goes_on else None)
            heard = len(person.wire.heard)
            await self.until(lambda: len(person.wire.heard) > heard, person, settles=True)
            return sent, goes_on and sent is None
        return sent, False

    async def _outcome(self, asking: Asking) -> None:
        """Wait for what must come of a request, or for what shows that it does not."""
        person, listeners, began = self.people[asking.who], asking.listeners, time.monotonic()
        asked = Asked(person, asking.meant, asking.marks[asking.who][0], asking.rule)

        def is_done() -> bool:
            if listeners and all(self.is_told(each, asking.marks) for each in listeners):
                return True
            answer = answer_of(asked)
            return answer is not None and (not listeners or is_refusal(answer))

        people = [person, *(self.people[each.who] for each in listeners)]
        await self.until(lambda: is_done() or self._is_hopeless(asking), *people, settles=self._expects_little(asking))
        if not is_done() and self._is_hopeless(asking):
            await self.until(is_done, *people, settles=True)
        if is_done():
            self.note(time.monotonic() - began)
        await self.see_whether_it_lives(*people)

    def _expects_little(self, asking: Asking) -> bool:
        """Tell whether nothing depends on what comes, or whether it does not come for people of the suite either."""
        return not asking.listeners or self.is_in_vain()

    def is_in_vain(self) -> bool:
        """Tell whether the server is known not to do the next step of this scenario for anybody."""
        return self.known.server_known.does(self.notes.scenario, self.notes.step + 1) is False

    def _is_hopeless(self, asking: Asking) -> bool:
        """Tell whether all has come that must, in a way that somebody who is told does not bear."""
        if not asking.listeners or not all(self.has_got(each, asking.marks) for each in asking.listeners):
            return False
        told = [(each.who, self._told(each, asking.marks[each.who][0])) for each in asking.listeners]
        return any(self.known.of(self.people[who].client).not_borne(each) for who, each in told)

    async def see_whether_it_lives(self, *people: Person) -> None:
        """Give a server that has closed a connection the time to end, if that is why."""
        if any(each.wire.closed_by == "server" for each in people):
            await self.pulse.until(lambda: not self.server.runs, ENDS_WITHIN)

    async def _explained(self, stopped: Unfinished, person: Person, attempt: Attempt) -> Unfinished:
        """Return why a request brought nothing about: a server that serves all but this does not have it."""
        failed = stopped.verdict in (Verdict.SERVER, Verdict.BOTH)
        silent = failed and stopped.hasty and attempt.action != "client-hello"
        if not silent or not self.notes.is_unanswered or not await self.serves(person):
            return stopped
        asked = " and ".join(dict.fromkeys(str(each.meant["action"]) for each in self.notes.asked))
        sentence = f"neither an answer nor any effect follows {asked}"
        blame = Blame("server", self.known.server, self.notes.asked[0].rule, sentence)
        return Unfinished(Verdict.UNSUPPORTED, blame, proof="it answers other requests", hasty=True)

    async def settle(self) -> None:
        """Wait for what the last request must still bring, though nothing depends on it."""
        if self.notes.asked:
            last = self.notes.asked[-1]
            await self.until(lambda: answer_of(last) is not None, last.person, settles=True)

    async def serves(self, person: Person) -> bool:
        """Tell whether the server answers somebody's request for the list, or whatever his client is known to send."""
        before = len(person.wire.heard)
        await person.obeys()
        await self.until(lambda: len(person.wire.heard) > before, person, settles=self.is_in_vain())
        await self._takes_in(person)
        return any(_is_answer(each) for each in person.wire.heard[before:])

    def keep(self, attempt: Attempt) -> None:
        """Judge an attempt, and note what else it showed. Raises Unfinished."""
        self.notes.remarks += lacking(attempt)
        self.look_for_leaks()
        judge(attempt, self.notes.scenario, self.known)
        self.notes.step += 1

    def judge_listener(self, who: str, listener: Listener, marks: Marks, event: str) -> None:
        """Judge what somebody was told of something that nobody asked for. Raises Unfinished."""
        hearing = self._hearing(listener, marks)
        if hearing.told is None:
            sentence = f"{event}, and the server does not send {listener.action} to {who}"
            blame = Blame("server", self.known.server, listener.rule, sentence)
            raise Unfinished(Verdict.SERVER, blame, proof=f"nothing came within {self.patience:.1f} s", hasty=True)
        self.notes.remarks += lacking_at(hearing)
        self.notes.step += 1

    def look_for_leaks(self) -> None:
        """Raise Unfinished if somebody has got what he must not."""
        if leak := self.notes.leak(self.known.server, self.people):
            raise leak

    # -- what came ----------------------------------------------------------------------------------------

    def attempt(self, asking: Asking, typed: str | None, sent: Told | None) -> Attempt:
        """Return what happened since somebody asked, as it is judged."""
        who, meant, rule, marks = asking.who, asking.meant, asking.rule, asking.marks
        person, (start, _, complaint) = self.people[who], marks[who]
        asked = Asked(person, meant, start, rule)
        answer = answer_of(asked)
        return Attempt(
            who=who,
            client=person.client,
            action=str(meant["action"]),
            rule=rule,
            step=self.notes.step + 1,
            meant=meant,
            typed=typed,
            sent=sent,
            wrong=_wrong(meant, sent),
            ended=person.ended,
            complaint=complaint,
            answer=answer,
            refusal=answer if answer is not None and is_refusal(answer) else None,
            heard=tuple(person.wire.heard[start:]),
            earlier=tuple(person.wire.heard[:start]),
            server_end=self.server.end,
            closed=person.wire.closed_by == "server",
            hearings=tuple(self._hearing(each, marks) for each in asking.listeners),
            before=tuple(self.notes.doubtful(self.known.server)),
            silence=f"nothing came within {self.patience:.1f} s",
        )

    def _hearing(self, listener: Listener, marks: Marks) -> Hearing:
        person = self.people[listener.who]
        start, mark, complaint = marks[listener.who]
        told = self._told(listener, start)
        lost = [name for name, text in listener.texts.items() if not person.shows(text, mark)]
        if told is None and not listener.texts:
            lost = ["anything"]
        end = person.wire.heard.index(told, start) if told is not None else len(person.wire.heard)
        return Hearing(
            listener,
            person.client,
            told,
            tuple(lost),
            tuple(name for name, text in listener.should.items() if not person.shows(text, mark)),
            tuple(person.wire.heard[:end]),
            person.ended if lost else "",
            complaint,
        )

    def has_got(self, listener: Listener, marks: Marks) -> bool:
        """Tell whether what somebody must be told has reached his client."""
        return self._told(listener, marks[listener.who][0]) is not None

    def is_told(self, listener: Listener, marks: Marks) -> bool:
        """Tell whether somebody has got what he must, and sees what he must and should."""
        person, (start, mark, _) = self.people[listener.who], marks[listener.who]
        texts = [*listener.texts.values(), *listener.should.values()]
        return self._told(listener, start) is not None and all(person.shows(each, mark) for each in texts)

    def _told(self, listener: Listener, start: int) -> Told | None:
        heard = self.people[listener.who].wire.heard[start:]
        return next((each for each in heard if each.tells(listener.token) and not is_refusal(each)), None)

    def _sent(self, person: Person, since: int, action: str, but: str | None = None) -> Told | None:
        """Return what was sent for a command, late or not; ``but`` is what was sent for a later one."""
        for each in person.wire.said[since:]:
            is_asked = each.action == action or not (person.is_unasked(each.action) or each.action == but)
            if isinstance(each.content, BadInput) or is_asked:
                return each
        return None


def _wrong(meant: Message, sent: Told | None) -> str:
    if sent is None:
        return ""
    if sent.message is None:
        return "what is sent is no message"
    return "" if meant["action"] == "client-hello" else wrong_with(meant, sent.message)


def _is_answer(told: Told) -> bool:
    return bool(told.inner) and not is_refusal(told) and not told.action.startswith("client-")

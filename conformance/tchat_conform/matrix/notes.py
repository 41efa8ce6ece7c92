"""What a scenario finds on its way: what must not arrive, what was asked, and what else broke a rule."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tchat_conform.expect import Expected
from tchat_conform.matrix.evidence import Attempt
from tchat_conform.matrix.judgement import out_of_form
from tchat_conform.matrix.person import Person
from tchat_conform.matrix.result import Blame, Unfinished, Verdict
from tchat_conform.matrix.rules import is_refusal
from tchat_conform.matrix.wire import Told
from tchat_protocol import schemas
from tchat_protocol.framing import Message


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A text that somebody must not get, the requirement that says so, and the sentence for a server that sends it."""

    who: str
    token: str
    rule: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was sent, by whom, how much he had heard before, and what a server breaks that is silent."""

    person: Person
    meant: Message
    start: int
    rule: str


@dataclass(slots=True)
class Notes:
    """The notes of one scenario."""

    scenario: str = ""
    step: int = 0
    remarks: list[Blame] = field(default_factory=list)
    forbidden: list[Forbidden] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    told: list[Asked] = field(default_factory=list)
    """Requests of others that somebody should have been told of."""
    wires: list[tuple[Person, int, int]] = field(default_factory=list)
    """Who took part, and how many messages each side had sent before."""

    def joins(self, person: Person) -> None:
        """Note that somebody takes part from now on."""
        self.wires.append((person, len(person.wire.said), len(person.wire.heard)))

    def keeps(self, attempt: Attempt, person: Person, start: int) -> None:
        """Note a request."""
        if attempt.sent is not None and not attempt.wrong:
            self.asked.append(Asked(person, attempt.meant, start, attempt.rule))

    def doubtful(self, server: str) -> Iterator[Blame]:
        """Yield of which requests until now one cannot tell by the answer that they were done."""
        for each in self.asked:
            answer = answer_of(each)
            if answer is None:
                yield Blame("server", server, each.rule, f"{each.meant['action']} was not answered before")
            elif answer.faults:
                sentence = f"{each.meant['action']} was answered in another form before"
                yield Blame("server", server, each.rule, sentence, answer.message)

    @property
    def is_unanswered(self) -> bool:
        """Whether there were requests, and not one of them has brought anything about."""
        return bool(self.asked) and not any(self._came_of(each) for each in self.asked)

    def _came_of(self, asked: Asked) -> bool:
        tokens = [str(asked.meant[name]) for name in ("group", "msg", "reason") if asked.meant.get(name)]
        return answer_of(asked) is not None or any(
            told.tells(token) for person, _, _ in self.wires for told in person.wire.heard for token in tokens
        )

    def leak(self, server: str, people: Mapping[str, Person]) -> Unfinished | None:
        """Return the failure of a server that has sent somebody what he must not get; None if it has not.

        What a history holds he has asked for, as many a client does by itself once it is in a group.
        """
        for each in self.forbidden:
            person = people.get(each.who)
            heard = person.wire.heard if person else []
            told = next((told for told in heard if told.tells(each.token) and not _is_history(told)), None)
            if told is not None:
                return Unfinished(Verdict.SERVER, Blame("server", server, each.rule, each.sentence, told.message))
        return None

    def all_remarks(self, server: str) -> Iterator[Blame]:
        """Yield what broke a rule and did not decide the scenario."""
        yield from self.remarks
        heard: list[Told] = []
        for person, said, before in self.wires:
            yield from out_of_form(person.client, person.wire.said[said:])
            heard += person.wire.heard[before:]
        yield from out_of_form(server, heard)
        for each in self.asked:
            if answer_of(each) is None:
                sentence = f"{each.meant['action']} is not answered to the person who asked"
                yield Blame("server", server, each.rule, sentence)
        for each in self.told:
            if not _is_told(each):
                sentence = f"of {each.meant['action']} the others in the group are not told"
                yield Blame("server", server, each.rule, sentence)


def _is_history(told: Told) -> bool:
    return told.message is not None and told.message.get("action") == schemas.answer_to("msgs")


def answer_of(asked: Asked) -> Told | None:
    """Return what answers a request, in whatever form; a refusal answers too, and an echo does not."""
    action = str(schemas.answer_to(str(asked.meant["action"])))
    fields = {name: value for name, value in asked.meant.items() if name not in ("action", "id", "private")}
    expected = Expected(action, fields)
    return next((each for each in asked.person.wire.heard[asked.start :] if _answers(each, expected)), None)


def _answers(told: Told, expected: Expected) -> bool:
    if told.action in schemas.actions("requests") or not told.inner:
        return False
    return is_refusal(told) or expected.may_be(told.inner)


def _is_told(asked: Asked) -> bool:
    names = [str(asked.meant[name]) for name in ("sender", "group") if name in asked.meant]
    heard = asked.person.wire.heard[asked.start :]
    return any(all(each.tells(name) for name in names) and "broadcast" not in each.action[7:] for each in heard) or any(
        each.action == "server-broadcast" and all(each.tells(name) for name in names) for each in heard
    )


def unique(blames: Iterable[Blame]) -> tuple[Blame, ...]:
    """Return remarks, each kind once: who, which requirement, which sentence."""
    found = {(each.peer, each.side, each.requirement, each.sentence): each for each in blames}
    return tuple(found.values())

"""The people of a case: what a user asks, hears and must not hear."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tchat_conform.actions import GROUP, REQUIREMENT_OF, changes_something, news, requirement_of_news
from tchat_conform.connection import Connection, Received
from tchat_conform.expect import TELLING_FIELDS, Expected, looks_refused, mentions, says_unknown
from tchat_conform.requirements import Requirement
from tchat_conform.rules import Rule, acceptance, hearing, refusal, secrecy
from tchat_conform.shape import names_in, shape_of, wording_of
from tchat_conform.verdict import Blocked, Failed, Finding, Message, Stopped, Unsupported
from tchat_protocol import messages, schemas

if TYPE_CHECKING:
    from tchat_conform.world import World

JOINING = "P-JOIN-2"
"""The requirement that says what somebody who was invited does."""

Wanted = Callable[[Received], bool]


class User:
    """Somebody with a name and a connection.

    ``asks`` is the step under test and fails the case; ``given`` is the same step as set-up and blocks it.
    """

    def __init__(self, world: "World", name: str, connection: Connection) -> None:
        self.world = world
        self.name = name
        self.connection = connection

    def __repr__(self) -> str:
        return self.connection.who

    # -- asking -------------------------------------------------------------------------------------------

    def request(self, action: str, **fields: Any) -> dict[str, Any]:
        """Return a request of this user in standard form, with an id of its own where the server bears one."""
        sender = messages.request_name_field(action)
        own = {sender: self.name} if sender else {}
        number = {} if self.connection.speech.bare else {"id": self.world.fresh_id()}
        return Asked({"action": action, **own, **fields, **number})

    def form_of(self, request: Message) -> dict[str, Any]:
        """Return a request in the form in which this server understands it."""
        return self.connection.speech.form(request)

    def bytes_of(self, request: Message) -> bytes:
        """Return the bytes of a request in the form in which this server understands it."""
        return self.connection.speech.encoded(self.form_of(request))

    async def says(self, action: str, **fields: Any) -> dict[str, Any]:
        """Send a request and do not wait; returns it."""
        request = self.request(action, **fields)
        await self.connection.send(request)
        return request

    async def asks(self, action: str, **fields: Any) -> Message:
        """Send a request and return its answer. Fails the case if it is refused or not answered."""
        return await self.is_answered(await self.says(action, **fields))

    async def given(self, action: str, **fields: Any) -> Message:
        """Send a request that the case builds on. Blocks the case if it is refused or not answered."""
        if self.world.run.is_mute(action) and not self._may_work(action):
            raise Blocked(Finding(f"needs {action}, which this server leaves unanswered", by=action))
        about = self.world.requirement is not None and self.world.requirement.id == REQUIREMENT_OF.get(action)
        return await self.world.builds_on(self.asks(action, **fields), by=action, in_form=about)

    async def is_answered(self, request: Message, expected: Expected | None = None) -> Message:
        """Return the answer to a request sent before, a near miss noted where its form is another.

        ``expected`` is for requests in an unusual form; for others it follows from the request.
        Raises Refusal, a fault of the case, if the request is none that a server must take.
        """
        messages.parse_request(request)
        action = str(request["action"])
        self.world.scene.notes(request)
        expected = expected or _answer_to(request)
        answer = await self._direct_answer(request, expected)
        if answer is None:
            return await self._unanswered(request, expected)
        if looks_refused(answer.message):
            if not self._is_in_already(request):
                raise self._refused(request, answer.message, expected)
            sentence = f"{self!r} was in the group since the invitation, without joining"
            self.world.near_miss(Finding(sentence, expected.message, answer.message))
            return self._heard(expected.without_id().message)
        self._judge_shape(expected, answer.message, f"{action} was answered")
        return self._heard(_completed(answer.message, expected), expected)

    async def is_refused(self, code: str, action: str, *, field: str | None = None, **fields: Any) -> Message:
        """Send a request that must be refused with ``code``; returns the server-error."""
        return await self.gets_error(code, await self.says(action, **fields), field=field)

    async def gets_error(self, code: str, request: Message | None, *, field: str | None = None) -> Message:
        """Return the server-error with ``code`` that answers a request sent before (None for raw bytes)."""
        wanted: dict[str, Any] = {"code": code}
        if field is not None:
            wanted["field"] = field
        named = str(request["action"]) if request is not None and _is_known(request) else "another action"
        action = "bad input" if request is None else named
        if request is not None and isinstance(request.get("action"), str):
            wanted |= {"request": request["action"]}
        if request is not None and "id" in request:
            wanted |= {"id": request["id"]}
        expected, rule = Expected("server-error", wanted), refusal(action, code)
        answer = await self._refusal(request)
        if answer is None:
            return await self._not_refused(request, action, expected, rule)
        if not looks_refused(answer):
            accepted = Finding(f"{action} was accepted; it must be refused", expected.message, answer, rule=rule)
            if self.world.is_about_refusals:
                raise Blocked(replace(accepted, by=rule.words if rule else f"a refusal of {action}"))
            raise Failed(accepted)
        self._judge_shape(expected, answer, f"{action} was refused")
        return self._heard(answer)

    # -- hearing ------------------------------------------------------------------------------------------

    async def hears(self, action: str, **fields: Any) -> Message:
        """Return the next unused message with this action and these fields. Fails the case if none comes."""
        expected = Expected(action, fields)
        since = self.world.last_departure() if fields.get("online") is False else 0.0

        def is_near(received: Received) -> bool:
            return received.at >= since and self._is_near(expected, received.message)

        found = await self._next(_of(expected.is_met_by), f"{action} to {self!r}", near=is_near)
        if found is None:
            raise self._unheard(self._missing(f"{self!r} did not get {action}", expected), expected)
        found.used = True
        self._judge_shape(expected, found.message, f"{self!r} heard of it")
        return self._heard(found.message)

    async def hears_copy_of(self, answer: Message) -> Message:
        """Return the copy of an answer that somebody else got: the same but for ``id``. Fails the case without."""
        if isinstance(answer, Heard) and answer.expected is not None:
            known = schemas.schema("answers", answer.expected.action)["properties"]
            repeated = {name: value for name, value in answer.items() if name in known}
            fields = {**answer.expected.fields, **repeated}
            action = answer.expected.action
        else:
            fields, action = dict(answer), str(answer.get("action"))
        return await self.hears(action, **{name: fields[name] for name in fields if name not in ("action", "id")})

    def heard(self, action: str, **fields: Any) -> list[Message]:
        """Return all messages so far with this action and these fields, used or not."""
        expected = Expected(action, fields)
        return [each.message for each in self.connection.inbox if expected.is_met_by(each.message)]

    def heard_about(self, token: str) -> list[Message]:
        """Return all messages so far that mention a fresh name or text, in whatever form."""
        return [each.message for each in self.connection.inbox if mentions(each.message, token)]

    async def has_heard_of(self, token: str, *, after: "User") -> int:
        """Return how many messages that mention a token came so far, behind a barrier from ``after``."""
        await self.world.barrier(after, self)
        return len(self.heard_about(token))

    async def hears_nothing_about(self, token: str, *, after: "User", but: int = 0) -> None:
        """Prove that nothing (beyond ``but`` messages) that mentions a token came to this user.

        The proof is a barrier: a private message from ``after``, sent now, which travels behind
        whatever would have been delivered. Without it the case is blocked, never passed.
        """
        await self.world.barrier(after, self)
        found = self.heard_about(token)
        if len(found) > but:
            times = f" {len(found)} times, expected {but}" if but else ""
            leak = f"{self!r} must not get this, but did{times}"
            raise Failed(Finding(leak, "nothing", found[but], rule=secrecy(self.world.scene.repeated_in(found[but]))))

    async def is_closed(self) -> None:
        """Wait until the server has closed this connection. Fails the case if it does not."""
        await self.world.wait(self.connection, lambda: self.connection.closed)
        if not self.connection.closed:
            sentence = f"the server must close {self!r}'s connection"
            raise Failed(Finding(sentence, "closed", "still open", proof=self.world.proof))

    async def still_works(self) -> None:
        """Prove that the connection is served: a private message to oneself comes back. Else fails."""
        if not await self._is_served():
            state = "closed" if self.connection.closed else "silent"
            raise Failed(Finding(f"{self!r}'s connection is {state} afterwards; it must go on", None, self._latest()))

    async def leaves(self) -> None:
        """Close the connection without a word."""
        await self.connection.close()

    # -- matching -----------------------------------------------------------------------------------------

    async def _next(
        self, wanted: Wanted, what: str = "", *, near: Wanted = lambda _: False, since: int = 0
    ) -> Received | None:
        """Return the next unused message that is wanted; failing that, one that comes near, once no better comes.

        ``what`` is waited for, in words that are the same in every case. The first ``since`` messages do not count.
        """
        best, second = _Search(self.connection.inbox, wanted, since), _Search(self.connection.inbox, near, since)

        def is_there() -> bool:
            return best.found() is not None

        def either() -> bool:
            return is_there() or second.found() is not None

        if await self.world.wait(self.connection, either, what) and not is_there():
            await self.world.settle(self.connection, is_there)
        return best.found() or second.found()

    def _unused(self, wanted: Wanted, since: int = 0) -> Received | None:
        return _Search(self.connection.inbox, wanted, since).found()

    def uses_up(self, token: str) -> None:
        """Take all that has come and mentions a token for used."""
        for each in self.connection.inbox:
            each.used = each.used or mentions(each.message, token)

    def _is_near(self, expected: Expected, message: Message) -> bool:
        if expected.action == "server-error":
            return looks_refused(message) and message.get("request") in (None, expected.fields.get("request"))
        return expected.is_meant_by(message, self.name)

    async def answer_to(self, request: Message) -> Message | None:
        """Return what answers a request sent before, in whatever form, be it a refusal; None if nothing does."""
        answer = await self._direct_answer(request, _answer_to(request))
        return None if answer is None else answer.message

    async def _direct_answer(self, request: Message, expected: Expected) -> Received | None:
        without_id = expected.without_id()
        since = self.connection.mark_of(request)

        def is_it(received: Received) -> bool:
            message = received.message
            return answers(request, message) or ("id" not in message and without_id.is_met_by(message))

        def could_be(received: Received) -> bool:
            message = received.message
            if "id" in message or message.get("request") not in (None, request["action"]):
                return False
            if looks_refused(message) or expected.may_be(message):
                return True
            known = shape_of(message) in self.world.run.forms.get(str(request["action"]), ())
            return known and not self.world.is_about_others(message)

        # a server that has repeated an id before is held to it; from any other the likely message is the answer
        near = (lambda _: False) if self.world.run.repeats_ids else could_be
        found = await self._next(is_it, str(request["action"]), near=near, since=since)
        found = found or self._unused(could_be, since)
        if found is not None:
            found.used = True
            self.connection.was_answered()
            self.world.run.repeats_ids |= answers(request, found.message)
        return found

    async def _is_served(self) -> bool:
        """Tell whether a private message to oneself, sent now, comes back: a barrier behind earlier requests."""
        text = self.world.text("still here")
        await self.says("client-send", to=self.name, msg=text)
        found = await self._next(lambda received: mentions(received.message, text))
        self.uses_up(text)
        return found is not None

    def _is_in_already(self, request: Message) -> bool:
        """Tell whether a refused join has had its effect before, on a server whose invitations add people at once."""
        invited = request["action"] == "join" and self.name in self.world.scene.invited_to(request["group"])
        about = self.world.requirement is not None and self.world.requirement.id == JOINING
        return invited and self.world.run.adds_invitees and not about

    def _may_work(self, action: str) -> bool:
        """Tell whether an unanswered request may have done its work: then its effect decides."""
        return self.world.run.may_work(action, changes=changes_something(action))

    async def _unanswered(self, request: Message, expected: Expected) -> Message:
        """Judge a legal request that got no answer: its effect may be there all the same, and decides.

        Returns what the answer would have repeated from the request, so that the copies of others can be known.
        """
        action = str(request["action"])
        silence = self._silence(request, expected)
        if not self._may_work(action) or not (self.world.run.is_mute(action) or await self._is_served()):
            raise self._in_vain(silence, action)
        sentence = f"{self!r} sent {action}, and no acknowledgement came"
        self.world.near_miss(replace(silence, sentence=sentence, received="nothing"))
        return self._heard(expected.without_id().message)

    async def _not_refused(
        self, request: Message | None, action: str, expected: Expected, rule: Rule | None
    ) -> Message:
        """Judge an illegal request that was not refused: neither silence nor words refuse, but what it did decides."""
        words = None if request is None else self._words_on(request)
        sentence = f"{self!r} sent {action}, and no refusal came"
        silence = Finding(sentence, expected.message, "nothing", proof=self.world.proof, rule=rule)
        if words is not None:
            words.used = True
            sentence = f"{self!r} sent {action}, and what came is no refusal that a client could know"
            silence = Finding(sentence, expected.message, words.message, rule=rule)
        if not await self._is_served():
            raise Failed(replace(silence, sentence=f"{self!r} sent {action}, and got nothing more"))
        if self.world.is_about_answers:
            raise Failed(silence)
        self.world.near_miss(silence)
        return self._heard({"action": expected.action})

    def _words_on(self, request: Message) -> Received | None:
        """Return what came after a request, in a form of the server's own, and is about it or about nobody."""
        asked = names_in(request) - {self.name}

        def is_on_it(received: Received) -> bool:
            named = names_in(received.message)
            return (not named or bool(named & asked)) and not messages.is_valid("answers", received.message)

        since = self.connection.mark_of(request)
        return self._unused(is_on_it, since) if since else None

    async def _refusal(self, request: Message | None) -> Message | None:
        action = None if request is None else request.get("action")
        acceptance = _acceptance(request)
        since = self.connection.mark_of(request)

        def is_it(message: Message) -> bool:
            if request is not None and "id" in message:
                return answers(request, message)
            return looks_refused(message) and message.get("request", action) == action

        def accepted(message: Message) -> bool:
            if acceptance is None or request is None:
                return False
            in_own_words = self._accepts_in_own_words(message, request, acceptance)
            return acceptance.is_met_by(message) or in_own_words or self._lists(message, request, acceptance)

        def decides(received: Received) -> bool:
            return is_it(received.message) or accepted(received.message)

        def refuses(received: Received) -> bool:
            return is_it(received.message) and looks_refused(received.message)

        known = action if action in schemas.actions("requests") else "an unknown action"
        kind = self.world.requirement.id if self.world.requirement is not None else ""  # one it may know, not another
        what = f"a refusal of bad input {kind}" if request is None else f"a refusal of {known}"
        found = await self._next(decides, what, since=since)
        if found is not None and not refuses(found):  # it may do what it refuses, and say both
            await self.world.settle(self.connection, lambda: self._unused(refuses, since) is not None)
        found = self._unused(refuses, since) or found
        if found is None:
            return None
        found.used = True
        return found.message

    def _accepts_in_own_words(self, message: Message, request: Message, acceptance: Expected) -> bool:
        """Tell whether a message says what the server said where it did what it was asked, and of this request.

        Many have one acknowledgement for all requests, in which nothing differs but the action.
        """
        said = wording_of(message).replace(str(request["action"]), "…")
        accepted = {wording.replace(action, "…") for action, wording in self.world.run.acceptances.items()}
        return said in accepted and (acceptance.is_listing or names_in(message) <= names_in(request))

    def _lists(self, message: Message, request: Message, acceptance: Expected) -> bool:
        """Tell whether a message holds what was asked for, in the form in which this server lists it."""
        known = shape_of(message) in self.world.run.forms.get(str(request["action"]), ())
        return known and acceptance.is_listed_by(message) and not self.world.is_about_others(message)

    # -- judging ------------------------------------------------------------------------------------------

    def _heard(self, message: Message, expected: Expected | None = None) -> "Heard":
        return Heard(message, self.world, expected)

    def _judge_shape(self, expected: Expected, message: Message, fact: str) -> None:
        differences = expected.differences(message)
        if differences:
            self.world.near_miss(
                Finding(f"{fact}, but in another form: {'; '.join(differences)}", expected.message, message)
            )

    def _silence(self, request: Message, expected: Expected) -> Finding:
        state = "the server closed the connection" if self.connection.closed else "no answer came"
        return self._missing(f"{self!r} sent {request['action']}, and {state}", expected)

    def _missing(self, sentence: str, expected: Expected) -> Finding:
        return Finding(sentence, expected.message, self._latest(), proof=self.world.proof)

    def _refused(self, request: Message, answer: Message, expected: Expected) -> Stopped:
        action = str(request["action"])
        outsider = self.world.scene.was_hit_outside(str(request.get("dest")), str(request.get("group")))
        rule = acceptance(action, outsider=outsider)
        finding = Finding(f"{action} was refused; it is legal here", expected.message, answer, by=action, rule=rule)
        about = self.world.requirement is not None and self.world.requirement.id.startswith(_family(action))
        unknown = answer.get("code") == "unknown-action" or (about and says_unknown(answer))
        return Unsupported(finding) if unknown else self._in_vain(finding, action)

    def _in_vain(self, finding: Finding, action: str) -> Stopped:
        """Return how a case ends at a request that should work: where it never does, that is another's fault."""
        return self._charged(finding, action, REQUIREMENT_OF.get(action))

    def _unheard(self, finding: Finding, expected: Expected) -> Stopped:
        """Return how a case ends at news that should come: where such news never do, that is another's fault."""
        outsider = self.world.scene.was_hit_outside(self.name, str(expected.fields.get("group")))
        rule = hearing(expected.action, expected.fields, self.name, outsider=outsider)
        number = requirement_of_news(expected.action, expected.fields)
        return self._charged(replace(finding, rule=rule), news(expected.action), number)

    def _charged(self, finding: Finding, what: str, owner: str | None) -> Stopped:
        if what not in self.world.run.missing or self._is_to_blame(what, owner):
            return Failed(finding)
        return Blocked(replace(finding, by=what))

    def _is_to_blame(self, what: str, owner: str | None) -> bool:
        """Tell whether the requirement of the case is about what never works, or about what that builds on."""
        if self.world.requirement is None:
            return True
        number = self.world.requirement.id
        groups_fail = what in GROUP and "cgroupe" in self.world.run.missing
        return number == owner or number.startswith(("I-TLS-", "G-CREATE-") if groups_fail else "I-TLS-")

    def _latest(self) -> Message | str:
        unused = [each.message for each in self.connection.inbox if not each.used]
        return unused[-1] if unused else "nothing"


class _Search:
    """Looks for unused messages as they come, at each of them once."""

    def __init__(self, inbox: list[Received], wanted: Wanted, since: int) -> None:
        self._inbox = inbox
        self._wanted = wanted
        self._seen = since
        self._wanted_ones: list[Received] = []

    def found(self) -> Received | None:
        """Return the first message that is wanted and still unused; None while there is none."""
        for each in self._inbox[self._seen :]:
            if not each.used and self._wanted(each):
                self._wanted_ones.append(each)
        self._seen = len(self._inbox)
        return next((each for each in self._wanted_ones if not each.used), None)


def _of(wanted: Callable[[Message], bool]) -> Wanted:
    return lambda received: wanted(received.message)


class Heard(dict[str, Any]):
    """A message as a case gets it. Asking for a field that it lacks ends the case.

    ``expected`` is what it answers to, of which its form may differ.
    """

    def __init__(self, message: Message, world: "World", expected: Expected | None = None) -> None:
        super().__init__(message)
        self.world = world
        self.expected = expected

    def __missing__(self, field: str) -> Any:
        """End the case at a field of the protocol's form: failed where the requirement is about it, or else blocked."""
        sentence = f"{self.get('action', 'the message')} has no {field}, which the case goes on with"
        raise lacks(field, self.world.requirement, Finding(sentence, None, self, by=f"the field {field}"))


def lacks(field: str, requirement: Requirement | None, finding: Finding) -> Stopped:
    """Return how a case ends that misses a field: failed where its requirement is about it, or else blocked."""
    about = requirement is not None and f"`{field}`" in requirement.text
    return Failed(finding) if about else Blocked(finding)


def answers(request: Message, message: Message) -> bool:
    """Tell whether a message repeats a request's id, be it as a text or a number: its type is a matter of form.

    The request itself, sent back, answers nothing.
    """
    repeats = "id" in message and "id" in request and str(message["id"]) == str(request["id"])
    return repeats and not is_echo(message, request)


def is_echo(message: Message, request: Message) -> bool:
    """Tell whether a message is a request sent back, be it with fields beside."""
    return all(name in message and message[name] == value for name, value in request.items())


def _completed(answer: Message, expected: Expected) -> Message:
    """Return an answer with what it fails to repeat from the request, as a mere acknowledgement does.

    Its form is judged by then; what others get is compared with the request.
    """
    repeated = {name: value for name, value in expected.fields.items() if name in TELLING_FIELDS}
    return repeated | dict(answer)


def _family(action: str) -> str:
    """Return how the numbers of the requirements about an action begin."""
    return REQUIREMENT_OF.get(action, "").rstrip("0123456789") or "none"


def _is_known(request: Message) -> bool:
    return isinstance(request.get("action"), str) and request["action"] in schemas.actions("requests")


class Asked(dict[str, Any]):
    """A request as it was sent. Asking for its id where the server bears none ends the case."""

    def __missing__(self, field: str) -> Any:
        """Block the case: what it would look at cannot be asked."""
        raise Blocked(
            Finding(f"requests to this server have no {field}, which the case goes on with", by=f"the field {field}")
        )


def _acceptance(request: Message | None) -> Expected | None:
    """Return what would show that a request was accepted: its answer, which others' answers are not."""
    action = None if request is None else request.get("action")
    if request is None or action not in schemas.actions("requests") or schemas.answer_to(str(action)) is None:
        return None
    return _answer_to(request).without_id()


def _answer_to(request: Message) -> Expected:
    """Return the answer that a request expects, with the fields that it repeats from it, ``id`` included."""
    action = str(request["action"])
    asked, known = schemas.schema("requests", action)["properties"], str(schemas.answer_to(action))
    answer = schemas.schema("answers", known)["properties"]
    repeated = {name: value for name, value in request.items() if name in asked and name in answer and name != "action"}
    return Expected(known, repeated)

"""Faults in the order of answers, in how a conversation ends, in passwords and in what waits."""

import asyncio
import dataclasses
import itertools
import re
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from conform.mutants.registry import mutant
from conform.mutants.tools import first, lacks, sends_instead, turns_out
from tchat_protocol import messages
from tchat_protocol.errors import ErrorCode, Refusal
from tchat_protocol.framing import BadInput
from tchat_server import answers, app, identity
from tchat_server.app import App
from tchat_server.changes import NameProtected
from tchat_server.connection import Connection
from tchat_server.delivery import Entry
from tchat_server.outcome import Outcome
from tchat_server.store import Store

Answer = dict[str, Any]


def handled_later(patch: pytest.MonkeyPatch, delay: Callable[[dict[str, Any]], float]) -> None:
    """Handle requests after a delay of their own, as a server does that gives each a task."""
    take = App.take

    def taken(self: App, connection: Connection, received: Any) -> None:
        seconds = delay(received) if isinstance(received, dict) else 0
        if seconds:
            asyncio.get_running_loop().call_later(seconds, take, self, connection, received)
        else:
            take(self, connection, received)

    patch.setattr(App, "take", taken)


@mutant("W-ORDER-1")
def overtakes_messages(patch: pytest.MonkeyPatch) -> None:
    """What is stored is answered later than what is only read."""
    slow = ("client-send", "gbroadcast")
    handled_later(patch, lambda received: 0.02 if received.get("action") in slow else 0)


@mutant("W-ORDER-1")
def shuffles_messages(patch: pytest.MonkeyPatch) -> None:
    """Each message is handled by a task of its own, whichever is first."""
    turn = itertools.count()
    handled_later(patch, lambda received: 0.02 * (next(turn) % 2) if received.get("action") == "client-send" else 0)


@mutant("W-ORDER-1")
def goes_on_while_hashing(patch: pytest.MonkeyPatch) -> None:
    """Requests behind a hello with a password do not wait for it."""
    patch.setattr(Connection, "hold", lambda _: None)


@mutant("W-TEXT-1")
def wants_longer_texts(patch: pytest.MonkeyPatch) -> None:
    """A text of one character is too short."""
    _limits_texts(patch, 2, 8_192)


@mutant("W-TEXT-1")
def wants_shorter_texts(patch: pytest.MonkeyPatch) -> None:
    """A text of more than 4,096 characters is too long."""
    _limits_texts(patch, 1, 4_096)


def _limits_texts(patch: pytest.MonkeyPatch, shortest: int, longest: int) -> None:
    def check(ask: Any, *_: Any) -> None:
        if not shortest <= len(ask.fields["msg"]) <= longest:
            raise Refusal(ErrorCode.BAD_MESSAGE, "Msg has not the right length.", "/msg")

    for action in ("client-send", "client-broadcast", "gbroadcast"):
        first(patch, action, check)


@mutant("I-BIND-2")
def finds_names_in_bad_text(patch: pytest.MonkeyPatch) -> None:
    """Text that is no JSON binds the connection to a name in it."""
    take_bad_input = App._take_bad_input

    def taken(self: App, connection: Connection, bad: BadInput) -> None:
        found = re.search(rb'"from":"([^"]+)"', bad.raw)
        if found and connection.name is None:
            self._take(connection, {"action": "client-hello", "from": found[1].decode()})
        take_bad_input(self, connection, bad)

    patch.setattr(App, "_take_bad_input", taken)


@mutant("A-FORM-1", "I-HELLO-1")
def greets_without_a_sentence(patch: pytest.MonkeyPatch) -> None:
    """server-hello has no msg."""
    sends_instead(patch, "server-hello", lacks("msg"))


@mutant("A-FORM-1")
def refuses_without_a_sentence(patch: pytest.MonkeyPatch) -> None:
    """server-error has no msg."""
    sends_instead(patch, "server-error", lacks("msg"))


@mutant("A-FORM-1")
def lists_clients_as_objects(patch: pytest.MonkeyPatch) -> None:
    """clients holds objects, not names."""
    sends_instead(
        patch,
        "server-list-clients",
        lambda answer: {**answer, "clients": [{"name": name} for name in answer["clients"]]},
    )


@mutant("A-FORM-1")
def tells_presence_in_words(patch: pytest.MonkeyPatch) -> None:
    """online is a word, not true or false."""
    sends_instead(patch, "server-presence", lambda answer: {**answer, "online": "yes" if answer["online"] else "no"})


@mutant("A-FORM-1")
def parts_from_nobody(patch: pytest.MonkeyPatch) -> None:
    """server-quit has no from."""
    sends_instead(patch, "server-quit", lacks("from"))


@mutant("A-ONCE-1")
def refuses_twice(patch: pytest.MonkeyPatch) -> None:
    """Every server-error is sent twice."""
    error_answer = answers.error_answer
    patch.setattr(app, "error_answer", lambda *about: error_answer(*about) * 2)


@mutant("E-ECHO-1")
def cuts_long_actions(patch: pytest.MonkeyPatch) -> None:
    """An action of more than 64 characters is repeated cut."""
    parse = messages.parse_request

    def parsed(message: Answer, *, strict: bool = False) -> Any:
        if isinstance(message.get("action"), str):
            message["action"] = message["action"][: messages.MAX_ECHOED_ACTION]
        return parse(message, strict=strict)

    patch.setattr(app, "parse_request", parsed)


@mutant("B-QUIT-1")
def stays_after_quit(patch: pytest.MonkeyPatch) -> None:
    """client-quit is answered, and the connection stays open."""
    turns_out(patch, "client-quit", lambda outcome, _: replace(outcome, closes=False))


@mutant("B-ERROR-1")
def stays_after_client_error(patch: pytest.MonkeyPatch) -> None:
    """client-error changes nothing."""
    turns_out(patch, "client-error", lambda outcome, _: replace(outcome, closes=False))


@mutant("B-ERROR-1")
def answers_client_error(patch: pytest.MonkeyPatch) -> None:
    """client-error is answered with server-quit before the connection is closed."""
    turns_out(patch, "client-error", lambda _, __: Outcome({"action": "server-quit", "from": "you"}, closes=True))


@mutant("B-ERROR-1")
def tells_everyone_of_client_errors(patch: pytest.MonkeyPatch) -> None:
    """Everyone online is told the code and msg of a client-error."""

    def told(_: Outcome, ask: Any) -> Outcome:
        answer = {"action": "server-broadcast", "from": "server", "msg": ask.fields["code"], "ts": ask.ts}
        return Outcome(answer, tuple(ask.state.online), closes=True)

    turns_out(patch, "client-error", told)


@mutant("B-ERROR-1")
def keeps_names_after_client_error(patch: pytest.MonkeyPatch) -> None:
    """After client-error the connection is closed, and its user stays online."""
    depart, handle = App.depart, App._handle
    erring: set[Connection] = set()

    def handled(self: App, asked: Any) -> bool:
        if asked.request.action == "client-error":
            erring.add(asked.connection)
        return handle(self, asked)

    patch.setattr(App, "_handle", handled)
    patch.setattr(App, "depart", lambda self, connection: connection in erring or depart(self, connection))


@mutant("I-MISMATCH-1", "I-ALIAS-1")
def answers_in_the_second_name(patch: pytest.MonkeyPatch) -> None:
    """The connection's name is compared with from, and the message is delivered as from sender."""

    def renamed(outcome: Outcome, ask: Any) -> Outcome:
        assert isinstance(outcome.answer, dict)
        return replace(outcome, answer={**outcome.answer, "from": ask.fields.get("sender", ask.sender)})

    turns_out(patch, "client-send", renamed)


@mutant("I-AUTH-1")
def protects_by_any_request(patch: pytest.MonkeyPatch) -> None:
    """A pass in a first request other than hello protects the name."""
    admit = identity.admit

    def admitted(state: Any, bound: Any, request: Any, proof: Any = None) -> Any:
        admission = admit(state, bound, request, proof)
        password = request.fields.get("pass")
        if request.action != "client-hello" and isinstance(password, str) and isinstance(admission, tuple):
            return *admission, NameProtected(request.sender, identity.PasswordCheck(password, None).run().holds or "")
        return admission

    patch.setattr(identity, "admit", admitted)


@mutant("I-AUTH-1")
def wants_passwords_of_all(patch: pytest.MonkeyPatch) -> None:
    """Once one name is protected, every hello needs a password."""
    admit = identity.admit

    def admitted(state: Any, bound: Any, request: Any, proof: Any = None) -> Any:
        if bound is None and any(state.users.values()) and "pass" not in request.fields:
            raise Refusal(ErrorCode.AUTH_FAILED, "This server wants passwords.")
        return admit(state, bound, request, proof)

    patch.setattr(identity, "admit", admitted)


@mutant("I-AUTH-1")
def takes_any_password_for_one(patch: pytest.MonkeyPatch) -> None:
    """A password that is empty or too long is taken like any other."""
    parse = messages.parse_request

    def parsed(message: Answer, *, strict: bool = False) -> Any:
        password = message.get("pass")
        request = parse({**message, "pass": "x"} if isinstance(password, str) else message, strict=strict)
        return replace(request, fields={**request.fields, "pass": password}) if isinstance(password, str) else request

    patch.setattr(app, "parse_request", parsed)


@mutant("I-AUTH-1")
def shows_passwords(patch: pytest.MonkeyPatch) -> None:
    """server-hello repeats the password."""

    def shown(outcome: Outcome, ask: Any) -> Outcome:
        assert isinstance(outcome.answer, dict)
        return replace(outcome, answer={**outcome.answer, "pass": ask.fields.get("pass")})

    turns_out(patch, "client-hello", shown)


@mutant("I-AUTH-2", "I-AUTH-1")
def locks_protected_names_for_good(patch: pytest.MonkeyPatch) -> None:
    """No password is ever right."""
    check = identity.PasswordCheck.run

    def checked(self: Any) -> Any:
        return check(self) if self.stored is None else identity.PasswordProof(self.stored, None)

    patch.setattr(identity.PasswordCheck, "run", checked)


def changes_passwords(patch: pytest.MonkeyPatch, change: Callable[[str], str]) -> None:
    """Change every password before it is stored or compared."""
    check = identity.PasswordCheck.run
    patch.setattr(
        identity.PasswordCheck, "run", lambda self: check(dataclasses.replace(self, password=change(self.password)))
    )


@mutant("I-AUTH-2")
def ignores_case_in_passwords(patch: pytest.MonkeyPatch) -> None:
    """Passwords are compared in lower case."""
    changes_passwords(patch, str.lower)


@mutant("I-AUTH-2")
def trims_passwords(patch: pytest.MonkeyPatch) -> None:
    """Spaces at the ends of a password do not count."""
    changes_passwords(patch, str.strip)


@mutant("I-AUTH-2")
def cuts_passwords_as_bcrypt_does(patch: pytest.MonkeyPatch) -> None:
    """Only the first 72 characters of a password count."""
    changes_passwords(patch, lambda password: password[:72])


@mutant("I-AUTH-2")
def ends_passwords_at_nul(patch: pytest.MonkeyPatch) -> None:
    """A password ends at its first NUL."""
    changes_passwords(patch, lambda password: password.partition("\0")[0])


@mutant("I-AUTH-2")
def wants_the_start_of_passwords_alone(patch: pytest.MonkeyPatch) -> None:
    """Only the first seven characters of a password count."""
    changes_passwords(patch, lambda password: password[:7])


@mutant("I-AUTH-2")
def hands_out_mail_before_asking_for_the_password(patch: pytest.MonkeyPatch) -> None:
    """Who is refused for its password gets what waited all the same, and it waits no longer."""
    refuse = App._refuse

    def refused(self: App, connection: Connection, refusal: Refusal, received: Any) -> None:
        refuse(self, connection, refusal, received)
        if refusal.code is ErrorCode.AUTH_FAILED:
            waiting = self._store.waiting(received["from"], 9)
            self._commit_now([change for _, change in waiting])
            for message, _ in waiting:
                self._add(Entry(connection, answers.encode_answer(message)))

    patch.setattr(App, "_refuse", refused)


@mutant("I-AUTH-2")
def announces_who_is_refused(patch: pytest.MonkeyPatch) -> None:
    """Everyone is told of a coming before the password is checked."""
    refuse = App._refuse

    def refused(self: App, connection: Connection, refusal: Refusal, received: Any) -> None:
        if refusal.code is ErrorCode.AUTH_FAILED:
            self._tell_presence(received["from"], online=True)
        refuse(self, connection, refusal, received)

    patch.setattr(App, "_refuse", refused)


@mutant("I-AUTH-2")
def closes_after_a_wrong_password(patch: pytest.MonkeyPatch) -> None:
    """auth-failed closes the connection."""
    refuse = App._refuse

    def refused(self: App, connection: Connection, refusal: Refusal, received: Any) -> None:
        refuse(self, connection, refusal, received)
        if refusal.code is ErrorCode.AUTH_FAILED:
            self.close(connection)

    patch.setattr(App, "_refuse", refused)


@mutant("I-AUTH-1")
def protects_before_refusing(patch: pytest.MonkeyPatch) -> None:
    """A hello that is refused with name-taken protects the name all the same."""
    admit = identity.admit

    def admitted(state: Any, bound: Any, request: Any, proof: Any = None) -> Any:
        try:
            return admit(state, bound, request, proof)
        except Refusal as refusal:
            password = request.fields.get("pass")
            if refusal.code is ErrorCode.NAME_TAKEN and isinstance(password, str):
                state.users[request.sender] = identity.PasswordCheck(password, None).run().holds
            raise

    patch.setattr(identity, "admit", admitted)


@mutant("I-AUTH-1")
def takes_a_new_password_of_the_holder(patch: pytest.MonkeyPatch) -> None:
    """Who is bound to a protected name changes its password with a further hello."""
    admit = identity.admit

    def admitted(state: Any, bound: Any, request: Any, proof: Any = None) -> Any:
        password = request.fields.get("pass")
        if bound == request.sender and request.action == "client-hello" and isinstance(password, str):
            return (NameProtected(bound, identity.PasswordCheck(password, None).run().holds or ""),)
        return admit(state, bound, request, proof)

    patch.setattr(identity, "admit", admitted)


@mutant("I-AUTH-1")
def protects_at_the_first_hello_only(patch: pytest.MonkeyPatch) -> None:
    """A name that was seen without a password can get none later."""
    admit = identity.admit

    def admitted(state: Any, bound: Any, request: Any, proof: Any = None) -> Any:
        seen = request.sender in state.users and state.users[request.sender] is None
        if seen and "pass" in request.fields:
            request = replace(request, fields={k: v for k, v in request.fields.items() if k != "pass"})
        return admit(state, bound, request, proof)

    patch.setattr(identity, "admit", admitted)


@mutant("I-AUTH-1")
def has_one_password_for_all(patch: pytest.MonkeyPatch) -> None:
    """The password of any name opens every protected name."""
    check = identity.PasswordCheck.run
    known: set[str] = set()

    def checked(self: Any) -> Any:
        if self.stored is None:
            known.add(self.password)
        return identity.PasswordProof(self.stored, self.stored) if self.stored and self.password in known \
            else check(self)  # fmt: skip

    patch.setattr(identity.PasswordCheck, "run", checked)


@mutant("I-AUTH-3")
def takes_passwords_in_any_request(patch: pytest.MonkeyPatch) -> None:
    """Any first request with the right password opens a protected name."""
    admit = identity.admit

    def admitted(state: Any, bound: Any, request: Any, proof: Any = None) -> Any:
        action = "client-hello" if bound is None and "pass" in request.fields else request.action
        return admit(state, bound, replace(request, action=action), proof)

    patch.setattr(identity, "admit", admitted)


@mutant("I-AUTH-2")
def forgets_passwords_on_restart(patch: pytest.MonkeyPatch) -> None:
    """Passwords are not stored."""
    load = Store.load

    def loaded(self: Store) -> Any:
        users, groups = load(self)
        return dict.fromkeys(users), groups

    patch.setattr(Store, "load", loaded)


@mutant("B-SEND-5")
def delivers_what_waited_twice(patch: pytest.MonkeyPatch) -> None:
    """What waited is delivered two times over."""
    waiting = Store.waiting
    patch.setattr(Store, "waiting", lambda self, *about: [each for each in waiting(self, *about) for _ in range(2)])


@mutant("B-SEND-5")
def delivers_again_at_a_further_hello(patch: pytest.MonkeyPatch) -> None:
    """A further hello on the same connection brings all messages again that had waited."""
    deliver, handle = App._deliver_mail, App._handle
    delivered: dict[Connection, list[Any]] = {}
    waiting = Store.waiting

    def kept(self: App, connection: Connection) -> None:
        assert connection.name is not None
        delivered.setdefault(connection, []).extend(message for message, _ in waiting(self._store, connection.name, 9))
        deliver(self, connection)

    def handled(self: App, asked: Any) -> bool:
        closes = handle(self, asked)
        if asked.request.action == "client-hello":
            for message in delivered.get(asked.connection, ()):
                self._add(Entry(asked.connection, answers.encode_answer(message)))
        return closes

    patch.setattr(App, "_deliver_mail", kept)
    patch.setattr(App, "_handle", handled)

"""Expectations: whether a message is the one that was meant, and whether it has the standard form.

Behaviour first: ``means`` asks whether a message carries what it should to the right person, whatever its fields are
called. Shape second: ``differences`` says what keeps it from the standard form.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from tchat_protocol import messages, schemas
from tchat_protocol.errors import ErrorCode

FRESH = re.compile(r"x[0-9a-f]{5}x\d{5}")
"""What the suite's own names of people and groups end with: letters and digits, as many a server takes nothing else."""
OPPOSITES = ("online",)
"""Fields of which true says the opposite of false: they are no matter of form."""
TELLING_FIELDS = ("msg", "group", "dest", "sender", "from", "to", "reason")
"""Fields whose values, fresh in every case, tell one message from all others."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A message a user should get: its action and the fields that matter, with the values they should have."""

    action: str
    fields: Mapping[str, Any]

    @property
    def message(self) -> dict[str, Any]:
        """The message to show to a person."""
        return {"action": self.action, **self.fields}

    @property
    def is_listing(self) -> bool:
        """Whether it holds a list, which only who asks for it gets."""
        return self.action in _listings()

    def is_listed_by(self, message: Mapping[str, Any]) -> bool:
        """Tell whether it holds a list and a message does too, at any depth, which is not empty."""
        return self.is_listing and _has_items(message)

    def without_id(self) -> "Expected":
        """Return the same but for ``id``, as others get it and as servers send it that repeat none."""
        return Expected(self.action, {name: value for name, value in self.fields.items() if name != "id"})

    def is_met_by(self, message: Mapping[str, Any]) -> bool:
        """Tell whether a message is exactly what was expected, leaving aside fields that were not named."""
        return message.get("action") == self.action and all(
            field in message and same(message[field], value) for field, value in self.fields.items()
        )

    def is_meant_by(self, message: Mapping[str, Any], hearer: str = "") -> bool:
        """Tell whether a message carries the telling values in whatever form, a sentence too, and is no refusal.

        A text, new in every case, tells all by itself. Nobody need be told his own name: ``hearer`` is left out.
        """
        telling = self._telling(hearer)
        enough = any if message.get("action") == self.action else all  # its action tells most already
        return (
            bool(telling)
            and not self._contradicts(message)
            and not self._is_other(message)
            and not looks_refused(message)
            and enough(mentions(message, value) for value in telling)
        )

    def may_be(self, message: Mapping[str, Any]) -> bool:
        """Tell whether a message could be this answer: it means it, or its action and kind are like it."""
        action = message.get("action")
        if self._contradicts(message) or (action != self.action and action in schemas.actions("answers")):
            return False
        if action == self.action or self.is_meant_by(message):
            return True
        return self.action in _listings() and (_holds_a_list(message) or _alike(self.action, action))

    def _telling(self, hearer: str) -> list[str]:
        if self.fields.get("msg"):
            return [str(self.fields["msg"])]
        values = [str(self.fields[field]) for field in TELLING_FIELDS if self.fields.get(field)]
        return [each for each in values if each != hearer] or values

    def _contradicts(self, message: Mapping[str, Any]) -> bool:
        """Tell whether a message has another value where one is telling; a server's own words contradict nothing."""
        if any(self._says_the_opposite(each, message) for each in OPPOSITES):
            return True
        return any(
            field in message and field in self.fields and self._differs(field, message)
            for field in TELLING_FIELDS
            if field != "msg" or message.get("action") == self.action
        )

    def _says_the_opposite(self, field: str, message: Mapping[str, Any]) -> bool:
        wanted = self.fields.get(field)
        return isinstance(wanted, bool) and message.get(field) is (not wanted)

    def _differs(self, field: str, message: Mapping[str, Any]) -> bool:
        fresh = message.get("action") == self.action or FRESH.search(str(message[field]))
        return bool(fresh) and not same(message[field], self.fields[field])

    def _is_other(self, message: Mapping[str, Any]) -> bool:
        """Tell whether a message is something else: in its own standard form, or a list where none is expected."""
        if message.get("action") == self.action:
            return False
        return _is_standard(message) or (_holds_a_list(message) and self.action not in _listings())

    def differences(self, message: Mapping[str, Any]) -> list[str]:
        """Return how a message departs from the expected one and from its schema, a sentence each."""
        found = []
        if message.get("action") != self.action:
            found.append(f"action is {message.get('action')!r}, expected {self.action!r}")
        for field, value in self.fields.items():
            if field not in message:
                found.append(f"{field} is missing, expected {value!r}")
            elif not same(message[field], value):
                found.append(f"{field} is {message[field]!r}, expected {value!r}")
        if not found and not messages.is_valid("answers", dict(message)):
            found += [str(each) for each in messages.problems("answers", dict(message))]
        return found


def same(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are equal, where true is not 1.

    >>> same(1, True), same([1], [1]), same(1, 1.0)
    (False, True, True)
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def words(value: Any) -> Iterator[str]:
    """Yield every string in a JSON value, at any depth.

    >>> list(words({"a": ["x", {"b": "y"}], "c": 1}))
    ['x', 'y']
    """
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            if isinstance(each, str):
                yield each
            else:
                yield from words(each)


def mentions(message: Mapping[str, Any], token: str) -> bool:
    """Tell whether a name or text stands anywhere in a message, also inside a sentence.

    One that is not fresh, such as a text of one character, is a part of many words, and must stand by itself.

    >>> mentions({"user": "bobx91237x00181"}, "x"), mentions({"said": "alice: x"}, "x")
    (False, True)
    """
    alone = _standing_alone(token)
    if alone is None:
        return any(token in word for word in words(message))
    return any(token in word and alone.search(word) for word in words(message))


@lru_cache(maxsize=256)
def _standing_alone(token: str) -> re.Pattern[str] | None:
    """Return a pattern for a token that stands by itself, None for one that nothing else can hold."""
    return None if FRESH.search(token) else re.compile(rf"(?<!\w){re.escape(token)}(?!\w)")


@cache
def _listings() -> frozenset[str]:
    """Return the actions of the answers that hold a list."""
    kinds = {each: schemas.schema("answers", each)["properties"].values() for each in schemas.actions("answers")}
    return frozenset(each for each, fields in kinds.items() if any(map(_is_list, fields)))


def _is_list(field: Mapping[str, Any]) -> bool:
    named = field.get("$ref", "").rpartition("/")[2]
    found = schemas.load("common.json")["$defs"].get(named, field)
    return bool(found.get("type") == "array")


def _has_items(value: Any) -> bool:
    """Tell whether a JSON value holds a list with something in it."""
    if isinstance(value, list):
        return bool(value)
    return isinstance(value, Mapping) and any(map(_has_items, value.values()))


def _holds_a_list(message: Mapping[str, Any]) -> bool:
    return any(isinstance(each, list) for each in message.values())


def _alike(expected: str, action: object) -> bool:
    """Tell whether an action says the other one with something added, such as server-members-group."""
    return isinstance(action, str) and expected.removeprefix("server-") in action


def _is_standard(message: Mapping[str, Any]) -> bool:
    return messages.is_valid("answers", dict(message))


_UNKNOWN_ACTION = re.compile(
    r"\b(unknown|unsupported|unrecogni[sz]ed|undefined)\s+(action|command)\b"
    r"|\b(action|commande?)\s+((is|est)\s+)?(unknown|unsupported|undefined|inconnue?|non\s+(reconnue|support[ée]+e))\b"
    r"|\b(action|command)\s+(is\s+)?not\s+(known|supported|recogni[sz]ed|implemented)\b"
    r"|\bnot\s+(yet\s+)?implemented\b",
    re.IGNORECASE,
)


def says_unknown(refusal: Mapping[str, Any]) -> bool:
    """Tell whether a refusal says that the server does not know the action, by its code or in words.

    >>> says_unknown({"msg": "Action inconnue : kick"}), says_unknown({"code": "UNKNOWN_ACTION"})
    (True, True)
    >>> says_unknown({"msg": "unknown user"})
    False
    """
    code = refusal.get("code")
    if code in set(ErrorCode):
        return bool(code == ErrorCode.UNKNOWN_ACTION)
    return any(_UNKNOWN_ACTION.search(re.sub("[_-]", " ", word)) for word in words(refusal))


REFUSING = ("error", "erreur", "not-exist", "notexist", "already", "unknown", "denied", "refus", "invalid", "fail")
ERROR_FIELDS = ("error", "err", "erreur")
STATUS_FIELDS = ("status", "statut", "result", "type", "state", "code", "etat", "état", "resultat", "résultat")
BAD_STATUS = frozenset(
    {"error", "err", "erreur", "ko", "nok", "fail", "failed", "failure", "echec", "échec"}
    | {"refused", "refus", "refuse", "refusé", "denied", "bad"}
)
BAD_NUMBERS = range(400, 600)
"""A status that says a refusal, as HTTP's do."""


def looks_refused(message: Mapping[str, Any]) -> bool:
    """Tell whether a message is a refusal, in the standard form or in one that is common in the field.

    >>> looks_refused({"action": "server-error"}), looks_refused({"type": "reply", "status": 404})
    (True, True)
    >>> looks_refused({"action": "server-join", "status": "KO"}), looks_refused({"action": "ack", "status": "ok"})
    (True, False)
    >>> looks_refused({"type": "join", "code": 403}), looks_refused({"etat": "echec", "texte": "groupe inconnu"})
    (True, True)
    """
    action = message.get("action")
    if isinstance(action, str) and any(each in action for each in REFUSING):
        return True
    return (
        any(message.get(each) for each in ERROR_FIELDS)
        or any(message.get(each) is False for each in ("success", "ok"))
        or any(_is_bad_status(message.get(each)) for each in STATUS_FIELDS)
    )


def _is_bad_status(value: object) -> bool:
    if isinstance(value, str):
        return value.lower() in BAD_STATUS
    return isinstance(value, int) and not isinstance(value, bool) and value in BAD_NUMBERS

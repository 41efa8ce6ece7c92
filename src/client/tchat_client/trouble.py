"""What can go wrong between a client and a server, each with a sentence for a person."""

from typing import Any

from tchat_client import near_forms
from tchat_client.language import said
from tchat_protocol.framing import Message

LISTINGS = frozenset({"client-hello", "client-list-clients", "client-quit", "groups", "members", "msgs", "states"})
"""What changes nothing, so that it may be asked as often as one likes."""


class SessionError(Exception):
    """What can go wrong between a client and a server; the text is a sentence for a person."""


class Unreachable(SessionError):  # noqa: N818 - named for what happened
    """No connection came about; ``reason`` says why."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(said("No server answers at {place} ({reason}).", place=f"{host}:{port}", reason=reason))
        self.reason = reason


class Refused(SessionError):  # noqa: N818 - named for what happened
    """The server refused a request; ``code`` and ``field`` are None where it named none."""

    def __init__(self, action: str, answer: Message) -> None:
        self.action = action
        self.answer = answer
        self.code = _text_or_none(answer, "code")
        self.field = _text_or_none(answer, "field")
        self.sentence = _text_or_none(answer, "msg") or _reason_in_action(answer)
        label = f" ({self.code})" if self.code else ""
        super().__init__(said("{action} was refused{label}: {why}", action=action, label=label, why=self.sentence))


class Unanswered(SessionError):  # noqa: N818 - named for what happened
    """A request was sent and got no answer; whether the server carried it out is not known."""

    def __init__(self, action: str, sentence: str) -> None:
        super().__init__(sentence)
        self.action = action

    @classmethod
    def within(cls, action: str, seconds: float) -> "Unanswered":
        """Return what happened to a request whose time was over."""
        return cls(action, said("{action} got no answer within {seconds} s.", action=action, seconds=f"{seconds:g}"))


class Lost(Unanswered):
    """The connection was lost before the answer, and nothing tells what came of the request: it is not sent again."""

    def __init__(self, request: Message) -> None:
        action = str(request["action"])
        sentence = said("The connection was lost before {action} was answered.", action=action)
        super().__init__(action, f"{sentence} {_how_to_find_out(request)}")
        self.request = request


class Ended(SessionError):  # noqa: N818 - named for what happened
    """The connection is over; the sentence says how it ended."""


def _how_to_find_out(request: Message) -> str:
    match request["action"]:
        case "client-send":
            return said("It is not sent again by itself: ask {to} whether it came.", to=request["to"])
        case "client-broadcast":
            return said("It is not sent again by itself: ask somebody whether it came.")
        case "gbroadcast":
            return said("It is not sent again by itself: see messages;{group}.", group=request["group"])
        case action if action in LISTINGS:
            return said("Ask once more.")
    return said("It is not sent again by itself: see states;{group} and members;{group}.", group=request["group"])


def _reason_in_action(answer: Message) -> str:
    action = str(answer.get("action"))
    return said("the server gave no reason") if action == "server-error" else action


def _text_or_none(answer: Message, field: str) -> str | None:
    try:
        return str(near_forms.find(answer, field)[1])
    except near_forms.Unreadable:
        return None


def reason_of(error: Any) -> str:
    """Return why the system gave up on a connection, in a few words."""
    if isinstance(error, ConnectionRefusedError):
        return said("connection refused")
    return str(getattr(error, "strerror", None) or error)

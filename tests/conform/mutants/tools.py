"""Small ways to put a fault into the server."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from tchat_server import answers, app, pages, rooms, store
from tchat_server.changes import Change
from tchat_server.outcome import Message, Outcome

Handler = Callable[..., Outcome]


def table_of(action: str) -> dict[str, Any]:
    return rooms._IN_GROUP if action in rooms._IN_GROUP else rooms._OUTSIDE_GROUPS


def handles(patch: pytest.MonkeyPatch, action: str, wrap: Callable[[Handler], Handler]) -> None:
    """Wrap the handler of one action."""
    table = table_of(action)
    patch.setitem(table, action, wrap(table[action]))


def turns_out(patch: pytest.MonkeyPatch, action: str, change: Callable[[Outcome, Any], Outcome]) -> None:
    """Change what one action comes to; ``change`` gets the outcome and the Ask."""
    handles(patch, action, lambda handler: lambda ask, *more: change(handler(ask, *more), ask))


def never_checks(patch: pytest.MonkeyPatch, *checks: str) -> None:
    """Make checks of the rules accept everything."""
    for check in checks:
        patch.setattr(rooms, check, lambda *_: None)


def first(patch: pytest.MonkeyPatch, action: str, check: Callable[..., None]) -> None:
    """Run another check before an action is handled."""

    def wrap(handler: Handler) -> Handler:
        def checked(*asked: Any) -> Outcome:
            check(*asked)
            return handler(*asked)

        return checked

    handles(patch, action, wrap)


def last(patch: pytest.MonkeyPatch, action: str, check: Callable[..., None]) -> None:
    """Run another check after all others of an action."""

    def wrap(handler: Handler) -> Handler:
        def checked(*asked: Any) -> Outcome:
            outcome = handler(*asked)
            check(*asked)
            return outcome

        return checked

    handles(patch, action, wrap)


def stores(patch: pytest.MonkeyPatch, kind: type[Change], change: Callable[[str], str]) -> None:
    """Change the statement that stores one kind of change."""
    patch.setitem(store.WRITES, kind, change(store.WRITES[kind]))


def without_change(patch: pytest.MonkeyPatch, action: str, *kinds: type) -> None:
    """Acknowledge an action without some of what it changes."""
    turns_out(
        patch,
        action,
        lambda outcome, _: replace(
            outcome, changes=tuple(each for each in outcome.changes if not isinstance(each, kinds))
        ),
    )


def told_to(patch: pytest.MonkeyPatch, action: str, audience: Callable[[Outcome, Any], tuple[str, ...]]) -> None:
    """Deliver what an action yields to others than it should."""
    turns_out(patch, action, lambda outcome, ask: replace(outcome, audience=audience(outcome, ask)))


def fills_pages(patch: pytest.MonkeyPatch, change: Callable[[Message], Message]) -> None:
    """Change every page of a history or a log before it is sent."""
    fill = pages.fill
    patch.setattr(pages, "fill", lambda page, newest, identifier: change(fill(page, newest, identifier)))


def encodes(patch: pytest.MonkeyPatch, encode: Callable[[Message], bytes]) -> None:
    """Turn every message into bytes in another way: what the others get, and what the requester gets."""

    def copies(message: Message, identifier: str | int | None) -> tuple[bytes, bytes]:
        return encode(message), encode(answers.with_id(message, identifier))

    for module in (answers, app):
        patch.setattr(module, "encode_answer", encode)
    patch.setattr(app, "encode_copies", copies)


def sends(patch: pytest.MonkeyPatch, change: Callable[[Message], Message]) -> None:
    """Change every message before it is sent, valid or not."""

    patch.setattr(answers, "check_answer", lambda _: None)
    encode_as_before = answers.encode_answer

    def changed(message: Message) -> bytes:
        return encode_as_before(change(message))

    encodes(patch, changed)


def sends_instead(patch: pytest.MonkeyPatch, action: str, change: Callable[[Message], Message]) -> None:
    """Change every message of one action before it is sent."""
    sends(patch, lambda message: change(dict(message)) if message["action"] == action else message)


def sends_bytes(patch: pytest.MonkeyPatch, change: Callable[[bytes], bytes]) -> None:
    """Change the bytes of every message."""
    encode = answers.encode_answer
    encodes(patch, lambda message: change(encode(message)))


def lacks(*fields: str) -> Callable[[Message], Message]:
    """Return a change that leaves fields out."""
    return lambda message: {key: value for key, value in message.items() if key not in fields}

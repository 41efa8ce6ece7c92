"""What TAB offers: the commands, and the groups and users that have been heard of."""

from collections.abc import Iterable
from typing import Any

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from tchat_client.commands import COMMANDS, SEPARATOR
from tchat_client.session import Incoming
from tchat_client.text import clean

_USER_FIELDS = ("from", "sender", "to", "dest")


class Heard:
    """Names of groups and users in the messages so far."""

    def __init__(self) -> None:
        self.groups: set[str] = set()
        self.users: set[str] = set()

    def learn(self, incoming: Incoming) -> None:
        """Take the names out of a message that has its form, those aside that would act on a terminal."""
        if isinstance(incoming.content, dict) and incoming.valid:
            self._learn(incoming.content)

    def _learn(self, message: dict[str, Any]) -> None:
        users = [message[field] for field in _USER_FIELDS if field in message]
        users += [*message.get("clients", ()), *message.get("members", ())]
        groups = [each["group"] for each in (message, *message.get("groups", ())) if "group" in each]
        self.users |= set(filter(_harmless, users))
        self.groups |= set(filter(_harmless, groups))


def _harmless(name: str) -> bool:
    return clean(name) == name


class CommandCompleter(Completer):
    """Completes a command's word, and after it the fields whose values are known."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002
        """Offer what can stand where the cursor is."""
        *before, begun = document.text_before_cursor.split(SEPARATOR)
        for text, meaning in self._offers(before):
            if text.startswith(begun) and text != begun:
                yield Completion(text, start_position=-len(begun), display_meta=meaning)

    def _offers(self, before: list[str]) -> list[tuple[str, str]]:
        if not before:
            return [(command.word + SEPARATOR, command.help) for command in COMMANDS]
        command = next((each for each in COMMANDS if each.word == before[0].strip()), None)
        if command is None or len(before) > len(command.fields):
            return []
        values = {
            "group": self._heard.groups,
            "dest": self._heard.users,
            "to": self._heard.users,
            "private": {"private"},
        }
        field = command.fields[len(before) - 1]
        return [(value, field.called) for value in sorted(values.get(field.name, ()))]

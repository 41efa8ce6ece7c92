"""What TAB offers: the commands, and the groups and users that have been heard of."""

from collections.abc import Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from tchat_client.commands import COMMANDS, SEPARATOR
from tchat_client.known import Known
from tchat_client.text import clean


class CommandCompleter(Completer):
    """Completes a command's word, and after it the fields whose values are known."""

    def __init__(self, known: Known) -> None:
        self._known = known

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
            "group": self._known.groups,
            "dest": self._known.users,
            "to": self._known.users,
            "private": {"private"},
        }
        field = command.fields[len(before) - 1]
        return [(value, field.called) for value in sorted(values.get(field.name, ())) if _harmless(value)]


def _harmless(name: str) -> bool:
    return clean(name) == name

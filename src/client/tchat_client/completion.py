"""What TAB offers: commands, and names that have been heard of, each where it can stand."""

from collections.abc import Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from tchat_client.commands import SEPARATOR, TERMINAL_COMMANDS, Field, Kind, Names
from tchat_client.known import Known
from tchat_client.language import said
from tchat_client.text import clean


class CommandCompleter(Completer):
    """Completes a command's word, the fields whose values are known, and names in what is said."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:  # noqa: ARG002
        """Offer what can stand where the cursor is; names that would act on a terminal are never offered."""
        line = document.current_line_before_cursor
        *before, begun = line.split(SEPARATOR)
        command = next((each for each in TERMINAL_COMMANDS if before and each.word == before[0].strip()), None)
        if not before:
            yield from _completions(begun, [(each.word + SEPARATOR, said(each.help)) for each in TERMINAL_COMMANDS])
        elif command is not None:
            field = command.fields[min(len(before), len(command.fields)) - 1] if command.fields else None
            if field is None or field.kind is not Kind.TEXT:
                values = self._values(field) if field and len(before) <= len(command.fields) else []
                yield from _completions(begun, [(value, said(field.called)) for value in values if field])
                return
        yield from self._people(line)

    def _people(self, line: str) -> Iterable[Completion]:
        """Offer names for the word at the end of a text, with a colon behind one that begins a line of plain text."""
        text, _, begun = line.rpartition(" " if " " in line else SEPARATOR)
        if begun:
            behind = "" if text else ": "
            people = sorted(self._known.users - {self._known.name})
            yield from _completions(begun, [(name + behind, said("a user")) for name in people])

    def _values(self, field: Field) -> list[str]:
        match field.names:
            case Names.GROUP:
                return sorted(self._known.groups)
            case Names.USER:
                last = [self._known.correspondent] if self._known.correspondent else []
                return [*last, *sorted(self._known.users - {*last, self._known.name})]
            case Names.COMMAND:
                return [command.word for command in TERMINAL_COMMANDS]
        return [field.name] if field.kind is Kind.FLAG else []


def _completions(begun: str, offers: Iterable[tuple[str, str]]) -> Iterable[Completion]:
    for text, meaning in offers:
        if text.startswith(begun) and text != begun and clean(text) == text:
            yield Completion(text, start_position=-len(begun), display_meta=meaning)

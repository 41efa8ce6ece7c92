"""What was typed before, kept between sessions in a file that nobody else can read."""

import os
from pathlib import Path

from platformdirs import user_state_path
from prompt_toolkit.history import FileHistory, History, InMemoryHistory

KEPT = 2_000
"""Lines that are kept from session to session."""


def default_file() -> Path:
    """Return where the history is kept: in the user's folder for what programs remember."""
    return user_state_path("tchat", appauthor=False) / "history"


def history(file: Path | None) -> tuple[History, OSError | None]:
    """Return the history kept in a file, or one that is forgotten at the end, and why if that is not by choice."""
    if file is None:
        return InMemoryHistory(), None
    try:
        return _PrivateHistory(file), None
    except OSError as error:
        return InMemoryHistory(), error


class _PrivateHistory(FileHistory):
    """A history in a file of mode 0600, with its newest lines only. Raises OSError where that cannot be."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
        file.chmod(0o600)
        super().__init__(file)
        newest_first = list(self.load_history_strings())
        if len(newest_first) > 2 * KEPT:
            file.write_bytes(b"")
            for each in reversed(newest_first[:KEPT]):
                self.store_string(each)

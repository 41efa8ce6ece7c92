"""Whole screens of a conversation, compared with those in ``screens``: what a change alters is seen in its difference.

With TCHAT_WRITE_SCREENS in the environment they are written anew; read the difference.
"""

import os
import re
from pathlib import Path

import pytest

from client.screen import Screen, terminal
from client.test_terminal import somebody_says

FOLDER = Path(__file__).with_name("screens")
KEPT = 19
WRITE = "TCHAT_WRITE_SCREENS"


def seen(screen: Screen, port: str) -> str:
    """Return the lower part of the screen without what differs from run to run: a slow one may scroll once more."""
    rows = [row for row in screen.drawn if row][-KEPT:]
    text = re.sub(r"\d\d:\d\d:\d\d", "HH:MM:SS", "\n".join(rows))
    return f"{text.replace(port, 'PORT')}\n"


ENDS = {
    "en": {"bob": "bob is offline", "members;": " online", "kick;;bob;spam": " is", "help;kick": "group"},
    "fr": {"bob": "bob est hors ligne", "members;": " en ligne", "kick;;bob;spam": " c'est", "help;kick": "groupe"},
}
"""How the last line of an answer ends, in each language."""


@pytest.mark.parametrize("columns", [80, 40])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_conversation_looks_as_it_is_kept(port: str, language: str, columns: int) -> None:
    def type_until(line: str, end: str, group: str = "wob") -> None:
        screen.press(f"{line}\r")
        screen.until(lambda lines: len(lines) > 1 and lines[-1] == f"[{group}] zoé>" and lines[-2].endswith(end))

    somebody_says(port, "cg;lab", "cg;wob", "bg;wob;who brings the 地図?")
    with terminal("--name", "zoé", "--port", port, "--lang", language, columns=columns) as screen:
        screen.until(lambda lines: lines[-1:] == ["zoé>"])
        type_until("j;lab", " lab", "lab")
        type_until("j;wob", "who brings the 地図?")
        type_until("me 🙂", "me 🙂")
        somebody_says(port, "bg;lab;anybody here?", "s;zoé;thank you", "bg;wob;Zoé is the best")
        screen.until_last(ENDS[language]["bob"], "[wob] zoé>")
        type_until("members;", ENDS[language]["members;"])
        type_until("kick;;bob;spam", ENDS[language]["kick;;bob;spam"])
        type_until("mesages;wob", "bg;;mesages;wob")
        type_until("help;kick", ENDS[language]["help;kick"])
        screen.press("half a l")
        screen.until(lambda lines: lines[-1] == "[wob] zoé> half a l" and "lab:1" in screen.bar)
        shown = seen(screen, port)
    file = FOLDER / f"{language}-{columns}.txt"
    if WRITE in os.environ:
        file.write_text(shown, encoding="utf-8")
    assert shown == file.read_text(encoding="utf-8"), f"{WRITE}=1 writes it anew"

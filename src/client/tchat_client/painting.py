"""Colours: how lines become text for a terminal, with names in a colour each that is the same every day."""

import os
from io import StringIO
from unicodedata import normalize
from zlib import crc32

from prompt_toolkit.data_structures import Size
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.styles import Style

from tchat_client.pieces import ADVICE, DAY, GROUP, MENTION, NAME, NOTE, OWN, PRIVATE, REFUSAL, TIME, Line, plain

GREY = "#767676"
NAME_COLOURS = ("#d75f5f", "#d75f00", "#af8700", "#5f8700", "#008700", "#008787", "#0087d7", "#5f87d7", "#875fff",
                "#af5fd7", "#d700d7")  # fmt: skip
"""Of the 256 colours of terminals, some that differ and can be read on a dark and on a light ground."""

STYLE = Style.from_dict(
    {
        TIME: GREY,
        DAY: GREY,
        ADVICE: GREY,
        NOTE: GREY,
        GROUP: "bold",
        OWN: "bold",
        PRIVATE: "bold",
        MENTION: "bold reverse",
        REFUSAL: "#ff005f",
        "bottom-toolbar": "noreverse",
        "bar": "reverse",
        "bar.group": "reverse bold",
        "bar.calling": "reverse bold underline",
        "prompt": "bold",
    }
)


def formatted(line: Line) -> FormattedText:
    """Return a line, with styles as prompt_toolkit knows them, in the type that it asks for."""
    return FormattedText([(style, text) for style, text in line])


def colour_of(name: str) -> str:
    """Return the colour of a name, the same everywhere and every day."""
    return NAME_COLOURS[crc32(normalize("NFC", name).encode("utf-8", "surrogatepass")) % len(NAME_COLOURS)]


class Painter:
    """Paints lines for one terminal. ``NO_COLOR`` and a dumb terminal are respected."""

    def __init__(self, own_name: str, terminal: Output) -> None:
        self._own_name = own_name
        self._terminal = terminal
        self._depth = ColorDepth.from_env() or terminal.get_default_color_depth()
        self._is_dumb = os.environ.get("TERM", "dumb") in ("dumb", "unknown")

    @property
    def columns(self) -> int:
        """How wide the terminal is now."""
        return self._terminal.get_size().columns

    def painted(self, line: Line) -> str:
        """Return a line as a terminal takes it; the line must be clean already."""
        if self._is_dumb:
            return plain(line)
        paper = StringIO()
        output = Vt100_Output(paper, lambda: Size(rows=1, columns=1), enable_bell=False, enable_cpr=False)
        coloured = formatted([(self._style(style, text), text) for style, text in line])
        print_formatted_text(output, coloured, STYLE, color_depth=self._depth)
        return paper.getvalue()

    def _style(self, style: str, text: str) -> str:
        if style == NAME:
            return f"class:{OWN}" if text == self._own_name else f"fg:{colour_of(text)}"
        return f"class:{style}" if style else ""

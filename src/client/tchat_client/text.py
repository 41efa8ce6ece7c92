"""Text of strangers, made safe to print: what would act on a terminal is shown instead of executed."""

import re

_ACTIVE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL and C1, with ESC, CSI and line feeds among them
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that reorder the text around them
    "\u2028\u2029"  # line and paragraph separators
    "\ud800-\udfff]"  # no characters at all: they cannot be printed
)


def clean(text: str) -> str:
    r"""Return a text with control characters, line separators and bidirectional overrides as visible escapes.

    >>> clean("one\ntwo\x1b[2J")
    'one\\ntwo\\x1b[2J'
    """
    return _ACTIVE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)

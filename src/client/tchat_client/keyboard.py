"""The keyboard: keys that are pressed while something is printed are neither shown nor interpreted by the terminal."""

import sys
from contextlib import AbstractContextManager, nullcontext

from prompt_toolkit.input import Input, create_input


def keyboard() -> Input:
    """Return the keyboard for a prompt.

    prompt_toolkit hands the terminal back to its own echo for each print above the prompt. A key pressed just then
    appears where it does not belong, and Ctrl-C ends the program in its middle; here the terminal is left as it is.
    """
    if sys.platform == "win32":
        return create_input()
    from prompt_toolkit.input.vt100 import Vt100Input  # noqa: PLC0415 - there is none elsewhere

    class SilentKeyboard(Vt100Input):
        def cooked_mode(self) -> AbstractContextManager[None]:
            return nullcontext()

    return SilentKeyboard(sys.stdin)

"""Names that look like one that does not exist: what a message about a slip of the pen offers."""

from collections.abc import Iterable
from difflib import get_close_matches

OFFERED = 3


def near_names(name: str, names: Iterable[str], *, least: float = 0.6) -> list[str]:
    """Return the names nearest to one, whatever their capitals, the nearest first; ``least`` is from 0 to 1.

    >>> near_names("dif", ["proxy", "diff", "check"])
    ['diff']
    """
    by_folded = {each.casefold(): each for each in names}
    found = get_close_matches(name.casefold(), by_folded, OFFERED, least)
    return [by_folded[each] for each in found]


def did_you_mean(name: str, names: Iterable[str], *, least: float = 0.6) -> str:
    """Return a question that offers the nearest names, or nothing where none is near.

    >>> did_you_mean("gruops", ["base", "groups"])
    ' Did you mean groups?'
    """
    found = near_names(name, names, least=least)
    return f" Did you mean {' or '.join(found)}?" if found else ""

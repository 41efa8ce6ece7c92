"""The implementer's checklist: every requirement for servers in PROTOCOL.md, level by level."""

from tchat_conform.requirements import Keyword, Level, Requirement, levels, requirements

HEAD = """\
# Checklist

Every requirement for servers, level by level: begin at the top, and tick off what holds. One requirement alone:

```sh
tchat-conform --spawn 'node server.mjs {port}' --only B-SEND-1
```

This page is made from [PROTOCOL.md](../../PROTOCOL.md) by `python -m docs.pages.build`.
"""


def checklist() -> str:
    """Return the checklist as Markdown."""
    return HEAD + "".join(_level(number, level) for number, level in enumerate(levels().values(), 1))


def _level(number: int, level: Level) -> str:
    inside = [each for each in requirements().values() if each.level == level.name]
    about = f"{level.about[0].upper()}{level.about[1:]}: {len(inside)} requirements, `--level {level.name}`."
    return "\n".join([f"\n## {number}. {level.name}\n", about + "\n", *map(_line, inside)]) + "\n"


def _line(requirement: Requirement) -> str:
    weight = "" if requirement.keyword is Keyword.MUST else f" *({requirement.keyword})*"
    return f"- [ ] [{requirement.id}](../../{requirement.link}){weight} {requirement.text}"

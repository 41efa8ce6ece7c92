"""PROTOCOL.md as HTML: requirements that can be linked and found, and links wherever a message or a code is named.

Markdown is parsed by markdown-it-py: it follows CommonMark to the letter and hands out a stream of tokens, so that
only the few kinds of token that mean something here are drawn by hand.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

from tchat_conform.requirements import client_requirements, requirement, requirements
from tchat_protocol import schemas

_NUMBER = re.compile(r"\b[A-Z]+-[A-Z]+-\d+\b|\bsection (\d+)\b")
_INTRODUCTION = re.compile(r"^ \((?:MUST|SHOULD|MAY), (?:client )?[a-z]+\) ")
_TALK = re.compile(r"^(?P<who>\w+) (?P<direction>[→←]) (?P<text>.+)$")
_ANCHOR = re.compile(r'^<a id="([a-z0-9-]+)">$')


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading with the anchor that it has on every page that shows PROTOCOL.md."""

    depth: int
    text: str
    anchor: str


@dataclass(slots=True)
class Drawn:
    """PROTOCOL.md as HTML, with what a page around it needs to know."""

    html: Markup
    headings: list[Heading] = field(default_factory=list)
    sections: dict[str, list[str]] = field(default_factory=dict)
    """The numbers of the requirements below each heading, by its anchor."""


def draw(text: str) -> Drawn:
    """Return a text in Markdown as HTML."""
    parser = MarkdownIt("commonmark", {"html": True}, renderer_cls=_Renderer).enable("table")
    tokens = parser.parse(text)
    drawn = Drawn(Markup())
    for index, token in enumerate(tokens):
        if token.type == "heading_open":
            _heading(token, tokens[index + 1], drawn)
        elif token.type == "list_item_open":
            _item(token, tokens[index + 2], drawn)
    _label_cells(tokens)
    drawn.html = Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 - our own text
    return drawn


def anchor_of(heading: str) -> str:
    """Return the anchor that forges give a heading.

    >>> anchor_of("10. Levels of conformance")
    '10-levels-of-conformance'
    """
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _label_cells(tokens: Sequence[Token]) -> None:
    """Give each cell the heading of its column, which a narrow screen shows before it in place of the head."""
    heads: list[str] = []
    column = 0
    for token, following in pairwise(tokens):
        if token.type == "table_open":
            heads = []
        elif token.type == "th_open":
            heads.append(following.content)
        elif token.type == "tr_open":
            column = 0
        elif token.type == "td_open":
            token.attrSet("data-label", heads[column])
            column += 1


def _heading(token: Token, inline: Token, drawn: Drawn) -> None:
    heading = Heading(int(token.tag[1]), inline.content.replace("`", ""), anchor_of(inline.content))
    token.attrSet("id", heading.anchor)
    drawn.headings.append(heading)


def _item(token: Token, inline: Token, drawn: Drawn) -> None:
    """Turn the item of a requirement into one that has its number as anchor and shows its keyword and level."""
    children = inline.children or []
    found = _ANCHOR.match(children[0].content) if children and children[0].type == "html_inline" else None
    if found is None:
        return
    number = found[1].upper()
    token.attrs = {"id": found[1], "class": "rule", "data-find": number}
    rest = children[next(i for i, each in enumerate(children) if each.type == "strong_close") + 1 :]
    rest[0].content = _INTRODUCTION.sub(" ", rest[0].content)
    head = Token("html_inline", "", 0, content=_label(number))
    inline.children = [head, *rest]
    drawn.sections.setdefault(drawn.headings[-1].anchor, []).append(number)


def _label(number: str) -> str:
    found = requirement(number)
    level = f"client {found.level}" if number in client_requirements() else found.level
    return Markup(
        '<a class="number" href="#{}">{}</a> <span class="{}">{}</span> <span class="level">{}</span>'
    ).format(number.lower(), number, found.keyword.lower(), found.keyword, level)


def linked(text: str) -> Markup:
    """Return plain text as HTML in which the numbers of requirements and sections are links."""

    def link(found: re.Match[str]) -> str:
        anchor = _section(found[1]) if found[1] else _requirement(found[0])
        return found[0] if anchor is None else Markup('<a href="#{}">{}</a>').format(anchor, found[0])

    return Markup(_NUMBER.sub(link, str(escape(text))))  # noqa: S704 - escaped before


def _requirement(number: str) -> str | None:
    return number.lower() if number in requirements() or number in client_requirements() else None


def _section(number: str) -> str | None:
    found = re.search(rf"^## ({number}\. .+)$", schemas.protocol_text(), re.MULTILINE)
    return None if found is None else anchor_of(found[1])


def code(text: str) -> Markup:
    """Return a piece of code as HTML: a message or an error code leads to where it is explained."""
    word = text.partition(" ")[0]
    if word in {*schemas.actions("requests"), *schemas.actions("answers")}:
        return Markup('<a class="code" href="#message-{}"><code>{}</code></a>').format(word, text)
    if text in {row["code"] for row in schemas.load("error-codes.json")}:
        return Markup('<a class="code" href="#code-{}"><code>{}</code></a>').format(text, text)
    return Markup("<code>{}</code>").format(text)


def prose(text: str) -> Markup:
    """Return a sentence with code in backticks as HTML."""
    parts = text.split("`")
    return Markup("").join(code(part) if place % 2 else linked(part) for place, part in enumerate(parts))


class _Renderer(RendererHTML):
    """Draws the tokens that mean something here; markdown-it draws all others."""

    def text(self, tokens: Sequence[Token], idx: int, _options: Any, _env: Any) -> str:
        return linked(tokens[idx].content)

    def code_inline(self, tokens: Sequence[Token], idx: int, _options: Any, _env: Any) -> str:
        return code(tokens[idx].content)

    def table_open(self, *_: Any) -> str:
        return '<div class="scroll"><table>'

    def table_close(self, *_: Any) -> str:
        return "</table></div>\n"

    def fence(self, tokens: Sequence[Token], idx: int, _options: Any, _env: Mapping[str, Any]) -> str:
        token = tokens[idx]
        lines = token.content.splitlines()
        return Markup('<pre class="{}">{}</pre>\n').format(token.info, Markup("").join(map(_line, lines)))


def _line(line: str) -> Markup:
    found = _TALK.match(line)
    if found is None:
        return Markup("<span>{}\n</span>").format(line)
    sent = "sent" if found["direction"] == "→" else "got"
    return Markup('<span class="{}"><b>{} {}</b>{}\n</span>').format(
        sent, found["who"], found["direction"], found["text"]
    )

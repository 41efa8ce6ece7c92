"""The sentences of findings, for a reader who wants to know what to change."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

from tchat_conform.expect import words
from tchat_conform.verdict import Finding, Message
from tchat_protocol import schemas

DIED, OTHER_FORM, REFUSED = "the server died", "but in another form", "was refused; it is legal"
"""How the findings of crashes, near misses and refused requests are known."""
LAST_WORDS = "; its last words:"
OF_CHUNKS = ("after JSON at", "Unexpected end of JSON", "Unterminated string in JSON", "Extra data")
"""What Node and Python say of a chunk that is not just one message."""
OF_SEVERAL = "a chunk may hold half a message, or two: keep a buffer, and take whole messages from it"
NAMES_SHOWN = 5
HINTS = {
    "id": ": the same value as in the request, where it has one",
    "ts": ": the time in UTC, as new Date().toISOString() writes it",
    "seq": ": 1, 2, 3 … for each group",
    "code": ": a word from the list in PROTOCOL.md",
}
"""What a field that is often missing has to hold."""
_ERROR = re.compile(r"^(?:Uncaught )?(?:[\w.]*(?:Error|Exception|Panic|panic)\b|fatal|thread ').*", re.MULTILINE)
_NO_JSON = re.compile(r"json|pars(e|ing)\b|illisible|bad request", re.IGNORECASE)
_PLACE = re.compile(r" \([^()]*, line \d+\)$")
_NODE = re.compile(r"^\s+at (?:.*\()?(?P<file>(?!node:)[^()\s]+):(?P<line>\d+):\d+\)?$", re.MULTILINE)
_PYTHON = re.compile(r'^\s+File "(?P<file>[^"]+)", line (?P<line>\d+)', re.MULTILINE)


def listed(names: Sequence[str]) -> str:
    """Return names as one says them, the rest of a long list counted.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed(list("abcdef"))
    ('a', 'a, b and c', 'a, b, c, d and 2 more')
    """
    if len(names) > NAMES_SHOWN:
        return f"{', '.join(names[: NAMES_SHOWN - 1])} and {len(names) - NAMES_SHOWN + 1} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def plain(sentence: str) -> str:
    r"""Return a sentence on one line; of a crash it keeps the error and the line of the server's source.

    >>> plain("the server died of this case: exit status 1; its last words:\nTypeError: x\n    at f (/a/s.js:7:3)\n")
    'the server died of this case: exit status 1; TypeError: x (s.js, line 7)'
    """
    head, _, words = sentence.partition(LAST_WORDS)
    if not words:
        return " ".join(sentence.split())
    error = _ERROR.search(words)
    said = error[0] if error else next((each for each in reversed(words.splitlines()) if each.strip()), "")
    # a stack begins with the innermost call in Node, and ends with it in Python
    place = _NODE.search(words) or next(reversed(list(_PYTHON.finditer(words))), None)
    return f"{head}; {said.strip()}" + (f" ({PurePath(place['file']).name}, line {place['line']})" if place else "")


def kind_of_death(said: str) -> str:
    """Return of a crash what is the same whatever message brought it about: the error's kind and its place.

    >>> kind_of_death("the server died of this case: exit status 1; TypeError: reading 'a' (s.js, line 7)")
    'the server died of this case: exit status 1; TypeError (s.js, line 7)'
    """
    place = _PLACE.search(said)
    if place is None:
        return re.sub(r"\d+", "", said)
    return re.sub(r"(?<=; )([\w.]+):.*", r"\1", said[: place.start()]) + place[0]


def fix(finding: Finding, sentence: str) -> str | None:
    """Return in a sentence what would make a server pass, where the finding or the sentence of its cause tells it."""
    return next(_fixes(finding, sentence), None)


def _fixes(finding: Finding, sentence: str) -> Iterator[str]:
    yield from _fixes_of_death(sentence)
    yield from _fixes_of_form(sentence)
    yield from _fixes_of_silence(finding, sentence)
    yield from _fixes_at_the_door(sentence)
    if "was accepted; it must be refused" in sentence:
        yield f"check this first, and answer {_short(finding.expected)}"
    if REFUSED in sentence and _takes_for_bad_json(finding.received):
        yield OF_SEVERAL
    if REFUSED in sentence:
        yield "let the request through: nothing in the protocol forbids it here"
    if "must not get" in sentence:
        yield "send it to those whom it is for, and to nobody else" + (", once" if "times" in sentence else "")


def _fixes_at_the_door(sentence: str) -> Iterator[str]:
    if "speaks HTTP" in sentence:
        yield "listen for plain TCP, such as with net.createServer or socketserver, and not with an HTTP server"
    if "serves one client at a time" in sentence:
        yield "serve each connection by itself, in a thread or by events: accept must not wait until a client has gone"
    if sentence.startswith("once somebody has left"):
        yield "forget who has left, and let a write to one who is gone end nothing but the connection to him"
    if "closes the connection once it has answered" in sentence:
        yield "go on reading after an answer, and close only after client-quit or when the client has gone"
    if "wants a login before all else" in sentence:
        yield "let client-hello bring its user in; a password may come in its pass, which is the feature auth"
    if sentence.startswith("the server wants the length of each message"):
        yield "read until a JSON object is complete, without a length before it, and write none either"
    if sentence.startswith("no answer to client-hello came"):
        yield "read what comes over the connection, parse it as JSON, and answer client-hello with server-hello"


def _fixes_of_death(sentence: str) -> Iterator[str]:
    if sentence.startswith("the server did not come back") and "did not start" in sentence:
        yield "keep what is on the disk whole at any moment: write another file and rename it, or use a database"
    if sentence.startswith(DIED) and any(each in sentence for each in OF_CHUNKS):
        yield OF_SEVERAL
    if sentence.startswith(DIED):
        yield "catch the error there: no message may end the server"


def _takes_for_bad_json(refusal: object) -> bool:
    """Tell whether a refusal, of which the request was sound, says that it was no JSON."""
    return isinstance(refusal, Mapping) and any(_NO_JSON.search(each) for each in words(refusal))


def _fixes_of_form(sentence: str) -> Iterator[str]:
    if missing := re.match(r"(\S+) is missing(?: in (.+))?$", sentence):
        yield f"put {missing[1]} into {missing[2] or 'the message'}{HINTS.get(missing[1], '')}"
    if missing := re.search(r"against its schema: (\S+) is missing", sentence):
        yield f"put {missing[1]} into the message{HINTS.get(missing[1], '')}"
    if absent := re.search(r" has no (?:integer )?(\S+), which the case goes on with", sentence):
        yield f"put {absent[1]} into the message{HINTS.get(absent[1], '')}"
    if action := re.match(r"action is .+, expected '(.+)'$", sentence):
        yield f'send it with "action": "{action[1]}"'
    if "must repeat the id" in sentence or "must carry the id of the request" in sentence:
        yield "put the id of the request into its answer, as it came"
    if "UTF-8" in sentence:
        yield "write text as UTF-8, such as socket.write(text, 'utf8')"
    if sentence.startswith("the server sent what is no message"):
        yield "write each message as one JSON object, such as JSON.stringify(message) + '\\n'"


def _fixes_of_silence(finding: Finding, sentence: str) -> Iterator[str]:
    short = _short(finding.expected)
    if "no refusal came" in sentence:
        yield f"check this first, and answer {short}"
    if "is no refusal that a client could know" in sentence:
        yield f"answer {short}; the words can stand in its msg"
    if "got nothing more" in sentence:
        yield f"answer {short}, and keep the connection open"
    if "no acknowledgement came" in sentence or "no answer came" in sentence or "got no server-" in sentence:
        yield f"send {short} to the requester"
    if "did not get" in sentence and isinstance(finding.expected, Mapping):
        yield f"send {short} to {sentence.partition(' ')[0]} too"
    if finding.by is not None and "which this server leaves unanswered" in sentence:
        yield f"answer {finding.by}" + (f" with {schemas.answer_to(finding.by)}" if _is_request(finding.by) else "")


def _is_request(action: str) -> bool:
    return action in schemas.actions("requests") and schemas.answer_to(action) is not None


def _short(message: Message | str | None) -> str:
    """Return the fixed part of a message in words: its action, and the code of a refusal."""
    if not isinstance(message, Mapping):
        return "server-error"
    code = f" with code {message['code']}" if "code" in message else ""
    return f"{message.get('action', 'server-error')}{code}"

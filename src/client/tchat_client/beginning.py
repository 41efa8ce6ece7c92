"""Why a client could not begin, and what to do about it, for the person who started it."""

import ssl

from tchat_client.language import phrase, said
from tchat_client.trouble import Ended, Refused, Unanswered, Unreachable

_HINTS = {
    "name-taken": phrase("The name {name} is in use by somebody else; choose another with --name."),
    "auth-failed": phrase(
        "The name {name} is protected and the password is missing or wrong; give it with --password."
    ),
    "server-full": phrase("The server is full; try again later."),
}


def unreachable(error: Unreachable, place: str) -> str:
    """Return why there is no connection to the server at a place, and what may help."""
    if isinstance(error.__cause__, ssl.SSLCertVerificationError):
        sentence = phrase("{place} is not trusted ({reason}); give its authority with --ca FILE.")
        return said(sentence, place=place, reason=error.reason)
    if isinstance(error.__cause__, ssl.SSLError):
        sentence = phrase("{place} does not speak TLS ({reason}); try without --tls.")
        return said(sentence, place=place, reason=error.reason)
    return f"{error} {said('Start one with tchat-server, or give its address with --host and --port.')}"


def refused(error: Refused, name: str, *, renames_password: bool) -> str:
    """Return why a server does not want somebody; ``renames_password`` if it may want the password in another field."""
    hint = _HINTS.get(error.code or "")
    sentence = error.sentence if hint is None else said(hint, name=name)
    if error.code == "auth-failed" and renames_password:
        sentence += " " + said("If this server calls the password otherwise, add --dialect password.")
    return sentence


def strange(error: Unanswered | Ended, place: str, *, tls: bool) -> str:
    """Return what a server at a place may be that leaves the hello unanswered."""
    if tls:
        question = phrase("It did not answer the hello at {place}; is it a tchat server, or one that needs {more}?")
    else:
        question = phrase(
            "It did not answer the hello at {place}; is it a tchat server without TLS, or one that needs {more}?"
        )
    more = said("a --dialect, a --password, or a key exchange, which tchat does not know")
    return f"{error} {said(question, place=place, more=more)}"

"""What each error code means for the person whose request was refused, and what to do about it."""

from tchat_client.language import phrase, said

ADVICE = {
    "bad-json": phrase("the server could not read the request; is it a tchat/1 server?"),
    "bad-message": phrase("the server finds a field of the request missing or wrong; help; shows the commands"),
    "unknown-action": phrase("the server does not have this command"),
    "too-large": phrase("the request was too long, and the server closes the connection; write less at once"),
    "name-taken": phrase("somebody else uses this name now; choose another with --name"),
    "sender-mismatch": phrase("this connection belongs to another name; leave and come back"),
    "auth-failed": phrase("the name is protected, and the password is missing or wrong; give it with --password"),
    "unknown-user": phrase("the server has never seen this user; ls; shows who is online"),
    "unknown-group": phrase("there is no such group; groups; shows those there are, and cg; makes one"),
    "group-exists": phrase("there is a group of this name already; j; joins it, or choose another name"),
    "already-member": phrase("who is a member already need not come in again"),
    "not-member": phrase("only members may do this, and only to members; j; joins a group"),
    "not-invited": phrase("the group is private; ask one of its members to invite you"),
    "not-owner": phrase("only the owner of the group may do this; members; shows who that is"),
    "banned": phrase("a ban keeps this person out of the group; its owner can end it with unban;"),
    "already-banned": phrase("the ban is there already; unban; ends it"),
    "not-banned": phrase("there is no ban to end"),
    "self-target": phrase("owners cannot do this to themselves; leave; leaves a group"),
    "rate-limited": phrase("that was too much in too short a time; wait a moment and try again"),
    "server-full": phrase("the server takes no more people; try again later"),
    "storage-full": phrase("the server can store nothing more, and nothing was changed; tell who runs it"),
    "internal-error": phrase("the server failed by its own fault, and nothing was changed; tell who runs it"),
}
"""Every code of schemas/error-codes.json, as a test compares."""


def advice(code: str | None) -> str | None:
    """Return what a code means and what to do, in the user's language; None for a code that is none of the protocol's.

    >>> advice("not-banned")
    'there is no ban to end'
    """
    sentence = ADVICE.get(code or "")
    return None if sentence is None else said(sentence)

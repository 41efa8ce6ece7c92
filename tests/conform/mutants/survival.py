"""Faults in what survives: something is acknowledged and not stored, or not as it was."""

from collections.abc import Iterable
from typing import Any

import pytest

from conform.mutants.identity import _loads
from conform.mutants.registry import mutant
from conform.mutants.tools import stores
from tchat_server import changes, store
from tchat_server.changes import Change
from tchat_server.state import Group
from tchat_server.store import Store

BEHIND = 8
NOTHING = "DELETE FROM users WHERE 0"


def never_stores(patch: pytest.MonkeyPatch, *kinds: type[Change]) -> None:
    """Have changes of these kinds take place in memory alone."""
    for kind in kinds:
        patch.setitem(store.WRITES, kind, NOTHING)


@mutant("H-RESTART-1", "H-KILL-1")
def stores_no_departures(patch: pytest.MonkeyPatch) -> None:
    """Who left or was kicked is a member again after a restart."""
    never_stores(patch, changes.MemberRemoved)
    stores(patch, changes.MemberAdded, lambda added: added.replace("INSERT INTO", "INSERT OR IGNORE INTO"))


@mutant("H-RESTART-1")
def stores_the_founder_as_owner(patch: pytest.MonkeyPatch) -> None:
    """Who inherited a group does not own it after a restart."""
    stores(patch, changes.OwnerChanged, lambda owner: f"{owner} AND owner IS NULL")


@mutant("H-RESTART-1")
def forgets_emptied_groups_on_restart(patch: pytest.MonkeyPatch) -> None:
    """A group without members is gone after a restart."""
    load = Store.load

    def loaded(self: Store) -> Any:
        users, groups = load(self)
        return users, {name: group for name, group in groups.items() if group.members}

    patch.setattr(Store, "load", loaded)


@mutant("H-RESTART-1")
def makes_all_groups_private_on_restart(patch: pytest.MonkeyPatch) -> None:
    """All groups are private after a restart."""
    _loads(patch, lambda group: setattr(group, "private", True))


@mutant("H-RESTART-1")
def sorts_members_on_restart(patch: pytest.MonkeyPatch) -> None:
    """Who joined first is not known after a restart: members stand in another order."""

    def reverse(group: Group) -> None:
        group.members = dict.fromkeys(reversed(group.members))

    _loads(patch, reverse)


@mutant("H-RESTART-1", "H-RESTART-2")
def stores_no_times(patch: pytest.MonkeyPatch) -> None:
    """What happened before a restart happened at the epoch."""
    for kind in (changes.MessagePosted, changes.EventLogged):
        patch.setitem(store.WRITES, kind, store.WRITES[kind].replace(":ts", "'1970-01-01T00:00:00.000Z'"))


@mutant("H-RESTART-2", "H-KILL-1")
def stores_no_pardons(patch: pytest.MonkeyPatch) -> None:
    """Who was unbanned is banned again after a restart."""
    never_stores(patch, changes.UserUnbanned)


@mutant("H-RESTART-2")
def stores_no_ends_of_invitations(patch: pytest.MonkeyPatch) -> None:
    """Who has used an invitation, or lost it, has it again after a restart."""
    never_stores(patch, changes.InvitationEnded)


@mutant("H-RESTART-2")
def stores_no_reasons(patch: pytest.MonkeyPatch) -> None:
    """Why somebody was kicked or banned is not known after a restart."""
    stores(patch, changes.EventLogged, lambda logged: logged.replace(":reason", "NULL"))


@mutant("H-RESTART-3")
def counts_messages_on_restart(patch: pytest.MonkeyPatch) -> None:
    """The number of the last event is not known after a restart, only that of the last message."""
    patch.setattr(store, "_GROUPS", store._GROUPS.replace("FROM group_events", "FROM group_messages"))


@mutant("H-RESTART-4", "H-KILL-1")
def stores_no_mail(patch: pytest.MonkeyPatch) -> None:
    """What waits for somebody who is away is kept in memory."""
    never_stores(patch, changes.PrivateMessageSent)


@mutant("H-RESTART-4")
def takes_invitations_for_told_on_restart(patch: pytest.MonkeyPatch) -> None:
    """An invitation that waits is not delivered after a restart, though it still counts."""
    load = Store.load

    def loaded(self: Store) -> Any:
        self._db.execute("UPDATE invitations SET told = 1")
        return load(self)

    patch.setattr(Store, "load", loaded)


@mutant("B-SEND-5")
def forgets_deliveries_on_restart(patch: pytest.MonkeyPatch) -> None:
    """Mail that was delivered is delivered again after a restart."""
    load = Store.load

    def loaded(self: Store) -> Any:
        self._db.execute("UPDATE private_messages SET delivered = 0")
        return load(self)

    patch.setattr(Store, "load", loaded)


@mutant("H-KILL-1")
def stores_behind(patch: pytest.MonkeyPatch) -> None:
    """What is acknowledged is stored some changes later, or when somebody reads: a kill loses the last."""
    behind: dict[int, list[Change]] = {}
    commit, history, load, close = Store.commit, Store.history, Store.load, Store.close

    def flush(self: Store) -> None:
        commit(self, behind.pop(id(self), []))

    def later(self: Store, changed: Iterable[Change]) -> None:
        waiting = behind.setdefault(id(self), [])
        waiting += changed
        if len(waiting) > BEHIND:
            flush(self)

    def read(self: Store, page: Any) -> Any:
        flush(self)
        return history(self, page)

    def loaded(self: Store) -> Any:
        behind.pop(id(self), None)
        return load(self)

    def closed(self: Store) -> None:
        behind.pop(id(self), None)
        close(self)

    patch.setattr(Store, "commit", later)
    patch.setattr(Store, "history", read)
    patch.setattr(Store, "load", loaded)
    patch.setattr(Store, "close", closed)

"""Faults in who may speak under a name, and in what outlives a connection or the server."""

from typing import Any

import pytest

from conform.mutants.registry import mutant
from conform.mutants.tools import stores
from tchat_protocol.errors import ErrorCode, Refusal
from tchat_server import changes, identity, rooms
from tchat_server.app import App
from tchat_server.store import Store


def admits(patch: pytest.MonkeyPatch, *codes: ErrorCode) -> None:
    """Admit requests that would be refused with one of these codes."""
    admit = identity.admit

    def admitted(state: Any, bound: Any, request: Any, proof: Any = None) -> Any:
        try:
            return admit(state, bound, request, proof)
        except Refusal as refusal:
            if refusal.code in codes:
                return ()
            raise

    patch.setattr(identity, "admit", admitted)


@mutant("I-MISMATCH-1", "E-ORDER-1")
def believes_any_sender(patch: pytest.MonkeyPatch) -> None:
    """A connection may speak under any name."""
    admits(patch, ErrorCode.SENDER_MISMATCH)


@mutant("I-MISMATCH-1")
def lets_hello_change_the_name(patch: pytest.MonkeyPatch) -> None:
    """A second hello under another name is greeted."""
    admit = identity.admit

    def admitted(state: Any, bound: Any, request: Any, proof: Any = None) -> Any:
        return admit(state, None if request.action == "client-hello" else bound, request, proof)

    patch.setattr(identity, "admit", admitted)


def hands_names_over(patch: pytest.MonkeyPatch) -> None:
    """Have an admitted newcomer take a name from its holder."""
    enter = App._enter

    def entered(self: App, connection: Any, name: Any, changes: Any) -> bool:
        holder = self._online.get(name)
        if holder is not None and holder is not connection and connection.name is None:
            holder.name = None
            del self._online[name]
        return enter(self, connection, name, changes)

    patch.setattr(App, "_enter", entered)


@mutant("I-TAKEN-1", "I-BIND-2")
def lets_names_be_stolen(patch: pytest.MonkeyPatch) -> None:
    """The newer connection takes a name over."""
    admits(patch, ErrorCode.NAME_TAKEN)
    hands_names_over(patch)


@mutant("I-TAKEN-1")
def throws_the_holder_out(patch: pytest.MonkeyPatch) -> None:
    """Who tries a taken name is refused, and its holder loses the connection."""
    admit = identity.admit

    def admitted(state: Any, bound: Any, request: Any, proof: Any = None) -> Any:
        try:
            return admit(state, bound, request, proof)
        except Refusal as refusal:
            if refusal.code is ErrorCode.NAME_TAKEN:
                current[0]._online[request.sender].abort()
            raise

    current: list[Any] = []
    take = App.take

    def taken(self: App, connection: Any, received: Any) -> None:
        current[:] = [self]
        take(self, connection, received)

    patch.setattr(App, "take", taken)
    patch.setattr(identity, "admit", admitted)


@mutant("I-TAKEN-1")
def guards_names_at_hello_only(patch: pytest.MonkeyPatch) -> None:
    """A first request other than hello takes over a name in use."""
    admit = identity.admit

    def admitted(state: Any, bound: Any, request: Any, proof: Any = None) -> Any:
        if request.action != "client-hello" and bound is None:
            return ()
        return admit(state, bound, request, proof)

    patch.setattr(identity, "admit", admitted)
    hands_names_over(patch)


@mutant("I-BIND-1")
def demands_hello(patch: pytest.MonkeyPatch) -> None:
    """Nothing but hello is taken from a connection without a name."""
    admit = identity.admit

    def admitted(state: Any, bound: Any, request: Any, proof: Any = None) -> Any:
        if bound is None and request.action not in ("client-hello", "client-error"):
            raise Refusal(ErrorCode.AUTH_FAILED, "Say hello first.")
        return admit(state, bound, request, proof)

    patch.setattr(identity, "admit", admitted)


@mutant("I-BIND-1")
def binds_at_hello_only(patch: pytest.MonkeyPatch) -> None:
    """A first request other than hello is handled and binds nothing."""
    handle = App._enter

    def entered(self: App, connection: Any, name: Any, changes: Any) -> bool:
        if self._first_action != "client-hello":  # type: ignore[attr-defined]
            return False
        return handle(self, connection, name, changes)

    take = App._take

    def taken(self: App, connection: Any, received: Any, proof: Any = None) -> None:
        self._first_action = received.get("action") if isinstance(received, dict) else None  # type: ignore[attr-defined]
        take(self, connection, received, proof)

    patch.setattr(App, "_enter", entered)
    patch.setattr(App, "_take", taken)


@mutant("I-BIND-2")
def binds_by_bad_messages(patch: pytest.MonkeyPatch) -> None:
    """A request that is refused for its form binds the connection all the same."""
    take = App._take

    def taken(self: App, connection: Any, received: Any, proof: Any = None) -> None:
        name = next((received[f] for f in ("from", "sender", "name") if isinstance(received.get(f), str)), None) \
            if isinstance(received, dict) else None  # fmt: skip
        if connection.name is None and isinstance(name, str) and name and name not in self._online:
            connection.name = name
            self._online[name] = connection
            self._state.online[name] = None
            self._state.users.setdefault(name, None)
        take(self, connection, received, proof)

    patch.setattr(App, "_take", taken)


@mutant("I-HELLO-2")
def refuses_a_second_hello(patch: pytest.MonkeyPatch) -> None:
    """A further hello under the same name is name-taken."""
    admit = identity.admit

    def admitted(state: Any, bound: Any, request: Any, proof: Any = None) -> Any:
        if bound is not None and request.action == "client-hello":
            raise Refusal(ErrorCode.NAME_TAKEN, "That is you.")
        return admit(state, bound, request, proof)

    patch.setattr(identity, "admit", admitted)


@mutant("I-HELLO-2")
def announces_a_second_hello(patch: pytest.MonkeyPatch) -> None:
    """A further hello is told to everyone."""
    enter = App._enter

    def entered(self: App, connection: Any, name: Any, changes: Any) -> bool:
        if connection.name is not None and self._hello:  # type: ignore[attr-defined]
            self._tell_presence(name, online=True)
        return enter(self, connection, name, changes)

    take = App._take

    def taken(self: App, connection: Any, received: Any, proof: Any = None) -> None:
        self._hello = isinstance(received, dict) and received.get("action") == "client-hello"  # type: ignore[attr-defined]
        take(self, connection, received, proof)

    patch.setattr(App, "_enter", entered)
    patch.setattr(App, "_take", taken)


@mutant("I-FREE-1")
def frees_no_names(patch: pytest.MonkeyPatch) -> None:
    """A name stays taken after its connection has ended."""
    depart = App.depart

    def departed(self: App, connection: Any) -> None:
        name = connection.name
        depart(self, connection)
        if name is not None:
            self._state.online[name] = None

    patch.setattr(App, "depart", departed)


@mutant("I-AUTH-1", "I-AUTH-2")
def asks_for_no_passwords(patch: pytest.MonkeyPatch) -> None:
    """Any password, and none, opens a protected name."""
    admits(patch, ErrorCode.AUTH_FAILED)


@mutant("I-AUTH-2")
def accepts_any_password(patch: pytest.MonkeyPatch) -> None:
    """A protected name wants a password, and takes any."""
    run = identity.PasswordCheck.run

    def ran(self: identity.PasswordCheck) -> identity.PasswordProof:
        return run(self) if self.stored is None else identity.PasswordProof(self.stored, self.stored)

    patch.setattr(identity.PasswordCheck, "run", ran)


@mutant("I-AUTH-2")
def accepts_no_password(patch: pytest.MonkeyPatch) -> None:
    """A protected name is closed even to the right password."""
    run = identity.PasswordCheck.run

    def ran(self: identity.PasswordCheck) -> identity.PasswordProof:
        return run(self) if self.stored is None else identity.PasswordProof(self.stored, None)

    patch.setattr(identity.PasswordCheck, "run", ran)


@mutant("I-AUTH-3")
def guards_hello_only(patch: pytest.MonkeyPatch) -> None:
    """A protected name is open to a first request other than hello."""
    admit = identity.admit

    def admitted(state: Any, bound: Any, request: Any, proof: Any = None) -> Any:
        try:
            return admit(state, bound, request, proof)
        except Refusal as refusal:
            if refusal.code is ErrorCode.AUTH_FAILED and request.action != "client-hello":
                return ()
            raise

    patch.setattr(identity, "admit", admitted)


@mutant("H-AWAY-1", "H-AWAY-3", "H-AWAY-4")
def forgets_members_who_go(patch: pytest.MonkeyPatch) -> None:
    """Who disconnects leaves all groups."""
    depart = App.depart

    def departed(self: App, connection: Any) -> None:
        name = connection.name
        depart(self, connection)
        for group in self._state.groups.values():
            group.members.pop(name, None)
            group.invited.discard(name)
            group.banned.discard(name)

    patch.setattr(App, "depart", departed)


@mutant("H-AWAY-3", "G-STATES-4")
def takes_going_for_leaving(patch: pytest.MonkeyPatch) -> None:
    """Who disconnects leaves all groups, and the groups are told."""
    depart = App.depart

    def departed(self: App, connection: Any) -> None:
        name = connection.name
        if name is not None:
            for group in list(self._state.groups.values()):
                if name in group.members and len(self._online) > 1:
                    self.take(connection, {"action": "leave", "sender": name, "group": group.name})
        depart(self, connection)

    patch.setattr(App, "depart", departed)


@mutant("G-STATES-4")
def logs_refusals(patch: pytest.MonkeyPatch) -> None:
    """A refused request is noted in the log of the group."""
    decide = rooms.decide

    def decided(state: Any, request: Any, now: Any) -> Any:
        try:
            return decide(state, request, now)
        except Refusal as refusal:
            if refusal.code in (ErrorCode.NOT_OWNER, ErrorCode.ALREADY_MEMBER, ErrorCode.ALREADY_BANNED):
                group = state.groups[request.fields["group"]]
                fields = {**request.fields, "dest": request.sender}
                ask = rooms.Ask(state, "invite", request.sender, fields, "2026-01-01T00:00:00.000Z")
                for change in rooms._event(ask, group, (), ()).changes:
                    change.apply(state)
                    noted.append(change)
            raise

    noted: list[Any] = []
    history = Store.history

    def read(self: Store, page: Any) -> Any:
        self.commit(noted)
        noted.clear()
        return history(self, page)

    patch.setattr(rooms, "decide", decided)
    patch.setattr(Store, "history", read)


@mutant("H-RESTART-1", "H-RESTART-2", "H-RESTART-3", "H-RESTART-4", "H-KILL-1")
def keeps_everything_in_memory(patch: pytest.MonkeyPatch) -> None:
    """Nothing outlives the server."""
    patch.setattr("tchat_server.service.Store", lambda _, *more: Store(":memory:", *more))


@mutant("H-RESTART-1")
def forgets_members_on_restart(patch: pytest.MonkeyPatch) -> None:
    """Who was a member is not known after a restart."""
    _loads(patch, lambda group: group.members.clear())


@mutant("H-RESTART-1")
def forgets_owners_on_restart(patch: pytest.MonkeyPatch) -> None:
    """Who owns a group is not known after a restart."""
    _loads(patch, lambda group: setattr(group, "owner", None))


@mutant("H-RESTART-1")
def forgets_privacy_on_restart(patch: pytest.MonkeyPatch) -> None:
    """All groups are public after a restart."""
    _loads(patch, lambda group: setattr(group, "private", False))


@mutant("H-RESTART-2")
def forgets_bans_on_restart(patch: pytest.MonkeyPatch) -> None:
    """Nobody is banned after a restart."""
    _loads(patch, lambda group: group.banned.clear())


@mutant("H-RESTART-2")
def forgets_invitations_on_restart(patch: pytest.MonkeyPatch) -> None:
    """Nobody is invited after a restart."""
    _loads(patch, lambda group: group.invited.clear())


@mutant("H-RESTART-3")
def skips_numbers_on_restart(patch: pytest.MonkeyPatch) -> None:
    """seq jumps at a restart."""
    _loads(patch, lambda group: setattr(group, "seq", group.seq + 10))


@mutant("H-RESTART-4")
def forgets_users_on_restart(patch: pytest.MonkeyPatch) -> None:
    """Nobody is known after a restart."""
    load = Store.load
    patch.setattr(Store, "load", lambda self: ({}, load(self)[1]))
    stores(patch, changes.UserSeen, lambda seen: seen.replace("INSERT INTO", "INSERT OR IGNORE INTO"))


def _loads(patch: pytest.MonkeyPatch, change: Any) -> None:
    load = Store.load

    def loaded(self: Store) -> Any:
        users, groups = load(self)
        for group in groups.values():
            change(group)
        return users, groups

    patch.setattr(Store, "load", loaded)

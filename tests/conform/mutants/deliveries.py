"""Faults in who is told: somebody is forgotten, or hears what is not for him."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from conform.mutants.registry import mutant
from conform.mutants.tools import handles, told_to, turns_out
from tchat_protocol.errors import Refusal
from tchat_server import rooms
from tchat_server.answers import encode_answer
from tchat_server.app import App
from tchat_server.delivery import Entry, Reach
from tchat_server.outcome import Outcome

GROUP_EVENTS = ("join", "leave", "invite", "kick", "ban", "unban")


def everyone(_: Outcome, ask: Any) -> tuple[str, ...]:
    return tuple(ask.state.online)


def nobody(_: Outcome, __: Any) -> tuple[str, ...]:
    return ()


def all_but(name: str) -> Any:
    return lambda outcome, ask: tuple(each for each in outcome.audience if each != ask.fields.get(name))


@mutant("B-SEND-1")
def tells_everyone_private_messages(patch: pytest.MonkeyPatch) -> None:
    """A private message reaches everyone online."""
    told_to(patch, "client-send", everyone)


@mutant("B-SEND-1", "B-SEND-4")
def keeps_private_messages_to_itself(patch: pytest.MonkeyPatch) -> None:
    """A private message is acknowledged and not delivered."""
    turns_out(patch, "client-send", lambda outcome, _: replace(outcome, audience=(), changes=()))


@mutant("B-BCAST-1")
def broadcasts_to_the_sender_alone(patch: pytest.MonkeyPatch) -> None:
    """A broadcast reaches nobody else."""
    told_to(patch, "client-broadcast", nobody)


@mutant("B-BCAST-1")
def broadcasts_to_all_but_the_last(patch: pytest.MonkeyPatch) -> None:
    """A broadcast does not reach whoever came last: a loop ends one too early."""
    told_to(patch, "client-broadcast", lambda outcome, _: outcome.audience[:-1])


@mutant("G-POST-1", "A-SEQ-2")
def posts_to_the_sender_alone(patch: pytest.MonkeyPatch) -> None:
    """A group message reaches its sender alone."""
    told_to(patch, "gbroadcast", nobody)


@mutant("G-POST-2", "G-LEAVE-2", "G-KICK-2", "G-BAN-3", "P-POST-1")
def posts_to_everyone(patch: pytest.MonkeyPatch) -> None:
    """A group message reaches everyone online."""
    told_to(patch, "gbroadcast", everyone)


@mutant("G-CREATE-1")
def tells_everyone_of_new_groups(patch: pytest.MonkeyPatch) -> None:
    """server-cgroupe reaches everyone online."""
    told_to(patch, "cgroupe", everyone)


@mutant("G-JOIN-1", "G-LEAVE-1", "G-INVITE-1", "G-KICK-1", "G-BAN-1", "G-UNBAN-1", "P-POST-1")
def tells_everyone_of_events(patch: pytest.MonkeyPatch) -> None:
    """What happens in a group is told to everyone online."""
    for action in GROUP_EVENTS:
        told_to(patch, action, everyone)


@mutant("G-JOIN-1", "G-LEAVE-1", "G-INVITE-1", "G-KICK-1", "G-BAN-1", "G-UNBAN-1")
def tells_members_nothing(patch: pytest.MonkeyPatch) -> None:
    """What happens in a group is told to the requester alone."""
    for action in GROUP_EVENTS:
        told_to(patch, action, nobody)


@mutant("G-INVITE-1", "G-KICK-1", "G-BAN-1", "G-UNBAN-1")
def forgets_to_tell_dest(patch: pytest.MonkeyPatch) -> None:
    """Who is invited, kicked, banned or unbanned is not told."""
    for action in ("invite", "kick", "ban", "unban"):
        told_to(patch, action, all_but("dest"))


@mutant("G-INVITE-1", "G-KICK-1", "G-BAN-1", "G-UNBAN-1")
def tells_dest_alone(patch: pytest.MonkeyPatch) -> None:
    """Who is invited, kicked, banned or unbanned is told, the members are not."""
    for action in ("invite", "kick", "ban", "unban"):
        told_to(patch, action, lambda _, ask: (ask.dest,))


@mutant("G-KICK-2", "G-LEAVE-2", "G-BAN-3")
def delivers_to_former_members(patch: pytest.MonkeyPatch) -> None:
    """Who was once a member gets the messages of the group ever after."""
    once: dict[str, dict[str, None]] = {}

    def remember(outcome: Outcome, ask: Any) -> Outcome:
        group = ask.state.groups[ask.fields["group"]]
        former = once.setdefault(group.name, {})
        former.update(group.members)
        return replace(outcome, audience=tuple({**group.members, **former}))

    turns_out(patch, "gbroadcast", remember)
    for action in ("leave", "kick", "ban"):
        turns_out(patch, action, lambda outcome, ask: (remember(outcome, ask), outcome)[1])


@mutant("A-LIST-1")
def shows_lists_to_everyone(patch: pytest.MonkeyPatch) -> None:
    """The answer to a listing reaches everyone online."""
    for action in ("client-list-clients", "members", "groups"):
        told_to(patch, action, everyone)


@mutant("A-REFUSE-1")
def refuses_in_public(patch: pytest.MonkeyPatch) -> None:
    """A refusal is sent to everyone online."""
    add = App._add

    def added(self: App, entry: Entry) -> None:
        if entry.asked is not None and b'"server-error"' in entry.own:
            others = [other for other in self._online.values() if other is not entry.connection]
            add(self, Entry(None, copy=entry.own, reach=Reach(others)))
        add(self, entry)

    patch.setattr(App, "_add", added)


@mutant("A-REFUSE-1", "A-SEQ-1")
def counts_refusals(patch: pytest.MonkeyPatch) -> None:
    """A refused request uses up a number of the group."""

    def wrap(handler: Any) -> Any:
        def handled(ask: Any, group: Any) -> Outcome:
            try:
                return handler(ask, group)  # type: ignore[no-any-return]
            except Refusal:
                group.seq += 1
                raise

        return handled

    for action in rooms._IN_GROUP:
        handles(patch, action, wrap)


@mutant("A-ONCE-1", "G-POST-1")
def delivers_twice(patch: pytest.MonkeyPatch) -> None:
    """Everyone but the requester gets each message twice."""
    add = App._add

    def added(self: App, entry: Entry) -> None:
        if entry.reach:
            others = [other for other in entry.reach.connections if other is not entry.connection]
            entry = replace(entry, reach=Reach([*others, *others]))
        add(self, entry)

    patch.setattr(App, "_add", added)


@mutant("A-ONCE-1", "B-SEND-2")
def acknowledges_and_delivers_to_the_requester(patch: pytest.MonkeyPatch) -> None:
    """The requester gets its acknowledgement, and the copy of everyone concerned as well."""
    add = App._add

    def added(self: App, entry: Entry) -> None:
        if entry.copy and entry.connection is not None:
            add(self, Entry(entry.connection, entry.copy))
        add(self, entry)

    patch.setattr(App, "_add", added)


@mutant("B-PRES-1", "B-PRES-2")
def tells_no_presence(patch: pytest.MonkeyPatch) -> None:
    """Nobody hears who comes and goes."""
    patch.setattr(App, "_tell_presence", lambda *_, **__: None)


@mutant("B-PRES-1")
def tells_newcomers_of_themselves(patch: pytest.MonkeyPatch) -> None:
    """A user hears of its own coming."""
    enter = App._enter

    def entered(self: App, connection: Any, name: Any, changes: Any) -> bool:
        came = enter(self, connection, name, changes)
        if came:
            self._tell_presence(name, online=True)
        return came

    patch.setattr(App, "_enter", entered)


@mutant("B-PRES-2")
def hears_only_goodbyes(patch: pytest.MonkeyPatch) -> None:
    """Who goes without client-quit stays online for the others."""
    depart = App.depart

    def departed(self: App, connection: Any) -> None:
        if connection.name is not None and connection._transport.is_closing():
            tell = self._tell_presence
            self._tell_presence = lambda *_, **__: None  # type: ignore[method-assign]
            depart(self, connection)
            self._tell_presence = tell  # type: ignore[method-assign]
        else:
            depart(self, connection)

    patch.setattr(App, "depart", departed)
    patch.setattr("tchat_server.connection.Connection.eof_received", lambda self: self._transport.close())


@mutant("B-SEND-4", "G-INVITE-8")
def keeps_no_mail(patch: pytest.MonkeyPatch) -> None:
    """What is sent to somebody offline is lost."""
    patch.setattr(App, "_deliver_mail", lambda *_: None)


@mutant("B-SEND-5")
def delivers_mail_again(patch: pytest.MonkeyPatch) -> None:
    """What waited for a user is delivered at every hello."""
    depart = App.depart

    def departed(self: App, connection: Any) -> None:
        name = connection.name
        depart(self, connection)
        self._store._db.execute("UPDATE private_messages SET delivered = 0 WHERE dest = ?", (name,))

    patch.setattr(App, "depart", departed)


@mutant("B-SEND-4", "G-INVITE-8")
def hands_out_mail_to_who_quits(patch: pytest.MonkeyPatch) -> None:
    """Who comes only to quit gets what waited, and it waits no longer."""
    close = App.close

    def closed(self: App, connection: Any) -> None:
        self.flush()
        self._deliver_mail(connection)
        close(self, connection)

    patch.setattr(App, "close", closed)


@mutant("B-SEND-4", "G-INVITE-8")
def loses_mail_to_who_quits(patch: pytest.MonkeyPatch) -> None:
    """What waited is taken for delivered when its recipient comes only to quit."""
    close = App.close

    def closed(self: App, connection: Any) -> None:
        if connection.name is not None:
            self._commit_now([change for _, change in self._store.waiting(connection.name, 9)])
        close(self, connection)

    patch.setattr(App, "close", closed)


@mutant("A-FORM-1")
def says_more_than_the_protocol_has(patch: pytest.MonkeyPatch) -> None:
    """Who is online is told, unasked and in a message of the server's own, when somebody comes."""
    tell = App._tell_presence

    def told(self: App, name: str, *, online: bool) -> None:
        tell(self, name, online=online)
        others = list(self._online.values())
        if others:
            count = json.dumps({"action": "server-count", "online": len(others)}).encode() + b"\n"
            self._add(Entry(None, copy=count, reach=Reach(others)))

    patch.setattr(App, "_tell_presence", told)


@mutant("I-BIND-3")
def announces_people_to_every_connection(patch: pytest.MonkeyPatch) -> None:
    """Presence goes to connections without a name too."""

    def tell(self: App, name: str, *, online: bool) -> None:
        message = encode_answer(rooms.presence(name, online=online))
        others = [each for each in self.connections if each.name != name]
        self._add(Entry(None, copy=message, reach=Reach(others)))

    patch.setattr(App, "_tell_presence", tell)


@mutant("I-BIND-3")
def broadcasts_to_every_connection(patch: pytest.MonkeyPatch) -> None:
    """A broadcast goes to connections without a name too."""
    entry = App._entry

    def everywhere(self: App, asked: Any, outcome: Outcome) -> Any:
        made = entry(self, asked, outcome)
        if asked.request.action == "client-broadcast":
            made = replace(made, reach=Reach([each for each in self.connections if each is not asked.connection]))
        return made

    patch.setattr(App, "_entry", everywhere)

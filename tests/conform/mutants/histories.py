"""Faults in what a history shows: not everything to everybody."""

from math import inf
from typing import Any

import pytest

from conform.mutants.registry import mutant
from conform.mutants.tools import fills_pages, turns_out
from tchat_server.outcome import Message, Outcome


def shows_messages(patch: pytest.MonkeyPatch, hidden: Any) -> None:
    """Leave out of msgs each message of which ``hidden`` tells so; it gets the Ask and the message."""
    reader: list[Any] = []

    def asks(outcome: Outcome, ask: Any) -> Outcome:
        reader[:] = [ask]
        return outcome

    def shown(answer: Message) -> Message:
        if "messages" not in answer:
            return answer
        return {**answer, "messages": [each for each in answer["messages"] if not hidden(reader[0], each)]}

    turns_out(patch, "msgs", asks)
    fills_pages(patch, shown)


@mutant("G-MSGS-2")
def shows_what_came_since_ones_join(patch: pytest.MonkeyPatch) -> None:
    """msgs shows a reader what was posted since its own last join, and nothing to who never joined."""
    joined: dict[tuple[str, str], float] = {}

    def joins(outcome: Outcome, ask: Any) -> Outcome:
        group = ask.state.groups.get(ask.fields["group"])
        joined[ask.fields["group"], ask.sender] = group.seq if group is not None else 0
        return outcome

    for action in ("cgroupe", "join"):
        turns_out(patch, action, joins)
    shows_messages(patch, lambda ask, each: each["seq"] <= joined.get((ask.fields["group"], ask.sender), inf))


@mutant("H-AWAY-2")
def shows_only_what_one_was_there_for(patch: pytest.MonkeyPatch) -> None:
    """msgs leaves out what was posted while the member that asks was away."""
    missed: set[tuple[str, str, int]] = set()

    def posts(outcome: Outcome, ask: Any) -> Outcome:
        group = ask.state.groups[ask.fields["group"]]
        away = [each for each in group.members if each not in ask.state.online]
        missed.update((group.name, each, group.seq + 1) for each in away)
        return outcome

    turns_out(patch, "gbroadcast", posts)
    shows_messages(patch, lambda ask, each: (ask.fields["group"], ask.sender, each["seq"]) in missed)

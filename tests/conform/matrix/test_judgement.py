"""Who is to blame, from hand-made evidence: the first who breaks a MUST on the way of a message."""

from dataclasses import replace
from typing import Any

import pytest

from tchat_conform.form import Side, faults_of
from tchat_conform.matrix.evidence import Attempt, ClientKnown, Hearing, Known, Listener, ServerKnown
from tchat_conform.matrix.judgement import judge
from tchat_conform.matrix.result import Unfinished, Verdict
from tchat_conform.matrix.rules import is_refusal, is_unknown
from tchat_conform.matrix.wire import Told, Trait
from tchat_protocol.framing import BadInput, Message

SCENARIO = "group chat"
REQUEST = {"action": "gbroadcast", "sender": "alice", "group": "wob", "msg": "hello"}
DELIVERY = {**REQUEST, "action": "server-gbroadcast", "ts": "2026-11-23T09:30:00.000Z", "seq": 3}
NEAR = {"action": "server-gbroadcast", "from": "alice", "msg": "hello"}
REFUSAL = {"action": "server-error", "code": "not-member", "msg": "No.", "request": "gbroadcast"}
LISTENER = Listener("bob", "server-gbroadcast", "hello", "G-POST-1", "C-SHOW-5", {"text": "hello"})


def told(content: Message | BadInput, side: Side = "server", *traits: Trait) -> Told:
    return Told(side, content, tuple(faults_of(side, content, 100)), frozenset(traits))


def known(*, does: bool | None = None, **client: Any) -> Known:
    server = ServerKnown(looked=does is not None, whole=frozenset({SCENARIO} if does else ()))
    return Known("srv", server, {"cli": ClientKnown(**client), "other": ClientKnown(**client)})


def attempt(**changes: Any) -> Attempt:
    """Return a post that arrived and was seen, but for some changes."""
    hearing = Hearing(LISTENER, "other", told(DELIVERY))
    first = Attempt(
        "alice",
        "cli",
        "gbroadcast",
        "G-POST-1",
        3,
        REQUEST,
        "bg;wob;hello",
        told(REQUEST, "client"),
        hearings=(hearing,),
    )
    return replace(first, **changes)


def unheard(**changes: Any) -> Hearing:
    return Hearing(LISTENER, "other", None, ("text",), **changes)


def unseen(content: Message | BadInput, *traits: Trait, **changes: Any) -> Hearing:
    return Hearing(LISTENER, "other", told(content, "server", *traits), ("text",), **changes)


def verdict(found: Attempt, about: Known | None = None) -> tuple[Verdict, str, str, str | None] | None:
    """Return the verdict with side, peer and requirement of the first who is to blame; None if nothing is wrong."""
    try:
        judge(found, SCENARIO, about or known())
    except Unfinished as stopped:
        first = stopped.blames[0]
        return stopped.verdict, first.side, first.peer, first.requirement
    return None


def test_what_arrives_and_is_seen_is_right() -> None:
    assert verdict(attempt()) is None


def test_what_arrives_in_another_form_and_is_seen_is_right_too() -> None:
    assert verdict(attempt(hearings=(Hearing(LISTENER, "other", told(NEAR)),))) is None


# -- the request ------------------------------------------------------------------------------------------


def test_a_command_that_the_description_denies_is_unsupported() -> None:
    found = attempt(typed=None, sent=None, hearings=())
    assert verdict(found) == (Verdict.UNSUPPORTED, "client", "cli", "C-POST-1")


def test_a_command_that_sends_nothing_is_unsupported_only_if_a_later_one_is_sent() -> None:
    silent = attempt(sent=None, hearings=())
    assert verdict(replace(silent, goes_on=True)) == (Verdict.UNSUPPORTED, "client", "cli", "C-POST-1")
    assert verdict(silent) == (Verdict.CLIENT, "client", "cli", "C-POST-1")


def test_a_client_that_is_silent_after_bad_messages_is_the_servers_victim() -> None:
    found = attempt(sent=None, hearings=(), earlier=(told(BadInput("bad-json", "not a JSON object", b"*** hi")),))
    assert verdict(found) == (Verdict.SERVER, "server", "srv", "W-JSON-1")


def test_a_client_that_ends_of_a_command_is_to_blame() -> None:
    found = attempt(sent=None, hearings=(), ended="exit status 1")
    assert verdict(found) == (Verdict.CLIENT, "client", "cli", "C-POST-1")


def test_another_request_than_was_typed_is_the_clients_fault() -> None:
    found = attempt(wrong="it sent members instead of gbroadcast")
    assert verdict(found) == (Verdict.CLIENT, "client", "cli", "C-POST-1")


# -- the server -------------------------------------------------------------------------------------------


def test_what_does_not_arrive_is_the_servers_fault_if_the_request_was_right() -> None:
    assert verdict(attempt(hearings=(unheard(),))) == (Verdict.SERVER, "server", "srv", "G-POST-1")


@pytest.mark.parametrize(
    ("does", "expected"),
    [
        (True, (Verdict.CLIENT, "client", "cli", "C-FORM-1")),
        (False, (Verdict.BOTH, "client", "cli", "C-FORM-1")),
    ],
)
def test_a_request_out_of_form_is_the_clients_fault_and_the_servers_too_if_it_does_it_for_nobody(
    does: bool, expected: object
) -> None:
    sent = told({"action": "gbroadcast", "from": "alice", "group": "wob", "msg": "hello"}, "client")
    assert verdict(attempt(sent=sent, hearings=(unheard(),)), known(does=does)) == expected


def test_a_server_that_needs_line_feeds_breaks_the_requirement_about_them() -> None:
    bare = attempt(sent=told(REQUEST, "client", Trait.BARE), hearings=(unheard(),))
    assert verdict(bare, known(does=True)) == (Verdict.SERVER, "server", "srv", "W-SEP-1")
    assert verdict(bare, known(does=False)) == (Verdict.SERVER, "server", "srv", "G-POST-1")


def test_a_server_that_ends_is_to_blame_with_its_last_words() -> None:
    with pytest.raises(Unfinished, match="TypeError") as stopped:
        judge(attempt(hearings=(unheard(),), server_end="exit status 1; its last words:\nTypeError"), SCENARIO, known())
    assert stopped.value.verdict is Verdict.SERVER


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (REFUSAL, (Verdict.SERVER, "server", "srv", "G-POST-1")),
        ({**REFUSAL, "code": "unknown-action"}, (Verdict.UNSUPPORTED, "server", "srv", "G-POST-1")),
        ({"action": "server-error", "msg": "Commande inconnue"}, (Verdict.UNSUPPORTED, "server", "srv", "G-POST-1")),
        ({**REFUSAL, "code": "rate-limited"}, (Verdict.AMBIGUOUS, "server", "srv", None)),
        ({**REFUSAL, "code": "internal-error"}, (Verdict.SERVER, "server", "srv", "G-POST-1")),
    ],
)
def test_a_refusal_is_judged_by_what_it_says(answer: Message, expected: object) -> None:
    assert verdict(attempt(refusal=told(answer), hearings=(unheard(),))) == expected


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("unknown action", True),
        ("action 'kick' is unknown", True),
        ("Action non reconnue", True),
        ("not implemented: command kick", True),
        ("there is no group wob", False),
        ("unknown user bob", False),
    ],
)
def test_a_server_without_codes_says_in_words_that_it_does_not_know_an_action(text: str, unknown: bool) -> None:
    assert is_unknown(told({"action": "server-error", "msg": text})) is unknown


def test_a_refusal_may_stand_in_words_under_the_action_of_an_answer() -> None:
    assert is_refusal(told({"action": "server-cgroupe", "msg": "Le groupe wob n'existe pas"}))
    assert not is_refusal(told({"action": "server-cgroupe", "msg": "Le groupe wob a ete cree"}))
    assert not is_refusal(told({**DELIVERY, "msg": "no such group"}))


# -- the screen -------------------------------------------------------------------------------------------


def test_a_right_message_that_is_not_shown_is_the_fault_of_who_does_not_show_it() -> None:
    assert verdict(attempt(hearings=(unseen(DELIVERY),))) == (Verdict.CLIENT, "client", "other", "C-SHOW-5")


def test_a_message_out_of_form_that_is_not_shown_is_the_servers_fault() -> None:
    found = attempt(hearings=(unseen(NEAR),))
    assert verdict(found, known(shows={"server-gbroadcast": True})) == (Verdict.SERVER, "server", "srv", "A-FORM-1")


def test_it_is_the_fault_of_both_if_the_client_does_not_show_it_in_the_standard_form_either() -> None:
    found = attempt(hearings=(unseen(NEAR),))
    assert verdict(found, known(shows={"server-gbroadcast": False})) == (Verdict.BOTH, "server", "srv", "A-FORM-1")


@pytest.mark.parametrize(
    ("trait", "rule"), [(Trait.BARE, "C-SEP-1"), (Trait.JOINED, "C-JOINED-1"), (Trait.CUT, "C-CUT-1")]
)
def test_what_a_client_does_not_bear_from_anybody_comes_before_the_form(trait: Trait, rule: str) -> None:
    found = attempt(hearings=(unseen(NEAR, trait),))
    assert verdict(found, known(bears={trait: False})) == (Verdict.CLIENT, "client", "other", rule)
    assert verdict(found, known(bears={trait: True})) == (Verdict.SERVER, "server", "srv", "A-FORM-1")


def test_a_client_that_dies_of_text_that_is_no_message_is_the_servers_victim() -> None:
    text = told(BadInput("bad-json", "not a JSON object", b"*** hi"))
    found = attempt(hearings=(unheard(ended="exit status 1", earlier=(text,)),))
    assert verdict(found) == (Verdict.SERVER, "server", "srv", "W-JSON-1")


def test_a_client_that_dies_of_right_messages_is_to_blame() -> None:
    found = attempt(hearings=(unseen(DELIVERY, ended="exit status 1"),))
    assert verdict(found) == (Verdict.CLIENT, "client", "other", "C-SHOW-5")


def test_a_client_that_shows_this_alone_was_spoiled_by_what_came_before() -> None:
    found = attempt(hearings=(unseen(DELIVERY, earlier=(told(NEAR),)),))
    assert verdict(found, known(shows={"server-gbroadcast": True})) == (Verdict.SERVER, "server", "srv", "A-FORM-1")


def test_an_error_on_the_screen_from_before_is_blamed_on_what_came_before() -> None:
    earlier = (told(DELIVERY, "server", Trait.JOINED),)
    found = attempt(hearings=(unseen(NEAR, complaint="Traceback", earlier=earlier),))
    assert verdict(found, known(bears={Trait.JOINED: False})) == (Verdict.CLIENT, "client", "other", "C-JOINED-1")


def test_messages_that_a_client_reads_as_one_are_its_own_fault_and_its_last_words_tell() -> None:
    dead = attempt(hearings=(unseen(NEAR, ended='exit status 1; its last words:\n{"a":1}{"a":2}'),))
    assert verdict(dead, known(bears={Trait.JOINED: False})) == (Verdict.CLIENT, "client", "other", "C-JOINED-1")
    assert verdict(dead, known(bears={Trait.JOINED: True})) == (Verdict.SERVER, "server", "srv", "A-FORM-1")
    blind = attempt(hearings=(unseen(NEAR, complaint="JSONDecodeError: Extra data", earlier=(told(NEAR),)),))
    assert verdict(blind, known(bears={Trait.JOINED: False})) == (Verdict.CLIENT, "client", "other", "C-JOINED-1")


def test_what_is_on_the_screen_counts_though_the_wire_cannot_be_read() -> None:
    assert verdict(attempt(hearings=(Hearing(LISTENER, "other", None),))) is None

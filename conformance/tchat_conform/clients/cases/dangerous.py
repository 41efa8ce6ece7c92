"""What others write, shown and never executed: a terminal obeys control characters, whoever they come from."""

from collections.abc import Mapping

from tchat_conform.clients.case import add_case
from tchat_conform.clients.forms import message
from tchat_conform.clients.stage import Stage
from tchat_conform.verdict import must
from tchat_protocol.framing import Message

ATTACKS: Mapping[str, tuple[str, str]] = {
    "a-title": ("\x1b]2;{}\x07", "the title of her window"),
    "an-erased-line": ("{}\x1b[2K", "an erased line"),
    "a-cleared-screen": ("{}\x1b[2J\x1b[1;1H", "a cleared screen"),
    "a-return-to-the-left": ("{}\r", "text written over"),
    "a-single-byte-sequence": ("{}\x9b2K", "a sequence in a single character"),
}
"""What somebody may write, with a fresh word in it, and what it would do."""

PLACES: Mapping[str, tuple[str, Mapping[str, str], str]] = {
    "server-send": ("msg", {"from": "bob", "to": "alice"}, "a message"),
    "server-gbroadcast": ("msg", {"sender": "bob", "group": "wob"}, "a group's message"),
    "server-kick": ("reason", {"sender": "bob", "group": "wob", "dest": "alice"}, "a reason"),
    "server-error": ("msg", {"code": "internal-error"}, "a refusal"),
}
"""Where it may stand: the field, the others that go with it, and what it is called."""


async def _is_not_executed(stage: Stage, said: Message, dangerous: str, effect: str) -> None:
    await stage.start()
    begin = len(stage.terminal.raw)
    await stage.says(said)
    shown = await stage.is_shown()
    raw = bytes(stage.terminal.raw[begin:])
    must(dangerous.encode() not in raw, f"{said['action']} puts {effect} on alice's terminal", None, said)
    await stage.must_live(f"{said['action']} with control characters came")
    stage.missed = not shown
    must(shown, f"after {said['action']} with control characters the client shows nothing more", None, said)


def _attack_case(name: str, template: str, effect: str, action: str) -> None:
    field, fields, place = PLACES[action]

    async def script(stage: Stage) -> None:
        dangerous = template.format(stage.fresh("danger"))
        said = message(action, **{**fields, field: f"before {dangerous} after"})
        await _is_not_executed(stage, said, dangerous, effect)

    add_case(f"C-CTRL-1/{name}", f"Bob writes {place} that holds {effect}: alice's terminal does not obey.", script)


for _name, (_template, _effect) in ATTACKS.items():
    _attack_case(_name, _template, _effect, "server-send")
for _action in ("server-gbroadcast", "server-kick", "server-error"):
    _attack_case(f"in-{_action}", *ATTACKS["an-erased-line"], _action)

"""Whatever bytes come in two pieces: the decoder says what they are, and is not stuck."""

import os
from random import Random

from tchat_protocol.framing import BadInput, Decoder

INPUTS = int(os.environ.get("TCHAT_FUZZ_INPUTS", "20000"))
"""How many inputs are tried; docs/operating.md names the long run."""

SEEDS = [
    b'{"action":"client-hello","from":"ann"}\n',
    b'{"action":"gbroadcast","sender":"ann","group":"wob","msg":"a\\u00e9\\ud83d\\ude00 \\"}{"}',
    b'{"action":"msgs","sender":"ann","group":"wob","limit":10,"before":-0.5e-3,"id":[1,{"a":null}]}\r\n',
    '{"action":"x","é":"\u202e😀"}{"a":[true,false]}'.encode(),
]
BAD = [
    *(b"{ } [ ] \" \\ , : \n \r 0 -01 1e999 NaN Infinity .5 1. +1 0x1 ' // /* tru nul \\u \\u12 \\ud800 \\x").split(
        b" "
    ),
    *(
        b"\x00",
        b"\x1f",
        b"\x7f",
        b"\xff",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
    ),
    *(b'{"a":1,"a":2}', b'{"__proto__":{}}', b",}", b"{,", b"[,]", b"[" * 40, b'{"a":' * 40, b"9" * 50),
]

PROBE = b'{"action":"probe"}\n'


def spoiled(random: Random) -> bytes:
    """Return a request with some places cut, copied, or overwritten."""
    data = random.choice(SEEDS)
    for _ in range(random.randrange(1, 4)):
        begin = random.randrange(len(data) + 1)
        end = min(len(data), begin + random.randrange(4))
        middle = random.choice(BAD) if random.random() < 0.7 else random.randbytes(random.randrange(4))
        data = data[:begin] + middle + data[end:]
    return data


def test_no_bytes_break_the_decoder() -> None:
    random = Random(os.environ.get("TCHAT_FUZZ_SEED", "1"))  # noqa: S311 - inputs that can be had again
    messages = refusals = 0
    for _ in range(INPUTS):
        data = spoiled(random)
        at = random.randrange(len(data) + 1)
        quick, slow = Decoder(), Decoder(shortcut=False)
        for piece in (data[:at], data[at:]):
            found = quick.feed(piece)
            assert found == slow.feed(piece), f"the shortcut matters: {data!r} at {at}"
            messages += sum(isinstance(each, dict) for each in found)
            refusals += sum(isinstance(each, BadInput) for each in found)
        assert quick.held <= len(data)
        assert quick.feed(b"\n" + 3 * PROBE)[-1] == {"action": "probe"}, f"it is stuck after {data!r} at {at}"
    print(f"{INPUTS} inputs: {messages} messages, {refusals} refusals")
    assert messages > INPUTS / 50
    assert refusals > INPUTS / 50

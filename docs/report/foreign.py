"""Foreign servers, judged and listened to: the programs of tests/peers, which are written as students write them."""

import hashlib
import json
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parents[2]
KEPT = Path(__file__).with_name("foreign.json")
DIED = "the server died of this case"
FEWEST = re.compile(r"(one message|the last of \d+ messages|\d+ messages) kill")
LIMIT = 10.0
QUIET_SECONDS = 0.7
"""After so long a silence nothing more is expected of a server that somebody has asked something."""

HELLO = '{"action":"client-hello","from":"alice"}\n'
LIST = '{"action":"client-list-clients","from":"alice"}\n'
SCENES: dict[str, tuple[str, ...]] = {
    "hello": (HELLO,),
    "list": (HELLO, LIST),
    "create": (HELLO, '{"action":"cgroupe","sender":"alice","group":"wob"}\n'),
    "join": (HELLO, '{"action":"join","sender":"alice","group":"nowhere"}\n'),
    "two": (HELLO, LIST + LIST),
    "words": (HELLO, "hello?\n"),
}
"""What is sent, one segment after the other; what comes after the last of them is kept."""
HEARD = (
    "reference", "careful.cjs", "crlf.py", "sentences.py", "names.cjs", "all_commands.cjs", "base_only.cjs",
    "envelope.cjs",
)  # fmt: skip


def described(kind: Literal["server", "client"] = "server") -> dict[str, str]:
    """Return the command of each server or client of tests/peers, by the name of its file."""
    peers = tomllib.loads((ROOT / "tests/peers/peers.toml").read_text(encoding="utf-8"))
    return {each["file"]: each["command"] for each in peers[kind]}


def clients() -> list[dict[str, Any]]:
    """Judge the reference client and those of tests/peers with the suite for clients, and return what each came to."""
    commands = {
        "reference": "python -m tchat_client --host {host} --port {port} --name {name}",
        **described("client"),
    }
    found = []
    for file, command in commands.items():
        report = _report("client", after=("--", *shlex.split(_command(command))))
        levels = [{name: each[name] for name in ("name", "state", "verdicts")} for each in report["levels"]]
        found.append({"file": file, "cases": report["summary"]["cases"], "levels": levels})
    return found


def judged() -> list[dict[str, Any]]:
    """Judge with the whole suite every foreign server that is new or has changed, and return what each came to.

    Some of them take minutes. To judge all anew, remove foreign.json.
    """
    before = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else []
    known = {(each["file"], each["source"]): each for each in before}
    return [known.get((file, source_of(file))) or _judged(file, command) for file, command in described().items()]


def source_of(file: str) -> str:
    """Return what tells whether a server is the one that was judged: a digest of its program and its command."""
    program = (ROOT / "tests/peers" / file).read_bytes() + described()[file].encode()
    return hashlib.sha256(program).hexdigest()[:16]


def _judged(file: str, command: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        found = _report("--spawn", _command(command).replace("{dir}", folder))
    return {
        "file": file,
        "source": source_of(file),
        "cases": found["summary"]["cases"],
        "seconds": found["run"]["seconds"],
        "spoken": found["run"]["spoken"],
        "levels": [{name: each[name] for name in ("name", "state", "verdicts")} for each in found["levels"]],
        **_deaths(found["cases"]),
    }


def _report(*arguments: str, after: tuple[str, ...] = ()) -> Any:
    """Run the suite and return its report. Raises SystemExit if there is none."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.json"
        command = [sys.executable, "-m", "tchat_conform", *arguments, "--json", str(file), *after]
        done = subprocess.run(command, check=False, cwd=ROOT, stdout=subprocess.DEVNULL)
        if not file.exists():
            raise SystemExit(f"{shlex.join(command)} ended with exit status {done.returncode}")
        return json.loads(file.read_text(encoding="utf-8"))


def _deaths(cases: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how many cases killed the server, of which errors, and the fewest messages that do so."""
    causes: Counter[str] = Counter()
    killers: list[str] = []
    for case in cases:
        sentences = [each["sentence"] for each in case["findings"]]
        died = next((each for each in sentences if each.startswith(DIED)), None)
        if died is not None:
            # where nothing is said of how its process ended, nobody saw it end
            error = re.search(r"^(\w*(?:Error|Exception))\b", died, re.MULTILINE)
            status = re.search(r"exit status \d+|signal \w+", died)
            cause = error[1] if error else status[0] if status else None
            causes.update([cause] if cause else [])
        killers += [each["received"] for each in case["findings"] if FEWEST.match(each["sentence"])]
    return {"died": causes.total(), "causes": dict(causes.most_common()), "killers": killers}


def heard() -> dict[str, Any]:
    """Ask some servers the same, and return the bytes that each answers with and whether it lives on."""
    commands = {"reference": "python -m tchat_server --port {port} --db {dir}/tchat.sqlite", **described()}
    answers = {
        server: {scene: _heard(commands[server], segments) for scene, segments in SCENES.items()} for server in HEARD
    }
    return {"asked": {scene: segments[-1] for scene, segments in SCENES.items()}, "answers": answers}


def _heard(command: str, segments: tuple[str, ...]) -> dict[str, Any]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        filled = _command(command).replace("{dir}", folder).replace("{port}", str(port))
        process = subprocess.Popen(
            shlex.split(filled), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            with _connected(port) as peer:
                *first, last = segments
                for segment in first:
                    peer.sendall(segment.encode())
                    _read(peer)
                with suppress(BrokenPipeError, ConnectionResetError):
                    peer.sendall(last.encode())
                text, closed = _read(peer)
            with suppress(subprocess.TimeoutExpired):
                process.wait(QUIET_SECONDS if closed else 0)
            status = process.poll()
        finally:
            process.kill()
            _, errors = process.communicate(timeout=LIMIT)
    error = re.search(r"^(\w*Error: .*)$", errors, re.MULTILINE)
    said = error[1] if error and status is not None else ""
    return {"text": text, "closed": closed, "status": status, "error": said}


def _connected(port: int) -> socket.socket:
    deadline = time.monotonic() + LIMIT
    while True:
        try:
            peer = socket.create_connection(("127.0.0.1", port), LIMIT)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer.settimeout(QUIET_SECONDS)
            return peer


def _read(peer: socket.socket) -> tuple[str, bool]:
    """Return what comes until nothing more does, and whether the connection was closed."""
    data = b""
    try:
        while piece := peer.recv(65536):
            data += piece
    except TimeoutError:
        return data.decode(), False
    except ConnectionResetError:
        pass
    return data.decode(), True


def _command(command: str) -> str:
    return " ".join(shlex.quote(sys.executable) if part == "python" else part for part in command.split(" "))

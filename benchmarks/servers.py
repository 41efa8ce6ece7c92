"""The servers that are compared, each started as a process of its own."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.members import Kind

_LISTENING = re.compile(r"listening on \S+:(\d+)")
_NAIVE = Path(__file__).parent / "naive.cjs"
START_SECONDS = 10.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A server to measure; in ``command`` DIR stands for an empty folder of its own.

    One that does not say where it listens is told so in its ``configuration``, in which PORT stands for a free port;
    the file is DIR/configuration.
    """

    name: str
    command: tuple[str, ...]
    protocol: Kind = "tchat"
    configuration: str | None = None


def _tchat(name: str, *options: str) -> Server:
    return Server(name, (sys.executable, "-m", "tchat_server", "--port", "0", "--db", "DIR/tchat.sqlite", *options))


BARE = Server("bare", (sys.executable, "-m", "benchmarks.bare"))
FULL = _tchat("tchat full")
NORMAL = _tchat("tchat normal", "--synchronous", "normal")
NAIVE = Server("naive node", ("node", str(_NAIVE)))


NGIRCD = Server(
    "ngircd", ("ngircd", "-n", "-f", "DIR/configuration"), "irc",
    """[Global]
Name = irc.example.net
Info = a benchmark
Listen = 127.0.0.1
Ports = PORT
MotdPhrase = Hello
[Limits]
MaxConnectionsIP = 0
MaxPenaltyTime = 0
[Options]
DNS = no
Ident = no
PAM = no
""",
)  # fmt: skip
INSPIRCD = Server(
    "InspIRCd", ("inspircd", "--nofork", "--runasroot", "--nolog", "--config", "DIR/configuration"), "irc",
    """<server name="irc.example.net" description="a benchmark" network="benchmark" id="1AA">
<admin name="a" nick="a" email="a@example.net">
<bind address="127.0.0.1" port="PORT" type="clients">
<connect allow="*" timeout="60" localmax="10000" globalmax="10000" limit="10000" fakelag="no" resolvehostnames="no"
 useident="no" threshold="1000000" commandrate="1000000000" recvq="10485760"
 softsendq="104857600" hardsendq="104857600">
<files motd="DIR/motd">
<path configdir="DIR" datadir="DIR" logdir="DIR" runtimedir="DIR">
<pid file="DIR/pid">
""",
)  # fmt: skip
MOSQUITTO = Server(
    "mosquitto", ("mosquitto", "-c", "DIR/configuration"), "mqtt",
    """listener PORT 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 0
log_dest none
""",
)  # fmt: skip
PEERS = (NAIVE, NGIRCD, INSPIRCD, MOSQUITTO)

_PATH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin"))
"""Debian keeps servers where only root looks for programs."""


def installed(server: Server) -> bool:
    """Tell whether this machine has a server's program."""
    return shutil.which(server.command[0], path=_PATH) is not None


@dataclass(frozen=True, slots=True)
class Running:
    """A server process that listens on a port of the loopback interface."""

    server: Server
    process: "subprocess.Popen[str]"
    port: int

    @property
    def processor_seconds(self) -> float:
        """What it has used of a processor so far, all threads, in user and system mode."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def memory(self) -> int:
        """Its resident memory in bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def running(server: Server, database: Path | None = None) -> Iterator[Running]:
    """Run a server within the block, with an empty database or the one given."""
    with TemporaryDirectory(prefix="tchat-bench-", ignore_cleanup_errors=True) as folder:
        words = [word.replace("DIR/tchat.sqlite", str(database or f"{folder}/tchat.sqlite")) for word in server.command]
        words = [shutil.which(words[0], path=_PATH) or words[0], *(word.replace("DIR", folder) for word in words[1:])]
        port = _configure(server.configuration, Path(folder)) if server.configuration else None
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        try:
            yield Running(
                server, process, _listening(server, process) if port is None else _answers(server, process, port)
            )
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate()


def _configure(configuration: str, folder: Path) -> int:
    """Write a server's configuration and return the port in it, which is free."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    folder.chmod(0o755)  # some servers read it as a user without rights
    text = configuration.replace("PORT", str(port)).replace("DIR", str(folder))
    (folder / "configuration").write_text(text)
    (folder / "motd").write_text("Hello\n")
    return port


def _listening(server: Server, process: "subprocess.Popen[str]") -> int:
    line = process.stdout.readline() if process.stdout else ""
    found = _LISTENING.search(line)
    if found is None:
        raise RuntimeError(f"{server.name} did not start: {line!r}")
    return int(found[1])


def _answers(server: Server, process: "subprocess.Popen[str]", port: int) -> int:
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.02)
        else:
            return port
    raise RuntimeError(f"{server.name} did not start")

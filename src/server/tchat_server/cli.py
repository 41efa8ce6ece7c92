"""The command ``tchat-server``."""

import asyncio
import errno
import logging
import os
import signal
import ssl
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from tchat_server.identity import HASH_MEMORY
from tchat_server.limits import BURST, IDENTIFY_SECONDS, PER_ADDRESS, RATE, is_loopback
from tchat_server.log import STATUS, start_logging
from tchat_server.service import Options, Service, serve
from tchat_server.store import StoreUnusable
from tchat_server.tls import CertificateUnusable, out_of_date, server_context

log = logging.getLogger("tchat.server")

ELSEWHERE = "; without the option no limit for this machine"


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--host", envvar="HOST", default="127.0.0.1", help="Address to listen on. [env: HOST]")
@click.option(
    "--port", envvar="PORT", type=click.IntRange(0, 65_535), default=8080,
    help="Port to listen on; 0 takes a free one. [env: PORT]",
)  # fmt: skip
@click.option(
    "--db", default="tchat.sqlite", metavar="FILE",
    help="SQLite file with users, groups and history; made if it does not exist. :memory: keeps nothing.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Take requests in standard form only, without the tolerated aliases.")
@click.option(
    "--synchronous", type=click.Choice(["full", "normal"]), default="full",
    help="full: what was acknowledged survives a power failure; normal: a crash of the server only.",
)  # fmt: skip
@click.option(
    "--max-queue", type=click.IntRange(min=1), default=1_048_576, metavar="BYTES",
    help="Disconnect a client that leaves more than this unread.",
)  # fmt: skip
@click.option(
    "--max-groups", type=click.IntRange(min=0), default=1_000, metavar="N",
    help="Refuse to found more groups than one user may own with storage-full; 0: no limit.",
)  # fmt: skip
@click.option(
    "--max-connections", type=click.IntRange(min=1), default=10_000, metavar="N",
    help="Refuse further connections with server-full.",
)  # fmt: skip
@click.option(
    "--max-per-address", type=click.IntRange(min=0), default=None, metavar="N",
    help="Refuse further connections from one address with server-full; 0: no limit.",
    show_default=f"{PER_ADDRESS}{ELSEWHERE}",
)  # fmt: skip
@click.option(
    "--max-rate", type=click.IntRange(min=0), default=None, metavar="N",
    help="Refuse requests beyond N a second on one connection with rate-limited, "
    f"or {BURST} N at once after a silence; 0: no limit.",
    show_default=f"{RATE}{ELSEWHERE}",
)  # fmt: skip
@click.option(
    "--identify-within", type=click.FloatRange(min=0), default=None, metavar="SECONDS",
    help="Close a connection on which nobody has come by then; 0: no limit.",
    show_default=f"{IDENTIFY_SECONDS}{ELSEWHERE}",
)  # fmt: skip
@click.option(
    "--keepalive", type=click.IntRange(min=0), default=60, metavar="SECONDS",
    help="After so long a silence ask the peer's system whether it is there still, and close if not; 0: never.",
)  # fmt: skip
@click.option(
    "--hash-memory", type=click.IntRange(min=8), default=HASH_MEMORY, metavar="KIB",
    help="Memory that hashing a new password takes: the more, the dearer is a guess, and a hello.",
)  # fmt: skip
@click.option(
    "--tls-cert", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="PEM file with the certificate chain: listen with TLS only.",
)  # fmt: skip
@click.option(
    "--tls-key", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="PEM file with the private key, unless --tls-cert holds it.",
)  # fmt: skip
@click.option("-v", "--verbose", count=True, help="Log what happens to stderr; twice: everything.", show_default=False)
@click.version_option(package_name="tchat", prog_name="tchat-server")
def main(verbose: int, **options: Any) -> None:
    """Serve tchat/1, the protocol of PROTOCOL.md, over TCP until interrupted."""
    if not options["host"]:
        raise click.UsageError("--host is empty; 0.0.0.0 listens on every address.")
    start_logging(verbose)
    options["tls"] = _tls(options.pop("tls_cert"), options.pop("tls_key"))
    try:
        asyncio.run(_run(Options(**options)))
    except StoreUnusable as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(_cannot_listen(error, options["host"], options["port"])) from error


async def _run(options: Options) -> None:
    stopped = asyncio.Event()
    for number in _ending_signals():
        with suppress(NotImplementedError):  # on Windows Ctrl+C ends asyncio.run itself
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with serve(options) as service:
        if not is_loopback(options.host):
            log.warning("listening on %s: everyone who reaches this address can connect", options.host)
        shown = f"[{options.host}]" if ":" in options.host else options.host
        if hasattr(signal, "SIGUSR1"):  # Windows has none
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: _tell(service))
        print(f"tchat-server listening on {shown}:{service.port}, database {options.db}", flush=True)
        await stopped.wait()


def _ending_signals() -> list[signal.Signals]:
    signals = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        signals.append(signal.SIGHUP)
    return signals


def _tell(service: Service) -> None:
    log.log(STATUS, service.status())


def _tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None:
        if key is not None:
            raise click.UsageError("--tls-key needs --tls-cert.")
        return None
    try:
        context = server_context(cert, key)
    except CertificateUnusable as error:
        raise click.ClickException(f"Cannot use the certificate {cert}: {error}.") from error
    if fault := out_of_date(context, cert):
        log.warning("clients will refuse the certificate %s: %s", cert, fault)
    return context


def _cannot_listen(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use by another program; choose one with --port (0 takes a free one)."
    known = (error.errno or 0) > 0  # those of a name that cannot be resolved are not
    reason = os.strerror(error.errno or 0) if known else error.strerror or error
    return f"Cannot listen on {host}:{port}: {reason}."

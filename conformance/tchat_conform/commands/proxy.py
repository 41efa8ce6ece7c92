"""``tchat-conform proxy``: between any client and any server, to see and judge what they say."""

import asyncio
import json
import os
import ssl
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

import click

from tchat_conform.address import Address, any_certificate
from tchat_conform.listening import AddressType, stop_at_signals
from tchat_conform.observe import Observer, Seen
from tchat_conform.recording import Event, Recorder, event_json
from tchat_conform.relay import Relay
from tchat_conform.reports.sightings import counts_json, headline, remarks, seen_json, tally_json, tally_lines, who_of
from tchat_conform.reports.text import visible

CANNOT_RUN = 2
SHOWN = 400
KEPT = 1_000
"""Connections that are over and summed up each by itself: a proxy that runs for days does not fill the memory."""
BAD, NOTED, GOOD = "red", "yellow", "green"


_pem = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--listen", type=AddressType(0), default="0", help="Where clients connect. [default: 127.0.0.1 and a free port]"
)
@click.option("--to", "target", type=AddressType(1), required=True, help="The server.")
@click.option(
    "--record",
    type=click.File("w", encoding="utf-8", lazy=False),
    metavar="FILE",
    help="Write all that passes as JSON Lines (schemas/recording.json), for `tchat-conform check`.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print a JSON object a message, and the summary as the last (schemas/proxy.json).",
)
@click.option("-v", "--verbose", is_flag=True, help="Show the requirements' texts, expected forms and connections.")
@click.option("--tls-to", is_flag=True, help="The server wants TLS, with any certificate.")
@click.option("--tls-cert", type=_pem, metavar="FILE", help="Listen with TLS: certificate chain, and key if it has it.")
@click.option("--tls-key", type=_pem, metavar="FILE", help="The private key.")
def main(record: TextIO | None, as_json: bool, verbose: bool, **network: Any) -> None:
    """Show what clients and a server say, and judge it.

    Everything passes between them unchanged. Ctrl-C ends it with a summary of each connection.
    """
    host, port = network["target"]
    address = Address(host, port, any_certificate() if network["tls_to"] else None)
    tls = _certified(network["tls_cert"], network["tls_key"])
    with ExitStack() as stack:
        recorder = Recorder(stack.enter_context(record), str(address)) if record else None
        session = Session(Show(as_json=as_json, verbose=verbose), recorder)
        try:
            asyncio.run(_run(session, network["listen"], Relay(address, session.watch), tls))
        except OSError as error:
            click.echo(f"tchat-conform: {error.strerror or error}", err=True)
            sys.exit(CANNOT_RUN)


def _certified(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None:
        if key is not None:
            raise click.UsageError("--tls-key needs --tls-cert.")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ValueError) as error:
        raise click.UsageError(f"The certificate or its key cannot be used: {error}.") from error
    return context


class Show:
    """Prints what passes, for people or for programs."""

    def __init__(self, *, as_json: bool, verbose: bool) -> None:
        self._as_json = as_json
        self._verbose = verbose
        self._colour = False if "NO_COLOR" in os.environ else None  # None: on a terminal only

    def seen(self, seen: Seen) -> None:
        """Print one message."""
        if self._as_json:
            _print_json(seen_json(seen))
            return
        mark = click.style("✓", fg=GOOD) if seen.valid else click.style("✗", fg=BAD)
        self._print(f"{mark} {headline(seen)}")
        for line in remarks(seen, verbose=self._verbose):
            self._print(f"      {click.style(line, fg=BAD if line.startswith('invalid') else NOTED)}")

    def event(self, event: Event) -> None:
        """Print what happened to a connection: failures and resets always, the rest if wished."""
        if event.what == "bytes":
            return
        if self._as_json:
            _print_json(event_json(event))
        elif self._verbose or event.what in {"failed", "reset"}:
            note = f" ({visible(event.note, SHOWN)})" if event.note else ""
            self._print(click.style(f"· #{event.connection} {event.side}: {event.what}{note}", fg=NOTED))

    def summary(self, observer: Observer) -> None:
        """Print what each connection came to."""
        tallies = observer.tallies
        count, together = observer.earlier
        if self._as_json:
            earlier = {"earlier": {"connections": count, **counts_json(together)}} if count else {}
            _print_json({"summary": [tally_json(*each) for each in tallies.items()], **earlier})
            return
        total = count + len(tallies)
        self._print(f"\n{total} connection{'' if total == 1 else 's'}")
        if count:
            for line in tally_lines(f"the first {count} that ended", together):
                self._print(line)
        for number, tally in tallies.items():
            for line in tally_lines(who_of(number, tally), tally):
                self._print(line)

    def _print(self, text: str) -> None:
        click.echo(text, color=self._colour)


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, separators=(",", ":")))


class Session:
    """A proxy's run: it ends at Ctrl-C, or when it cannot write down what it sees."""

    def __init__(self, show: Show, recorder: Recorder | None) -> None:
        self.stopped = asyncio.Event()
        self.failure: OSError | None = None
        self._show = show
        self._recorder = recorder
        self._observer = Observer(KEPT)

    def watch(self, event: Event) -> None:
        """Record and show an event. Never raises: that a disk is full is no reason to break a connection."""
        try:
            if self._recorder is not None:
                self._recorder(event)
            self._show.event(event)
            for seen in self._observer.take(event):
                self._show.seen(seen)
        except OSError as error:
            self.failure = self.failure or error
            self.stopped.set()

    def finish(self) -> None:
        """Print the summary. Raises OSError if something could not be written before."""
        if self.failure is not None:
            raise self.failure
        self._show.summary(self._observer)


async def _run(session: Session, listen: tuple[str, int], relay: Relay, tls: ssl.SSLContext | None) -> None:
    stop_at_signals(session.stopped)
    async with relay.listening(*listen, tls) as port:
        click.echo(f"listening on {listen[0]}:{port}, passing on to {relay.target}; Ctrl-C ends", err=True)
        await session.stopped.wait()
    session.finish()

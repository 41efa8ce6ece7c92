"""``tchat-conform serve``: a server that misbehaves in a named way, to try a client against."""

import asyncio
import sys
from random import Random

import click

from tchat_conform.faults import FAULTS, Fault, Wire, outlets_of
from tchat_conform.listening import AddressType, stop_at_signals
from tchat_conform.near import did_you_mean
from tchat_conform.recording import Event
from tchat_conform.reference import ReferenceServer
from tchat_conform.relay import Outlet, Peer, Relay
from tchat_conform.reports.text import visible
from tchat_conform.target import TargetError

CANNOT_RUN = 2
SHOWN = 200


class FaultType(click.ParamType[Fault]):
    """The name of a fault."""

    name = "NAME"

    def convert(self, value: str | Fault, param: click.Parameter | None, ctx: click.Context | None) -> Fault:
        """Return the fault. Fails with the nearest names."""
        if isinstance(value, Fault):
            return value
        if value not in FAULTS:
            hint = did_you_mean(value, FAULTS) or " --list shows all."
            self.fail(f"there is no fault {value!r}.{hint}", param, ctx)
        return FAULTS[value]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--port",
    "listen",
    type=AddressType(0),
    default="8080",
    show_default=True,
    help="Where clients connect; 0 takes a free port.",
)
@click.option("--fault", type=FaultType(), help="How the server misbehaves.")
@click.option("--list", "listing", is_flag=True, help="Show every fault, with what PROTOCOL.md says of it.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of what a fault leaves to chance.")
def main(listen: tuple[str, int], fault: Fault | None, listing: bool, seed: int) -> None:
    """Misbehave, to try a client against it.

    All is as with the reference server but for one fault. Nothing is kept:
    each start begins with an empty database. Ctrl-C ends it.
    """
    if listing:
        for each in FAULTS.values():
            click.echo(f"{each.name}\n    {each.sentence}\n    {each.law_in_words}")
        return
    if fault is None:
        raise click.UsageError("--fault says how the server misbehaves; --list shows all faults.")
    try:
        asyncio.run(_serve(listen, fault, seed))
    except (OSError, TargetError) as error:
        click.echo(f"tchat-conform: {error}", err=True)
        sys.exit(CANNOT_RUN)


async def _serve(listen: tuple[str, int], fault: Fault, seed: int) -> None:
    behind = ReferenceServer()
    stopped = asyncio.Event()
    stop_at_signals(stopped)
    one_at_a_time = asyncio.Lock()
    failures: list[TargetError] = []

    async def restart() -> None:
        try:
            async with one_at_a_time:
                await behind.restart(kill=True)
        except TargetError as error:
            failures.append(error)
            stopped.set()

    async def outlets(number: int, client: Peer, server: Peer) -> tuple[Outlet, Outlet]:
        chance = Random(f"{seed}/{number}")  # noqa: S311 - chance that can be repeated, no secret
        return outlets_of(fault, Wire(client, server, chance, restart))

    try:
        await behind.start()
        async with Relay(behind.address, tell, outlets).listening(*listen) as port:
            click.echo(f"{fault.name}: {fault.sentence}\n{fault.law_in_words}", err=True)
            click.echo(f"listening on {listen[0]}:{port}; Ctrl-C ends", err=True)
            await stopped.wait()
        if failures:
            raise failures[0]
    finally:
        await behind.stop()


def tell(event: Event) -> None:
    """Say who comes and goes."""
    if event.what != "bytes":
        note = f" ({visible(event.note, SHOWN)})" if event.note else ""
        click.echo(f"#{event.connection} {event.side}: {event.what}{note}", err=True)

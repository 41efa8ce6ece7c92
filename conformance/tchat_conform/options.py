"""The options of a run: which server is judged, by which cases, and how."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from tchat_conform.address import Address, any_certificate
from tchat_conform.reference import ReferenceServer
from tchat_conform.requirements import levels
from tchat_conform.target import RunningServer, SpawnedServer, Target

JOBS = 8
TIMEOUT = 5.0
STOPPED = 130
"""The exit status of a run that was stopped before its end."""

Command = TypeVar("Command", bound=Callable[..., Any])


class Names(click.ParamType[tuple[str, ...]]):
    """Names with commas between them."""

    def __init__(self, name: str) -> None:
        self.name = f"{name}[,{name}…]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Return the names, at least one."""
        names = tuple(name for part in value.split(",") if (name := part.strip()))
        if not names:
            self.fail("a name is missing", param, ctx)
        return names


def _in_a_directory(ctx: click.Context, param: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and not path.parent.is_dir():
        raise click.BadParameter(f"cannot write {path}: there is no directory {path.parent}.", ctx, param)
    return path


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says, but for the reports and the language."""

    host: str | None
    port: int | None
    spawn: str | None
    tls: bool
    chosen: tuple[str, ...] | None
    only: tuple[str, ...] | None
    tags: tuple[tuple[str, ...], ...]
    pattern: str
    jobs: int
    timeout: float
    listing: str | None
    explain: str | None
    expect: Path | None
    write_expect: Path | None
    verbose: bool

    @property
    def runs(self) -> bool:
        """Whether any case is run: lists and explanations need no server."""
        return self.listing is None and self.explain is None

    @property
    def command(self) -> str:
        """The command that judges the same server in the same way again."""
        options = {
            "--host": self.host,
            "--port": self.port,
            "--spawn": self.spawn,
            "--jobs": None if self.jobs == JOBS else self.jobs,
            "--timeout": None if self.timeout == TIMEOUT else f"{self.timeout:g}",
        }
        given = [part for name, value in options.items() if value is not None for part in (name, str(value))]
        return shlex.join(["tchat-conform", *given, *(["--tls"] if self.tls else [])])

    @property
    def target_in_words(self) -> str:
        """The server that is judged, for a person."""
        if self.port:
            return f"{self.host or '127.0.0.1'}:{self.port}{' by TLS' if self.tls else ''}"
        return self.spawn or "the reference server"

    def target(self) -> Target:
        """Return the server to judge. Raises UsageError where the options contradict each other."""
        certificate = any_certificate() if self.tls else None
        if self.spawn is not None:
            if self.host is not None or self.port is not None:
                raise click.UsageError("--spawn picks the port itself; leave out --host and --port.")
            try:
                return SpawnedServer(self.spawn, tls=certificate)
            except ValueError as error:
                raise click.UsageError(f"--spawn: {error}.") from error
        if self.host is None and self.port is None:
            if self.tls:
                raise click.UsageError("--tls needs --port or --spawn.")
            return ReferenceServer()
        if self.port is None:
            raise click.UsageError("--host needs --port.")
        return RunningServer(Address(self.host or "127.0.0.1", self.port, certificate))


_OPTIONS = (
    click.option("--host", help="Host of a running server. [default: 127.0.0.1 where --port is given]"),
    click.option("--port", type=click.IntRange(1, 65535), help="Port of a running server."),
    click.option("--spawn", metavar="CMD", help="Start a server with this command; {port} stands for its port."),
    click.option("--tls", is_flag=True, help="Connect by TLS; any certificate is taken."),
    click.option("--level", "chosen", type=Names("LEVEL"), help=f"Only these levels, of {', '.join(levels())}."),
    click.option("--only", type=Names("ID"), help="Only these cases, or all cases of these requirements."),
    click.option(
        "--tag", "tags", type=Names("TAG"), multiple=True, help="Only cases with one of these tags; may be given again."
    ),
    click.option(
        "-k", "pattern", metavar="TEXT", default="", help="Only cases whose id, title or tag holds TEXT (or glob)."
    ),
    click.option("--jobs", type=click.IntRange(1, 64), default=JOBS, show_default=True, help="Cases at a time."),
    click.option(
        "--timeout",
        type=click.FloatRange(0.05, 60),
        default=TIMEOUT,
        show_default=True,
        help="Seconds to wait for one answer, at most; less where the server proves fast.",
    ),
    click.option(
        "--list",
        "listing",
        is_flag=False,
        flag_value="text",
        type=click.Choice(["text", "json"]),
        metavar="[json]",
        help="List the cases with their requirements and tags, and run none.",
    ),
    click.option("--explain", metavar="ID", help="Say what a requirement means, or that of a case, and run none."),
    click.option(
        "--expect",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Known failures: only news fails, and a known failure that passes now.",
    ),
    click.option(
        "--write-expect",
        type=click.Path(dir_okay=False, writable=True, path_type=Path),
        metavar="FILE",
        callback=_in_a_directory,
        help="Write what failed as known failures, keeping reasons.",
    ),
    click.option("-v", "--verbose", is_flag=True, help="Show the whole log of each case that did not pass."),
)


def judging_options(command: Command) -> Command:
    """Give a command the options of a run; ``Options`` takes their values."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def given_names(ctx: click.Context, names: Sequence[str]) -> list[str]:
    """Return which of these options stand on the command line, as they are written there."""
    return [
        max(parameter.opts, key=len)
        for parameter in ctx.command.params
        if parameter.name in names and ctx.get_parameter_source(parameter.name) is ParameterSource.COMMANDLINE
    ]

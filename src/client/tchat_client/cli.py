"""The command ``tchat``."""

import asyncio
import os
import signal
import ssl
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from tchat_client import pipe, terminal
from tchat_client.beginning import refused, strange, unreachable
from tchat_client.commands import help_lines
from tchat_client.converse import converse, note, print_json, print_lines
from tchat_client.delays import Delays
from tchat_client.dialect import MEANINGS as DIALECTS
from tchat_client.dialect import Dialect, dialect_of
from tchat_client.feed import Manner
from tchat_client.history import default_file as history_file
from tchat_client.language import phrase, retold, said
from tchat_client.session import PATIENCE_SECONDS, Ended, Refused, Session, Unanswered, Unreachable, compose
from tchat_client.speech import SpokenCommand, language_option
from tchat_client.status import MEANINGS, NO_SERVER, NOT_WELCOME, SIGNALLED
from tchat_client.stopping import stoppable
from tchat_protocol.messages import InvalidMessage

_STDIN = 0


class Words(click.ParamType[Dialect]):
    """The words of ``--dialect``."""

    name = "words"

    def convert(self, value: str | Dialect, param: click.Parameter | None, ctx: click.Context | None) -> Dialect:
        """Return the dialect that the words ask for. Raises BadParameter for an unknown one."""
        if isinstance(value, Dialect):
            return value
        try:
            return dialect_of(value)
        except KeyError as error:
            self.fail(said("{word} is none of {words}", word=error.args[0], words=", ".join(DIALECTS)), param, ctx)


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says: whom to talk to, as whom, and how to print."""

    host: str
    port: int
    name: str
    password: str | None
    tls: ssl.SSLContext | None
    timeout: float
    as_json: bool
    bell: bool
    history: bool
    reconnect: bool
    give_up: float | None
    listen: bool
    dialect: Dialect
    interactive: bool

    @property
    def place(self) -> str:
        """What the server is called."""
        return f"{self.host}:{self.port}"

    @property
    def delays(self) -> Delays | None:
        """How a lost connection is made again, if at all."""
        return Delays(give_up=self.give_up) if self.reconnect else None


def _closing() -> list[str]:
    return [
        said("Commands, one a line:"),
        "",
        "\b",
        *help_lines(),
        "",
        said("Words of --dialect:"),
        "",
        "\b",
        *(f"{word:8}  {said(meaning)}" for word, meaning in DIALECTS.items()),
        "",
        said("In a pipe each command is answered before the next is sent. The exit status:"),
        "",
        "\b",
        *(f"{status:>3}  {said(meaning)}" for status, meaning in MEANINGS.items()),
    ]


@click.command(
    cls=SpokenCommand,
    closing=_closing,
    help=phrase("Chat on a tchat/1 server, at a terminal or from a pipe."),
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.option("--host", envvar="HOST", default="127.0.0.1", help="Address of the server. [env: HOST]")
@click.option(
    "--port", envvar="PORT", type=click.IntRange(1, 65_535), default=8080, help="Port of the server. [env: PORT]"
)
@click.option("--name", help="Your name; asked for at a terminal if absent.")
@click.option(
    "--password", is_flag=False, flag_value="", envvar="TCHAT_PASSWORD", metavar="[PASSWORD]",
    help="Password of your name; the first one given protects it. Without a value it is asked for. "
    "[env: TCHAT_PASSWORD]",
)  # fmt: skip
@click.option("--tls", is_flag=True, help="Connect with TLS.")
@click.option(
    "--ca", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="PEM file with the authority to trust, for a certificate of your own; implies --tls.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print messages as they came, as JSON, one a line.")
@click.option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=PATIENCE_SECONDS, metavar="SECONDS",
    help="How long to wait for the server, and for each answer.",
)  # fmt: skip
@click.option("--bell/--no-bell", default=True, help="Ring when somebody writes to you or says your name.")
@click.option("--history/--no-history", default=True, help="Keep what you type at a terminal for the next time.")
@click.option(
    "--reconnect/--no-reconnect", default=None, show_default=phrase("at a terminal, not in a pipe"),
    help="Connect again when the connection is lost, and fetch what was missed.",
)  # fmt: skip
@click.option(
    "--give-up", type=click.FloatRange(min=0), metavar="SECONDS", show_default=phrase("never"),
    help="How long to try to connect again.",
)  # fmt: skip
@click.option(
    "--dialect", type=Words(), default="", show_default=False, metavar="WORDS",
    help="How the server wants to be spoken to, if it is none of tchat/1: words with commas between them, see below.",
)  # fmt: skip
@click.option("--listen", is_flag=True, help="In a pipe, stay when the input ends, and print what comes.")
@language_option
@click.version_option(package_name="tchat", prog_name="tchat")
def main(
    name: str | None, password: str | None, tls: bool, ca: Path | None, reconnect: bool | None, **options: Any
) -> None:
    """Run the command ``tchat``; it ends the process with an exit status."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # TextIO hides it
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    name = _name(name, interactive)
    password = _password(name, password, interactive)
    context = _context(ca) if tls or ca else None
    options |= {"reconnect": interactive if reconnect is None else reconnect, "interactive": interactive}
    sys.exit(_status(Options(name=name, password=password, tls=context, **options)))


def _status(options: Options) -> int:
    try:
        return asyncio.run(stoppable(_run(options)))
    except BrokenPipeError:
        # What is still kept for the reader who went away is given up; otherwise Python tries once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SIGNALLED + signal.SIGPIPE


async def _run(options: Options) -> int:
    try:
        session = await Session.connect(
            options.host,
            options.port,
            options.name,
            tls=options.tls,
            patience=options.timeout,
            delays=options.delays,
            dialect=options.dialect,
        )
    except Unreachable as error:
        note(said("Error: {sentence}", sentence=unreachable(error, options.place)))
        return NO_SERVER
    show = print_json if options.as_json else print_lines
    try:
        await session.hello(options.password)
    except Refused as error:
        await session.close()
        renames = options.password is not None and not options.dialect.password
        note(said("Error: {sentence}", sentence=refused(error, options.name, renames_password=renames)))
        return NOT_WELCOME
    except (Unanswered, Ended) as error:
        await session.close()
        async for incoming in session:
            show(incoming)
        note(said("Error: {sentence}", sentence=strange(error, options.place, tls=options.tls is not None)))
        return NOT_WELCOME
    if options.interactive:
        file = history_file() if options.history else None
        return await terminal.talk(session, Manner(options.place, options.bell, file, options.as_json))
    return await converse(session, pipe.obey(session, _STDIN, listening=options.listen), show)


def _name(name: str | None, interactive: bool) -> str:
    if name is None:
        if not interactive:
            raise click.UsageError(said("In a pipe --name is needed, as in: tchat --name alice"))
        name = str(click.prompt(said("Your name")))
    _check_hello(name, {}, "--name")
    return name


def _password(name: str, password: str | None, interactive: bool) -> str | None:
    if password == "":
        if not interactive:
            raise click.UsageError(said("In a pipe --password needs a value, or TCHAT_PASSWORD in the environment."))
        password = str(click.prompt(said("Password"), hide_input=True))
    if password is not None:
        _check_hello(name, {"pass": password}, "--password")
    return password


def _check_hello(name: str, fields: dict[str, str], option: str) -> None:
    try:
        compose(name, "client-hello", fields)
    except InvalidMessage as error:
        rules = "; ".join(retold(str(each)).removeprefix(each.field.lstrip("/")).strip() for each in error.problems)
        raise click.UsageError(f"{option} {rules}.") from error
    except ValueError:
        raise click.UsageError(said("{option} is not UTF-8 text.", option=option)) from None


def _context(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (ssl.SSLError, OSError) as error:
        sentence = phrase("--ca {file} is no PEM file with certificates ({reason}).")
        raise click.UsageError(said(sentence, file=ca, reason=error.strerror or error)) from error

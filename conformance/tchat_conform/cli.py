"""The command tchat-conform."""

import sys
from typing import Any

import click

from tchat_conform.commands import LazyGroup
from tchat_conform.language import LANG, language_option
from tchat_conform.options import STOPPED, Options, given_names, judging_options
from tchat_conform.reports.outputs import output_options

HELP = """Judge a tchat server, over TCP, by the requirements of PROTOCOL.md.

With no target the reference server is started on a free port and judged.

\b
tchat-conform --host 127.0.0.1 --port 8080     a server that is running
tchat-conform --spawn 'node server.js {port}'  one that the suite starts
tchat-conform --level base -k SEND             some of the cases
tchat-conform --html report.html --json -      with reports to keep
tchat-conform --explain G-JOIN-1               what a requirement means

Exit status: 0 when every MUST of the chosen levels holds, or with --expect when nothing is new;
1 when not; 2 when nothing could be run (usage, no server, no case) or a file not be read or
written; 130 when the run was stopped before its end.
"""


@click.group(
    cls=LazyGroup,
    help=HELP,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND …]",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@judging_options
@language_option
@output_options
@click.version_option(package_name="tchat")
@click.pass_context
def main(ctx: click.Context, /, **given: Any) -> None:
    """Judge a server, unless a command follows that does something else."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # TextIO hides it
    if ctx.invoked_subcommand is not None:
        _refuse_options_before_a_command(ctx)
        return
    options = Options(**given)
    target = options.target() if options.runs else None
    try:
        from tchat_conform.work import obey  # noqa: PLC0415 - it takes time, in which the reference server starts

        sys.exit(obey(ctx, options, target))
    except KeyboardInterrupt:  # before there was anything to report
        click.echo("tchat-conform: the run was stopped: interrupted", err=True)
        sys.exit(STOPPED)


def _refuse_options_before_a_command(ctx: click.Context) -> None:
    names = [parameter.name for parameter in ctx.command.params if parameter.name and parameter.name != LANG]
    for name in given_names(ctx, names):
        raise click.UsageError(f"{name} goes without a command, or after {ctx.invoked_subcommand} if that takes it.")

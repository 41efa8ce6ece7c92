"""The reports that a run is asked to write: their options, a check that they can be written, and the writing."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from tchat_conform.reports.report import Report

STDOUT = "-"
TRACE = f"{__name__}.trace"

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Form:
    """One form of report: its option, where the function is that makes it, and what the option's help says."""

    name: str
    made_by: str
    about: str

    def render(self, report: "Report") -> str:
        """Return the report in this form; what makes it is imported now, so that it slows down nothing else."""
        module, _, function = self.made_by.partition(":")
        text: str = getattr(import_module(f"{__package__}.{module}"), function)(report)
        return text


FORMS = (
    Form("json", "json_report:json_report", "Write the whole run as JSON (schemas/report.json)."),
    Form("junit", "junit:junit", "Write JUnit XML, for CI systems."),
    Form("html", "html:html", "Write one self-contained page with every case and its log."),
    Form("markdown", "markdown:markdown", "Write a summary in Markdown, such as for $GITHUB_STEP_SUMMARY."),
    Form("badge", "badge:badge", "Write a badge with the highest level reached, as SVG."),
)


class CannotWrite(click.ClickException):
    """A report could not be written after the run, although it looked possible before."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Output:
    """A report to write, and the file it goes to, or ``-`` for the standard output."""

    form: Form
    path: str

    def write(self, report: "Report") -> None:
        """Write the report. Raises CannotWrite."""
        data = self.form.render(report).encode()
        try:
            if self.path == STDOUT:
                sys.stdout.buffer.write(data)
            else:
                Path(self.path).write_bytes(data)
        except OSError as error:
            where = "to the standard output" if self.path == STDOUT else self.path
            raise CannotWrite(f"Cannot write {where}: {error.strerror}.") from error


def output_options(command: Command) -> Command:
    """Give a command an option for each form of report, which ``write_outputs()`` writes, and ``--trace``."""
    for form in reversed(FORMS):
        option = click.option(
            f"--{form.name}", metavar="FILE|-", help=form.about, expose_value=False, callback=_remember(form)
        )
        command = option(command)
    return click.option(
        "--trace",
        is_flag=True,
        expose_value=False,
        callback=_remember_trace,
        help="Draw what each case exchanged, those that passed too.",
    )(command)


def trace_is_asked_for() -> bool:
    """Tell whether the running command is to draw what passed too."""
    return bool(click.get_current_context().meta.get(TRACE, False))


def _remember_trace(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: ARG001 - click's signature
    ctx.meta[TRACE] = value


def stdout_is_taken() -> bool:
    """Tell whether a report goes to the standard output, so that nothing else may."""
    return any(each.path == STDOUT for each in _chosen(click.get_current_context()))


def write_outputs(report: "Report") -> None:
    """Write every report that the running command was asked for. Raises CannotWrite."""
    for each in _chosen(click.get_current_context()):
        each.write(report)


def _chosen(ctx: click.Context) -> list[Output]:
    chosen: list[Output] = ctx.meta.setdefault(__name__, [])
    return chosen


def _remember(form: Form) -> Callable[[click.Context, click.Parameter, str | None], None]:
    def check_and_remember(ctx: click.Context, param: click.Parameter, path: str | None) -> None:
        if path is None:
            return
        chosen = _chosen(ctx)
        problem = _problem(path)
        if any(each.path == path for each in chosen):
            problem = "another report goes there already"
        if problem:
            raise click.BadParameter(f"cannot write {path}: {problem}.", ctx, param)
        chosen.append(Output(form, path))

    return check_and_remember


def _problem(path: str) -> str | None:
    """Return why a file cannot be written, as far as one can tell without touching it."""
    if path == STDOUT:
        return None
    file = Path(path)
    if file.is_dir():
        return "it is a directory"
    if not file.parent.is_dir():
        return f"there is no directory {file.parent}"
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        return "permission denied"
    return None

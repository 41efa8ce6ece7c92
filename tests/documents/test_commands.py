"""Every command that a document shows is one that exists; those that are over soon are run as they stand there.

With TCHAT_ALL_COMMANDS in the environment those that take longer are run too.
"""

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from documents.shell import DOCUMENTS, ROOT, Command, commands
from documents.transcripts import blocks
from processes import ServerProcess
from tchat_conform.commands import COMMANDS

OWN = {
    "tchat": "tchat_client.cli",
    "tchat-server": "tchat_server.cli",
    "tchat-conform": "tchat_conform.cli",
}
PYTHON = {"python", "python3"}
TOOLS = {"pip", "pytest", "ruff", "mypy", "node", "git", "cd", "printf", "pipx", "uvx", "docker", "apt-get"}
LISTENS = {"client", "matrix", "proxy", "serve"}
"""Commands of the suite that do not end by themselves, or need a client: their own tests start them."""
SOON = {"--explain", "--only", "-k", "base", "check", "diff", "--list", "--version"}
RUN_ELSEWHERE = {ROOT / "docs/kit/README.md"}
JUDGED = (0, 1)

shown = pytest.mark.parametrize("command", commands(), ids=str)


def of(command: Command) -> click.Command:
    """Return the click command that a line is about, and with a group the one its first word names."""
    found: click.Command = import_module(OWN[command.program]).main
    if isinstance(found, click.Group) and command.words[1:] and command.words[1] in COMMANDS:
        named = found.get_command(click.Context(found), command.words[1])
        assert named is not None
        return named
    return found


def test_every_document_is_read() -> None:
    assert {path.relative_to(ROOT).as_posix() for path in DOCUMENTS} >= {"README.md", "docs/kit/README.md"}


@shown
def test_the_program_is_known(command: Command) -> None:
    if command.program in PYTHON:
        assert_python_finds(command.words[1:])
    else:
        assert command.program in {*OWN, *TOOLS}


def assert_python_finds(words: tuple[str, ...]) -> None:
    if words[0] == "-m":
        assert importlib.util.find_spec(words[1]) is not None
    else:
        assert (ROOT / words[0]).is_file()


@shown
def test_every_option_exists(command: Command) -> None:
    if command.program in OWN:
        own = command.words[1:]
        own = own[: own.index("--")] if "--" in own else own  # what follows is somebody else's command
        named = {word.partition("=")[0] for word in own if re.match("--?[a-z]", word)}
        known = {name for parameter in of(command).params for name in (*parameter.opts, *parameter.secondary_opts)}
        assert named <= known | {"--help"}


@shown
def test_every_file_of_the_project_that_it_names_exists(command: Command) -> None:
    parts = re.findall(r"\b(?:docs|tests|src|conformance|schemas)/[\w./-]+", " ".join(command.words))
    assert [part for part in parts if not (ROOT / part).exists()] == []


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with ServerProcess(tmp_path_factory.mktemp("server") / "tchat.sqlite") as server:
        yield server.port


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, port: int) -> Path:
    """Return a folder with this project, servers and files such as the documents speak of."""
    folder = tmp_path_factory.mktemp("project")
    kit = ROOT / "docs" / "kit"
    for path in [*ROOT.iterdir(), *kit.glob("node/*.mjs"), *kit.glob("python/*.py")]:
        if not path.name.startswith("."):
            (folder / path.name).symlink_to(path)
    request, answer = blocks((ROOT / "PROTOCOL.md").read_text(encoding="utf-8"), "console")[0].splitlines()[1:3]
    (folder / "requests.jsonl").write_text(request)
    (folder / "session.jsonl").write_text(answer)
    (folder / "known.txt").touch()
    run("tchat-conform", "--port", str(port), "--only", "B-LIST-1", "--json", str(folder / "before.json"))
    shutil.copy(folder / "before.json", folder / "after.json")
    return folder


def run(program: str, *arguments: str) -> Result:
    return CliRunner().invoke(import_module(OWN[program]).main, arguments)


@pytest.fixture
def project(files: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(files)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return files


def can_be_run(command: Command) -> bool:
    words = set(command.words)
    ends = command.program == "tchat-conform" and (not words & LISTENS or "--list" in words)
    return ends and command.document not in RUN_ELSEWHERE and bool(words & SOON or "TCHAT_ALL_COMMANDS" in os.environ)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("command", [each for each in commands() if can_be_run(each)], ids=str)
def test_it_runs(command: Command, port: int) -> None:
    if "node " in str(command) and shutil.which("node") is None:
        pytest.skip("node is not installed")
    arguments = [word.replace("8080", str(port)) for word in command.words[1:]]
    ended = run(command.program, *arguments)
    assert ended.exit_code in JUDGED, ended.output
    assert ended.exception is None or isinstance(ended.exception, SystemExit)

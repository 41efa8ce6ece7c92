"""Wheel and sdist: what is in them, and that an empty environment needs nothing else to judge a server.

With TCHAT_ALL_INSTALLS in the environment every supported Python that is on this machine is tried, not only the one
that runs the tests.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from documents.shell import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SUPPORTED = [each.rpartition(" ")[2] for each in PROJECT["classifiers"] if "Python :: 3." in each]
DATA = [*(ROOT / "schemas").rglob("*.json"), ROOT / "PROTOCOL.md"]
LIMIT = 300


def run(*command: str | Path, cwd: Path) -> str:
    # Without what would show a fresh environment the packages of the one that runs the tests.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(source: Path, target: str, folder: Path) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder, cwd=source)
    (built,) = folder.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_the_schemas_the_protocol_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        for path in DATA:
            assert packed.read(f"tchat_protocol/{path.relative_to(ROOT).as_posix()}") == path.read_bytes()
        assert any(name.endswith("licenses/LICENSE") for name in packed.namelist())


def test_the_sdist_gives_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(build(ROOT, "sdist", tmp_path)) as packed:
        packed.extractall(tmp_path, filter="data")
    (unpacked,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert {path.relative_to(unpacked) for path in unpacked.rglob("*.json")} >= {
        path.relative_to(ROOT) for path in DATA if path.suffix == ".json"
    }
    rebuilt = build(unpacked, "wheel", tmp_path / "dist")
    assert _contents(rebuilt) == _contents(wheel)


def _contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def python(version: str) -> str:
    """Return a Python of this version. Skips where there is none."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    if "TCHAT_ALL_INSTALLS" not in os.environ:
        pytest.skip("TCHAT_ALL_INSTALLS is not set")
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for found in (shutil.which(f"python{version}"), *sorted(kept.glob(f"{version}.*/bin/python{version}"))):
        if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
            return str(found)
    pytest.skip(f"there is no Python {version} here")


@pytest.mark.parametrize("version", SUPPORTED)
def test_it_runs_in_an_empty_environment(wheel: Path, version: str, tmp_path: Path) -> None:
    run(python(version), "-m", "venv", "--without-pip", tmp_path / "empty", cwd=tmp_path)
    programs = tmp_path / "empty" / "bin"
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        programs / "python",
        "install",
        "--quiet",
        "--no-compile",
        wheel,
        cwd=tmp_path,
    )
    conform = programs / "tchat-conform"
    assert PROJECT["version"] in run(conform, "--version", cwd=tmp_path)
    assert "B-LIST-1/" in run(conform, "--list", "--level", "base", cwd=tmp_path)
    judged = run(conform, "--level", "base", "--lang", "fr", "--html", tmp_path / "report.html", cwd=tmp_path)
    assert "base" in judged
    assert "<html" in (tmp_path / "report.html").read_text(encoding="utf-8")
    for program in ("tchat", "tchat-server"):
        assert PROJECT["version"] in run(programs / program, "--version", cwd=tmp_path)


@pytest.mark.skipif("TCHAT_ALL_INSTALLS" not in os.environ, reason="TCHAT_ALL_INSTALLS is not set")
@pytest.mark.parametrize("command", [("pipx", "run", "--spec"), ("uvx", "--from")], ids=lambda command: command[0])
def test_it_runs_without_being_installed(command: tuple[str, ...], tmp_path: Path) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    assert PROJECT["version"] in run(*command, ROOT, "tchat-conform", "--version", cwd=tmp_path)

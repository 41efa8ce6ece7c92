"""The way into somebody else's CI: the action does what it says, and every file has the form that its reader wants."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml

from documents.shell import ROOT
from documents.transcripts import blocks

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
CI = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
HOOK = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))[0]
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
LIMIT = 120


def tool(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def passes(*command: str, cwd: Path = ROOT) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def block(beginning: str) -> str:
    return next(each for each in blocks(CI, "yaml") if each.startswith(beginning))


@pytest.mark.parametrize(
    ("schema", "beginning"), [("github-actions", None), ("github-workflows", "name:"), ("gitlab-ci", "conformance:")]
)
def test_what_a_forge_reads_has_its_form(schema: str, beginning: str | None, tmp_path: Path) -> None:
    file = ROOT / "action.yml"
    if beginning is not None:
        file = tmp_path / "example.yml"
        file.write_text(block(beginning), encoding="utf-8")
    passes(tool("check-jsonschema"), "--builtin-schema", f"vendor.{schema}", str(file))


def test_the_steps_that_publish_the_badge_fit_into_the_workflow(tmp_path: Path) -> None:
    workflow = block("name:") + indent(block("- uses:"), " " * 6)
    assert "deploy-pages" in str(yaml.safe_load(workflow)["jobs"]["conformance"]["steps"][-1])
    (tmp_path / "example.yml").write_text(workflow, encoding="utf-8")
    passes(tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", str(tmp_path / "example.yml"))


def test_the_pre_commit_hook_and_its_use_have_their_form(tmp_path: Path) -> None:
    passes(tool("pre-commit"), "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml"))
    (tmp_path / "config.yaml").write_text(block("repos:"), encoding="utf-8")
    passes(tool("pre-commit"), "validate-config", str(tmp_path / "config.yaml"))
    assert yaml.safe_load(block("repos:"))["repos"][0]["hooks"] == [{"id": HOOK["id"]}]


@pytest.mark.parametrize(("text", "status"), [('{"action":"groups","name":"bob"}', 0), ('{"action":"groups"}', 1)])
def test_the_hook_judges_messages(tmp_path: Path, text: str, status: int) -> None:
    file = tmp_path / "messages.jsonl"
    file.write_text(text, encoding="utf-8")
    assert re.search(HOOK["files"], file.name)
    program, *arguments = HOOK["entry"].split()
    done = subprocess.run([tool(program), *arguments, str(file)], capture_output=True, timeout=LIMIT, check=False)
    assert done.returncode == status


def test_the_tables_of_inputs_and_outputs_are_those_of_the_action() -> None:
    named = [set(re.findall(r"`([a-z-]+)`", row)) for row in re.findall(r"^\| (`[^|]+) \|", CI, re.MULTILINE)]
    assert set.union(*named) == {*ACTION["inputs"], *ACTION["outputs"]}


def test_no_step_pastes_an_input_into_its_script(tmp_path: Path) -> None:
    for number, step in enumerate(each for each in STEPS if "run" in each):
        assert "${{" not in step["run"], "an input that holds shell would be run"
        script = tmp_path / f"{number}.sh"
        script.write_text("#!/bin/bash\n" + step["run"], encoding="utf-8")
        passes(tool("shellcheck"), str(script))


@dataclass
class Job:
    """A job of a forge that uses the action, as far as its own steps see it."""

    folder: Path
    inputs: dict[str, str]
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)

    def run(self, step: dict[str, Any]) -> int:
        """Run the script of a step as the forge does, and keep what it puts out; return its exit status."""
        written = self.folder / f"output-{step['id']}"
        written.write_text("")
        environment = {
            **os.environ,
            "RUNNER_TEMP": str(self.folder),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(written),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            **{name: self.evaluated(text) for name, text in step.get("env", {}).items()},
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, timeout=LIMIT, check=False
        )
        lines = written.read_text(encoding="utf-8").splitlines()
        self.outputs[step["id"]] = dict(line.split("=", 1) for line in lines)
        return done.returncode

    def evaluated(self, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            kind, *path = found[1].split(".")
            return self.inputs[path[0]] if kind == "inputs" else self.outputs[path[0]][path[2]]

        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", value, text)


def job(folder: Path, **inputs: str) -> Job:
    """Return a job in which the suite is installed already, as the action's first step leaves it."""
    (folder / "tchat").mkdir()
    (folder / "tchat" / "bin").symlink_to(Path(sys.executable).parent)
    started = Job(folder, {name: each["default"] for name, each in ACTION["inputs"].items()} | inputs)
    started.outputs["install"] = {"command": str(folder / "tchat" / "bin" / "tchat-conform")}
    return started


def test_the_action_judges_a_server_and_leaves_its_reports(tmp_path: Path) -> None:
    server = ROOT / "docs" / "kit" / "python" / "server.py"
    judging = job(tmp_path, spawn=f"{sys.executable} {server} {{port}}", level="base")
    assert judging.run(STEPS[1]) == 0
    assert {name: judging.evaluated(each["value"]) for name, each in ACTION["outputs"].items()} == {
        "level": "base",
        "exit-status": "0",
        "command": str(tmp_path / "tchat/bin/tchat-conform"),
    }
    assert re.search(r"^\| base \| \d+ \|", (tmp_path / "summary.md").read_text(encoding="utf-8"), re.MULTILINE)
    report = tmp_path / ACTION["inputs"]["report"]["default"]
    assert {path.name for path in report.iterdir()} == {
        "report.html", "report.json", "report.xml", "summary.md", "badge.svg",
    }  # fmt: skip


def test_the_action_fails_when_the_server_does_not_start(tmp_path: Path) -> None:
    judging = job(tmp_path, spawn="false {port}")
    assert judging.run(STEPS[1]) == 2
    assert judging.outputs["judge"] == {"exit-status": "2"}


def test_the_action_fails_when_a_must_does_not_hold_and_not_when_that_is_known(tmp_path: Path) -> None:
    server = ROOT / "docs" / "kit" / "python" / "server.py"
    judging = job(tmp_path, spawn=f"{sys.executable} {server} {{port}}", level="private", expect="")
    assert judging.run(STEPS[1]) == 1
    assert judging.outputs["judge"] == {"exit-status": "1", "level": ""}
    cases = json.loads((tmp_path / "tchat-report" / "report.json").read_text(encoding="utf-8"))["cases"]
    (tmp_path / "known.txt").write_text("".join(f"{each['id']} {each['verdict']}\n" for each in cases))
    judging.inputs["expect"] = "known.txt"
    assert judging.run(STEPS[1]) == 0


@pytest.mark.skipif("TCHAT_ALL_INSTALLS" not in os.environ, reason="TCHAT_ALL_INSTALLS is not set")
def test_the_action_installs_the_suite(tmp_path: Path) -> None:
    judging = Job(tmp_path, {})
    assert judging.run(STEPS[0]) == 0
    passes(judging.outputs["install"]["command"], "--version")


def test_the_container_holds_what_the_package_is_built_from(tmp_path: Path) -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    passes(tool("hadolint"), str(ROOT / "Containerfile"))
    copied = [name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE) for name in line.split()]
    let_in = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(copied) == sorted(let_in)
    for name in copied:
        (tmp_path / name).symlink_to(ROOT / name)
    passes(sys.executable, "-m", "hatchling", "build", "-t", "wheel", cwd=tmp_path)
    assert len(list(tmp_path.glob("dist/*.whl"))) == 1

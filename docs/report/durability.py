"""The long fault runs of docs/operating.md, counted: kills under load, power losses, spoiled input."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
KILLS, LOSSES, INPUTS = 200, 1_000, 2_000_000


def durability() -> dict[str, Any]:
    """Run the tests of faults for longer than usual and return what they counted."""
    said = _said("tests/server/test_process.py", "killed", TCHAT_KILLS=KILLS)
    kills, acknowledged, stored = _numbers(r"(\d+) kills, (\d+) messages acknowledged, (\d+) stored", said)
    said = _said("tests/server/test_power_loss.py", "", TCHAT_POWER_LOSSES=LOSSES)
    losses = [
        dict(zip(("failures", "lost", "messages"), _numbers(pattern, said), strict=True))
        for setting in ("full", "normal")
        for pattern in [rf"(\d+) power failures, synchronous={setting}: (\d+) lost .+; (\d+) messages"]
    ]
    said = _said("tests/protocol/test_bytes_fuzz.py", "", TCHAT_FUZZ_INPUTS=INPUTS)
    inputs, messages, refusals = _numbers(r"(\d+) inputs: (\d+) messages, (\d+) refusals", said)
    return {
        "kills": {"kills": kills, "acknowledged": acknowledged, "stored": stored},
        "full": losses[0],
        "normal": losses[1],
        "fuzz": {"inputs": inputs, "messages": messages, "refusals": refusals},
    }


def _said(file: str, chosen: str, **environment: int) -> str:
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", file, "-k", chosen]
    values = {name: str(number) for name, number in environment.items()}
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **values}, check=False, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise SystemExit(f"{file} ended with exit status {done.returncode}:\n{done.stdout}")
    return done.stdout


def _numbers(pattern: str, text: str) -> list[int]:
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"nothing was said that fits {pattern!r}:\n{text}")
    return [int(each) for each in found.groups()]

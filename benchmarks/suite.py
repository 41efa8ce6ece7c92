"""How long the whole conformance suite takes against the reference server."""

import subprocess
import sys
import time

from benchmarks.contest import Effort
from benchmarks.results import Line, Target

QUICK = ("--only", "I-HELLO-1")


def suite(effort: Effort) -> list[Line]:
    """Target 6: under 3 seconds, from the start of ``tchat-conform`` to its end."""
    options = QUICK if effort.quick else ()
    times = []
    for _ in range(effort.repeats):
        begin = time.monotonic()
        done = subprocess.run([sys.executable, "-m", "tchat_conform", *options], capture_output=True, check=False)
        times.append(time.monotonic() - begin)
        if done.returncode:
            raise RuntimeError(f"the suite did not pass: exit status {done.returncode}")
    case = "I-HELLO-1 alone" if effort.quick else "all levels"
    target = None if effort.quick else Target("figure", "at most", 3.0)
    return [Line("suite", case, "whole run", "s", "tchat-server of the suite", times, target=target)]

"""What all cases of one run share: the client's command, how it is driven, and what was learned of it."""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tchat_conform.clients.description import Description
from tchat_conform.verdict import Finding

NAME = "alice"
"""The name that the client is given."""
LEAST_PATIENCE = 1.0
MORE_THAN_SLOWEST, MORE_ALONE = 4, 2
"""So many times the slowest reaction seen is waited for one, and so many times that when a case runs again alone."""
LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")
TERM = "xterm-256color"


@dataclass
class ClientRun:
    """One run. ``limit`` is how many seconds a reaction is waited for at most.

    ``says_hello``, ``barrier`` (an action whose command works), ``shows`` (whether it shows messages at all) and
    ``spontaneous`` (actions that it sends unasked) are learned by the probe; ``spoken`` says how the client is driven
    otherwise than by default. ``name`` is the user's, ``cwd`` the directory that the client is started in.
    ``lacking`` holds the commands that a case has proved it not to have, by action: no other case waits for them again.
    """

    command: Sequence[str]
    description: Description
    limit: float
    says_hello: bool = True
    barrier: str | None = None
    shows: bool = True
    spontaneous: frozenset[str] = frozenset()
    spoken: tuple[str, ...] = ()
    name: str = NAME
    cwd: str | None = None
    slowest: float | None = None
    lacking: dict[str, Finding] = field(default_factory=dict)
    alone: bool = field(default=False)

    @property
    def patience(self) -> float:
        """How many seconds a reaction is waited for."""
        if self.slowest is None:
            return self.limit
        enough = max(LEAST_PATIENCE, MORE_THAN_SLOWEST * self.slowest)
        return min(self.limit, MORE_ALONE * enough if self.alone else enough)

    def note(self, seconds: float) -> None:
        """Keep in mind how long a reaction took."""
        self.slowest = max(self.slowest or 0.0, seconds)

    def argv(self, host: str, port: int) -> list[str]:
        """Return the command with host, port and name filled in."""
        return [self.filled(part, host, port) for part in self.command]

    def filled(self, template: str, host: str, port: int) -> str:
        """Return a text with host, port and name in their places."""
        return template.replace("{host}", host).replace("{port}", str(port)).replace("{name}", self.name)

    def environment(self, host: str, port: int) -> dict[str, str]:
        """Return the environment of the client: ours, what it is to be told, and what its description adds."""
        own = {name: value for name, value in os.environ.items() if name not in ("LINES", "COLUMNS")}
        told = {"HOST": host, "PORT": str(port), "NAME": self.name, "TERM": TERM}
        added = {name: self.filled(value, host, port) for name, value in self.description.env.items()}
        return {**own, **_locale(own), **told, **added}


def command_of(arguments: Sequence[str], description: Description) -> list[str]:
    """Return the command of a client, from the command line or else from its description; empty if there is none."""
    return list(arguments) or shlex.split(description.command)


def _locale(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what makes a client speak UTF-8 where the environment does not ask for it."""
    chosen = next((environment[name] for name in LOCALE if environment.get(name)), "")
    return {} if "utf" in chosen.lower() else {"LC_ALL": "C.UTF-8"}

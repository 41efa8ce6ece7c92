"""Who takes part in a matrix: servers and clients with the commands that start them, read from a TOML file."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tchat_conform.clients.description import BadDescription, Description, parse_description
from tchat_conform.near import did_you_mean

NAME = re.compile(r"[\w.-]{1,24}")
OWN_KEYS = frozenset({"name", "cwd"})
"""What an entry of a client has beside the keys of its description."""


class BadLineup(ValueError):  # noqa: N818 - said of a file, not a fault of the program
    """A file that names no peers; its text names the entry, the key and the rule."""


@dataclass(frozen=True, slots=True)
class ServerPeer:
    """A server. ``{port}``, ``{host}`` and ``{dir}``, a directory that is new for each pair, stand in ``command``.

    ``cwd`` is where it is started. Where ``port`` is given the server listens there and nowhere else; then, and where
    ``alone`` is true, its pairs play one after the other.
    """

    name: str
    command: str
    cwd: str
    env: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class ClientPeer:
    """A client: its name, where it is started, and how it is driven."""

    name: str
    description: Description
    cwd: str


@dataclass(frozen=True, slots=True)
class Lineup:
    """All who take part, in the order of the file."""

    servers: tuple[ServerPeer, ...]
    clients: tuple[ClientPeer, ...]


Peer = TypeVar("Peer", ServerPeer, ClientPeer)


def read_lineup(path: Path) -> Lineup:
    """Read the peers of a matrix. Raises BadLineup with the entry and the key at fault."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadLineup(f"Cannot read {path}: {getattr(error, 'strerror', None) or error}.") from error
    try:
        return parse_lineup(data, path.parent)
    except (BadLineup, BadDescription) as error:
        raise BadLineup(f"{path}: {error}") from error


def parse_lineup(data: Mapping[str, Any], folder: Path) -> Lineup:
    """Return the peers that a TOML document names; their directories count from ``folder``.

    Raises BadLineup or BadDescription.
    """
    for name in data:
        if name not in ("server", "client"):
            raise BadLineup(f"there is no key {name!r}.{did_you_mean(name, ('server', 'client'))} A peer is a table"
                            " [[server]] or [[client]].")  # fmt: skip
    lineup = Lineup(_peers(data, "server", _server, folder), _peers(data, "client", _client, folder))
    if not lineup.servers or not lineup.clients:
        raise BadLineup("a matrix needs one [[server]] and one [[client]] at least.")
    return lineup


def _peers(
    data: Mapping[str, Any], kind: str, make: Callable[[Mapping[str, Any], Path], Peer], folder: Path
) -> tuple[Peer, ...]:
    entries = data.get(kind, [])
    if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
        raise BadLineup(f"{kind} must be tables, written [[{kind}]].")
    found: list[Peer] = []
    for number, entry in enumerate(entries, 1):
        try:
            found.append(make(entry, folder))
        except (BadLineup, BadDescription) as error:
            raise BadLineup(f"[[{kind}]] {entry.get('name', number)!r}: {error}") from error
    _refuse_twins(kind, [each.name for each in found])
    return tuple(found)


def _refuse_twins(kind: str, names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise BadLineup(f"two [[{kind}]] are called {name!r}.")


def _server(entry: Mapping[str, Any], folder: Path) -> ServerPeer:
    for key in entry:
        if key not in _SERVER_KEYS:
            raise BadLineup(f"there is no key {key!r}.{did_you_mean(key, _SERVER_KEYS)}")
    port, alone = entry.get("port"), entry.get("alone", False)
    if port is not None and (isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65_535):
        raise BadLineup(f"port must be a number from 1 to 65535, not {port!r}.")
    if not isinstance(alone, bool):
        raise BadLineup(f"alone must be true or false, not {alone!r}.")
    return ServerPeer(
        _name(entry), _text(entry, "command"), _folder(entry, folder), _env(entry), port, alone or port is not None
    )


_SERVER_KEYS = ("name", "command", "cwd", "env", "port", "alone")


def _client(entry: Mapping[str, Any], folder: Path) -> ClientPeer:
    _text(entry, "command")
    description = parse_description({key: value for key, value in entry.items() if key not in OWN_KEYS})
    return ClientPeer(_name(entry), description, _folder(entry, folder))


def _name(entry: Mapping[str, Any]) -> str:
    name = _text(entry, "name")
    if not NAME.fullmatch(name):
        raise BadLineup(f"name must be 1 to 24 letters, digits, dots, dashes or underscores, not {name!r}.")
    return name


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise BadLineup(f"{key} is missing, or no text.")
    return value


def _folder(entry: Mapping[str, Any], folder: Path) -> str:
    chosen = (folder / _text(entry, "cwd") if "cwd" in entry else folder).resolve()
    if not chosen.is_dir():
        raise BadLineup(f"cwd: there is no directory {chosen}.")
    return str(chosen)


def _env(entry: Mapping[str, Any]) -> Mapping[str, str]:
    value = entry.get("env", {})
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise BadLineup("env must be a table of texts.")
    return value

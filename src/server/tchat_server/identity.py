"""Who may speak under a name: the rules of section 3 of PROTOCOL.md, and the work a password needs."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from tchat_protocol.errors import ErrorCode, Refusal
from tchat_protocol.messages import Request
from tchat_server.changes import Change, NameProtected, UserSeen
from tchat_server.state import State

HASH_MEMORY = 19_456
"""KiB that hashing takes: OWASP's first choice for argon2id. A guess stays dear, and a hello no load for the server."""
HASH_PASSES = 2


@dataclass(frozen=True, slots=True, repr=False)
class PasswordCheck:
    """A password to be compared with a hash or, where the name has none, to be hashed: work for a thread.

    ``memory`` is what a new hash takes, in KiB; a stored one takes what it took.
    """

    password: str
    stored: str | None
    memory: int = HASH_MEMORY

    def run(self) -> "PasswordProof":
        """Spend some ten milliseconds on the password."""
        hasher = PasswordHasher(time_cost=HASH_PASSES, memory_cost=self.memory, parallelism=1)
        if self.stored is None:
            return PasswordProof(None, hasher.hash(self.password))
        try:
            hasher.verify(self.stored, self.password)
        except VerifyMismatchError:
            return PasswordProof(self.stored, None)
        return PasswordProof(self.stored, self.stored)


@dataclass(frozen=True, slots=True, repr=False)
class _Job:
    check: PasswordCheck
    wanted: Callable[[], bool]
    result: "asyncio.Future[PasswordProof]"


class Hashing:
    """Checks passwords in threads, away from the event loop.

    Each address has its turn, and among those from one address each name: who tries passwords by the hundred keeps
    nobody waiting but those who do the same. ``at_once`` is how many threads there are, ``memory`` how many KiB a new
    hash takes.
    """

    def __init__(self, threads: Executor, at_once: int, memory: int = HASH_MEMORY) -> None:
        self._threads = threads
        self._free = at_once
        self._memory = memory
        self._waiting: dict[str, dict[str, deque[_Job]]] = {}

    def begin(
        self, check: PasswordCheck, address: str, name: str, wanted: Callable[[], bool]
    ) -> "asyncio.Future[PasswordProof]":
        """Have a password checked when its turn comes, unless it is ``wanted`` no more by then."""
        job = _Job(replace(check, memory=self._memory), wanted, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(address, {}).setdefault(name, deque()).append(job)
        self._go_on()
        return job.result

    def _go_on(self) -> None:
        while self._free and self._waiting:
            job = self._next()
            if not job.wanted():
                job.result.cancel()
                continue
            self._free -= 1
            run = asyncio.get_running_loop().run_in_executor(self._threads, job.check.run)
            run.add_done_callback(partial(self._done, job))

    def _next(self) -> _Job:
        """Take what waits longest of the name and address that have not had a turn for the longest time."""
        address = next(iter(self._waiting))
        names = self._waiting.pop(address)
        name = next(iter(names))
        jobs = names.pop(name)
        job = jobs.popleft()
        if jobs:
            names[name] = jobs
        if names:
            self._waiting[address] = names
        return job

    def _done(self, job: _Job, run: "asyncio.Future[PasswordProof]") -> None:
        self._free += 1
        if run.cancelled():
            job.result.cancel()
        elif (error := run.exception()) is not None:
            job.result.set_exception(error)
        else:
            job.result.set_result(run.result())
        self._go_on()


@dataclass(frozen=True, slots=True, repr=False)
class PasswordProof:
    """What checking a password showed: against which stored hash, and the hash that holds, None if wrong."""

    stored: str | None
    holds: str | None


def admit(
    state: State, bound: str | None, request: Request, proof: PasswordProof | None = None
) -> PasswordCheck | tuple[Change, ...]:
    """Return what admitting a request changes, raise Refusal, or return the check that is needed first.

    ``bound`` is the name of the connection, ``proof`` the result of a check asked for before; should the name
    have got another password meanwhile, a new check is asked for. The order is that of E-ORDER-1.
    """
    name = request.sender
    if name is None:
        return ()
    if bound is not None and name != bound:
        raise Refusal(ErrorCode.SENDER_MISMATCH, f"This connection belongs to {bound}, not to {name}.")
    if bound is None and name in state.online:
        raise Refusal(ErrorCode.NAME_TAKEN, f"Another connection uses the name {name}.")
    stored = state.users.get(name)
    password = request.fields.get("pass") if request.action == "client-hello" else None
    if password is None:
        if bound is None and stored is not None:
            raise Refusal(ErrorCode.AUTH_FAILED, f"The name {name} needs client-hello with its password.")
        return _seen(state, name)
    if proof is None or proof.stored != stored:
        return PasswordCheck(password, stored)
    if proof.holds is None:
        raise Refusal(ErrorCode.AUTH_FAILED, f"That is not the password of {name}.")
    return _seen(state, name) if stored is not None else (*_seen(state, name), NameProtected(name, proof.holds))


def _seen(state: State, name: str) -> tuple[Change, ...]:
    return () if name in state.users else (UserSeen(name),)

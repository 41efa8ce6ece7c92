"""Who may speak under a name: the rules of section 3 of PROTOCOL.md, and the work a password needs."""

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass, replace

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


@dataclass(frozen=True, slots=True)
class Hashing:
    """Where passwords are checked, away from the event loop, and how many KiB a new hash takes."""

    threads: Executor
    memory: int = HASH_MEMORY

    def begin(self, check: PasswordCheck) -> "asyncio.Future[PasswordProof]":
        """Have a password checked."""
        priced = replace(check, memory=self.memory)
        return asyncio.get_running_loop().run_in_executor(self.threads, priced.run)


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

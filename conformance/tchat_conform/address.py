"""Where a server listens, and how one gets there."""

import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server under test listens. ``tls`` is the context to use, None for plain TCP."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def any_certificate() -> ssl.SSLContext:
    """Return a TLS context that takes any certificate: students' servers have none that anybody signed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context

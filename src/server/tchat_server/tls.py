"""The certificate of the server, and what is wrong with it, in words for the person who starts the server."""

import ssl
from pathlib import Path

TIMELINESS = frozenset({9, 10})
"""What OpenSSL calls a certificate that is not valid yet, and one that has expired."""


class CertificateUnusable(Exception):  # noqa: N818 - said to the person who starts the server
    """A certificate or its key cannot be used; the text says why."""


def server_context(cert: Path, key: Path | None) -> ssl.SSLContext:
    """Return the context of a server with the certificate chain in ``cert`` and its key there or in ``key``."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    keys = key or cert
    try:
        if b"-----BEGIN CERTIFICATE" not in cert.read_bytes():
            raise CertificateUnusable("it holds no certificate in PEM form")
        if b"PRIVATE KEY-----" not in keys.read_bytes():
            raise CertificateUnusable(f"{keys} holds no private key in PEM form; --tls-key names the file that does")
        context.load_cert_chain(cert, key, password=lambda: _no_password(keys))
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateUnusable(f"the key in {keys} is that of another certificate") from error
        raise CertificateUnusable(f"it or the key in {keys} is damaged") from error
    except OSError as error:
        raise CertificateUnusable(f"{error.filename}: {error.strerror}") from error
    return context


def _no_password(keys: Path) -> str:
    raise CertificateUnusable(f"the key in {keys} is locked with a pass phrase, for which nobody can be asked")


def out_of_date(context: ssl.SSLContext, cert: Path) -> str | None:
    """Return what is wrong with the time of a context's certificate, if anything is.

    The ssl module tells no times but those of a peer's certificate that it has verified: so one side of a handshake
    in memory trusts this very certificate, and fails for its time alone.
    """
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.load_verify_locations(cert)
    trusting.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = trusting.wrap_bio(back, there), context.wrap_bio(there, back, server_side=True)
    for side in (*sides, *sides):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError as error:
            return error.verify_message if error.verify_code in TIMELINESS else None
    return None

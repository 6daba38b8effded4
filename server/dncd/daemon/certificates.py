"""The certificate of the server, as the settings name its files: judged once, before any worker reads it."""

import ssl
from pathlib import Path

from dncd.config import Settings
from dncd.transport.server import Tls


class CertificateUnusable(Exception):
    """A file of the certificate cannot be read, or is not what it must be."""


def tls_of(settings: Settings) -> Tls | None:
    """Give the certificate files of the settings, where they name any."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return Tls(settings.tls_cert, settings.tls_key, settings.tls_client_ca)


def judge_tls(settings: Settings) -> None:
    """Raise `CertificateUnusable` with the setting and the file that is wrong, where one is."""
    tls = tls_of(settings)
    if tls is None:
        return
    certificate, key = _text("tls_cert", tls.cert), _text("tls_key", tls.key)
    if "BEGIN CERTIFICATE" not in certificate:
        raise CertificateUnusable(f"tls_cert: {tls.cert} holds no certificate in PEM")
    if "PRIVATE KEY-----" not in key:
        raise CertificateUnusable(f"tls_key: {tls.key} holds no private key in PEM")
    if "ENCRYPTED" in key:
        raise CertificateUnusable(f"tls_key: {tls.key} is encrypted; give a key without a pass phrase")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(tls.cert, tls.key)
    except (ssl.SSLError, ValueError) as error:
        raise CertificateUnusable(f"tls_cert: {tls.cert} and tls_key: {tls.key} do not fit{_why(error)}") from error
    if tls.client_ca is not None:
        _judge_authority(context, tls.client_ca)


def _judge_authority(context: ssl.SSLContext, file: Path) -> None:
    try:
        context.load_verify_locations(cadata=_text("tls_client_ca", file))
    except (ssl.SSLError, ValueError) as error:
        raise CertificateUnusable(f"tls_client_ca: {file} holds no certificate in PEM{_why(error)}") from error


def _text(setting: str, file: Path) -> str:
    try:
        return file.read_text("ascii")
    except OSError as error:
        raise CertificateUnusable(f"{setting}: {file} cannot be read: {error.strerror}") from error
    except UnicodeError:
        raise CertificateUnusable(f"{setting}: {file} is not PEM") from None


def _why(error: Exception) -> str:
    return f" ({error.reason.lower().replace('_', ' ')})" if isinstance(error, ssl.SSLError) and error.reason else ""

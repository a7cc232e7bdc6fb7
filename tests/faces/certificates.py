"""TLS contexts with the certificates of `fixtures/tls`."""

import ssl
from pathlib import Path

TLS = Path(__file__).resolve().parent.parent.parent / "fixtures" / "tls"


def server_context(name: str = "server") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / f"{name}.pem", TLS / f"{name}.key")
    return context


def client_context() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(TLS / "ca.pem"))

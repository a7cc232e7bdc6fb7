"""TLS handshakes in memory: what each end says of it."""

from __future__ import annotations

import ssl

from certified import Certified

from dul.errors import TLSFailed, TransportError
from dul.tls import Credentials
from dul.tls.failures import broke, handshake_failed


def own(certified: Certified) -> Credentials:
    """What a context is told of a certificate."""
    return Credentials(certified.certificate, certified.key)


class Handshake:
    """A client's and a server's context, shaken.

    Attributes:
        client: its end.
        server: its end.
        errors: what each end raised, as users see it: "client", "server" -> error.
    """

    def __init__(
        self,
        client: ssl.SSLContext,
        server: ssl.SSLContext,
        name: str = "localhost",
        *,
        session: ssl.SSLSession | None = None,
    ) -> None:
        to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        from_client, from_server = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client = client.wrap_bio(to_client, from_client, server_hostname=name, session=session)
        self.server = server.wrap_bio(to_server, from_server, server_side=True)
        self.errors: dict[str, TransportError] = {}
        done: set[str] = set()
        for _ in range(6):
            for end, side in (("client", self.client), ("server", self.server)):
                if end in self.errors:
                    continue
                try:
                    if end not in done:
                        side.do_handshake()
                        done.add(end)
                    side.read(1)
                except ssl.SSLWantReadError:
                    pass
                except OSError as error:
                    self.errors[end] = (
                        broke(error, "peer", "early")
                        if end in done
                        else handshake_failed(
                            error, side, b"\x16\x03", peer="peer", server_side=end == "server"
                        )
                    )
            to_server.write(from_client.read())
            to_client.write(from_server.read())
        self.done = done == {"client", "server"} and not self.errors

    def failed(self, end: str) -> TLSFailed:
        error = self.errors[end]
        assert isinstance(error, TLSFailed), error
        return error

"""C-ECHO over TLS, certificates at both ends: python secure.py HOST PORT CA KEY CERTIFICATE."""

import sys

from dimse import Client
from dimse.events import Associated, Echoed, NotAssociated
from dul.tls import Credentials, Trust, client_context


def main(host: str, port: str, ca: str, key: str, certificate: str) -> int:
    context = client_context(credentials=Credentials(certificate, key), trust=Trust(files=(ca,)))
    failed = False
    for event in Client(host, int(port), tls=context).echoes():
        match event:
            case Associated(security=security) if security is not None:
                print(security.version, security.cipher, security.subject)
            case NotAssociated(error=error):  # a TLSFailed says who refused whom, and what to try
                print(error, file=sys.stderr)
                failed = True
            case Echoed():
                print(f"status {event.status:04X}H after {1000 * event.seconds:.1f} ms")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

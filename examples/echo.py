"""Ask a peer whether it is there, by a C-ECHO: python echo.py HOST PORT [CALLED_AE_TITLE]."""

import sys

from dimse import Client
from dul.errors import DulcetError


def main(host: str, port: str, called: str = "ANY-SCP") -> int:
    try:
        reply = Client(host, int(port), called_ae_title=called).echo()
    except DulcetError as error:  # refused, rejected, aborted, too slow: it says which
        print(error, file=sys.stderr)
        return 1
    print(f"{called} answers, status {reply.status:04X}H")
    return 0 if reply.status == 0 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""What a plain association does without, and what a TLS one tells of itself."""

from __future__ import annotations

import ssl
import subprocess
import sys

import pytest
from certificates import client_context, server_context
from faces import Acceptor, Face


def test_who_speaks_plain_dicom_loads_no_openssl() -> None:
    code = "import sys, dul.blocking, dimse.client, cli.storescu; print('ssl' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_both_ends_know_what_was_agreed(face: Face, version: str) -> None:
    ours = client_context()
    ours.maximum_version = ssl.TLSVersion[version]
    serve = Acceptor()
    with face.server(serve, tls=server_context()) as server:
        end = face.connect(server.address, tls=ours).result()
        agreed = end.association.security
        end.do("release")
        acceptor, _ = serve.ended()
    assert agreed is not None
    assert agreed.version == version.replace("_", ".")
    assert agreed.bits >= 128
    assert agreed.verified
    assert agreed.subject == "O=dulcet TEST ONLY, CN=localhost"
    assert agreed.chain[0].common_name == "localhost"
    assert agreed.chain[0].issuer == "O=dulcet TEST ONLY, CN=dulcet test CA"
    assert agreed.chain[0].not_after.endswith("2060 GMT")
    theirs = acceptor.security
    assert theirs is not None
    assert (theirs.cipher, theirs.verified, theirs.subject) == (agreed.cipher, False, None)


def test_a_plain_association_has_no_security(face: Face) -> None:
    with face.server(Acceptor()) as server:
        end = face.connect(server.address).result()
        assert end.association.security is None
        end.do("release")

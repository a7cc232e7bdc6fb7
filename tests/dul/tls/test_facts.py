"""What is read in certificates."""

from __future__ import annotations

import datetime as dt
import hashlib
import ssl

from certified import Certified, Office
from cryptography.hazmat.primitives import serialization
from handshakes import Handshake, own
from hypothesis import given
from hypothesis import strategies as st

from dul.tls import Trust, client_context, server_context
from dul.tls.facts import chain_of, seconds_of


@given(st.dates(dt.date(1950, 1, 1), dt.date(2200, 1, 1)), st.times())
def test_a_certificates_date_is_what_python_takes_it_for(day: dt.date, time: dt.time) -> None:
    date = f"{day:%b} {day.day:2d} {time:%H:%M:%S} {day.year} GMT"
    assert seconds_of(date) == ssl.cert_time_to_seconds(date)


def test_whom_a_server_let_in(office: Office, server: Certified, trust: Trust) -> None:
    caller = office.issue("the client")
    client = client_context(trust=trust, credentials=own(caller))
    shaken = Handshake(client, server_context(own(server), trust=trust))
    facts = chain_of(shaken.server)[0]
    der = caller.x509.public_bytes(serialization.Encoding.DER)
    assert facts.common_name == "the client"
    assert facts.der == der
    assert facts.sha256 == hashlib.sha256(der).hexdigest()
    assert int(facts.serial, 16) > 0

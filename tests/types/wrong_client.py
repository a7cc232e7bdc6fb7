"""Calls of the blocking client's API, right and wrong; `test_types` has mypy look at them, and runs none."""

from __future__ import annotations

import ssl
from pathlib import Path

from pydicom.dataset import Dataset

from dimse import Client, ContextOffer, Outcome, Peer, Reply, Session, Verdict
from dimse.events import Associated, ClientEvent
from dul import Limits, RejectReason, RoleSelection, UserIdentity
from dul.errors import AssociationRejected

stored: list[Outcome] = []
told: list[ClientEvent] = []

# What is right.
client = Client("pacs", 104, called_ae_title="PACS", limits=Limits(reply=5.0))
Client("pacs", 104, tls=ssl.create_default_context(), server_hostname="pacs.example.org")
Client(
    "pacs", 104, user_identity=UserIdentity(1, b"jane"), roles=[RoleSelection("1.2", True, True)]
)
stored.extend(client.store(["a.dcm", Path("b.dcm"), Dataset()], halt=True, max_losses=None))
told.extend(client.send("a.dcm", repeat=2, abort=True))
told.extend(client.echoes(3))
reply: Reply = client.echo()
with client.associate([ContextOffer("1.2.840.10008.1.1", ("1.2.840.10008.1.2",))]) as session:
    outcome: Outcome = session.store("a.dcm", priority=1, move_originator=("MOVER", 7))
    status: int | None = outcome.status
sending = client.send(["a.dcm"])
verdicts: list[Verdict] = [each.verdict for each in sending.entries]
for event in sending:
    if isinstance(event, Associated):
        accepted = event.negotiated.contexts
try:
    client.echo()
except AssociationRejected as error:
    known: bool = error.why is RejectReason.CALLING_AE_TITLE_NOT_RECOGNIZED

# What is wrong.
Client("pacs")  # error: call-arg
Client("pacs", "104")  # error: arg-type
Client(("pacs", 104))  # error: call-arg
Client("pacs", 104, "PACS")  # error: call-arg
Client("pacs", 104, called="PACS")  # error: call-arg
Client("pacs", 104, called_ae_title=b"PACS")  # error: arg-type
Client("pacs", 104, timeout=30)  # error: call-arg
Client("pacs", 104, limits=30.0)  # error: arg-type
Client("pacs", 104, tls=True)  # error: arg-type
Client("pacs", 104, user_identity=("jane", "secret"))  # error: arg-type
Client("pacs", 104, roles={"1.2": (True, True)})  # error: arg-type
Client("pacs", 104, trace=3)  # error: arg-type
client.store(3)  # error: arg-type
client.store(["a.dcm", 3])  # error: list-item
client.store("a.dcm", repeat="2")  # error: arg-type
client.store("a.dcm", hold=True)  # error: call-arg
client.store("a.dcm", move_originator="MOVER")  # error: arg-type
client.store("a.dcm", base_contexts=["1.2.840.10008.1.1"])  # error: list-item
client.send("a.dcm", abort="yes")  # error: arg-type
client.echo(5)  # error: call-arg
client.echoes("3")  # error: arg-type
client.associate(["1.2.840.10008.1.1"])  # error: list-item
client.store("a.dcm")[0]  # error: index
stored[0].status + 1  # error: operator
stored[0].state  # error: attr-defined
session.store(["a.dcm", "b.dcm"])  # error: arg-type
session.store("a.dcm", repeat=2)  # error: call-arg
number: int = client.echo()  # error: assignment
Peer("pacs", 104)  # error: call-arg
Session("pacs", 104)  # error: call-arg

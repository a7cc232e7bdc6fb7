"""Calls of the Upper Layer's API, right and wrong; `test_types` has mypy look at them, and runs none."""

from __future__ import annotations

from dul import (
    AssociateRJ,
    AssociateRQ,
    Association,
    AssociationRejected,
    Limits,
    PresentationContextRQ,
    RejectReason,
    Role,
    Support,
    aio,
    answer,
    blocking,
    context_offers,
    decode_pdu,
    request,
)
from dul.conversations import Conversation, accept

# What is right.
offers = context_offers([("1.2.840.10008.1.1", ("1.2.840.10008.1.2",))])
rq = request("PACS", "US", offers, Limits())
association = Association(Role.REQUESTOR, Limits(artim=5.0), trace=print)
association.associate(rq)
association.connected(0.0)
association.send(1, command=True, source=b"")
rejection = AssociateRJ.because(RejectReason.TEMPORARY_CONGESTION, transient=True)
reply = answer(rq, Support({"1.2.840.10008.1.1": ("1.2.840.10008.1.2",)}), Limits())


def serve(association: Association, peer: str) -> Conversation[None]:
    yield from accept(association, lambda rq: answer(rq, Support({}), association.limits))


blocking.Server(serve, port=11112, max_associations=3)
aio.Server(serve, host="127.0.0.1")
with blocking.connect("pacs", 104, rq, limits=Limits()) as connection:
    connection.send(1, command=False, source=memoryview(b""))
    maximum: int = connection.negotiated.peer_maximum_length


async def right() -> None:
    async with await aio.connect("pacs", 104, rq) as connection:
        await connection.release()


# What is wrong.
Association("requestor")  # error: arg-type
Association(Role.REQUESTOR, limits=30)  # error: arg-type
Association(Role.REQUESTOR, Limits(), print)  # error: call-arg
Association(Role.REQUESTOR, trace=lambda: None)  # error: misc
association.associate("PACS")  # error: arg-type
association.connected()  # error: call-arg
association.send(1, b"")  # error: call-arg
association.send(1, command=True, source="text")  # error: arg-type
association.send("1", command=True, source=b"")  # error: arg-type
association.abort(2)  # error: call-arg
association.reject(1, 1, 3)  # error: call-arg
association.negotiated.contexts  # error: union-attr
association.state = 6  # error: assignment
AssociateRJ.because((1, 3))  # error: arg-type
AssociateRJ(1, 1)  # error: call-arg
RejectReason.CALLING_AE_NOT_KNOWN  # error: attr-defined
PresentationContextRQ("1", "1.2.3", ())  # error: arg-type
AssociateRQ("PACS", "US")  # error: call-arg
request("PACS", "US", ["1.2.3"], Limits())  # error: arg-type
decode_pdu("0100")  # error: arg-type
AssociationRejected(RejectReason.TEMPORARY_CONGESTION)  # error: call-arg
blocking.Server(print)  # error: arg-type
blocking.Server(serve, port="104")  # error: arg-type
blocking.connect("pacs", 104)  # error: call-arg
blocking.connect("pacs", 104, rq, timeout=3)  # error: call-arg
aio.connect("pacs", 104, rq).release()  # error: attr-defined
Limits(artim="30")  # error: arg-type
Limits(timeout=30)  # error: call-arg

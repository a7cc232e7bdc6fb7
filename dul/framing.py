"""From received bytes to one PDU at a time; a length is judged at the header.

One preallocated buffer, filled in place (`get_buffer`, `buffer_updated`: the shape of
`asyncio.BufferedProtocol`). A PDU's body is a view into it, lent until the next fill.
"""

from __future__ import annotations

from collections.abc import Container

from dul.errors import AbortReason, InvalidPDU, LimitExceeded, RemoteProtocolError
from dul.limits import Limits
from dul.pdata import PDV, PDataTF, new_pdv
from dul.pdu import BY_TYPE, AssociateAC, AssociateRQ
from dul.wire import PDATA_HEADER, PDATA_HEADER_LENGTH, PDU_HEADER, PDU_HEADER_LENGTH

__all__ = ["TLS_RECORDS", "Framer"]

FIXED_LENGTH = 4  # of A-ASSOCIATE-RJ, A-RELEASE-RQ, A-RELEASE-RP and A-ABORT

# How a peer begins that speaks TLS where we do not: type and first byte of the version (RFC 8446 5.1).
TLS_RECORDS = {b"\x15\x03": "alert", b"\x16\x03": "handshake"}


class Framer:
    """The receive buffer and the PDUs in it."""

    def __init__(self, limits: Limits) -> None:
        self._bounds = dict.fromkeys(BY_TYPE, FIXED_LENGTH) | {
            AssociateRQ.TYPE: limits.max_associate_length,
            AssociateAC.TYPE: limits.max_associate_length,
            PDataTF.TYPE: limits.max_received_pdata,
        }
        self._view = memoryview(bytearray(limits.receive_buffer))
        self._batch = limits.receive_batch
        self._start = 0  # of what is not handed out yet
        self._end = 0  # of what has been received
        self._skip = 0  # bytes of a refused PDU that are still to come
        self._lost = False  # where the next PDU starts is not known any more

    @property
    def incomplete(self) -> bool:
        """A PDU has begun and not ended."""
        return self._end > self._start or self._skip > 0

    def get_buffer(self) -> memoryview:
        """Room for what comes next, never empty. Every view handed out before is void."""
        start, end = self._start, self._end
        if start and end == len(self._view) < self._batch:
            self._enlarge(self._batch)  # the last fill took all there was, and there may be more
        elif start == end:
            self._start = self._end = 0
        elif start:
            # At most one unfinished PDU is moved: get_buffer comes after the whole ones are out.
            self._view[: end - start] = self._view[start:end]
            self._start, self._end = 0, end - start
        if self._end == len(self._view):
            self._grow()
        return self._view[self._end :]

    def buffer_updated(self, count: int) -> None:
        """This many bytes were written to the start of `get_buffer()`."""
        if self._lost:
            return
        self._end += count
        if self._skip:
            skipped = min(self._skip, self._end - self._start)
            self._skip -= skipped
            self._start += skipped

    def next_pdu(self) -> tuple[int, memoryview] | None:
        """The type and the body of the next whole PDU, or None if there is none yet.

        Raises:
            InvalidPDU: its type is not defined, or its length is wrong for its type.
            LimitExceeded: its length is over a bound.
            After such an error the PDU is skipped, if its length is small enough to believe;
            else all that follows is thrown away, as no PDU can be found in it any more.
        """
        start = self._start
        if self._end - start < PDU_HEADER_LENGTH:
            return None
        pdu_type, length = PDU_HEADER.unpack_from(self._view, start)
        bound = self._bounds.get(pdu_type)
        if bound is None or length > bound or (bound == FIXED_LENGTH != length):
            fault = _fault(bytes(self._view[start : start + 2]), length, bound)
            self._refuse(length)
            raise fault
        stop: int = start + PDU_HEADER_LENGTH + length
        if stop > self._end:
            return None
        self._start = stop
        return pdu_type, self._view[start + PDU_HEADER_LENGTH : stop]

    def plain_data(self, contexts: Container[int], most: int) -> list[PDV]:
        """The PDVs of the P-DATA-TFs that come next, each a view, as far as these are plain and whole.

        That is what nearly all are: one PDV, within the bound, on an accepted context. What is in
        any way else is left to `next_pdu`, to be judged there.

        Args:
            contexts: the ids of the accepted presentation contexts.
            most: that many PDUs at most.
        """
        pdvs: list[PDV] = []
        view, at, end = self._view, self._start, self._end - PDATA_HEADER_LENGTH
        bound, unpack = self._bounds[PDataTF.TYPE], PDATA_HEADER.unpack_from
        while at <= end and len(pdvs) < most:
            pdu_type, length, item, context_id, control = unpack(view, at)
            fragment = at + PDATA_HEADER_LENGTH
            following = at + PDU_HEADER_LENGTH + length
            if (
                pdu_type != PDataTF.TYPE
                or item + 4 != length
                or not fragment <= following <= self._end
                or length > bound
                or context_id not in contexts
            ):
                break
            pdvs.append(new_pdv((context_id, control, view[fragment:following])))
            at = following
        self._start = at
        return pdvs

    def _refuse(self, length: int) -> None:
        if length > max(self._bounds.values()):
            self._lost = True
            self._start = self._end = 0
            return
        whole = PDU_HEADER_LENGTH + length
        here = min(whole, self._end - self._start)
        self._start += here
        self._skip = whole - here

    def _grow(self) -> None:
        """Make room for one PDU that fills the buffer and has not ended, but is within its bound.

        In steps: memory follows what has come, not what a header promises.
        """
        self._enlarge(PDU_HEADER_LENGTH + PDU_HEADER.unpack_from(self._view)[1])

    def _enlarge(self, most: int) -> None:
        """A buffer of twice the size, or this one, with what is not handed out yet at its start."""
        rest = self._view[self._start : self._end]
        self._view = memoryview(bytearray(min(most, 2 * len(self._view))))
        self._start, self._end = 0, len(rest)
        self._view[: self._end] = rest


def _fault(start: bytes, length: int, bound: int | None) -> RemoteProtocolError:
    """What is wrong with a PDU that starts with these two bytes."""
    if bound is None:
        tls = TLS_RECORDS.get(start)
        if tls is not None:
            why = f"it is a TLS {tls}: the peer speaks TLS, and this end does not"
        else:
            why = f"type {start[0]:02X}H is not defined"
        return InvalidPDU("PDU", 0, why, AbortReason.UNRECOGNIZED_PDU)
    name = BY_TYPE[start[0]].NAME
    if bound == FIXED_LENGTH:
        return InvalidPDU(name, 2, f"its PDU-length is {FIXED_LENGTH}, not {length}")
    return LimitExceeded(f"{name} length", length, bound)

"""TCP segments out of pcap and pcapng files, read by scapy (the optional extra `decode`)."""

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from .tcp import Segment

if TYPE_CHECKING:
    from scapy.layers.inet import TCP
    from scapy.packet import Packet

#: First bytes of pcap in both byte orders and resolutions, and of pcapng.
MAGICS = frozenset(
    bytes.fromhex(text) for text in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "0a0d0d0a")
)
#: Loopback interfaces carry frames of 64 KiB and a header; some captures coalesce to four times that.
_LARGEST_FRAME = 256 * 1024


class CaptureError(ValueError):
    """The file cannot be read as a capture."""


class Tally:
    """What was read, and what had to be left out."""

    def __init__(self) -> None:
        self.packets = 0
        self.fragments = 0

    def lines(self) -> list[str]:
        """Remarks for the end of a listing."""
        if not self.fragments:
            return []
        return [f"{self.fragments} IP fragments were left out; what they carried shows as missing"]


def segments(stream: BinaryIO, tally: Tally) -> Iterator[Segment]:
    """The TCP segments of a capture, in file order.

    Raises:
        CaptureError: scapy is not installed, or the file is no capture that it reads.
    """
    try:
        # scapy takes a third of a second to import and is an optional extra.
        logging.getLogger("scapy").setLevel(logging.ERROR)
        import scapy.layers.inet6  # noqa: PLC0415 - and IPv6
        import scapy.layers.l2  # noqa: F401, PLC0415 - registers the link layers
        from scapy.error import Scapy_Exception  # noqa: PLC0415
        from scapy.layers.inet import IP, TCP  # noqa: PLC0415
        from scapy.utils import PcapReader  # noqa: PLC0415
    except ImportError as error:
        raise CaptureError(
            f"reading captures needs scapy: pip install 'dulcet[decode]' ({error})"
        ) from error
    try:
        # It takes open files, but declares names only.
        reader = PcapReader(cast("Any", stream))
    except (Scapy_Exception, OSError, EOFError) as error:
        raise CaptureError(f"no capture: {error}") from error
    while True:
        try:
            packet = reader.read_packet(_LARGEST_FRAME)
        except EOFError:
            return
        except (Scapy_Exception, OSError, ValueError) as error:
            raise CaptureError(f"damaged after packet {tally.packets}: {error}") from error
        tally.packets += 1
        if IP in packet and (packet[IP].frag or packet[IP].flags.MF):
            tally.fragments += 1
        elif TCP in packet:
            yield _segment(packet, packet[TCP])


def _segment(packet: "Packet", tcp: "TCP") -> Segment:
    from scapy.packet import Padding  # noqa: PLC0415 - loaded by now

    payload = tcp.payload
    data = b"" if isinstance(payload, Padding) else bytes(payload.original or b"")
    # Frames shorter than on the wire were cut by the snapshot length; none was longer than this.
    cut = int(packet.wirelen or 0) - len(packet.original)
    if not 0 <= cut <= _LARGEST_FRAME:
        cut = 0
    flags = int(tcp.flags)
    below = cast("Any", tcp.underlayer)  # IP or IPv6
    return Segment(
        time=float(packet.time),
        source=(str(below.src), int(tcp.sport)),
        destination=(str(below.dst), int(tcp.dport)),
        seq=int(tcp.seq),
        data=data,
        fin=bool(flags & 0x01),
        syn=bool(flags & 0x02),
        rst=bool(flags & 0x04),
        ack=bool(flags & 0x10),
        lost=cut if data else 0,
    )

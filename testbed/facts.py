"""What a stimulus may depend on: names, and what the association has shown so far."""

from collections.abc import Callable
from dataclasses import dataclass, field

from .parse import AssociateView


@dataclass(frozen=True, slots=True)
class Facts:
    """What a stimulus may depend on: declared names, and what the association has shown so far.

    `fresh` is a SOP Instance UID nobody has seen yet; `peer_max` is the product's 51H (0 if it set no limit); `rq` is the A-ASSOCIATE-RQ of the
    association, ours or the product's; `accepted` maps context ids to transfer syntaxes; `context`,
    `request`, `message_id`, `sop_class`, `instance` describe the last DIMSE request received.
    """

    called_ae_title: str = "ANY-SCP"
    calling_ae_title: str = "DULSPEC"
    bad_user: str = ""
    fresh: str = "2.25.90000000000000000001"
    peer_max: int = 16384
    rq: AssociateView | None = None
    accepted: dict[int, str] = field(default_factory=lambda: {1: "1.2.840.10008.1.2"})
    context: int = 1
    request: int = 0x0030
    message_id: int = 1
    sop_class: str = "1.2.840.10008.1.1"
    instance: str = ""


Bytes = bytes | Callable[[Facts], bytes]


def build(data: Bytes, facts: Facts) -> bytes:
    """The bytes of a stimulus under given facts."""
    return data if isinstance(data, bytes) else data(facts)

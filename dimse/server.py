"""The service class provider's blocking face; `dimse.aio` has the same for asyncio.

    with Server(Spool("incoming"), port=11112) as server:
        ...

What they do is a `dimse.provider.Provider`; how they talk is `dimse.scp.serve`.
"""

from __future__ import annotations

from typing import Any

from dimse.provider import OpenSink, Provider, storage_support
from dimse.scp import serve
from dul import blocking
from dul.association import Association
from dul.conversations import Conversation
from dul.negotiation import Support
from dul.transport.admission import Serve

__all__ = ["Server", "conversation_for"]


def conversation_for(
    open_sink: OpenSink, support: Support | None, options: dict[str, Any]
) -> tuple[Serve, dict[str, Any]]:
    """What is said on each association, and the options that are the listener's."""
    names = Provider.__dataclass_fields__.keys()
    ours = {name: value for name, value in options.items() if name in names}
    provider = Provider(support or storage_support(), open_sink, **ours)

    def conversation(association: Association, address: str) -> Conversation[None]:
        return serve(association, address, provider)

    return conversation, {name: value for name, value in options.items() if name not in names}


class Server(blocking.Server):
    """A storage and verification SCP, a thread for each association.

    Args:
        open_sink: where objects go: makes a sink for each, for instance `Spool.open`.
        support: what is accepted; default: Verification and every storage SOP class in every
            transfer syntax.
        options: further fields of `Provider` (on_store, on_echo, access, observer) and arguments
            of `dul.blocking.Server` (host, port, limits, tls, max_associations, trace).
    """

    def __init__(
        self, open_sink: OpenSink, *, support: Support | None = None, **options: Any
    ) -> None:
        conversation, others = conversation_for(open_sink, support, options)
        super().__init__(conversation, **others)

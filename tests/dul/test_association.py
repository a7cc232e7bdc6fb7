"""Associations without I/O: establishment, rejection, data, and what the user may not do."""

from __future__ import annotations

import dataclasses

import pytest
from ends import (
    ABORT,
    AC,
    DATA,
    IMPLICIT,
    RELEASE_RP,
    RELEASE_RQ,
    RJ,
    RQ,
    End,
    acceptor,
    end_in,
    established,
    requestor,
)

from dul import events as ind
from dul.association import Association, Role
from dul.errors import (
    AssociationRejected,
    InvalidPDU,
    LocalProtocolError,
)
from dul.fsm import State
from dul.items import PresentationContextAC
from dul.limits import Limits
from dul.pdata import LAST, PDV, PDataTF
from dul.pdu import AssociateRJ
from dul.support import Support, answer
from dul.user_items import UserInformation

# ----------------------------------------------------------------------- establishment --


def test_a_requestor_is_led_to_data_transfer():
    """PS3.8 9.2: Evt1, Evt2, Evt3."""
    end = End(Role.REQUESTOR)
    assert not end.association.connection_wanted
    end.association.associate(RQ)
    assert end.association.connection_wanted
    assert not end.association.sending
    end.association.connected(end.now)
    assert not end.association.connection_wanted
    assert end.sent() == [RQ]
    end.receive(AC)
    (event,) = end.events()
    assert event == ind.AssociateConfirmation(end.association.negotiated)
    assert end.association.established
    assert event.negotiated.request is RQ
    assert event.negotiated.accept == AC
    assert event.negotiated.contexts[1].transfer_syntax == IMPLICIT
    assert end.path == "1 4 5 6"
    assert end.association.failure is None


def test_an_acceptor_is_led_to_data_transfer():
    """PS3.8 9.2: Evt5, Evt6, Evt7."""
    end = End(Role.ACCEPTOR)
    end.association.accepted(end.now)
    end.receive(RQ)
    assert end.events() == [ind.AssociateIndication(RQ)]
    assert end.association.request == RQ
    assert not end.association.established
    end.association.accept(AC)
    assert end.association.established
    assert end.sent() == [AC]
    assert end.association.negotiated.peer_maximum_length == 16384
    assert end.path == "1 2 3 6"


def test_both_ends_agree_on_what_was_negotiated():
    server, client = acceptor(), requestor()
    server.association.accept(answer(server.association.request, Support({RQ.presentation_contexts[0].abstract_syntax: (IMPLICIT,)}), Limits()))  # fmt: skip
    client.receive(*server.sent())
    theirs, ours = server.association.negotiated, client.association.negotiated
    assert theirs.contexts == ours.contexts
    assert theirs.window == ours.window
    assert (theirs.peer_maximum_length, ours.peer_maximum_length) == (16384, 131072)


def test_an_answer_before_the_request_is_out_is_taken_as_it_comes():
    end = End(Role.REQUESTOR)
    end.association.associate(RQ)
    end.association.connected(end.now)
    end.receive(RJ)
    assert end.events() == [ind.RejectConfirmation(1, 1, 1)]
    assert end.sent() == []


# --------------------------------------------------------------------------- rejection --


@pytest.mark.parametrize(
    ("rq", "support", "triple"),
    [
        ({"application_context": "1.2.3"}, {}, (1, 1, 2)),
        ({}, {"called_ae_titles": frozenset({"OTHER"})}, (1, 1, 7)),
        ({}, {"calling_ae_titles": frozenset({"OTHER"})}, (1, 1, 3)),
        ({"user_information": UserInformation(maximum_length=7)}, {}, (1, 2, 1)),
    ],
)
def test_the_acceptors_user_rejects_with_the_true_reason(rq, support, triple):
    """PS3.8 Table 9-21; AE-8: the acceptor waits for the close in Sta13."""
    end = acceptor(rq=dataclasses.replace(RQ, **rq))
    refusal = answer(end.association.request, Support(**support), Limits())
    assert refusal == AssociateRJ(*triple)
    end.association.reject(refusal)
    assert end.sent() == [AssociateRJ(*triple)]
    assert end.path == "1 2 3 13"
    end.disconnect()
    assert end.path == "1 2 3 13 1"
    assert end.association.failure is None


@pytest.mark.parametrize("version", [0, 2, 0xFFFE])
def test_a_protocol_version_without_bit_0_is_rejected_by_the_provider(version: int):
    """AE-6 and Table 9-11: 1/2/2, and the user never hears of it."""
    end = acceptor(rq=None)
    end.receive(dataclasses.replace(RQ, protocol_version=version))
    assert end.events() == []
    assert end.sent() == [AssociateRJ(1, 2, 2)]
    assert end.association.refusal == AssociateRJ(1, 2, 2)
    assert end.path == "1 2 13"


@pytest.mark.parametrize("version", [1, 3, 0xFFFF])
def test_only_bit_0_of_the_protocol_version_is_tested(version: int):
    end = acceptor(rq=dataclasses.replace(RQ, protocol_version=version))
    assert end.state is State.Sta3


def test_a_full_house_is_the_providers_matter_too():
    """Temporary: 2/3/2, local limit exceeded."""
    seen = []

    def check(rq):
        seen.append(rq)
        return AssociateRJ(2, 3, 2)

    end = acceptor(rq=None, provider_check=check)
    end.receive(RQ)
    assert seen == [RQ]
    assert end.sent() == [AssociateRJ(2, 3, 2)]
    assert end.association.request == RQ
    assert acceptor(provider_check=lambda _: None).state is State.Sta3


def test_a_rejected_requestor_is_told_and_closes():
    """AE-4."""
    end = requestor()
    end.receive(AssociateRJ(2, 3, 2))
    assert end.events() == [ind.RejectConfirmation(2, 3, 2)]
    assert end.association.close_wanted
    assert end.association.closed
    failure = end.association.failure
    assert isinstance(failure, AssociationRejected)
    assert (failure.result, failure.source, failure.reason) == (2, 3, 2)
    assert "local limit exceeded" in str(failure)


# -------------------------------------------------------------------------------- data --


def test_data_and_what_follows_it_come_in_order():
    end = established(Role.ACCEPTOR)
    end.receive(DATA, RELEASE_RQ)
    assert list(map(type, end.events())) == [ind.DataIndication, ind.ReleaseIndication]
    end = established(Role.ACCEPTOR)
    end.receive(DATA, b"\x09\0\0\0\0\0")
    assert list(map(type, end.events())) == [ind.DataIndication, ind.ProviderAbortIndication]
    end = established(Role.ACCEPTOR)
    end.receive(DATA, DATA, ABORT)
    data, abort = end.events()
    assert (len(data.pdvs), abort) == (2, ind.AbortIndication(0, 0))


def test_data_is_sent_on_accepted_contexts_only():
    end = established(Role.REQUESTOR)
    for wrong in (0, 2, 3, 255):
        with pytest.raises(LocalProtocolError, match=f"context {wrong} is not accepted"):
            end.association.send(wrong, command=True, source=b"x")
    with pytest.raises(LocalProtocolError, match="without a fragment"):
        end.association.send(1, command=True, source=b"")
    assert not end.association.sending
    end.association.send(1, command=True, source=b"command!")
    assert end.sent() == [DATA]


class Zeros:
    """A source of so many of them."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length

    def readinto(self, view: memoryview) -> int:
        view[:] = bytes(len(view))
        return len(view)


def test_what_is_read_ahead_is_for_an_accepted_context_alone():
    for end, context_id in ((established(Role.REQUESTOR), 3), (End(Role.REQUESTOR), 1)):
        with pytest.raises(LocalProtocolError, match=f"context {context_id} is not accepted"):
            end.association.read_ahead(context_id, Zeros(10))


@pytest.mark.parametrize("traced", [False, True])
def test_a_message_whose_data_set_was_read_ahead_is_sent_as_any_other(traced: bool):
    """With a trace each PDU passes through the table of states, and without one the usual way."""
    end = established(Role.REQUESTOR)
    association = end.association
    if not traced:
        association._trace = None
    ahead = association.read_ahead(1, Zeros(10))
    assert not association.sending
    number = association.ask(1, b"command!", ahead)
    (command, data) = end.sent()
    assert command == DATA
    assert data == PDataTF((PDV(1, LAST, bytes(10)),))
    assert association.is_out(number)
    with pytest.raises(LocalProtocolError, match="is sent once"):
        association.ask(1, b"command!", ahead)
    assert not association.sending


def test_the_peers_maximum_bounds_what_is_sent_and_not_ours():
    """PS3.8 D.1: the two directions are independent."""
    end = requestor(Limits(max_pdu_length=64))
    small = dataclasses.replace(AC, user_information=UserInformation(maximum_length=20))
    end.receive(small)
    end.association.send(1, command=False, source=bytes(100))
    assert {len(pdu.encode()) - 6 for pdu in end.sent()} == {20, 8}
    end.events()
    end.receive(PDataTF((PDV(1, 0, bytes(58)),)))
    assert end.state is State.Sta6


def test_data_may_be_sent_until_the_release_is_answered():
    """AR-7: in Sta8 the association still carries data our way."""
    end = end_in(State.Sta8)
    end.association.send(1, command=True, source=b"command!")
    end.association.release_response()
    assert end.sent() == [DATA, RELEASE_RP]
    assert end.path == "1 4 5 6 8 8 13"


def test_data_comes_in_until_the_release_is_answered():
    """AR-6."""
    end = end_in(State.Sta7)
    end.receive(DATA, RELEASE_RP)
    assert list(map(type, end.events())) == [ind.DataIndication, ind.ReleaseConfirmation]
    assert end.association.closed


# --------------------------------------------------------------------- the user's errors --


def test_a_request_that_cannot_be_encoded_changes_nothing():
    end = End(Role.REQUESTOR)
    with pytest.raises(LocalProtocolError):
        end.association.associate(dataclasses.replace(RQ, called_ae_title=""))
    assert end.state is State.Sta1
    assert not end.association.connection_wanted
    end.association.associate(RQ)
    assert end.state is State.Sta4


def test_an_answer_that_cannot_be_encoded_changes_nothing():
    end = end_in(State.Sta3)
    with pytest.raises(LocalProtocolError):
        end.association.accept(dataclasses.replace(AC, echo=b""))
    with pytest.raises(LocalProtocolError):
        end.association.reject(AssociateRJ(1, 1, 256))
    assert end.state is State.Sta3
    end.association.accept(AC)
    assert end.sent() == [AC]


@pytest.mark.parametrize("maximum", [1, 6, 7])
def test_a_maximum_without_room_for_a_fragment_cannot_be_accepted(maximum: int):
    """PS3.8 D.1: below 8 there is no legal fragment, so no data could ever be sent."""
    rq = dataclasses.replace(RQ, user_information=UserInformation(maximum_length=maximum))
    end = acceptor(rq=rq)
    with pytest.raises(LocalProtocolError, match=f"maximum length {maximum} leaves no room"):
        end.association.accept(AC)
    assert end.state is State.Sta3
    end.association.reject(AssociateRJ(1, 2, 1))


def test_a_requestor_aborts_if_the_answer_leaves_no_room_for_a_fragment():
    end = requestor()
    end.receive(dataclasses.replace(AC, user_information=UserInformation(maximum_length=7)))
    assert end.association.negotiated is None
    (event,) = end.events()
    assert isinstance(event.cause, InvalidPDU)


def test_an_accept_that_answers_nothing_leaves_no_context():
    end = requestor()
    end.receive(dataclasses.replace(AC, presentation_contexts=()))
    assert end.state is State.Sta6
    assert end.association.negotiated.contexts == {}
    assert end.association.negotiated.refused == {1: None}
    with pytest.raises(LocalProtocolError):
        end.association.send(1, command=True, source=b"x")


def test_a_refused_context_carries_nothing_either_way():
    end = requestor()
    end.receive(dataclasses.replace(AC, presentation_contexts=(PresentationContextAC(1, 3),)))
    end.events()
    end.receive(DATA)
    (event,) = end.events()
    assert "context 1 is not accepted" in str(event.cause)


def test_an_association_has_defaults():
    association = Association(Role.REQUESTOR)
    assert association.limits == Limits()
    assert association.next_deadline() is None
    association.associate(RQ)  # and needs no trace
    assert association.state is State.Sta4

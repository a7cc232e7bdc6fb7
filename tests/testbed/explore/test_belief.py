"""What explains a product's behaviour, and what does not."""

from dataclasses import replace

import pytest

from testbed.explore.belief import Belief
from testbed.explore.moves import Debt, Input, Owed, Seen

RQ = Input("rq", (6,), answer="accept")
ILLEGAL = Input("ac", (3,))
RELEASE = Input("release", (12,))
FIN = Input("fin", (17,), urgent=True)
ECHO = Input("echo", (10,), completes=(Owed("C-ECHO-RSP", 1, 1),))
ANSWER = Seen("C-ECHO-RSP(0000)", 1, 1)


def acceptor(*inputs, seen=()):
    """A belief after inputs, and what was seen then: each (inputs..., tokens...) in order."""
    belief = Belief("scp", 2.0)
    belief.add(*inputs)
    for each in seen:
        assert see(belief, each) == "", each
    return belief


def see(belief, what, elapsed=0.0):
    """What had to be overlooked, "" if nothing; None if nothing explains it."""
    before = belief.debts()
    if not belief.observe(what if isinstance(what, Seen) else Seen(what), elapsed, elapsed):
        return None
    return " ".join(debt.lenience for debt in belief.debts()[len(before) :])


def established():
    return acceptor(RQ, seen=["AC(1:0)"])


def test_an_association_from_request_to_close():
    belief = established()
    for sent, seen in ((ECHO, ANSWER), (RELEASE, "RP"), (FIN, "CLOSE")):
        assert not belief.due()
        belief.add(sent)
        assert belief.due()
        assert see(belief, seen) == ""
    assert belief.states() == {0}
    cells = {(1, 5), (2, 6), (3, 7), (6, 10), (6, 9), (6, 12), (8, 14), (13, 17)}
    assert belief.certain() == cells


def test_nothing_is_due_before_a_request_but_an_answer_to_it_is():
    belief = acceptor()
    assert not belief.due()
    belief.add(RQ)
    assert belief.due()
    assert [entry.sends for entry in belief.pending()] == ["AC"]


@pytest.mark.parametrize("seen", [["AC(1:0)", "AB(2,2)"], ["AB(2,2)"]])
def test_what_is_pipelined_behind_a_request_may_be_met_in_sta3_or_sta6(seen):
    belief = acceptor(RQ, ILLEGAL, seen=seen)
    assert not belief.due()
    assert belief.states() == {13}
    cell = (6, 3) if len(seen) == 2 else (3, 3)
    assert cell in belief.certain()


def test_an_illegal_pdu_must_be_aborted_by_the_provider():
    belief = established()
    belief.add(ILLEGAL)
    assert belief.due()
    assert belief.pending()[0].cell == (6, 3)
    assert see(belief, "CLOSE") is None
    assert see(belief, "C-ECHO-RSP(0000)") is None
    assert see(belief, "AB(2,2)") == ""


def test_an_abort_of_the_wrong_source_is_a_lenience():
    belief = established()
    belief.add(ILLEGAL)
    assert see(belief, "AB(0,0)") == "source"
    assert belief.states() == {13}
    first = acceptor(ILLEGAL)
    assert see(first, "AB(2,0)") == "source"


def test_an_abort_without_a_reason_is_a_lenience_and_one_with_a_reason_is_not():
    assert see(established(), "AB(0,0)") == "user-abort"
    belief = established()
    belief.add(Input("response", (10,), "free"))
    assert see(belief, "AB(0,0)") == ""
    belief = established()
    belief.add(RELEASE)  # PS3.8 7.3: its user may abort instead (Evt15 in Sta8)
    assert see(belief, "AB(0,0)") == ""


def test_a_release_by_an_acceptor_is_a_lenience_and_its_collision_is_known():
    belief = established()
    assert see(belief, "RELEASE") == "release"
    belief.add(RELEASE)
    assert not belief.due()
    belief.add(Input("rp", (13,)))
    assert see(belief, "RP") == ""
    assert {(7, 12), (10, 13), (12, 14)} <= belief.certain()


def test_in_sta13_data_is_dropped_and_a_request_is_aborted():
    belief = established()
    belief.add(RELEASE)
    assert see(belief, "RP") == ""
    belief.add(ECHO)
    assert not belief.due()
    assert see(belief, ANSWER) is None
    belief.add(RQ)
    assert belief.due()
    assert see(belief, "AB(2,2)") == ""
    assert see(belief, "CLOSE") == ""


def test_responses_come_in_order_and_on_their_context():
    belief = established()
    belief.add(ECHO)
    assert see(belief, Seen("C-ECHO-RSP(0000)", 2, 1)) is None
    assert see(belief, Seen("C-ECHO-RSP(0000)", 1, 3)) is None
    assert see(belief, Seen("C-ECHO-RSP(0110)", 1, 1)) is None
    assert see(belief, ANSWER) == ""
    assert see(belief, ANSWER) is None


def test_the_user_is_free_after_what_no_standard_describes():
    belief = established()
    belief.add(Input("response", (10,), "free"), ECHO)
    assert not belief.due()
    assert see(belief, ANSWER) == ""
    assert see(belief, "AB(2,2)") == ""


def test_what_must_be_refused_is_refused_in_sta6_alone():
    belief = established()
    belief.add(Input("echo-foreign", (10,), "refuse"))
    assert see(belief, ANSWER) is None
    assert see(belief, "AB(0,0)") == ""
    first = acceptor(Input("echo-foreign", (10,), "refuse"))
    assert see(first, "AB(2,0)") == "source"


def test_artim_explains_a_close_in_sta2_only_when_it_can_have_expired():
    assert see(acceptor(), "CLOSE", elapsed=0.5) is None
    assert see(acceptor(), "CLOSE", elapsed=2.5) == ""
    belief = acceptor(ILLEGAL)
    assert see(belief, "CLOSE", elapsed=0.5) is None


def test_a_close_may_overtake_what_was_sent_before_it():
    belief = established()
    belief.add(ILLEGAL, FIN)
    assert see(belief, "CLOSE") == ""


def test_a_reset_may_have_swallowed_what_was_due_but_not_what_was_not():
    belief = established()
    belief.add(ILLEGAL)
    assert belief.lost()
    assert not established().lost()


def test_a_reset_of_a_requestor_that_asks_for_more_and_more_is_thought_through_to_its_end():
    """However many requests the reset may have swallowed: none of them explains a close in Sta6."""
    belief = Belief("scu", 2.0)
    belief.add(Input("ac", (3,), answer="accept"))
    assert see(belief, "C-STORE-RQ") == ""
    assert not belief.lost()
    belief.add(ILLEGAL)
    assert belief.lost()


def test_what_is_overlooked_is_known_by_what_follows():
    belief = established()
    belief.add(ILLEGAL, RELEASE)
    assert see(belief, "RP") is None
    assert belief.ignores(Seen("RP"))
    assert not belief.ignores(Seen("RJ(1,1,1)"))


def test_the_beginning_of_a_pdu_counts_only_where_its_type_is_wrong():
    belief = established()
    belief.add(Input("cut-data", (10,), "cut"))
    assert not belief.due()
    assert see(belief, "AB(2,2)") is None
    first = acceptor(Input("cut-data", (10,), "cut"))
    assert not first.due()
    assert see(first, "AB(0,0)") == ""


# -- a product that calls -------------------------------------------------------------------------------------


def requestor(*steps):
    """A belief after steps: inputs, and tokens that must fit."""
    belief = Belief("scu", 2.0)
    for step in steps:
        if isinstance(step, Input):
            belief.add(step)
        else:
            assert see(belief, step) == "", step
    return belief


AC = Input("ac", (3,), answer="accept")
SUCCESS = Input("success", (10,), completes=(Owed("response", 1, 1),))


def test_a_requestor_from_its_request_to_the_end():
    belief = requestor()
    assert not belief.due()
    belief.add(AC)
    assert belief.due()
    for seen, sent in (("C-STORE-RQ", SUCCESS), ("RELEASE", Input("rp", (13,)))):
        assert see(belief, seen) == ""
        assert not belief.due()
        belief.add(sent)
        assert belief.due()
    assert see(belief, "CLOSE") == ""


def test_a_requestor_confirms_a_collision_and_waits():
    belief = requestor(AC, "C-STORE-RQ", SUCCESS, "RELEASE", RELEASE)
    assert belief.due()
    assert see(belief, "CLOSE") is None
    assert see(belief, "RP") == ""
    assert belief.states() == {11}
    belief.add(Input("rp", (13,)))
    assert see(belief, "CLOSE") == ""
    assert {(7, 12), (9, 14), (11, 13)} <= belief.certain()


def test_a_requestor_keeps_still_on_data_after_its_release_request():
    belief = requestor(AC, "C-STORE-RQ", SUCCESS, "RELEASE", Input("echo", (10,), "free"))
    assert not belief.due()
    assert see(belief, "CLOSE") is None
    belief.add(Input("rp", (13,)))
    assert see(belief, "CLOSE") == ""
    assert (7, 10) in belief.certain()


def test_what_is_overlooked_comes_to_light_when_nothing_else_is_left():
    """Its user had a reason to abort; but then the PDU behind would have to be answered in Sta13."""
    belief = requestor(Input("ac-none", (3,)), "RELEASE", Input("unknown-00", (19,)))
    assert see(belief, "AB(0,1)") == ""
    assert belief.due()
    assert belief.keep_silent()
    assert belief.debts() == (Debt("source", (7, 19)),)
    assert not belief.due()


UNKNOWN = Input("unknown-00", (19,))
CUT = Input("cut-data", (10,), "cut")


def test_a_product_that_aborted_over_a_pdu_need_not_have_read_it_to_the_end():
    belief = established()
    belief.add(UNKNOWN)
    assert see(belief, "AB(2,1)") == ""
    belief.add(RELEASE)
    assert not belief.due()
    assert see(belief, "AB(2,1)") == ""
    # After a release the stream is in step, so there it is a departure.
    released = established()
    released.add(RELEASE)
    assert see(released, "RP") == ""
    released.add(RELEASE)
    assert see(released, "AB(2,1)") is None


def test_a_pdu_that_the_close_cuts_off_may_be_an_invalid_one():
    belief = established()
    belief.add(CUT, FIN)
    assert see(belief, "AB(2,6)") == ""
    assert see(belief, "AB(2,6)") is None
    assert see(belief, "CLOSE") == ""


@pytest.mark.parametrize("joined", [False, True])
def test_of_bad_pdus_in_one_segment_not_each_is_answered(joined):
    belief = established()
    belief.add(RELEASE)
    assert see(belief, "RP") == ""
    belief.add(RQ, replace(RQ, joined=joined))
    assert see(belief, "AB(2,2)") == ""
    assert belief.due() is not joined


def test_nothing_is_said_to_be_due_where_the_next_input_may_be_taken_in_silence():
    belief = established()
    belief.add(CUT)
    assert not belief.due()
    assert belief.pending() == []

"""What is proposed for which files, and which context each file then travels on."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from dimse.errors import NoPresentationContext, TooManyContexts
from dimse.objects.transcode import CannotTranscode
from dimse.plan import (
    MAXIMUM_CONTEXTS,
    SEED_CONTEXTS,
    Choice,
    ContextOffer,
    FileRecord,
    Planning,
    choose_context,
    explain_refusal,
    plan,
)

STANDARD = Path(__file__).parents[2] / "fixtures" / "standard"

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
JPEG = "1.2.840.10008.1.2.4.50"
RLE = "1.2.840.10008.1.2.5"

CT = "1.2.840.10008.5.1.4.1.1.2"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"  # not one of the 17


def record(sop_class, syntax, path="f"):
    return FileRecord(path, sop_class, syntax)


def test_the_seeds_contexts_are_those_of_its_conformance_statement():
    text = (STANDARD / "storescu-seed.txt").read_text(encoding="utf-8")
    conformance = text[text.index("DICOM CONFORMANCE") : text.index("ENVIRONMENT")]
    uids = re.findall(r'"([0-9.]+)"', conformance)
    assert len(uids) == 20
    classes, syntaxes = uids[:17], uids[17:]
    assert syntaxes == [IMPLICIT, EXPLICIT, BIG]
    assert list(SEED_CONTEXTS) == [ContextOffer(uid, tuple(syntaxes)) for uid in classes]


def test_nothing_to_send_needs_no_association():
    assert plan([], base_contexts=SEED_CONTEXTS) == []


def test_a_class_of_the_seed_gets_its_own_syntax_besides():
    (association,) = plan([record(CT, JPEG)], base_contexts=SEED_CONTEXTS)
    contexts = association.contexts
    assert [c.id for c in contexts] == list(range(1, 37, 2))
    assert [(c.abstract_syntax, c.transfer_syntaxes) for c in contexts[:17]] == [
        (offer.abstract_syntax, offer.transfer_syntaxes) for offer in SEED_CONTEXTS
    ]
    assert (contexts[17].abstract_syntax, contexts[17].transfer_syntaxes) == (CT, (JPEG,))


def test_another_class_gets_the_default_syntax_besides():
    (association,) = plan([record(SEGMENTATION, DEFLATED)], base_contexts=SEED_CONTEXTS)
    assert [(c.abstract_syntax, c.transfer_syntaxes) for c in association.contexts[17:]] == [
        (SEGMENTATION, (DEFLATED,)),
        (SEGMENTATION, (IMPLICIT, EXPLICIT, BIG)),
    ]


def test_nothing_is_proposed_twice():
    files = [record(CT, EXPLICIT, n) for n in range(5)] + [record(CT, RLE)]
    base = [ContextOffer(CT, (RLE,)), ContextOffer(CT, (IMPLICIT,))]
    (association,) = plan(files, base_contexts=base)
    offers = [(c.abstract_syntax, c.transfer_syntaxes) for c in association.contexts]
    assert offers == [(CT, (RLE,)), (CT, (IMPLICIT,)), (CT, (EXPLICIT,))]
    assert association.objects == tuple(files)


def test_128_contexts_and_one_more():
    # Each class of its own needs two contexts: 55 classes and the 17 make 127.
    files = [record(f"1.2.{n}", JPEG, n) for n in range(56)]
    (association,) = plan(files[:55], base_contexts=SEED_CONTEXTS)
    assert len(association.contexts) == 127
    assert association.contexts[-1].id == 253
    first, second = plan(files, base_contexts=SEED_CONTEXTS)
    assert first == association
    assert second.objects == (files[55],)
    assert len(second.contexts) == 19
    full = [ContextOffer("1.2.3", (IMPLICIT,))] * 126
    (association,) = plan(files[:1], base_contexts=full)
    assert association.contexts[-1].id == 255


def test_no_room_beside_the_base_contexts():
    full = [ContextOffer(f"1.2.{n}", (RLE,)) for n in range(127)]
    with pytest.raises(TooManyContexts, match=r"127 presentation contexts .* needs 2 more"):
        plan([record(CT, JPEG)], base_contexts=full)
    with pytest.raises(TooManyContexts):
        plan([record(CT, JPEG)], base_contexts=SEED_CONTEXTS, maximum=17)
    with pytest.raises(TooManyContexts):  # the bound of the standard can't be raised
        plan([record(CT, JPEG)], base_contexts=full, maximum=1000)


CLASSES = st.sampled_from([f"1.2.{n}" for n in range(12)] + [CT, SEGMENTATION])
RECORDS = st.lists(
    st.builds(record, CLASSES, st.sampled_from([IMPLICIT, EXPLICIT, BIG, DEFLATED, JPEG, RLE])),
    max_size=60,
)
BASES = st.sampled_from([(), SEED_CONTEXTS, SEED_CONTEXTS[:3]])


@given(RECORDS, BASES, st.integers(20, 128))
def test_every_plan(files, base, maximum):
    planned = plan(files, base_contexts=base, maximum=maximum)
    assert [f for association in planned for f in association.objects] == files
    for association in planned:
        contexts = association.contexts
        offers = [(c.abstract_syntax, c.transfer_syntaxes) for c in contexts]
        assert [c.id for c in contexts] == [2 * n + 1 for n in range(len(contexts))]
        assert len(contexts) <= min(maximum, MAXIMUM_CONTEXTS)
        assert contexts[-1].id <= 255
        assert len(set(offers)) == len(offers)
        assert offers[: len(base)] == [(o.abstract_syntax, o.transfer_syntaxes) for o in base]
        assert association.objects
        wanted = {(f.sop_class_uid, f.transfer_syntax_uid) for f in association.objects}
        for sop_class, syntax in wanted:
            assert (sop_class, (syntax,)) in offers
            assert any(c == sop_class and IMPLICIT in ts for c, ts in offers)
        # Nothing is proposed that is neither always proposed nor needed here.
        assert {c for c, _ in offers[len(base) :]} <= {c for c, _ in wanted}
    # No association is opened before the one before it is full.
    for before, after in pairwise(planned):
        with_one_more = plan(
            [*before.objects, after.objects[0]], base_contexts=base, maximum=maximum
        )
        assert len(with_one_more) == 2


def test_the_work_grows_linearly():
    def calls(count):
        files = [record(f"1.2.{n % 200}", JPEG, n) for n in range(count)]
        counted = 0

        def count_one(*_):
            nonlocal counted
            counted += 1

        before = sys.getprofile()
        sys.setprofile(count_one)  # counts calls, of Python and of C functions
        try:
            plan(files, base_contexts=SEED_CONTEXTS)
        finally:
            sys.setprofile(before)
        return counted

    assert calls(8_000) < 8.5 * calls(1_000)


@dataclass(frozen=True)
class Accepted:
    id: int
    abstract_syntax: str
    transfer_syntax: str
    requestor_is_scu: bool = True


def test_the_objects_own_syntax_comes_first():
    accepted = [Accepted(1, CT, IMPLICIT), Accepted(3, CT, JPEG), Accepted(5, CT, JPEG)]
    assert choose_context(accepted, CT, JPEG) == Choice(3, JPEG, transcode=False)
    assert choose_context(accepted, CT, IMPLICIT) == Choice(1, IMPLICIT, transcode=False)


def test_an_uncompressed_object_is_converted_to_the_best_there_is():
    contexts = [
        Accepted(1, CT, BIG),
        Accepted(3, CT, DEFLATED),
        Accepted(5, CT, IMPLICIT),
        Accepted(7, CT, EXPLICIT),
    ]
    for own in (IMPLICIT, EXPLICIT, BIG, DEFLATED):
        others = [c for c in contexts if c.transfer_syntax != own]
        expected = [
            (7, EXPLICIT),
            (5, IMPLICIT),
            (3, DEFLATED),
            (1, BIG),
        ]
        while others:
            best = next(e for e in expected if Accepted(e[0], CT, e[1]) in others)
            assert choose_context(others, CT, own) == Choice(*best, transcode=True)
            others.remove(Accepted(best[0], CT, best[1]))
        assert choose_context(others, CT, own) is None


def test_a_compressed_object_is_not_converted():
    assert choose_context([Accepted(1, CT, EXPLICIT)], CT, JPEG) is None
    assert choose_context([Accepted(1, CT, EXPLICIT)], CT, "1.2.840.10008.1.20") is None


def test_another_classes_context_is_not_used():
    assert choose_context([Accepted(1, SEGMENTATION, EXPLICIT)], CT, EXPLICIT) is None


def test_why_there_is_no_context():
    error = explain_refusal("ct.dcm", [Accepted(1, SEGMENTATION, EXPLICIT)], CT, EXPLICIT)
    assert isinstance(error, NoPresentationContext)
    assert (error.path, error.sop_class_uid) == ("ct.dcm", CT)
    assert str(error).startswith("ct.dcm: the peer accepted no presentation context for CT Image")
    assert "SOP class 1.2.3" in str(explain_refusal("x", [], "1.2.3", EXPLICIT))


def test_nothing_is_sent_where_we_are_no_scu():
    """PS3.7 D.3.3.4: who is the SCP alone on a context asks nothing there."""
    accepted = [Accepted(1, CT, EXPLICIT, requestor_is_scu=False)]
    assert choose_context(accepted, CT, EXPLICIT) is None
    error = explain_refusal("ct.dcm", accepted, CT, EXPLICIT)
    assert isinstance(error, NoPresentationContext)
    assert error.as_scp
    assert "by the roles that were negotiated we send nothing there" in str(error)
    both = [*accepted, Accepted(3, CT, IMPLICIT)]
    assert choose_context(both, CT, EXPLICIT) == Choice(3, IMPLICIT, transcode=True)


def test_why_it_can_not_be_converted():
    accepted = [Accepted(1, CT, IMPLICIT), Accepted(3, CT, IMPLICIT), Accepted(5, CT, EXPLICIT)]
    error = explain_refusal("ct.dcm", accepted, CT, RLE)
    assert isinstance(error, CannotTranscode)
    assert (error.path, error.from_uid, error.to_uids) == ("ct.dcm", RLE, (IMPLICIT, EXPLICIT))
    for word in ("ct.dcm", "RLE Lossless", "Implicit VR Little Endian", "decompress"):
        assert word in str(error)
    error = explain_refusal("ct.dcm", [Accepted(1, CT, RLE)], CT, EXPLICIT)
    assert isinstance(error, CannotTranscode)
    assert "no way to encode into RLE Lossless" in str(error)


@given(
    RECORDS.filter(bool),
    BASES,
    st.data(),
)
@settings(max_examples=60)
def test_any_answer_to_any_plan_has_a_choice_or_a_reason(files, base, data):
    for association in plan(files, base_contexts=base):
        accepted = [
            Accepted(c.id, c.abstract_syntax, data.draw(st.sampled_from(c.transfer_syntaxes)))
            for c in association.contexts
            if data.draw(st.booleans())
        ]
        by_id = {c.id: c for c in accepted}
        for file in association.objects:
            choice = choose_context(accepted, file.sop_class_uid, file.transfer_syntax_uid)
            if choice is None:
                why = explain_refusal(
                    file.path, accepted, file.sop_class_uid, file.transfer_syntax_uid
                )
                assert str(why).startswith(f"{file.path}: ")
            else:
                context = by_id[choice.context_id]
                assert context.abstract_syntax == file.sop_class_uid
                assert context.transfer_syntax == choice.transfer_syntax
                assert choice.transcode is (choice.transfer_syntax != file.transfer_syntax_uid)


def test_a_single_association_has_what_it_has_room_for():
    planning = Planning(single=True, maximum=3)
    first, second = (planning.add(record(uid, JPEG)) for uid in (CT, SEGMENTATION))
    assert first.proposal is second.proposal
    assert {each.abstract_syntax for each in first.proposal.offers} == {CT}
    # Of what it does not propose nothing is asked: no other association is made for it.
    assert first.offers == second.offers == ()

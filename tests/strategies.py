"""Hypothesis strategies for every PDU, item and sub-item of the Upper Layer.

Each makes values that a wire can carry and give back unchanged, so that
`decode(encode(x)) == x` must hold.
"""

from __future__ import annotations

import itertools

from hypothesis import strategies as st

from dul.items import (
    ApplicationContext,
    PresentationContextAC,
    PresentationContextRQ,
    UnknownItem,
)
from dul.pdata import COMMAND, LAST, PDV, PDataTF
from dul.pdu import Abort, AssociateAC, AssociateRJ, AssociateRQ, ReleaseRP, ReleaseRQ
from dul.user_items import (
    AsynchronousOperationsWindow,
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)

u8 = st.integers(0, 0xFF)
u16 = st.integers(0, 0xFFFF)
u32 = st.integers(0, 0xFFFFFFFF)
flags = st.booleans()
short_bytes = st.binary(max_size=40)

# ------------------------------------------------------------------------------- texts --

_components = st.one_of(st.just("0"), st.integers(1, 10**12).map(str))
uids = st.lists(_components, min_size=1, max_size=5).map(".".join)
"""UIDs as PS3.5 9.1 wants them."""

# What some peers send: any bytes, as long as none is taken for padding.
_latin_1 = st.characters(max_codepoint=0xFF)
odd_uids = st.text(_latin_1, min_size=1, max_size=20).filter(lambda s: s == s.rstrip("\0 "))
any_uids = uids | odd_uids

ae_titles = st.text(_latin_1, min_size=1, max_size=16).filter(
    lambda s: s == s.rstrip("\0").strip(" ") != ""
)
version_names = st.text(_latin_1, min_size=1, max_size=16).filter(lambda s: s == s.rstrip("\0 "))

# ------------------------------------------------------------------------------- items --


def unknown_items(*known: int) -> st.SearchStrategy[tuple[UnknownItem, ...]]:
    """Items of types that are not known where they stand."""
    types = u8.filter(lambda each: each not in known)
    return st.lists(st.builds(UnknownItem, types, short_bytes), max_size=2).map(tuple)


context_ids = st.integers(0, 127).map(lambda n: 2 * n + 1)
application_contexts = st.builds(ApplicationContext, any_uids)
presentation_contexts_rq = st.builds(
    PresentationContextRQ,
    context_ids,
    any_uids,
    st.lists(any_uids, min_size=1, max_size=4).map(tuple),
    unknown_items(0x30, 0x40),
)
presentation_contexts_ac = st.builds(
    PresentationContextAC, u8, u8, st.lists(any_uids, max_size=2).map(tuple)
)
windows = st.builds(AsynchronousOperationsWindow, u16, u16)
role_selections = st.builds(RoleSelection, any_uids, flags, flags)
extended_negotiations = st.builds(ExtendedNegotiation, any_uids, short_bytes)
common_extended_negotiations = st.builds(
    CommonExtendedNegotiation,
    any_uids,
    any_uids,
    st.lists(any_uids, max_size=3).map(tuple),
    u8,
    short_bytes,
)
user_identities = st.builds(UserIdentity, u8, short_bytes, short_bytes, flags)


def _several(each: st.SearchStrategy) -> st.SearchStrategy[tuple]:
    return st.lists(each, max_size=3).map(tuple)


user_informations = st.builds(
    UserInformation,
    maximum_length=st.none() | u32,
    implementation_class_uid=st.none() | any_uids,
    asynchronous_operations_window=st.none() | windows,
    role_selections=_several(role_selections),
    implementation_version_name=st.none() | version_names,
    extended_negotiations=_several(extended_negotiations),
    common_extended_negotiations=_several(common_extended_negotiations),
    user_identity=st.none() | user_identities,
    user_identity_response=st.none() | short_bytes,
    unknown=unknown_items(*range(0x51, 0x5A)),
)

items = st.one_of(
    application_contexts,
    presentation_contexts_rq,
    presentation_contexts_ac,
    user_informations,
)
"""Items with a `decode` of a reader of their body alone."""

sub_items = st.one_of(
    windows, role_selections, extended_negotiations, common_extended_negotiations, user_identities
)

# -------------------------------------------------------------------------------- PDUs --

associate_rqs = st.builds(
    AssociateRQ,
    ae_titles,
    ae_titles,
    st.lists(presentation_contexts_rq, min_size=1, max_size=4, unique_by=lambda c: c.id).map(tuple),
    user_informations,
    any_uids,
    u16,
    st.just(bytes(32)) | st.binary(min_size=32, max_size=32),
    st.none(),
    unknown_items(0x10, 0x20, 0x50),
)
associate_acs = st.builds(
    AssociateAC,
    st.lists(presentation_contexts_ac, max_size=4).map(tuple),
    user_informations,
    st.none() | any_uids,
    u16,
    st.binary(min_size=64, max_size=64),
    unknown_items(0x10, 0x21, 0x50),
)
associate_rjs = st.builds(AssociateRJ, u8, u8, u8)
aborts = st.builds(Abort, u8, u8)


@st.composite
def p_data_tfs(draw: st.DrawFn, ids: st.SearchStrategy[int] = u8) -> PDataTF:
    """PDVs of one message: command fragments, then those of its data set."""
    context_id = draw(ids)
    commands = draw(st.integers(0, 3))
    data_sets = draw(st.integers(0 if commands else 1, 3))
    pdvs = []
    for index in range(commands + data_sets):
        is_command = index < commands
        ends_command = index == commands - 1 and (data_sets > 0 or draw(flags))
        ends_data_set = index == commands + data_sets - 1 and not is_command and draw(flags)
        control = (COMMAND if is_command else 0) | (LAST if ends_command or ends_data_set else 0)
        control |= draw(st.integers(0, 63)) << 2  # never checked
        pdvs.append(PDV(context_id, control, draw(short_bytes)))
    return PDataTF(tuple(pdvs))


release_rqs = st.just(ReleaseRQ())
release_rps = st.just(ReleaseRP())

pdus = st.one_of(
    associate_rqs, associate_acs, associate_rjs, p_data_tfs(), release_rqs, release_rps, aborts
)

# ------------------------------------------------------------------------- bad streams --


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes with a few of them changed, left out, doubled or put in."""
    found = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(found)))
        upto = at + draw(st.integers(0, 4))
        found[at:upto] = draw(st.binary(max_size=4) | st.just(bytes(found[at:upto]) * 2))
    return bytes(found)


@st.composite
def chunked(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """The bytes in pieces, none of them empty."""
    cuts = draw(st.lists(st.integers(0, len(data)), max_size=12))
    edges = sorted({0, len(data), *cuts})
    return [data[a:b] for a, b in itertools.pairwise(edges)]

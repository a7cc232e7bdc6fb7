"""DICOM files (PS3.10): where the data set begins, what it is, and whether it is all there.

    contents = contents_of(window)
    contents.transfer_syntax_uid, contents.sop_class_uid, contents.sop_instance_uid
    contents.spans      # where the data set's bytes lie, exactly as they are to be sent

Nothing is opened here: bytes come through a `Window`. What is read are headers: see `walk`.

Decisions where the standard is silent or practice is wider than it:
  - A file without file meta information, with or without the preamble, is a bare data set; its
    layout is found out (`walk.detect`). One whose file meta names no transfer syntax, likewise;
    and one whose file meta names another uncompressed one than the data set plainly has.
  - The SOP Class and Instance UIDs are those of the data set, (0008,0016) and (0008,0018), as a
    C-STORE-RQ must name what it carries; those of the file meta stand in where the data set has
    none. Where they disagree the data set's win.
  - A run of NULs behind the last element is padding of the file, not part of the data set, and is
    not sent. Anything else that is no element is an error. Data Set Trailing Padding (FFFC,FFFC)
    is an element like any other.
  - Elements of groups 0000 and 0002 and stray delimiters in the data set are not sent.
  - A deflated data set can't be checked for completeness without inflating all of it, so it
    isn't; only its head is inflated, for the UIDs.
"""

from __future__ import annotations

import contextlib

from dimse.errors import FilePath, InvalidFile, NotDICOM, Part10Error, Truncated
from dimse.objects.bounds import HEAD
from dimse.objects.filemeta import FileMeta, decode_file_meta
from dimse.objects.findings import Findings
from dimse.objects.layout import EXPLICIT_LITTLE, Layout, is_deflated, layout_of
from dimse.objects.walk import Span, Walk, detect, look_of
from dimse.objects.window import Window
from dimse.tables import uids
from dimse.tables.transfer_syntaxes import UNCOMPRESSED, describe
from dimse.tables.vrs import ELEMENT_HEADER_LENGTH
from dul.values import TYPE_CHECKING, dataclass

if TYPE_CHECKING:
    from typing import Literal, TypeAlias

__all__ = ["Contents", "FileForm", "contents_of"]

FileForm: TypeAlias = "Literal['any', 'file', 'data set']"
"""What a file may be: a DICOM file with file meta information, a bare data set, or either."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a DICOM file.

    Attributes:
        meta: the file meta information, None if the file has none.
        sop_class_uid: what the object is.
        sop_instance_uid: which one it is.
        transfer_syntax_uid: of the data set, from the file meta or found out.
        spans: where the data set lies in the file: positions and lengths, without padding of the
            file and what else is not to be sent.
        odd: whether there is an element or fragment of odd length, as far as the walk has seen.
        proven: whether it is known to be whole.
        warnings: what is wrong and tolerated.
    """

    meta: FileMeta | None
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    spans: tuple[Span, ...]
    odd: bool
    proven: bool
    warnings: tuple[str, ...]


def contents_of(
    window: Window,
    *,
    whole: bool = True,
    strict: bool = False,
    unproven: bool = False,
    form: FileForm = "any",
) -> Contents:
    """Find out what is in a DICOM file.

    Args:
        window: its bytes; there is at least one.
        whole: walk through the whole data set, so that a truncated or damaged file is found
            before a byte of it is sent. Without, only the head is looked at, and padding behind
            the data set and odd lengths go unnoticed.
        strict: refuse what is tolerated otherwise, with a warning.
        unproven: where it can't be told that the data set is whole, take all that is there, with a
            warning that says where the walk ended and why.
        form: see `FileForm`.

    Raises:
        NotDICOM: it is something else.
        Truncated: it ends before what it declares.
        InvalidFile: it is DICOM, but may not or can't be sent.
        All of them are `Part10Error`.
    """
    findings = Findings(window.path, strict=strict)
    meta, start = _file_meta(window, findings) if form != "data set" else (None, 0)
    if meta is None and form == "file":
        raise NotDICOM(window.path, "is no DICOM file: file meta information header missing")
    if start == window.size:
        # Eight bytes are the shortest element there is.
        raise Truncated(window.path, start, 8, window.size)
    uid = _transfer_syntax(window, start, meta, findings)
    proven = True
    if is_deflated(uid):
        walk = _walk_inflated_head(window, start)
        spans: tuple[Span, ...] = ((start, window.size - start),)
    else:
        walk = Walk(window, layout_of(uid), findings)
        try:
            walk.run(start, whole=whole)
            spans = tuple(walk.spans)
        except Part10Error as error:
            # With its UIDs it can be named, so that it can be sent; nothing else is known of it.
            if not unproven or None in {walk.sop_class_uid, walk.sop_instance_uid}:
                raise
            findings.unproven(error)
            proven = False
            spans = ((start, window.size - start),)
    if not spans:
        raise InvalidFile(window.path, f"there is no data set from byte {start} on")
    return Contents(
        meta,
        _which(
            window.path,
            "SOP Class UID (0008,0016)",
            walk.sop_class_uid,
            meta.media_storage_sop_class_uid if meta else None,
            findings,
        ),
        _which(
            window.path,
            "SOP Instance UID (0008,0018)",
            walk.sop_instance_uid,
            meta.media_storage_sop_instance_uid if meta else None,
            findings,
        ),
        uid,
        spans,
        walk.odd,
        proven,
        findings.warnings,
    )


def _file_meta(window: Window, findings: Findings) -> tuple[FileMeta | None, int]:
    """The file meta information if there is one, and where the data set begins."""
    start = 132 if window.size >= 132 and window.take(128, 4) == b"DICM" else 0
    head = window.take(start, 6)
    # Without a preamble, group 0002 is recognized by its first element, which has a VR. (The same
    # bytes are no beginning of a data set, as that may not have a group 0002.)
    if head[:2] == b"\2\0" and (start or head[4:6] in ELEMENT_HEADER_LENGTH):
        return decode_file_meta(window, start, findings)
    return None, start


def _transfer_syntax(window: Window, start: int, meta: FileMeta | None, findings: Findings) -> str:
    """How the data set is encoded: as the file meta says, unless the bytes plainly say otherwise."""
    named = meta.transfer_syntax_uid if meta is not None else None
    if named is None or not uids.is_sendable(named):
        found = _detected(window, start).uid
        if meta is not None:
            said = "no transfer syntax" if named is None else f"the transfer syntax {named!r}"
            findings.tolerate(start, f"the file meta names {said}; it is {describe(found)}")
        return found
    looks = look_of(window, start)
    if (
        named in UNCOMPRESSED
        and not is_deflated(named)
        and looks not in {None, layout_of(named)}
        and (seen := detect(window, start)) is not None
    ):
        findings.tolerate(
            start, f"the data set is {describe(seen.uid)}, and not {describe(named)} as is said"
        )
        return seen.uid
    return named


def _detected(window: Window, start: int) -> Layout:
    layout = detect(window, start)
    if layout is not None:
        return layout
    if start:
        raise InvalidFile(
            window.path,
            "the file names no transfer syntax, and none can be recognized. "
            "Export the object again",
        )
    raise NotDICOM(window.path, "is not a DICOM file: neither the prefix DICM nor a data set")


def _walk_inflated_head(window: Window, start: int) -> Walk:
    """Look for the UIDs in a deflated data set (PS3.5 A.5: no zlib header, RFC 1951 alone)."""
    # Few objects are deflated.
    import zlib  # noqa: PLC0415

    deflated = window.take(start, min(HEAD, window.size - start))
    try:
        head = zlib.decompressobj(-zlib.MAX_WBITS).decompress(deflated, HEAD)
    except zlib.error as error:
        raise InvalidFile(
            window.path,
            f"the data set from byte {start} on is no deflate stream ({error}), though the "
            "transfer syntax says so. Export the object again",
        ) from None
    walk = Walk(Window.over(window.path, head), EXPLICIT_LITTLE)
    with contextlib.suppress(Truncated):  # by us: what is behind the head was not inflated
        walk.run(0, whole=False)
    return walk


def _which(
    path: FilePath, what: str, own: str | None, of_meta: str | None, findings: Findings
) -> str:
    """The UID of the data set, or for want of one that of the file meta."""
    uid = own if own is not None else of_meta
    if uid is None or not uids.is_sendable(uid):
        raise InvalidFile(
            path,
            f"neither the data set nor the file meta has a {what}, so it can't be stored "
            "anywhere. It may be no image or document at all; leave it out",
        )
    if own != of_meta and of_meta is not None and own is not None:
        findings.tolerate(132, f"the file meta has another {what} than the data set: {of_meta}")
    return uid

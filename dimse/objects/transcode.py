"""Re-encode a data set between the uncompressed transfer syntaxes, value by value, undecoded.

Implicit VR Little Endian, Explicit VR Little Endian, Explicit VR Big Endian and Deflated Explicit
VR Little Endian, each into each; and from these into what `compress` can. Pixel data that are
compressed stay as they are: `CannotTranscode`.

pydicom's dictionary, with whatever `dictionary` installed in it, says which VR an element of an
Implicit VR data set has. pydicom's object model is not used: on writing it would decode and
encode again texts, numbers and ambiguous elements, leave the byte order of OW values as it was,
and hold the object in memory. Here a value's bytes reach the other side as they are, or with the
bytes of each word, of the size that the VR gives, in the opposite order. What changes beyond that:

- A value of odd length gets the byte that its VR is padded with (PS3.5 6.2, 7.1).
- Group length elements (gggg,0000) are left out. They are retired but for groups 0000 and 0002,
  and would be wrong (PS3.5 7.2).
- An element that the dictionary doesn't know, one with a VR that PS3.5 doesn't have, or a value
  too long for its VR, becomes UN in Explicit VR, with the same bytes (PS3.5 6.2.2). UN values are
  little endian by definition.
- VRs that depend on other elements are decided as PS3.5 Annex A says: OW where OB or OW is
  allowed, as it is in Implicit VR; US or SS by Pixel Representation; LUT Data US if it is one
  entry, else OW.

The same machinery makes odd lengths even in an object that is to keep its transfer syntax, also a
compressed one: DCMTK sends it so.

Memory: what is encoded anew without the values of more than 1 KiB, up to 8 MiB, then a temporary
file takes it; the longer values are read from the object when they are sent. For the deflated
syntax the inflated or the deflated data set is kept the same way.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack

from dimse.errors import CannotTranscode, InvalidFile, Truncated
from dimse.objects.bounds import CHUNK, DEFAULT_LEVEL, MAXIMUM_INFLATED
from dimse.objects.codecs import ENCODED
from dimse.objects.layout import EXPLICIT_LITTLE, is_deflated, layout_of
from dimse.objects.reencode import reencode
from dimse.objects.scratch import Scratch
from dimse.objects.sources import Encoded, Origin, Splice, SplicedSource, straight
from dimse.objects.walk import Walk
from dimse.tables.transfer_syntaxes import UNCOMPRESSED, describe
from dul.values import TYPE_CHECKING

if TYPE_CHECKING:
    from dimse.objects.rewrite import Rewriting

__all__ = ["CannotTranscode", "inflate", "transcode"]


def transcode(
    encoded: Encoded,
    to_uid: str,
    *,
    level: int = DEFAULT_LEVEL,
    form: Rewriting | None = None,
    before: int = 0,
) -> SplicedSource:
    """Encode a data set anew.

    Args:
        encoded: the data set; its origin is closed with the result, or if there is none.
        to_uid: the transfer syntax that it is to have; its own, to make odd lengths even.
        level: how hard deflating tries, 0 to 9.
        form: what is changed besides; None: nothing.
        before: bytes that will stand before it, for a form that pads the whole.

    Raises:
        CannotTranscode: this transfer syntax, or its own, is none that can be converted.
        Part10Error: the data set is damaged.
    """
    path, from_uid = encoded.path, encoded.transfer_syntax_uid
    with ExitStack() as undo:
        undo.callback(encoded.origin.close)
        compresses = from_uid in UNCOMPRESSED and to_uid in ENCODED
        for uid in (from_uid, to_uid):
            if from_uid != to_uid and uid not in UNCOMPRESSED and not compresses:
                why = f"{describe(uid)} is not one of the uncompressed transfer syntaxes"
                raise CannotTranscode(path, from_uid, [to_uid], why)
        try:
            if is_deflated(from_uid):
                encoded = _inflated(encoded, undo)
            if compresses:
                encoded = _compressed(encoded, to_uid, undo)
            source = _converted(encoded, to_uid, form, before)
            undo.callback(source.close)
            if is_deflated(to_uid):
                source = _deflated(source, undo, level)
        except OSError as error:
            # Reading the object raises errors of its own; this is the temporary file's.
            why = f"a temporary file in {tempfile.gettempdir()} fails: {error.strerror}"
            raise CannotTranscode(path, from_uid, [to_uid], why) from error
        undo.pop_all()
        return source


def _compressed(encoded: Encoded, to_uid: str, undo: ExitStack) -> Encoded:
    """The data set with its pixel data compressed."""
    # With pydicom and numpy behind it, and few peers need it.
    from dimse.objects.compress import compress  # noqa: PLC0415

    if layout_of(encoded.transfer_syntax_uid) is not EXPLICIT_LITTLE:
        encoded = _laid_out(encoded, undo)
    return compress(encoded, to_uid)


def _laid_out(encoded: Encoded, undo: ExitStack) -> Encoded:
    """A data set in Explicit VR Little Endian, of its own: where words are turned, none is beneath it."""
    laid = Scratch()
    undo.callback(laid.close)
    source = _converted(encoded, EXPLICIT_LITTLE.uid)
    chunk = memoryview(bytearray(CHUNK))
    while count := source.readinto(chunk):
        laid.append(chunk[:count])
    source.splice.new.close()
    origin = _Kept(laid, encoded.origin)
    return Encoded(encoded.path, origin, ((0, len(laid)),), EXPLICIT_LITTLE.uid)


def inflate(encoded: Encoded) -> Encoded:
    """A deflated data set in Explicit VR Little Endian; its origin is closed with the result.

    Raises:
        CannotTranscode, Part10Error: as `transcode`.
    """
    with ExitStack() as undo:
        inflated = _inflated(encoded, undo)
        undo.pop_all()
        return inflated


def _converted(
    encoded: Encoded, to_uid: str, form: Rewriting | None = None, before: int = 0
) -> SplicedSource:
    """From one layout to another, deflated or not being no matter here."""
    source, target = layout_of(encoded.transfer_syntax_uid), layout_of(to_uid)
    if form is not None:
        # Few objects are given another one.
        from dimse.objects.rewrite import rewrite  # noqa: PLC0415

        splice = rewrite(encoded.window(), encoded.spans, source, target, form, before=before)
        return SplicedSource(encoded.path, encoded.origin, splice)
    if source is target and not encoded.odd and len(encoded) % 2 == 0:
        return straight(encoded)
    splice = reencode(encoded.window(), encoded.spans, source, target)
    return SplicedSource(encoded.path, encoded.origin, splice)


class _Kept:
    """What was made of an object, and the object, which has to be the same at the end."""

    def __init__(self, made: Scratch, beneath: Origin) -> None:
        self._made = made
        self._beneath = beneath
        self.read = made.read
        self.finish = beneath.finish

    def close(self) -> None:
        self._made.close()
        self._beneath.close()


def _inflated(encoded: Encoded, undo: ExitStack) -> Encoded:
    """The data set inflated (RFC 1951; PS3.5 A.5), and walked through, as nobody has done before."""
    inflated = Scratch()
    undo.callback(inflated.close)
    for piece in _inflate(encoded):
        inflated.append(piece)
    path, uid = encoded.path, EXPLICIT_LITTLE.uid
    origin = _Kept(inflated, encoded.origin)
    walk = Walk(Encoded(path, origin, ((0, len(inflated)),), uid).window(), EXPLICIT_LITTLE)
    walk.run(0, whole=True)
    return Encoded(path, origin, tuple(walk.spans), uid, walk.odd)


def _inflate(encoded: Encoded) -> Iterator[bytes]:
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    source = straight(encoded)
    chunk = memoryview(bytearray(CHUNK))
    size = 0
    while not stream.eof:
        data = stream.unconsumed_tail
        if not data:
            data = bytes(chunk[: source.readinto(chunk)])
        try:
            piece = stream.decompress(data, CHUNK)
        except zlib.error as error:
            raise InvalidFile(encoded.path, f"the deflated data set is damaged: {error}") from error
        if not data and not piece:
            raise Truncated(encoded.path, encoded.spans[0][0], None, sum(encoded.spans[-1]))
        size += len(piece)
        if size > MAXIMUM_INFLATED:
            raise InvalidFile(
                encoded.path, f"the data set inflates to more than {MAXIMUM_INFLATED} bytes"
            )
        yield piece


def _deflated(source: SplicedSource, undo: ExitStack, level: int) -> SplicedSource:
    """The data set deflated, padded with one NUL to an even length (PS3.5 A.5)."""
    deflated = Scratch()
    undo.callback(deflated.close)
    stream = zlib.compressobj(level, wbits=-zlib.MAX_WBITS)
    chunk = memoryview(bytearray(CHUNK))
    while count := source.readinto(chunk):
        deflated.append(stream.compress(chunk[:count]))
    deflated.append(stream.flush())
    deflated.append(b"\0" * (len(deflated) % 2))
    source.splice.new.close()
    return SplicedSource(source.path, source.origin, Splice(deflated))

"""Which compressed transfer syntaxes can be decoded and encoded here: pydicom's codecs and their plugins.

pydicom, numpy and the plugins (extra `dulcet[codecs]`) are loaded when something is to be converted,
or somebody asks what could be; never by sending a file whose own transfer syntax is accepted.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping

from dimse.objects.layout import obstacle_between
from dimse.tables.transfer_syntaxes import TRANSFER_SYNTAXES, UNCOMPRESSED, describe
from dul.enumeration import Enum
from dul.values import TYPE_CHECKING, cast, dataclass

if TYPE_CHECKING:
    from typing import Any, Final

    from pydicom.pixels.decoders.base import Decoder
    from pydicom.pixels.encoders.base import Encoder

__all__ = [
    "ENCODED",
    "INSTALL_DECODERS",
    "LOSSY_METHODS",
    "Codec",
    "Decompress",
    "decode_frames",
    "decoders",
    "encode_frame",
    "obstacle_to_conversion",
    "obstacle_to_decoding",
    "obstacle_to_encoding",
    "said_by",
]

ENCODED: Final = (
    "1.2.840.10008.1.2.4.80",  # JPEG-LS Lossless
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 Lossless
    "1.2.840.10008.1.2.5",  # RLE Lossless
)
"""The transfer syntaxes into which pixel data are compressed, best first: those that lose nothing."""

INSTALL_DECODERS: Final = "pip install 'dulcet[codecs]'"
"""What somebody is told to do who has no decoder."""

LOSSY_METHODS: Final[Mapping[str, str]] = {
    "1.2.840.10008.1.2.4.50": "ISO_10918_1",
    "1.2.840.10008.1.2.4.51": "ISO_10918_1",
    "1.2.840.10008.1.2.4.81": "ISO_14495_1",
    "1.2.840.10008.1.2.4.91": "ISO_15444_1",
    "1.2.840.10008.1.2.4.93": "ISO_15444_2",
    "1.2.840.10008.1.2.4.203": "ISO_15444_15",
}
"""The transfer syntaxes that may have lost something, among those that pydicom may decode, each
with the defined term for Lossy Image Compression Method (PS3.3 C.7.6.1.1.5.1)."""


class Decompress(Enum):
    """What may be decompressed for a peer that does not accept a file's own transfer syntax."""

    NEVER = "nothing"
    LOSSLESS = "what was compressed without loss"
    LOSSY = "anything"


@dataclass(frozen=True, slots=True)
class Codec:
    """A decoder of pydicom's.

    Attributes:
        transfer_syntax_uid: what it decodes.
        plugins: those of its plugins that are installed here; with none it decodes nothing.
        missing: what the others lack.
    """

    transfer_syntax_uid: str
    plugins: tuple[str, ...]
    missing: tuple[str, ...]


def decoders() -> list[Codec]:
    """All compressed transfer syntaxes that pydicom knows a decoder for."""
    found = []
    for uid in TRANSFER_SYNTAXES:
        decoder = _decoder(uid)
        if decoder is not None and _is_compressed(uid):
            plugins, missing = decoder.available_plugins, decoder.missing_dependencies
            found.append(Codec(uid, tuple(plugins), tuple(missing)))
    return found


def obstacle_to_decoding(uid: str, allowed: Decompress) -> str | None:
    """What is in the way of decompressing this transfer syntax; None: nothing is."""
    if not _is_compressed(uid):
        return "nobody knows how its pixel data are encoded"
    if allowed is Decompress.NEVER:
        return "it is to be sent only as it is (--decompress-never)"
    if uid in LOSSY_METHODS and allowed is not Decompress.LOSSY:
        return "it may be compressed with loss, and only --decompress-lossy decompresses that"
    try:
        decoder = _decoder(uid)
    except ImportError as error:
        return f"there is no decoder ({error}); install one: {INSTALL_DECODERS}"
    if decoder is None:
        return "there is no decoder for it"
    if not decoder.is_available:
        return f"no decoder for it is installed; install one: {INSTALL_DECODERS}"
    return None


def obstacle_to_encoding(uid: str) -> str | None:
    """What is in the way of compressing into this transfer syntax; None: nothing is."""
    if uid not in ENCODED:
        return f"there is no way to encode into {describe(uid)}"
    try:
        encoder = _encoder(uid)
    except ImportError as error:
        return f"there is no encoder ({error}); install one: {INSTALL_DECODERS}"
    if not encoder.is_available:
        return f"no encoder for {describe(uid)} is installed; install one: {INSTALL_DECODERS}"
    return None


def obstacle_to_conversion(own: str, other: str, *, proven: bool = True) -> str | None:
    """What is in the way of converting an object as it lies there; compressed ones are not.

    Args:
        own: its transfer syntax.
        other: the one that is wanted.
        proven: whether it is known to be whole.
    """
    compressing = own in UNCOMPRESSED and other not in UNCOMPRESSED
    if compressing and proven:
        return obstacle_to_encoding(other)
    return obstacle_between(own, other, proven=proven)


def decode_frames(
    uid: str, source: io.RawIOBase, image: Mapping[str, Any]
) -> Iterator[tuple[bytes, Mapping[str, str | int]]]:
    """Decode compressed pixel data, a frame at a time.

    Args:
        uid: the transfer syntax.
        source: positioned at the Basic Offset Table.
        image: pydicom's decoding options: rows, columns, samples_per_pixel ...

    Yields:
        The frame, its words in little endian, its samples by pixel, YBR_FULL as RGB; and what has
        become of the options by it.

    Raises:
        Exception: whatever a decoder raises.
    """
    decoder = _decoder(uid)
    assert decoder is not None  # or there was an obstacle
    for array, properties in decoder.iter_array(cast("Any", source), as_rgb=True, **image):
        yield array.tobytes(), properties


def encode_frame(uid: str, frame: bytes, image: Mapping[str, Any]) -> bytes:
    """Compress one frame, and make sure that it can be had back bit by bit.

    Args:
        uid: one of `ENCODED`.
        frame: its samples by pixel, words in little endian.
        image: pydicom's options: rows, columns, samples_per_pixel ...; of one frame.

    Raises:
        ValueError: something of it would be lost.
        Exception: whatever an encoder raises.
    """
    from pydicom.encaps import encapsulate  # noqa: PLC0415 - heavy, as the rest of it

    encoder, decoder = _encoder(uid), _decoder(uid)
    assert decoder is not None  # each of `ENCODED` has one
    encoded = encoder.encode(frame, **image)
    options: Any = {**image, "pixel_keyword": "PixelData", "pixel_vr": "OB"}
    again, _ = decoder.as_array(encapsulate([encoded]), raw=True, **options)
    if again.tobytes() != frame:
        raise ValueError("what comes of it is not the same, bit by bit")
    return encoded


def said_by(error: BaseException) -> str:
    """What a codec says of its failure: the first lines of it."""
    lines = [each.strip() for each in str(error).splitlines() if each.strip()]
    return " ".join(lines[:2]) or type(error).__name__


def _is_compressed(uid: str) -> bool:
    syntax = TRANSFER_SYNTAXES.get(uid)
    return syntax is not None and syntax.pixel_data == "encapsulated"


def _decoder(uid: str) -> Decoder | None:
    # Heavy, with numpy behind it: see above.
    from pydicom.pixels.decoders.base import get_decoder  # noqa: PLC0415

    try:
        return get_decoder(uid)
    except NotImplementedError:
        return None


def _encoder(uid: str) -> Encoder:
    # Heavy as well.
    import logging  # noqa: PLC0415

    from pydicom.pixels.encoders.base import get_encoder  # noqa: PLC0415

    # They log what they raise, with a traceback; without a handler that goes to standard error.
    for name in ("pydicom", "openjpeg"):
        logging.getLogger(name).addHandler(logging.NullHandler())
    return get_encoder(uid)

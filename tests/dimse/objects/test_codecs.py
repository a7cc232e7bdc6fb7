"""Which transfer syntaxes can be decoded: what pydicom says, and what was allowed."""

from __future__ import annotations

import subprocess
import sys

from dimse.objects.codecs import LOSSY_METHODS, Decompress, decoders, obstacle_to_decoding
from dimse.tables.transfer_syntaxes import TRANSFER_SYNTAXES, UNCOMPRESSED

RLE = "1.2.840.10008.1.2.5"
PRIVATE = "1.2.3.4"


def test_every_decoder_is_of_a_compressed_syntax_and_has_plugins_or_lacks_some():
    found = {each.transfer_syntax_uid: each for each in decoders()}
    assert {RLE, "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.90"} <= found.keys()
    assert not found.keys() & set(UNCOMPRESSED)
    assert all(each.plugins or each.missing for each in found.values())
    assert found.keys() >= set(LOSSY_METHODS) - {"1.2.840.10008.1.2.4.93"}


def test_the_syntaxes_that_may_have_lost_something_are_called_so():
    for uid in LOSSY_METHODS:
        assert "Lossless" not in TRANSFER_SYNTAXES[uid].name.replace("Near-Lossless", "")


def test_what_nobody_can_decode():
    assert obstacle_to_decoding(PRIVATE, Decompress.LOSSY)
    assert "no decoder for it" in obstacle_to_decoding("1.2.840.10008.1.2.4.102", Decompress.LOSSY)


def test_a_refusal_by_the_user_does_not_load_pydicom():
    code = (
        "import sys; from dimse.objects.codecs import *\n"
        f"assert obstacle_to_decoding('{RLE}', Decompress.NEVER)\n"
        "assert 'pydicom' not in sys.modules and 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""+crf: the report of DCMTK's dcmsend, line by line; the expected text is what DCMTK's 3.6.7 writes."""

import re
from pathlib import Path

import pytest
from cli_peers import ScriptedPeer, storing

from cli import dcmsend, storescu

DICOM = Path(__file__).parents[2] / "fixtures" / "dicom"
CT, RLE = DICOM / "ct-explicit.dcm", DICOM / "mr-rle.dcm"
TEXT = DICOM / "faulty" / "not-dicom.txt"

THEIRS = f"""Detailed Report on the Transfer of Instances
============================================

Communication Peer : 127.0.0.1:PORT
AE Titles used     : DCMSEND -> ANY-SCP
Current Date/Time  : NOW


Number        : 1
Filename      : {CT}
SOP Instance  : 1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322
SOP Class     : 1.2.840.10008.5.1.4.1.1.2 = CTImageStorage
Original Xfer : 1.2.840.10008.1.2.1 = Little Endian Explicit
Dataset Size  : 38870 bytes
Association   : 1
Pres. Context : 1
Network Xfer  : 1.2.840.10008.1.2.1 = Little Endian Explicit
DIMSE Status  : 0x0000 (Success)

Number        : 2
Filename      : {RLE}
SOP Instance  : 1.3.6.1.4.1.5962.1.1.4.1.1.20040826185059.5457
SOP Class     : 1.2.840.10008.5.1.4.1.1.4 = MRImageStorage
Original Xfer : 1.2.840.10008.1.2.5 = RLE Lossless
Dataset Size  : 7440 bytes
Association   : 1
Pres. Context : 5
Network Xfer  : 1.2.840.10008.1.2.5 = RLE Lossless
DIMSE Status  : 0xa700 (Refused: OutOfResources)


Status Summary
--------------
Number of associations   : 1
Number of pres. contexts : 4
Number of SOP instances  : 2
- sent to the peer       : 2
  * with status SUCCESS  : 1
  * with status REFUSED  : 1
"""


def written(path):
    text = path.read_text()
    text = re.sub(r"(?<=127.0.0.1:)\d+", "PORT", text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "NOW", text)


def test_what_it_says(tmp_path):
    path = tmp_path / "report.txt"
    with ScriptedPeer(storing(0, 0xA700)) as peer:
        code = dcmsend.main(
            ["-nh", "+crf", str(path), "127.0.0.1", str(peer.port), str(CT), str(RLE)]
        )
    assert code == 0xA7
    assert written(path) == THEIRS


def test_what_is_not_sent_is_in_it(tmp_path):
    path = tmp_path / "report.txt"
    with ScriptedPeer(storing(0xA700)) as peer:
        storescu.main(["+crf", str(path), "127.0.0.1", str(peer.port), str(CT), str(RLE)])
    text = written(path)
    assert text.count("Number        : ") == 2
    assert f"Filename      : {RLE}\nDIMSE Status  : <not sent>\n" in text
    storescu.main(["-nh", "+crf", str(path), "127.0.0.1", str(peer.port), str(TEXT)])
    assert f"Filename      : {TEXT}\nDIMSE Status  : <not sent>\n" in written(path)


@pytest.mark.parametrize(("tool", "code"), [(storescu, 1), (dcmsend, 43)])
def test_one_that_can_not_be_begun(tool, code, tmp_path, capsys):
    path = tmp_path / "none" / "report.txt"
    assert tool.main(["+crf", str(path), "127.0.0.1", "1", str(CT)]) == code
    assert "cannot create report file: No such file or directory" in capsys.readouterr().err


def test_a_full_disk_is_said_before_anything_is_sent(capsys):
    assert storescu.main(["+crf", "/dev/full", "127.0.0.1", "1", str(CT)]) == 1
    assert "cannot create report file: No space left on device" in capsys.readouterr().err

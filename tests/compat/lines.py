"""The command lines that DCMTK's tools and ours are both given.

A file stands by its name in fixtures/dicom; PEER stands for host and port. Behaviours are those of
`receiver.BEHAVIOURS`. What may come of a line that is different is in `intended`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A command line.

    Attributes:
        tool: storescu or dcmsend.
        words: what follows its name, in one text.
        behaviour: of the receiver.
    """

    tool: str
    words: str
    behaviour: str = "all"

    @property
    def id(self) -> str:
        """For the test."""
        return f"{self.tool} {self.words} <{self.behaviour}>"


CT, MR, DOSE, RLE = "ct-explicit.dcm", "mr-explicit.dcm", "rtdose-implicit.dcm", "mr-rle.dcm"
J2K, BIG, SEG = "us-jpeg2000-lossless.dcm", "us-big-endian.dcm", "seg-explicit.dcm"
SR, DEFLATED, ECG = "sr-basic-explicit.dcm", "sc-deflated.dcm", "ecg-explicit.dcm"
JPEG, LOSSLESS = "sc-jpeg-baseline.dcm", "sc-jpeg-lossless.dcm"

_BOTH = ("storescu", "dcmsend")
# Of what is the same code in both tools dcmsend is given a part.
_OF_DCMSEND = (
    f"PEER {CT}", f"PEER {DOSE}", f"-v PEER {CT} {MR}", f"PEER {CT} {MR} {CT}", f"PEER {CT} -nip -nuc -ma",
    f"-nh PEER {CT} {MR} {CT}", f"PEER missing.dcm {CT}", f"-nh PEER missing.dcm {CT}", "PEER faulty",
    f"PEER README.md {CT}", f"+f PEER {CT}", f"PEER {RLE} {CT}", f"-vd PEER {CT}", f"+r PEER {CT}",
    f"+ma -dn PEER {CT} {RLE}", f"PEER {LOSSLESS}", f"-v PEER {CT}", f"PEER {SEG}",
)  # fmt: skip


def _lines() -> list[Line]:
    lines = []
    # Each file alone, and with the options of what is said.
    for tool in _BOTH:
        for file in (CT, DOSE, BIG):
            lines.append(Line(tool, f"PEER {file}"))
        for option in ("-v", "-q", "+v", "-d -v"):
            lines.append(Line(tool, f"{option} PEER {CT} {MR}"))
        lines += [
            Line(tool, f"PEER {CT} {MR} {DOSE} {SR} -aet ME -aec YOU"),
            Line(tool, f"-pdu 4096 --max-send-pdu 4096 PEER {CT}"),
            Line(tool, f"-nh PEER {CT} {MR} {CT}", "A700"),
            Line(tool, f"PEER {CT} {MR} {CT}", "A700"),
            Line(tool, f"-v PEER {CT} {MR}", "C000"),
            Line(tool, f"PEER {CT}", "0122"),
            Line(tool, f"-v PEER {CT} {MR}", "implicit"),
            Line(tool, f"PEER {BIG} {DOSE}", "implicit"),
            Line(tool, f"-v PEER {CT} {MR}", "no CT"),
            Line(tool, f"-v -nh PEER {CT} {MR}", "no CT"),
            Line(tool, f"-v PEER {CT}", "nothing"),
            Line(tool, f"-v PEER {CT}", "called unknown"),
            Line(tool, f"-v PEER {CT}", "busy"),
            Line(tool, f"-v PEER {CT} {MR}", "aborts 1"),
            Line(tool, f"PEER {CT} {MR} {CT}", "aborts 2"),
            Line(tool, f"PEER missing.dcm {CT}"),
            Line(tool, f"-nh PEER missing.dcm {CT}"),
            Line(tool, "PEER faulty"),
            Line(tool, f"PEER README.md {CT}"),
            Line(tool, f"PEER +sd +sp {CT} ."),
            Line(tool, f"PEER +sd +sp ct-exp*.dcm +r . -r {MR}"),
            Line(tool, f"+f PEER {CT}"),
            Line(tool, f"+fo PEER {CT} {MR}"),
            Line(tool, f"PEER {SEG}"),
            Line(tool, f"PEER {RLE} {CT}"),
            # What is wrong on the command line.
            Line(tool, f"-vd PEER {CT}"),
            Line(tool, f"PEER {CT} -pdu"),
            Line(tool, f"-pdu 7 PEER {CT}"),
            Line(tool, "PEER"),
            Line(tool, f"localhost 0 {CT}"),
            Line(tool, f"+r PEER {CT}"),
            Line(tool, f"+sp x PEER {CT}"),
            Line(tool, f"-v -ll info PEER {CT}"),
            Line(tool, f"-ll loud PEER {CT}"),
            Line(tool, f"-to -1 PEER {CT}"),
            Line(tool, f"@missing PEER {CT}"),
        ]
    lines += [Line("storescu", f"-R {option} PEER {CT} {MR}") for option in _PROPOSALS]
    lines += [
        Line("storescu", f"-R +C {option} PEER {CT}") for option in ("-x=", "-xe", "-xb", "-xi")
    ]
    lines += [
        Line("storescu", f"-R PEER {CT} {RLE}"),
        Line("storescu", f"-R PEER {CT} {SEG}"),
        Line("storescu", f"-R -xr PEER {RLE}"),
        Line("storescu", f"-R -xr -v PEER {RLE}", "explicit"),
        Line("storescu", f"-R -xv PEER {J2K}"),
        Line("storescu", f"-R -xs PEER {LOSSLESS}"),
        Line("storescu", f"-R -xd PEER {DEFLATED}"),
        Line("storescu", f"-xi PEER {CT}"),
        Line("storescu", f"--repeat 3 PEER {CT} {MR}"),
        Line("storescu", f"--repeat 0 PEER {CT}"),
        Line("storescu", f"--abort PEER {CT}"),
        Line("storescu", f"-tls -up +u -rn -r PEER {CT}"),
        Line("storescu", f"-xf a b -R PEER {CT}"),
        Line("storescu", f"-xf a b -xi PEER {CT}"),
        Line("storescu", f"-xf missing.cfg Default PEER {CT}"),
        Line("storescu", f"-xf /etc/dcmtk/storescu.cfg Default PEER {CT}"),
        Line("storescu", f"-xf /etc/dcmtk/storescu.cfg nope PEER {CT}"),
        Line("dcmsend", f"PEER {CT} -nip -nuc -ma"),
        Line("dcmsend", f"+ma -dn PEER {CT} {RLE}"),
        Line("dcmsend", f"PEER {LOSSLESS}", "explicit"),
        Line("dcmsend", f"-dn PEER {LOSSLESS}", "explicit"),
    ]
    return lines


_PROPOSALS = "-x= -xe -xb -xi -xs -xy -xx -xv -xw -xt -xu -xm -xh -xn -xl -x2 -x3 -xo -x4 -x5 -xr -xd".split()
LINES = [each for each in _lines() if each.tool == "storescu" or each.words in _OF_DCMSEND]

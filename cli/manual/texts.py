"""What a manual page says besides the options: examples, exit codes, the environment, what to read next."""

from __future__ import annotations

from dul.values import TYPE_CHECKING

from ..tool import DCMTK_DEFAULTS

if TYPE_CHECKING:
    from typing import Final

__all__ = ["ABOUT", "ENVIRONMENT", "EXAMPLES", "EXIT_CODES", "SPEC_CODES"]

ABOUT: Final = {
    "storescu": (
        "Sends DICOM files to a Storage SCP, in presentation contexts that are worked out from the files.",
        "A file whose transfer syntax is accepted goes out as it lies on the disk; others are converted.",
        "It takes the options of the historic OFFIS tool and DCMTK's spellings beside them.",
    ),
    "dcmsend": (
        "Sends DICOM files to a Storage SCP with the options and defaults of DCMTK's dcmsend.",
    ),
    "storescp": (
        "Receives DICOM objects from many peers at a time and stores each in a file of its own.",
        "A file is there whole or not at all; success is answered when it is safe on the disk.",
    ),
    "dcmrecv": (
        "Receives DICOM objects with the options and defaults of DCMTK's dcmrecv. Otherwise it is storescp.",
    ),
    "echoscu": ("Asks a DICOM peer with C-ECHO whether it answers.",),
    "storeindex": (
        "Makes the index that storescp --index keeps anew, of the files that are there.",
    ),
    "dulcet": (
        "Other packages install programs named storescu, storescp and echoscu, too; the last one owns the name.",
        "`dulcet storescu` is always ours. `dulcet doctor` says what hides what, and how to mend it.",
    ),
    "dulspec": (
        "Judges any DICOM product by what it does on the wire: Upper Layer (PS3.8), C-ECHO and C-STORE.",
        "Each case has its clause of the standard, and says what was wrong and why it matters.",
    ),
}
"""By program: paragraphs of its description."""

EXAMPLES: Final = {
    "storescu": (
        ("send files, say what is done", "storescu -v -c ARCHIVE pacs.example 104 ct.dcm mr.dcm"),
        ("a whole tree; go on when a file fails", "storescu +sd +r -nh pacs.example 104 cdrom/"),
        (
            "go on where it was killed",
            "storescu --journal sent.db +sd +r -nh pacs.example 104 cdrom/",
        ),
        (
            "change the patient while sending",
            "storescu --set PatientID=TEST-1 --remove PatientBirthDate localhost 11112 ct.dcm",
        ),
    ),
    "dcmsend": (("send a tree of files", "dcmsend -v +sd +r pacs.example 104 cdrom/"),),
    "storescp": (
        ("receive", "storescp -v -od incoming -fe .dcm 11112"),
        ("a directory for each study", "storescp -v -od incoming -su study 11112"),
        (
            "on any free port, for a script",
            "storescp --port-file port -od incoming 0",
        ),
    ),
    "dcmrecv": (("receive", "dcmrecv -v -od incoming 11112"),),
    "echoscu": (
        ("does it answer?", "echoscu -v pacs.example 104"),
        ("how fast, once a second until Ctrl-C", "echoscu -v -i 1 pacs.example 104"),
    ),
    "storeindex": (("make the index anew", "storeindex -v index.db incoming"),),
    "dulspec": (
        ("judge a product that listens", "dulspec scp localhost 11112 --html report.html"),
        ("judge one that calls", "dulspec scu --exec 'storescu {host} {port} {file}'"),
        ("what a case sends, and why", "dulspec show P.PDV.06"),
    ),
    "dulcet": (
        ("is it ours that the shell finds?", "dulcet doctor"),
        ("see it work", "dulcet demo"),
        ("completion in a shell that does not look for it", 'eval "$(dulcet completion bash)"'),
    ),
}
"""By program: what for, and the command."""

EXIT_CODES: Final = (
    ("0", "all was done: every file was stored, every echo answered"),
    ("1", "wrong usage; a file, dictionary or association error; the peer aborted or released"),
    (
        "2, 160-175, 192-207",
        "a failure status: its high byte (A700H gives 167, C000H 192); one of no class of PS3.7 Annex C gives 1",
    ),
    (
        "10",
        "the network was lost while an object was on its way: the connection broke, was closed or stood still",
    ),
    ("130, 143", "ended by Ctrl-C (SIGINT), by SIGTERM"),
)
"""Of the tools: that of the first failure, and never 0 when something was not stored."""

SPEC_CODES: Final = (
    ("0", "all passed"),
    ("1", "failures"),
    ("2", "the product cannot be judged, or wrong usage"),
    ("3", "interrupted"),
)
"""Of dulspec."""

ENVIRONMENT: Final = (
    (DCMTK_DEFAULTS, "if it is set: DCMTK's defaults where ours are others, as --dcmtk-defaults"),
    (
        "DCMDICTPATH",
        "data dictionaries in DCMTK's format, separated by colons, instead of the built-in one",
    ),
    ("NO_COLOR", "if it is set and not empty: no colour on a terminal"),
)
"""What the tools read of it."""

"""What may come of a command line that is different, and why; all of it is intended."""

from __future__ import annotations

REASONS = {
    "fixed-list": "storescu of DCMTK proposes 64 SOP classes without looking at the files, and has no context for the others; we propose what the files need",
    "as-it-is": "a file goes out as it lies on the disk where its own transfer syntax is accepted, for which it has a context of its own",
    "honest-exit": "DCMTK gives 0 although not everything was stored, ours the code of the first failure",
    "undefined-exit": "DCMTK gives an undefined number when the association is lost",
    "halts": "dcmsend of DCMTK goes on after a failure status even without -nh; ours stops, as -nh says",
    "ids": "message IDs count the messages; DCMTK counts the files that it did not send, too",
    "checked-first": "all files are looked at before the peer is called, and nothing is sent if one can't be, unless -nh is given",
    "released": "an association without contexts is released; DCMTK cuts the connection",
    "dots": "the line of dots is storescu's; ours has it under both names",
    "words": "the words differ, and the meaning does not",
    "wider": "what needs -v at DCMTK does nothing without it here",
}

# By command line: aspect and reason. What is listed must be there, and what is there must be listed.
DIFFERENCES: dict[str, dict[str, str]] = {
    "storescu PEER us-big-endian.dcm <all>": {"syntaxes": "as-it-is"},
    "storescu +v PEER ct-explicit.dcm mr-explicit.dcm <all>": {
        "associations": "wider",
        "titles": "wider",
        "objects": "wider",
        "exit": "wider",
        "end": "wider",
        "messages": "wider",
    },
    "storescu -nh PEER ct-explicit.dcm mr-explicit.dcm ct-explicit.dcm <A700>": {
        "exit": "honest-exit"
    },
    "storescu -v -nh PEER ct-explicit.dcm mr-explicit.dcm <no CT>": {
        "objects": "ids",
        "exit": "honest-exit",
        "messages": "ids",
    },
    "storescu -v PEER ct-explicit.dcm <nothing>": {"end": "released"},
    "storescu -v PEER ct-explicit.dcm mr-explicit.dcm <aborts 1>": {"exit": "undefined-exit"},
    "storescu PEER ct-explicit.dcm mr-explicit.dcm ct-explicit.dcm <aborts 2>": {
        "exit": "undefined-exit"
    },
    "storescu -nh PEER missing.dcm ct-explicit.dcm <all>": {
        "exit": "honest-exit",
        "messages": "words",
    },
    "storescu PEER README.md ct-explicit.dcm <all>": {
        "associations": "checked-first",
        "titles": "checked-first",
        "end": "checked-first",
        "messages": "checked-first",
    },
    "storescu PEER seg-explicit.dcm <all>": {
        "contexts": "fixed-list",
        "objects": "fixed-list",
        "exit": "fixed-list",
        "end": "fixed-list",
        "messages": "fixed-list",
    },
    "storescu PEER mr-rle.dcm ct-explicit.dcm <all>": {
        "objects": "as-it-is",
        "exit": "as-it-is",
        "end": "as-it-is",
        "messages": "as-it-is",
    },
    "storescu PEER <all>": {"messages": "words"},
    "storescu localhost 0 ct-explicit.dcm <all>": {"messages": "words"},
    "storescu -ll loud PEER ct-explicit.dcm <all>": {"messages": "words"},
    "storescu -to -1 PEER ct-explicit.dcm <all>": {"messages": "words"},
    "dcmsend PEER rtdose-implicit.dcm <all>": {"syntaxes": "as-it-is"},
    "dcmsend -v PEER ct-explicit.dcm mr-explicit.dcm <all>": {"dots": "dots"},
    "dcmsend -nh PEER ct-explicit.dcm mr-explicit.dcm ct-explicit.dcm <A700>": {
        "exit": "honest-exit"
    },
    "dcmsend PEER ct-explicit.dcm mr-explicit.dcm ct-explicit.dcm <A700>": {
        "objects": "halts",
        "exit": "honest-exit",
    },
    "dcmsend -v PEER ct-explicit.dcm mr-explicit.dcm <C000>": {
        "objects": "halts",
        "exit": "honest-exit",
        "messages": "halts",
    },
    "dcmsend PEER ct-explicit.dcm <0122>": {"exit": "honest-exit"},
    "dcmsend -v PEER ct-explicit.dcm mr-explicit.dcm <implicit>": {"dots": "dots"},
    "dcmsend -v PEER ct-explicit.dcm <nothing>": {"exit": "honest-exit", "messages": "words"},
    "dcmsend -v PEER ct-explicit.dcm mr-explicit.dcm <aborts 1>": {"dots": "dots"},
    "dcmsend PEER missing.dcm ct-explicit.dcm <all>": {"messages": "words"},
    "dcmsend -nh PEER missing.dcm ct-explicit.dcm <all>": {
        "exit": "honest-exit",
        "messages": "words",
    },
    "dcmsend PEER README.md ct-explicit.dcm <all>": {"messages": "checked-first"},
    "storescu -R -xd PEER ct-explicit.dcm mr-explicit.dcm <all>": {"syntaxes": "as-it-is"},
    "storescu -R PEER ct-explicit.dcm mr-rle.dcm <all>": {
        "objects": "as-it-is",
        "exit": "as-it-is",
        "end": "as-it-is",
        "messages": "as-it-is",
    },
    "storescu -R -xr -v PEER mr-rle.dcm <explicit>": {
        "objects": "as-it-is",
        "exit": "as-it-is",
        "end": "as-it-is",
        "messages": "as-it-is",
    },
    "dcmsend +ma -dn PEER ct-explicit.dcm mr-rle.dcm <all>": {
        "contexts": "as-it-is",
        "messages": "as-it-is",
    },
}

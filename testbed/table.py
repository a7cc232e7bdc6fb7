"""Table 9-10 of PS3.8 as the testbed's own data: 19 events by 13 states; `-` is a blank cell."""

EVENTS = {
    1: "A-ASSOCIATE request primitive (local user)",
    2: "Transport connection confirmation (local transport)",
    3: "A-ASSOCIATE-AC PDU received",
    4: "A-ASSOCIATE-RJ PDU received",
    5: "Transport connection indication (local transport)",
    6: "A-ASSOCIATE-RQ PDU received",
    7: "A-ASSOCIATE response primitive, accept (local user)",
    8: "A-ASSOCIATE response primitive, reject (local user)",
    9: "P-DATA request primitive (local user)",
    10: "P-DATA-TF PDU received",
    11: "A-RELEASE request primitive (local user)",
    12: "A-RELEASE-RQ PDU received",
    13: "A-RELEASE-RP PDU received",
    14: "A-RELEASE response primitive (local user)",
    15: "A-ABORT request primitive (local user)",
    16: "A-ABORT PDU received",
    17: "Transport connection closed indication (local transport)",
    18: "ARTIM timer expired",
    19: "Unrecognized or invalid PDU received",
}

_ROWS = """
#      Sta1   Sta2   Sta3   Sta4   Sta5   Sta6   Sta7   Sta8   Sta9   Sta10  Sta11  Sta12  Sta13
Evt1   AE-1   -      -      -      -      -      -      -      -      -      -      -      -
Evt2   -      -      -      AE-2   -      -      -      -      -      -      -      -      -
Evt3   -      AA-1   AA-8   -      AE-3   AA-8   AA-8   AA-8   AA-8   AA-8   AA-8   AA-8   AA-6
Evt4   -      AA-1   AA-8   -      AE-4   AA-8   AA-8   AA-8   AA-8   AA-8   AA-8   AA-8   AA-6
Evt5   AE-5   -      -      -      -      -      -      -      -      -      -      -      -
Evt6   -      AE-6   AA-8   -      AA-8   AA-8   AA-8   AA-8   AA-8   AA-8   AA-8   AA-8   AA-7
Evt7   -      -      AE-7   -      -      -      -      -      -      -      -      -      -
Evt8   -      -      AE-8   -      -      -      -      -      -      -      -      -      -
Evt9   -      -      -      -      -      DT-1   -      AR-7   -      -      -      -      -
Evt10  -      AA-1   AA-8   -      AA-8   DT-2   AR-6   AA-8   AA-8   AA-8   AA-8   AA-8   AA-6
Evt11  -      -      -      -      -      AR-1   -      -      -      -      -      -      -
Evt12  -      AA-1   AA-8   -      AA-8   AR-2   AR-8   AA-8   AA-8   AA-8   AA-8   AA-8   AA-6
Evt13  -      AA-1   AA-8   -      AA-8   AA-8   AR-3   AA-8   AA-8   AR-10  AR-3   AA-8   AA-6
Evt14  -      -      -      -      -      -      -      AR-4   AR-9   -      -      AR-4   -
Evt15  -      -      AA-1   AA-2   AA-1   AA-1   AA-1   AA-1   AA-1   AA-1   AA-1   AA-1   -
Evt16  -      AA-2   AA-3   -      AA-3   AA-3   AA-3   AA-3   AA-3   AA-3   AA-3   AA-3   AA-2
Evt17  -      AA-5   AA-4   AA-4   AA-4   AA-4   AA-4   AA-4   AA-4   AA-4   AA-4   AA-4   AR-5
Evt18  -      AA-2   -      -      -      -      -      -      -      -      -      -      AA-2
Evt19  -      AA-1   AA-8   -      AA-8   AA-8   AA-8   AA-8   AA-8   AA-8   AA-8   AA-8   AA-7
"""


def _read(text: str) -> dict[tuple[int, int], str]:
    table: dict[tuple[int, int], str] = {}
    for line in text.split("\n"):
        words = line.split()
        if not words or words[0] == "#":
            continue
        event = int(words[0].removeprefix("Evt"))
        for state, action in enumerate(words[1:], start=1):
            if action != "-":
                table[state, event] = action
    return table


#: (state, event) -> action, of the 123 cells that are not blank.
TABLE = _read(_ROWS)

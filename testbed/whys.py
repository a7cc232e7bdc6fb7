"""Why each group of cases is there: what goes wrong in the field when its rules are broken."""

WHY = {
    "P.TCP": "Connections that are never given back, or given back too soon, take an archive down under load.",
    "P.STA2": "What comes first is from anybody: scanners, browsers, misconfigured peers. The answer must be quick "
    "and the same for all, and a peer learns from an A-ABORT what a bare close leaves open.",
    "P.STA13": "The last moments of a connection are where late data is served twice and sockets leak.",
    "P.AC": "Requestors decide by the A-ASSOCIATE-AC what they send; a wrong field misleads every one of them.",
    "P.RQ": "The request is the one PDU an acceptor takes from strangers: it must be read kindly where the standard "
    "says so and refused where it is malformed, without reading past its end.",
    "P.NEG": "Negotiated values bind both ends; an answer outside the offer makes the peer's data unusable.",
    "P.STA3": "A requestor that does not wait is wrong, and yet must not confuse the acceptor.",
    "P.STA6": "A peer out of step must be told so by an A-ABORT; going on means that data is attributed wrongly.",
    "P.PDV": "Fragments are where buffers are sized and copied: most of the published faults of DICOM stacks are here.",
    "P.CMD": "The command set says what the data is; guessing at a damaged one stores or loses the wrong object.",
    "P.STO": "An object that was acknowledged is deleted at its source: success must mean that it is whole and safe.",
    "P.TLS": "A TLS port that can be talked down, or talked to without TLS, protects nobody.",
    **dict.fromkeys(
        ("P.B10", "P.B11", "P.B12", "P.B13"),
        "Two products agree on a cipher only if both have one of the same profile; hospitals ask which one that is.",
    ),
    "U.RQ": "Acceptors read strictly or kindly; a right request works with all of them.",
    "U.S5": "A requestor that hides a rejection makes its user believe that images were sent.",
    "U.AC": "Acceptors in the field answer in odd ways; a requestor lives with what is harmless and uses nothing that "
    "was not properly accepted.",
    "U.S6": "What comes instead of a response must end as a failure that the user sees.",
    "U.REL": "Released too early, the last object may be lost; never released, the acceptor's slot is.",
    "U.DIM": "Only the response says whether an object is safe: a wrong, late or damaged one is no success.",
    "U.TLS": "A requestor that takes any server, or falls back, sends patients' data to anybody.",
    "M.P": "The state table is the protocol: each cell that a peer can bring about is tried once.",
    "M.U": "The state table is the protocol: each cell that a peer can bring about is tried once.",
}  # fmt: skip


def why(id_: str) -> str:
    """The reason of a case's group."""
    return WHY[".".join(id_.split(".")[:2])]

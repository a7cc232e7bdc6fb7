"""Write sample-scp.json: a small result with one case of each kind, for the tests of the reports."""

from pathlib import Path

from testbed import messages, raw
from testbed.model import Cell
from testbed.observe import LogEntry
from testbed.result_files import save
from testbed.results import CaseResult, Report, RunResult, Unreached, wire_rows
from testbed.timings import timing
from testbed.verdicts import Level, Sub, Verdict

ECHO = messages.command_pdu(messages.echo_rq())


def case(id, clause, level, title, verdict, seen, log, **fields):
    run_fields = {key: fields.pop(key) for key in ("close", "close_seconds") if key in fields}
    sub, message = fields.get("sub", Sub.NONE), fields.get("message", "")
    run = RunResult("", verdict, sub, message, seen, wire=wire_rows(log), **run_fields)
    return CaseResult(
        id, "scp", clause, level, title, f"The requirement of {id}.",
        ["pass: AB(0,*)", "non-strict: AB(2,*)  - wrong source"], verdict, runs=[run],
        attempts=[verdict], **fields,
    )  # fmt: skip


def sample() -> Report:
    abort = [
        LogEntry(0.0, "note", b"", "connected from port 40000"),
        LogEntry(0.001, "sent", raw.associate_ac(), "A-ASSOCIATE-AC"),
        LogEntry(0.004, "received", raw.abort(2, 2), ""),
        LogEntry(0.005, "note", b"", "peer closes (FIN)"),
    ]
    echo = [
        LogEntry(0.0, "sent", raw.associate_rq(), "A-ASSOCIATE-RQ"),
        LogEntry(0.002, "received", raw.associate_ac(), ""),
        LogEntry(0.003, "sent", ECHO, "C-ECHO-RQ"),
        LogEntry(0.004, "received", messages.command_pdu(messages.echo_rsp()), ""),
    ]
    store = [*echo[:2], LogEntry(0.1, "sent", messages.data_pdu(messages.ct_data_set()), "data")]
    req, rec = Level.REQUIRED, Level.RECOMMENDED
    target = {"name": "sample peer", "host": "127.0.0.1", "port": 11112, "exec": "",
              "implementation_class": "1.2.3", "implementation_version": "SAMPLE_1",
              "max_length": 16384, "concurrent": True, "artim": 30.0}  # fmt: skip
    settings = {"timeout": 2.0, "artim_max": 60.0, "strict": False, "lenient": False}
    report = Report("scp", target, settings, "2026-01-01T00:00:00Z", 12.5, complete=True)
    report.baseline = {"first": "pass", "last": "pass"}
    report.cases = [
        case("P.STA2.01", "PS3.8 9.2.3 Evt3/Sta2 AA-1", req, "A-ASSOCIATE-AC as the first PDU",
             Verdict.NON_STRICT, "AB(2,2) CLOSE", abort, sub=Sub.WRONG_SOURCE, close="peer FIN",
             close_seconds=0.004, message="AB(2,2) CLOSE: wrong source", seconds=0.2),
        case("P.STA2.07", "PS3.8 9.2.3 Evt19/Sta2 AA-1", req, "Undefined PDU types", Verdict.FAIL,
             "OPEN", abort[:1], sub=Sub.HANG, close="open", message="no answer in 2 s", seconds=2.0),
        case("P.CMD.01", "PS3.7 6.3.1,9.3.5.2,E.1", req, "C-ECHO", Verdict.PASS,
             "C-ECHO-RSP(0000)", echo, close="tester", seconds=0.1),
        case("P.STO.06", "PS3.4 B.2.3 A9xx", rec, "Instance UID differs", Verdict.UNSUPPORTED, "",
             store, message="CT Image Storage was not accepted"),
        case("P.TLS.01", "PS3.15 B.12", req, "TLS 1.2", Verdict.SKIP, "", [], message="needs --tls"),
        case("P.RQ.12", "PS3.8 9.3.2.1", rec, "No application context", Verdict.FAIL, "CLOSE",
             abort[:1], sub=Sub.CLOSE_ONLY, close="peer RST", xfail="known, reported upstream"),
        case("M.P.Sta6.Evt3", "PS3.8 9.2.3 Evt3/Sta6 AA-8", req, "A-ASSOCIATE-AC in Sta6",
             Verdict.PASS, "AB(2,2) CLOSE", abort, cell=Cell(6, 3, "AA-8"), close="peer FIN"),
        case("M.P.Sta6.Evt19", "PS3.8 9.2.3 Evt19/Sta6 AA-8", req, "Unrecognized PDU in Sta6",
             Verdict.FAIL, "CLOSE", abort[:2], cell=Cell(6, 19, "AA-8"), sub=Sub.CLOSE_ONLY,
             message="closed without an A-ABORT", close="peer FIN"),
    ]  # fmt: skip
    report.unreached = [Unreached("scp", Cell(7, 3, "AA-8"), "the product would have to release")]
    report.timings = [
        timing("A-ASSOCIATE-RQ to A-ASSOCIATE-AC", [0.002, 0.003]),
        timing("ARTIM in Sta2", [30.0]),
    ]
    return report


if __name__ == "__main__":
    save(sample(), Path(__file__).with_name("sample-scp.json"))

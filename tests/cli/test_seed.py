"""The seed: every sentence of storescu's old manual page, quoted by the test that proves it.

The manual page is `fixtures/standard/storescu-seed.txt`. `test_every_sentence_has_a_test` takes it
apart and looks for each piece among the docstrings of this file.
"""

import re
import select
import subprocess
import threading
from pathlib import Path

import pytest
from cli_peers import ABORT, RELEASE_RQ, ScriptedPeer, rejecting, storing

from cli import storescu
from dimse.server import Server
from dimse.storage.spool import Spool
from dimse.tables import dictionary
from testbed import messages, raw
from testbed.parse import uid_text

ROOT = Path(__file__).parents[2]
SEED = (ROOT / "fixtures" / "standard" / "storescu-seed.txt").read_text()
DICOM = ROOT / "fixtures" / "dicom"
CT, MR = DICOM / "ct-explicit.dcm", DICOM / "mr-explicit.dcm"

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"


def send(*arguments):
    return storescu.main([str(each) for each in arguments])


def request_of(*arguments):
    """The A-ASSOCIATE-RQ that these arguments lead to."""
    seen = []

    def script(dialogue):
        seen.append(dialogue.accept())
        dialogue.store()
        dialogue.end()

    with ScriptedPeer(script) as peer:
        send("-q", *arguments, "127.0.0.1", peer.port, CT)
    return seen[0]


# --------------------------------------------------------------------- NAME and SYNOPSIS --


def test_synopsis(capsys):
    """storescu

    storescu [options] peer port file ...
    """
    send()
    assert "usage: storescu [options] peer port file...\n" in capsys.readouterr().out


# ------------------------------------------------------------------------------- SUMMARY --


def test_scu_for_the_storage_service_class():
    """The storescu application implements an SCU for the Storage Service Class."""
    with ScriptedPeer(storing(0)) as peer:
        assert send("127.0.0.1", peer.port, CT) == 0
    context, command, _ = peer.dialogues[0].stores[0]
    assert context % 2 == 1
    assert command.us(0x0100) == messages.C_STORE
    assert command.faults == ()
    assert command.has_data_set


def test_a_c_store_for_each_file_and_a_wait_for_its_response():
    """For each image file command line parameter it sends a C-STORE message to a Storage SCP
    and waits for a response.
    """
    overtaking = []

    def script(dialogue):
        dialogue.accept()
        for _ in (CT, MR, CT):
            context, command = dialogue.command()
            dialogue.data_set()
            # Nothing may follow before the response.
            overtaking.extend(select.select([dialogue.wire.sock], [], [], 0)[0])
            dialogue.stores.append((context, command, b""))
            dialogue.answer(context, command, 0)
        dialogue.end()

    with ScriptedPeer(script) as peer:
        assert send("127.0.0.1", peer.port, CT, MR, CT) == 0
    assert overtaking == []
    instances = [command.uid(0x1000) for _, command, _ in peer.dialogues[0].stores]
    assert instances[0] == instances[2] != instances[1]


def test_images_arrive(tmp_path):
    """The application can be used to transmit DICOM images."""
    with Server(Spool(tmp_path).open, host="127.0.0.1") as server:
        assert send("127.0.0.1", server.address[1], CT, MR) == 0
    stored = {path.name[:2]: path.read_bytes() for path in tmp_path.iterdir()}
    for name, path in (("CT", CT), ("MR", MR)):
        content = path.read_bytes()
        data_set = content[144 + int.from_bytes(content[140:144], "little") :]
        assert stored[name].endswith(data_set)


# --------------------------------------------------------------------------------- USAGE --


def test_usage_summary_without_parameters(capsys, python, spawn_environment):
    """Invoking the storescu application without any parameters will cause it to display an
    invocation syntax summary.
    """
    assert send() == 0
    said = capsys.readouterr()
    assert said.err == ""
    process = subprocess.run(
        [python, "-m", "cli.storescu"],
        capture_output=True,
        check=True,
        text=True,
        env=spawn_environment,
    )
    assert process.stdout == said.out


def test_all_parameters_and_options_together():
    """The storescu application accepts the following command line parameters and options:

    storescu [options] peer port file ...

    parameters:
    options:
    """
    arguments = ["-r", 2, "-v", "-d", "-a", "-b", 8192, "-t", "ME", "-c", "YOU"]
    with ScriptedPeer(storing(0, 0, 0, 0, ends=ABORT)) as peer:
        assert send(*arguments, "127.0.0.1", peer.port, CT, MR) == 0


def test_peer(capsys):
    """peer         hostname of dicom peer"""
    with ScriptedPeer(storing(0)) as peer:
        assert send("localhost", peer.port, CT) == 0
    assert send("no such host", 104, CT) == 1
    assert "cannot find host 'no such host'" in capsys.readouterr().err


def test_port():
    """port         tcp/ip port number of peer"""
    with ScriptedPeer(storing(0)) as peer, ScriptedPeer(rejecting(1, 1, 1)) as other:
        assert send("127.0.0.1", peer.port, CT) == 0
        assert send("-q", "127.0.0.1", other.port, CT) == 1


def test_file(capsys):
    """file         dicom image file"""
    assert send("127.0.0.1", 104, "/no/such/file") == 1
    assert "F: cannot access file: /no/such/file" in capsys.readouterr().err


def test_option_r():
    """-r n         repeat n times"""
    with ScriptedPeer(storing(0, 0, 0)) as peer:
        assert send("-r", 3, "127.0.0.1", peer.port, CT) == 0
    assert len({data for _, _, data in peer.dialogues[0].stores}) == 1


def test_option_v(capsys):
    """-v           verbose mode"""
    with ScriptedPeer(storing(0), storing(0)) as peer:
        send("127.0.0.1", peer.port, CT)
        assert capsys.readouterr().err == ""
        send("-v", "127.0.0.1", peer.port, CT)
    said = capsys.readouterr().err
    assert "I: Requesting Association\n" in said
    assert "I: Received Store Response (Success)\n" in said
    assert "D: " not in said


def test_option_d(capsys):
    """-d           debug mode"""
    with ScriptedPeer(storing(0)) as peer:
        send("-d", "127.0.0.1", peer.port, CT)
    said = capsys.readouterr().err
    assert "I: Requesting Association\n" in said
    assert "D: A-ASSOCIATE-RQ\n" in said
    assert "D: sent C-STORE-RQ\n" in said


def test_option_a():
    """-a           abort association"""
    with ScriptedPeer(storing(0, ends=RELEASE_RQ), storing(0, ends=ABORT)) as peer:
        assert send("127.0.0.1", peer.port, CT) == 0
        assert send("-a", "127.0.0.1", peer.port, CT) == 0


def test_option_b():
    """-b n         set max receive pdu to n bytes (default: 16K)"""
    assert request_of().max_length == 16 * 1024
    assert request_of("-b", 32768).max_length == 32768
    assert request_of("-b", 28672).max_length == 28672


def test_a_response_longer_than_the_announced_maximum_is_refused():
    """-b n         set max receive pdu to n bytes (default: 16K)"""

    def script(dialogue):
        dialogue.accept()
        context, command = dialogue.command()
        dialogue.data_set()
        dialogue.answer(context, command, 0, "x" * 64)
        # PS3.8 Table 9-26: provider, invalid PDU parameter value
        assert dialogue.pdu(ABORT).data == raw.abort(2, 6)

    with ScriptedPeer(script) as peer:
        assert send("-q", "-b", 64, "127.0.0.1", peer.port, CT) == 1


def test_option_t():
    """-t title     my calling AE title (default: STORESCU)"""
    assert request_of().calling_ae_title == b"STORESCU        "
    assert request_of("-t", "MY TITLE").calling_ae_title == b"MY TITLE        "


def test_option_c():
    """-c title     called AE title of peer (default: ANY-SCP)"""
    assert request_of().called_ae_title == b"ANY-SCP         "
    assert request_of("-c", "ARCHIVE").called_ae_title == b"ARCHIVE         "


# --------------------------------------------------------------------- DICOM CONFORMANCE --


def table(after, count):
    """The UIDs in the lines that follow a sentence."""
    text = SEED[re.search(after, SEED).end() :]
    found = re.findall(r'^ +\w+\s+"([0-9.]+)"$', text, re.MULTILINE)[:count]
    assert len(found) == count
    return found


SOP_CLASSES = table(r"Storage SOP Classes as an SCU:", 17)
SYNTAXES = table(r"transfer\s+syntaxes:", 3)


@pytest.fixture(scope="module")
def proposed():
    """(abstract syntax, transfer syntaxes) of the contexts proposed for one CT file, in order."""
    contexts = request_of().contexts
    return [
        (uid_text(each.abstracts[0]), [uid_text(one) for one in each.transfers])
        for each in contexts
    ]


def test_supported_sop_classes(proposed):
    """The storescu application supports the following Storage SOP Classes as an SCU:

    ComputedRadiographyImageStorage		"1.2.840.10008.5.1.4.1.1.1"
    CTImageStorage				"1.2.840.10008.5.1.4.1.1.2"
    MRImageStorage				"1.2.840.10008.5.1.4.1.1.4"
    NuclearMedicineImageStorage			"1.2.840.10008.5.1.4.1.1.20"
    RETIRED_NuclearMedicineImageStorage		"1.2.840.10008.5.1.4.1.1.5"
    UltrasoundImageStorage			"1.2.840.10008.5.1.4.1.1.6.1"
    RETIRED_UltrasoundImageStorage		"1.2.840.10008.5.1.4.1.1.6"
    UltrasoundMultiframeImageStorage		"1.2.840.10008.5.1.4.1.1.3.1"
    RETIRED_UltrasoundMultiframeImageStorage	"1.2.840.10008.5.1.4.1.1.3"
    SecondaryCaptureImageStorage		"1.2.840.10008.5.1.4.1.1.7"
    XRayAngiographicImageStorage		"1.2.840.10008.5.1.4.1.1.12.1"
    XRayAngiographicBiPlaneImageStorage		"1.2.840.10008.5.1.4.1.1.12.3"
    XRayFluoroscopyImageStorage			"1.2.840.10008.5.1.4.1.1.12.2"
    StandaloneOverlayStorage			"1.2.840.10008.5.1.4.1.1.8"
    StandaloneCurveStorage			"1.2.840.10008.5.1.4.1.1.9"
    StandaloneModalityLUTStorage		"1.2.840.10008.5.1.4.1.1.10"
    StandaloneVOILUTStorage			"1.2.840.10008.5.1.4.1.1.11"
    """
    assert [abstract for abstract, _ in proposed[:17]] == SOP_CLASSES


@pytest.mark.parametrize("sop_class", SOP_CLASSES)
@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT])
def test_each_sop_class_can_be_sent(sop_class, syntax, tmp_path):
    """The storescu application supports the following Storage SOP Classes as an SCU:"""
    elements = messages.ct_elements("2.25.5", sop_class=sop_class)
    path = tmp_path / "bare"
    path.write_bytes(messages.data_set(elements, explicit=syntax == EXPLICIT))
    with ScriptedPeer(storing(0)) as peer:
        assert send("127.0.0.1", peer.port, path) == 0
    _, command, data = peer.dialogues[0].stores[0]
    assert command.uid(0x0002) == sop_class
    assert data == path.read_bytes()


def test_proposed_transfer_syntaxes(proposed):
    """The storescu application will propose presentation contexts for all of the abovementioned
    supported SOP Classes using the transfer syntaxes:

    LittleEndianImplicitTransferSyntax	"1.2.840.10008.1.2"
    LittleEndianExplicitTransferSyntax	"1.2.840.10008.1.2.1"
    BigEndianExplicitTransferSyntax	"1.2.840.10008.1.2.2"
    """
    assert SYNTAXES == [IMPLICIT, EXPLICIT, BIG]
    assert [syntaxes for _, syntaxes in proposed[:17]] == [SYNTAXES] * 17
    # Besides them only what the file itself needs to go out as it is.
    assert proposed[17:] == [(SOP_CLASSES[1], [EXPLICIT])]


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
def test_each_transfer_syntax_can_be_sent(syntax):
    """The storescu application will propose presentation contexts for all of the abovementioned
    supported SOP Classes using the transfer syntaxes:
    """

    def script(dialogue):
        dialogue.accept(lambda _, offered: syntax if syntax in offered else None)
        dialogue.store()
        dialogue.end()

    with ScriptedPeer(script) as peer:
        assert send("127.0.0.1", peer.port, CT) == 0
    data = peer.dialogues[0].stores[0][2]
    assert data[:4] == (b"\x00\x08\x00\x05" if syntax == BIG else b"\x08\x00\x05\x00")
    assert (data[4:6] == b"CS") is (syntax != IMPLICIT)


def test_no_extended_negotiation():
    """The storescu application does not support extended negotiation."""
    request = request_of()
    extended = {0x53, 0x54, 0x56, 0x57, 0x58}
    assert not extended & {each.type for each in request.user_items}
    assert {each.type for each in request.user_items} == {0x51, 0x52, 0x55}


# --------------------------------------------------------------------------- ENVIRONMENT --

TAG, VALUE = 0x00191010, b"12  "


@pytest.fixture
def private(tmp_path):
    """Makes an Implicit VR file with a private element, and a dictionary that knows its VR."""

    def make(creator, vr="DS"):
        path, dic = tmp_path / f"{creator}.dcm", tmp_path / f"{creator}.dic"
        elements = messages.ct_elements("2.25.5")
        block = [(0x00190010, "LO", messages.text(creator)), (TAG, vr, VALUE)]
        path.write_bytes(messages.data_set(sorted(elements + block)))
        dic.write_text(f'(0019,"{creator}",10)\t{vr}\tSomething\t1\tPRIVATE\n')
        return path, dic

    return make


def vr_sent(path):
    """The VR that the private element gets when the peer wants Explicit VR Little Endian."""

    def script(dialogue):
        dialogue.accept(lambda _, offered: EXPLICIT if EXPLICIT in offered else None)
        dialogue.store()
        dialogue.end()

    with ScriptedPeer(script) as peer:
        assert send("127.0.0.1", peer.port, path) == 0
    data = peer.dialogues[0].stores[0][2]
    at = data.index(b"\x19\x00\x10\x10")
    return data[at + 4 : at + 6].decode()


def test_dictionaries_of_dcmdictpath(private, monkeypatch):
    """The storescu application will attempt to load DICOM data dictionaries specified in the
    DCMDICTPATH environment variable.
    """
    path, dic = private("DULCET SEED 1")
    assert vr_sent(path) == "UN"  # nobody knows it
    monkeypatch.setenv("DCMDICTPATH", str(dic))
    assert vr_sent(path) == "DS"


def test_default_dictionary(private, monkeypatch):
    """By default, if the DCMDICTPATH environment variable is not set, the file
    /usr/local/dicom/lib/dicom.dic will be loaded.
    """
    assert dictionary.DEFAULT_FILE == "/usr/local/dicom/lib/dicom.dic"
    path, dic = private("DULCET SEED 2")
    monkeypatch.setattr(dictionary, "DEFAULT_FILE", str(dic))
    assert vr_sent(path) == "DS"


def test_an_alternative_replaces_the_default(private, monkeypatch):
    """The default behaviour should be preferred and the DCMDICTPATH environment variable only
    used when alternative data dictionaries are required.
    """
    path, dic = private("DULCET SEED 3")
    _, alternative = private("DULCET SEED 4")
    monkeypatch.setattr(dictionary, "DEFAULT_FILE", str(dic))
    monkeypatch.setenv("DCMDICTPATH", str(alternative))
    assert vr_sent(path) == "UN"  # the default file was not loaded
    monkeypatch.setenv("DCMDICTPATH", "")  # as good as unset
    assert vr_sent(path) == "DS"


def test_a_colon_separates_entries(private, monkeypatch):
    """The DCMDICTPATH environment variable has the same format as the shell PATH variable in
    that a colon (":") separates entries.
    """
    first, first_dic = private("DULCET SEED 5")
    second, second_dic = private("DULCET SEED 6", "IS")
    monkeypatch.setenv("DCMDICTPATH", f"{first_dic}::{second_dic}:")
    assert (vr_sent(first), vr_sent(second)) == ("DS", "IS")


def test_each_file_is_tried(private, monkeypatch, tmp_path, capsys):
    """The data dictionary code will attempt to load each file specified in the DCMDICTPATH
    environment variable.
    """
    path, dic = private("DULCET SEED 7")
    monkeypatch.setenv("DCMDICTPATH", f"{tmp_path}/missing.dic:{dic}")
    assert vr_sent(path) == "DS"
    assert f"W: DcmDataDictionary: {tmp_path}/missing.dic: " in capsys.readouterr().err


def test_no_dictionary_is_an_error(monkeypatch, tmp_path, capsys):
    """It is an error if no data dictionary can be loaded."""
    called = threading.Event()
    monkeypatch.setenv("DCMDICTPATH", f"{tmp_path}/missing.dic")
    monkeypatch.setattr("dimse.client.Client.associate", lambda *_: called.set())
    assert send("127.0.0.1", 104, CT) == 1
    assert "F: no data dictionary loaded, check environment variable: DCMDICTPATH\n" in (
        capsys.readouterr().err
    )
    assert not called.is_set()


# ------------------------------------------------------------------------------ the whole --


def pieces(text):
    """The seed's sentences and lines, one by one, up to AUTHOR."""
    body = text[: text.index("AUTHOR")]
    for block in re.split(r"\n\s*\n", body):
        lines = [line for line in block.split("\n") if line.strip()]
        prose = " ".join(line.strip() for line in lines)
        if not lines or re.fullmatch(r"[A-Z ]+", prose):
            continue  # a heading
        # Tables have lines of their own; what runs on is prose.
        table = any(re.match(r"    \S.*?(  |\t)\s*\S", line) for line in lines)
        sentences = lines if table else re.split(r"(?<=[.:])\s+(?=[A-Z])", prose)
        yield from (normal(each) for each in sentences)


def normal(text):
    return " ".join(text.split())


def test_every_sentence_has_a_test():
    found = list(pieces(SEED))
    assert len(found) == 49
    tests = [each for name, each in globals().items() if name.startswith("test_")]
    quoted = [normal(test.__doc__) for test in tests if test.__doc__]
    missing = [piece for piece in found if not any(piece in each for each in quoted)]
    assert missing == []

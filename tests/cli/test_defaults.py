"""--dcmtk-defaults: each default that is DCMTK's, tool by tool, and what it comes to."""

import pytest
from cli_peers import ScriptedPeer, storing

from cli.dcmsend import DcmsendSettings
from cli.echoscu import EchoscuSettings
from cli.grammar.declaration import UsageError
from cli.grammar.parsing import parse
from cli.storescu import StorescuSettings, main
from dimse import EXPLICIT_FIRST, Decompress

TOOLS = [StorescuSettings, DcmsendSettings, EchoscuSettings]
LONG = "A-TITLE-OF-MORE-THAN-16"


@pytest.mark.parametrize("kind", TOOLS)
@pytest.mark.parametrize("by", ["option", "environment"])
def test_times_have_no_limit_and_titles_are_cut(kind, by):
    tokens = ["-aet", LONG, "peer", "104", "-aec", LONG]
    if kind is not EchoscuSettings:
        tokens.append("file")
    if by == "option":  # wherever it stands
        tokens.append("--dcmtk-defaults")
    found = parse(kind, tokens, dcmtk=by == "environment")
    assert (found.connect_timeout, found.dimse_timeout) == (None, None)
    assert (found.acse_timeout, found.socket_timeout, found.max_pdu) == (30, 60, 16384)
    assert found.calling_ae_title == found.called_ae_title == LONG[:16]
    with pytest.raises(UsageError, match="Invalid value for option --aetitle"):
        parse(kind, tokens[:6] + ["file"] * (kind is not EchoscuSettings))


def test_what_is_given_goes_before_them():
    found = parse(StorescuSettings, ["--dcmtk-defaults", "-to", "7", "+dly", "peer", "104", "file"])
    assert (found.connect_timeout, found.decompress) == (7, Decompress.LOSSY)


@pytest.mark.parametrize(
    ("kind", "decompress"),
    [(StorescuSettings, Decompress.NEVER), (DcmsendSettings, Decompress.LOSSLESS)],
)
def test_what_is_proposed_and_decompressed(kind, decompress):
    found = parse(kind, ["peer", "104", "file"], dcmtk=True)
    assert found.preference.uncompressed == EXPLICIT_FIRST
    assert found.decompress is decompress
    assert found.objects_only
    ours = parse(kind, ["peer", "104", "file"])
    assert ours.decompress is Decompress.LOSSLESS
    assert not ours.objects_only


def test_a_file_that_is_no_object_in_a_directory(capsys, tmp_path, ct):
    (tmp_path / "ct.dcm").write_bytes(ct.read_bytes())
    (tmp_path / "notes.txt").write_text("no image")
    with ScriptedPeer(storing(0)) as peer:
        assert main(["127.0.0.1", str(peer.port), "+sd", str(tmp_path)]) == 0
    assert "W: no DICOM file, ignoring it" in capsys.readouterr().err
    for option in ("--objects-only", "--dcmtk-defaults"):
        assert main(["127.0.0.1", "1", "+sd", str(tmp_path), option]) == 1
        assert f"F: Bad DICOM file: {tmp_path}/notes.txt" in capsys.readouterr().err

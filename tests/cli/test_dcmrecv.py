"""dcmrecv is storescp with another title."""

import subprocess

import pytest

from cli import dcmrecv
from cli.grammar.parsing import parse
from cli.storescp.options import StorescpSettings
from dimse.client import Client


def test_it_differs_in_its_title_alone():
    theirs, ours = parse(StorescpSettings, ["104"]), parse(dcmrecv.DcmrecvSettings, ["104"])
    names = StorescpSettings.__declaration__.defaults
    differing = [name for name in names if getattr(theirs, name) != getattr(ours, name)]
    assert differing == ["ae_title"]
    assert ours.ae_title == "DCMRECV"


def test_help(capsys):
    assert dcmrecv.main(["--help"]) == 0
    assert capsys.readouterr().out.startswith("dcmrecv: Simple DICOM storage SCP (receiver)")


@pytest.mark.parametrize("title", ["DCMRECV", "OTHER"])
def test_it_stores(python, spawn_environment, ct, tmp_path, title):
    port_file = tmp_path / "port"
    directory = tmp_path / "in"
    directory.mkdir()
    command = [python, "-m", "cli.dcmrecv", "-v", "+ssd", "-od", str(directory)]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port-file", str(port_file), "0"],
        env=spawn_environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "as DCMRECV" in process.stderr.readline()
    with Client("127.0.0.1", int(port_file.read_text()), called_ae_title=title) as client:
        assert [each.stored for each in client.store([ct])] == [True]
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert [str(path.relative_to(directory).parent) for path in directory.rglob("CT.*")] == [
        "data/1997/04/30"
    ]

"""storeindex: an index made anew, and what is said."""

import sqlite3

import pytest
from cli_peers import CT_CONTEXT, Caller

from cli import storeindex
from cli.storescp import main as storescp


def rows(index):
    connection = sqlite3.connect(index)
    found = connection.execute("SELECT path FROM instances ORDER BY path").fetchall()
    connection.close()
    return [path for (path,) in found]


def test_what_storescp_stores_is_in_its_index_and_can_be_found_again(serve, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    index = tmp_path / "index.sqlite"

    def clients(port):
        with Caller(port, CT_CONTEXT) as caller:
            caller.accepted()
            for number in range(3):
                assert caller.send_store(f"2.25.{number}") == 0
                assert len(rows(index)) == number + 1  # before its Success
            caller.release()

    code, lines = serve("--index", index, clients=clients, directory=tmp_path / "in")
    assert (code, lines) == (0, [])
    index.unlink()
    assert storeindex.main(["-v", str(index), str(tmp_path / "in")]) == 0
    said = capsys.readouterr().err
    assert said == "I: Objects: 3, rows added: 3, removed: 0, files that can't be used: 0\n"
    assert rows(index) == ["CT.2.25.0", "CT.2.25.1", "CT.2.25.2"]
    (tmp_path / "in" / "CT.2.25.1").write_bytes(b"\0" * 128 + b"DICM")
    assert storeindex.main([str(index), str(tmp_path / "in")]) == 1
    assert capsys.readouterr().err.startswith(f"E: not in the index: {tmp_path / 'in'}/CT.2.25.1: ")


def test_what_can_not_be_an_index(tmp_path, capsys):
    file = tmp_path / "text"
    file.write_text("x" * 5000)
    assert storeindex.main([str(file), str(tmp_path)]) == 1
    assert storescp(["-od", str(tmp_path), "--index", str(file), "0"]) == 1
    assert storeindex.main([str(tmp_path / "new"), str(tmp_path / "gone")]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith(f"F: {file}: can't be an index: ")
    assert said[1] == said[0]
    assert said[2] == f"F: no such directory: {tmp_path / 'gone'}"


def test_an_object_store_is_looked_at_where_a_url_names_it(tmp_path, capsys):
    pytest.importorskip("fsspec")
    index = tmp_path / "index.sqlite"
    assert storeindex.main([str(index), "memory://bucket/nothing"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("F: memory://bucket/nothing: ")
    assert "nothing is there" in said

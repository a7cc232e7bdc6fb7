"""The declaration file: written and read back, and what is wrong in it is named."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testbed import cli, declaration
from testbed.declaration import Declaration


def test_options_are_named_without_dashes(tmp_path):
    path = tmp_path / "product.toml"
    path.write_text(
        'host = "pacs"\nport = 104\nchecks-called = true\ntimeout = 3\nstore-dir = "received"\n'
        'ca = "tls/ca.pem"\nname = "Product 2"\n[observed]\nmax-length = 16384\n'
    )
    known = declaration.load(path)
    assert known.options == {
        "host": "pacs", "port": 104, "checks_called": True, "timeout": 3, "name": "Product 2",
        "store_dir": tmp_path / "received", "ca": tmp_path / "tls/ca.pem",
    }  # fmt: skip
    assert known.observed == {"max-length": 16384}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colled = 'X'\n", "there is no declaration 'colled'"),
        ("checks_called = true\n", "there is no declaration 'checks_called'"),
        ("checks-called = 1\n", "checks-called must be true or false, not 1"),
        ("port = '104'\n", "port must be a whole number, not '104'"),
        ("port = true\n", "port must be a whole number, not True"),
        ("timeout = 'long'\n", "timeout must be a number, not 'long'"),
        ("called = 5\n", "called must be text, not 5"),
        ("store-dir = 5\n", "store-dir must be text, not 5"),
        ("observed = 5\n", "[observed] is no table"),
        (
            "[[observed.accepted]]\nsop-classes = ['1.2']\n",
            "has lists of sop-classes and transfer-syntaxes",
        ),
        ("observed.accepted = 5\n", "has lists of sop-classes and transfer-syntaxes"),
        ("port = \n", "Invalid value"),
    ],
)
def test_what_is_wrong_is_named_with_the_file(tmp_path, text, words, capsys):
    path = tmp_path / "product.toml"
    path.write_text(text)
    assert cli.main(["scp", "--product", str(path)]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"dulspec: {path}: ")
    assert words in err


@pytest.mark.parametrize("arguments", [[], ["P.AC"], ["localhost"], ["localhost", "P.AC"]])
def test_without_an_address_there_is_no_run(arguments, capsys):
    assert cli.main(["scp", *arguments]) == 2
    assert "dulspec scp HOST PORT, or --product FILE" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["0", "65536", "99999"])
def test_a_port_that_is_none(port, capsys):
    assert cli.main(["scp", "localhost", port]) == 2
    assert f"{port} is no TCP port" in capsys.readouterr().err


def test_classes_with_the_same_transfer_syntaxes_stand_together():
    """A product that takes every storage class in every syntax fills a page, not a book."""
    both = ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"]
    classes = {"1.2.840.10008.1.1": both[:1], "1.2.840.10008.5.1.4.1.1.2": both, "1.2.3": both}
    text = declaration.dump(Declaration({}, {"sop-classes": classes}), "a product")
    assert text.count("[[observed.accepted]]") == 2
    assert text.count("1.2.840.10008.1.2.1") == 1
    assert '"1.2.840.10008.5.1.4.1.1.2",  # CT Image Storage' in text
    assert '"1.2.3",  # private' in text


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(
    options=st.fixed_dictionaries(
        {"called": TEXT, "port": st.integers(0, 65535), "tls": st.booleans(), "start_cmd": TEXT}
    ),
    observed=st.dictionaries(
        st.from_regex(r"[b-z][a-z-]{0,10}", fullmatch=True),
        st.one_of(TEXT, st.integers(0, 2**40), st.booleans(), st.lists(TEXT, max_size=3)),
        max_size=5,
    ),
    services=st.dictionaries(TEXT, st.lists(TEXT, max_size=3), max_size=5),
)
def test_what_is_written_is_read_back(tmp_path_factory, options, observed, services):
    observed |= {"sop-classes": services} if services else {}
    path: Path = tmp_path_factory.mktemp("declaration") / "product.toml"
    path.write_text(declaration.dump(Declaration(options, observed), "two\nlines"), "utf-8")
    known = declaration.load(path)
    assert known.options == options
    assert known.observed == observed

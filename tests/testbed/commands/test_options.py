"""Options that several commands share."""

import pytest

from testbed import cli

BAD = {"": "1 to 16", "   ": "1 to 16", "SEVENTEEN LETTERS": "1 to 16", "A\\B": "ASCII",
       "A\tB": "ASCII", "\N{GREEK SMALL LETTER ALPHA}": "ASCII"}  # fmt: skip


@pytest.mark.parametrize("title", BAD)
@pytest.mark.parametrize("option", ["--called", "--calling"])
@pytest.mark.parametrize("command", [["scp"], ["explore"]])
def test_what_is_no_ae_title(command, option, title, capsys):
    """It is said before anybody is called; sent, it would be cut, or judged as the product's fault."""
    with pytest.raises(SystemExit) as ended:
        cli.main([*command, "127.0.0.1", "1", option, title])
    assert ended.value.code == 2
    assert f"argument {option}: an AE title" in (said := capsys.readouterr().err)
    assert BAD[title] in said

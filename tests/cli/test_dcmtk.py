"""DCMTK's options: every one of them is in the table of docs/dcmtk.md, and the tools do what it says."""

import re
from pathlib import Path

import pytest

from cli.dcmrecv import DcmrecvSettings
from cli.dcmsend import DcmsendSettings
from cli.echoscu import EchoscuSettings
from cli.storescp import StorescpSettings
from cli.storescu import StorescuSettings

ROOT = Path(__file__).parents[2]
TOOLS = {
    "storescu": StorescuSettings,
    "dcmsend": DcmsendSettings,
    "storescp": StorescpSettings,
    "dcmrecv": DcmrecvSettings,
    "echoscu": EchoscuSettings,
}


def table(tool):
    """What the document says of each spelling."""
    text = (ROOT / "docs" / "dcmtk.md").read_text("utf-8")
    (section,) = re.findall(rf"^## {tool}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    said = {}
    for options, here in re.findall(r"^\| (`.*?) \| (.*) \|$", section, re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", options):
            assert name not in said, name
            said[name] = here
    return said


@pytest.mark.parametrize("tool", TOOLS)
def test_the_table_is_complete_and_true(tool):
    lines = (ROOT / "fixtures" / "dcmtk" / f"{tool}.txt").read_text("utf-8").splitlines()
    theirs = [name for line in lines if line[:1] in "-+" for name in line.split()]
    said = table(tool)
    assert sorted(said) == sorted(theirs)
    options = list(TOOLS[tool].__declaration__.options)
    ours = {name for option, _ in options for name in option.names}
    refused = {name for name, here in said.items() if re.match(r"no\b", here)}
    assert set(theirs) - ours == refused
    # "Always so" is what an option without a setting is for.
    named = {name for option, sets in options if not sets for name in option.names} & set(theirs)
    assert named == {name for name, here in said.items() if here.startswith("always so")}

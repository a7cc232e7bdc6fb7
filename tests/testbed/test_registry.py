"""The testbed's own table of UIDs agrees with the standard's tables."""

import csv
from pathlib import Path

from testbed import names, registry

STANDARD = Path(__file__).parent.parent.parent / "fixtures" / "standard"


def table(name):
    with (STANDARD / name).open(encoding="utf-8") as file:
        return {row["uid"]: row for row in csv.DictReader(file, delimiter="\t")}


def test_storage_sop_classes():
    known = {
        uid: row["name"].removesuffix(" SOP Class")
        for uid, row in table("storage_sops.tsv").items()
        if not row["category"].startswith("media-directory")
    }
    assert known == registry.STORAGE


def test_transfer_syntaxes():
    known = table("transfer_syntaxes.tsv")
    assert {uid: known[uid]["name"] for uid in registry.TRANSFER_SYNTAXES} == (
        registry.TRANSFER_SYNTAXES
    )
    left_out = set(known) - set(registry.TRANSFER_SYNTAXES)
    assert {uid.removeprefix("1.2.840.10008.1.2") for uid in left_out} == {
        ".6.1", ".6.2", ".7.1", ".7.2", ".7.3", "0",
    }  # fmt: skip


def test_uids_are_shown_with_their_names():
    assert (
        names.uid_name("1.2.840.10008.5.1.4.1.1.4")
        == "1.2.840.10008.5.1.4.1.1.4 (MR Image Storage)"
    )

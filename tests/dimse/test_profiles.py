"""Association negotiation profiles in DCMTK's format."""

from pathlib import Path

import pytest

from dimse.errors import ProfileError
from dimse.offers import ContextOffer
from dimse.profiles import load_profile, read_profile
from dimse.tables.dcmtk_names import (
    NAMES,
    message_name,
    uid_of_sop_class,
    uid_of_transfer_syntax,
)
from dimse.tables.storage_sops import STORAGE_SOP_CLASSES
from dimse.tables.transfer_syntaxes import TRANSFER_SYNTAXES
from dul.user_items import ExtendedNegotiation, RoleSelection

CT = "1.2.840.10008.5.1.4.1.1.2"
IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
J2K = "1.2.840.10008.1.2.4.90"

TEXT = r"""
# what is in a file of DCMTK's
[[TransferSyntaxes]]
[Un com]
transfersyntax1 = LittleEndianExplicit
TransferSyntax2=1.2.840.10008.1.2
TransferSyntax4 = BigEndianExplicit
[J2K]
TransferSyntax1 = JPEG2000LosslessOnly
TransferSyntax2 = LocalEndianExplicit
TransferSyntax3 = OppositeEndianExplicit
  TransferSyntax4 = JPEGBaseline
[[PresentationContexts]]
[CTs]
PresentationContext1 = CTImageStorage\UNCOM
PresentationContext2 = CTImageStorage\J2K
PresentationContext3 = 1.2.3.4\Uncom
nonsense
[[SCPSCURoleSelection]]
[R]
Role1 = CTImageStorage\both
Role2 = 1.2.3.4\SCP
[[ExtendedNegotiation]]
[X]
ExtendedNegotiation1 = CTImageStorage\0102ff
[[Profiles]]
[My Profile]
PresentationContexts = CTs
SCPSCURoleSelection = R
ExtendedNegotiation = X
[Plain]
PresentationContexts = CTs
"""
CONTEXTS = (
    ContextOffer(CT, (EXPLICIT, IMPLICIT)),
    ContextOffer(CT, (J2K, EXPLICIT, BIG)),
    ContextOffer("1.2.3.4", (EXPLICIT, IMPLICIT)),
)


def test_a_profile_with_all_that_there_is():
    found = read_profile(TEXT, "myprofile")
    assert found.contexts == CONTEXTS
    assert found.roles == (RoleSelection(CT, True, True), RoleSelection("1.2.3.4", False, True))
    assert found.extended == (ExtendedNegotiation(CT, b"\1\2\xff"),)


@pytest.mark.parametrize("name", ["plain", "PLAIN", " P lain"])
def test_names_are_compared_without_case_and_white_space(name):
    assert read_profile(TEXT, name).contexts == CONTEXTS
    assert not read_profile(TEXT, name).roles


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("= JPEG2000LosslessOnly", "= NoSuch", "not a valid transfer syntax UID: NoSuch"),
        ("1.2.3.4\\Uncom", "1.2.3.4\\Unc", "transfer syntax key undefined: UNC"),
        ("CTImageStorage\\J2K", "NoClass\\J2K", "not a valid abstract syntax UID: NoClass"),
        (
            "CTImageStorage\\J2K",
            "CTImageStorage",
            "syntax error: missing '\\' in entry PRESENTATIONCONTEXT2 in config file",
        ),
        (
            "0102ff",
            "0102f",
            "parse error in extended negotiation data in entry EXTENDEDNEGOTIATION1 in config file",
        ),
        ("\\SCP", "\\SPC", "unknown SCP/SCU role in entry ROLE2 in config file: SPC"),
        ("[[Profiles]]", "[[Other]]", "cannot find section [[PROFILES]] in config file"),
        ("= R\n", "= S\n", "SCP/SCU role selection key undefined: S"),
        ("= CTs\nS", "= MRs\nS", "presentation context key undefined: MRS"),
        ("[Plain]\nPres", "[Plain]\n#Pres", "missing entry PRESENTATIONCONTEXTS in profile PLAIN"),
    ],
)
def test_what_is_wrong_in_a_file_whichever_profile_is_wanted(old, new, message):
    assert old in TEXT
    with pytest.raises(ProfileError) as caught:
        read_profile(TEXT.replace(old, new), "plain")
    assert message in str(caught.value)


def test_a_profile_that_is_not_there():
    with pytest.raises(ProfileError) as caught:
        read_profile(TEXT, "no pe")
    assert str(caught.value) == "profile key undefined: NOPE (there are: MYPROFILE, PLAIN)"


def test_an_acceptor_has_one_context_for_a_sop_class():
    with pytest.raises(ProfileError, match="a SOP class stands there twice: " + CT):
        read_profile(TEXT, "plain", "acceptor")
    once = TEXT.replace("PresentationContext2 = CTImageStorage", "PresentationContext2 = 1.2.3")
    assert len(read_profile(once, "plain", "acceptor").contexts) == 3


def test_a_requestor_proposes_128_at_most():
    lines = "\n".join(f"PresentationContext{n} = 1.2.{n}\\J2K" for n in range(4, 130))
    text = TEXT.replace("nonsense", lines)
    with pytest.raises(ProfileError, match="too many presentation contexts: 129"):
        read_profile(text, "plain")
    assert len(read_profile(text.replace("PresentationContext129", "#"), "plain").contexts) == 128


def test_a_file(tmp_path: Path):
    path = tmp_path / "a.cfg"
    path.write_text(TEXT)
    assert load_profile(path, "plain").contexts == CONTEXTS
    with pytest.raises(ProfileError, match=r"unable to open configuration file: .*none"):
        load_profile(tmp_path / "none", "plain")


def test_dcmtks_names_are_of_transfer_syntaxes_and_lead_back():
    assert NAMES.keys() < TRANSFER_SYNTAXES.keys()
    for uid, (symbol, _) in NAMES.items():
        assert uid_of_transfer_syntax(symbol) == uid
    for each in TRANSFER_SYNTAXES.values():
        assert uid_of_transfer_syntax(each.keyword.upper()) is not None
    assert message_name(EXPLICIT) == "Little Endian Explicit"
    assert message_name("1.2.840.10008.1.2.4.201").startswith("High-Throughput JPEG 2000")
    assert uid_of_transfer_syntax("nothing") is None


@pytest.mark.parametrize(
    ("symbol", "uid"),
    [
        ("VerificationSOPClass", "1.2.840.10008.1.1"),
        ("DICOS_CTImageStorage", "1.2.840.10008.5.1.4.1.1.501.1"),
        ("DICONDE_EddyCurrentImageStorage", "1.2.840.10008.5.1.4.1.1.601.1"),
        ("RETIRED_StandaloneCurveStorage", "1.2.840.10008.5.1.4.1.1.9"),
        ("RETIRED_NuclearMedicineImageStorage", "1.2.840.10008.5.1.4.1.1.5"),
        ("NuclearMedicineImageStorage", "1.2.840.10008.5.1.4.1.1.20"),
        ("RETIRED_HardcopyColorImageStorage", "1.2.840.10008.5.1.1.30"),
        ("RETIRED_XRayAngiographicBiPlaneImageStorage", "1.2.840.10008.5.1.4.1.1.12.3"),
        ("UltrasoundMultiframeImageStorage", "1.2.840.10008.5.1.4.1.1.3.1"),
        ("NoClass", None),
    ],
)
def test_dcmtks_names_of_sop_classes(symbol, uid):
    assert uid_of_sop_class(symbol) == uid


def test_every_keyword_is_a_name_of_its_sop_class():
    for each in STORAGE_SOP_CLASSES.values():
        assert uid_of_sop_class(each.keyword) == each.uid


@pytest.mark.parametrize("name", ["storescu", "storescp"])
def test_the_files_that_dcmtk_installs(name):
    path = Path(f"/etc/dcmtk/{name}.cfg")
    if not path.exists():
        pytest.skip("DCMTK is not installed")
    role = "requestor" if name == "storescu" else "acceptor"
    assert len(load_profile(path, "default", role).contexts) >= 100

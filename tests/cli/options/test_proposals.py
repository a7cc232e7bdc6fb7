"""What storescu proposes, option by option; and -xf."""

from pathlib import Path

import pytest
from cli_peers import ScriptedPeer

from cli import storescu
from cli.grammar.parsing import parse
from cli.options.syntaxes import SUFFIXES
from cli.storescu_options import StorescuSettings
from dimse.plan import SEED_CLASSES
from testbed import raw
from testbed.parse import uid_text

ROOT = Path(__file__).parents[3]
DICOM = ROOT / "fixtures" / "dicom"
CT, RLE, SEG = DICOM / "ct-explicit.dcm", DICOM / "mr-rle.dcm", DICOM / "seg-explicit.dcm"
CT_CLASS, MR_CLASS = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"
SEG_CLASS = "1.2.840.10008.5.1.4.1.1.66.4"
IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
RLE_SYNTAX = "1.2.840.10008.1.2.5"
SEED = [IMPLICIT, EXPLICIT, BIG]
OURS = [EXPLICIT, BIG, IMPLICIT]

PROFILE = r"""
[[TransferSyntaxes]]
[Plain]
TransferSyntax1 = LittleEndianImplicit
[[PresentationContexts]]
[CTs]
PresentationContext1 = CTImageStorage\Plain
[[SCPSCURoleSelection]]
[R]
Role1 = CTImageStorage\SCU
[[Profiles]]
[Only CT]
PresentationContexts = CTs
SCPSCURoleSelection = R
"""


def proposed(*arguments):
    """Exit code, and the contexts proposed: abstract syntax and transfer syntaxes."""
    seen = []

    def script(dialogue):
        for context in dialogue.accept().contexts:
            uids = [uid_text(each) for each in context.transfers]
            seen.append((uid_text(context.abstracts[0]), uids))
        dialogue.wire.send(raw.abort(0, 0))

    with ScriptedPeer(script) as peer:
        code = storescu.main(["-q", "127.0.0.1", str(peer.port), *map(str, arguments)])
    return code, seen


def seed(*lists):
    return [(uid, each) for uid in SEED_CLASSES for each in lists]


def test_by_default_the_seed_and_what_the_files_need():
    _, contexts = proposed(RLE, SEG)
    assert contexts == [
        *seed(SEED),
        (MR_CLASS, [RLE_SYNTAX]),
        (SEG_CLASS, [EXPLICIT]),
        (SEG_CLASS, SEED),
    ]


def test_required_is_only_what_the_files_need():
    _, contexts = proposed(RLE, SEG, CT, "-R")
    assert contexts == [
        (MR_CLASS, [RLE_SYNTAX]),
        (MR_CLASS, SEED),
        (SEG_CLASS, [EXPLICIT]),
        (SEG_CLASS, SEED),
        (CT_CLASS, [EXPLICIT]),
        (CT_CLASS, SEED),
    ]


def test_combine_makes_one_context_of_several():
    _, contexts = proposed(RLE, CT, "--required", "--combine")
    assert contexts == [(MR_CLASS, [RLE_SYNTAX, *SEED]), (CT_CLASS, SEED)]
    _, contexts = proposed(CT, "+C", "-xv")
    assert contexts == seed(["1.2.840.10008.1.2.4.90", *OURS])


def test_implicit_only():
    _, contexts = proposed(RLE, CT, "-xi")
    assert contexts == seed([IMPLICIT])


@pytest.mark.parametrize("letter", SUFFIXES)
def test_each_transfer_syntax_by_both_of_its_spellings(letter):
    word, uid, _ = SUFFIXES[letter]
    short, long = (
        parse(StorescuSettings, [name, "-R", "p", "1", "f"]).proposed
        for name in (f"-x{letter}", f"--propose-{word}")
    )
    assert short == long
    lists = [each.transfer_syntaxes for each in short.rules.for_classes([CT_CLASS])]
    if letter in "=eb":
        assert lists[0][0] == uid
        assert [set(each) for each in lists] == [set(SEED)]
    elif letter in "mhnl23o45":
        assert lists == [(uid,)]
    else:
        assert lists == [(uid,), tuple(OURS)]


def test_they_are_proposed_and_the_last_one_wins():
    _, contexts = proposed(CT, "-R", "-xs", "-xy")
    assert contexts == [
        (CT_CLASS, [EXPLICIT]),
        (CT_CLASS, ["1.2.840.10008.1.2.4.50"]),
        (CT_CLASS, OURS),
    ]
    _, contexts = proposed(CT, "-R", "-xb")
    assert contexts == [(CT_CLASS, [EXPLICIT]), (CT_CLASS, [BIG, EXPLICIT, IMPLICIT])]
    _, contexts = proposed(CT, "-R", "-xn")
    assert contexts == [(CT_CLASS, ["1.2.840.10008.1.2.4.102"])]


def test_dcmtks_defaults_have_the_explicit_ones_first():
    _, contexts = proposed(CT, "-R", "--dcmtk-defaults")
    assert contexts == [(CT_CLASS, [EXPLICIT]), (CT_CLASS, OURS)]


def test_a_profile_says_all_that_is_proposed(tmp_path):
    path = tmp_path / "a.cfg"
    path.write_text(PROFILE)
    _, contexts = proposed(CT, RLE, "-xf", path, "onlyct")
    assert contexts == [(CT_CLASS, [IMPLICIT])]


def test_the_roles_of_a_profile_are_proposed(tmp_path):
    path = tmp_path / "a.cfg"
    path.write_text(PROFILE)
    seen = []

    def script(dialogue):
        seen.append(dialogue.request())

    with ScriptedPeer(script) as peer:
        arguments = ["-q", "127.0.0.1", str(peer.port), str(CT), "-xf", str(path), "onlyct"]
        assert storescu.main(arguments) == 1
    (role,) = seen[0].subitems(0x54)
    assert role.endswith(CT_CLASS.encode() + b"\1\0")


@pytest.mark.parametrize(
    ("change", "profile", "message"),
    [
        (("", ""), "nope", "F: 0006:0426 profile key undefined: NOPE (there are: ONLYCT)"),
        (
            ("LittleEndianImplicit", "Nothing"),
            "onlyct",
            "E: reading config file: not a valid transfer syntax UID: Nothing",
        ),
    ],
)
def test_a_profile_that_cannot_be_used(change, profile, message, tmp_path, capsys):
    path = tmp_path / "a.cfg"
    path.write_text(PROFILE.replace(*change))
    assert storescu.main(["127.0.0.1", "1", str(CT), "-xf", str(path), profile]) == 1
    assert capsys.readouterr().err.splitlines() == [message]


def test_no_file_of_profiles(capsys):
    assert storescu.main(["127.0.0.1", "1", str(CT), "-xf", "/nowhere/a.cfg", "x"]) == 1
    assert capsys.readouterr().err == (
        "E: reading config file: unable to open configuration file: /nowhere/a.cfg "
        "(No such file or directory)\n"
    )


@pytest.mark.parametrize("other", ["-xi", "-x=", "-xs", "--required", "--combine"])
def test_a_profile_excludes_what_it_says_itself(other, capsys):
    assert storescu.main(["-xf", "a", "b", other, "p", "1", "f"]) == 1
    long = {"-xi": "--propose-implicit", "-x=": "--propose-uncompr", "-xs": "--propose-lossless"}
    said = capsys.readouterr().err
    assert f"error: --config-file not allowed with {long.get(other, other)}\n" in said

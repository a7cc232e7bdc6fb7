"""Kinds of product: which cases bear on them, at which level, and what their statement says."""

import pytest

from testbed import catalogue, cli, profiles, result_files
from testbed.mini.acceptor import PartialKeeper
from testbed.mini.peer import Config
from testbed.mini.server import MiniServer
from testbed.profiles import PROFILES
from testbed.report import statement
from testbed.verdicts import Level


def applied(name, role):
    return {case.id: case for case in profiles.apply(PROFILES[name], role, catalogue.cases(role))}


def test_a_product_of_verification_alone_is_asked_for_no_storage():
    scp, scu = applied("echo-only", "scp"), applied("echo-only", "scu")
    assert not [id_ for id_ in scp if id_.startswith("P.STO")]
    assert "P.CMD.01" in scp
    assert "P.NEG.05" in scp, "it has to live with items about a class that it does not offer"
    assert {"U.DIM.02", "U.DIM.19"}.isdisjoint(scu)
    assert "U.DIM.01" in scu


def test_an_archive_is_required_to_keep_what_it_confirmed():
    before = {case.id: case.level for case in catalogue.cases("scp")}
    archive = applied("archive", "scp")
    assert set(archive) == set(before)
    assert before["P.STO.08"] is Level.RECOMMENDED
    assert archive["P.STO.08"].level is Level.REQUIRED
    assert archive["P.STO.04"].level is before["P.STO.04"] is Level.TOLERATED


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("role", ["scp", "scu"])
def test_every_profile_names_cases_that_there_are(name, role):
    part = PROFILES[name].parts[role]
    for which in part.required:
        assert any(catalogue.fits(case, which) for case in catalogue.cases(role)), which
    chosen = applied(name, role)
    assert len(chosen) > 100
    relevelled = [
        case for case in catalogue.cases(role) if case.id in chosen and chosen[case.id] != case
    ]
    assert bool(relevelled) == bool(part.required)


def test_a_profile_chooses_and_feeds_the_statement(tmp_path):
    path = tmp_path / "result.json"
    with MiniServer(Config(), PartialKeeper) as server:
        arguments = [
            "scp",
            "127.0.0.1",
            str(server.port),
            "--called",
            "MINI",
            "-q",
            "--json",
            str(path),
        ]
        assert cli.main([*arguments, "--profile", "swf:order-filler", "P.CMD.01", "P.STO.01"]) == 0
    report = result_files.load(path)
    assert [case.id for case in report.cases] == ["P.CMD.01"]
    told = " ".join(" ".join(statement.statement(report)).split())
    assert "The product is IHE SWF Department System Scheduler/Order Filler." in told
    assert "the testbed judges Verification as SCP; Verification as SCU." in told
    assert "No case judges RAD-5 Query Modality Worklist" in told


def test_a_profile_of_a_file_must_exist_too(tmp_path, capsys):
    path = tmp_path / "product.toml"
    path.write_text('host = "127.0.0.1"\nport = 1\nprofile = "toaster"\n')
    assert cli.main(["scp", "--product", str(path)]) == 2
    assert "there is no profile 'toaster'" in capsys.readouterr().err

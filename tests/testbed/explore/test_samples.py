"""The sequences that explorations found in products: whoever keeps to Table 9-10 plays them without a departure."""

from pathlib import Path

import pytest

from testbed.explore.sequence import load
from testbed.explore.session import Departure, Patience, Session
from testbed.mini.acceptor import PartialKeeper
from testbed.mini.peer import Config
from testbed.mini.process import thread_launcher
from testbed.mini.server import MiniServer
from testbed.settings import Settings
from testbed.trial import Trial

SEQUENCES = Path(__file__).resolve().parents[3] / "fixtures" / "sequences"
FILES = sorted(SEQUENCES.glob("*.json"))


def departures(trial, sample):
    """What a product does otherwise than the table has it."""
    found = []
    with Session(trial, Patience(2.0, artim_least=1.0)) as session:
        try:
            session.play(sample.sequence)
        except Departure as departure:
            found.append(departure)
    return [each.cause.key for each in (*found, *session.deviations)]


@pytest.fixture(scope="module")
def trials():
    with MiniServer(Config(), PartialKeeper) as server:
        scu = Trial(Settings(exit_max=3.0), "scu", thread_launcher(Config()))
        yield {
            "scp": Trial(Settings(port=server.port, called="MINI", live_max=0.5), "scp"),
            "scu": scu,
        }
        scu.close()


def test_there_are_sequences_of_both_roles_and_each_stands_there_once():
    samples = [load(path) for path in FILES]
    assert len(samples) > 40
    assert {sample.role for sample in samples} == {"scp", "scu"}
    assert len({(sample.role, sample.sequence) for sample in samples}) == len(samples)
    assert not any(sample.found or sample.wire for sample in samples), "they name no product"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_right_peer_plays_it_without_a_departure(trials, path):
    sample = load(path)
    assert departures(trials[sample.role], sample) == []

"""Meeting a product that calls: where the testbed listens for it."""

import contextlib

from testbed import catalogue, meeting
from testbed.scene import Scene
from testbed.settings import Settings
from testbed.trial import Trial


def test_each_case_has_a_port_of_its_own(monkeypatch):
    """The n-th case of the catalogue waits on PORT + n, whatever else is selected."""
    asked = []
    monkeypatch.setattr(meeting.socket, "create_server", asked.append)
    trial = Trial(Settings(listen=30000, port_per_case=True), "scu")
    case = catalogue.find("U.S5.04")
    assert catalogue.cases("scu")[case.place - 1] is case
    for scene in (Scene(trial, case.id, case.place), Scene(trial, "baseline")):
        with contextlib.suppress(AttributeError):  # there is no socket to ask for its port
            meeting.listen(scene)
    assert asked == [("127.0.0.1", 30000 + case.place), ("127.0.0.1", 30000)]

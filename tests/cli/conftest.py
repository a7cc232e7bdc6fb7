"""What the tests of the tools share."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest
from cli_peers import PATIENCE
from storescp_process import Storescp

from cli import storescp
from dimse.server import Server

ROOT = Path(__file__).parents[2]
DICOM = ROOT / "fixtures" / "dicom"


@pytest.fixture(autouse=True)
def no_dictionary(monkeypatch):
    """No test depends on the dictionaries of the machine."""
    monkeypatch.delenv("DCMDICTPATH", raising=False)


@pytest.fixture
def ct():
    """A CT image in Explicit VR Little Endian, one of the 17 SOP classes."""
    return DICOM / "ct-explicit.dcm"


@pytest.fixture
def spawn_environment():
    """For tools that run as processes of their own, from any folder."""
    environment = {key: value for key, value in os.environ.items() if key != "DCMDICTPATH"}
    return environment | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}


@pytest.fixture
def python():
    """The interpreter that runs the tests."""
    return sys.executable


@pytest.fixture
def serve(capsys, monkeypatch, tmp_path):
    """Run storescp while clients run in a thread; then end it as SIGTERM does."""

    forever = Server.serve_forever

    def run(
        *arguments, clients=lambda port: None, directory=None, ending=signal.SIGTERM, at_once=False
    ):
        errors = []

        def work(port):
            try:
                clients(port)
                # What is said of an association is said by its thread, at its very end.
                for thread in threading.enumerate():
                    if thread.name.startswith("dul-127.0.0.1:") and not at_once:
                        thread.join(PATIENCE)
            except BaseException as error:
                errors.append(error)
            finally:
                signal.pthread_kill(threading.main_thread().ident, ending)

        def serve_forever(server):
            thread = threading.Thread(target=work, args=(server.address[1],))
            thread.start()
            forever(server)
            thread.join(PATIENCE)

        monkeypatch.setattr(Server, "serve_forever", serve_forever)
        monkeypatch.setattr(
            "dul.threads.server.THREAD_RESTS", 0.0
        )  # a thread ends with its association
        options = ["--host", "127.0.0.1", "-od", str(directory or tmp_path), *map(str, arguments)]
        code = storescp.main([*options, "0"])
        if errors:
            raise errors[0]
        said = capsys.readouterr()
        assert said.out == ""
        return code, said.err.splitlines()

    return run


@pytest.fixture(name="storescp")
def storescp_process(python, spawn_environment, tmp_path):
    """Starts storescp as a process of its own, which stores in the directory "in"."""
    started = []

    def start(*options, log=None):
        (tmp_path / "in").mkdir(exist_ok=True)
        port_file = None if log is None else tmp_path / "port"
        command = [python, "-m", "cli.storescp", "-v", "--host", "127.0.0.1"]
        command += ["-od", str(tmp_path / "in"), "--fsync", "none", *map(str, options)]
        command += [] if port_file is None else ["--port-file", str(port_file)]
        started.append(Storescp([*command, "0"], spawn_environment, port_file))
        return started[-1]

    yield start
    for each in started:
        each.close()

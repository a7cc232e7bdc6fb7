"""A storescp as a process of its own, for tests that talk to it and look at what it says."""

import re
import signal
import subprocess
import threading
import time

from cli_peers import CT_CONTEXT, PATIENCE, Caller


class Storescp:
    """A storescp that says what happens, line by line."""

    def __init__(self, command, environment, port_file=None):
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        self.lines = []
        self._guard = threading.Timer(3 * PATIENCE, self.process.kill)
        self._guard.start()
        if port_file is None:
            self.port = int(self.expect(r"I: Listening on port (\d+)")[1])
        else:  # its log is elsewhere
            while not port_file.exists():
                assert self.process.poll() is None, self.process.stderr.read()
                time.sleep(0.01)
            self.port = int(port_file.read_text())

    def expect(self, pattern):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"no {pattern!r} in {self.lines}")

    def send(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM):
        """Its last lines, from the counts on."""
        self.send(number)
        return self.ended()

    def ended(self):
        counted = self.expect("I: Associations: ")
        ended = self.expect("I: Ended by ")
        assert self.process.stderr.read() == ""
        assert self.process.wait() == 0
        return counted.string.strip(), ended.string.strip()

    def close(self):
        self._guard.cancel()
        self.process.kill()
        self.process.communicate()


def store(port, instance):
    with Caller(port, CT_CONTEXT) as caller:
        assert caller.accepted().send_store(instance) == 0
        caller.release()

"""The mini requestor: to come."""

from testbed.launch import Launcher
from testbed.mini import Config


def thread_launcher(config: Config) -> Launcher:
    """To come."""
    raise NotImplementedError(config)

"""A mini peer that stumbles: once, over the next thing that comes, it does what it should not."""

import threading

#: Events of Table 9-10 that come over the network: a connection, a PDU, its end.
COMING = frozenset({3, 4, 5, 6, 10, 12, 13, 16, 17, 19})


class Stumble:
    """What a peer does instead (`testbed.mini.mutation`), and whether the moment has come.

    The tester, in the same process, arms it before the stimulus that it is about.
    """

    def __init__(self, deed: str) -> None:
        self.deed = deed
        self._armed = threading.Event()
        self._once = threading.Lock()

    def arm(self) -> None:
        """What comes next is what it stumbles over."""
        self._armed.set()

    def over(self, event: int) -> bool:
        """Whether it stumbles over this event; it does so once."""
        with self._once:
            if event not in COMING or not self._armed.is_set():
                return False
            self._armed.clear()
            return True

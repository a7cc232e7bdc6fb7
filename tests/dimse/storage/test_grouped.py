"""One piece of work for all who come while the one before is on its way."""

import threading

import pytest

from dimse.storage.grouped import Grouped

GUARD = 30


class Slow:
    """Work that waits until it is let go on."""

    def __init__(self, failing=()):
        self.groups = []
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self._failing = failing

    def __call__(self, items):
        self.groups.append(list(items))
        self.begun.release()
        assert self.go_on.acquire(timeout=GUARD)
        if len(self.groups) in self._failing:
            raise OSError(5, f"group {len(self.groups)}")


def submitting(grouped, items):
    """A thread for each item; and what each of them got."""
    results = {}

    def submit(item):
        try:
            grouped.submit(item)
            results[item] = None
        except OSError as error:
            results[item] = error.strerror

    threads = [threading.Thread(target=submit, args=(item,)) for item in items]
    for thread in threads:
        thread.start()
    return threads, results


def wait_for(grouped, count):
    """Until so many wait for the next group."""
    with grouped._turn:
        while len(grouped._next.items) < count:
            grouped._turn.wait(0.01)


@pytest.mark.parametrize("failing", [(), (2,), (1,)])
def test_who_comes_meanwhile_shares_the_next(failing):
    work = Slow(failing)
    grouped = Grouped(work)
    first, firsts = submitting(grouped, [0])
    assert work.begun.acquire(timeout=GUARD)
    others, rest = submitting(grouped, range(1, 9))
    wait_for(grouped, 8)
    work.go_on.release(2)
    for thread in first + others:
        thread.join(GUARD)
    assert len(work.groups) == 2
    assert work.groups[0] == [0]
    assert sorted(work.groups[1]) == list(range(1, 9))
    assert firsts == {0: "group 1" if 1 in failing else None}
    assert rest == dict.fromkeys(range(1, 9), "group 2" if 2 in failing else None)


def test_who_comes_alone_waits_for_nobody():
    done = []
    grouped = Grouped(done.extend)
    for item in range(3):
        grouped.submit(item)
    assert done == [0, 1, 2]

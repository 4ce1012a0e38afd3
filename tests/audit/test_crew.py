"""A crew: everything is done once, told in the caller's thread, in order; and nothing outlives a failure."""

import threading
from pathlib import Path

import pytest
from routes import promise_of

from llminv.audit.crew import Crew
from llminv.audit.engine import Options, run
from llminv.audit.worker import Killed, Worker
from llminv.kinds import KINDS
from llminv.scenario import Call, Scenario
from llminv.verdict import Status

HERE = Path(__file__).parent
HANDLERS = str(HERE / "handlers.py")
FAULTS = ("http_429", "connection_refused")
PROMISES = [
    promise_of(kind, failures=FAULTS, max_examples=5)
    for kind in ("fallback_order", "exhaustion", "key_isolation", "attribution")
]
LOOPS = Scenario((Call("complete"),), ())
LIMIT_S = 600.0


class Hand:
    """A worker that plays nothing, and remembers what became of it."""

    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log.append("opened")
        return self

    def __exit__(self, *_):
        self.log.append("closed")

    def kill(self):
        self.log.append("killed")


@pytest.mark.parametrize("jobs", [1, 2, 3, 9])
def test_everything_is_done_once_and_comes_in_order(jobs):
    log, told, meet = [], [], threading.Barrier(min(jobs, 5))

    def do(item, worker, tell):
        if item < meet.parties:  # they are done at the same time, each by a worker of its own
            meet.wait(10)
        tell((item, worker))
        return item * item

    with Crew(lambda: Hand(log), jobs) as crew:
        found = list(
            crew.share(range(5), do, lambda event: told.append((threading.current_thread(), *event)))
        )
    assert found == [0, 1, 4, 9, 16]
    assert sorted(item for _, item, _ in told) == [0, 1, 2, 3, 4]
    assert {thread for thread, _, _ in told} == {threading.current_thread()}
    assert len({id(worker) for _, _, worker in told}) == meet.parties
    assert log.count("opened") == log.count("closed") == meet.parties
    assert "killed" not in log


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_first_failure_ends_it_all(jobs):
    log = []

    def do(item, worker, tell):
        raise ValueError(item)

    with pytest.raises(ValueError), Crew(lambda: Hand(log), jobs) as crew:
        list(crew.share(range(100), do))
    assert "killed" in log
    assert log.count("opened") == log.count("closed")


def test_what_others_play_is_killed():
    """One is in a handler that never returns, with an hour to go; the other fails."""
    is_playing, seen = threading.Event(), []

    def do(item, worker, tell):
        if item == "fails":
            is_playing.wait(60)
            raise ValueError
        is_playing.set()
        try:
            worker.play(LOOPS)
        except BaseException as error:
            seen.append(type(error))
            raise

    def opened():
        return Worker(PROMISES[0].setting(), f"{HANDLERS}:NeverReturns", LIMIT_S)

    with pytest.raises(ValueError), Crew(opened, 2) as crew:
        list(crew.share(["loops", "fails"], do))
    assert seen == [Killed]


def test_a_worker_that_is_killed_before_it_is_opened():
    worker = Worker(PROMISES[0].setting(), f"{HANDLERS}:NeverReturns", LIMIT_S)
    worker.kill()
    with pytest.raises(Killed), worker:
        pass


def test_an_audit_comes_to_the_same_whatever_the_jobs():
    """With violations and what was not offered among the results."""
    for name in ("ApologisesOrFails", "CountsTokensOnly"):
        one, several = (
            run(PROMISES, f"{HANDLERS}:{name}", KINDS, Options(seed=1, jobs=jobs)) for jobs in (1, 3)
        )
        assert one == several
        assert {result.verdict.status for result in one.results} != {Status.HELD}

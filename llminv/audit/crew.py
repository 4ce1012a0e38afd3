"""Several workers at a time: whoever is free takes what is next, each in a thread of its own.

Threads are enough, for handlers are played in the workers' processes. What there is to tell is told in the
caller's thread, and results come in the order of what was to be done, whichever was there first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, Self, TypeVar

from llminv.audit.worker import Worker

Item = TypeVar("Item")
Event = TypeVar("Event")
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Done(Generic[Result]):
    """What came of the item at `index`."""

    index: int
    result: Result


class Crew:
    """Workers, at most `jobs` of which share what there is to do. Use as a context manager.

    `first` is open all the while. When an exception leaves the crew, Ctrl-C among them, whatever still plays
    is killed.
    """

    first: Worker

    def __init__(self, open_worker: Callable[[], Worker], jobs: int) -> None:
        self._open_worker = open_worker
        self._jobs = jobs
        self._workers: set[Worker] = set()
        self._threads: list[threading.Thread] = []
        self._exits = ExitStack()
        self._is_over = False

    def __enter__(self) -> Self:
        self.first = self._exits.enter_context(self.worker())
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._is_over = True
            for worker in tuple(self._workers):
                worker.kill()
        for thread in self._threads:
            thread.join()
        self._exits.close()

    @contextmanager
    def worker(self) -> Iterator[Worker]:
        """Open a worker, for the thread that asks."""
        worker = self._open_worker()
        self._workers.add(worker)
        if self._is_over:
            worker.kill()
        try:
            with worker as opened:
                yield opened
        finally:
            self._workers.discard(worker)

    def share(
        self,
        items: Sequence[Item],
        do: Callable[[Item, Worker, Callable[[Event], None]], Result],
        emit: Callable[[Event], None] = lambda _: None,
    ) -> Iterator[Result]:
        """Do all items and yield what comes of each, in their order.

        `do` gets an item, the worker to play it, and a function that has `emit` called here with what it is
        given. Raises the first exception of any `do`.
        """
        jobs = min(self._jobs, len(items))
        if jobs == 1:
            yield from (do(item, self.first, emit) for item in items)
            return
        left: SimpleQueue[tuple[int, Item] | None] = SimpleQueue()
        for todo in (*enumerate(items), *(None for _ in range(jobs))):
            left.put(todo)
        said: SimpleQueue[_Done[Result] | BaseException | Event] = SimpleQueue()

        def work(opened: AbstractContextManager[Worker]) -> None:
            try:
                with opened as worker:
                    for index, item in iter(left.get, None):
                        said.put(_Done(index, do(item, worker, said.put)))
            except BaseException as error:
                said.put(error)

        for opened in (nullcontext(self.first), *(self.worker() for _ in range(1, jobs))):
            self._threads.append(threading.Thread(target=work, args=(opened,)))
            self._threads[-1].start()
        done: dict[int, Result] = {}
        for index in range(len(items)):
            while index not in done:
                match said.get():
                    case _Done(ready, result):
                        done[ready] = result
                    case BaseException() as error:
                        raise error
                    case event:
                        emit(event)
            yield done.pop(index)

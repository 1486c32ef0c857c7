"""Worker processes that are still starting: they load for seconds, in which the runs go on in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from abm.study.running.pool import Pool


class StartingPool:
    """A pool of worker processes that a thread is starting.

    start : starts the pool, and returns it when it has started
    """

    def __init__(self, start: Callable[[], Pool]) -> None:
        self._pool: Future[Pool] = Future()
        # A daemon thread, so that a program that ends meanwhile need not wait: its workers then end by themselves.
        threading.Thread(target=self._wait, args=(start,), daemon=True).start()

    def _wait(self, start: Callable[[], Pool]) -> None:
        try:
            self._pool.set_result(start())
        except BaseException as error:  # it is raised again where the pool is asked for
            self._pool.set_exception(error)

    @property
    def done(self) -> bool:
        """Whether the pool has started, or cannot be started."""
        return self._pool.done()

    def pool(self) -> Pool:
        """Return the pool when it has started.  Raises what starting it raised."""
        return self._pool.result()

    def close(self) -> None:
        """End the workers as soon as they have started, as they are not needed any more."""
        self._pool.add_done_callback(lambda pool: None if pool.exception() else pool.result().close())

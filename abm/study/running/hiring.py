"""Worker processes on their way: they load for seconds, in which the runs go on here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

from abm.study.running.pool import Pool


class Hiring:
    """A pool that is being started by a thread.

    hire : starts it
    """

    def __init__(self, hire: Callable[[], Pool]) -> None:
        self._pool: Future[Pool] = Future()
        # a daemon, so that nobody who is leaving waits for what loads: the workers leave by themselves then
        threading.Thread(target=self._wait, args=(hire,), daemon=True).start()

    def _wait(self, hire: Callable[[], Pool]) -> None:
        try:
            self._pool.set_result(hire())
        except BaseException as error:  # for whoever asks for the pool
            self._pool.set_exception(error)

    @property
    def done(self) -> bool:
        """Whether the workers are there, or cannot be had."""
        return self._pool.done()

    def pool(self) -> Pool:
        """Return the pool when it is there.  Raises what starting it raised."""
        return self._pool.result()

    def dismiss(self) -> None:
        """End the workers, as soon as they are there: they are not needed any more."""
        self._pool.add_done_callback(lambda pool: None if pool.exception() else pool.result().close())

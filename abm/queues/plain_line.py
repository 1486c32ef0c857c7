"""One line in the order of arrival, served by alike servers, where nobody goes before being served.

Such a line needs no events: a customer begins when she has come and the first server is free. The numbers are those of
the event-driven day, bit for bit, in a tenth of the time.
Source: definitions; for one server the recursion of waits, for several that of the times at which they are free.
"""

from __future__ import annotations

import numpy as np

from abm.core.kernels import kernel
from abm.queues.queue import Queue


def is_plain(queue: Queue) -> bool:
    """Return whether a queue is such a line: one stage, one pool, one line, and nothing that sends anybody away."""
    one_pool = len(queue.pools) <= 1 and all(
        pool.batch == 1 and not (pool.shifts or pool.kinds or pool.skills) for pool in queue.pools
    )
    patient = queue.patience is None and all(kind.patience is None for kind in queue.kinds)
    simple = queue.discipline == "fcfs" and queue.lines != "parallel"
    alone = queue.stages == 1 and queue.shifts is None
    sources = (queue.population, queue.appointments, queue.bot)
    rules = (*sources, queue.room, queue.balking, queue.call_back, queue.repeats)
    return one_pool and patient and simple and alone and all(rule is None for rule in rules)


@kernel(double=True)
def serve_in_order(arrival, need, pace, free, waited, began, left, totals, lo, hi):
    """Serve customers in the order in which they come.

    arrival, need : (n,) minutes, the first in order
    pace : (1,) factor on `need`      free : (servers,) times at which servers are free, a heap, at first 0  [written]
    waited, began, left : (n,) minutes  [written]
    totals : (3,) minutes of service, added in the order of customers; most who waited at a time, by whom a customer who
             begins at the time of an arrival has begun before it; time of the last leaving  [written]
    """
    servers, ahead, longest, busy, last = free.shape[0], np.int64(lo), np.int64(0), 0.0, 0.0
    for v in range(lo, hi):
        comes = arrival[v]
        begins = max(comes, free[0])
        takes = need[v] * pace[0]
        ends = begins + takes
        began[v], left[v], waited[v] = begins, ends, begins - comes
        busy += takes
        last = max(last, ends)
        while began[ahead] <= comes and ahead < np.int64(v):
            ahead += 1
        if begins > comes:
            longest = max(longest, np.int64(v) - ahead + 1)
        place = np.int64(0)
        while True:
            child = 2 * place + 1
            if child >= servers:
                break
            if child + 1 < servers and free[child + 1] < free[child]:
                child += 1
            if ends <= free[child]:
                break
            free[place] = free[child]
            place = child
        free[place] = ends
    totals[0], totals[1], totals[2] = busy, longest, last

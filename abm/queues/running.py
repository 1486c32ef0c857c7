"""A day of a queue: people are put in the order in which they come, served by the compiled day, and looked at after."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.core.streams import stream_key
from abm.queues import rules as r
from abm.queues.layout import Array, Layout, layout, shifts
from abm.queues.people import People
from abm.queues.queue import Queue
from abm.queues.rows import look, seat, serve_people

CONTAINED, NO_SHOW = 4, 5  # outcomes beside the first four states
OUTCOMES = ("served", "balked", "abandoned", "denied", "contained", "no-show")


@dataclass
class Trace:
    """What became of the customers of one replication; columns (n,), times in minutes.

    people    : what they wanted      arrival : at the door, before a bot, in order      who : identity of each
    outcome   : place in OUTCOMES     waited : in all lines      joined : the last line      left : for good
    began     : last service, NaN = none      pool : of the last service, -1 = none      tries : comings
    overtaken : how many came to the line later and were served earlier
    busy, on_duty : (P,) minutes of service, minutes on duty until `ended`, when the last of who came to the line left
    longest, called_back, repeated : most who waited in a line at a time; call backs; comings of who had been served
    """

    people: People
    arrival: Array
    layout: Layout
    who: NDArray[np.int64] = field(init=False)
    outcome: NDArray[np.int8] = field(init=False)
    waited: Array = field(init=False)
    joined: Array = field(init=False)
    began: Array = field(init=False)
    left: Array = field(init=False)
    tries: NDArray[np.int8] = field(init=False)
    pool: NDArray[np.int8] = field(init=False)
    overtaken: NDArray[np.int32] = field(init=False)
    busy: Array = field(init=False)
    on_duty: Array = field(init=False)
    ended: float = 0.0
    longest: int = 0
    called_back: int = 0
    repeated: int = 0

    def end(self, ended: float, busy: Array) -> None:
        """Note when the day ended, and for how long servers were busy."""
        self.ended, self.busy, self.on_duty = ended, busy, on_duty(self.layout, ended)


def served(queue: Queue, people: People, seed: int, replication: int) -> Trace:
    """Return what becomes of people on a day.

    Raises Refusal if the queue has too many lines or pools.
    """
    means = _means(queue, people)
    trace, n = Trace(people, people.arrival, layout(queue, means)), len(people.arrival)
    trace.who = np.arange(n) % people.stride if people.stride else np.arange(n)
    order, delay = _order(people), queue.bot.minutes if queue.bot else 0.0
    rows = len(order)
    person, times, wants = (
        np.empty((rows, r.WORDS), np.int32),
        np.empty((rows, r.TIMES)),
        np.empty((rows, r.NEED + len(people.need))),
    )
    due = np.zeros(1) if people.due is None else people.due
    naor = queue.balking is not None and queue.balking.rule == "naor"
    accepted = people.accepted - (_own_service(trace.layout, means) if naor else 0.0)
    seat(
        person, times, wants, order, people.stride, np.array([delay]), people.arrival, people.need, people.patience,
        accepted, people.luck, people.call_luck, due, _class(queue, people), 0, rows,
    )  # fmt: skip
    last = people.horizon if people.stride else float(people.arrival.max(initial=0.0)) + delay
    _day(trace, people, (person, times, wants), last, (seed, replication))
    _look(trace, people, order, person, times, delay)
    if people.stride:  # the rows of a finite population are its members' visits, and hold when they came
        _in_order_of_arrival(trace, np.flatnonzero(trace.tries > 0), wants[:, r.ARRIVAL])
    elif people.due is not None:
        _in_order_of_arrival(trace, np.arange(len(people.arrival)), people.arrival)
    return trace


def on_duty(plan: Layout, ended: float) -> Array:
    """Return the minutes (P,) for which servers of each pool were on duty until a time."""
    minutes = np.zeros(len(plan.pools_named))
    for p, pool in enumerate(plan.pools_named):
        if pool.shifts is None:
            minutes[p] = pool.servers * ended
            continue
        length, staff = pool.shifts.interval, np.array(pool.shifts.staff, np.float64)
        whole, rest = divmod(ended, length)
        rounds, left = divmod(int(whole), len(staff))
        minutes[p] = (rounds * staff.sum() + staff[:left].sum()) * length + staff[left] * rest
    return minutes


def _day(trace: Trace, people: People, rows: tuple[Any, ...], last: float, luck: tuple[int, int]) -> None:
    """Run the compiled day on rows of people, of whom the last comes for the first time at `last`."""
    plan, events = trace.layout, 2 * len(rows[0]) + 2
    lines, pools = len(plan.lines_named), len(plan.pools_named)
    more = max((len(p.shifts.staff) * p.shifts.interval for p in plan.pools_named if p.shifts), default=0.0)
    line_state, pool_state = np.zeros((1, lines, r.LINE_STATE), np.int64), np.zeros((1, pools, r.POOL_STATE), np.int64)
    line_state[..., r.HEAD] = line_state[..., r.TAIL] = r.NOBODY
    pool_state[..., r.STAFF] = plan.staff
    busy, counts, ended = np.zeros((1, pools)), np.zeros((1, r.COUNTS), np.int64), np.zeros(1)
    serve_people(
        *rows, plan.rules, plan.lines, plan.pools, plan.pace, plan.joins, plan.mean,
        *shifts(plan.pools_named, last + more), line_state, pool_state, busy, counts, np.empty(events),
        np.empty(events, np.int64), np.zeros(1, np.int64), np.array([people.stride, people.horizon]),
        np.array([stream_key(luck[0], "queue"), 0, luck[1]], np.uint64), ended,
    )  # fmt: skip
    trace.longest, trace.called_back = int(counts[0, r.LONGEST]), int(counts[0, r.CALLED_BACK])
    trace.repeated = int(counts[0, r.REPEATED])
    trace.busy = busy[0]


def _look(trace: Trace, people: People, order: NDArray[np.int32], person: Any, times: Any, delay: float) -> None:
    """Write down what became of everybody, also of those who never came to the line."""
    n = len(people.arrival)
    trace.outcome, trace.tries, trace.pool = np.zeros(n, np.int8), np.zeros(n, np.int8), np.full(n, -1, np.int8)
    trace.waited, trace.overtaken = np.zeros(n), np.zeros(n, np.int32)
    trace.joined, trace.began, trace.left = np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    columns = (trace.outcome, trace.waited, trace.joined, trace.began, trace.left, trace.tries, trace.pool)
    look(person, times, order, *columns, trace.overtaken, 0, len(order))
    # The last event may be a change of staff, or a look at the patience of who was served long ago.
    trace.end(float(np.nanmax(trace.left[order], initial=0.0)), trace.busy)
    if people.contained is not None:
        here = people.contained if people.absent is None else people.contained & ~people.absent
        trace.outcome[here], trace.tries[here] = CONTAINED, 1
        trace.left[here] = people.arrival[here] + delay
    if people.absent is not None:
        trace.outcome[people.absent] = NO_SHOW


def _means(queue: Queue, people: People) -> Array:
    """Return the mean minutes of service by stage, of the distributions or else of the needs given."""
    if not queue.served_by(queue.people[0]):
        return people.need.mean(axis=1)
    shares = np.array([kind.share for kind in queue.people])
    each = np.array([[one.expectation for one in queue.served_by(kind)] for kind in queue.people])
    return shares @ each


def _own_service(plan: Layout, means: Array) -> float:
    """Return the mean minutes of a service at the first stage, at the usual pace of its servers."""
    first = [pool for pool in plan.pools_named if pool.stage == 1]
    return float(means[0]) * sum(pool.usual for pool in first) / sum(pool.usual / pool.pace for pool in first)


def _order(people: People) -> NDArray[np.int32]:
    """Return who comes, in the order of coming; of equal times who has the lower number."""
    n = len(people.arrival)
    if people.due is None and people.contained is None:
        return np.arange(n, dtype=np.int32)
    comes = np.ones(n, np.bool_)
    for out in (people.contained, people.absent):
        comes &= True if out is None else ~out
    chosen = np.flatnonzero(comes)
    return chosen[np.argsort(people.arrival[chosen], kind="stable")].astype(np.int32)


def _class(queue: Queue, people: People) -> NDArray[Any]:
    if queue.express_limit is None:
        return people.kind
    return people.kind + (people.need[0] > queue.express_limit).astype(np.int8) * np.int8(len(queue.people))


def _in_order_of_arrival(trace: Trace, came: NDArray[np.int64], arrival: Array) -> None:
    """Leave those in the trace who came, or did not keep a slot, in the order of arrival; arrival : (n,) of all."""
    order, people = came[np.argsort(arrival[came], kind="stable")], trace.people
    for name in ("outcome", "waited", "joined", "began", "left", "tries", "pool", "overtaken", "who"):
        setattr(trace, name, getattr(trace, name)[order])
    trace.arrival, people.kind, people.need = arrival[order], people.kind[order], people.need[:, order]
    people.patience = people.patience[order] if len(people.patience) > 1 else people.patience

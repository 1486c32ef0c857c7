"""The rules of a queue as arrays that a service day reads: its lines, pools and shifts.

A *class* is a kind of customers, or with an express line a kind with short needs or with long ones: class
kind + kinds x (1 if the need is long). People of a class may join the same lines. Customers share a line unless
they differ in rank, in who may serve them, or in whether they may take the express line.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from abm.core.errors import Refusal
from abm.queues import rules as r
from abm.queues.parts import Kind, Pool
from abm.queues.queue import Queue

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
SHORT, LONG = "short needs", "long needs"  # the pools of an express line and of the others
_SCALE = 5.0  # minutes, of logit balking; assumed


class Line(NamedTuple):
    """A line: its stage from 0, the classes who join it, its rank, and the pools that serve it."""

    stage: int
    classes: tuple[int, ...]
    rank: int
    pools: tuple[int, ...]


class Layout(NamedTuple):
    """Rules of a day at one facility: arrays as in `abm.queues.rules.Day`, and the pools and lines in words.

    staff : (P,) servers on duty at the beginning
    """

    pools_named: tuple[Pool, ...]
    lines_named: tuple[Line, ...]
    rules: Array
    lines: Whole
    pools: Whole
    pace: Array
    joins: Whole
    mean: Array
    staff: Whole


def layout(queue: Queue, means: Array) -> Layout:
    """Return the arrays of a queue.

    means : (stages,) mean minutes of service, from which people expect a wait
    Raises Refusal if there are too many lines or pools, or a kind whom nobody serves.
    """
    pools = _pools(queue)
    if len(pools) > r.MOST_POOLS:
        raise Refusal(f"makes {len(pools)} pools of one server; at most {r.MOST_POOLS} are possible", place="lines")
    lines = _lines(queue, pools)
    if len(lines) > r.MOST_LINES:
        message = f"make {len(lines)} lines; at most {r.MOST_LINES} are possible: take fewer kinds, or a single line"
        raise Refusal(message, place="kinds" if queue.kinds else "lines")
    classes = len(queue.people) * (2 if queue.discipline == "express" else 1)
    joins = np.zeros((1, queue.stages, classes), np.int64)
    for k, line in enumerate(lines):
        joins[0, line.stage, list(line.classes)] |= 1 << k
    back = _call_back(queue, pools)
    every = (*lines, back) if back else lines
    if len(every) > r.MOST_LINES:
        raise Refusal(f"makes one line more than the {r.MOST_LINES} that are possible; leave it out", place="call_back")
    staff = [pool.shifts.staff[0] if pool.shifts else pool.servers for pool in pools]
    return Layout(
        pools, every, _rules(queue, len(every), len(pools), back is not None), _line_rules(every),
        _pool_rules(queue, pools, every), np.array([[pool.pace for pool in pools]]), joins, means[None, :],
        np.array(staff, np.int64),
    )  # fmt: skip


def shifts(pools: tuple[Pool, ...], until: float) -> tuple[Array, Whole, Whole]:
    """Return when the staff of which pool changes to what, up to a time in minutes: (changes,) each, by time."""
    rows: list[tuple[float, int, int]] = []
    for p, pool in enumerate(pools):
        if pool.shifts and len(pool.shifts.staff) > 1:
            steps, own = int(until // pool.shifts.interval) + len(pool.shifts.staff), pool.shifts
            rows += [(k * own.interval, p, own.staff[k % len(own.staff)]) for k in range(1, steps + 1)]
    rows.sort(key=lambda row: row[:2])
    times, places, staff = zip(*rows, strict=True) if rows else ((), (), ())
    return np.array(times, np.float64), np.array(places, np.int64), np.array(staff, np.int64)


def _pools(queue: Queue) -> tuple[Pool, ...]:
    pools = queue.pools or tuple(_usual(queue))
    if queue.lines != "parallel":
        return pools
    alone = [[pool.model_copy(update={"servers": 1})] * pool.servers for pool in pools]
    return tuple(pool for group in alone for pool in group)


def _usual(queue: Queue) -> list[Pool]:
    """Return the pools of a queue that names none: one at each stage, or two at the first with an express line."""
    first = [Pool(name="servers", servers=queue.servers, shifts=queue.shifts)]
    if queue.express_servers:
        apart = queue.express_servers, queue.servers - queue.express_servers
        first = [Pool(name=name, servers=n) for name, n in zip((SHORT, LONG), apart, strict=True)]
    later = range(2, queue.stages + 1)
    return first + [Pool(name=f"stage {k}", servers=queue.servers, stage=k, shifts=queue.shifts) for k in later]


def _lines(queue: Queue, pools: tuple[Pool, ...]) -> tuple[Line, ...]:
    found = []
    for stage in range(queue.stages):
        here = [p for p, pool in enumerate(pools) if pool.stage == stage + 1]
        apart = any(pools[p].kinds or pools[p].skills for p in here)
        groups: dict[tuple[int, str, int], list[int]] = {}
        for c, kind, long in _classes(queue):
            rank = _rank(queue, kind, long, stage)
            key = (rank, kind.name if apart else "", long if stage == 0 else 0)
            groups.setdefault(key, []).append(c)
        for key, members in groups.items():
            serving = tuple(p for p in here if _serves(queue, pools[p], members))
            if not serving:
                name = queue.people[members[0] % len(queue.people)].name
                raise Refusal(f"serve no {name} at stage {stage + 1}; add the kind to one of them", place="pools")
            sets = [(p,) for p in serving] if queue.lines == "parallel" else [serving]
            found += [Line(stage, tuple(members), key[0], own) for own in sets]
    return tuple(found)


def _classes(queue: Queue) -> list[tuple[int, Kind, int]]:
    """Return (class, kind, 1 if its needs are long) of all classes."""
    kinds = len(queue.people)
    halves = (0, 1) if queue.discipline == "express" else (0,)
    return [(kind + kinds * long, queue.people[kind], long) for long in halves for kind in range(kinds)]


def _rank(queue: Queue, kind: Kind, long: int, stage: int) -> int:
    if queue.discipline == "priority":
        return kind.rank
    return long if queue.discipline == "express" and stage == 0 else 0


def _serves(queue: Queue, pool: Pool, members: list[int]) -> bool:
    names = {queue.people[c % len(queue.people)].name for c in members}
    long = members[0] >= len(queue.people)
    if queue.express_servers and pool.stage == 1 and pool.name != (LONG if long else SHORT):
        return False
    return not pool.kinds or names <= set(pool.kinds)


def _call_back(queue: Queue, pools: tuple[Pool, ...]) -> Line | None:
    if queue.call_back is None:
        return None
    last = max(_rank(queue, kind, long, 0) for _, kind, long in _classes(queue))
    rank = last if queue.call_back.rank is None else queue.call_back.rank
    return Line(0, (), rank, tuple(p for p, pool in enumerate(pools) if pool.stage == 1))


def _line_rules(lines: tuple[Line, ...]) -> Whole:
    rows = np.zeros((1, len(lines), r.LINE_RULES), np.int64)
    for k, line in enumerate(lines):
        rows[0, k, r.RANK], rows[0, k, r.AT_STAGE] = line.rank, line.stage
        for other, one in enumerate(lines):
            if set(one.pools) & set(line.pools) and one.rank <= line.rank:
                rows[0, k, r.BEFORE] |= 1 << other
    return rows


def _pool_rules(queue: Queue, pools: tuple[Pool, ...], lines: tuple[Line, ...]) -> Whole:
    rows = np.zeros((1, len(pools), r.POOL_RULES), np.int64)
    for p, pool in enumerate(pools):
        rows[0, p, r.BATCH] = pool.batch
        for k, line in enumerate(lines):
            names = {queue.people[c % len(queue.people)].name for c in line.classes}
            if p in line.pools:
                rows[0, p, r.SERVES] |= 1 << k
                rows[0, p, r.WITHOUT_SKILL] |= int(bool(pool.skills) and not names <= set(pool.skills)) << k
    return rows


def _rules(queue: Queue, lines: int, pools: int, calls_back: bool) -> Array:
    row, balking, back = np.zeros((1, r.RULES)), queue.balking, queue.call_back
    row[0, r.ROOM] = np.inf if queue.room is None else queue.room
    row[0, r.VISIBLE] = row[0, r.BALKS] = balking is not None
    row[0, r.ANNOUNCES] = queue.announcement is not None
    row[0, r.ANNOUNCED_PART] = queue.announcement.part if queue.announcement else 1.0
    if balking is not None and balking.rule == "logit":
        row[0, r.BALK_SCALE] = _SCALE if balking.scale is None else balking.scale
    row[0, r.TICKETS] = queue.lines == "tickets"
    row[0, r.APPOINTMENTS] = queue.discipline == "appointment"
    row[0, r.CALL_BACK_LINE] = lines - 1 if calls_back else r.NOBODY
    row[0, [r.CALL_BACK_AFTER, r.CALL_BACK_TAKEN]] = (back.after, back.taken) if back else 0.0
    row[0, [r.RETRIES, r.RETRY_AFTER]] = (queue.retries.share, queue.retries.after) if queue.retries else 0.0
    if queue.repeats:
        again = queue.repeats
        row[0, [r.REPEATS, r.WRONG_REPEATS, r.REPEAT_AFTER]] = again.share, again.wrong_skill, again.after
    row[0, r.MOST_TRIES] = queue.most_tries
    row[0, r.WRONG_PACE] = queue.wrong_pace
    # Only where lines differ, or are not in the order of coming, can anybody be overtaken.
    row[0, r.FAIRNESS] = lines > queue.stages or queue.discipline == "appointment"
    row[0, [r.STAGES, r.LINES, r.POOLS]] = queue.stages, lines, pools
    return row

"""Service days for tests: a quiet day to start from, and how a day is run in compiled code."""

from __future__ import annotations

import numpy as np

from abm.core.kernels import kernel
from abm.core.programs import Call, Program
from abm.queues import rules as R
from abm.queues.day import run_day
from abm.queues.rules import Day

LUCK = ("key", "period", "replication")  # numbers of a day; the others that are numbers travel in `span` and `until`


@kernel(per="market", double=True)
def one_day(
    person,
    times,
    wants,
    rules,
    lines,
    pools,
    pace,
    joins,
    mean,
    shift_time,
    shift_place,
    shift_staff,
    line_state,
    pool_state,
    busy,
    counts,
    event_time,
    event_code,
    events,
    span,
    until,
    key,
    replication,
    t,
):
    """Let a day come about.

    span (3,) first, last and stride; until (2,) horizon, and the time of the last event [written]; for the others,
    and for what is written, see Day
    """
    until[1] = run_day(
        Day(
            person,
            times,
            wants,
            rules,
            lines,
            pools,
            pace,
            joins,
            mean,
            shift_time,
            shift_place,
            shift_staff,
            line_state,
            pool_state,
            busy,
            counts,
            event_time,
            event_code,
            events,
            span[0],
            span[1],
            span[2],
            until[0],
            key,
            t,
            replication,
        )
    )


def run(day: Day) -> float:
    """Run a day, which is written to, and return the time of its last event, minutes."""
    span = np.array([day.first, day.last, day.stride], np.int64)
    until = np.array([day.horizon, 0.0])
    arrays = [getattr(day, name) for name in Day._fields if name not in (*LUCK, "first", "last", "stride", "horizon")]
    call = Call(one_day, (*arrays, span, until, np.uint64(day.key), np.int64(day.replication)))
    Program([(False, [call])]).run((0, 1), 1, int(day.period), int(day.period) + 1)
    return float(until[1])


def copied(day: Day) -> Day:
    """Return the same day with arrays of its own."""
    return Day(*(value.copy() if isinstance(value, np.ndarray) else value for value in day))


def quiet_day(people: int, facilities: int = 1, stages: int = 1, kinds: int = 1, lines: int = 1, pools: int = 1) -> Day:
    """Return a day of one server a pool and no shifts, on which nobody is turned away, gives up or comes again.

    Everybody comes at 0 to facility 0, joins line 0, which is of stage 0, needs no time, and waits for ever; all
    pools serve line 0. Later stages have no lines yet. Identities are the places in the arrays.
    """
    f, n = facilities, people
    person = np.zeros((n, R.WORDS), np.int32)
    person[:, R.STATE], person[:, R.WHO] = R.AWAY, np.arange(n)
    person[:, [R.SECOND, R.POOL, R.BEHIND, R.AHEAD, R.MATE]] = R.NOBODY
    times, wants = np.zeros((n, R.TIMES)), np.zeros((n, R.WANTS))
    times[:, R.ALARM], wants[:, R.PATIENCE], wants[:, R.ACCEPTED] = R.ENDLESS, np.inf, np.inf
    rules = np.zeros((f, R.RULES))
    rules[:, R.ROOM], rules[:, R.CALL_BACK_LINE] = np.inf, R.NOBODY
    rules[:, [R.MOST_TRIES, R.WRONG_PACE, R.ANNOUNCED_PART]] = 1.0
    rules[:, R.STAGES], rules[:, R.LINES], rules[:, R.POOLS] = stages, lines, pools
    line_rules, pool_rules = np.zeros((f, lines, R.LINE_RULES), np.int64), np.zeros((f, pools, R.POOL_RULES), np.int64)
    line_rules[:, :, R.BEFORE] = 1 << np.arange(lines)
    pool_rules[:, :, R.SERVES], pool_rules[:, :, R.BATCH] = 1, 1
    joins = np.zeros((f, stages, kinds), np.int64)
    joins[:, 0] = 1
    line_state, pool_state = np.zeros((f, lines, R.LINE_STATE), np.int64), np.zeros((f, pools, R.POOL_STATE), np.int64)
    line_state[:, :, [R.HEAD, R.TAIL]] = R.NOBODY
    pool_state[:, :, R.STAFF] = 1
    return Day(
        person, times, wants, rules, line_rules, pool_rules, np.ones((f, pools)), joins, np.ones((f, stages)),
        np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64), line_state, pool_state, np.zeros((f, pools)),
        np.zeros((f, R.COUNTS), np.int64), np.zeros(2 * n), np.zeros(2 * n, np.int64), np.zeros(1, np.int64),
        0, n, 0, np.inf, 7, 0, 0,
    )  # fmt: skip

"""Rows of a service day: written before it from columns of customers, and read after it into columns again."""

from __future__ import annotations

import numpy as np

from abm.core.kernels import kernel
from abm.queues.day import run_day
from abm.queues.rules import (
    ACCEPTED,
    AHEAD,
    ALARM,
    ANNOUNCED,
    ARRIVAL,
    AWAY,
    BEGAN,
    BEHIND,
    CALL_LUCK,
    DUE,
    HANDLED,
    JOINED,
    KIND,
    LEFT,
    LINE,
    LUCK,
    MATE,
    NEED,
    NOBODY,
    NTH,
    OVERTAKEN,
    PATIENCE,
    POOL,
    SECOND,
    STATE,
    TRIES,
    WAITED,
    WHO,
    Day,
)  # fmt: skip


@kernel(double=True)
def serve_people(
    person, times, wants, rules, lines, pools, pace, joins, mean, shift_time, shift_place, shift_staff, line_state,
    pool_state, busy, counts, event_time, event_code, events, span, luck, ended
):  # fmt: skip
    """Let all people of a day come and be served: `run_day` on a `Day` of these arrays.

    span  : (2,) float64  stride and horizon of a finite population; stride 0 = endless
    luck  : (3,) uint64   key, period and replication of what is drawn on the day
    ended : (1,) float64  time of the last event  [written]
    All others are as in `Day`, which says what is written; the people are rows 0 to the last of `person`.
    """
    day = Day(
        person, times, wants, rules, lines, pools, pace, joins, mean, shift_time, shift_place, shift_staff,
        line_state, pool_state, busy, counts, event_time, event_code, events,
        0, person.shape[0], int(span[0]), span[1], luck[0], luck[1], luck[2],
    )  # fmt: skip
    ended[0] = run_day(day)


@kernel(double=True)
def seat(
    person, times, wants, order, stride, delay, arrival, need, patience, accepted, luck, call_luck, due, place, lo, hi
):
    """Write the rows of people as they are before a day, AWAY, in the order in which they come.

    person (rows, WORDS), times (rows, TIMES), wants (rows, WANTS)  [written]
    order : (rows,) which customer u each row is      stride : 0: WHO = u and NTH = 0; else u mod and div stride
    delay : (1,) minutes added to `arrival`; `due` (n,), or (1,) = as she comes; place (n,) int: her class
    Columns of one entry hold for all. ALARM is inf, ANNOUNCED -1, links, line and pool -1, all else 0.
    """
    stages, alike = need.shape[0], due.shape[0] == 1
    each_patience, each_accepted = patience.shape[0] > 1, accepted.shape[0] > 1
    each_luck, each_call = luck.shape[0] > 1, call_luck.shape[0] > 1
    for v in range(lo, hi):
        u = np.int64(order[v])
        for k in range(person.shape[1]):
            person[v, k] = 0
        person[v, STATE] = AWAY
        person[v, SECOND], person[v, LINE], person[v, POOL] = NOBODY, NOBODY, NOBODY
        person[v, BEHIND], person[v, AHEAD], person[v, MATE] = NOBODY, NOBODY, NOBODY
        person[v, KIND] = place[u]
        person[v, WHO] = u % stride if stride > 0 else u
        person[v, NTH] = u // stride if stride > 0 else 0
        for k in range(times.shape[1]):
            times[v, k] = 0.0
        times[v, ALARM], times[v, ANNOUNCED] = np.inf, -1.0
        wants[v, ARRIVAL] = arrival[u] + delay[0]
        wants[v, PATIENCE] = patience[u if each_patience else 0]
        wants[v, ACCEPTED] = accepted[u if each_accepted else 0]
        wants[v, LUCK] = luck[u if each_luck else 0]
        wants[v, CALL_LUCK] = call_luck[u if each_call else 0]
        wants[v, DUE] = wants[v, ARRIVAL] if alike else due[u]
        for s in range(stages):
            wants[v, NEED + s] = need[s, u]


@kernel(double=True)
def look(person, times, order, outcome, waited, joined, began, left, tries, pool, overtaken, lo, hi):
    """Copy what became of people from their rows to columns (n,), all of them  [written].

    Of who never came (TRIES 0) only `tries` is written. `joined` and `began` stay as they are for who never
    joined a line, and was never served.
    """
    for v in range(lo, hi):
        u = np.int64(order[v])
        tries[u] = person[v, TRIES]
        if person[v, TRIES] > 0:
            outcome[u], waited[u], left[u] = person[v, STATE], times[v, WAITED], times[v, LEFT]
            pool[u], overtaken[u] = person[v, POOL], person[v, OVERTAKEN]
            if person[v, LINE] != NOBODY:
                joined[u] = times[v, JOINED]
            if person[v, HANDLED] > 0:
                began[u] = times[v, BEGAN]

"""How servers take the next person, how long they serve, and when they end."""

from __future__ import annotations

import numpy as np

from abm.core.kernels import routine
from abm.queues.ending import finish
from abm.queues.lines import count_overtaken, next_line, step_out
from abm.queues.rules import (
    BATCH,
    BEGAN,
    BUSY,
    CALL_BACK_LINE,
    CALLED,
    FACILITY,
    FAIRNESS,
    FIRST_WAIT,
    HEAD,
    IN_SERVICE,
    INSIDE,
    ISSUED,
    JOINED,
    LENGTH,
    LINE,
    LINES,
    MATE,
    NEED,
    NOBODY,
    POOL,
    SERVES,
    SERVING,
    STAFF,
    STAGE,
    STAGES,
    STATE,
    TICKET,
    WAITED,
    WITHOUT_SKILL,
    WRONG_PACE,
)


@routine
def take(day, f, p):
    """Return who is served next by a pool that may have a free server, taken from her line; -1 = nobody."""
    if day.pool_state[f, p, BUSY] >= day.pool_state[f, p, STAFF]:
        return np.int64(NOBODY)
    line = np.int64(next_line(day, f, p))
    if line != NOBODY:
        v = np.int64(day.line_state[f, line, HEAD])
        step_out(day, f, line, v)
        return v
    for other in range(np.int64(day.rules[f, LINES])):  # the numbers of who has left are called, and nobody comes
        if (day.pools[f, p, SERVES] >> other) & 1 and day.line_state[f, other, LENGTH] == 0:
            day.line_state[f, other, CALLED] = day.line_state[f, other, ISSUED]
    return np.int64(NOBODY)


@routine
def begin_with(day, f, line, p, v, t):
    """Begin to serve one person."""
    stage = np.int64(day.person[v, STAGE])
    day.person[v, STATE] = IN_SERVICE
    day.person[v, POOL] = p
    day.person[v, MATE] = NOBODY
    day.times[v, BEGAN] = t
    day.times[v, WAITED] += t - day.times[v, JOINED]
    if stage == 0:
        day.times[v, FIRST_WAIT] = t - day.times[v, JOINED]
    state = day.line_state
    state[f, line, SERVING] += 1
    state[f, line, CALLED] = max(state[f, line, CALLED], np.int64(day.person[v, TICKET]) + 1)
    if line == day.rules[f, CALL_BACK_LINE]:
        day.counts[f, INSIDE] += 1
    return day.wants[v, NEED + stage]


@routine
def begin(day, v, p, t):
    """Begin to serve a person and those who are served with her.  Returns how long it takes."""
    f, line = np.int64(day.person[v, FACILITY]), np.int64(day.person[v, LINE])
    longest = begin_with(day, f, line, p, v, t)
    latest, places = v, day.pools[f, p, BATCH] - 1
    while places > 0 and day.line_state[f, line, LENGTH] > 0:
        mate = np.int64(day.line_state[f, line, HEAD])
        step_out(day, f, line, mate)
        longest = max(longest, begin_with(day, f, line, p, mate, t))
        day.person[latest, MATE] = mate
        latest = mate
        places -= 1
    w = np.int64(v)
    while day.rules[f, FAIRNESS] > 0.0 and w != NOBODY:  # those who are served together overtake nobody among them
        count_overtaken(day, f, line, w)
        w = np.int64(day.person[w, MATE])
    lacks = (day.pools[f, p, WITHOUT_SKILL] >> line) & 1
    takes = longest * day.pace[f, p] * (day.rules[f, WRONG_PACE] if lacks else 1.0)
    day.pool_state[f, p, BUSY] += 1
    day.busy[f, p] += takes
    return takes


@routine
def end_service(day, v, t):
    """End the service of a person and of those with her.

    Returns the first who moves on to the next stage, from whom MATE leads to the others; -1 = nobody.
    """
    person, first, latest, w = day.person, np.int64(NOBODY), np.int64(NOBODY), np.int64(v)
    f = np.int64(person[v, FACILITY])
    day.pool_state[f, np.int64(person[v, POOL]), BUSY] -= 1
    while w != NOBODY:
        mate = np.int64(person[w, MATE])
        person[w, MATE] = NOBODY
        day.line_state[f, np.int64(person[w, LINE]), SERVING] -= 1
        if person[w, STAGE] + 1 < day.rules[f, STAGES]:
            person[w, STAGE] += 1
            if first == NOBODY:
                first = w
            else:
                person[latest, MATE] = w
            latest = w
        else:
            finish(day, f, w, t)
        w = mate
    return first

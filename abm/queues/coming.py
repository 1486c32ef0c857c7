"""How people come in: whether they join a line, and which."""

from __future__ import annotations

import numpy as np

from abm.core.functions import logistic32
from abm.core.kernels import routine
from abm.queues.events import GAVE_UP, add_event
from abm.queues.lines import expected_wait, free_pool, shortest_line, stand_behind, step_out
from abm.queues.rules import (
    ACCEPTED,
    ALARM,
    ANNOUNCED,
    ANNOUNCED_PART,
    ANNOUNCES,
    BALK_SCALE,
    BALKED,
    BALKS,
    CALL_BACK_AFTER,
    CALL_BACK_LINE,
    CALL_BACK_TAKEN,
    CALL_LUCK,
    CALLED_BACK,
    DEADLINE,
    DENIED,
    ENDLESS,
    FACILITY,
    INSIDE,
    ISSUED,
    JOINED,
    KIND,
    LENGTH,
    LINE,
    LONGEST,
    LUCK,
    NOBODY,
    PATIENCE,
    POOL,
    ROOM,
    SERVED,
    STAGE,
    STATE,
    TICKET,
    TRIED,
    TRIES,
    VISIBLE,
    WAITED,
    WAITING,
)


@routine
def balks(seen, accepted, scale, luck):
    """Return whether a person does not join: a logit of the wait that she sees beyond what she accepts."""
    beyond = seen - accepted
    return beyond > 0.0 if scale == 0.0 else luck < logistic32(np.float32(beyond / scale))


@routine
def come(day, v, t):
    """Let a person come in, at the first stage."""
    f = np.int64(day.person[v, FACILITY])
    day.person[v, TRIES] += 1
    day.person[v, STAGE] = 0
    day.person[v, POOL] = NOBODY
    day.times[v, ANNOUNCED] = -1.0
    day.counts[f, TRIED] += 1
    day.counts[f, INSIDE] += 1


@routine
def line_chosen(day, f, line, v):
    """Return the line that a person joins who would have to wait in `line`: that, the line of call backs, or -1."""
    rules, wants = day.rules, day.wants
    expected = expected_wait(day, f, line)
    calls_back = rules[f, CALL_BACK_LINE] >= 0.0 and expected > rules[f, CALL_BACK_AFTER]
    if calls_back and wants[v, CALL_LUCK] < rules[f, CALL_BACK_TAKEN]:
        day.counts[f, CALLED_BACK] += 1
        day.counts[f, INSIDE] -= 1
        return np.int64(rules[f, CALL_BACK_LINE])
    seen = expected
    if rules[f, ANNOUNCES] > 0.0:
        seen = rules[f, ANNOUNCED_PART] * expected
        day.times[v, ANNOUNCED] = seen
    knows = rules[f, BALKS] > 0.0 and rules[f, VISIBLE] + rules[f, ANNOUNCES] > 0.0
    if knows and balks(seen, wants[v, ACCEPTED], rules[f, BALK_SCALE], wants[v, LUCK]):
        return np.int64(NOBODY)
    return np.int64(line)


@routine
def join(day, v, t, taken):
    """Let a person join a line, and wait if nobody is free for her.

    taken : pool of her facility of which one free server is spoken for, -1 = none
    Returns (the pool that serves her at once, else -1; SERVED, or why she does not join).
    """
    person, rules = day.person, day.rules
    f, stage = np.int64(person[v, FACILITY]), np.int64(person[v, STAGE])
    if stage == 0 and day.counts[f, INSIDE] > rules[f, ROOM]:
        return np.int64(NOBODY), np.int64(DENIED)
    line = np.int64(shortest_line(day, f, day.joins[f, stage, person[v, KIND]]))
    pool = np.int64(free_pool(day, f, line, taken))
    informed = rules[f, VISIBLE] + rules[f, ANNOUNCES] > 0.0 or rules[f, CALL_BACK_LINE] >= 0.0
    if pool == NOBODY and stage == 0 and informed:
        chosen = line_chosen(day, f, line, v)
        if chosen == NOBODY:
            return np.int64(NOBODY), np.int64(BALKED)
        if chosen != line:  # a call back may be made at once by a pool that serves nothing else
            line, pool = chosen, np.int64(free_pool(day, f, chosen, taken))
    person[v, LINE] = line
    person[v, TICKET] = day.line_state[f, line, ISSUED]
    day.line_state[f, line, ISSUED] += 1
    day.times[v, JOINED] = t
    if pool == NOBODY:
        wait_in_line(day, f, line, v, t)
    return pool, np.int64(SERVED)


@routine
def wait_in_line(day, f, line, v, t):
    """Let a person wait, as long as her patience lasts; who waits for a call back is not in the room, and has time."""
    day.person[v, STATE] = WAITING
    stand_behind(day, f, line, v)
    day.counts[f, LONGEST] = max(day.counts[f, LONGEST], day.line_state[f, line, LENGTH])
    day.times[v, DEADLINE] = ENDLESS if line == day.rules[f, CALL_BACK_LINE] else t + day.wants[v, PATIENCE]
    set_alarm(day, v)


@routine
def set_alarm(day, v):
    """See to it that somebody looks when a person's patience ends, unless somebody looks before that anyway."""
    if day.times[v, DEADLINE] < ENDLESS <= day.times[v, ALARM]:
        day.times[v, ALARM] = day.times[v, DEADLINE]
        add_event(day, day.times[v, DEADLINE], GAVE_UP + v)


@routine
def patience_ends(day, v, t):
    """Let a person leave her line if she waits and her patience ends now.  Returns whether it does."""
    day.times[v, ALARM] = ENDLESS
    waits = day.person[v, STATE] == WAITING
    ends = waits and day.times[v, DEADLINE] <= t
    if ends:
        step_out(day, np.int64(day.person[v, FACILITY]), np.int64(day.person[v, LINE]), v)
        day.times[v, WAITED] += t - day.times[v, JOINED]
    elif waits:
        set_alarm(day, v)
    return ends

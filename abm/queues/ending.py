"""How a coming ends: served, or not, and whether and when the person comes again."""

from __future__ import annotations

import numpy as np

from abm.core.distributions import exponential_quantile
from abm.core.kernels import routine
from abm.core.streams import uniform4
from abm.queues.events import RETURNED, add_event
from abm.queues.rules import (
    ARRIVAL,
    AWAY,
    CALL_LUCK,
    COMPLETED,
    DENIED,
    ELSEWHERE,
    FACILITY,
    HANDLED,
    INSIDE,
    JOINED,
    LEFT,
    LINE,
    LUCK,
    MOST_TRIES,
    MOVED,
    NOBODY,
    NTH,
    POOL,
    REPEAT_AFTER,
    REPEATED,
    REPEATS,
    RETRIES,
    RETRY_AFTER,
    SECOND,
    SERVED,
    STATE,
    TRAVEL,
    TRIES,
    TURNED,
    WAITED,
    WAITING,
    WHO,
    WITHOUT_SKILL,
    WRONG_REPEATS,
)

_AFTER_TURNED, _AFTER_SERVED = 8, 40  # draws, to which the number of tries is added


@routine
def luck_after(day, draw, v):
    """Return four uniforms for what a person does next, and give her new luck for when she comes again."""
    nth = ((draw + np.int64(day.person[v, TRIES])) << 16) | np.int64(day.person[v, NTH])
    a, b, c, d = uniform4(day.key, day.person[v, WHO], day.period, nth, day.replication)
    day.wants[v, LUCK] = d
    day.wants[v, CALL_LUCK] = d
    return a, b, c


@routine
def leave(day, v, t):
    """Let a person leave for good; in a finite population she comes again later, as the next person of hers."""
    day.times[v, LEFT] = t
    again = v + day.stride
    if day.stride > 0 and again < day.last and t + day.wants[again, ARRIVAL] < day.horizon:
        day.wants[again, ARRIVAL] += t
        add_event(day, day.wants[again, ARRIVAL], RETURNED + again)


@routine
def turn_away(day, v, outcome, t):
    """Let a person who is not served go elsewhere, come again later, or leave."""
    person, rules, f = day.person, day.rules, np.int64(day.person[v, FACILITY])
    day.counts[f, TURNED + outcome - 1] += 1
    day.counts[f, INSIDE] -= 1
    person[v, STATE] = outcome
    comes = np.inf
    if rules[f, ELSEWHERE] > 0.0 or rules[f, RETRIES] > 0.0:
        a, b, c = luck_after(day, _AFTER_TURNED, v)
        if person[v, SECOND] != NOBODY and a < rules[f, ELSEWHERE]:
            comes = t + rules[f, TRAVEL]
            person[v, FACILITY] = person[v, SECOND]
            person[v, SECOND] = NOBODY
            day.counts[f, MOVED] += 1
        elif b < rules[f, RETRIES] and person[v, TRIES] < rules[f, MOST_TRIES]:
            comes = t + exponential_quantile(c, np.float32(rules[f, RETRY_AFTER]))
    if comes < np.inf:
        person[v, STATE] = AWAY
        add_event(day, comes, RETURNED + v)
    else:
        leave(day, v, t)


@routine
def finish(day, f, v, t):
    """Let a person who was served leave, or come again for what is not done."""
    person, rules = day.person, day.rules
    day.counts[f, COMPLETED] += 1
    day.counts[f, INSIDE] -= 1
    person[v, HANDLED] += 1
    person[v, STATE] = SERVED
    lacks = (day.pools[f, np.int64(person[v, POOL]), WITHOUT_SKILL] >> np.int64(person[v, LINE])) & 1
    chance = rules[f, REPEATS] + (rules[f, WRONG_REPEATS] if lacks else 0.0)
    again = False
    if chance > 0.0 and person[v, TRIES] < rules[f, MOST_TRIES]:
        a, _, c = luck_after(day, _AFTER_SERVED, v)
        if a < chance:
            again = True
            person[v, STATE] = AWAY
            day.counts[f, REPEATED] += 1
            add_event(day, t + exponential_quantile(c, np.float32(rules[f, REPEAT_AFTER])), RETURNED + v)
    if not again:
        leave(day, v, t)


@routine
def send_home(day, t):
    """Send home who still waits when nothing more can happen."""
    for v in range(day.first, day.last):
        if day.person[v, STATE] == WAITING:
            day.person[v, STATE] = DENIED
            day.times[v, LEFT] = t
            day.times[v, WAITED] += t - day.times[v, JOINED]
            day.counts[np.int64(day.person[v, FACILITY]), TURNED + DENIED - 1] += 1

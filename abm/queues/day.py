"""A service day: who comes, waits, is served or goes, event by event, in one compiled loop.

Happenings are taken in the order of time; at the same time services end first, then patience, then people who come
again arrive, then the number of servers changes, then people arrive for the first time; within a kind by the person's
place in the arrays.

* **Coming** (also again): a person is turned away (DENIED) if ROOM people are there. She joins the line of her kind,
  or the shortest of several, of which the first has the fewest who seem to wait or are being served. If a server of a
  pool for that line is free she is served at once: by the first pool that has the skill, else the first that has not.
  Otherwise the wait she expects is (seen + 1) x mean minutes of the stage / servers, in this order of rounding: seen
  are those who seem to wait in lines that are served no later, with numbers all who were drawn and not called; servers
  are the sum of staff / pace over the pools of the line; without servers it is endless. If that is above
  CALL_BACK_AFTER and her CALL_LUCK below CALL_BACK_TAKEN she takes a call back: she joins the line of call backs,
  where a free pool calls at once, and else waits there without end, not in the room before she is called. Else, if the
  line can be seen or is announced, she balks if LUCK < logistic32(float32((seen wait - ACCEPTED) / BALK_SCALE)), or
  with scale 0 if the seen wait is above ACCEPTED; that is the expected wait, or what is announced, ANNOUNCED_PART of
  it. Else she waits, at most PATIENCE. LINE, JOINED and FIRST_WAIT stay as they were if she does not join.
* A pool has a free server for a line of its RESERVED ones only while more than RESERVE of its servers are free.
* **A server who becomes free** takes the first person of the line of lowest rank among those that her pool serves, of
  these one for which the pool has the skill, of these the one whose first person has waited longest (with appointments:
  is due earliest), and up to BATCH - 1 more from that line. It takes as long as the longest NEED of them, times pace,
  times WRONG_PACE without the skill, and is counted as busy minutes when it begins. OVERTAKEN are those of her stage
  who joined a line before one who begins, and wait when all who begin together have left it.
* **A stage later** people join the next line without looking, in the order of the batch, before the server who has just
  become free takes anybody: she is spoken for meanwhile; any other free server serves them at once.
* **Who is not served** leaves if ELSEWHERE and RETRIES are 0. Else she draws four uniforms at (WHO, t, 8 + TRIES, NTH):
  with the first below ELSEWHERE she goes to her second facility, once, TRAVEL minutes later, whatever MOST_TRIES is;
  else with the second below RETRIES, if she has come fewer than MOST_TRIES times, she comes again after an exponential
  time of mean RETRY_AFTER (third uniform). The fourth is her LUCK and CALL_LUCK from then on. The rules are those of
  the facility that she leaves.
* **Who was served**, at the last stage, draws at (WHO, t, 40 + TRIES, NTH) if she has come fewer than MOST_TRIES times
  and there is a chance: with the first below REPEATS (+ WRONG_REPEATS if the pool of the last stage had not the skill)
  she comes again after an exponential time of mean REPEAT_AFTER (third uniform; the fourth as above).
* Exponential times are `exponential_quantile` of a float32 uniform and a float32 mean.
* When nothing more can happen, who still waits is sent home: DENIED, without a draw. A shift, or a look at the patience
  of somebody who has been served, may be the last that happens.
* With `stride` > 0 the population is finite: the first `stride` people come at their ARRIVAL, as who comes again does,
  and who leaves for good at some time comes again as person v + stride at that time + her ARRIVAL, if there is such a
  person and it is before `horizon`. Who is sent home has no next one.

Source: definitions; the event-driven simulation of queues.
"""

from __future__ import annotations

import numpy as np

from abm.core.kernels import routine
from abm.queues.coming import come, join, patience_ends
from abm.queues.ending import send_home, turn_away
from abm.queues.events import ENDED, PERSON, RETURNED, add_event, drop_event
from abm.queues.rules import (
    ABANDONED,
    ARRIVAL,
    AWAY,
    BUSY,
    ENDLESS,
    FACILITY,
    HEAD,
    MATE,
    MOST_POOLS,
    NOBODY,
    POOL,
    SERVED,
    STAFF,
    STATE,
    TAIL,
)
from abm.queues.serving import begin, end_service, take

EVENT, CHANGE, COMING, OVER = range(4)  # what happens next


@routine
def what_is_next(day, arriving, shift):
    """Return (what happens next, when)."""
    event = day.event_time[0] if day.events[0] > 0 else ENDLESS
    change = day.shift_time[shift] if shift < day.shift_time.shape[0] else ENDLESS
    coming = day.wants[arriving, ARRIVAL] if arriving < day.last and day.stride == 0 else ENDLESS
    if event <= change and event <= coming:
        return (OVER if event >= ENDLESS else EVENT), event
    return (CHANGE, change) if change <= coming else (COMING, coming)


@routine
def change_staff(day, shift):
    """Let as many servers be on duty as a shift says.  Returns (the facility, the pool)."""
    f, p = day.shift_place[shift] // MOST_POOLS, day.shift_place[shift] % MOST_POOLS
    day.pool_state[f, p, STAFF] = day.shift_staff[shift]
    return f, p


@routine
def happen(day, place, t):
    """Let the first event happen.  Returns (who comes or moves on, facility and pool of a free server, who gave up)."""
    v, kind = day.event_code[0] & PERSON, day.event_code[0] & ~PERSON
    drop_event(day)
    moving, freed, turned = np.int64(NOBODY), np.int64(NOBODY), np.int64(NOBODY)
    if kind == ENDED:
        place, freed = np.int64(day.person[v, FACILITY]), np.int64(day.person[v, POOL])
        moving = end_service(day, v, t)
    elif kind == RETURNED:
        moving = v
    elif patience_ends(day, v, t):
        turned = v
    return moving, place, freed, turned


@routine
def open_day(day, first_staff):
    """Begin a day with empty lines, nobody busy, nothing counted and nothing to come.

    first_staff (F, P)  servers on duty at opening      Written: line_state, pool_state, busy, counts, events.
    """
    for f in range(first_staff.shape[0]):
        for line in range(day.line_state.shape[1]):
            for field in range(day.line_state.shape[2]):
                day.line_state[f, line, field] = NOBODY if field in (HEAD, TAIL) else 0
        for p in range(first_staff.shape[1]):
            day.pool_state[f, p, STAFF], day.pool_state[f, p, BUSY] = first_staff[f, p], 0
            day.busy[f, p] = 0.0
        for k in range(day.counts.shape[1]):
            day.counts[f, k] = 0
    day.events[0] = 0


@routine
def run_day(day):
    """Let the people of a day come and be served.

    Before it people are AWAY with counts, tickets and waits of 0 and no one linked (-1), and all else is as `open_day`
    leaves it.
    Written: person, times, line_state, pool_state, busy, counts, event_time, event_code, events; of a finite
    population wants.  Returns the time of the last event.
    """
    arriving, shift, t = np.int64(day.first), np.int64(0), 0.0
    moving, freed, place = np.int64(NOBODY), np.int64(NOBODY), np.int64(NOBODY)
    for w in range(day.first, day.first + day.stride):
        add_event(day, day.wants[w, ARRIVAL], RETURNED + w)
    while True:
        v, pool = np.int64(NOBODY), np.int64(NOBODY)  # who is served now, and by whom
        turned, outcome = np.int64(NOBODY), np.int64(SERVED)
        if moving != NOBODY:
            u = moving
            moving = np.int64(day.person[u, MATE])
            day.person[u, MATE] = NOBODY
            if day.person[u, STATE] == AWAY:
                come(day, u, t)
            pool, outcome = join(day, u, t, freed if day.person[u, FACILITY] == place else np.int64(NOBODY))
            v, turned = u if pool != NOBODY else v, u if outcome != SERVED else turned
        elif freed != NOBODY:
            pool, v = freed, take(day, place, freed)
            freed = freed if v != NOBODY else v
        else:
            kind, when = what_is_next(day, arriving, shift)
            if kind == OVER:
                break
            t = when
            if kind == COMING:
                moving = arriving
                arriving += 1
            elif kind == CHANGE:
                place, freed = change_staff(day, shift)
                shift += 1
            else:
                moving, place, freed, turned = happen(day, place, t)
                outcome = outcome if turned == NOBODY else np.int64(ABANDONED)
        if v != NOBODY:
            add_event(day, t + begin(day, v, pool, t), ENDED + v)
        if turned != NOBODY:
            turn_away(day, turned, outcome, t)
    send_home(day, t)
    return t

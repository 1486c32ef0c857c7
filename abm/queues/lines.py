"""Lines: who stands behind whom, how long a line looks, and who is next."""

from __future__ import annotations

import numpy as np

from abm.core.kernels import routine
from abm.queues.rules import (
    AHEAD,
    APPOINTMENTS,
    AT_STAGE,
    BEFORE,
    BEHIND,
    BUSY,
    CALLED,
    DUE,
    HEAD,
    ISSUED,
    JOINED,
    LENGTH,
    LINES,
    NOBODY,
    OVERTAKEN,
    POOLS,
    RANK,
    RESERVE,
    RESERVED,
    SERVES,
    SERVING,
    STAFF,
    TAIL,
    TICKETS,
    WITHOUT_SKILL,
)


@routine
def stand_behind(day, f, line, v):
    """Put a person at the end of a line; with appointments, in front of those whose appointment is later."""
    person, state = day.person, day.line_state
    after = np.int64(state[f, line, TAIL])
    if day.rules[f, APPOINTMENTS] > 0.0:
        while after != NOBODY and day.wants[after, DUE] > day.wants[v, DUE]:
            after = np.int64(person[after, AHEAD])
    behind = np.int64(state[f, line, HEAD]) if after == NOBODY else np.int64(person[after, BEHIND])
    person[v, AHEAD] = after
    person[v, BEHIND] = behind
    if after == NOBODY:
        state[f, line, HEAD] = v
    else:
        person[after, BEHIND] = v
    if behind == NOBODY:
        state[f, line, TAIL] = v
    else:
        person[behind, AHEAD] = v
    state[f, line, LENGTH] += 1


@routine
def step_out(day, f, line, v):
    """Let a person leave the line in which she waits."""
    person, state = day.person, day.line_state
    ahead, behind = np.int64(person[v, AHEAD]), np.int64(person[v, BEHIND])
    if ahead == NOBODY:
        state[f, line, HEAD] = behind
    else:
        person[ahead, BEHIND] = behind
    if behind == NOBODY:
        state[f, line, TAIL] = ahead
    else:
        person[behind, AHEAD] = ahead
    state[f, line, LENGTH] -= 1


@routine
def looks_long(day, f, line):
    """Return how many seem to wait in a line: with numbers, all that were drawn and not called yet."""
    state = day.line_state
    drawn = state[f, line, ISSUED] - state[f, line, CALLED]
    return drawn if day.rules[f, TICKETS] > 0.0 else state[f, line, LENGTH]


@routine
def expected_wait(day, f, line):
    """Return the wait that a line promises: (those seen who are served no later + 1) x mean minutes / servers on duty.

    A server of pace 2 counts as half a one.
    """
    ahead, before = np.int64(0), day.lines[f, line, BEFORE]
    for other in range(np.int64(day.rules[f, LINES])):
        if (before >> other) & 1:
            ahead += looks_long(day, f, other)
    speed = 0.0
    for p in range(np.int64(day.rules[f, POOLS])):
        if (day.pools[f, p, SERVES] >> line) & 1:
            speed += day.pool_state[f, p, STAFF] / day.pace[f, p]
    return (ahead + 1) * day.mean[f, 0] / speed if speed > 0.0 else np.inf


@routine
def shortest_line(day, f, joined):
    """Return which of some lines (bits) has the fewest people, those being served counted; the first of equal ones."""
    best, fewest = np.int64(NOBODY), np.int64(1 << 62)
    for line in range(np.int64(day.rules[f, LINES])):
        if (joined >> line) & 1:
            people = looks_long(day, f, line) + day.line_state[f, line, SERVING]
            if people < fewest:
                best, fewest = np.int64(line), people
    return best


@routine
def may_serve(day, f, p, line, busy):
    """Return whether a pool serves a line, and has a server for it of whom so many are busy, beyond its reserve."""
    rules, free = day.pools[f, p], day.pool_state[f, p, STAFF] - busy
    least = rules[RESERVE] if (rules[RESERVED] >> line) & 1 else np.int64(0)
    return (rules[SERVES] >> line) & 1 > 0 and free > least


@routine
def free_pool(day, f, line, taken):
    """Return the first pool with a free server for a line, one with the skill before one without; -1 = none.

    taken : pool of which one free server is spoken for, -1 = none
    """
    found, lacks = np.int64(NOBODY), np.int64(2)
    for p in range(np.int64(day.rules[f, POOLS])):
        busy = day.pool_state[f, p, BUSY] + (1 if p == taken else 0)
        if may_serve(day, f, p, line, busy):
            without = (day.pools[f, p, WITHOUT_SKILL] >> line) & 1
            if without < lacks:
                found, lacks = np.int64(p), without
    return found


@routine
def next_line(day, f, p):
    """Return from which line a pool with a free server serves next; -1 = nobody waits in its lines.

    The line of lowest rank; of those, one for which it has the skill; of those, the one whose first person has waited
    longest, with appointments is due earliest; of those, the first.
    """
    by_due = day.rules[f, APPOINTMENTS] > 0.0
    best, rank, lacks, since = np.int64(NOBODY), np.int64(0), np.int64(0), 0.0
    for line in range(np.int64(day.rules[f, LINES])):
        if day.line_state[f, line, LENGTH] > 0 and may_serve(day, f, p, line, day.pool_state[f, p, BUSY]):
            order, without = day.lines[f, line, RANK], (day.pools[f, p, WITHOUT_SKILL] >> line) & 1
            head = np.int64(day.line_state[f, line, HEAD])
            waits = day.wants[head, DUE] if by_due else day.times[head, JOINED]
            level = order == rank and without == lacks
            earlier = order < rank or (order == rank and without < lacks) or (level and waits < since)
            if best == NOBODY or earlier:
                best, rank, lacks, since = np.int64(line), order, without, waits
    return best


@routine
def count_overtaken(day, f, line, v):
    """Count one more who overtook them, for all who came to a line of v's stage before v and still wait."""
    for other in range(np.int64(day.rules[f, LINES])):
        if day.lines[f, other, AT_STAGE] == day.lines[f, line, AT_STAGE]:
            w = np.int64(day.line_state[f, other, HEAD])
            while w != NOBODY:
                if day.times[w, JOINED] < day.times[v, JOINED]:
                    day.person[w, OVERTAKEN] += 1
                elif day.rules[f, APPOINTMENTS] == 0.0:  # the line is in the order of joining
                    break
                w = np.int64(day.person[w, BEHIND])

"""Things to come, as a heap: the earliest first, of those at the same time that with the lowest code."""

from __future__ import annotations

import numpy as np

from abm.core.kernels import routine

ENDED, GAVE_UP, RETURNED = (np.int64(kind) << 32 for kind in range(3))  # kinds, to which the person is added
PERSON = np.int64(0xFFFFFFFF)


@routine
def add_event(day, time, code):
    """Add an event."""
    times, codes, place = day.event_time, day.event_code, np.int64(day.events[0])
    day.events[0] = place + 1
    while place > 0:
        above = (place - 1) >> 1
        if times[above] < time or (times[above] == time and codes[above] < code):
            break
        times[place] = times[above]
        codes[place] = codes[above]
        place = above
    times[place] = time
    codes[place] = code


@routine
def drop_event(day):
    """Take away the first event."""
    times, codes = day.event_time, day.event_code
    last = np.int64(day.events[0]) - 1
    day.events[0] = last
    time, code, place = times[last], codes[last], 0
    while True:
        child = 2 * place + 1
        if child >= last:
            break
        other = child + 1
        if other < last and (
            times[other] < times[child] or (times[other] == times[child] and codes[other] < codes[child])
        ):
            child = other
        if time < times[child] or (time == times[child] and code < codes[child]):
            break
        times[place] = times[child]
        codes[place] = codes[child]
        place = child
    times[place] = time
    codes[place] = code

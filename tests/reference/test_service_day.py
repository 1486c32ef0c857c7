"""The compiled service day against its twin, number by number, and what must always hold of a day."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.queues import rules as R
from abm.queues.rules import Day
from tests.queues.days import copied, quiet_day, run
from tests.reference.service_day import PERSON, TIMES, WANTS, ServiceDay

COUNTS = "tried completed balked abandoned denied moved called_back repeated inside longest".split()
FEATURES = (
    "tickets appointments visible announces balks gradually call_backs retries second repeats fairness shifts batches "
    "pace room skills patience finite fractions many_lines many_pools many_stages many_facilities many_kinds begins_late"
).split()
HALVES = np.array([0.0, 0.5, 1.0, 2.0, 3.0, 4.5])


def fill_rules(on: set[str], day: Day, rng: np.random.Generator) -> None:
    """Set the rules of the facilities."""
    r, n = day.rules, len(day.rules)
    for name, place in (("tickets", R.TICKETS), ("appointments", R.APPOINTMENTS), ("visible", R.VISIBLE)):
        r[:, place] = (name in on) * rng.integers(0, 2, n)
    for name, place in (("announces", R.ANNOUNCES), ("balks", R.BALKS), ("fairness", R.FAIRNESS)):
        r[:, place] = (name in on) * rng.integers(0, 2, n)
    r[:, R.ANNOUNCED_PART] = rng.choice([0.5, 1.0, 1.3], n)
    if "gradually" in on:
        r[:, R.BALK_SCALE] = rng.choice([0.0, 0.7, 3.0], n)
    if "room" in on:
        r[:, R.ROOM] = rng.choice([0.0, 1.0, 2.0, 4.0, 9.0, np.inf], n)
    if "retries" in on:
        r[:, R.RETRIES], r[:, R.RETRY_AFTER] = rng.choice([0.3, 1.0], n), rng.choice([0.0, 1.5, 6.0], n)
    if "second" in on:
        r[:, R.ELSEWHERE], r[:, R.TRAVEL] = rng.choice([0.5, 1.0], n), rng.choice([0.0, 1.0, 2.5], n)
    if "repeats" in on:
        r[:, R.REPEATS], r[:, R.WRONG_REPEATS] = rng.choice([0.0, 0.3], n), rng.choice([0.0, 0.6], n)
        r[:, R.REPEAT_AFTER] = rng.choice([0.0, 2.0, 7.0], n)
    r[:, R.MOST_TRIES] = rng.integers(1, 5, n)
    if "skills" in on:
        r[:, R.WRONG_PACE] = rng.choice([1.0, 1.3, 2.0], n)


def fill_lines(on: set[str], day: Day, rng: np.random.Generator) -> None:
    """Set which lines there are for whom, and whom they are served after; with call backs the last is for these."""
    stages, lines = day.joins.shape[1], day.lines.shape[1]
    for f in range(len(day.rules)):
        back = lines - 1 if "call_backs" in on and lines > stages else R.NOBODY
        usual = lines - (back >= 0)
        at = np.sort(np.r_[np.arange(stages), rng.integers(0, stages, usual - stages)])
        day.lines[f, :usual, R.AT_STAGE] = at
        day.lines[f, :, R.RANK] = rng.integers(0, 3, lines)
        day.lines[f, :, R.BEFORE] = rng.integers(0, 1 << lines, lines) | 1 << np.arange(lines)
        for stage in range(stages):
            own = sum(1 << int(k) for k in np.flatnonzero(at == stage))
            first = own & -own
            day.joins[f, stage] = [own & int(rng.integers(0, 1 << lines)) or first for _ in day.joins[f, stage]]
        if back >= 0:
            day.rules[f, R.CALL_BACK_LINE] = back
            day.rules[f, R.CALL_BACK_AFTER] = rng.choice([0.0, 1.0, 3.0])
            day.rules[f, R.CALL_BACK_TAKEN] = rng.choice([0.5, 1.0])
    day.mean[:] = rng.choice([0.5, 1.0, 2.0, 1.7], day.mean.shape)


def fill_pools(on: set[str], day: Day, rng: np.random.Generator) -> None:
    """Set who serves which lines how quickly, and with how many servers."""
    shape, lines = day.pace.shape, day.lines.shape[1]
    day.pools[:, :, R.SERVES] = rng.integers(1, 1 << lines, shape)
    if rng.random() < 0.7:
        day.pools[:, 0, R.SERVES] = (1 << lines) - 1
    day.pool_state[:, :, R.STAFF] = rng.integers(0 if "shifts" in on else 1, 4, shape)
    if "skills" in on:
        day.pools[:, :, R.WITHOUT_SKILL] = rng.integers(0, 1 << lines, shape) & day.pools[:, :, R.SERVES]
    if "batches" in on:
        day.pools[:, :, R.BATCH] = rng.integers(1, 4, shape)
    if "pace" in on:
        day.pace[:] = rng.choice([0.5, 1.0, 1.1, 2.0], shape)


def fill_people(on: set[str], day: Day, rng: np.random.Generator, length: float) -> None:
    """Set what the people want; times are whole or half minutes, so that many fall together, or any fractions."""
    n, (f, _, kinds), w = len(day.person), day.joins.shape, day.wants
    day.person[:, R.KIND], day.person[:, R.FACILITY] = rng.integers(0, kinds, n), rng.integers(0, f, n)
    day.person[:, R.NTH], day.person[:, R.WHO] = rng.integers(0, 3, n), rng.permutation(n) + 5
    if "second" in on:
        day.person[:, R.SECOND] = rng.integers(-1, f, n)
    arrival = np.floor(rng.uniform(0.0, length, n) * 2.0) / 2.0
    w[:, R.ACCEPTED], w[:, R.LUCK], w[:, R.CALL_LUCK] = rng.choice(HALVES, n), rng.random(n), rng.random(n)
    w[:, R.NEED :] = rng.choice(HALVES, (n, R.MOST_STAGES))
    if "patience" in on:
        w[:, R.PATIENCE] = rng.choice([*HALVES, np.inf], n)
    if "fractions" in on:
        arrival += rng.random(n)
        w[:, R.NEED :] += rng.exponential(0.3, (n, R.MOST_STAGES))
        w[:, R.PATIENCE] += rng.random(n)
        w[:, R.ACCEPTED] += rng.random(n)
    w[:, R.ARRIVAL] = np.sort(arrival)
    w[:, R.DUE] = w[:, R.ARRIVAL] - rng.choice([-2.0, 0.0, 0.0, 1.0, 2.5], n)


@st.composite
def days(draw: st.DrawFn) -> Day:
    """Draw a day: which features it has, how large it is, and a seed for the numbers."""
    on = draw(st.sets(st.sampled_from(FEATURES)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, length = draw(st.integers(0, 40)), draw(st.sampled_from([2.0, 10.0, 30.0]))
    return filled_day(on, rng, n, length)


def filled_day(on: set[str], rng: np.random.Generator, n: int, length: float) -> Day:
    """Return a day with these features."""

    def up_to(most: int, feature: str) -> int:
        return int(rng.integers(1, most + 1)) if feature in on else 1

    stages = up_to(3, "many_stages")
    lines = min(4, max(stages, up_to(4, "many_lines")) + ("call_backs" in on))
    facilities, kinds, pools = up_to(3, "many_facilities"), up_to(3, "many_kinds"), up_to(4, "many_pools")
    day = quiet_day(n, facilities, stages, kinds, lines, pools)
    fill_rules(on, day, rng)
    fill_lines(on, day, rng)
    fill_pools(on, day, rng)
    fill_people(on, day, rng, length)
    if "shifts" in on:
        k = int(rng.integers(1, 6))
        place = rng.integers(0, facilities, k) * R.MOST_POOLS + rng.integers(0, pools, k)
        day = day._replace(
            shift_time=np.sort(np.floor(rng.uniform(0, 1.5 * length, k))),
            shift_place=place,
            shift_staff=rng.integers(0, 4, k),
        )
    first = int(rng.integers(0, n + 1)) if "begins_late" in on else 0
    if "finite" in on and n > first:
        stride = int(rng.integers(1, n - first + 1))
        day.wants[first + stride :, R.ARRIVAL] = rng.choice(HALVES, n - first - stride)
        day = day._replace(stride=stride, horizon=float(rng.choice([length, 3.0 * length, np.inf])))
    last = int(rng.integers(first, n + 1)) if "begins_late" in on and not day.stride else n
    luck = {"key": int(rng.integers(0, 2**63)), "period": int(rng.integers(0, 50)), "replication": int(rng.integers(9))}
    return day._replace(first=first, last=last, **luck)


def differences(day: Day, end: float, twin: ServiceDay, twin_end: float) -> list[str]:
    """Return where the records of a day that was run and of its twin differ."""
    found = [] if end == twin_end else [f"end {end} {twin_end}"]
    whole, times, wants = ([v.records()[k] for v in twin.people] for k in range(3))
    needs = [f"need {k}" for k in range(R.MOST_STAGES)]
    tables = [(day.person, whole, PERSON), (day.times, times, TIMES), (day.wants, wants, [*WANTS, *needs])]
    tables.append((day.counts, [f.counts for f in twin.facilities], COUNTS))
    tables.append((day.busy, [[pool.minutes for pool in f.pools] for f in twin.facilities], list("0123")))
    for k, name in ((R.LENGTH, "length"), (R.SERVING, "serving"), (R.ISSUED, "issued"), (R.CALLED, "called")):
        own = [[line.numbers()[name] for line in f.lines] for f in twin.facilities]
        tables.append((day.line_state[:, :, k], own, [f"{name} {i}" for i in range(4)]))
    for k, name in ((R.STAFF, "staff"), (R.BUSY, "busy")):
        own = [[getattr(pool, name) for pool in f.pools] for f in twin.facilities]
        tables.append((day.pool_state[:, :, k], own, [f"{name} {i}" for i in range(4)]))
    for ours, theirs, names in tables:
        for i, j in np.argwhere(ours != np.array(theirs, ours.dtype).reshape(ours.shape)):
            found.append(f"{names[j]} of {i}: {ours[i, j]!r}, twin {theirs[i][j]!r}")
    return found

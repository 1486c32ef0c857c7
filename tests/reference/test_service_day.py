"""The compiled service day against its twin, number by number, and what must always hold of a day."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.core.distributions import exponential_quantile
from abm.core.functions import logistic32
from abm.queues import rules as R
from abm.queues.rules import Day
from tests.examples import examples
from tests.queues.days import copied, quiet_day, run
from tests.reference.facility import COUNTS, LINE, PERSON, TIMES, WANTS
from tests.reference.service_day import ServiceDay

FEATURES = [
    "tickets", "appointments", "visible", "announces", "balks", "gradually", "call_backs", "retries", "second",
    "repeats", "fairness", "shifts", "batches", "pace", "room", "skills", "patience", "finite", "fractions",
    "many_lines", "many_pools", "many_stages", "many_facilities", "many_kinds", "begins_late", "fewer", "reserve",
]  # fmt: skip
HALVES = np.array([0.0, 0.5, 1.0, 2.0, 3.0, 4.5])


def exponential(u: float, mean: float) -> float:
    """Return the exponential quantile of u in single precision."""
    return float(exponential_quantile(np.float32(u), np.float32(mean)))


def logistic(x: float) -> float:
    """Return 1 / (1 + e**-x) in single precision."""
    return float(logistic32(np.float32(x)))


def fill_rules(on: set[str], day: Day, rng: np.random.Generator) -> None:
    """Set the rules of the facilities."""
    r, n = day.rules, len(day.rules)
    for name, place in (("tickets", R.TICKETS), ("appointments", R.APPOINTMENTS), ("visible", R.VISIBLE)):
        r[:, place] = name in on
    for name, place in (("announces", R.ANNOUNCES), ("balks", R.BALKS), ("fairness", R.FAIRNESS)):
        r[:, place] = name in on
    if "balks" in on and rng.random() < 0.8:  # else people balk only if the wait is announced
        r[:, R.VISIBLE] = 1.0
    r[1:, [R.TICKETS, R.VISIBLE, R.ANNOUNCES, R.FAIRNESS]] *= rng.integers(0, 2, (n - 1, 4))
    r[:, R.ANNOUNCED_PART] = rng.choice([0.5, 1.0, 1.3], n)
    if "gradually" in on:
        r[:, R.BALK_SCALE] = rng.choice([0.7, 3.0], n)
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
    if "fewer" in on:  # than the arrays have room for
        r[:, R.POOLS], r[:, R.STAGES] = rng.integers(1, r[:, R.POOLS] + 1), rng.integers(1, r[:, R.STAGES] + 1)
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
        day.lines[f, :, R.BEFORE] = rng.integers(0, 1 << lines, lines)
        for stage in range(stages):
            own = sum(1 << int(k) for k in np.flatnonzero(at == stage))
            first = own & -own
            day.joins[f, stage] = [own & int(rng.integers(0, 1 << lines)) or first for _ in day.joins[f, stage]]
        if back >= 0:
            day.rules[f, R.CALL_BACK_LINE] = back
            day.rules[f, R.CALL_BACK_AFTER] = rng.choice([0.0, 1.0, 3.0])
            day.rules[f, R.CALL_BACK_TAKEN] = rng.choice([0.5, 1.0])
    day.mean[:] = rng.choice([0.5, 1.0, 2.0], day.mean.shape) + ("fractions" in on) * rng.random(day.mean.shape)


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
    if "reserve" in on:
        day.pools[:, :, R.RESERVED] = rng.integers(0, 1 << lines, shape)
        day.pools[:, :, R.RESERVE] = rng.integers(0, 3, shape)
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
    w[:, R.ACCEPTED], w[:, R.LUCK], w[:, R.CALL_LUCK] = rng.choice([*HALVES, np.inf], n), rng.random(n), rng.random(n)
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
    """Draw a day: which features it has, some drawn and some by a density, how large it is, and a seed for numbers."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.sampled_from([0.0, 0.3, 0.5, 0.8]))
    on = draw(st.sets(st.sampled_from(FEATURES), max_size=5)) | {name for name in FEATURES if rng.random() < density}
    people = draw(st.sampled_from([0, 1, 2, 4, 8, 12, 18, 25, 32, 40]))
    return filled_day(on, rng, people, draw(st.sampled_from([2.0, 10.0, 30.0])))


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
        f = rng.integers(0, facilities, k)
        place = f * R.MOST_POOLS + rng.integers(0, day.rules[f, R.POOLS].astype(np.int64))
        day = day._replace(
            shift_time=np.sort(np.floor(rng.uniform(0, 1.5 * length, k))),
            shift_place=place.astype(np.int64),
            shift_staff=rng.integers(0, 4, k),
        )
    first = int(rng.integers(0, min(n, 3) + 1)) if "begins_late" in on else 0
    if "finite" in on and n > first:
        stride = int(rng.integers(1, (n - first) // 2 + 2))
        day.wants[first + stride :, R.ARRIVAL] = rng.choice(HALVES, n - first - stride)
        day = day._replace(stride=stride, horizon=float(rng.choice([length, 3.0 * length, np.inf])))
    last = int(rng.integers(max(first, n - 3), n + 1)) if "begins_late" in on and not day.stride else n
    luck = {"key": int(rng.integers(0, 2**63)), "period": int(rng.integers(0, 50)), "replication": int(rng.integers(9))}
    return day._replace(first=first, last=last, **luck)


def differences(day: Day, end: float, twin: ServiceDay, twin_end: float) -> list[str]:
    """Return where the records of a day that was run and of its twin differ."""
    found = [] if end == twin_end else [f"end {end}, twin {twin_end}"]
    whole, times, wants = ([v.records()[k] for v in twin.people] for k in range(3))
    needs = [f"need {k}" for k in range(R.MOST_STAGES)]
    line_state = [[line.records() for line in f.lines] for f in twin.facilities]
    pool_state = [[[pool.staff, pool.busy] for pool in f.pools] for f in twin.facilities]
    minutes = [[[pool.minutes] for pool in f.pools] for f in twin.facilities]
    tables: list[tuple[Any, Any, list[str]]] = [
        (in_line_only(day), whole, PERSON),
        (day.times, times, TIMES),
        (day.wants, wants, [*WANTS, *needs]),
        (day.counts, [list(f.counts.values()) for f in twin.facilities], COUNTS),
    ]
    for f in range(len(twin.facilities)):  # which may have fewer pools than there is room for
        pools = len(pool_state[f])
        tables.append((day.line_state[f], line_state[f], LINE))
        tables.append((day.pool_state[f, :pools], pool_state[f], ["staff", "busy"]))
        tables.append((day.busy[f, :pools, None], minutes[f], ["minutes"]))
    for ours, theirs, names in tables:
        for i, j in np.argwhere(ours != np.array(theirs, ours.dtype).reshape(ours.shape)):
            found.append(f"{names[j]} of {i}: {ours[i, j]!r}, twin {theirs[i][j]!r}")
    return found


def in_line_only(day: Day) -> Any:
    """Return the records of people, without the neighbours of those who are in no line: nobody reads them."""
    person = day.person.copy()
    here = {-1}
    for head in day.line_state[:, :, R.HEAD].ravel():
        v = int(head)
        while v not in here:
            here.add(v)
            v = int(person[v, R.BEHIND])
    for v in set(range(len(person))) - here:
        person[v, [R.BEHIND, R.AHEAD]] = R.NOBODY
    return person


def both(day: Day) -> tuple[Day, ServiceDay]:
    """Return the records of a day that was run, and its twin."""
    compiled, twin = copied(day), ServiceDay(day, exponential, logistic)
    found = differences(compiled, run(compiled), twin, twin.run())
    assert not found, found[:8]
    return compiled, twin


class TestTwin:
    @settings(max_examples=examples(300))
    @given(day=days())
    def test_every_number_is_the_same(self, day):
        """All records but who was whose neighbour in a line that she has left."""
        both(day)

    def test_every_number_of_crowded_days_is_the_same(self):
        """Hypothesis prefers small days; these have up to 40 people and about half of all features."""
        for seed in range(500):
            rng = np.random.default_rng(seed)
            on = {name for name in FEATURES if rng.random() < 0.5}
            both(filled_day(on, rng, int(rng.integers(8, 41)), float(rng.choice([2.0, 10.0, 30.0]))))

    @given(day=days())
    def test_twice_as_slow_takes_twice_the_time(self, day):
        """If all minutes are doubled, the same things happen at double the times, bit for bit."""
        slow = copied(day)
        for place in (R.BALK_SCALE, R.CALL_BACK_AFTER, R.RETRY_AFTER, R.TRAVEL, R.REPEAT_AFTER):
            slow.rules[:, place] *= 2.0
        slow.wants[:, [R.ARRIVAL, R.PATIENCE, R.ACCEPTED, R.DUE, *range(R.NEED, R.WANTS)]] *= 2.0
        slow = slow._replace(horizon=2.0 * slow.horizon, mean=2.0 * slow.mean, shift_time=2.0 * slow.shift_time)
        end, slow_end = run(day), run(slow)
        assert slow_end == 2.0 * end
        day.times[:, : R.ANNOUNCED] *= 2.0
        day.times[:, R.ANNOUNCED] *= np.where(day.times[:, R.ANNOUNCED] == R.NOBODY, 1.0, 2.0)
        np.testing.assert_array_equal(np.minimum(slow.times, R.ENDLESS), np.minimum(day.times, R.ENDLESS))
        np.testing.assert_array_equal(slow.person, day.person)
        np.testing.assert_array_equal(slow.counts, day.counts)
        np.testing.assert_array_equal(slow.busy, 2.0 * day.busy)


class TestAlwaysHolds:
    @settings(max_examples=examples(100))
    @given(day=days())
    def test_people_and_comings_are_conserved(self, day):
        """Each coming ends in one way, and so does each person; only of a finite population some never came."""
        run(day)
        c = day.counts
        assert (c[:, R.TRIED] == c[:, R.COMPLETED] + c[:, R.TURNED : R.TURNED + 3].sum(axis=1)).all()
        of_day = day.person[day.first : day.last]
        ends = np.bincount(of_day[:, R.STATE], minlength=len(R.STATES))
        never = int((of_day[:, R.TRIES] == 0).sum())
        assert ends[: R.DENIED + 1].sum() + never == len(of_day)
        assert ends[R.AWAY] == never
        assert never == 0 or day.stride > 0
        assert c[:, R.TRIED].sum() == of_day[:, R.TRIES].sum()
        assert c[:, R.COMPLETED].sum() == of_day[:, R.HANDLED].sum()
        again = c[:, R.MOVED].sum() + c[:, R.REPEATED].sum()
        assert c[:, R.TRIED].sum() >= len(of_day) - never + again
        if not day.rules[:, R.RETRIES].any():
            assert c[:, R.TRIED].sum() == len(of_day) - never + again

    @settings(max_examples=examples(100))
    @given(day=days())
    def test_times_are_in_order(self, day):
        """Nobody is served before she came, and nobody leaves before she was served."""
        end = run(day)
        served = day.person[:, R.STATE] == R.SERVED
        times = day.times[served]
        assert (day.wants[served, R.ARRIVAL] <= times[:, R.JOINED]).all()
        assert (times[:, R.JOINED] <= times[:, R.BEGAN]).all()
        assert (times[:, R.BEGAN] <= times[:, R.LEFT]).all()
        assert (day.times[:, R.LEFT] <= end).all()
        assert (day.times[:, [R.WAITED, R.FIRST_WAIT]] >= 0.0).all()
        assert (day.times[:, R.FIRST_WAIT] <= day.times[:, R.WAITED] + 1e-9).all()
        patient = day.wants[:, R.PATIENCE] * day.rules[:, R.STAGES].max()
        once = day.person[:, R.TRIES] == 1
        if not (day.rules[:, R.CALL_BACK_LINE] >= 0).any():
            assert (day.times[once, R.WAITED] <= patient[once] + 1e-9).all()

    @settings(max_examples=examples(100))
    @given(day=days())
    def test_no_more_are_busy_than_are_on_duty(self, day):
        """A service begins only if the staff of that moment allows it; who is busy when staff goes home may finish."""
        _, twin = both(day)
        before = None
        for _, _, now in twin.trace:
            for f, pools in enumerate(now):
                for p, (busy, staff) in enumerate(pools):
                    assert busy <= max(staff, before[f][p][0] if before else 0)
            before = now

    @settings(max_examples=examples(100))
    @given(day=days())
    def test_sums_are_integrals(self, day):
        """Little's law as an identity: the sum of waits is the integral of the number who wait; so of busy minutes."""
        compiled, twin = both(day)
        waiting, busy = 0.0, np.zeros_like(compiled.busy)
        for (t, n, pools), (then, _, _) in pairwise(twin.trace):
            waiting += n * (then - t)
            for f, p in np.ndindex(busy.shape):
                busy[f, p] += pools[f][p][0] * (then - t) if p < len(pools[f]) else 0.0
        assert compiled.times[:, R.WAITED].sum() == pytest.approx(waiting, abs=1e-7)
        assert compiled.busy == pytest.approx(busy, abs=1e-7)


def two_minutes_each(people: int, **sizes: int) -> Day:
    """Return a day with a person a minute, each of whom needs two."""
    day = quiet_day(people, **sizes)
    day.wants[:, R.ARRIVAL], day.wants[:, R.NEED] = np.arange(people), 2.0
    return day


class TestByHand:
    def test_one_server(self):
        """Waits of 0, 1, 2, 3; served until 2, 4, 6, 8; the third wait is of 2 when a fifth person comes at 4."""
        day, _ = both(two_minutes_each(4))
        assert day.times[:, R.WAITED].tolist() == [0.0, 1.0, 2.0, 3.0]
        assert day.times[:, R.LEFT].tolist() == [2.0, 4.0, 6.0, 8.0]
        assert day.busy[0, 0] == 8.0

    def test_patience_that_ends_with_a_service_is_long_enough(self):
        """The second person would wait from 1 to 2: with patience 1 she is served, with less she gives up."""
        for patience, state in ((1.0, R.SERVED), (0.75, R.ABANDONED)):
            day = two_minutes_each(2)
            day.wants[:, R.PATIENCE] = patience
            done, _ = both(day)
            assert done.person[1, R.STATE] == state
            assert done.times[1, R.WAITED] == min(patience, 1.0)

    def test_those_before_her_and_herself_make_the_wait_that_is_seen(self):
        """Mean 2, one server: the second expects (0 + 1) x 2, the third (1 + 1) x 2, which is above 3."""
        day = two_minutes_each(3)
        day.rules[:, [R.VISIBLE, R.BALKS]], day.mean[:], day.wants[:, R.ACCEPTED] = 1.0, 2.0, 3.0
        day.wants[:, R.ARRIVAL] = [0.0, 0.5, 1.0]
        done, _ = both(day)
        assert done.person[:, R.STATE].tolist() == [R.SERVED, R.SERVED, R.BALKED]

    def test_batches_take_as_long_as_the_longest(self):
        """Served alone until 2; then two together, for 5 minutes, and the last alone."""
        day = two_minutes_each(4)
        day.pools[:, :, R.BATCH], day.wants[:, R.ARRIVAL], day.wants[2, R.NEED] = 2, [0.0, 1.0, 1.0, 1.0], 5.0
        done, _ = both(day)
        assert done.times[:, R.LEFT].tolist() == [2.0, 7.0, 7.0, 9.0]
        assert done.busy[0, 0] == 9.0

    def test_the_skilled_are_asked_first_and_the_others_take_longer(self):
        """The first is served by the second pool, which has the skill; the second by the other, half as long again."""
        day = two_minutes_each(2, pools=2)
        day.pools[0, 0, R.WITHOUT_SKILL], day.rules[:, R.WRONG_PACE] = 1, 1.5
        done, _ = both(day)
        assert done.person[:, R.POOL].tolist() == [1, 0]
        assert done.times[:, R.LEFT].tolist() == [2.0, 4.0]

    def test_who_goes_on_to_the_next_stage_may_have_to_wait(self):
        """One server, who takes the first line first: waits of 0 and 1, then from 2 to 4, and from 4 to 5."""
        day = two_minutes_each(2, stages=2, lines=2)
        day.lines[0, 1, [R.RANK, R.AT_STAGE]], day.joins[0, 1], day.pools[:, :, R.SERVES] = (1, 1), 2, 3
        day.wants[:, R.NEED + 1] = 1.0
        done, _ = both(day)
        assert done.times[:, R.LEFT].tolist() == [5.0, 6.0]
        assert done.times[:, R.WAITED].tolist() == [2.0, 2.0]

    def test_no_room(self):
        """With room for one, the second, who comes at 1, is denied; the third comes as the first leaves."""
        day = two_minutes_each(3)
        day.rules[:, R.ROOM] = 1.0
        done, _ = both(day)
        assert done.person[:, R.STATE].tolist() == [R.SERVED, R.DENIED, R.SERVED]

    def test_nobody_on_duty_till_the_shift_begins(self):
        """The server comes at 5 and goes at 6, but ends what she began; the others are sent home at the last event."""
        day = two_minutes_each(3)._replace(
            shift_time=np.array([5.0, 6.0]), shift_place=np.zeros(2, np.int64), shift_staff=np.array([1, 0])
        )
        day.pool_state[:, :, R.STAFF] = 0
        done, _ = both(day)
        assert done.person[:, R.STATE].tolist() == [R.SERVED, R.DENIED, R.DENIED]
        assert done.times[:, R.WAITED].tolist() == [5.0, 6.0, 5.0]

    def test_a_finite_population_comes_again_after_it_was_served(self):
        """One of one: she comes at 1, leaves at 3, comes at 3 + 4 as the next person, and so on until 20."""
        day = two_minutes_each(9)._replace(stride=1, horizon=20.0)
        day.wants[:, R.ARRIVAL] = [1.0] + 8 * [4.0]
        done, _ = both(day)
        assert done.wants[:4, R.ARRIVAL].tolist() == [1.0, 7.0, 13.0, 19.0]
        assert (done.person[4:, R.STATE] == R.AWAY).all()

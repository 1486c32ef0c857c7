"""The twin of the waiting line, held against numbers worked by hand and against what must always hold."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reference import waiting_line
from tests.reference.waiting_line import ABANDONED, SERVED

OPEN = 60.0
# whole minutes: sums and differences are exact, and equal arrivals and waits equal to patience do occur
visitors = st.lists(
    st.tuples(st.integers(0, 59), st.integers(0, 30), st.integers(0, 30)).map(lambda v: tuple(map(float, v))),
    max_size=25,
)
frees = st.lists(st.integers(-30, 30).map(float), min_size=1, max_size=4)


def serve(people, free, minutes_open=OPEN):
    """Serve people given as (arrival, service, patience)."""
    arrivals, services, patiences = ([person[k] for person in people] for k in range(3))
    return waiting_line.serve(arrivals, services, patiences, len(free), free, minutes_open)


def begins(people, free):
    """Return (begin, end) of the served, in the order of arrival."""
    outcomes, waits, _ = serve(people, free)
    line = sorted(range(len(people)), key=lambda i: (people[i][0], i))
    starts = [(people[i][0] + waits[i], people[i][1]) for i in line if outcomes[i] == SERVED]
    return [(begin, begin + service) for begin, service in starts]


class TestDraws:
    p = waiting_line.EXAMPLE

    def test_exponential_by_hand(self):
        """Of mean 10 the median is 10 ln 2 = 6.931472, and 1 - 1/e lie below the mean."""
        assert waiting_line.exponential(0.0, 10.0) == 0.0
        assert waiting_line.exponential(0.5, 10.0) == pytest.approx(6.931472, abs=1e-6)
        assert waiting_line.exponential(1.0 - math.exp(-1.0), 10.0) == pytest.approx(10.0)

    def test_draws_by_hand(self):
        """A quarter of 3000 minutes; 10 ln 2 = 6.931472; 20 ln 4 = 27.725887."""
        found = waiting_line.draws([0.25, 0.5, 0.75], self.p)
        assert found == pytest.approx((750.0, 6.931472, 27.725887), abs=1e-6)


class TestServe:
    def test_one_server_by_hand(self):
        """Begin at 0, 10 (waits 8), never (would wait 16 > 15), 20 (waits 6); free at 24, 36 before closing."""
        people = [(0.0, 10.0, 5.0), (2.0, 10.0, 8.0), (4.0, 50.0, 15.0), (14.0, 4.0, 6.0)]
        outcomes, waits, free = serve(people, [0.0])
        assert outcomes == [SERVED, SERVED, ABANDONED, SERVED]
        assert waits == [0.0, 8.0, 15.0, 6.0]
        assert free == [-36.0]

    def test_two_servers_by_hand(self):
        """Free from -5 and 3: 0-20 and 3-7 (waits 2), then 7-15 (waits 5); free at 15 and 20."""
        outcomes, waits, free = serve([(0.0, 20.0, 9.0), (1.0, 4.0, 9.0), (2.0, 8.0, 9.0)], [3.0, -5.0])
        assert outcomes == [SERVED] * 3
        assert waits == [0.0, 2.0, 5.0]
        assert free == [-45.0, -40.0]

    def test_order_given_is_kept_and_arrival_counts(self):
        """She who came at 0 is listed last; the two who came at 5 are served as listed: at 10 and at 13."""
        outcomes, waits, free = serve([(5.0, 3.0, 9.0), (5.0, 1.0, 9.0), (0.0, 10.0, 9.0)], [0.0])
        assert outcomes == [SERVED] * 3
        assert waits == [5.0, 8.0, 0.0]
        assert free == [-46.0]

    def test_patience_lasts_to_the_minute(self):
        """A server free at 10: a patience of 10 suffices, one of 9.5 does not."""
        assert serve([(0.0, 1.0, 10.0)], [10.0]) == ([SERVED], [10.0], [-49.0])
        assert serve([(0.0, 1.0, 9.5)], [10.0]) == ([ABANDONED], [9.5], [-50.0])

    def test_service_may_outlast_the_period(self):
        """Begun at 59 for 11 minutes: the server is free in minute 10 of the next period."""
        assert serve([(59.0, 11.0, 0.0)], [0.0]) == ([SERVED], [0.0], [10.0])

    def test_nobody_comes(self):
        assert serve([], [70.0, 0.0]) == ([], [], [-60.0, 10.0])

    def test_without_servers_there_is_no_line(self):
        assert serve([(5.0, 30.0, 0.0), (5.0, 30.0, 0.0)], []) == ([SERVED] * 2, [0.0, 0.0], [])

    def test_what_is_given_is_left_as_it_was(self):
        free = [3.0, -5.0]
        serve([(0.0, 20.0, 9.0)], free)
        assert free == [3.0, -5.0]

    @given(visitors, frees)
    def test_nobody_begins_before_her_arrival_or_waits_beyond_her_patience(self, people, free):
        outcomes, waits, _ = serve(people, free)
        for (_, _, patience), outcome, wait in zip(people, outcomes, waits, strict=True):
            assert 0.0 <= wait <= patience
            assert outcome == SERVED or wait == patience

    @given(visitors)
    def test_with_a_server_for_everybody_nobody_waits(self, people):
        outcomes, waits, _ = serve(people, [0.0] * len(people))
        assert outcomes == [SERVED] * len(people)
        assert waits == [0.0] * len(people)

    @given(visitors, frees)
    def test_first_come_first_served(self, people, free):
        found = [begin for begin, _ in begins(people, free)]
        assert found == sorted(found)

    @given(visitors, frees)
    def test_a_server_serves_one_at_a_time(self, people, free):
        """At each begin: those in service and the servers not yet free leave room for one more."""
        line = begins(people, free)
        for place, (begin, _) in enumerate(line):
            in_service = sum(end > begin for _, end in line[:place])
            assert in_service + sum(minute > begin for minute in free) < len(free)

    @given(visitors, frees)
    def test_each_server_is_free_at_one_time(self, people, free):
        """As many as servers, ascending, none earlier than before."""
        after = serve(people, free)[2]
        assert len(after) == len(free)
        assert after == sorted(after)
        assert all(new + OPEN >= old for new, old in zip(after, sorted(free), strict=True))

    @given(visitors, frees)
    def test_who_gives_up_changes_nothing_for_the_others(self, people, free):
        outcomes, waits, after = serve(people, free)
        stayed = [i for i, outcome in enumerate(outcomes) if outcome == SERVED]
        assert serve([people[i] for i in stayed], free) == ([SERVED] * len(stayed), [waits[i] for i in stayed], after)

    @given(visitors, st.integers(-30, 30).map(float))
    def test_patient_people_and_one_server_wait_as_lindley_says(self, people, free):
        """W' = max(W + service - time between arrivals, 0); the server's first free minute is all that differs."""
        line = sorted(((arrival, service, math.inf) for arrival, service, _ in people), key=lambda person: person[0])
        expected, wait = [], 0.0
        for place, (arrival, _, _) in enumerate(line):
            if place == 0:
                wait = max(free - arrival, 0.0)
            else:
                wait = max(wait + line[place - 1][1] - (arrival - line[place - 1][0]), 0.0)
            expected.append(wait)
        assert serve(line, [free])[1] == expected

    @given(visitors, visitors, frees)
    def test_two_periods_are_one_long_one(self, today, tomorrow, free):
        """Carried over a closing, free times mean the same minutes."""
        first = serve(today, free)
        second = serve(tomorrow, first[2])
        later = [(arrival + OPEN, service, patience) for arrival, service, patience in tomorrow]
        assert serve(today + later, free, 2.0 * OPEN) == (first[0] + second[0], first[1] + second[1], second[2])


class TestWaiting:
    p = waiting_line.EXAMPLE

    def test_resented_wait_by_hand(self):
        """8 minutes cost 0.08 of satisfaction; more than 100 minutes no more than all of it."""
        assert waiting_line.resented_wait(0.0, self.p) == 0.0
        assert waiting_line.resented_wait(8.0, self.p) == pytest.approx(0.08)
        assert waiting_line.resented_wait(250.0, self.p) == 1.0

    def test_after_giving_up_by_hand(self):
        """A tenth of 0.7 is lost."""
        assert waiting_line.after_giving_up(0.7, self.p) == pytest.approx(0.63)
        assert waiting_line.after_giving_up(0.7, {**self.p, "resentment": 0.0}) == 0.7

    def test_an_unknown_satisfaction_stays_unknown(self):
        assert math.isnan(waiting_line.after_giving_up(math.nan, self.p))

    def test_staffing_by_hand(self):
        """3 servers at 150.25 cu: 450.75 cu. 12.5 cents are 13."""
        assert waiting_line.staffing_cents(3, 150.25) == 45075
        assert waiting_line.staffing_cents(1, 0.125) == 13
        assert waiting_line.staffing_cents(1, 0.124) == 12
        assert waiting_line.staffing_cents(0, 150.25) == 0

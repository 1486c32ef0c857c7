"""The twin of bookings: by numbers worked by hand, against the kernels, and in a whole market."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.core.kernels import Kernel
from abm.core.programs import Call
from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.phases import Phase
from abm.mechanisms.service import booking_desk as desk
from abm.mechanisms.service import booking_guests as guests
from abm.mechanisms.service import booking_peaks as peaks
from abm.mechanisms.service.bookings import Bookings
from abm.scenario.scenario import Scenario
from abm.world.visits import BALKED, DENIED, SERVED
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import booking_rules as rules
from tests.reference import bookings as twin
from tests.reference.accounts import hundredths
from tests.reference.booking_rules import Guest, Policy
from tests.reference.bookings import COUNTS, NONE, REFUSED, SEATED, STAYED_AWAY, WALKED, Firm, Visitor
from tests.reference.bookings_mirror import CHANGES, MARKET, NOTED, OUTCOME, PERIODS, Mirrored, firms_of
from tests.reference.by_hand import SEED, assert_counted, share
from tests.reference.closeness import near, near_half
from tests.reference.random_numbers import stream_key

FIRMS, PEOPLE, YEAR = 3, 6, 8


class TestByHand:
    p: ClassVar = rules.EXAMPLE | {"peak_from": 6, "peak_length": 3}

    def test_places(self):
        """850 for 1,000 of 90 usual visits are 76.5, 0.1 of 25 are 2.5: both are rounded up."""
        assert [rules.places_of(places, 90.0) for places in (850.0, 849.0, 0.0)] == [77, 76, 0]
        assert [rules.part_of(25, part) for part in (0.1, 0.09, 1.0)] == [3, 2, 25]

    def test_protection(self):
        """The published example: N(40, 10²) and a lower fare of 0.5, 0.6 and 0.3 of the full one."""
        levels = [rules.littlewood(40.0, 100.0, discount) for discount in (0.5, 0.4, 0.7)]
        assert levels == pytest.approx([40.0, 37.4665, 45.2440], abs=1e-4)
        assert [rules.littlewood(40.0, 100.0, 0.0), rules.littlewood(1.0, 100.0, 0.01)] == [0.0, 0.0]

    def test_peaks(self):
        """Of a year of 8 periods from 0: 6, 7, and the first of the next."""
        assert [t for t in range(17) if rules.is_peak(t, self.p, 8)] == [0, 6, 7, 8, 14, 15, 16]
        assert not any(rules.is_peak(t, self.p | {"peak_length": 0}, 8) for t in range(17))

    def test_kinds(self):
        """Odds of 7 to 3, and twice that for whom price weighs twice as much with."""
        assert [rules.leisure_chance(weight, 0.3) for weight in (1.0, 2.0)] == pytest.approx([0.7, 14 / 17])

    def test_fares(self):
        """A quarter off, then half of the rest: 100 at 0.8 are 30; two thirds of the quarter are to be had."""
        policy = Policy(places=1.0, early_discount=0.25, no_show_fee=0.5)
        assert [rules.fare_paid(100.0, 0.8, leisure, policy, 0.5) for leisure in (True, False)] == [30.0, 80.0]
        worth = [rules.worth_of_fare(leisure, policy, 0.4, 0.5, self.p) for leisure in (True, False)]
        assert worth == pytest.approx([0.55 - 0.04, -0.06])
        assert [rules.discounted(0.2, leisure, policy, 0.5) for leisure in (True, False)] == pytest.approx([0.7, 0.2])

    def test_resentment(self):
        assert rules.resented(self.p, 2.0) == pytest.approx(0.15)

    def test_what_is_put_off(self):
        """A reward of 0.25 at a response of 4 keeps 1/e; of 2 occasions left as many are put off as e less 1 says."""
        one, p = Guest(leisure=True), self.p | {"shift_response": 4.0}
        assert one.need_moved(2.0, 0.25, 0.5, True, p) == pytest.approx(2.0 / math.e)
        one.note(2.0, 0.25, 0.5, True, p)
        assert one.put_off_visits == pytest.approx(math.e - 1.0)
        assert one.need_moved(2.0, 0.25, 0.5, False, p) == pytest.approx(2.0 + 0.2 * (math.e - 1.0))
        one.note(2.0, 0.25, 0.5, False, p)
        assert one.put_off_visits == pytest.approx(0.9 * (math.e - 1.0))

    def firm(self, leads: str, places: int, **policy: float) -> Firm:
        """Return a firm with visitors in the order of booking, L for leisure; a small letter stays away."""
        firm = Firm(Policy(places=1.0, **policy), 0.0, self.p, 8, places_now=places)
        firm.line = [Visitor(k, k, 0, kind in "Ll", shows_up=kind.isupper()) for k, kind in enumerate(leads)]
        return firm

    def test_who_is_accepted(self):
        """Two places and half as many more, one protected: two of leisure, one of business, and all others not."""
        firm = self.firm("LlLBb", 2, overbooking=0.5)
        firm.protected_now = 1
        firm.accept()
        assert [one.booking for one in firm.line] == [SEATED, STAYED_AWAY, REFUSED, SEATED, REFUSED]
        firm.walk()
        assert [firm.counts[name] for name in ("places_offered", "empty_places", "spoiled_places")] == [2, 0, 0]

    def test_who_is_walked(self):
        """Five come to two places: both of leisure first, the later one before, then who has booked last."""
        firm = self.firm("BLBLB", 2, overbooking=1.0)
        for one in firm.line:
            one.booking = SEATED
        firm.walk()
        assert [one.booking for one in firm.line] == [SEATED, WALKED, SEATED, WALKED, WALKED]

    def test_what_is_spoiled(self):
        """Two stay away from three places, one was refused: two are empty, one of them is spoiled."""
        firm = self.firm("lBbB", 3)
        firm.accept()
        firm.walk()
        assert [firm.counts[name] for name in ("places_offered", "empty_places", "spoiled_places")] == [3, 2, 1]

    def test_what_is_noted(self):
        """At first all is as it was seen; then d = 4 - 2 moves the mean by half of it, and the variance is 0.5 * 2."""
        firm = self.firm("LLBB", 3)
        firm.accept()
        firm.note()
        assert (firm.full_mean, firm.full_variance, firm.fare_open, firm.noted) == (2.0, 0.0, 1.0, 1)
        firm.line = [Visitor(k, k, 0, False) for k in range(4)]
        firm.note()
        assert (firm.full_mean, firm.full_variance, firm.fare_open, firm.noted) == (3.0, 1.0, 1.0, 2)

    def test_measures(self):
        counted = dict.fromkeys(COUNTS, 0.0)
        counted |= {"bookings": 20, "refused": 4, "no_shows": 2, "walked": 2, "seated": 12, "places_offered": 16}
        counted |= {
            "spoiled_places": 2,
            "peak_guests": 3,
            "early_revenue": 30.0,
            "full_revenue": 40.0,
            "no_show_fees": 10.0,
        }
        expected = [12 / 16, 2 / 14, 6 / 20, 2 / 16, 80 / 16, 2 / 16, 3 / 12]
        assert list(twin.measures(counted).values()) == pytest.approx(expected)


class TestEquations:
    @given(st.floats(0.0, 1e5, width=32), st.floats(0.0, 1e4))
    def test_places(self, places, usual):
        assert desk.places_of(np.float32(places), usual) == rules.places_of(places, usual)

    @given(st.integers(0, 10**6), share)
    def test_parts(self, places, part):
        assert desk.part_of(np.int64(places), np.float32(part)) == rules.part_of(places, part)

    @given(
        st.floats(0.0, 1e4, width=32), st.floats(0.0, 1e6, width=32),
        st.just(0.0) | st.floats(2.0**-20, 0.9375, width=32),
    )  # fmt: skip
    def test_protection(self, mean, variance, discount):
        found = desk.protected_by_littlewood(np.float32(mean), np.float32(variance), np.float32(discount))
        expected = rules.littlewood(mean, variance, discount)
        assert found == pytest.approx(expected, abs=4e-6 * (1.0 + mean + 5.0 * math.sqrt(variance)))

    @given(st.lists(st.tuples(st.floats(2.0**-40, 1e6, width=32), st.integers(0, 2**32 - 1)), max_size=12))
    def test_order(self, booked):
        keys = [desk.earliest_first(np.float32(lead), np.uint32(identity)) for lead, identity in booked]
        found = sorted(range(len(booked)), key=lambda k: keys[k])
        assert found == sorted(range(len(booked)), key=lambda k: (-booked[k][0], booked[k][1]))

    @given(st.floats(0.0, 1e5), st.floats(0.0, 20.0, width=32))
    def test_cents(self, fare, part):
        assume(not near_half(fare * part))
        assert guests.cents_of(fare, np.float32(part)) == hundredths(fare * part)

    @given(share, st.floats(0.0, 20.0, width=32), st.floats(0.0, 100.0, width=32))
    def test_resentment(self, resentment, compensation, soothing):
        found = guests.resented(*map(np.float32, (resentment, compensation, soothing)))
        p = {"walk_resentment": resentment, "soothing": soothing}
        assert found == pytest.approx(rules.resented(p, compensation), rel=1e-6)

    @given(st.integers(0, 10**4), st.integers(0, 366), st.integers(0, 366), st.integers(1, 366))
    def test_peaks(self, t, first, length, year):
        p = {"peak_from": first, "peak_length": length}
        assert bool(peaks.is_peak(t, first, length, year)) == rules.is_peak(t, p, year)

    @given(st.floats(0.0, 0.9375, width=32), st.floats(0.0, 1000.0, width=32))
    def test_share_kept(self, reward, response):
        found = peaks.share_kept(np.float32(reward), np.float32(response))
        assert found == pytest.approx(rules.share_kept(reward, response), rel=2e-5, abs=0.0)


chance = st.sampled_from([0.0, 0.5]) | st.floats(0.0, 0.984375, width=32)
lead = st.floats(0.5, 60.0, width=32)
numbers_drawn = st.fixed_dictionaries(
    {
        **dict.fromkeys(("leisure_no_show", "business_no_show"), chance),
        **dict.fromkeys(("leisure_lead", "business_lead"), lead),
        **dict.fromkeys(("walk_resentment", "outrage", "catch_up", "memory_rate"), share),
        "soothing": st.floats(0.0, 4.0, width=32),
        "shift_response": st.floats(0.0, 8.0, width=32),
        "peak_from": st.integers(0, YEAR - 1),
        "peak_length": st.integers(1, YEAR),
    }
)
cut = st.sampled_from([0.0, 0.25, 0.5]) | st.floats(0.0, 0.9375, width=32)
cost = st.floats(0.0, 90.0)
policy_drawn = st.fixed_dictionaries(
    {
        "places": st.floats(1.0, 1000.0, width=32),
        "part_time_places": st.just(0.0) | st.floats(1.0, 500.0, width=32),
        **dict.fromkeys(("place_cost", "part_time_cost"), cost),
        **dict.fromkeys(("early_discount", "off_peak_reward"), cut),
        "overbooking": st.sampled_from([0.0, 0.5, 1.0]) | share,
        **dict.fromkeys(("protected", "no_show_fee"), st.sampled_from([0.0, 0.25, 0.5]) | share),
        "protection_rule": st.sampled_from(["number", "littlewood"]),
        "walk_compensation": st.floats(0.0, 4.0, width=32),
    }
)
identities_drawn = st.lists(
    st.integers(0, 100) | st.integers(2**32 - 200, 2**32 - 1), min_size=PEOPLE, max_size=PEOPLE, unique=True
)
noted_drawn = st.tuples(
    share, st.floats(0.0, 20.0), st.just(0.0) | st.floats(0.0, 30.0), st.sampled_from([0, 1, 5, 500])
)
# two firms with places and one without; people, and of each whether she books early; what firms have noted; period
market_drawn = st.tuples(
    numbers_drawn,
    st.lists(policy_drawn, min_size=2, max_size=2),
    identities_drawn,
    st.lists(st.booleans(), min_size=PEOPLE, max_size=PEOPLE),
    st.lists(noted_drawn, min_size=FIRMS, max_size=FIRMS),
    st.integers(0, 3 * YEAR),
)


def visits_of(values: st.SearchStrategy[Any], most: int = 24) -> st.SearchStrategy[list[Any]]:
    """Draw visits (customer, firm, value), in the order in which lists of visits are kept."""
    visit = st.tuples(st.integers(0, PEOPLE - 1), st.sampled_from([0, 0, 0, 1, 1, 2]), values)
    return st.lists(visit, min_size=most // 3, max_size=most).map(lambda visits: sorted(visits, key=lambda one: one[0]))


codes = st.sampled_from([NONE, REFUSED, STAYED_AWAY, WALKED, SEATED])


class Hotels:
    """A small market as drawn, its twin, and its period."""

    def __init__(self, drawn: tuple[Any, ...]) -> None:
        numbers, policies, identities, leisure, noted, self.t = drawn
        firms = [*({"bookings": policy} for policy in policies), {}]
        # somebody gives a reward, or there is nothing of what is put off
        firms[0]["bookings"] = policies[0] | {"off_peak_reward": policies[0]["off_peak_reward"] or 0.125}
        self.small = Small(PEOPLE, firms, bookings=numbers, periods_per_year=YEAR)
        self.c, self.leisure, self.identities = self.small.c, leisure, identities
        self.c.customer_id[:], self.c.leisure[:] = identities, leisure
        for k, name in enumerate(NOTED):
            self.c[name][:] = [of[k] for of in noted]
        self.c.equal_share_visits[:] = 12.5
        self.firms = firms_of(self.small.scenario, self.small.world)
        self.p = self.firms[0].p
        self.key = stream_key(SEED, "bookings")
        peak = rules.is_peak(self.t, self.p, YEAR)
        for firm in self.firms:
            firm.reward_now = 0.0 if peak else firm.policy.off_peak_reward
        self.c.reward_now[:] = [firm.reward_now for firm in self.firms]

    def run(self, kernel: Kernel) -> None:
        """Run a kernel; one that works on the book firm by firm, as the schedule has it."""
        if kernel.per != "firm":
            self.small.run("bookings", kernel, self.t)
            return
        call = self.in_book(kernel.name)
        for j in reversed(range(FIRMS)):
            call(j, j + 1, self.t)

    def in_book(self, name: str) -> Call:
        """Return a step of the schedule that reads the book."""
        step = next(one for one in self.small.scenario.steps() if one.phase is Phase.OPERATIONS and one.name == name)
        return step.bind(self.small.world, SEED, self.small.world.named())

    def book(self, visits: Sequence[tuple[int, int, Any]], outcomes: Sequence[int]) -> list[list[Visitor]]:
        """List visits, of whom some are turned away, and write them into the book; return the twin's, by firm."""
        small, line = self.small, [list[Visitor]() for _ in range(FIRMS)]
        small.visits([one[0] for one in visits], [one[1] for one in visits])
        small.at("visit_outcome")[:] = outcomes
        small.at("booking")[:] = 7  # left by the period before
        named, steps = small.world.named(), small.scenario.steps()
        for step in steps:
            if step.phase is Phase.OPERATIONS and step.name in ("keep_length", "keep_visits", "index_by_firm"):
                step.bind(small.world, SEED, named)(0, PEOPLE, self.t)
        for (i, j, _), nth, outcome in zip(visits, small.at("visit_nth").tolist(), outcomes, strict=True):
            line[j].append(Visitor(i, self.identities[i], nth, self.leisure[i], outcome != SERVED))
        return line

    def booked(self, name: str) -> list[int]:
        """Return what the book says of visits, in the order of the list."""
        places = np.sort(self.small.world.book["book_visit"][: self.small.passing.visit_count[0]])
        return self.small.world.book[f"book.{name}"][places].tolist()

    def listed(self, visits: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
        """List visits that have a booking, none of them at the firm without places; return them."""
        visits = [(i, j, code if j < 2 else NONE) for i, j, code in visits]
        self.small.visits([one[0] for one in visits], [one[1] for one in visits])
        self.small.at("booking")[:] = [code for *_, code in visits]
        return visits

    def assert_counted(self, names: Sequence[str]) -> None:
        """Compare tallies with what the twins have counted."""
        assume(not any(firm.close for firm in self.firms))
        assert_counted(self.small, {name: [firm.counts[name] for firm in self.firms] for name in names})

    def assert_firms(self, names: Sequence[str]) -> None:
        """Compare columns with what the twins have: whole numbers, and float64."""
        assume(not any(firm.close for firm in self.firms))
        for name in names:
            expected = [getattr(firm, name) for firm in self.firms]
            np.testing.assert_allclose(self.c[name], expected, rtol=1e-12, err_msg=name)


some = settings(max_examples=examples(30))


class TestDesk:
    @some
    @given(market_drawn)
    def test_places(self, drawn):
        hotels = Hotels(drawn)
        hotels.c.reward_now[:] = 0.75  # of the period before
        for kernel in (desk.set_places, peaks.set_rewards, desk.book_places):
            hotels.run(kernel)
        for firm in hotels.firms:
            firm.open(hotels.t)
            firm.book_places()
        hotels.assert_firms(("places_now", "protected_now", "reward_now"))
        hotels.assert_counted(["place_spend"])

    @pytest.mark.slow
    @given(
        market_drawn,
        visits_of(st.sampled_from([SERVED] * 9 + [BALKED, DENIED]), most=36),
        st.lists(st.tuples(st.integers(0, 7), st.integers(0, 4)), min_size=FIRMS, max_size=FIRMS),
    )
    def test_bookings(self, drawn, visits, places):
        """Who is accepted, shows up and is walked, and what is noted; each by its kernel."""
        hotels = Hotels(drawn)
        line = hotels.book(visits, [outcome for *_, outcome in visits])
        for j, (firm, (now, protected)) in enumerate(zip(hotels.firms, places, strict=True)):
            firm.places_now, firm.protected_now = now, min(now, protected)
            hotels.c.places_now[j], hotels.c.protected_now[j] = now, firm.protected_now
        acts = (
            (desk.take_bookings, lambda firm, j: firm.take(line[j], hotels.t, hotels.key)),
            (desk.walk_guests, lambda firm, j: firm.walk()),
            (desk.note_demand, lambda firm, j: firm.note()),
        )
        for kernel, act in acts:
            hotels.run(kernel)
            for j, firm in enumerate(hotels.firms):
                act(firm, j)
            self.assert_same_book(hotels, visits, line)
        hotels.assert_firms(NOTED)
        hotels.assert_counted(("places_offered", "empty_places", "spoiled_places"))

    def assert_same_book(self, hotels, visits, line):
        """Compare what became of every visit."""
        assume(not any(firm.close for firm in hotels.firms))
        left = [iter(own) for own in line]
        expected = [next(left[j]) for _, j, _ in visits]
        assert hotels.booked("booking") == [one.booking for one in expected]
        outcomes = [
            came if one.turned_away else OUTCOME[one.booking] for one, (*_, came) in zip(expected, visits, strict=True)
        ]
        assert hotels.booked("visit_outcome") == outcomes

    @pytest.mark.parametrize("kinds", [(1, 1), (0, 0), (1, 0), (0, 1)])
    @pytest.mark.parametrize("rows", [(1153, 5049), (5049, 1153)])
    def test_who_books_first_of_two_with_one_lead(self, rows, kinds):
        """Two identities that draw the same number in period 5: the lower one books first, whatever row she has."""
        assert self.codes_of(rows, kinds, [0, 1]) == [SEATED if i == 1153 else REFUSED for i in rows]

    def test_the_first_of_two_visits_with_one_lead_is_booked_first(self):
        """One identity that draws the same number for both of her visits."""
        assert self.codes_of([16_110_764], [1], [0, 0]) == [SEATED, REFUSED]

    def codes_of(self, identities, kinds, visitors):
        """Return what becomes of visits to a firm with one place, in the order of the list; all leads have one mean."""
        policies = [{"bookings": {"places": 1.0}}, {}]
        sure = {"leisure_no_show": 0.0, "business_no_show": 0.0, "leisure_lead": 7.0, "business_lead": 7.0}
        small = Small(len(identities), policies, bookings=sure)
        small.c.customer_id[:], small.c.leisure[:], small.c.equal_share_visits[:] = identities, kinds, 1000.0
        small.visits(visitors, [0] * len(visitors))
        small.phases(Phase.OPERATIONS, t=5)
        firm = firms_of(small.scenario, small.world)[0]
        firm.open(5)
        nth = small.at("visit_nth").tolist()
        line = [Visitor(i, identities[i], k, bool(kinds[i])) for i, k in zip(visitors, nth, strict=True)]
        firm.take(line, 5, stream_key(SEED, "bookings"))
        assert not firm.close
        assert line[0].lead == line[1].lead
        assert small.at("booking").tolist() == [one.booking for one in line]
        return small.at("booking").tolist()

    @some
    @given(
        st.sampled_from([0.0, 1.0]) | share,
        st.lists(st.integers(0, 2**32 - 1), min_size=PEOPLE, max_size=PEOPLE),
        st.integers(0, 3),
    )
    def test_kinds(self, business_share, identities, replication):
        weights = [0.0, 0.5, 1.0, 1.5, 2.0, 4.0]
        small = Small(PEOPLE, [{"bookings": {"places": 9.0}}, {}], bookings={"business_share": business_share})
        small.c.customer_id[:], small.c.price_weight[:], small.world.replication = identities, weights, replication
        small.c.purchase_rate[:] = rates = [0.1, 0.7, 1.3, 2.5, 0.0, 4.0]
        small.scenario.bookings.begin(small.world, SEED)
        key = stream_key(SEED, "bookings")
        for i, identity in enumerate(identities):
            odds = rules.leisure_chance(weights[i], business_share)
            u = rules.draw(key, identity, 0, rules.KIND, replication)
            assert near(u, odds, 1e-7) or small.c.leisure[i] == (u < odds)
        assert small.c.equal_share_visits == pytest.approx([sum(rates) / 2] * 2, abs=PEOPLE * 2.0**-20)


class TestGuests:
    @some
    @given(market_drawn, visits_of(codes), st.lists(st.floats(0.0, 90.0, width=32), min_size=PEOPLE, max_size=PEOPLE),
           st.lists(st.floats(0.0, 2.0, width=32), min_size=FIRMS, max_size=FIRMS))  # fmt: skip
    def test_counts_and_money(self, drawn, visits, baskets, prices):
        hotels = Hotels(drawn)
        hotels.c.basket[:], hotels.small.firms.price[:] = baskets, prices
        for i, j, code in hotels.listed(visits):
            one = Visitor(i, hotels.identities[i], 0, hotels.leisure[i], booking=code)
            hotels.firms[j].settle(one, baskets[i], prices[j], hotels.t)
        for kernel in (guests.count_bookings, guests.settle_bookings):
            hotels.run(kernel)
        hotels.assert_counted(("bookings", "refused", "no_shows", "walked", "seated", "peak_guests"))
        hotels.assert_counted(("no_show_fees", "walking_cost"))

    @some
    @given(market_drawn, visits_of(codes), st.lists(share, min_size=9, max_size=9))
    def test_resentment(self, drawn, visits, feelings):
        """Twice in a period is twice; satisfaction of who has never been there is left as it is."""
        hotels = Hotels(drawn)
        c, names = hotels.c, ("trust", "satisfaction", "expectation")
        drawn_feelings = np.resize(np.float32(feelings), (3, FIRMS, PEOPLE))
        for name, start in zip(names, drawn_feelings, strict=True):
            c[name][:] = start
        c.encounters[:] = been = np.arange(FIRMS * PEOPLE).reshape(FIRMS, PEOPLE) % 2
        c.walked_by[:] = expected_by = [-1] * PEOPLE
        left = np.ones((FIRMS, PEOPLE))
        for i, j, code in hotels.listed(visits):
            if code == WALKED:
                left[j, i] *= 1.0 - rules.resented(hotels.p, hotels.firms[j].policy.walk_compensation)
                expected_by[i] = j
        hotels.run(guests.resent_walking)
        for name, start in zip(names, drawn_feelings, strict=True):
            factor = np.where(been > 0, left, 1.0) if name == "satisfaction" else left
            np.testing.assert_allclose(c[name], start * factor, atol=1e-6, err_msg=name)
        assert c.walked_by.tolist() == expected_by

    @some
    @given(market_drawn, st.lists(st.integers(-1, FIRMS - 1), min_size=PEOPLE, max_size=PEOPLE), st.integers(0, 2))
    def test_stories(self, drawn, walked_by, replication):
        hotels = Hotels(drawn)
        hotels.small.world.replication = replication
        hotels.c.walked_by[:], hotels.c.story[:] = walked_by, 3
        stories, told = [3] * PEOPLE, [0] * FIRMS
        for i, (j, identity) in enumerate(zip(walked_by, hotels.identities, strict=True)):
            u = rules.draw(hotels.key, identity, hotels.t, rules.TELLS, replication)
            assume(not near(u, hotels.p["outrage"], 1e-7))
            if j >= 0 and u < hotels.p["outrage"]:
                stories[i] = 2 * (j + 1)
                told[j] += 1
        hotels.run(guests.tell_of_walking)
        assert hotels.c.story.tolist() == stories
        assert hotels.c.walked_by.tolist() == [-1] * PEOPLE
        assert_counted(hotels.small, {"negative_messages": told})

    @some
    @given(market_drawn, visits_of(st.tuples(share, st.integers(0, 10**6))))
    def test_discounts_and_fares(self, drawn, visits):
        """Only who is seated is on the list when money is booked."""
        hotels = Hotels(drawn)
        hotels.listed([(i, j, SEATED) for i, j, _ in visits])
        hotels.small.at("visit_discount")[:] = [before for *_, (before, _) in visits]
        hotels.small.at("visit_spend")[:] = [cents for *_, (_, cents) in visits]
        for kernel in (guests.discount_early, guests.count_fares):
            hotels.run(kernel)
        expected = []
        for i, j, (before, cents) in visits:
            firm, leisure = hotels.firms[j], hotels.leisure[i]
            expected.append(rules.discounted(before, leisure, firm.policy, firm.reward_now))
            if firm.takes_bookings:
                firm.counts["early_revenue" if leisure else "full_revenue"] += cents
        np.testing.assert_allclose(hotels.small.at("visit_discount"), expected, atol=1e-6)
        hotels.assert_counted(("early_revenue", "full_revenue"))

    @some
    @given(market_drawn, st.lists(st.floats(0.25, 2.0, width=32), min_size=FIRMS, max_size=FIRMS),
           st.lists(st.floats(0.0, 4.0, width=32), min_size=PEOPLE, max_size=PEOPLE))  # fmt: skip
    def test_worth(self, drawn, prices, responses):
        hotels = Hotels(drawn)
        hotels.small.firms.price[:], hotels.c.price_response[:] = prices, responses
        hotels.small.passing.utility.fill(1.0)
        hotels.run(guests.foresee_fares)
        expected = [
            [
                1.0
                + response * price * rules.worth_of_fare(leisure, of.policy, of.fare_open, of.reward_now, hotels.p)
                * of.takes_bookings
                for leisure, response in zip(hotels.leisure, responses, strict=True)
            ]
            for of, price in zip(hotels.firms, prices, strict=True)
        ]  # fmt: skip
        np.testing.assert_allclose(hotels.small.passing.utility[:, :PEOPLE], expected, rtol=2e-6, atol=2e-6)


shifts_drawn = st.tuples(
    st.integers(-1, FIRMS - 1), st.floats(0.0, 4.0, width=32), st.just(0.0) | st.floats(0.0, 4.0, width=32),
    st.just(0.0) | st.floats(2.0**-10, 4.0, width=32),
)  # fmt: skip


@some
@given(market_drawn, st.lists(shifts_drawn, min_size=PEOPLE, max_size=PEOPLE))
def test_what_is_put_off_is_that_of_the_twin(drawn, people):
    """In a peak, and after it if it ends; only leisure customers ever have something to make up for."""
    hotels = Hotels(drawn)
    owed = [
        put_off_visits if leisure else 0.0
        for (_, _, put_off_visits, _), leisure in zip(people, hotels.leisure, strict=True)
    ]
    providers, needs, _, rates = map(list, zip(*people, strict=True))
    rewards = [hotels.firms[j].policy.off_peak_reward if j >= 0 else 0.0 for j in providers]
    c, need = hotels.c, hotels.small.passing.need[:PEOPLE]
    for t in (hotels.p["peak_from"], hotels.p["peak_from"] + hotels.p["peak_length"]):
        hotels.t, peak = t, rules.is_peak(t, hotels.p, YEAR)
        c.provider[:], c.put_off_visits[:], c.purchase_rate[:], need[:] = providers, owed, rates, needs
        rows = list(zip(map(Guest, hotels.leisure, owed), needs, rewards, rates, strict=True))
        hotels.run(peaks.put_off)
        moved = [one.need_moved(usual, reward, rate, peak, hotels.p) for one, usual, reward, rate in rows]
        np.testing.assert_allclose(need, moved, rtol=1e-5, atol=1e-6)
        need[:] = needs
        hotels.run(peaks.note_put_off)
        for one, usual, reward, rate in rows:
            one.note(usual, reward, rate, peak, hotels.p)
        np.testing.assert_allclose(c.put_off_visits, [one.put_off_visits for one, *_ in rows], rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "replication"), [([], 0), (CHANGES, 1)])
def test_a_whole_market_is_that_of_the_twins(changes, replication):
    """In the second one a firm has no places for a while, one turns to a rule, and one ends its reward."""
    scenario = Scenario.parse({**MARKET, "changes": changes})
    both = Mirrored(scenario, seed=2, replication=replication)
    assert sum(both.step(t) for t in range(PERIODS)) > 10
    counts = {name: both.world.tallied(name).sum(axis=0) for name in both.world.tallies}
    assert all(counts[name].any() for name in COUNTS)
    assert both.c.put_off_visits.any()
    found = {kpi.name: kpi(Tallied(counts, 12, PERIODS)) for kpi in Bookings.kpis}
    for j in range(len(both.firms)):
        expected = twin.measures({name: float(counts[name][j]) for name in COUNTS})
        assert {name: values[j] for name, values in found.items()} == pytest.approx(expected, nan_ok=True), j
    in_tiles = Engine(scenario, seed=2, replication=replication)
    in_tiles.set_tile(32)
    in_tiles.run(PERIODS)
    for name in COUNTS:
        np.testing.assert_array_equal(in_tiles.world.tallied(name), both.world.tallied(name), err_msg=name)

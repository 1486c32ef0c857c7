"""The twin of modernisation: by numbers worked by hand, against the kernels, and in whole markets."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.kpis.kpi import Tallied
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.modernisation import Modernisation
from abm.mechanisms.service.modernisation_kernels import (
    add_modern_cost,
    go_on,
    go_wrong_at_first,
    hold_less,
    learn_anew,
    learnt_after,
    note_what_is_learnt,
    risen,
)
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import modernisation as twin
from tests.reference.attributes import ATTRIBUTES
from tests.reference.by_hand import effort, listed, per_pair, put, share, visits_with
from tests.reference.modernisation import COUNTS, EXAMPLE, Customer, Firm

KINDS = ("gradual", "radical")
LEVERS = ("modernisation_gain", "modernise_at", "modernisation_kind", "flagship", "project_scale")
MET = tuple(f"met_{attribute}" for attribute in ATTRIBUTES)
OTHERS = ("taste", "word_of_mouth")  # theories that add to performance, too
LEARNT = 4.0 * 0.5 / (1.0 + 3.0 * 0.5)  # half, with the odds multiplied by 4


class TestByHand:
    p: ClassVar = {
        **EXAMPLE, "ramp_periods": 4, "project_periods": 3, "trouble_periods": 2, "learning_visits": 1 / math.log(2.0)
    }  # fmt: skip

    def test_course(self):
        firm = Firm(0.2, 5)
        assert [firm.level(t, self.p) for t in (4, 5, 6, 8, 9, 99)] == pytest.approx([0.0, 0.05, 0.1, 0.2, 0.2, 0.2])
        firm.modernisation_kind = "radical"
        assert [firm.level(t, self.p) for t in (4, 5, 99)] == [0.0, 0.2, 0.2]
        firm.quality = 0.9
        assert firm.level(5, self.p) == pytest.approx(0.09)

    def test_costs(self):
        """4 ln 2 for half of what is lacking, 3 ln 5 for 0.2 of 0.25: on people a fifth of both."""
        firm = Firm(0.2, 5, "radical", project_scale=3.0, quality=0.6, quality_cost=4.0)
        in_project, later = 4.0 * math.log(2.0) + 3.0 * math.log(5.0), 4.0 * math.log(2.0)
        assert [firm.expense(t, self.p) for t in (4, 5, 7, 8)] == pytest.approx([0.0, in_project, in_project, later])
        firm.flagship = "people"
        assert firm.expense(5, self.p) == pytest.approx(in_project / 5)

    def test_learning(self):
        """After one visit half is learnt: felt by whom procedure bothers four times as 0.8; of 2 visits 12/13."""
        assert twin.learnt(1.0, 4.0, self.p) == pytest.approx(LEARNT) == pytest.approx(0.8)
        assert twin.lost(12 / 13, 2, 1, 4.0, self.p) == pytest.approx(12 / 13 - 0.8)
        assert twin.lost(12 / 13, 2, 0, 4.0, self.p) == 0.0
        assert twin.lost(0.5, 2, 1, 4.0, self.p) == 0.0
        assert twin.lost(12 / 13, 2, 2, 4.0, {**self.p, "relearning": 0.5}) == pytest.approx(12 / 13 - 0.8)

    def test_what_is_lost_by_leaving(self):
        """0.8 of one visit to the old line: a tenth of it in the cost, a sixth in the commitment."""
        firms = [Firm(), Firm(0.1, 5, "radical")]
        one = Customer(1, [3, 1], [0, 0], 4.0, [0.9, 0.9, 0.8, *[0.9] * 5], 0.5, [0.4, 0.5])
        one.note(firms, 4)
        assert one.before == [0, 0]
        one.note(firms, 5)
        assert one.before == [0, 1]
        one.learn_anew(firms, 2, self.p)
        assert one.facets == pytest.approx([0.9, 0.9, 0.0, 0.9, 0.9, 0.9, 0.9, 0.9])
        assert (one.switching_cost, *one.calculative) == pytest.approx((0.42, 0.4, 0.5 - 0.8 / 6))
        assert firms[1].counts == {"asked_anew": 2, "learning_lost_sum": 2 * math.floor(one.lost * 2**20)}
        assert [one.less_utility(j, self.p) for j in (0, 1)] == pytest.approx([0.0, 0.096])
        assert not firms[0].counts

    def test_visits(self):
        firm, whole = Firm(0.1, 5, "radical", "people"), Firm(0.1, 5)
        assert twin.shift(firm, 0.1, (0.4, 0.1, 0.3, 0.1, 0.1)) == pytest.approx(0.03)
        assert twin.shift(whole, 0.1, (0.4, 0.1, 0.3, 0.1, 0.1)) == 0.1
        assert twin.met(firm, 0.1, [0.5] * 5) == pytest.approx([0.5, 0.5, 0.6, 0.5, 0.5])
        assert twin.met(firm, 0.1, [0.95] * 5)[2] == 1.0
        assert twin.met(whole, 0.1, [0.5] * 5) == [0.5] * 5
        assert [twin.risk(firm, t, 0.1, self.p) for t in (4, 5, 6, 7)] == [0.1, 0.2, 0.2, 0.1]
        assert twin.risk(whole, 5, 0.1, self.p) == 0.1

    def test_measures(self):
        found = twin.measures(dict(zip(COUNTS, [0.0, 5, 2.0, 0.5, 10], strict=True)), 20)
        assert [*found.values()] == pytest.approx([5.0, 0.25, 0.4])


numbers_drawn = st.fixed_dictionaries(
    {
        "ramp_periods": st.integers(1, 12),
        "project_periods": st.integers(1, 12),
        "relearning": st.sampled_from([0.0, 1.0]) | share,
        "trouble_periods": st.integers(0, 6),
        "trouble_factor": st.floats(0.0, 20.0, width=32),
    }
)
gains = st.floats(2.0**-7, 0.234375, width=32)
firm_drawn = st.builds(
    Firm, modernisation_gain=st.just(0.0) | gains, modernise_at=st.integers(0, 9),
    modernisation_kind=st.sampled_from(KINDS), flagship=st.sampled_from([twin.WHOLE_SERVICE, *ATTRIBUTES]),
    project_scale=st.floats(0.0, 50.0), quality=st.sampled_from([0.75, 0.9375, 0.984375]) | effort,
    quality_cost=st.just(0.0) | st.floats(0.0, 50.0, width=32),
    cost_parts=st.sampled_from([(0.4, 0.15, 0.2, 0.15, 0.1), (0.0, 0.25, 0.5, 0.125, 0.125)]),
    gains_from=st.just(0) | st.integers(0, 12),
)  # fmt: skip
others_drawn = st.tuples(firm_drawn, firm_drawn)
# Of some firm all that is done is done: a third one, with whom nothing is compared
RADICAL = Firm(0.125, 3, "radical", "core"), Firm(0.125, 3, "radical")


def section(firm: Firm) -> dict[str, Any]:
    """Return what a firm sets."""
    return {
        "modernisation": {name: getattr(firm, name) for name in LEVERS},
        "service": {"quality": firm.quality, "quality_cost": firm.quality_cost},
        "attributes": {f"{k}_cost_part": part for k, part in zip(ATTRIBUTES, firm.cost_parts, strict=True)},
    }


def small_of(firms, numbers=None, **more) -> Small:
    """Return a small market of such firms, and two more, of which one has modernised the whole and one the core."""
    return Small(3, [section(firm) for firm in (*firms, *RADICAL)], modernisation=numbers or {}, attributes={}, **more)


def run_until(small: Small, firms: tuple[Firm, ...], t: int) -> None:
    """Let lines go on up to a period, each from when its firm has the gain."""
    held = small.firms.modernisation_gain.copy()
    for period in range(t + 1):
        small.firms.modernisation_gain[:2] = [held[j] if period >= firms[j].gains_from else 0.0 for j in (0, 1)]
        small.run("modernisation", go_on, period)
    small.firms.modernisation_gain[:] = held


@given(gains, st.integers(-5, 30), st.sampled_from(KINDS), st.integers(1, 12))
def test_course_is_that_of_the_twin(gain, since, kind, ramp):
    of_model = risen(np.float32(gain), since, KINDS.index(kind), ramp)
    assert of_model == pytest.approx(twin.risen(gain, since, kind, {"ramp_periods": ramp}), abs=1e-7)


@given(st.floats(0.0, 300.0, width=32), st.floats(0.125, 100.0, width=32), st.floats(0.0625, 16.0, width=32))
def test_learning_is_that_of_the_twin(visits, learning_visits, bother):
    of_model = learnt_after(np.float32(visits), np.float32(learning_visits), np.float32(bother))
    assert of_model == pytest.approx(twin.learnt(visits, bother, {"learning_visits": learning_visits}), abs=2e-6)


def near_half(cents: float) -> bool:
    """Tell whether float32 may round an amount otherwise."""
    return abs(cents - math.floor(cents) - 0.5) < 1e-3 + 2e-6 * cents


@settings(max_examples=examples(30))
@given(others_drawn, numbers_drawn, st.integers(0, 20), st.integers(0, 999))
def test_level_costs_and_books_are_those_of_the_twin(firms, numbers, t, visits):
    small = small_of(firms, numbers)
    run_until(small, firms, t)
    small.world.lookup("visits", 0)[:] = visits
    small.phases(Phase.BOOKS, t=t)
    for j, firm in enumerate(firms):
        level, cents = firm.level(t, numbers), 100.0 * firm.expense(t, numbers)
        assert small.c.modern_level[j] == pytest.approx(level, abs=1e-7)
        found = int(small.c.modern_expense[j])
        assert abs(found - cents) <= 0.5 + 1e-3 + 5e-6 * cents
        if not near_half(cents):
            assert found == math.floor(cents + 0.5)
        firm.note(t, numbers, visits, found)
        for name in ("modernisation_spend", "modern_periods"):
            assert small.counted(name)[j] == firm.counts[name]
        assert small.counted("modern_sum")[j] == math.floor(float(small.c.modern_level[j]) * 2**20)
        assert abs(small.counted("modern_sum")[j] - firm.counts["modern_sum"]) <= 1


def test_half_a_cent_is_rounded_up():
    """A project of a scale at which it costs 0.125 cu, which float32 holds: 13 cents of 12.5."""
    firm = Firm(0.125, 0, "radical", project_scale=0.125 / math.log(2.0))
    small = small_of([firm, Firm()])
    small.firms.project_expense[0] = 0.125
    small.run("modernisation", go_on)
    assert small.c.modern_expense[0] == 13


people_drawn = st.lists(
    st.tuples(
        st.integers(-1, 1),  # the provider
        st.lists(st.tuples(st.integers(0, 40), st.just(0) | st.integers(0, 40)), min_size=2, max_size=2),
        st.floats(0.0625, 16.0, width=32),
        st.integers(0, 3),  # occasions
    ),
    min_size=3, max_size=3,
)  # fmt: skip


def people_of(small: Small, drawn: list[Any]) -> list[Customer]:
    """Write people as they are drawn; return their twins.  They have been to a line before it was another, or not."""
    c = small.c
    c.switching_facet[:], c.switching_cost[:], c.calculative_commitment[:] = 0.875, 0.75, 0.625
    c.learning_lost[:] = 0.5
    people = []
    for i, (provider, visits, bother, _) in enumerate(drawn):
        c.provider[i], c.bother[i] = provider, bother
        for j, (since, before) in enumerate(visits):
            c.encounters[j, i], c.learnt_before[j, i] = since + before, before
        encounters, before = c.encounters[:, i].tolist(), c.learnt_before[:, i].tolist()
        people.append(Customer(provider, encounters, before, bother, [0.875] * 8, 0.75, [0.625] * 4, 0.5))
    return people


@settings(max_examples=examples(40))
@given(people_drawn, numbers_drawn, share, st.floats(0.0, 9.0, width=32), st.floats(1.0, 60.0, width=32))
def test_what_is_learnt_anew_is_that_of_the_twin(drawn, numbers, procedural, weight, learning_visits):
    shared = {"procedural": procedural, "switching_weight": weight, "learning_visits": learning_visits}
    numbers = numbers | shared
    switching = {**shared, "financial": 0.0, "relational": 0.0}
    firms = [Firm(0.125, 3, "radical"), Firm(0.125, 3, "radical"), *RADICAL]
    small = small_of(firms[:2], numbers, switching_cost=switching)
    people = people_of(small, drawn)
    occasions = [i for i, (*_, times) in enumerate(drawn) for _ in range(times)]
    small.visits(occasions, [-1] * len(occasions))
    small.run("modernisation", learn_anew, 5)
    firms = [replace(firm, counts={"asked_anew": 0, "learning_lost_sum": 0}) for firm in firms]
    for one, (*_, times) in zip(people, drawn, strict=True):
        one.learn_anew(firms, times, numbers)
    c = small.c
    np.testing.assert_allclose(c.learning_lost, [one.lost for one in people], atol=2e-6)
    np.testing.assert_allclose(c.switching_facet.T, [one.facets for one in people], atol=3e-6)
    np.testing.assert_allclose(c.switching_cost, [one.switching_cost for one in people], atol=3e-6)
    np.testing.assert_allclose(c.calculative_commitment.T, [one.calculative for one in people], atol=3e-6)
    assert small.counted("asked_anew") == [*(firm.counts["asked_anew"] for firm in firms), 0]
    sums = [firm.counts["learning_lost_sum"] for firm in firms]
    np.testing.assert_allclose(small.counted("learning_lost_sum")[:4], sums, rtol=0, atol=3 * len(occasions))
    small.passing.utility[:] = 0.0
    small.run("modernisation", hold_less, 5)
    less = [[one.less_utility(j, numbers) for one in people] for j in range(4)]
    np.testing.assert_allclose(small.passing.utility[:, :3], -np.array(less), atol=2e-5)


@settings(max_examples=examples(25))
@given(others_drawn, per_pair(st.integers(0, 9)), st.integers(0, 9))
def test_what_is_noted_is_that_of_the_twin(firms, encounters, t):
    small = small_of(firms)
    small.c.encounters[:2], small.c.learnt_before[:2] = encounters, 5
    run_until(small, firms, t)
    small.run("modernisation", note_what_is_learnt, t)
    for i in range(3):
        one = Customer(0, [of[i] for of in encounters], [5, 5], 1.0, [], 0.0, [])
        one.note(firms, t)
        assert small.c.learnt_before[:2, i].tolist() == one.before


@settings(max_examples=examples(25))
@given(others_drawn, numbers_drawn, visits_with(st.tuples(st.booleans(), share)), st.integers(0, 20))
def test_visits_are_those_of_the_twin(firms, numbers, visits, t):
    """Without what is drawn on attributes, and with gifts, that weigh otherwise: the flagship does not."""
    firms = [replace(firm, quality=min(firm.quality, 0.9375)) for firm in firms]
    small = small_of(firms, numbers, off=OTHERS)
    run_until(small, firms, t)
    people = listed(small, visits)
    put(small, gift_purchase=[gift for *_, gift, _ in visits])
    weights = small.c.attribute_weight.T.tolist()
    found: dict[int, tuple[np.ndarray, ...]] = {}
    for of in (0, 1):  # without a modernised line, and with it
        level = small.c.modern_level.tolist()
        small.c.modern_level[:] *= of
        small.phases(Phase.DELIVERY, t=t)
        found[of] = tuple(small.at(name).copy() for name in ("performance_shift", *MET))
        small.c.modern_level[:] = level
    for v, (i, j, *_) in enumerate(people):
        before, after = ([float(column[v]) for column in found[of]] for of in (0, 1))
        added = twin.shift(firms[j], level[j], weights[i])
        assert after[0] - before[0] == pytest.approx(added, abs=1e-6)
        assert after[1:] == pytest.approx(twin.met(firms[j], level[j], before[1:]), abs=1e-6)
    put(small, failure_risk=[risk for *_, risk in visits])
    small.run("modernisation", go_wrong_at_first, t)
    expected = [twin.risk(firms[j], t, risk, numbers) for _, j, _, risk in visits]
    np.testing.assert_allclose(small.at("failure_risk"), expected, rtol=1e-6)
    cost, expense = np.full(len(visits) + 1, 7), np.array([3, 5, 0, 0])
    add_modern_cost(cost, small.passing.visit_count, small.passing.visit_firm, expense)
    assert cost.tolist() == [*(7 + expense[j] for _, j, *_ in visits), 7]


def test_measures_are_those_of_the_twin():
    rng = np.random.default_rng(5)
    for most in (1, 9):
        counts = {name: rng.integers(0, most, 3).astype(float) for name in (*COUNTS, "asked")}
        tallied = Tallied(counts, 26, 7)
        for kpi in Modernisation.kpis:
            of_twin = [
                twin.measures({name: of[j] for name, of in counts.items()}, counts["asked"][j])[kpi.name]
                for j in range(2)
            ]
            assert kpi(tallied) == pytest.approx(of_twin, nan_ok=True), kpi.name

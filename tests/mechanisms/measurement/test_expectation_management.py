"""Management of expectations: promises follow answers, at dates, on any threads; trial for kept promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.attitude import broken_promise_share, perceived_quality
from abm.kpis.behaviour import acquisitions
from abm.mechanisms.measurement.expectation_management import adjusted_promise, mean_promise
from abm.scenario.scenario import Scenario

share = st.floats(0, 1, width=32)


def market(promise=0.85, adjustment=0.0, periods=104, more=None, **section):
    """Return a market in which the first firm promises what it likes and asks half of its visitors.

    Customers come and go, so that there are always some who have nothing but the promise to go by.
    """
    north = {
        "name": "north",
        "promise": promise,
        "survey": {"sampling": 0.5},
        "expectation": {"adjustment": adjustment},
    }
    return Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": 1500, "purchase_rate": 0.4},
            "renewal": {"leaving_rate": 0.9, "every": 4},
            "survey": {},
            "expectation_management": section,
            "firms": [north, {"name": "east"}],
            **(more or {}),
        }
    )


def promises(engine, periods):
    """Return the first firm's promise in each of some periods."""
    found = []
    for _ in range(periods):
        engine.run(1)
        found.append(float(engine.world.firms.promise[0]))
    return found


@given(share, st.floats(0, 10, width=32), st.floats(-1, 1, width=32))
def test_a_promise_moves_with_the_gap_and_stays_in_its_bounds(promise, adjustment, gap):
    found = adjusted_promise(*map(np.float32, (promise, adjustment, gap, 0.05, 0.99)))
    assert found == pytest.approx(min(0.99, max(0.05, promise + adjustment * gap)), abs=1e-5)


def test_where_nobody_adjusts_nothing_is_done_and_nothing_else_moves():
    still = market()
    assert "expectation_management" not in [step.mechanism.name for step in still.steps()]
    one, other = (Engine(m, 3) for m in (still, still.replace({"expectation_management": None})))
    for engine in (one, other):
        engine.run(20)
    np.testing.assert_array_equal(one.world.tallied("visits"), other.world.tallied("visits"))


def test_it_moves_at_its_dates_by_the_gap_that_was_answered():
    engine = Engine(market(adjustment=0.5), 3)
    found = promises(engine, 30)
    world = engine.world
    expected = np.float32(0.85)
    for t in range(30):
        if t in (13, 26):
            marks, full = (world.tallied(name)[t - 13 : t, 0].sum() for name in ("marks_expected", "full_marks"))
            expected += 0.5 * (2 * marks / full - 1)
        assert found[t] == pytest.approx(expected, abs=1e-6)
    assert engine.levers.firms[0].expectation.adjustment == 0.5
    assert engine.levers.firms[0].promise == pytest.approx(found[-1])
    assert engine.world.firms.promise[1] == np.float32(0.75), "the other firm asks nobody"


@pytest.mark.parametrize(("window", "every", "moves"), [(8, 8, [8, 16, 24]), (16, 8, [16]), (8, 16, [16])])
def test_no_answer_counts_twice(window, every, moves):
    engine = Engine(market(adjustment=0.5, more={"survey": {"window": window}}, every=every), 3)
    found = promises(engine, 28)
    assert [t for t in range(1, 28) if found[t] != found[t - 1]] == moves


def test_the_engine_stops_for_it_only_at_its_dates():
    """Python between compiled periods costs more than a small market's period."""
    engine = Engine(market(adjustment=0.5), 3)
    plain = [block for block in engine._binding.blocks if block.plain]
    assert plain
    assert all(block.next_date(1) >= 4 for block in plain)


@pytest.mark.parametrize("threads", [2, 3])
def test_the_same_bits_on_any_threads(threads):
    one, other = (Engine(market(adjustment=1.0), 3, threads=n) for n in (1, threads))
    for engine in (one, other):
        engine.run(60)
    np.testing.assert_array_equal(one.world.history, other.world.history)


def test_the_same_promises_where_groups_are_told_apart_and_after_a_restart():
    arms = {"still": {}, "adjusts": {"firms.north.expectation.adjustment": 1.0}}
    kpis = ("visit_share", mean_promise)
    plain, groups = (
        abm.run(
            abm.Experiment("p", market(periods=40), arms, groups=groups, replications=2, seed=3, kpis=kpis), workers=1
        ).runs
        for groups in ({}, {"half": {"share": 0.5}})
    )
    whole = groups[groups["group"] == "all"].reset_index(drop=True)
    for name in ("visit_share", "mean_promise"):
        np.testing.assert_array_equal(whole[name], plain[name])


def test_an_over_promise_comes_down_towards_what_is_delivered_for_fewer_tries_and_fewer_broken_promises():
    kpis = (mean_promise, broken_promise_share, acquisitions, perceived_quality)
    runs = [record(market(promise=0.9, adjustment=k), 3) for k in (0.0, 1.0)]
    still, adjusted = (run.summary(kpis)[0] for run in runs)
    path = runs[1].by_period(kpis)[:, 0, 0]
    distances = np.abs(path[[0, 13, 39]] - adjusted[3])
    assert distances[0] > 0.13
    assert (np.diff(distances) < -0.02).all()
    assert np.abs(path[39:] - adjusted[3]).max() < 0.05, "and it stays there"
    assert adjusted[1] < 0.75 * still[1]
    assert adjusted[2] < still[2] - 2
    assert np.isnan(still[0])


def test_a_modest_promise_comes_up_and_brings_more_tries():
    runs = [record(market(promise=0.6, adjustment=k), 3) for k in (0.0, 0.5)]
    assert runs[1].by_period((mean_promise,))[60:, 0, 0].min() > 0.68
    still, adjusted = (run.summary((acquisitions,))[0] for run in runs)
    assert adjusted > still + 2


def test_who_follows_too_closely_overshoots():
    """What is answered now is about what was promised before: the promise swings."""
    swings = [np.std(record(market(adjustment=k), 3).by_period((mean_promise,))[40:, 0, 0]) for k in (0.5, 5.0)]
    assert swings[1] > 3 * swings[0]


class TestRefusals:
    @pytest.mark.parametrize(
        "asks_nobody", [{"firms.north.survey.sampling": 0.0}, {"off": ("survey",)}], ids=["no sample", "switched off"]
    )
    def test_a_firm_that_would_follow_answers_and_asks_nobody(self, asks_nobody):
        said = (
            r"firm 'north' adjusts its promise to what customers answer, but asks nobody; give .*north.survey.sampling"
        )
        with pytest.raises(Refusal, match=said) as caught:
            market(adjustment=0.2).replace(asks_nobody)
        assert "\n" not in str(caught.value)

    def test_a_date_that_takes_the_survey_away(self):
        change = {"name": "thrift", "from": 8, "set": {"firms.north.survey.sampling": 0.0}}
        with pytest.raises(Refusal, match="asks nobody"):
            market(adjustment=0.2).replace({"changes": [change]})

    def test_a_lever_without_the_theory(self):
        with pytest.raises(Refusal, match=r"sets expectation, but .* a section \[scenario.expectation_management\]"):
            market(adjustment=0.2).replace({"expectation_management": None})

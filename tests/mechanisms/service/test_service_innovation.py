"""Service innovation: chances by hand, dates followed from the luck drawn, copies after a lag, and markets."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.attitude import csi
from abm.kpis.kpi import Tallied
from abm.kpis.value import profit
from abm.mechanisms.service.innovation_kernels import build_knowledge, deliver_advance, draw_ideas, note_advance
from abm.mechanisms.service.service_innovation import (
    BEST,
    ServiceInnovation,
    chance_of_an_idea,
    copied_part,
    innovation_lead,
    innovation_rate,
    mean_advance,
    running_cost,
    time_ahead,
)
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.bits import ran
from tests.mechanisms.small import Small
from tests.reference import random_numbers as luck

run = partial(ran, seed=3)

share = st.floats(0, 1)
RESEARCH = {"service_innovation": {"research": 0.5}}


def market(research=0.5, *, copying=0.0, customers=300, periods=60, section=None, **more):
    firms = [
        {"name": "north", "service_innovation": {"research": research}},
        {"name": "east", "service_innovation": {"copying": copying}},
    ]
    return Scenario.parse(
        {
            "periods": periods, "population": {"customers": customers, "purchase_rate": 0.5},
            "service_innovation": section or {}, "firms": firms, **more,
        }
    )  # fmt: skip


class TestByHand:
    def test_chance(self):
        """Half of two a year by knowledge, times 1.5 by what is said, in half a year: 1 - e^-.75."""
        assert chance_of_an_idea(0.2, 0.5, 2.0, 0.2, 1.0, 0.5) == pytest.approx(1 - math.exp(-0.75))
        assert chance_of_an_idea(0.0, 1.0, 2.0, 0.2, 1.0, 0.5) == 0.0, "without knowledge nobody has an idea"

    @given(st.floats(0, 100), share, st.floats(0, 100), st.floats(1e-4, 1e4), st.floats(0, 100), st.floats(0, 5))
    def test_chances_are_shares_and_rise_with_knowledge_and_voice(self, known, voice, rate, half, gain, years):
        one = chance_of_an_idea(known, voice, rate, half, gain, years)
        assert 0.0 <= one <= 1.0
        assert chance_of_an_idea(2 * known, voice, rate, half, gain, years) >= one
        assert chance_of_an_idea(known, 1.0, rate, half, gain, years) >= one

    def test_cost(self):
        assert running_cost(0.75, 0.15, 2.0) == pytest.approx(2.0 * math.log(2.5))
        assert running_cost(0.75, 0.0, 2.0) == 0.0

    def test_kernels(self):
        small = Small(3, [RESEARCH, {}, {}], service_innovation={"knowledge_kept": 0.75})
        for expected in (0.125, 0.21875):
            small.run("service_innovation", build_knowledge)
            assert small.c.innovation_knowledge.tolist() == [expected, 0.0, 0.0]
        small.c.advance[:] = [0.25, 0.125, 0.25]
        small.visits([0, 1, 2], [1, 0, 2])
        small.passing.performance_shift[:3] = 0.5
        small.run("service_innovation", deliver_advance)
        assert small.passing.performance_shift[:3].tolist() == [0.625, 0.75, 0.75]
        small.run("service_innovation", note_advance)
        assert small.counted("lead_sum")[:3] == [0, -(2**17), 0]
        assert small.counted("periods_ahead")[:3] == [0, 0, 0], "as far as a rival is not ahead"
        small.c.advance[2] = 0.0
        small.run("service_innovation", note_advance)
        assert small.counted("periods_ahead")[:3] == [1, 0, 0]

    def test_luck_is_at_its_addresses_at_dates_of_innovation(self):
        small = Small(2, [RESEARCH, {}], service_innovation={})
        small.run("service_innovation", draw_ideas, t=3)
        assert small.c.idea_luck.tolist() == [1.0, 1.0]
        small.run("service_innovation", draw_ideas, t=8)
        key = luck.stream_key(1, "service_innovation")
        words = [luck.customer_words(key, j, 8, draw=0, block=0, replication=0)[0] for j in range(2)]
        assert small.c.idea_luck.tolist() == [np.float32(luck.uniform(word)) for word in words]

    def test_measures(self):
        counts = {
            "innovations": [2.0, 0, 0], "advance_periods": [52.0, 52, 0], "advance_sum": [5.2, 2.6, 0],
            "lead_sum": [2.6, -2.6, 0], "periods_ahead": [26.0, 0, 0], "found_advance": [0.2, 0, 0],
            "copied_advance": [0.0, 0.1, 0],
        }  # fmt: skip
        c = Tallied({name: np.array(values) for name, values in counts.items()}, year=52, periods=52)
        measures = (innovation_rate, mean_advance, innovation_lead, time_ahead, copied_part)
        found = [measure(c).tolist() for measure in measures]
        assert found[0] == [2.0, 0.0]
        assert found[1] == pytest.approx([10.0, 5.0])
        assert found[2] == pytest.approx([5.0, -5.0])
        assert found[3:] == [[0.5, 0.0], [0.0, 1.0]]


def test_dates_follow_from_luck_knowledge_and_what_is_copied():
    section = {"innovate_every": 3, "imitation_lag": 7, "highest_rate": 20.0, "innovation_size": 0.2}
    engine = Engine(market(0.5, copying=0.4, section=section), 3)
    world, key = engine.world, luck.stream_key(3, "service_innovation")
    knowledge, advance, past, found = 0.0, np.zeros(2), [], 0
    for t in range(60):
        knowledge = 0.98 * knowledge + 0.02 * 0.5
        if t % 3 == 0:
            seen = past[t - 7][0] if t >= 7 else 0.0
            advance[1] += max(0.0, 0.4 * (seen - advance[1]))
            word = luck.customer_words(key, 0, t, draw=0, block=0, replication=0)[0]
            rate = 20.0 * (1 - 2 ** (-knowledge / 0.2))
            if luck.uniform(word) < 1 - math.exp(-rate * 3 / 52):
                advance[0] += 0.2 * (BEST - 0.75 - advance[0])
                found += 1
        past.append(advance.copy())
        engine.run(1)
        np.testing.assert_allclose(world.customers.advance, advance, atol=2e-5)
    assert world.tallied("innovations")[:, 0].sum() == found >= 3
    assert 0.0 < advance[1] < advance[0]
    cents = 100 * 1.5 * (math.log(0.25) - math.log(0.25 - advance[0]))
    assert world.customers.advance_expense[0] == pytest.approx(cents, abs=0.6)
    visits = world.tallied("visits")
    np.testing.assert_allclose(world.tallied("research_spend")[:, 0], 0.5 * visits[:, 0])
    np.testing.assert_allclose(world.tallied("copying_spend")[:, 1], 0.0511 * visits[:, 1])
    last = world.customers.advance_expense / 100 * visits[-1, :2]
    np.testing.assert_allclose(world.tallied("advance_running")[-1, :2], last)


def test_voices_are_answers_and_complaints_of_the_window():
    both = market(complaint={}, survey={}).replace({"firms.north.survey.sampling": 0.2})
    world, theory = run(both), ServiceInnovation(voice_window=10)
    said = world.tallied("answers")[50:60, 0].sum() + world.tallied("complaints")[50:60, :, 0].sum()
    assert theory._voices(world, 60)[0] == pytest.approx(said / world.tallied("visits")[50:60, 0].sum())
    assert theory._voices(world, 60)[0] > 0.0
    assert theory._voices(world, 0) == [0.0, 0.0]
    assert theory._voices(run(market()), 60) == [0.0, 0.0], "nobody asks, and no complaint is counted"


class TestMarkets:
    def test_without_research_nothing_is_done(self):
        still = market(0.0)
        assert still.steps() == still.replace({"service_innovation": None}).steps()

    @pytest.mark.parametrize(("threads", "tile"), [(3, None), (1, 64), (2, 64)])
    def test_threads_and_tiles_do_not_matter(self, threads, tile):
        scenario = market(copying=0.5, customers=800, section={"highest_rate": 20.0}, complaint={})
        one, other = run(scenario), run(scenario, threads, tile)
        assert one.customers.advance[0] > 0.0
        np.testing.assert_array_equal(one.history, other.history)

    def test_kernels_keep_to_their_arrays(self):
        check_kernels(market(copying=0.5, periods=20, section={"highest_rate": 50.0}))

    def test_it_pays_the_longer_the_later_it_is_imitated(self):
        """The same ideas at the same time, whoever copies them: only how long the first is alone differs."""
        kpis = (profit, time_ahead, innovation_lead, mean_advance)
        found = [
            np.mean([record(market(0.2, copying=0.8, customers=800, periods=156,
                                   section={"imitation_lag": lag, "highest_rate": 4.0}), k).summary(kpis)[0]
                     for k in range(3)], axis=0)
            for lag in (4, 104)
        ]  # fmt: skip
        assert (found[1][[0, 2]] > found[0][[0, 2]]).all()
        assert found[0][3] == pytest.approx(found[1][3]), "a firm's ideas do not depend on who copies them"

    def test_customers_are_pleased_and_then_expect_it(self):
        """Satisfaction rises, and what is expected rises after it."""
        section = {"highest_rate": 30.0}
        plain, new = (run(market(research, periods=104, section=section)) for research in (0.0, 1.0))
        gains = [world.customers.expectation[0].astype(np.float64).mean() for world in (plain, new)]
        assert gains[1] > gains[0] + 0.03
        kpis = [
            record(market(research, periods=104, section=section), 3).summary((csi,))[0, 0] for research in (0, 1.0)
        ]
        assert kpis[1] > kpis[0] + 3

    def test_what_is_said_brings_ideas(self):
        base = market(0.1, periods=104, section={"voice_gain": 100.0}, survey={})
        rates = [
            np.mean([record(one, k).summary((innovation_rate,))[0, 0] for k in range(3)])
            for one in (base, base.replace({"firms.north.survey.sampling": 1.0}))
        ]
        assert rates[1] > 2 * rates[0]

    @settings(max_examples=examples(6), deadline=None)
    @given(st.floats(0.01, 100), st.floats(0, 0.99), st.floats(0, 100), share, st.integers(1, 30))
    def test_shares_are_shares_and_nobody_is_better_than_the_best(self, research, copying, rate, size, lag):
        section = {"highest_rate": rate, "innovation_size": size, "imitation_lag": lag}
        scenario = market(research, copying=copying, customers=150, periods=40, section=section)
        world = run(scenario)
        assert ((world.customers.advance >= 0) & (world.customers.advance <= BEST - 0.75 + 1e-6)).all()
        found = record(scenario, 1).by_period((time_ahead, copied_part))
        assert ((found >= 0) & (found <= 1) | np.isnan(found)).all()


def test_research_without_the_theory_is_refused():
    with pytest.raises(Refusal, match=r"'north' sets service_innovation, but .* section \[scenario.service_innovation"):
        market().replace({"service_innovation": None})

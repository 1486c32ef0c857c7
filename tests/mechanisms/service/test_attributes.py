"""Attributes: levels, weights and costs by hand and by address; what weighs more does more; all five are quality."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.attitude import csi
from abm.kpis.value import lever_cost, profit
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.attributes import ATTRIBUTES, AttributesPolicy, weight_now
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import random_numbers as luck

WEIGHTS = (0.40, 0.15, 0.20, 0.15, 0.10)
KEY = luck.stream_key(1, "attributes")
EQUAL = {f"{attribute}_weight": 0.2 for attribute in ATTRIBUTES}
STILL = {"weight_spread": 0.0, "attribute_spread": 0.0}


def words(customer, period, draw, block):
    found = luck.customer_words(KEY, customer, period, draw=draw, block=block, replication=0)
    return [luck.uniform(word) for word in found]


def small(policy, section, customers=3):
    """Return a small world in which nothing but attributes adds to performance, with a visit of each to both firms."""
    world = Small(customers, [{"attributes": policy}, {}], attributes=section, taste={"taste_spread": 0.0})
    world.visits([i for i in range(customers) for _ in range(2)], [0, 1] * customers)
    return world


def market(*firms, periods=80, customers=1500, **section):
    named = [{"name": f"f{j}", **firm} for j, firm in enumerate(firms)]
    population = {"customers": customers, "purchase_rate": 0.6}
    return Scenario.parse({"periods": periods, "population": population, "attributes": section, "firms": named})


class TestByHand:
    def test_levels_are_weighed(self):
        """.4 x .2 - .1 x .5 = .03; .75 + .2, .75 - .5, and .75 of the others."""
        world = small({"core_level": 0.2, "tangibles_level": -0.5}, STILL)
        world.phases(Phase.DELIVERY)
        assert world.at("performance_shift").tolist() == pytest.approx([0.03, 0.0] * 3, abs=1e-6)
        met = [world.at(f"met_{attribute}")[:2].tolist() for attribute in ATTRIBUTES]
        assert np.transpose(met)[0] == pytest.approx([0.95, 0.75, 0.75, 0.75, 0.25])
        assert np.transpose(met)[1] == pytest.approx([0.75] * 5)

    def test_for_a_gift_other_weights_hold(self):
        """.25 x .2 - .35 x .5 = -.125."""
        world = small({"core_level": 0.2, "tangibles_level": -0.5}, STILL)
        world.passing.gift_purchase[:2] = 1.0
        world.phases(Phase.DELIVERY)
        assert world.at("performance_shift").tolist() == pytest.approx([-0.125, 0.0, 0.03, 0.0, 0.03, 0.0], abs=1e-6)
        assert weight_now(np.float32(0.4), np.float32(0.1), np.float32(0.0)) == np.float32(0.4)

    def test_weights_and_what_is_met_with_are_at_their_addresses(self):
        world = small({"people_level": 0.1}, {"weight_spread": 0.7, "attribute_spread": 0.1}, customers=20)
        world.phases(Phase.DELIVERY, t=6)
        for i in range(20):
            z = [luck.normal(u) for u in (*words(i, 0, 0, 0), words(i, 0, 0, 1)[0])]
            raw = np.array(WEIGHTS) * np.exp(0.7 * np.array(z))
            weights = raw / raw.sum()
            assert world.c.attribute_weight[:, i] == pytest.approx(weights, abs=1e-5)
            for nth in range(2):
                e = [luck.normal(u) for u in (*words(i, 6, 1, nth), words(i, 6, 2, nth)[0])]
                off = 0.1 * np.array(e) + (np.array([0, 0, 0.1, 0, 0]) if nth == 0 else 0.0)
                assert world.at("performance_shift")[2 * i + nth] == pytest.approx(weights @ off, abs=1e-5)
                met = [world.at(f"met_{attribute}")[2 * i + nth] for attribute in ATTRIBUTES]
                assert met == pytest.approx(np.clip(0.75 + off, 0, 1), abs=1e-5)

    def test_cost_by_hand(self):
        """3 x .4 x (ln .25 - ln .05) = 1.931 cu above; below, 3 x .1 x (ln .25 - ln .75) = -.330 cu."""
        world = small({"core_level": 0.2}, STILL)
        assert world.firms.attribute_expense.tolist() == [193, 0]
        world = small({"tangibles_level": -0.5}, STILL)
        assert world.firms.attribute_expense.tolist() == [-33, 0]


level = st.floats(-0.5, 0.24)


class TestCosts:
    def cost(self, quality=0.75, **levels):
        """Return what levels cost, and the service of the same quality, cu a visit before rounding."""
        firm = Scenario.parse({"firms": [{"name": "a", "service": {"quality": quality}}]}).firms[0]
        found = AttributesPolicy(**{f"{name}_level": by for name, by in levels.items()}).worked_out(firm)
        return found["attribute_expense"][1], firm.service, found

    @given(level, st.floats(0.5, 0.75))
    def test_all_at_one_level_cost_what_quality_costs(self, by, quality):
        cost, service, _ = self.cost(quality, **dict.fromkeys(ATTRIBUTES, by))
        more = service.replace(quality=quality + by)
        assert cost == pytest.approx(more.cost_per_visit - service.cost_per_visit, abs=1e-9)

    @given(st.sampled_from([*ATTRIBUTES]), level, st.floats(0.0, 0.98))
    def test_each_has_its_part_saves_no_more_and_grows_faster_than_it_delivers(self, attribute, by, quality):
        part = dict(zip(ATTRIBUTES, WEIGHTS, strict=True))[attribute]
        cost, service, found = self.cost(quality, **{attribute: by})
        assert cost >= -part * service.quality_cost * -math.log1p(-quality) - 1e-9
        step = found[f"{attribute}_step"][1]
        assert 0.0 <= quality + step <= 0.99 + 1e-12
        half = self.cost(quality, **{attribute: step / 2})[0] if -0.5 <= step / 2 <= 0.24 else 0.0
        assert cost >= 2 * half - 1e-9

    def test_quality_that_moves_moves_the_cost_and_the_step(self):
        scenario = market({"attributes": {"core_level": 0.2}}, {}, periods=4)
        engine = Engine(scenario, 1)
        engine.set_firm(0, scenario.firms[0].replace({"service.quality": 0.9}))
        assert engine.world.firms.core_step[0] == pytest.approx(0.09)
        assert engine.world.firms.attribute_expense[0] == round(120 * (math.log(0.1) - math.log(0.01)))

    def test_they_are_in_the_budget_in_profit_and_with_the_customer(self):
        dear = market({"attributes": {"people_level": 0.2}}, {}, periods=30).replace({"customer_accounts": {}})
        found = record(dear, 1)
        visits, spent = found.tallies["visits"][:, 0].sum(), found.tallies["attribute_spend"][:, 0].sum()
        assert spent == pytest.approx(visits * 0.97)  # 3 x .2 x ln 5, in cents
        free = dear.replace({"firms.f0.service.quality_cost": 0.0})
        (cost, gain), (cheap, more) = (record(one, 1).summary([lever_cost, profit])[0] for one in (dear, free))
        assert cost - cheap == pytest.approx(more - gain)
        assert cost > cheap
        brought = []
        for one in (dear, free):
            engine = Engine(one, 1)
            engine.run(30)
            brought.append(engine.world.customers.profit_from_customer[0].sum())
        quality = 416  # 3 x ln 4
        assert brought[1] - brought[0] == pytest.approx(visits * (97 + quality), rel=0.01)


class TestInAMarket:
    @settings(max_examples=examples(25))
    @given(st.tuples(*[st.floats(0.1, 1.0)] * 5), st.floats(0.02, 0.2))
    def test_what_weighs_more_does_more_with_every_customer(self, raw, by):
        """Her own weights decide, whatever the average is."""
        base = np.array(raw) / sum(raw)
        section = {f"{attribute}_weight": float(w) for attribute, w in zip(ATTRIBUTES, base, strict=True)}
        firms = [{"attributes": {f"{attribute}_level": by}} for attribute in ATTRIBUTES]
        world = Small(3, firms, attributes={**section, "attribute_spread": 0.0}, taste={"taste_spread": 0.0})
        world.visits([i for i in range(3) for _ in range(5)], [*range(5)] * 3)
        world.phases(Phase.DELIVERY)
        shifts, weights = world.at("performance_shift").reshape(3, 5).T, world.c.attribute_weight
        assert weights.sum(axis=0) == pytest.approx([1.0] * 3, abs=1e-6)
        np.testing.assert_allclose(shifts, weights * by, rtol=1e-4)

    def test_a_step_on_what_weighs_more_raises_satisfaction_more(self):
        """Of the core .4, of tangibles .1; where all five weigh alike neither does."""
        paths = [f"firms.f0.attributes.{attribute}_level" for attribute in ("core", "tangibles")]
        gains = {}
        for name, section in (("default", {}), ("equal", EQUAL)):
            base = market({}, {}, **section)
            usual = record(base, 2).summary([csi])[0, 0]
            gains[name] = [record(base.replace({path: 0.15}), 2).summary([csi])[0, 0] - usual for path in paths]
        core, tangibles = gains["default"]
        assert core > 2.5 * tangibles > 0
        assert gains["equal"][0] == pytest.approx(gains["equal"][1], rel=0.15)

    def test_all_five_at_a_level_are_a_firm_of_that_much_more_quality(self):
        """To the bit but for rounding: the sum of weights is 1."""
        raised = market({"attributes": {f"{name}_level": 0.1 for name in ATTRIBUTES}}, {}, attribute_spread=0.0)
        better = market({"service": {"quality": 0.85}}, {}, attribute_spread=0.0)
        (a, spent), (b, paid) = (record(one, 3).summary([csi, lever_cost])[0] for one in (raised, better))
        assert a == pytest.approx(b, abs=0.1)
        assert spent == pytest.approx(paid, rel=0.01)

    def test_alike_and_without_levels_nothing_is_done_for_it(self):
        still = market({}, {}, periods=2, attribute_spread=0.0)
        assert "attributes" not in [step.mechanism.name for step in still.steps()]
        engine = Engine(still, 1)
        engine.run(1)
        assert "attribute_weight" not in engine.world.customers
        costless = market({}, {}, periods=2)
        assert [step.name for step in costless.steps() if step.mechanism.name == "attributes"] == ["meet_attributes"]

    @pytest.mark.parametrize("spread", [0.0, 0.5, 3.0])
    def test_weights_add_up_to_one_and_without_spread_are_the_base(self, spread):
        world = small({}, {"weight_spread": spread}, customers=50)
        assert world.c.attribute_weight.sum(axis=0) == pytest.approx([1.0] * 50, abs=1e-5)
        if not spread:
            assert world.c.attribute_weight == pytest.approx(np.repeat([WEIGHTS], 50, axis=0).T, abs=1e-6)
        else:
            assert world.c.attribute_weight[0].std() > 0.1 * spread / (1.0 + spread)


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"attributes": {"core_weight": 0.5}}, r"attributes: the five weights add up to 1\.1; together they are 1"),
        ({"attributes": {"gift_core": 0.0}}, r"attributes: the five weights for gifts add up to 0\.75"),
        (
            {"attributes": {}, "firms": [{"name": "a", "attributes": {"core_cost_part": 0.0}}]},
            r"attributes: the five cost parts add up to 0\.6",
        ),
        (
            {"attributes": {}, "firms": [{"name": "a", "attributes": {"core_level": 0.3}}]},
            r"core_level = 0\.3 is outside \[-0\.5, 0\.24\]",
        ),
        ({"attributes": {"core_wieght": 0.4}}, "did you mean 'core_weight'"),
    ],
)
def test_refusals(section, words):
    with pytest.raises(Refusal, match=words):
        Scenario.parse(section)

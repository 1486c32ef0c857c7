"""Levers that move during a run, and policies of mechanisms of one's own."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

import abm
from abm.core.errors import Refusal
from abm.core.kernels import kernel
from abm.core.spec import param
from abm.engine.engine import Engine
from abm.kpis.value import lever_cost, profit
from abm.mechanisms.loyalty.program import points_program
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.phases import Phase
from abm.mechanisms.policy import CENTS, Policy
from abm.scenario.scenario import Scenario
from abm.world.columns import CENT, Tally

SMALL = Scenario.parse(
    {"periods": 8, "population": {"customers": 200}, "firms": [{"name": "north"}, {"name": "south"}]}
)


@kernel(per="market")
def raise_quality(quality, risen, t):
    """Raise the first firm's quality in period 3.  quality (m,)  [written]"""
    if t == 3:
        quality[0] = risen


class Training(Mechanism):
    """Raises quality from within the model."""

    name = "training"
    writes: ClassVar = ("quality",)
    risen: float = 0.95

    def schedule(self, policies):
        """Return the raise."""
        return ((Phase.OPENING, raise_quality),)


class Courtesy(Policy):
    """What a firm spends on flowers."""

    name: ClassVar = "courtesy"
    flowers: float = param(0.0, unit="cu/period", bounds=(0, 1e6), evidence="assumed", doc="spend on flowers")
    manner: str = "plain"

    def worked_out(self, firm):
        """Return the cost of a period."""
        return {"flower_cost": (CENTS, self.flowers)}


@kernel(per="market")
def book_flowers(flower_cost, flower_bill):
    """Book the flowers.  flower_bill  tally [written]"""
    for j in range(flower_cost.shape[0]):
        flower_bill[j] += flower_cost[j]


class Flowers(Mechanism):
    """Flowers, which cost money and change nothing."""

    name = "flowers"
    policy = Courtesy
    counts = (Tally("flower_bill", "cu", "spent on flowers", CENT, account="lever"),)

    def schedule(self, policies):
        """Return the bill, if anybody buys flowers."""
        return ((Phase.BOOKS, book_flowers),) if any(p.flowers > 0 for p in policies) else ()


class TestMoving:
    def test_what_follows_from_a_lever_moves_with_it_whoever_moved_it(self):
        """Quality raised in period 3 from within costs what it costs when the firm sets it."""
        engine = Engine(SMALL.adding(Training()), seed=1)
        set_by_hand = Engine(SMALL, seed=1)
        engine.run(8)
        set_by_hand.run(3)
        set_by_hand.set_firm(0, SMALL.firms[0].replace({"service.quality": 0.95}))
        set_by_hand.run(5)
        cost = engine.world.firms.service_cost
        assert cost.tolist() == set_by_hand.world.firms.service_cost.tolist()
        assert cost[0] > cost[1] + 100
        np.testing.assert_array_equal(
            engine.world.history[:, : len(set_by_hand.world.tallies)], set_by_hand.world.history
        )
        assert engine.levers.firms[0].service.quality == 0.95

    def test_a_lever_out_of_its_bounds_is_refused(self):
        with pytest.raises(Refusal, match=r"quality = 1.5 is outside \[0, 0.99\]"):
            Engine(SMALL.adding(Training(risen=1.5)), seed=1).run(8)

    def test_another_replication_begins_with_the_levers_as_given(self):
        engine = Engine(SMALL.adding(Training()), seed=1)
        engine.run(8)
        engine.restart(1)
        assert engine.world.firms.quality.tolist() == pytest.approx([0.75, 0.75])
        assert engine.levers.firms[0].service.quality == 0.75

    def test_a_programme_may_be_launched_in_the_middle_of_a_run(self):
        """Until then nothing is done for programmes; from then on it is as if everybody had been outside so far."""
        engine, whole = Engine(SMALL, seed=1), Engine(SMALL, seed=1)
        assert "points" not in engine.world.customers
        engine.run(3)
        whole.run(8)
        engine.set_firm(0, SMALL.firms[0].replace({"program": points_program(hassle=0.0)}))
        engine.run(5)
        np.testing.assert_array_equal(engine.world.tallied("visits")[:4], whole.world.tallied("visits")[:4])
        assert engine.world.tallied("members")[:3].sum() == 0
        assert engine.world.tallied("members")[-1, 0] > 0
        assert engine.world.tallied("points_issued")[3:, 0].sum() > 0


class TestPoliciesOfOnesOwn:
    def test_every_path_leads_to_them(self):
        scenario = SMALL.adding(Flowers()).replace({"firms.north.courtesy.flowers": 2.5})
        assert scenario.value_at("firms.north.courtesy.flowers") == 2.5
        assert scenario.value_at("firms.south.courtesy.flowers") == 0.0
        with pytest.raises(Refusal, match=r"firms.north.courtesy.flowers = -1.0 is outside"):
            scenario.replace({"firms.north.courtesy.flowers": -1.0})
        assert Engine(scenario, seed=1).world.firms.flowers.tolist() == [2.5, 0.0]

    def test_at_their_defaults_they_cost_nothing_at_all(self):
        scenario = SMALL.adding(Flowers())
        assert [step.name for step in scenario.steps()] == [step.name for step in SMALL.steps()]

    def test_arms_of_a_study_set_them_and_their_cost_is_in_the_budget_and_in_profit(self):
        study = abm.Experiment(
            name="flowers", scenario=SMALL.adding(Flowers()), replications=2, seed=1, kpis=(profit, lever_cost),
            arms={"none": {}, "flowers": {"firms.north.courtesy.flowers": 10.0}},
        )  # fmt: skip
        results = abm.run(study, workers=1)
        found = {k: results.paired(k, "flowers", against="none", firm="north").mean for k in ("profit", "lever_cost")}
        yearly = 10.0 * 52 / 200
        assert found == pytest.approx({"profit": -yearly, "lever_cost": yearly})

    def test_two_levers_of_one_name_are_refused(self):
        class Other(Policy):
            name: ClassVar = "other"
            price: float = param(1.0, unit="index", evidence="assumed")

        class Pricey(Flowers):
            name = "pricey"
            policy = Other
            counts = ()

        with pytest.raises(Refusal, match="'price' is a lever of firms and a lever of firms"):
            SMALL.adding(Pricey())

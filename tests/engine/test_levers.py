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


@kernel(per="firm")
def undercut(price, price_before, part, lo, hi):
    """Ask a part of the cheapest rival's price of the period before.  price (m,)  [written]"""
    for j in range(lo, hi):
        cheapest = np.float32(np.inf)
        for k in range(price_before.shape[0]):
            cheapest = cheapest if k == np.int64(j) else min(cheapest, price_before[k])
        price[j] = part * cheapest


class Undercutting(Mechanism):
    """Every firm undercuts its cheapest rival."""

    name = "undercutting"
    writes: ClassVar = ("price",)
    part: float = 0.99

    def schedule(self, policies):
        """Return the reaction."""
        return ((Phase.OPENING, undercut),)


@kernel(per="market")
def look_back(price_before, quality_before, prices, qualities):
    """Note in hundredths what was before.  prices, qualities  tallies [written]"""
    for j in range(price_before.shape[0]):
        prices[j] += np.int64(100.0 * price_before[j] + 0.5)
        qualities[j] += np.int64(100.0 * quality_before[j] + 0.5)


class Looking(Mechanism):
    """Looks back if anybody buys flowers."""

    name = "looking"
    policy = Courtesy
    counts = (Tally("prices", "index", "prices seen", 0.01), Tally("qualities", "0-1", "qualities seen", 0.01))

    def schedule(self, policies):
        """Return the look, if anybody buys flowers."""
        return ((Phase.BOOKS, look_back),) if any(p.flowers > 0 for p in policies) else ()


def flowering(*others):
    """Return a market with a theory that looks back from the start."""
    return SMALL.adding(*others, Looking()).replace({"firms.north.courtesy.flowers": 1.0})


class TestThePeriodBefore:
    RIVALS = SMALL.replace({"firms": [{"name": n, "price": p} for n, p in (("a", 1.0), ("b", 1.1), ("c", 1.3))]})
    PATH = ((1.089, 0.99, 0.99), (0.9801, 0.9801, 0.9801), (0.970299,) * 3, (0.96059601,) * 3)

    def prices(self, engine):
        """Return the prices of four periods, run one by one."""
        found = []
        for _ in self.PATH:
            engine.run(1)
            found.append(engine.world.firms.price.tolist())
        return found

    @pytest.mark.parametrize("threads", [1, 2, 3])
    def test_rivals_react_to_each_other_by_hand_and_with_the_same_bits_on_all_threads(self, threads):
        """0.99 of the cheapest other: 0.99 * 1.1 and 0.99 * 1.0; then all stand at 0.99 * 0.99."""
        engine = Engine(self.RIVALS.adding(Undercutting()), seed=1, threads=threads)
        found = self.prices(engine)
        np.testing.assert_allclose(found, self.PATH, rtol=1e-6)
        alone = Engine(self.RIVALS.adding(Undercutting()), seed=1)
        alone.run(4)
        assert alone.world.firms.price.tolist() == found[-1]
        np.testing.assert_array_equal(alone.world.history, engine.world.history)

    def test_the_order_of_firms_does_not_matter(self):
        turned = self.RIVALS.replace({"firms": self.RIVALS.firms[::-1]})
        there, back = (self.prices(Engine(one.adding(Undercutting()), seed=1)) for one in (self.RIVALS, turned))
        assert there == [prices[::-1] for prices in back]

    def test_after_a_restart_it_begins_again(self):
        engine = Engine(self.RIVALS.adding(Undercutting()), seed=1)
        first = self.prices(engine)
        engine.restart(0)
        assert self.prices(engine) == first

    def test_a_firm_that_is_set_between_periods_is_seen_one_period_later(self):
        engine = Engine(flowering(), seed=1)
        engine.run(2)
        engine.set_firm(0, engine.levers.firms[0].replace({"price": 0.5}))
        engine.run(6)
        assert engine.world.tallied("prices")[:, 0].tolist() == [1.0, 1.0, 1.0] + [0.5] * 5
        assert engine.world.tallied("prices")[:, 1].tolist() == [1.0] * 8

    def test_a_lever_that_a_theory_moves_is_seen_one_period_later(self):
        engine = Engine(flowering(Training()), seed=1)
        engine.run(8)
        assert engine.world.tallied("qualities")[:, 0].tolist() == pytest.approx([0.75] * 4 + [0.95] * 4)

    def test_levers_are_kept_only_where_a_kernel_looks_back(self):
        engine = Engine(SMALL.adding(Looking()), seed=1)
        assert not engine.world.before
        engine.run(3)
        engine.set_firm(0, engine.levers.firms[0].replace({"price": 0.5}))
        engine.set_firm(0, engine.levers.firms[0].replace({"courtesy.flowers": 1.0}))
        assert set(engine.world.before) == {"price", "quality"}
        engine.run(2)
        assert engine.world.tallied("prices")[:5, 0].tolist() == [0.0] * 3 + [0.5] * 2  # as it began there

    def test_the_kernel_can_be_checked(self):
        abm.check_kernels(self.RIVALS.adding(Undercutting()), threads=2)


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

"""Nothing appears and nothing vanishes: counts against state, in whole numbers, after every period."""

from __future__ import annotations

import numpy as np
import pytest

from abm.engine.engine import Engine
from abm.scenario.scenario import Scenario

PROGRAM = {
    "hassle": 5.0, "earn_per_visit": 1.0, "earn_rate": 0.07, "goal": 5.0, "endowment": 1.5, "reward": 2.0, "expiry": 4,
    "redemption": 0.6, "tier_threshold": [60.0, 150.0], "tier_discount": [0.03, 0.08], "tier_bonus": [0.1, 0.4],
    "tier_window": 6,
}  # fmt: skip
BASE = {
    "periods": 30,
    "burn_in": 4,
    "periods_per_year": 10,
    "population": {"customers": 900, "purchase_rate": 0.7, "basket": 20.0},
    "firms": [
        {"name": "north", "program": PROGRAM},
        {"name": "east", "initial_awareness": 0.3, "program": {**PROGRAM, "enrolment": "automatic", "reward": 0.0}},
        {"name": "south", "price": 0.9},
    ],
    "defection": {"exit_rate": 0.01},
}
MODES = [
    {}, {"rule": "habit"}, {"rule": "threshold"}, {"rule": "deterministic"}, {"rule": "satisfice"},
    {"rule": "eba"}, {"market": "lost_for_good", "term": 5},
]  # fmt: skip


class Watch:
    """An engine stepped a period at a time, its counts and columns at hand."""

    def __init__(self, choice):
        self.engine = Engine(Scenario.parse({**BASE, "choice": choice}), seed=7)
        self.c, self.m = self.engine.world.customers, self.engine.world.m

    def step(self):
        """Run one period; keep the state before it."""
        self.before = {name: column.copy() for name, column in self.c.items()}
        self.engine.run(1)
        v = self.engine.world.passing[0].visit_count[0]  # one tile: the visits of the period are still there
        self.visits = {
            name: self.engine.world.passing[0][name][:v].copy()
            for name in ("visit_customer", "visit_firm", "visit_spend")
        }

    def counted(self, name):
        """Return what was counted in the period: (m + 1,)."""
        world = self.engine.world
        return world.history[self.engine.t - 1, list(world.tallies).index(name)]

    def at_firms(self, weights=None):
        """Return how many visits, or how much, each firm saw."""
        spent = None if weights is None else weights.astype(np.float64)
        return np.bincount(self.visits["visit_firm"], spent, minlength=self.m)

    def check_visits(self):
        """Visits, encounters and money agree; nobody who has left buys; only known firms are visited."""
        customer, firm = self.visits["visit_customer"].astype(int), self.visits["visit_firm"]
        np.testing.assert_array_equal(self.counted("visits")[:-1], self.at_firms())
        assert self.counted("visits").sum() == self.counted("occasions")[-1]
        assert self.counted("visits")[:-1].sum() == customer.size
        np.testing.assert_array_equal((self.c.encounters - self.before["encounters"]).sum(axis=1), self.at_firms())
        np.testing.assert_array_equal(self.counted("revenue")[:-1], self.at_firms(self.visits["visit_spend"]))
        cost = self.engine.world.firms.service_cost
        np.testing.assert_array_equal(self.counted("service")[:-1], self.at_firms() * cost)
        assert np.all(self.before["exited"][customer] < 0)
        assert np.all(self.before["aware"][firm, customer] == 1)

    def check_points(self):
        """Issued - redeemed - expired is the change of what is outstanding, which is what the members hold."""
        issued, redeemed, expired = (self.counted(f"points_{name}")[:-1] for name in ("issued", "redeemed", "expired"))
        held = self.c.points.sum(axis=1, dtype=np.int64)
        np.testing.assert_array_equal(
            held - self.before["points"].sum(axis=1, dtype=np.int64), issued - redeemed - expired
        )
        np.testing.assert_array_equal(held, self.counted("points_outstanding")[:-1])
        np.testing.assert_array_equal(redeemed[:2], 500 * self.counted("rewards_redeemed")[:2])
        assert not self.c.points[self.c.member == 0].any()

    def check_people(self):
        """Members, relations, awareness and exits change by what was counted; customers stay who they are."""
        joined = (self.c.member.astype(int) - self.before["member"]).sum(axis=1)
        np.testing.assert_array_equal(joined, self.counted("enrolled")[:-1])
        np.testing.assert_array_equal(self.c.member.sum(axis=1), self.counted("members")[:-1])
        np.testing.assert_array_equal(self.c.tier_members.sum(axis=0), self.counted("members")[:-1])
        states = np.array([np.bincount(row, minlength=5) for row in self.c.relation])
        assert np.all(states.sum(axis=1) == 900)
        np.testing.assert_array_equal(states[:, [1, 4]].sum(axis=1), self.counted("active")[:-1])
        lost = (states - np.array([np.bincount(row, minlength=5) for row in self.before["relation"]]))[:, 3]
        np.testing.assert_array_equal(lost, (self.counted("fell_lost") - self.counted("won_back"))[:-1])
        was_prospect = (self.before["relation"] == 0).sum(axis=1)
        np.testing.assert_array_equal(was_prospect - states[:, 0], self.counted("acquired")[:-1])
        learned = (self.c.aware.astype(int) - self.before["aware"]).sum(axis=1)
        np.testing.assert_array_equal(learned, self.counted("learned")[:-1])
        left = np.sum(self.c.exited >= 0) - np.sum(self.before["exited"] >= 0)
        assert left == self.counted("exits").sum()
        np.testing.assert_array_equal(self.c.customer_id, np.arange(900))

    def check_ranges(self):
        """Shares are shares, what was never used is not satisfying, and probabilities do not exceed one."""
        for name in ("expectation", "trust", "affective_commitment", "calculative_commitment", "personal_bond",
                     "preference", "switching_facet", "switching_cost"):  # fmt: skip
            assert np.all((self.c[name] >= 0) & (self.c[name] <= 1 + 1e-6)), name
        np.testing.assert_array_equal(np.isnan(self.c.satisfaction), self.c.encounters == 0)
        np.testing.assert_array_equal(self.c.relation == 0, self.c.encounters == 0)
        assert np.all(self.c.preference.sum(axis=0) <= 1 + 1e-5)


@pytest.mark.parametrize("choice", MODES, ids=lambda choice: "-".join(map(str, choice.values())) or "mnl")
def test_every_period_adds_up(choice):
    watch = Watch(choice)
    for _ in range(BASE["periods"]):
        watch.step()
        watch.check_visits()
        watch.check_points()
        watch.check_people()
        watch.check_ranges()
    for name in ("points_expired", "points_redeemed", "demoted", "learned", "exits"):
        assert watch.engine.world.tallied(name).sum() > 0, name


def test_the_year_is_the_sum_of_its_periods():
    """Wallets and visits that the books hold are those of the periods since they were opened."""
    watch = Watch({})
    watch.engine.run(30)
    tallied = watch.engine.world.tallied
    for first, last in ((0, 4), (4, 14), (14, 24)):
        np.testing.assert_allclose(tallied("wallet_own")[last - 1], tallied("revenue")[first:last].sum(axis=0))
        np.testing.assert_array_equal(
            tallied("year_visits")[last - 1, :-1], tallied("visits")[first:last, :-1].sum(axis=0)
        )
        assert np.all(tallied("wallet_all")[last - 1] >= tallied("wallet_own")[last - 1])
        parts = (("retained", "own_at_start"), ("regained", "lost_at_start"), ("revived", "dormant_at_start"))
        for part, whole in (*parts, ("left_category", "fell_lost"), ("fell_lost", "current"), ("repeats", "asked")):
            assert np.all(tallied(part) <= tallied(whole)), part


def test_where_leaving_is_for_good_nobody_comes_back():
    watch = Watch({"market": "lost_for_good", "term": 3})
    lost = np.zeros((3, 900), bool)
    for _ in range(30):
        watch.step()
        gone = watch.c.relation == 3
        assert np.all(gone[lost])
        lost |= gone
    assert lost.sum() > 100
    assert watch.engine.world.tallied("won_back").sum() == 0

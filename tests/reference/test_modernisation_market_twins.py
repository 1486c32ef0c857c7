"""Whole markets with lines that are modernised, held against the twin period by period."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from abm.core.kernels import kernel
from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.modernisation import Modernisation
from abm.scenario.scenario import Scenario
from abm.world.columns import Column
from tests.reference import attributes, switching_cost
from tests.reference import modernisation as twin
from tests.reference.attributes import ATTRIBUTES
from tests.reference.by_hand import visited
from tests.reference.closeness import as_single
from tests.reference.following_mirror import in_tiles
from tests.reference.modernisation import COUNTS, LEARNING, STEPS, Customer, Firm
from tests.reference.random_numbers import stream_key

PERIODS, PEOPLE, YEAR, SEED, REPLICATION = 34, 150, 26, 3, 1
OWN: dict[str, dict[str, Any]] = {
    "north": {"modernisation_gain": 0.125, "modernise_at": 8, "modernisation_kind": "radical"},
    "east": {"modernisation_gain": 0.1, "modernise_at": 5, "flagship": "people"},
    "south": {"modernise_at": 4, "modernisation_kind": "radical", "flagship": "core", "project_scale": 3.0},
    "west": {},
}
MARKET: dict[str, Any] = {
    "periods": PERIODS,
    "periods_per_year": YEAR,
    "population": {"customers": PEOPLE, "purchase_rate": 1.0},
    "renewal": {"leaving_rate": 0.4, "every": 5, "vacancy": 2},
    "off": ["taste", "word_of_mouth"],
    "attributes": {"attribute_spread": 0.125},
    "switching_cost": {"learning_visits": 8.0},
    "modernisation": {
        "ramp_periods": 10, "project_periods": 9, "trouble_periods": 4, "trouble_factor": 3.0, "relearning": 0.75,
        "learning_visits": 8.0,
    },
    "firms": [
        {"name": name, "modernisation": own, "service": {"quality": quality}}
        for (name, own), quality in zip(OWN.items(), (0.75, 0.7, 0.9, 0.8), strict=True)
    ],
    "changes": [
        {"name": "late", "from": 14, "set": {"firms.south.modernisation.modernisation_gain": 0.2}},
        {"name": "better", "from": 20, "set": {"firms.east.service.quality": 0.85}},
        {"name": "back", "from": 26, "set": {"firms.north.modernisation.modernisation_gain": 0.0}},
        {"name": "anew", "from": 29, "set": {"firms.north.modernisation.modernisation_gain": 0.0625}},
    ],
}  # fmt: skip
LEVERS = ("modernisation_gain", "modernise_at", "modernisation_kind", "flagship", "project_scale")
MET = tuple(f"met_{attribute}" for attribute in ATTRIBUTES)
OF_VISIT = ("visit_customer", "visit_firm", "visit_nth", "failure_risk", "performance_shift", *MET)


@kernel
def keep_occasions(provider_then, asked_then, visit_count, visit_customer, provider, lo, hi):
    """Keep who has how many occasions, and with which provider.  [written]"""
    for i in range(lo, hi):
        provider_then[i], asked_then[i] = provider[i], 0
    for v in range(visit_count[0]):
        asked_then[visit_customer[v]] += 1


@kernel
def keep_part(part_then, utility_of_modernisation, lo, hi):
    """Keep what of utility is of modernisation.  part_then (m, n)  logit units  [written]"""
    for j in range(part_then.shape[0]):
        for i in range(lo, hi):
            part_then[j, i] = utility_of_modernisation[j, i - lo]


class Occasions(Mechanism):
    """Keeps what holds before anybody chooses."""

    name = "occasions_kept"
    owns: ClassVar = (
        Column("provider_then", ("customer",), -1, "firm", "provider before occasions", "int32"),
        Column("asked_then", ("customer",), 0, "occasions", "of the period", "int32"),
        Column("part_then", ("firm", "customer"), 0.0, "logit units", "of utility, of modernisation"),
    )

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the moments at which occasions are listed, and at which firms are chosen."""
        return (Phase.STAKES, keep_occasions), (Phase.CHOICE, keep_part)


class Followed:
    """A market and its lines, period by period."""

    def __init__(self) -> None:
        self.scenario = Scenario.parse(MARKET)
        self.engine = Engine(self.scenario.adding(Occasions()), seed=SEED, replication=REPLICATION)
        self.world, self.c = self.engine.world, self.engine.world.customers
        self.stretches, self.key = dict(self.scenario.stretches()), stream_key(SEED, "attributes")
        self.p = {**twin.EXAMPLE, **self.scenario.modernisation.model_dump()}
        self.costs = {**switching_cost.EXAMPLE, **self.scenario.switching_cost.model_dump()}
        self.spread = {**attributes.EXAMPLE, **self.scenario.attributes.model_dump()}
        self.firms = [Firm(modernisation_gain=0.0) for _ in OWN]
        self.before = [[0] * len(OWN) for _ in range(PEOPLE)]
        self.lost = [0.0] * PEOPLE
        self.identities = self.c.customer_id.tolist()
        self.seen, self.totals = Counter[str](), {name: np.zeros(len(OWN)) for name in (*COUNTS, "asked")}

    def set_levers(self, t: int, told: Any) -> None:
        """Let firms decide anew: a line has its gain from when it is set."""
        new = []
        for old, of in zip(self.firms, told, strict=True):
            own = {name: getattr(of.modernisation, name) for name in LEVERS}
            since = old.gains_from if old.modernisation_gain > 0.0 else t
            gain = as_single(own.pop("modernisation_gain"))
            service = {"quality": as_single(of.service.quality), "quality_cost": of.service.quality_cost}
            new.append(Firm(gain, **own, **service, gains_from=since))
        self.firms = new

    def run(self, t: int) -> None:
        """Run a period of both, and compare."""
        if t in self.stretches:
            self.set_levers(t, self.stretches[t].firms)
        encounters = self.c.encounters.T.astype(int).tolist()
        self.engine.run(1)
        for i in np.flatnonzero(self.c.customer_id != np.array(self.identities)).tolist():
            self.identities[i] = int(self.c.customer_id[i])
            encounters[i], self.before[i], self.lost[i] = [0] * len(OWN), [0] * len(OWN), 0.0
            self.seen["newcomers"] += 1
        for firm in self.firms:
            firm.counts = dict.fromkeys(COUNTS, 0)
        self.leaving(t, encounters)
        for visit in visited(self.engine, *OF_VISIT):
            self.visit(t, *visit)
        self.books(t)

    def leaving(self, t: int, encounters: list[list[int]]) -> None:
        """Compare what customers know of lines, and what leaving would cost them."""
        c, asked = self.c, self.c.asked_then.tolist()
        for i in range(PEOPLE):
            j, bother = int(c.provider_then[i]), float(c.bother[i])
            facet = 0.0 if j < 0 else twin.learnt(encounters[i][j], bother, self.p)
            facets = [0.0] * 8
            facets[LEARNING] = facet
            one = Customer(j, encounters[i], self.before[i], bother, facets, 0.0, [0.0] * len(OWN), self.lost[i])
            one.note(self.firms, t)
            one.learn_anew(self.firms, asked[i], self.p)
            self.before[i], self.lost[i] = one.before, one.lost
            if asked[i] and j >= 0:
                assert c.switching_facet[LEARNING, i] == pytest.approx(one.facets[LEARNING], abs=4e-6), (t, i)
                found = c.switching_facet[:, i].tolist()
                assert c.switching_cost[i] == pytest.approx(switching_cost.switching_cost(found, self.costs), abs=4e-6)
                calculative = switching_cost.calculative_commitment(found)
                assert c.calculative_commitment[j, i] == pytest.approx(calculative, abs=4e-6)
                self.seen["learning"] += one.lost > 0.01
            less = [
                one.less_utility(k, self.p | {"switching_weight": self.costs["switching_weight"]}) for k in range(4)
            ]
            assert c.part_then[:, i] == pytest.approx([-one for one in less], abs=1e-5)
        np.testing.assert_array_equal(c.learnt_before.T, self.before)
        np.testing.assert_allclose(c.learning_lost, self.lost, atol=4e-6)

    def visit(self, t: int, i: int, j: int, nth: int, risk: float, shift: float, *met: float) -> None:
        """Compare what a visit is like."""
        firm, level = self.firms[j], self.firms[j].level(t, self.p)
        weights = self.c.attribute_weight[:, i].tolist()
        luck = attributes.luck(self.key, self.identities[i], t, nth, REPLICATION)
        off = attributes.off((0.0,) * 5, luck, self.spread)
        both = attributes.shift(weights, off) + twin.shift(firm, level, weights)
        assert shift == pytest.approx(both, abs=1e-5), (t, i, j)
        assert met == pytest.approx(twin.met(firm, level, attributes.met(firm.quality, off)), abs=1e-5)
        assert risk == pytest.approx(twin.risk(firm, t, 1.0, self.p), rel=1e-6)
        self.seen["trouble"] += firm.in_trouble(t, self.p)

    def books(self, t: int) -> None:
        """Compare levels, costs and counts."""
        came, c = self.found("visits", t).tolist(), self.c
        for j, firm in enumerate(self.firms):
            cents = 100.0 * firm.expense(t, self.p)
            assert c.modern_level[j] == pytest.approx(firm.level(t, self.p), abs=1e-7)
            assert abs(int(c.modern_expense[j]) - cents) <= 0.5 + 1e-3 + 5e-6 * cents
            firm.note(t, self.p, came[j], int(c.modern_expense[j]))
            firm.counts["modern_sum"] = math.floor(float(c.modern_level[j]) * STEPS)
            for name in COUNTS:
                room = came[j] + 200 if name == "learning_lost_sum" else 0  # each is cut off
                assert self.found(name, t)[j] == pytest.approx(firm.counts[name], abs=3 * room), (name, t, j)
                self.totals[name][j] += firm.counts[name] / (STEPS if name.endswith("_sum") else 1)
        self.totals["asked"] += self.found("asked", t)

    def found(self, name: str, t: int) -> np.ndarray:
        """Return what is counted in a period, without what is nobody's."""
        return self.world.history[t, self.world.rows[name], : len(OWN)]


def test_a_whole_market_is_that_of_the_twin():
    """One line is given up and begun anew, one begins by a date after its first period, one has a flagship."""
    followed = Followed()
    for t in range(PERIODS):
        followed.run(t)
    seen, totals, world = followed.seen, followed.totals, followed.world
    assert min(seen[name] for name in ("newcomers", "learning", "trouble")) > 9, seen
    assert (totals["asked_anew"] > 0).tolist() == [True, False, True, False]
    assert (totals["modernisation_spend"] > 0).tolist() == [True, True, True, False]
    assert world.customers.modern_since.tolist() == [29, 5, 14, -1]
    counts = {name: world.tallied(name).sum(axis=0) for name in world.tallies}
    for kpi in Modernisation.kpis:
        of_twin = [
            twin.measures({n: of[j] for n, of in totals.items()}, totals["asked"][j])[kpi.name] for j in range(4)
        ]
        np.testing.assert_allclose(kpi(Tallied(counts, YEAR, PERIODS)), of_twin, rtol=1e-4, err_msg=kpi.name)
    in_tiles(followed.scenario, world, SEED, (*COUNTS, "visits"), ("learnt_before", "learning_lost", "switching_cost"))

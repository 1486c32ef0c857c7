"""Whole markets in which visits have steps, customers take part and feel, held against the twins period by period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from abm.core.kernels import kernel
from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.attitude.affect import Affect
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.service.co_production import CoProduction
from abm.mechanisms.service.service_steps import CARES, ServiceSteps
from abm.scenario.scenario import Scenario
from abm.world.columns import Column
from abm.world.world import World
from tests.reference import affect, co_production, service_steps
from tests.reference.closeness import as_single, near, near_half
from tests.reference.following_mirror import Snapshots, in_tiles, visited
from tests.reference.random_numbers import stream_key
from tests.reference.service_steps import KINDS, Steps

PERIODS, YEAR, PEOPLE, SEED, REPLICATION = 30, 40, 160, 4, 1
SEQUENCE = KINDS[:6]
FIRMS: list[dict[str, Any]] = [
    {
        "name": "north",
        "affect": {"setting": 0.75},
        "co_production": {"participation": 0.5},
        "service_steps": {"blueprint": True, "greeting_care": 0.5, "objections_care": 0.75, "check_care": 0.25},
    },
    {
        "name": "east",
        "price": 0.9,
        "affect": {"setting": 0.25},
        "co_production": {"participation": 0.75, "participation_mode": "required"},
    },
    {"name": "south", "service_steps": {"blueprint": True}},
]
MARKET: dict[str, Any] = {
    "periods": PERIODS,
    "periods_per_year": YEAR,
    "population": {"customers": PEOPLE, "purchase_rate": 1.0},
    "network": {"kind": "erdos_renyi", "neighbours": 4.0},
    "renewal": {"leaving_rate": 0.5, "every": 6, "vacancy": 2},
    "waiting_line": {"branch_visits": 60.0, "days_open": 1.0, "service_minutes": 8.0, "patience_minutes": 30.0},
    "word_of_mouth": {"base": 0.0, "delight": 0.0, "disappointment": 0.0, "devotion": 0.0},
    "complaint": {},
    "recovery": {"paradox": 0.5},
    "off": ["taste", "perceived_value"],
    "affect": {"affect_talk": 0.5, "mood_spread": 0.25},
    "co_production": {"relieves_line": True, "talk": 0.5, "practice": 0.25},
    "service_steps": {"steps": list(SEQUENCE), "objection_rate": 0.5},
    "firms": [{**firm, "waiting_line": {"servers": 2}} for firm in FIRMS],
    "changes": [
        {"name": "plain", "from": 9, "until": 14, "set": {"firms.north.affect.setting": 0.0}},
        {"name": "free", "from": 12, "set": {"firms.east.co_production.participation_mode": "chosen"}},
        {"name": "south", "from": 16, "set": {"firms.south.co_production.participation": 0.25}},
        {"name": "whole", "from": 20, "set": {"firms.south.service_steps.blueprint": False}},
    ],
}  # fmt: skip
OF_VISIT = (
    *("visit_customer", "visit_firm", "visit_nth", "performance", "transaction", "failure_severity"),
    *("part_taken", "part_unwanted", "visit_relief", "failure_risk", "performance_shift", "satisfaction_shift"),
    *("visit_affect", "unanswered", "step_moments", "step_memory"),
)
WHOLE = (
    *("visits_taken_part", "unwilling_parts", "failed_taking_part", "unready_part", "staff_relieved"),
    *("told_as_participant", "told_by_feeling", "bad_feelings", "positive_messages", "negative_messages"),
    *("setting_spend", "set_up_spend", "step_spend"),
)


@kernel
def keep_expectation(expected_then, expectation, lo, hi):
    """Keep what is expected when all know who is served: who gave up at a line expects less.  [written]"""
    for j in range(expected_then.shape[0]):
        for i in range(lo, hi):
            expected_then[j, i] = expectation[j, i]


@kernel
def keep_parts(affect_part, steps_part, utility_of_affect, utility_of_service_steps, lo, hi):
    """Keep what of utility is of feelings, and of doubts.  affect_part, steps_part (m, n)  logit units  [written]"""
    for j in range(affect_part.shape[0]):
        for i in range(lo, hi):
            affect_part[j, i] = utility_of_affect[j, i - lo]
            steps_part[j, i] = utility_of_service_steps[j, i - lo]


class Arrivals(Mechanism):
    """Keeps who arrives at which firm, how long she is to be served, and what she expects as service begins."""

    name = "arrivals"
    owns: ClassVar = (
        Column("expected_then", ("firm", "customer"), 0.0, "0-1", "expected as service begins"),
        Column("affect_part", ("firm", "customer"), 0.0, "logit units", "of utility, of feelings"),
        Column("steps_part", ("firm", "customer"), 0.0, "logit units", "of utility, of doubts"),
    )
    latest: ClassVar[list[tuple[Any, ...]]] = []

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        """Return the moments at which firms are chosen, all have arrived, and service begins."""
        return (Phase.CHOICE, keep_parts), (Phase.OPERATIONS, keep_arrivals), (Phase.SEATING, keep_expectation)


def keep_arrivals(world: World, t: int) -> None:
    """Keep customer, firm, nth and factor on minutes of each visit to a firm."""
    passed = world.passing[0]
    names = ("visit_customer", "visit_firm", "visit_nth", "service_time")
    found = (passed[name][: passed.visit_count[0]].tolist() for name in names)
    Arrivals.latest = [visit for visit in zip(*found, strict=True) if visit[1] >= 0]


class Followed:
    """A market and its twins, period by period.

    affect : (m, n)      used, readiness : (n,)      told : (n,) of the period, 0 = nothing
    """

    def __init__(self, market: dict[str, Any]) -> None:
        self.scenario = Scenario.parse(market)
        self.engine = Engine(self.scenario.adding(Snapshots(), Arrivals()), seed=SEED, replication=REPLICATION)
        self.world, self.c = self.engine.world, self.engine.world.customers
        self.stretches, self.m = dict(self.scenario.stretches()), len(FIRMS)
        self.p = {
            name: {**twin.EXAMPLE, **getattr(self.scenario, name).model_dump()}
            for name, twin in {"affect": affect, "co_production": co_production, "service_steps": service_steps}.items()
        }
        self.key = {name: stream_key(SEED, name) for name in self.p}
        self.identities = self.c.customer_id.tolist()
        of_steps = self.key["service_steps"], self.p["service_steps"], SEQUENCE, REPLICATION
        self.steps = Steps([service_steps.Policy()] * self.m, self.identities, *of_steps)
        self.affect = [[0.0] * PEOPLE for _ in FIRMS]
        self.used = [0.0] * PEOPLE
        self.readiness = [self.drawn(identity) for identity in self.identities]
        self.seen, self.totals = Counter[str](), {name: np.zeros(self.m) for name in WHOLE}

    def drawn(self, identity: int) -> float:
        """Return how ready somebody is as she begins."""
        return co_production.drawn_readiness(self.key["co_production"], identity, self.p["co_production"], REPLICATION)

    def set_levers(self, firms: Any) -> None:
        """Let firms decide anew."""
        self.firms = firms
        self.settings = [affect.Policy(as_single(firm.affect.setting), firm.affect.setting_scale) for firm in firms]
        self.parts = [
            co_production.Policy(
                as_single(own.participation), own.participation_mode, own.set_up_scale
            )
            for own in (firm.co_production for firm in firms)
        ]  # fmt: skip
        self.steps.policies = [
            service_steps.Policy(own.blueprint, tuple(getattr(own, care) for care in CARES), own.step_scale)
            for own in (firm.service_steps for firm in firms)
        ]

    def renew(self) -> None:
        """Let newcomers take the rows of those who have left."""
        for i in np.flatnonzero(self.c.customer_id != np.array(self.identities)).tolist():
            self.identities[i] = int(self.c.customer_id[i])
            self.readiness[i], self.used[i] = self.drawn(self.identities[i]), 0.0
            for column in (self.affect, self.steps.doubt, self.steps.pressure):
                for row in column:
                    row[i] = 0.0
            self.seen["newcomers"] += 1

    def run(self, t: int) -> None:
        """Run a period of all, and compare."""
        if t in self.stretches:
            self.set_levers(self.stretches[t].firms)
        self.engine.run(1)
        self.steps.begin()
        self.counts: dict[str, list[float]] = {name: [0] * self.m for name in WHOLE}
        self.renew()
        self.steps.forget()
        self.affect = [[affect.faded(one, YEAR, self.p["affect"]) for one in row] for row in self.affect]
        self.choose(t)
        self.arrive(t)
        visits = visited(self.engine, *OF_VISIT)
        for v in visits:
            self.visit(t, dict(zip(OF_VISIT, v, strict=True)))
        self.practise(visits)
        self.tell(t, visits)
        self.compare(t)

    def choose(self, t: int) -> None:
        """Compare what feelings and doubts add to what firms are worth, as the period begins."""
        prices = [as_single(firm.price) for firm in self.firms]
        by_feeling = [[affect.attraction(one, self.p["affect"]) for one in row] for row in self.affect]
        by_doubt = [
            [-service_steps.less_for_doubt(one, price, self.p["service_steps"]) for one in row]
            for row, price in zip(self.steps.doubt, prices, strict=True)
        ]
        np.testing.assert_allclose(self.c.affect_part, by_feeling, atol=1e-5, err_msg=f"{t}")
        np.testing.assert_allclose(self.c.steps_part, by_doubt, atol=1e-5, err_msg=f"{t}")

    def arrive(self, t: int) -> None:
        """Compare how long all who arrive are to be served at the line, also those who will not be."""
        for i, j, nth, found in Arrivals.latest:
            part, _ = self.part(t, i, j, nth)
            factor = co_production.service_time(part, self.readiness[i], self.p["co_production"])
            assert found == pytest.approx(factor, rel=2e-6), (t, i, j)
        self.seen["arrived"] += len(Arrivals.latest)

    def part(self, t: int, i: int, j: int, nth: int) -> tuple[float, float]:
        """Return the part that a visitor takes, and what of it is against her will."""
        chance = co_production.chance(self.readiness[i], self.p["co_production"])
        wants, _ = co_production.draws(self.key["co_production"], self.identities[i], t, nth, REPLICATION)
        assert not near(wants, chance)
        return self.parts[j].part(wants < chance), self.parts[j].unwanted(wants < chance)

    def visit(self, t: int, v: dict[str, Any]) -> None:
        """Compare what comes of a visit."""
        i, j, nth = v["visit_customer"], v["visit_firm"], v["visit_nth"]
        p, ready, policy = self.p["co_production"], self.readiness[i], self.parts[j]
        part, unwanted = self.part(t, i, j, nth)
        assert (v["part_taken"], v["part_unwanted"]) == (part, unwanted), (t, i, j)
        cents = int(self.world.firms.service_cost[j])
        assert not near_half(co_production.unrounded_relief(part, ready, cents, p) / 100.0)
        relief = co_production.relief(part, ready, cents, p)
        assert v["visit_relief"] == relief
        visit = self.steps.serve(t, i, j, nth)
        self.steps.remember(visit)
        self.steps.hear(t, i, j, nth, visit)
        self.steps.count(j, visit)
        of_steps = self.p["service_steps"]
        assert (v["unanswered"], v["step_moments"]) == (visit.unanswered, visit.moments)
        assert v["step_memory"] == pytest.approx(visit.memory, abs=4e-6)
        risk = co_production.risk(part, ready, p) * service_steps.risk_after_check(visit, of_steps)
        assert v["failure_risk"] == pytest.approx(risk, rel=1e-5)
        shift = co_production.fit(part, ready, p) + service_steps.shift(visit, of_steps)
        assert v["performance_shift"] == pytest.approx(shift, abs=4e-6)
        expected = float(self.c.expected_then[j, i])
        own = co_production.own_share(v["performance"] - expected, part, policy.chosen, p)
        less = p["forced_loss"] * unwanted + service_steps.less_satisfied(visit, of_steps)
        assert v["satisfaction_shift"] == pytest.approx(own - less, abs=4e-6)
        self.feel(t, i, j, nth, v, v["transaction"] - expected)
        for name, more in {
            "visits_taken_part": part > 0, "unwilling_parts": unwanted > 0, "staff_relieved": -relief,
            "failed_taking_part": part > 0 and v["failure_severity"] > 0,
            "unready_part": part > 0 and ready < p["unready_below"],
        }.items():  # fmt: skip
            self.counts[name][j] += more
        self.seen["blamed"] += own > 0
        self.seen["answered"] += visit.met("objection_handling") and not visit.unanswered

    def feel(self, t: int, i: int, j: int, nth: int, v: dict[str, Any], gap: float) -> None:
        """Let a visit leave its feeling."""
        p, setting = self.p["affect"], self.settings[j].setting
        u, _ = affect.draws(self.key["affect"], self.identities[i], t, nth, REPLICATION)
        feeling = affect.feeling(gap, setting, self.used[i], affect.mood(u), p)
        self.affect[j][i] = now = affect.felt(self.affect[j][i], feeling, p)
        self.used[i] = affect.used_to(self.used[i], setting, p)
        assert v["visit_affect"] == pytest.approx(now, abs=1e-5)
        assert abs(now) > 1e-5
        self.counts["bad_feelings"][j] += now < 0.0

    def practise(self, visits: list[tuple[Any, ...]]) -> None:
        """Let who has taken part become more able, once all visits are over."""
        for i, *rest in visits:
            part = rest[OF_VISIT.index("part_taken") - 1]
            self.readiness[i] = co_production.practised(self.readiness[i], part, self.p["co_production"])

    def tell(self, t: int, visits: list[tuple[Any, ...]]) -> None:
        """Let feelings be told, and then what was done by oneself; of somebody one story a period."""
        told = [0] * PEOPLE
        for name, twin in (("affect", affect), ("co_production", co_production)):
            for visit in visits:
                v = dict(zip(OF_VISIT, visit, strict=True))
                i, j = v["visit_customer"], v["visit_firm"]
                _, u = twin.draws(self.key[name], self.identities[i], t, v["visit_nth"], REPLICATION)
                p, now, part = self.p[name], v["visit_affect"], v["part_taken"]
                chance = affect.chance_to_tell(now, p) if name == "affect" else p["talk"] * part
                assert not near(u, chance)
                if told[i] == 0 and u < chance:
                    good = now >= 0.0 if name == "affect" else v["transaction"] >= p["good_from"]
                    told[i] = 2 * (j + 1) + good
                    self.counts["told_by_feeling" if name == "affect" else "told_as_participant"][j] += 1
                    self.counts["positive_messages" if good else "negative_messages"][j] += 1
        assert Snapshots.at[Phase.HEARING]["story"].tolist() == told

    def compare(self, t: int) -> None:
        """Compare columns and counts."""
        c = self.c
        assert not self.steps.close
        np.testing.assert_allclose(c.affect, self.affect, atol=1e-5)
        np.testing.assert_allclose(c.used_setting, self.used, atol=4e-6)
        np.testing.assert_allclose(c.readiness, self.readiness, atol=4e-6)
        np.testing.assert_allclose(c.doubt, self.steps.doubt, atol=1e-6)
        came = self.found("visits", t).tolist()
        for j in range(self.m):
            self.counts["setting_spend"][j] = self.settings[j].cost(came[j])
            self.counts["set_up_spend"][j] = self.parts[j].cost(PEOPLE)
            self.counts["step_spend"][j] = self.steps.policies[j].cost(came[j])
        expected: dict[str, Any] = {**self.counts, **self.steps.by_kind}
        for name in ("objections_raised", "objections_unanswered", "step_visits", "worst_decided"):
            expected[name] = self.steps.counts[name]
        for name, of_twin in expected.items():
            np.testing.assert_array_equal(self.found(name, t), of_twin, err_msg=f"{name} {t}")
        for name in ("step_mean_sum", "step_memory_sum"):
            found = self.found(name, t) / 2**20  # each visit's is cut off
            np.testing.assert_allclose(found, self.steps.counts[name], atol=5e-6 * (1 + max(came)), err_msg=name)
        for name in WHOLE:
            self.totals[name] += self.counts[name]

    def found(self, name: str, t: int) -> np.ndarray:
        """Return what is counted in a period, without what is nobody's."""
        return self.world.history[t, self.world.rows[name], ..., : self.m]


def test_a_whole_market_is_that_of_the_twins():
    """Settings, parts and steps begin and end by dates; newcomers come; lines are shortened by who takes part."""
    followed = Followed(MARKET)
    for t in range(PERIODS):
        followed.run(t)
    seen, totals, world = followed.seen, followed.totals, followed.world
    assert min(seen[name] for name in ("newcomers", "blamed", "answered")) > 9, seen
    assert min(np.abs(of).sum() for of in totals.values()) > 9, totals
    assert world.tallied("gave_up").sum() > 9
    columns = ("affect", "used_setting", "readiness", "doubt", "satisfaction")
    in_tiles(followed.scenario, world, SEED, (*WHOLE, "visits", "steps_well"), columns)
    counts = {name: world.tallied(name).sum(axis=0) for name in world.tallies}
    tallied = Tallied(counts, YEAR, PERIODS)
    for mechanism, twin in ((Affect, affect), (CoProduction, co_production), (ServiceSteps, service_steps)):
        for kpi in mechanism.kpis:
            of_firms = [twin.measures({n: np.asarray(of)[..., j] for n, of in counts.items()}) for j in range(3)]
            expected = [of[kpi.name] for of in of_firms]
            np.testing.assert_allclose(kpi(tallied), expected, rtol=1e-6, atol=1e-9, err_msg=kpi.name)

"""The twin of improvement: by numbers worked by hand, against reviews of drawn answers, and in whole markets."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.measurement.improvement import Improvement
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import attributes
from tests.reference import improvement as twin
from tests.reference.attributes import ATTRIBUTES
from tests.reference.by_hand import SEED, effort, share, visited
from tests.reference.closeness import as_single
from tests.reference.improvement import COUNTS, EXAMPLE, Answers, Firm, Policy, Project
from tests.reference.random_numbers import stream_key

LEVERS = tuple(Policy.__dataclass_fields__)
RULES = ("importance_and_gap", "gap", "importance", "even")
SUMS = {
    **{"answers": "answers", "visits": "visits", "full_marks": "full", "marks_visit": "marks_visit"},
    **{"marks_of": "marks", "marks_products": "products", "marks_with_visit": "with_visit"},
}


def sheet_of(marks: Any, visits: Any, top: int = 9, came: int | None = None) -> Answers:
    """Return what is counted of answers given in marks."""
    sheet = Answers()
    for given_marks, visit in zip(marks, visits, strict=True):
        sheet.add([1 + int(one) for one in given_marks], 1 + int(visit), top + 1)
    sheet.visits = sheet.answers if came is None else came
    return sheet


class TestByHand:
    TOLD_APART = ((2, 0, 0, 0, 0), (0, 1, 0, 0, 0), (0, 0, 1, 0, 0), (0, 0, 0, 1, 0), (0, 0, 0, 0, 1), (0, 0, 0, 0, 0))

    def test_answers(self):
        sheet = sheet_of([(1, 2, 3, 4, 5), (0, 0, 0, 0, 9)], [7, 1])
        assert (sheet.answers, sheet.full, sheet.marks, sheet.marks_visit) == (2, 18, [1, 2, 3, 4, 14], 8)
        assert sheet.products == [1, 2, 3, 4, 5, 4, 6, 8, 10, 9, 12, 15, 16, 20, 25 + 81]
        assert sheet.with_visit == [7, 14, 21, 28, 35 + 9]
        assert sheet.score(4) == 14 / 18

    def test_importance(self):
        """visit = 1 + 3 core - convenience + people: three quarters and a quarter; nothing above 0: all the same."""
        marks = self.TOLD_APART
        assert sheet_of(marks, [7, 0, 2, 1, 1, 1]).importance() == [0.75, 0.0, 0.25, 0.0, 0.0]
        assert sheet_of(marks, [3, 2, 2, 2, 2, 5]).importance() == [0.2] * 5
        assert sheet_of(marks[:5], [7, 0, 2, 1, 1]).importance() == [0.2] * 5

    def test_least_squares(self):
        """At core 0, 0, 1: visits 1, 3, 5 have the line 2 + 3 core; what is not told apart otherwise is exact."""
        marks = [(0, 0, 0, 0, 0), *self.TOLD_APART[1:], (1, 0, 0, 0, 0)]
        found = sheet_of(marks, [1, 3, 3, 3, 3, 3, 5]).importance()
        assert found == pytest.approx([3.0 / 7.0, 1.0 / 7.0, 1.0 / 7.0, 1.0 / 7.0, 1.0 / 7.0])

    def test_parts(self):
        weights, gaps = (0.4, 0.1, 0.3, 0.1, 0.1), (0.1, 0.3, 0.2, 0.0, 0.2)
        first = [Policy(improvement_rule=rule).parts(weights, gaps).index(1.0) for rule in RULES[:3]]
        assert first == [2, 1, 0]
        by_part = Policy(improvement_focus="in_proportion").parts(weights, gaps)
        assert by_part == pytest.approx([4 / 15, 3 / 15, 6 / 15, 0.0, 2 / 15])
        assert Policy(improvement_rule="even").parts(weights, gaps) == [0.2] * 5
        assert Policy(improvement_rule="gap").parts(weights, [0.0] * 5) == [0.0] * 5

    def firm(self, **levers: Any) -> Firm:
        return Firm(Policy(**{"improvement_budget": 0.5 * math.log(2.0), "improvement_rule": "gap", **levers}), 0.79)

    def test_a_project(self):
        """Half of the 0.2 that speed lacks is planned, 1.5 times as much comes of it; 90 visits pay 0.5 ln 2 each."""
        firm, sheet = self.firm(), sheet_of([(9, 9, 9, 0, 9)], [1], came=90)
        firm.begin_projects(sheet, [0.9] * 5, [1.5] * 5, (3, 2, 2, 4, 2))
        assert firm.projects == {3: Project(pytest.approx(0.1), pytest.approx(0.15), 0.0)}
        assert firm.improved == pytest.approx([0.0, 0.0, 0.0, 0.15, 0.0])
        assert firm.spent_on == [0, 0, 0, 90 * 3466, 0]
        assert firm.counts["improvement_spend"] == firm.counts["well_aimed"] == 90 * 3466
        lucky = self.firm()
        lucky.begin_projects(sheet, [0.9] * 5, [9.0] * 5, (3, 2, 2, 2, 2))
        assert (lucky.improved[3], lucky.counts["well_aimed"]) == (pytest.approx(0.2), 0)
        lucky.settle()
        assert (lucky.steps[3], lucky.room(3)) == (pytest.approx(0.2), pytest.approx(0.0, abs=1e-7))

    def test_check_and_wear(self):
        p = {**EXAMPLE, "fewest_answers": 1, "wear": 0.5}
        for check, kept in (("drop_failed", 0.03), ("keep_all", 0.05)):
            firm = self.firm(improvement_check=check, improvement_upkeep=0.5)
            firm.improved[:2] = [0.05, 0.05]
            firm.projects = {0: Project(0.1, 0.02, 0.5), 1: Project(0.1, 0.02, 0.0)}
            firm.check(sheet_of([(4, 1, 0, 0, 0)], [1], top=10), p)
            assert firm.improved[:2] == pytest.approx([kept, 0.05])
            assert firm.counts["kept_projects"] == 2 - (kept < 0.05)
            assert firm.counts["planned_rises"] == 2 * round(0.1 * 2**20)
            assert firm.counts["found_rises"] == pytest.approx(0.0, abs=1)
            firm.wear(p)
            assert firm.improved[:2] == pytest.approx([0.75 * kept, 0.0375])

    def test_costs(self):
        """From 0.75 to 0.875 in the core, 0.4 of 3: 1.2 ln 2 cu; keeping up half of wear costs 0.1 ln 2."""
        firm = self.firm(improvement_upkeep=0.5)
        firm.quality, firm.improved[0] = 0.75, 0.125
        firm.settle()
        firm.end(10)
        assert firm.expense == 83
        assert (firm.counts["improved_running"], firm.counts["improvement_kept_up"]) == (830, 10 * 693)
        assert (firm.counts["improvement_sum"], firm.counts["projects_open"]) == (2**17, 0)

    def test_targets_and_weights(self):
        firms = [self.firm(target_of="best_rival"), self.firm(), self.firm()]
        sheets = [sheet_of([(9, 9, 9, 9, 9)], [1]), sheet_of([(3, 0, 0, 0, 9)], [1]), sheet_of([(6, 0, 0, 0, 0)], [1])]
        some = {**EXAMPLE, "fewest_answers": 0}
        assert twin.targets(firms, sheets, 0, some) == pytest.approx([6 / 9, 0.0, 0.0, 0.0, 1.0])
        assert twin.targets(firms, sheets, 1, some) == twin.targets(firms, sheets, 0, EXAMPLE) == [0.9] * 5
        weights = [(0.5, 0.5, 0.0, 0.0, 0.0), (0.25, 0.0, 0.75, 0.0, 0.0)]
        assert twin.whole_weights(weights, [0, 1], 1) == [2**18, 0, 3 * 2**18, 0, 0]
        assert twin.whole_weights(weights, [0, -1], 1) == [3 * 2**18, 2**19, 3 * 2**18, 0, 0]

    def test_measures(self):
        counts = dict(zip(COUNTS, [0, 30.0, 4, 3, 0.2, 0.1, 1.0, 10, 5, 0, 0], strict=True))
        found = twin.measures(counts, [10.0, 0.0, 30.0, 0.0, 0.0])
        assert [*found.values()] == pytest.approx([0.25, 0.0, 0.75, 0.0, 0.0, 0.75, 5.0, 2.5, 0.75, 2.0, 0.5])


level = st.sampled_from([0.0, 0.125, -0.25]) | st.floats(-0.5, 0.234375, width=32)
policy_drawn = st.builds(
    Policy, improvement_budget=st.just(0.0) | st.floats(2.0**-6, 4.0, width=32),
    improvement_scale=st.floats(0.0625, 4.0, width=32), target_score=st.just(1.0) | share,
    target_of=st.sampled_from(["stated", "best_rival"]), improvement_rule=st.sampled_from(RULES),
    improvement_focus=st.sampled_from(["first", "in_proportion"]), keep_from=st.sampled_from([0.0, -0.125, 0.25]),
    improvement_check=st.sampled_from(["keep_all", "drop_failed"]),
    improvement_upkeep=st.just(0.0) | st.floats(0.0, 0.984375, width=32),
)  # fmt: skip
firm_drawn = st.builds(
    Firm, policy_drawn, quality=st.sampled_from([0.75, 0.984375]) | effort, quality_cost=st.floats(0.0, 8.0, width=32),
    cost_parts=st.sampled_from([(0.4, 0.15, 0.2, 0.15, 0.1), (0.0, 0.25, 0.5, 0.125, 0.125)]),
    set_itself=st.lists(level, min_size=5, max_size=5),
)  # fmt: skip
numbers_drawn = st.fixed_dictionaries(
    {
        "fewest_answers": st.sampled_from([1, 8]),
        "outcome_spread": st.sampled_from([0.0, 1.0, 4.0]),
        "wear": st.sampled_from([0.0, 0.25, 1.0]) | share,
    }
)
# of each firm: how many answer, and how many came, at each of three reviews
custom_drawn = st.lists(st.tuples(*[st.tuples(st.integers(0, 24), st.integers(0, 99))] * 2), min_size=3, max_size=3)
EVERY, TOP = 3, 4


def section(firm: Firm) -> dict[str, Any]:
    """Return what a firm sets."""
    return {
        "survey": {"sampling": 0.5},
        "service": {"quality": firm.quality, "quality_cost": firm.quality_cost},
        "attributes": {f"{k}_level": own for k, own in zip(ATTRIBUTES, firm.set_itself, strict=True)}
        | {f"{k}_cost_part": part for k, part in zip(ATTRIBUTES, firm.cost_parts, strict=True)},
        "improvement": {name: getattr(firm.policy, name) for name in LEVERS},
    }


def with_steps(firm: Firm) -> Firm:
    """Return a firm whose steps are those of the levels that it sets, as it begins."""
    levels = attributes.Policy(tuple(firm.set_itself)).steps(as_single(firm.quality))
    steps = [as_single(step) for step in levels]
    policy = replace(firm.policy, **{name: as_single(getattr(firm.policy, name)) for name in LEVERS[:3]})
    policy.keep_from, policy.improvement_upkeep = firm.policy.keep_from, as_single(firm.policy.improvement_upkeep)
    return replace(firm, policy=policy, quality=as_single(firm.quality), set_itself=[*steps], steps=[*steps])


def assert_costs(firm: Firm, cents: int) -> None:
    """Compare what raised levels cost on a visit, and go on with what was found: float32 scales may round otherwise."""
    exact = 100.0 * firm.dearer()
    assert abs(cents - exact) <= 0.5 + 1e-3 + 2e-6 * abs(exact), (cents, exact)
    if abs(exact - math.floor(exact) - 0.5) > 1e-3 + 2e-6 * abs(exact):
        assert cents == firm.expense
    firm.expense = cents


def assert_as_reviewed(world: Any, firms: Any) -> None:
    """Compare columns with firms after a review."""
    c = world.customers
    for j, firm in enumerate(firms):
        np.testing.assert_allclose(c.improved[:, j], firm.improved, atol=1e-7, err_msg=f"improved {j}")
        steps = [float(world.firms[f"{attribute}_step"][j]) for attribute in ATTRIBUTES]
        np.testing.assert_allclose(steps, firm.steps, atol=1e-7, err_msg=f"steps {j}")
        planned = [firm.projects[k].planned if k in firm.projects else 0.0 for k in range(5)]
        np.testing.assert_allclose(c.project[0, :, j], planned, atol=1e-7, err_msg=f"planned {j}")
        assert_costs(firm, int(c.improved_expense[j]))


COUNTED = COUNTS[:6]  # at a review


@settings(max_examples=examples(40))
@given(
    st.tuples(firm_drawn, firm_drawn), numbers_drawn, custom_drawn, st.integers(0, 2**32 - 1),
    st.lists(st.integers(-1, 1), min_size=3, max_size=3), st.integers(0, 4) | st.none(),
)  # fmt: skip
def test_reviews_are_those_of_the_twin(firms, numbers, custom, seed, providers, anew):
    """Three reviews on drawn answers, before the second of which a level may be set anew."""
    asking = firms[0], firms[1], Firm(Policy(improvement_budget=0.5))  # there is always a rival
    small = Small(
        3, [section(firm) for firm in asking], survey={"scale": TOP + 1}, attributes={},
        attribute_survey={"scale": TOP + 1}, improvement={**numbers, "improve_every": EVERY},
    )  # fmt: skip
    world, c, p = small.world, small.c, {**EXAMPLE, **numbers}
    asking = [with_steps(firm) for firm in asking]
    key, drawn = stream_key(SEED, "improvement"), np.random.default_rng(seed)
    c.provider[:] = providers
    weights = [twin.whole_weights(c.attribute_weight.T.tolist(), providers, j) for j in range(3)]
    for nth, t in enumerate((EVERY, 2 * EVERY, 3 * EVERY)):
        sheets = []
        for j, of in enumerate(custom):
            said, came = of[nth % 2]
            marks = drawn.integers(0, TOP + 1, (said, 5)) // (1 + drawn.integers(0, 2, 5))
            visit = np.clip(marks[:, j] + drawn.integers(-1, 2, said), 0, TOP)
            sheet = sheet_of(marks, visit, TOP, came)
            for name, of_sheet in SUMS.items():
                value = np.array(getattr(sheet, of_sheet))
                world.history_by_part[t - EVERY + nth, 0, world.rows[name], j] = value
            sheets.append(sheet)
        if anew is not None and nth == 1:
            world.firms[f"{ATTRIBUTES[anew]}_step"][0] = 0.0625 - asking[0].quality / 2.0
            asking[0].set_anew(anew, float(world.firms[f"{ATTRIBUTES[anew]}_step"][0]))
        world.counted_by_part.fill(0)
        small.phases(Phase.OPENING, t=t)
        for j in range(3):
            np.testing.assert_allclose(c.outcome[:, j], twin.outcomes(key, j, t, 0, p), atol=1e-4, rtol=1e-5)
            asking[j].begin()
        twin.review(asking, sheets, c.outcome.T.astype(float).tolist(), weights, p)
        assert_as_reviewed(world, asking)
        for name in COUNTED:
            assert small.counted(name)[:3] == [firm.counts[name] for firm in asking], name
        spent = world.lookup("spent_by_attribute", 0)[:, :3]
        np.testing.assert_array_equal(spent.T, [firm.spent_on for firm in asking])


PERIODS, RUN_SEED, REPLICATION, PEOPLE = 47, 5, 2, 260
OWN: dict[str, dict[str, Any]] = {
    "north": {
        "improvement": {"improvement_budget": 0.4, "improvement_focus": "in_proportion", "improvement_upkeep": 0.5},
        "attributes": {"core_level": -0.125},
        "survey": {"sampling": 1.0},
    },
    "east": {
        "improvement": {"improvement_budget": 0.7, "target_of": "best_rival", "improvement_rule": "gap"},
        "survey": {"sampling": 0.5},
        "service": {"quality": 0.6},
    },
    "south": {
        "improvement": {"improvement_budget": 1.0, "improvement_rule": "even", "improvement_check": "keep_all"},
        "survey": {"sampling": 0.75},
    },
    "west": {"survey": {"sampling": 0.75}, "service": {"quality": 0.9}},
}
MARKET: dict[str, Any] = {
    "periods": PERIODS,
    "periods_per_year": 20,
    "population": {"customers": PEOPLE, "purchase_rate": 0.8},
    "renewal": {"leaving_rate": 0.5, "every": 5, "vacancy": 2},
    "survey": {"scale": 7, "response_base": 0.5},
    "attributes": {"weight_spread": 1.0},
    "attribute_survey": {"scale": 7},
    "improvement": {"improve_every": 5, "fewest_answers": 8, "wear": 0.25, "outcome_spread": 0.5},
    "firms": [{"name": name, **own} for name, own in OWN.items()],
    "changes": [
        {"name": "people", "from": 12, "set": {"firms.north.attributes.people_level": 0.0625}},
        {"name": "pause", "from": 22, "until": 34, "set": {"firms.south.improvement.improvement_budget": 0.0}},
        {"name": "start", "from": 18, "set": {"firms.west.improvement.improvement_budget": 0.5}},
        {"name": "silence", "from": 20, "until": 30, "set": {"firms.west.survey.sampling": 0.01}},
        {"name": "dear", "from": 27, "set": {"firms.east.price": 1.25, "firms.east.improvement.keep_from": 0.05}},
    ],
}  # fmt: skip
ANSWERED = ("visit_firm", "answered", "answer_visit", *(f"answer_on_{attribute}" for attribute in ATTRIBUTES))


class Followed:
    """A market and its firms, period by period."""

    def __init__(self) -> None:
        self.scenario = Scenario.parse(MARKET)
        self.engine = Engine(self.scenario, seed=RUN_SEED, replication=REPLICATION)
        self.world, self.c = self.engine.world, self.engine.world.customers
        self.stretches, self.p = dict(self.scenario.stretches()), {**EXAMPLE, **MARKET["improvement"]}
        self.key = stream_key(RUN_SEED, "improvement")
        self.firms: list[Firm] = []
        self.sheets = [Answers() for _ in OWN]
        self.totals: dict[str, np.ndarray] = {}

    def set_levers(self, told: Any) -> None:
        """Let firms decide anew: of their levels, those that are others than before."""
        new = []
        for of in told:
            levels = [getattr(of.attributes, f"{attribute}_level") for attribute in ATTRIBUTES]
            policy = Policy(**{name: getattr(of.improvement, name) for name in LEVERS})
            new.append(with_steps(Firm(policy, of.service.quality, of.service.quality_cost, set_itself=levels)))
        self.firms = self.firms or new
        for firm, decided in zip(self.firms, new, strict=True):
            firm.policy = decided.policy
        if told[0].attributes.people_level and not self.firms[0].set_itself[2]:
            self.firms[0].set_anew(2, 0.0625)

    def run(self, t: int) -> None:
        """Run a period of both, and compare."""
        if t in self.stretches:
            self.set_levers(self.stretches[t].firms)
        weights, providers = self.c.attribute_weight.T.tolist(), self.c.provider.tolist()
        self.engine.run(1)
        for firm in self.firms:
            firm.begin()
        if t > 0 and t % self.p["improve_every"] == 0:
            luck = self.c.outcome.T.astype(float).tolist()
            expected = [twin.outcomes(self.key, j, t, REPLICATION, self.p) for j in range(len(OWN))]
            np.testing.assert_allclose(luck, expected, atol=1e-4)
            true = [twin.whole_weights(weights, providers, j) for j in range(len(OWN))]
            twin.review(self.firms, self.sheets, luck, true, self.p)
            self.sheets = [Answers() for _ in OWN]
            assert_as_reviewed(self.world, self.firms)
        steps = [[float(self.world.firms[f"{attribute}_step"][j]) for attribute in ATTRIBUTES] for j in range(len(OWN))]
        np.testing.assert_allclose(steps, [firm.steps for firm in self.firms], atol=1e-7)
        self.note(t)

    def note(self, t: int) -> None:
        """Compare what is counted of the period's answers and visits."""
        new = [Answers() for _ in OWN]
        for j, answered, visit, *given_answers in visited(self.engine, *ANSWERED):
            for sheet in (new[j], self.sheets[j]) if answered else ():
                sheet.add(given_answers, visit, 7)
        for j, firm in enumerate(self.firms):
            came = int(self.found("visits", t)[j])
            new[j].visits = came
            self.sheets[j].visits += came
            firm.end(came)
        for name, of_sheet in SUMS.items():
            expected = np.transpose([getattr(sheet, of_sheet) for sheet in new])
            np.testing.assert_array_equal(self.found(name, t), expected, err_msg=f"{name} {t}")
        of_firms = {name: [firm.counts[name] for firm in self.firms] for name in COUNTS}
        of_firms["spent_by_attribute"] = np.transpose([firm.spent_on for firm in self.firms])
        for name, expected in of_firms.items():
            np.testing.assert_array_equal(self.found(name, t), expected, err_msg=f"{name} {t}")
            self.totals[name] = self.totals.get(name, 0) + np.array(expected)

    def found(self, name: str, t: int) -> np.ndarray:
        """Return what is counted in a period, without what is nobody's."""
        return self.world.history[t, self.world.rows[name], ..., : len(OWN)]


def test_a_whole_market_is_that_of_the_twin():
    """A level is set anew, a firm pauses, one starts later, does not ask for a while, and draws the line elsewhere."""
    followed = Followed()
    for t in range(PERIODS):
        followed.run(t)
    totals, world = followed.totals, followed.world
    assert (totals["improvement_spend"] > 0).all()
    assert (totals["checked_projects"] > totals["kept_projects"])[:2].all()
    assert totals["checked_projects"][2] == totals["kept_projects"][2] > 0
    assert 0 < totals["well_aimed"].sum() < totals["improvement_spend"].sum()
    counts = {name: world.tallied(name).sum(axis=0) for name in world.tallies}
    found = {kpi.name: kpi(Tallied(counts, 20, PERIODS)) for kpi in Improvement.kpis}
    scale = {"planned_rises": 2**20, "found_rises": 2**20, "improvement_sum": 2**20}
    for j in range(len(OWN)):
        units = {name: of[j] / scale.get(name, 1) for name, of in totals.items() if of.ndim == 1}
        expected = twin.measures(units, totals["spent_by_attribute"][:, j].tolist())
        assert {name: of[j] for name, of in found.items()} == pytest.approx(expected, nan_ok=True, abs=1e-9), j
    shared = Engine(followed.scenario, seed=RUN_SEED, replication=REPLICATION, threads=3)
    shared.set_tile(64)
    shared.run(PERIODS)
    np.testing.assert_array_equal(shared.world.history, world.history)
    np.testing.assert_array_equal(shared.world.customers.improved, world.customers.improved)

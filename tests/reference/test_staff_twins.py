"""The twin of staff: by numbers worked by hand, against the kernels, and with scenes and lines in a whole market."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.service import staff_kernels as kernels
from abm.mechanisms.service.staff import Staff, StaffPolicy
from abm.scenario.scenario import Scenario
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import staff
from tests.reference.by_hand import effort, share
from tests.reference.closeness import as_single
from tests.reference.staff import COUNTS, EXAMPLE, STEPS, USUAL, USUAL_CUSTOMER_TIME, Policy, Team

STATES = ("knowledge", "skill", "emotion", "morale")
LEVERS = tuple(one.name for one in fields(Policy))
SCALES = ("training_scale", "search_scale", "incentive_scale", "labour_cost", "replacement_cost")
AT_OPENING = COUNTS[:9]
PARTS = ("attitude_part", "price_part", "information_part")
HALVES = EXAMPLE | {
    "learning": 0.5, "forgetting": 0.25, "turnover": 0.25, "pay_stay": 2.0, "morale_stay": 4.0, "better_hires": 0.5,
    "morale_recovery": 0.5, "pay_morale": 2.0, "incentive_morale": 0.5, "visits_per_head": 4.0, "overwork": 0.5,
    "comfortable": 0.75,
}  # fmt: skip


class TestByHand:
    def test_what_pay_counts(self):
        """0.5 against the mean of 0.25 and 0; alone, against nothing."""
        assert staff.above_others(STEPS // 2, [STEPS // 4, 0]) == 0.375
        assert staff.above_others(STEPS // 2, []) == 0.5
        assert staff.above_others(0, [STEPS]) == -1.0

    def test_who_leaves(self):
        """A quarter, e^-1 times at 0.5 above the others' pay, e^-2 times at full morale; no more than all."""
        assert staff.part_leaving(0.0, USUAL, HALVES) == 0.25
        assert staff.part_leaving(0.5, 1.0, HALVES) == pytest.approx(0.25 * math.exp(-3.0))
        assert staff.part_leaving(-1.0, 0.0, HALVES) == 1.0

    def test_what_is_learnt(self):
        """0.75: learns 0.5 * 0.5 of the 0.25 that is missing, forgets 0.25 of 0.25, half give way to newcomers of 1."""
        assert staff.trained(0.75, 0.5, 1.0, 0.5, HALVES) == 0.75 + 0.0625 - 0.0625 + 0.125
        assert staff.trained(0.25, 0.0, 0.5, 0.0, HALVES) == 0.3125  # below the usual it comes back

    def test_what_takes_morale(self):
        """4 visits of 0.125 each, and a quarter of a load of 1 above three quarters; half of it at emotion 0.5."""
        assert staff.burnt(0.125, 1.25, 0.5, HALVES) == 0.5 * (0.5 + 0.25)
        assert staff.burnt(0.125, 0.5, 0.0, HALVES) == 0.5
        assert staff.burnt(1.0, 9.0, 1.0, HALVES) == 0.0

    def test_morale(self):
        """Half way from 0.25 to 0.75, a half of who are 0.25 below the usual replaced, 0.125 taken."""
        assert staff.morale_after(0.25, 0.75, 0.5, 0.125, HALVES) == 0.25 + 0.25 + 0.125 - 0.125

    def test_a_period(self):
        """No one firm's step sees another state than that before: who leave, newcomers and the strain."""
        team, policy = Team(0.5, 0.75, 0.5, 0.5), Policy(0.5, 0.0, 1.0, selectivity=0.5, incentives=0.5)
        team.develop(policy, 0.0, 0.0625, 0.0, HALVES)
        assert team.left == (0.25, 0.0, 0.0)
        assert (team.knowledge, team.skill, team.emotion) == (0.6875, 0.6875, 0.8125)
        assert team.morale == 0.5 + 0.125 - 0.5 * 0.25
        badly_paid = Team(morale=0.25)
        badly_paid.develop(Policy(), -0.25, 0.0, 0.0, HALVES)
        over_pay, over_morale = 0.25 * (math.e**1.5 - math.e), 0.25 * (math.e**1.5 - math.e**0.5)
        assert badly_paid.left == pytest.approx((1.0, 1.0 - 0.25 * math.e, 1.0 - 0.25 * math.e**0.5))
        assert (over_pay, over_morale) > badly_paid.left[1:]  # of whom no more than all can leave
        assert Team(morale=1.0).left == (0.0, 0.0, 0.0)

    def test_what_they_do_to_service(self):
        """A tenth of 0.25 each; 0.625 / 0.75 of failures at knowledge 0.75, 1 - 0.6 * 0.5 * 0.25 of attitude."""
        team = Team(0.75, 0.75, 0.75, 0.75)
        found = team.serve(Policy(), (0.5, 0.25, 0.25), EXAMPLE)
        assert found.shift == pytest.approx(0.05)
        assert found.risk == pytest.approx(0.625 / 0.75 * 0.925)
        assert found.pace == pytest.approx(0.85 / 0.9)
        late = replace(Policy(), customer_time=USUAL_CUSTOMER_TIME + 0.25)
        found = team.serve(late, (0.5, 0.25, 0.25), EXAMPLE)
        assert found.shift == pytest.approx(0.05 + 0.03 * math.log(0.95 / 0.7))
        assert found.risk == pytest.approx(0.625 / 0.75 * 0.925 * (1.0 + 0.5 * (math.exp(0.5) - 1.0)))

    def test_costs(self):
        """ln 2 + ln 4 at 2 cu; 0.25 of 3 cu and half of ln 2; 500 cu and 200 ln 2."""
        policy = Policy(0.5, 0.75, 0.0, 0.5, 0.25, 0.5, training_scale=2.0)
        assert (policy.training_expense, policy.pay_expense) == (41589, 10966)
        assert policy.hire_cost == pytest.approx(638.629436)

    def test_hiring(self):
        """Of 10 heads 0.02 leave who cost 500 cu, where 0.01 are usual: 50 cu; none leave: -50 cu."""
        assert [Team(left=(part, 0, 0)).hiring(Policy(), 500, EXAMPLE) for part in (0.02, 0.01, 0.0)] == [
            5000,
            0,
            -5000,
        ]
        assert Team(left=(0.02, 0.01, 0.0)).counted(Policy(), 0, EXAMPLE) == {
            "leavers": 20971, "left_over_pay": 10485, "left_over_morale": 0, "knowledge_sum": 2**19,
            "skill_sum": 2**19, "emotion_sum": 2**19, "morale_sum": 2**19, "staff_periods": 1, "staff_hiring": 0,
        }  # fmt: skip

    def test_what_the_period_before_was_like(self):
        assert [staff.strain_of(2**20, visits) for visits in (0, 4)] == [0.0, 0.25]
        assert [staff.load_of(3, paid) for paid in (0, 4)] == [0.0, 0.75]


def single(low: float, high: float) -> st.SearchStrategy[float]:
    """Draw a number of float32, often an end."""
    return st.one_of(st.sampled_from([low, high]), st.floats(as_single(low), as_single(high), width=32))


NUMBERS = st.fixed_dictionaries(
    {
        **dict.fromkeys(("learning", "forgetting", "turnover", "morale_recovery", "overwork"), single(0.0, 1.0)),
        **dict.fromkeys(("knowledge_failures", "skill_quality", "morale_quality", "attention"), single(0.0, 1.0)),
        **dict.fromkeys(("better_hires", "incentive_morale", "knowledge_pace"), single(0.0, 0.5)),
        **dict.fromkeys(("comfortable", "emotion_failures"), single(0.0, 2.0)),
        **dict.fromkeys(("pay_stay", "morale_stay", "pay_morale", "strained"), single(0.0, 8.0)),
        "visits_per_head": single(0.5, 100.0),
        "control": single(0.0, 8.0),
    }
)
time_drawn = st.one_of(st.just(USUAL_CUSTOMER_TIME), st.floats(0.015625, 0.984375, width=32))
policy_drawn = st.builds(
    Policy,
    **dict.fromkeys(("knowledge_training", "skill_training", "emotion_training", "selectivity", "incentives"), effort),
    pay_premium=share,
    customer_time=time_drawn,
)
state = st.one_of(st.sampled_from([0.0, USUAL, 1.0]), st.floats(0.0, 1.0))
team_drawn = st.builds(Team, state, state, state, state)
strain_drawn, load_drawn = st.one_of(st.just(0.0), st.floats(0.0, 0.02)), st.one_of(st.just(0.0), st.floats(0.0, 3.0))
parts_drawn = st.one_of(
    st.just((0.35, 0.15, 0.1)), st.tuples(*[st.floats(0.0, 0.3125, width=32)] * 3), st.just((1.0, 0.0, 0.0))
).map(lambda parts: tuple(map(as_single, parts)))
firm_drawn = st.tuples(policy_drawn, team_drawn, strain_drawn, load_drawn, parts_drawn)
market_drawn = st.lists(firm_drawn, min_size=1, max_size=4)


def levers_of(policies: list[Policy]) -> dict[str, np.ndarray]:
    """Return levers as kernels take them."""
    return {name: np.array([getattr(policy, name) for policy in policies], np.float32) for name in LEVERS}


def columns_of(teams: list[Team]) -> dict[str, np.ndarray]:
    """Return states as kernels take them, and room for what else is written."""
    states = {f"staff_{name}": np.array([getattr(team, name) for team in teams]) for name in STATES}
    written = {name: np.full(len(teams), 9.0, np.float32) for name in ("staff_shift", "staff_risk", "staff_pace")}
    return {**states, **written, "staff_leaving": np.full((3, len(teams)), 9.0)}


def call(kernel: Any, **named: Any) -> None:
    """Run a kernel on what it takes by name."""
    kernel(*[named[name] for name in kernel.parameters])


def assert_states(columns: Any, teams: list[Team], **close: float) -> None:
    """Compare states, and who left."""
    for name in STATES:
        expected = [getattr(team, name) for team in teams]
        np.testing.assert_allclose(columns[f"staff_{name}"], expected, err_msg=name, **close)
    np.testing.assert_allclose(columns["staff_leaving"], np.transpose([team.left for team in teams]), **close)


few = settings(max_examples=examples(25))


class TestEquations:
    @few
    @given(st.floats(-3.0, 3.0))
    def test_within(self, x):
        assert kernels.within(x) == staff.within(x)

    @few
    @given(st.integers(0, STEPS), st.lists(st.integers(0, STEPS), max_size=4))
    def test_above_market(self, own, others):
        every = own + sum(others)
        found = kernels.above_market(own, every, 1 + len(others))
        assert found == pytest.approx(staff.above_others(own, others), abs=1e-15)

    @few
    @given(NUMBERS, st.floats(-1.0, 1.0), state)
    def test_leaving(self, p, premium, morale):
        found = kernels.leaving(p["turnover"], premium, morale, p["pay_stay"], p["morale_stay"])
        assert found == pytest.approx(staff.part_leaving(premium, morale, p), rel=1e-13, abs=1e-15)

    @few
    @given(NUMBERS, state, effort, state, state)
    def test_trained(self, p, ability, training, newcomers, left):
        found = kernels.trained(ability, training, newcomers, left, p["learning"], p["forgetting"])
        assert found == pytest.approx(staff.trained(ability, training, newcomers, left, p), abs=1e-14)

    @few
    @given(NUMBERS, strain_drawn, load_drawn, state)
    def test_burnout(self, p, strain, load, emotion):
        names = ("strained", "visits_per_head", "overwork", "comfortable")
        found = kernels.burnout(strain, load, emotion, *(p[name] for name in names))
        assert found == pytest.approx(staff.burnt(strain, load, emotion, p), rel=1e-13, abs=1e-15)

    @few
    @given(NUMBERS, state, state, state, state)
    def test_recovered(self, p, morale, target, left, taken):
        found = kernels.recovered(morale, target, left, taken, p["morale_recovery"])
        assert found == pytest.approx(staff.morale_after(morale, target, left, taken, p), abs=1e-14)

    @few
    @given(state, share)
    def test_relative(self, ability, effect):
        assert kernels.relative(ability, effect) == pytest.approx(staff.against_usual(ability, effect), abs=1e-14)

    @few
    @given(time_drawn, state, single(0.0, 8.0))
    def test_uncontrolled(self, time, knowledge, control):
        found = kernels.uncontrolled(time, knowledge, control)
        assert found == pytest.approx(staff.undone(time, knowledge, control), rel=1e-13)


class TestKernels:
    @few
    @given(NUMBERS, market_drawn, st.lists(st.booleans(), min_size=4, max_size=4))
    def test_staff_develops_as_that_of_the_twin(self, p, firms, opened):
        policies, teams, strains, loads, _ = map(list, zip(*firms, strict=True))
        columns, is_open = columns_of(teams), np.array(opened[: len(teams)])
        given_of = {
            "staff_strain": np.array(strains), "staff_load": np.array(loads), "open_state": is_open.astype(np.int32),
        }  # fmt: skip
        call(kernels.develop_staff, **p, **levers_of(policies), **columns, **given_of)
        staff.develop_all(teams, policies, strains, loads, p, is_open)
        assert_states(columns, teams, rtol=0, atol=1e-13)

    @few
    @given(NUMBERS, market_drawn)
    @example(EXAMPLE | {"emotion_failures": 2.0}, [(Policy(), Team(emotion=1.0), 0.0, 0.0, (1.0, 0.0, 0.0))])
    def test_what_it_does_to_service_is_that_of_the_twin(self, p, firms):
        policies, teams, _, _, parts = map(list, zip(*firms, strict=True))
        columns = columns_of(teams)
        of_failures = dict(zip(PARTS, np.array(parts, np.float32).T, strict=True))
        call(kernels.weigh_staff, **p, **levers_of(policies), **columns, **of_failures)
        for j, team in enumerate(teams):
            expected = team.serve(policies[j], parts[j], p)
            assert columns["staff_shift"][j] == pytest.approx(expected.shift, abs=1e-6)
            assert columns["staff_risk"][j] == pytest.approx(expected.risk, rel=1e-6, abs=1e-7)
            assert columns["staff_pace"][j] == as_single(expected.pace)

    @few
    @given(st.lists(st.tuples(st.integers(-1, 1), share, share), max_size=8), *[st.tuples(share, share)] * 3)
    def test_visits(self, visits, pace, shift, risk):
        """What was there before is multiplied, or added to; minutes of who goes to nobody are left as they are."""
        firms, before, other = (np.array([one[k] for one in visits]) for k in range(3))
        named = {
            "visit_count": np.array([len(visits)]), "visit_firm": firms.astype(np.int32),
            "staff_pace": np.float32(pace), "staff_shift": np.float32(shift), "staff_risk": np.float32(risk),
            "service_time": np.float32(before),
        }  # fmt: skip
        call(kernels.serve_at_pace, **named)
        expected = [was * pace[j] if j >= 0 else was for j, was, _ in visits]
        np.testing.assert_array_equal(named["service_time"], np.float32(expected))
        named |= {"visit_firm": np.maximum(firms, 0).astype(np.int32)}
        named |= {"performance_shift": np.float32(before), "failure_risk": np.float32(other)}
        call(kernels.serve_as_able, **named)
        added = [was + shift[max(j, 0)] for j, was, _ in visits]
        np.testing.assert_array_equal(named["performance_shift"], np.float32(added))
        times = [was * risk[max(j, 0)] for j, _, was in visits]
        np.testing.assert_array_equal(named["failure_risk"], np.float32(times))


scale = st.floats(0.0, 1000.0)
costly = st.builds(replace, policy_drawn, **dict.fromkeys(SCALES, scale))


class TestCosts:
    @few
    @given(st.tuples(costly, costly), st.tuples(st.integers(0, 1000), st.integers(0, 1000)))
    def test_expenses(self, policies, visits):
        worked_out = [StaffPolicy(**section(policy)).worked_out(None) for policy in policies]
        found = [{name: held.into(value) for name, (held, value) in of.items()} for of in worked_out]
        for policy, of in zip(policies, found, strict=True):
            assert of.pop("hire_cost") == pytest.approx(policy.hire_cost, rel=1e-6)
            assert of == {name: getattr(policy, name) for name in ("training_expense", "pay_expense")}
        named = {name: np.array([of[name] for of in found]) for name in found[0]}
        named |= {name: np.array([1, 2, 3]) for name in ("staff_training", "staff_pay")}
        call(kernels.book_staff, visits=np.array([*visits, 9]), **named)
        both = list(zip(policies, visits, strict=True))
        expected = [1 + both[0][0].training_expense * visits[0], 2 + both[1][0].training_expense * visits[1], 3]
        assert named["staff_training"].tolist() == expected
        expected = [1 + both[0][0].pay_expense * visits[0], 2 + both[1][0].pay_expense * visits[1], 3]
        assert named["staff_pay"].tolist() == expected

    @pytest.mark.parametrize(
        ("lever", "books"),
        [
            (None, False), ("selectivity", False), ("customer_time", False), ("knowledge_training", True),
            ("skill_training", True), ("emotion_training", True), ("pay_premium", True), ("incentives", True),
        ],
    )  # fmt: skip
    def test_are_booked_if_any_firm_has_some(self, lever, books):
        firms = [{"name": "a"}, {"name": "b", "staff": {lever: 0.25} if lever else {}}]
        scenario = Scenario.parse({"periods": 1, "population": {"customers": 2}, "firms": firms, "staff": {}})
        assert any(step.act is kernels.book_staff for step in scenario.steps()) == books


def section(policy: Policy) -> dict[str, float]:
    """Return a policy as a section of a firm."""
    return {name: getattr(policy, name) for name in LEVERS}


@cache
def two_firms(others: bool) -> Small:
    """Return a market of two firms, with difficult customers and lines or without."""
    more: dict[str, Any] = {"difficult_customers": {}, "waiting_line": {}} if others else {}
    return Small(2, staff={}, failure_causes={}, **more)


@few
@given(
    NUMBERS, st.tuples(firm_drawn, firm_drawn), st.sampled_from([0, 1, 5]), st.booleans(),
    st.lists(st.tuples(*[st.one_of(st.just(0), st.integers(1, 5000))] * 4), min_size=2, max_size=2),
)  # fmt: skip
def test_a_period_opens_as_the_twin_says(p, firms, t, others, before):
    """Strain, load and visits are of the period before, not of one earlier; nothing where there was or is none."""
    policies, teams, *_, parts = map(list, zip(*firms, strict=True))
    small = two_firms(others)
    world, levers = small.world, levers_of(policies) | dict(zip(PARTS, np.array(parts, np.float32).T, strict=True))
    for name in (name for name in levers if name in small.firms):
        small.firms[name][:] = levers[name]
    small.firms.hire_cost[:] = [policy.hire_cost for policy in policies]
    for name, column in columns_of(teams).items():
        small.c[name][:] = column
    world.counted_by_part[:] = 0
    world.history_by_part[:] = 77
    for j in range(2) if t > 0 else ():
        for name, number in zip(("visits", "incident_strain", "busy_time", "paid_time"), before[j], strict=True):
            if name in world.tallies:
                world.layout.part(world.history_by_part[t - 1, 0], name)[j] = number
    for kernel in (kernels.look_back, kernels.develop_staff, kernels.weigh_staff, kernels.count_staff):
        Staff(**p).bind(kernel, world, 1)(0, world.n, t)
    noted = before if t > 0 else [(0, 0, 0, 0)] * 2
    strains = [staff.strain_of(strain, visits) if others else 0.0 for visits, strain, *_ in noted]
    loads = [staff.load_of(busy, paid) if others else 0.0 for *_, busy, paid in noted]
    staff.develop_all(teams, policies, strains, loads, p)
    assert_states(small.c, teams, rtol=0, atol=1e-13)
    for j, team in enumerate(teams):
        team.left = tuple(small.c.staff_leaving[:, j])  # the last bit may decide what is rounded down
        for name in STATES:
            setattr(team, name, small.c[f"staff_{name}"][j])
        expected = team.counted(policies[j], noted[j][0], p)
        hiring = small.counted("staff_hiring")[j]
        assert hiring == pytest.approx(expected.pop("staff_hiring"), rel=1e-6, abs=1)
        assert {name: small.counted(name)[j] for name in expected} == expected
        service = team.serve(policies[j], parts[j], p)
        assert small.c.staff_shift[j] == pytest.approx(service.shift, abs=1e-6)
        assert small.c.staff_risk[j] == pytest.approx(service.risk, rel=1e-6, abs=1e-7)
        assert small.c.staff_pace[j] == as_single(service.pace)


def test_measures():
    """A firm of which nothing is counted has none of them."""
    counted = {"leavers": 0.5, "left_over_pay": 0.125, "left_over_morale": 0.25, "knowledge_sum": 6.0,
               "skill_sum": 5.0, "emotion_sum": 4.0, "morale_sum": 3.0, "staff_periods": 10, "staff_training": 30.0,
               "visits": 20}  # fmt: skip
    found = {kpi.name: kpi(Tallied({n: np.array([c, 0, 0]) for n, c in counted.items()}, 13, 10)) for kpi in Staff.kpis}
    assert {name: values[0] for name, values in found.items()} == staff.measures(counted, 13)
    assert staff.measures(counted, 13) == {
        "staff_turnover": 0.65, "pay_exit_share": 0.25, "morale_exit_share": 0.5, "staff_knowledge": 0.6,
        "staff_skill": 0.5, "staff_emotion": 0.4, "staff_morale": 0.3, "training_cost": 1.5,
    }  # fmt: skip
    assert all(np.isnan(values[1]) for values in found.values())


PERIODS, PEOPLE, YEAR = 24, 150, 13
MARKET: dict[str, Any] = {
    "periods": PERIODS,
    "periods_per_year": YEAR,
    "burn_in": 4,
    "population": {"customers": PEOPLE, "purchase_rate": 0.8},
    "renewal": {"leaving_rate": 0.5, "every": 8},
    "failure_causes": {},
    "waiting_line": {"branch_visits": 60.0, "days_open": 1.0, "service_minutes": 12.0, "patience_minutes": 90.0},
    "difficult_customers": {"type_shares": [0.1] * 5, "incident_chances": [0.5] * 5},
    "staff": {"strained": 0.5, "overwork": 0.3, "comfortable": 0.4, "turnover": 0.02, "visits_per_head": 20.0},
    "firms": [
        {
            "name": "north",
            "waiting_line": {"servers": 1},
            "staff": {"knowledge_training": 0.5, "emotion_training": 0.3, "pay_premium": 0.15, "selectivity": 0.4},
        },
        {
            "name": "east",
            "staff": {"skill_training": 0.6, "incentives": 0.5, "customer_time": 0.85, "replacement_cost": 320.0},
            "failure_causes": {"price_part": 0.4},
        },
        {"name": "south", "waiting_line": {"servers": 2}, "staff": {"customer_time": 0.5}},
    ],
}
CHANGES = [
    {"name": "poor", "from": 6, "until": 12, "set": {"firms.north.staff.pay_premium": 0.0}},
    {"name": "rich", "from": 9, "set": {"firms.south.staff.pay_premium": 0.4, "firms.south.staff.labour_cost": 2.0}},
    {"name": "later", "from": 14, "set": {"firms.south.staff.knowledge_training": 0.9}},
    {"name": "hurry", "from": 17, "until": 20, "set": {"firms.south.waiting_line.servers": 0}},
]


def policies_of(scenario: Scenario) -> list[Policy]:
    """Return what firms set, as float32 holds it; costs as they are written."""
    return [
        Policy(**{
            name: value if name in SCALES else as_single(value)
            for name, value in ((name, getattr(firm.staff, name)) for name in LEVERS)
        })
        for firm in scenario.firms
    ]  # fmt: skip


def counted_in(world: Any, name: str, t: int) -> list[int]:
    """Return what was counted of each firm in a period."""
    return world.history[t, world.rows[name], : world.m].tolist()


COMING = {"entry": {}, "firms.east.entry.opens": 7, "firms.north.entry.closes": 15}


@pytest.mark.parametrize(("changes", "entry"), [([], {}), (CHANGES, {}), (CHANGES, COMING)])
def test_a_whole_market_is_that_of_the_twin(changes, entry):
    """Without dates, with them, and where a firm opens later and another one closes: then nobody works there."""
    scenario = Scenario.parse({**MARKET, "changes": changes}).replace(entry)
    engine = Engine(scenario, seed=3, replication=1)
    world, c, stretches = engine.world, engine.world.customers, dict(scenario.stretches())
    p = {name: as_single(value) for name, value in ((n, getattr(scenario.staff, n)) for n in EXAMPLE)}
    teams, none = [Team() for _ in range(3)], [0] * 3
    totals: dict[str, Any] = {name: np.zeros(3) for name in (*COUNTS, "visits")}
    for t in range(PERIODS):
        now = stretches[t] = stretches.get(t, stretches.get(t - 1))
        is_open = [firm.entry.opens <= t < (firm.entry.closes or PERIODS) for firm in now.firms]
        policies = [own if there else Policy() for own, there in zip(policies_of(now), is_open, strict=True)]
        visits, strain, busy, paid = (
            counted_in(world, name, t - 1) if t > 0 else none
            for name in ("visits", "incident_strain", "busy_time", "paid_time")
        )
        engine.run(1)
        staff.develop_all(teams, policies, list(map(staff.strain_of, strain, visits)),
                          list(map(staff.load_of, busy, paid)), p, is_open)  # fmt: skip
        assert_states(c, teams, rtol=0, atol=1e-11)
        for j, (team, policy, firm) in enumerate(zip(teams, policies, now.firms, strict=True)):
            came = counted_in(world, "visits", t)[j]
            expected = team.counted(policy, visits[j], p, is_open[j])
            expected |= {"staff_training": policy.training_expense * came, "staff_pay": policy.pay_expense * came}
            found = {name: counted_in(world, name, t)[j] for name in expected}
            assert found == expected, (t, j)
            parts = tuple(as_single(getattr(firm.failure_causes, part)) for part in PARTS)
            service = team.serve(policy, parts, p)
            found = c.staff_shift[j], c.staff_risk[j], c.staff_pace[j]
            if is_open[j]:
                assert found == pytest.approx((service.shift, service.risk, service.pace), rel=1e-6, abs=1e-6)
            for name, number in expected.items():
                totals[name][j] += number * world.tallies[name].scale
            totals["visits"][j] += came
    strained = world.tallied("incident_strain").sum(axis=0)[:3] / world.tallied("visits").sum(axis=0)[:3]
    assert min(strained) > 0.002
    assert world.tallied("busy_time")[:, 0].sum() > 0.5 * world.tallied("paid_time")[:, 0].sum()
    tallied = {name: world.tallied(name).sum(axis=0) for name in world.tallies}
    for kpi in Staff.kpis:
        of_firms = [staff.measures({name: of[j] for name, of in totals.items()}, YEAR)[kpi.name] for j in range(3)]
        np.testing.assert_allclose(kpi(Tallied(tallied, YEAR, PERIODS)), of_firms, rtol=1e-12, err_msg=kpi.name)
    others = Engine(scenario, seed=3, replication=1, threads=3)
    others.set_tile(64)
    others.run(PERIODS)
    np.testing.assert_array_equal(others.world.history, world.history)

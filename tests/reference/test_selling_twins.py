"""The twins of buying centres and of sales forces: by hand, against the kernels, and in a whole market."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.core.kernels import kernel
from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.choice.buying_centre import BuyingCentre
from abm.mechanisms.choice.buying_centre_counts import count_attitudes, count_stages, count_wins
from abm.mechanisms.choice.buying_centre_kernels import (
    draw_attitudes,
    draw_centres,
    form_shortlist,
    learn_roles,
    move_attitudes,
)
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.phases import Phase
from abm.mechanisms.relationship.sales_force import SalesForce
from abm.mechanisms.relationship.sales_force_kernels import (
    add_call_pull,
    aim_calls,
    approach_called,
    count_funnel,
    make_calls,
    note_sales,
    plan_calls,
)
from abm.scenario.scenario import Scenario
from abm.world.columns import Column
from abm.world.world import World
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import buying_centre, sales_force
from tests.reference.buying_centre import ROLES, Centre, Experience
from tests.reference.by_hand import SEED, assert_counted, put, share, visited
from tests.reference.closeness import as_single
from tests.reference.random_numbers import stream_key
from tests.reference.sales_force import Force, Person

N, M = 5, 3


def each(values: st.SearchStrategy[Any], many: int) -> st.SearchStrategy[list[Any]]:
    """Draw so many values."""
    return st.lists(values, min_size=many, max_size=many)


def pairs(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[list[Any]]]:
    """Draw a value for each firm and customer."""
    return each(each(values, N), M)


def single(numbers: dict[str, Any]) -> dict[str, Any]:
    """Return parameters as float32 holds them."""
    return {name: as_single(value) if isinstance(value, float) else value for name, value in numbers.items()}


def between(low: float, high: float) -> st.SearchStrategy[float]:
    """Draw numbers that float32 holds."""
    return st.floats(low, high, width=32)


class TestBuyingCentreByHand:
    p = buying_centre.EXAMPLE

    def test_stances(self):
        """Nearest whole numbers, halves up: at -1.5 an approver is no opponent yet, at 1.5 a user is a sponsor."""
        assert [buying_centre.stance(a) for a in (-2.0, -1.51, -1.5, -0.5, 0.49, 0.5, 1.49, 1.5)] == [
            *(-2, -2, -1, 0, 0, 1, 1, 2)
        ]

    def test_shortlist(self):
        """X of -0.25, 0 and 0.25: one is for it; without that one, all that are known, but none that is vetoed."""
        lists = [[-1.0, 0.0, 0.0, 0.0], [1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
        influence = [0.25] * 4
        assert buying_centre.shortlist([True] * 3, influence, lists) == [False, False, True]
        assert buying_centre.shortlist([True, True, False], influence, lists) == [True, True, False]
        vetoed = [[2.0, -2.0, 2.0, 2.0], *lists[:2]]
        assert buying_centre.shortlist([True] * 3, influence, vetoed) == [False, True, True]
        assert buying_centre.shortlist([True, False, False], influence, vetoed) == [False] * 3

    def test_moves(self):
        """0.3 is where attitudes fade to: from 1.3 to 1.29, and by two talks to 2 - 0.71 * 0.95^2."""
        assert buying_centre.moved(1.3, 0, self.p) == pytest.approx(1.29)
        assert buying_centre.moved(1.3, 2, self.p) == pytest.approx(2.0 - 0.71 * 0.9025)

    def test_learning(self):
        """8 * 0.1; a tenth saved; 8 * 0.05 less 4 * 0.5; 0.4 * 0.8 + 0.3 * 1 - 0.3 * 1.6. A third of the way... 0.3."""
        goals = Experience(0.75, 0.9, 1.0, 0.6, 0.5).goals(self.p)
        assert goals == pytest.approx([0.8, 1.0, -1.6, 0.14])
        assert Experience(0.75, 0.9, 1.0, 0.6, 0.5).teach([0.0] * 4, self.p) == pytest.approx([0.24, 0.3, -0.48, 0.042])
        assert Experience(0.75, 0.9, 0.0, 0.6, 0.5).goals(self.p)[1] == 0.0

    def test_criteria_are_clipped_before_they_are_mixed(self):
        """A price of a half would draw the approver to 5: 2 at most, and 0.3 of that the decider."""
        assert Experience(0.65, 0.5, 1.0, 0.55, 0.0).goals(self.p) == pytest.approx([0.0, 2.0, 0.0, 0.6])

    def test_cost(self):
        """0.15 ln 2 = 0.103972 cu for each of two roles."""
        assert buying_centre.Policy((0.5, 0.0, 0.0, 0.5)).expense == 2079

    def test_counts(self):
        centre = Centre([True, True], [0.25] * 4, [[1.5, 0.0, 0.0, 0.0], [-1.0, -1.6, 0.0, 0.0]])
        assert list(centre.stages(0).values()) == [1, 1, 1]
        assert list(centre.stages(1).values()) == [1, 0, 0]
        assert list(centre.wins(0).values()) == [1, 1]
        assert list(centre.stances(0).values()) == [1, 0, int(2.375 * 2**20), 1, 0, 0, 0]
        assert list(centre.stances(1).values())[:2] == [1, 1]


OF_CENTRES = {
    "fading": share,
    "persuasion": share,
    "first_attitude": between(-2.0, 2.0),
    "support_weight": between(0.0, 3.0),
    "learning": share,
    "user_standard": share,
    "user_scale": between(0.0, 16.0),
    "approver_scale": between(0.0, 16.0),
    "evaluator_standard": share,
    "evaluator_scale": between(0.0, 16.0),
    "severity_scale": between(0.0, 16.0),
    "decider_quality": st.sampled_from([0.0, 0.25, 0.5]),
    "decider_price": st.sampled_from([0.0, 0.125, 0.5]),
}
of_centres = st.fixed_dictionaries(OF_CENTRES)
some_parts = st.sampled_from([(0.25, 0.25, 0.25, 0.25), (0.5, 0.125, 0.25, 0.125), (0.0, 0.0, 0.5, 0.5), (1, 0, 0, 0)])
attitude = st.sampled_from([-2.0, -1.625, -1.5, -1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 1.375, 1.5, 1.625, 2.0])
four = st.tuples(attitude, attitude, attitude, attitude)
of_customer = st.fixed_dictionaries(
    {
        "organisation": st.sampled_from([True, True, True, False]),
        "influence": some_parts,
        "exited": st.sampled_from([-1, -1, -1, 0, 3]),
    }
)
mostly = st.sampled_from([True, True, True, False])
NAMES = [f"{role}_attitude" for role in ROLES]


def put_centres(
    small: Small, people: list[dict[str, Any]], aware: list[list[bool]], held: list[list[Any]]
) -> list[Centre | None]:
    """Write buying centres into a small world; return them as the twin sees them, None = decides alone."""
    small.c.organisation[:] = [person["organisation"] for person in people]
    small.c.influence[:] = np.transpose([person["influence"] for person in people])
    small.c.exited[:] = [person["exited"] for person in people]
    small.c.aware[:] = aware
    for k, name in enumerate(NAMES):
        small.c[name][:] = [[of[k] for of in row] for row in held]
    return [
        Centre(
            [row[i] for row in aware], person["influence"], [list(row[i]) for row in held], person["exited"] >= 0
        )
        if person["organisation"]
        else None
        for i, person in enumerate(people)
    ]  # fmt: skip


def assert_attitudes(small: Small, centres: list[Centre | None], before: list[list[Any]], **closely: float) -> None:
    """Compare all attitudes; of who decides alone they stay."""
    expected = [
        [of.attitudes[j] if of else list(before[j][i]) for i, of in enumerate(centres)] for j in range(len(before))
    ]
    for k, name in enumerate(NAMES):
        np.testing.assert_allclose(small.c[name], [[of[k] for of in row] for row in expected], err_msg=name, **closely)


def added(found: dict[str, list[int]], j: int, more: dict[str, int]) -> None:
    """Add counts of a firm."""
    for name, number in more.items():
        found[name][j] += number


@settings(max_examples=examples(20))
@given(
    st.permutations(range(0, 9 * N, 9)),
    st.sampled_from([(0.25, 0.25, 0.2, 0.3), (0.7, 0.1, 0.1, 0.1), (0.0, 0.5, 0.5, 0.0)]),
    st.fixed_dictionaries(
        {
            "centre_share": share.filter(lambda x: x > 0.0),
            "influence_spread": between(0.0, 2.0),
            "first_attitude": between(-2.0, 2.0),
            "attitude_spread": between(0.0, 2.0),
        }
    ),
    st.integers(0, 3),
)
def test_how_centres_begin_is_as_the_twin_says(identities, parts, numbers, replication):
    own = dict(zip((f"{role}_part" for role in ROLES), parts, strict=True)) | numbers
    small = Small(N, [{}] * M, buying_centre=own)
    small.c.customer_id[:], small.world.replication = identities, replication
    key, p = stream_key(SEED, "buying_centre"), {**buying_centre.EXAMPLE, **own}
    for drawn in (draw_centres, draw_attitudes):
        small.run("buying_centre", drawn)
    luck = [buying_centre.luck_of_centre(key, identity, replication) for identity in identities]
    assert small.c.organisation.tolist() == [u < p["centre_share"] for u in luck]
    influence = [buying_centre.influence(key, identity, p, replication) for identity in identities]
    np.testing.assert_allclose(small.c.influence, np.transpose(influence), rtol=5e-6, atol=1e-7)
    for j in range(M):
        first = [buying_centre.first_attitudes(key, identity, j, p, replication) for identity in identities]
        for k, name in enumerate(NAMES):
            np.testing.assert_allclose(small.c[name][j], [of[k] for of in first], atol=5e-6)


def test_centres_are_drawn_as_a_world_begins():
    small = Small(40, [{}] * M, buying_centre={"centre_share": 0.5})
    key, p = stream_key(SEED, "buying_centre"), {**buying_centre.EXAMPLE, "centre_share": 0.5}
    assert small.c.organisation.tolist() == [buying_centre.luck_of_centre(key, i) < 0.5 for i in range(40)]
    np.testing.assert_allclose(small.c.influence[:, 3], buying_centre.influence(key, 3, p), rtol=5e-6)
    first = buying_centre.first_attitudes(key, 3, 2, p)
    np.testing.assert_allclose([small.c[name][2, 3] for name in NAMES], first, atol=5e-6)


chance = between(0.0, 0.9375)
of_talks = st.just((0.0,) * 4) | st.tuples(chance, chance, chance, chance)


@settings(max_examples=examples(25))
@given(
    of_centres, each(st.tuples(of_talks, st.sampled_from([0.15, 2.0])), M), each(of_customer, N), pairs(mostly),
    pairs(four), st.permutations(range(3, 3 + N)), st.integers(0, 60),
)  # fmt: skip
def test_talks_are_those_of_the_twin(numbers, levers, people, aware, held, identities, t):
    policies = [buying_centre.Policy(*lever) for lever in levers]
    firms = [
        {"buying_centre": dict(zip((f"{r}_effort" for r in ROLES), efforts, strict=True)) | {"talk_cost": cost}}
        for efforts, cost in levers
    ]
    small, p = Small(N, firms, buying_centre=numbers), {**buying_centre.EXAMPLE, **numbers}
    centres, key = put_centres(small, people, aware, held), stream_key(SEED, "buying_centre")
    small.c.customer_id[:] = identities
    small.phases(Phase.CONTACT, t=t)
    talks = np.zeros((4, M, N))
    expected = {"talks_held": [0] * M, "persuasion_spend": [0] * M}
    for i, centre in enumerate(centres):
        for j, policy in enumerate(policies):
            if centre and centre.known[j] and not centre.left:
                talks[:, j, i] = policy.talks(buying_centre.luck_of_talks(key, identities[i], t, j))
                expected["persuasion_spend"][j] += policy.expense
    for k, role in enumerate(ROLES):
        small.passing[f"{role}_talks"][:, :N] += 1.0 * (k == t % 4)  # of another theory
        talks[k] += 1.0 * (k == t % 4)
        np.testing.assert_array_equal(small.passing[f"{role}_talks"][:, :N], talks[k])
    small.run("buying_centre", move_attitudes, t)
    for i, centre in enumerate(centres):
        for j in range(M if centre else 0):
            four = zip(centre.attitudes[j], talks[:, j, i], strict=True)
            centre.attitudes[j] = [buying_centre.moved(a, int(many), p) for a, many in four]
            expected["talks_held"][j] += int(talks[:, j, i].sum())
    assert_attitudes(small, centres, held, rtol=2e-6, atol=1e-6)
    assert_counted(small, expected)


of_visits = st.lists(st.tuples(st.integers(0, N - 1), st.integers(-1, M - 1)), max_size=14).map(sorted)


@settings(max_examples=examples(25))
@given(
    between(0.0, 3.0), each(of_customer, N), pairs(mostly), pairs(four), of_visits, pairs(between(-4.0, 4.0))
)  # fmt: skip
def test_stages_of_a_purchase_are_those_of_the_twin(weight, people, aware, held, visits, worth):
    small = Small(N, [{}] * M, buying_centre={"support_weight": weight})
    centres = put_centres(small, people, aware, held)
    small.passing.shortlisted[:] = 1  # of the tile before
    small.passing.utility[:, :N] = worth
    small.run("buying_centre", form_shortlist)
    small.visits(*zip(*visits, strict=True)) if visits else small.visits([], [])
    small.run("buying_centre", count_stages)
    small.run("buying_centre", count_wins)
    small.run("buying_centre", count_attitudes)
    names = (*buying_centre.OF_STAGES, *buying_centre.OF_WINS, *buying_centre.OF_STANCES)
    expected, needs = {name: [0] * M for name in names}, 0
    for i, j in visits:
        centre = centres[i]
        needs += centre is not None
        for k in range(M if centre else 0):
            added(expected, k, centre.stages(k))
        if centre and j >= 0:
            added(expected, j, centre.wins(j))
    for i, centre in enumerate(centres):
        for j in range(M):
            found = small.passing.utility[j, i]
            if centre is None:
                assert found == np.float32(worth[j][i])
                continue
            added(expected, j, centre.stances(j))
            assert small.passing.shortlisted[j, i] == centre.listed[j]
            if centre.listed[j]:
                x = buying_centre.support(centre.influence, centre.attitudes[j])
                assert found == pytest.approx(worth[j][i] + weight * x, abs=2e-6)
            else:
                assert found < -1e29
    assert_counted(small, expected)
    assert small.world.lookup("centre_needs", 0).tolist() == [0] * M + [needs]


of_experience = st.tuples(share, share, st.sampled_from([0.0, 0.0, 0.25]), st.integers(0, N - 1), st.integers(0, M - 1))


@settings(max_examples=examples(25))
@given(
    of_centres, each(of_customer, N), pairs(mostly), pairs(four), pairs(share),
    each(between(0.0, 2.0) | st.just(0.0), M),
    st.lists(of_experience, min_size=1, max_size=14).map(lambda of: sorted(of, key=lambda one: one[3])),
)  # fmt: skip
def test_what_roles_learn_is_what_the_twin_says(numbers, people, aware, held, trust, prices, experiences):
    p = {**buying_centre.EXAMPLE, **numbers}
    small = Small(N, [{"price": price} for price in prices], buying_centre=numbers)
    centres = put_centres(small, people, aware, held)
    small.c.trust[:] = trust
    small.visits([of[3] for of in experiences], [of[4] for of in experiences])
    performance, severity, discount = zip(*(of[:3] for of in experiences), strict=True)
    put(small, performance=performance, failure_severity=severity, visit_discount=discount)
    small.run("buying_centre", learn_roles)
    for delivered, severe, off, i, j in experiences:
        if centres[i]:
            usual = buying_centre.usual_price(prices, centres[i].known)
            of = Experience(delivered, prices[j] * (1.0 - off), usual, trust[j][i], severe)
            centres[i].attitudes[j] = of.teach(centres[i].attitudes[j], p)
    assert_attitudes(small, centres, held, rtol=2e-6, atol=3e-5)


counted = st.integers(0, 4)
OF_CENTRES_COUNTED = (*buying_centre.OF_STAGES, *buying_centre.OF_WINS, *buying_centre.OF_STANCES, "talks_held")
OF_FORCES_COUNTED = (
    *sales_force.PLANNED, *sales_force.CALLS, *sales_force.SALES, *sales_force.STAGES, "salary_bill"
)  # fmt: skip
SCALES = {
    "support_sum": 2.0**-20, "sales_foreseen": 2.0**-20, "sales_missed": 2.0**-20, "commission_paid": 0.01,
    "salary_bill": 1e-5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("theory", "twin", "names"),
    [(BuyingCentre, buying_centre, OF_CENTRES_COUNTED), (SalesForce, sales_force, OF_FORCES_COUNTED)],
    ids=["buying_centre", "sales_force"],
)
@settings(max_examples=examples(25))
@given(data=st.data())
def test_measures_are_those_of_the_twin(theory, twin, names, data):
    of = {name: data.draw(counted) * (3 if name in SCALES else 1) for name in names}
    assert_measures({name: np.array([of[name], 0]) * SCALES.get(name, 1.0) for name in names}, theory, twin, of, 12.0)


def assert_measures(tallied, theory, twin, of, population, firm=0):
    """Compare what is measured of a firm with what the twin makes of all that was counted."""
    counts = {
        **tallied,
        "population": np.full_like(tallied["talks_held" if twin is buying_centre else "sales_made"], population),
    }
    expected, found = twin.measures(of, population), Tallied(counts, 52, 1)
    assert {measure.name for measure in theory.kpis} == set(expected)
    for measure in theory.kpis:
        value = math.nan if expected[measure.name] is None else expected[measure.name]
        assert float(measure(found)[firm]) == pytest.approx(value, nan_ok=True, abs=1e-6), measure.name


class TestSalesForceByHand:
    p = sales_force.EXAMPLE
    policy = sales_force.Policy(2.0, commission=0.05, prospect_share=0.75, to_leads=0.25)

    def test_calls(self):
        """Two for 1,000 make 40 calls each 1,000, half as eager as can be 50; of 200 customers 10."""
        assert self.policy.eagerness(self.p) == pytest.approx(0.5)
        assert self.policy.calls(200, self.p) == pytest.approx(10.0)
        assert self.policy.shares() == pytest.approx([0.5625, 0.1875, 0.25])

    def test_plan(self):
        """Of two suspects called one bought: 0.1 becomes 0.14; who has left is not called."""
        force = Force(self.policy, 0, self.p)
        people = [Person(called=c) for c in (1, 5, 0, 0)] + [Person(called=7, known=True, exited=3)]
        found = force.plan(people)
        foreseen = 2 * math.floor(0.12 * 2**20) + math.floor(0.12 * 2**20)
        assert found == {"sales_foreseen": foreseen, "sales_made": 2, "sales_missed": 2 * 2**20 - foreseen}
        assert force.hit_rate == pytest.approx([0.14, 0.1, 0.19])
        assert force.chance == pytest.approx([0.25 * 0.5625 / 4, 0.0, 0.0])

    def test_who_is_called_as_what(self):
        of = (Person(), Person(funnel=1), Person(funnel=2), Person(funnel=3), Person(funnel=1, known=True))
        assert [person.group for person in of] == [1, 2, 3, 3, 3]

    def test_a_talk(self):
        """Half of what is left of the pull, half as gladly; a third of a half of the way to 0.75 + 0.075."""
        person = Person(called=1, pull=0.2, aware=False, expectation=0.525, encounters=0)
        assert person.talk(7, 0.5, self.policy, self.p)
        assert (person.pull, person.expectation) == pytest.approx((0.4, 0.525 + 0.3 * 0.3))
        assert (person.aware, person.called_last, person.funnel) == (True, 7, sales_force.LEAD)
        annoyed = Person(called=1, pull=0.2, encounters=2, expectation=0.525)
        assert not annoyed.talk(7, -0.5, self.policy, self.p)
        assert (annoyed.pull, annoyed.expectation) == pytest.approx((0.2, 0.525 + 0.1 * 0.3))
        assert annoyed.funnel == sales_force.REGULAR

    def test_sales(self):
        """A lead who is called comes twice in the period, and again 3 and 4 periods later: 5% of 9.90 are 50 cents."""
        force, person = Force(self.policy, 0, self.p), Person(called=2, called_last=7, funnel=1)
        noted = [force.sell(t, person, 990) for t in (7, 7, 10, 11)]
        assert [list(of.values()) for of in noted] == [
            [1, 0, 1, 0, 1, 50],
            [0, 0, 0, 1, 1, 50],
            [0, 0, 0, 0, 1, 50],
            [0, 0, 0, 0, 0, 0],
        ]

    def test_funnel(self):
        of = [(0, 0), (1, 0), (2, 1), (3, 2), (0, 4)]
        people = [Person(funnel=funnel, encounters=visits) for funnel, visits in of] + [Person(exited=2)]
        assert list(Force(self.policy, 0, self.p).count(people).values()) == [1, 1, 1, 2]

    def test_salaries(self):
        """1.5 persons at 20.01 cu are 3001.5 cents for 1,000 customers."""
        assert sales_force.Policy(1.5, salary=20.01).salaries(400) == 400 * 3002


OF_FORCES = {
    "calls_each": between(0.0, 1000.0),
    "persuasiveness": share,
    "call_weight": between(0.0, 4.0),
    "call_kept": between(0.0, 0.984375),
    "said_pull": share,
    "zeal": between(0.0, 2.0),
    "exaggeration": share,
    "half_commission": between(0.0078125, 0.5),
    "credited_for": st.integers(1, 6),
    "first_hit_rate": share,
    "hit_memory": share,
    "optimism": between(-1.0, 4.0),
}
of_forces = st.fixed_dictionaries(OF_FORCES)
AIMS = ("nobody", *ROLES)
of_force = st.tuples(
    st.just(0.0) | between(0.5, 100.0), st.sampled_from([0.0, 20.0, 33.335]), st.just(0.0) | between(0.0, 0.75), share,
    share, st.integers(0, 4), share,
).map(lambda of: sales_force.Policy(*of))  # fmt: skip


def visits_of(person: Person) -> int:
    """Return visits that agree with a funnel: a lead has not come, a trial has, a customer who was called oftener."""
    return 0 if person.funnel == sales_force.LEAD else max(person.encounters, person.funnel - 1)


of_person = st.builds(
    Person,
    called=st.sampled_from([0, 0, 1, 2, 3, 5, 6, 7]),
    called_last=st.integers(-1, 7),
    funnel=st.integers(0, 3),
    pull=share,
    aware=mostly,
    expectation=share,
    encounters=st.sampled_from([0, 0, 1, 2, 5]),
    known=st.booleans(),
    reachable=st.booleans(),
).map(lambda person: replace(person, encounters=visits_of(person)))
of_leaving = st.sampled_from([-1, -1, -1, 0, 7])
of_selling = each(of_force, M).filter(lambda policies: any(policy.salespeople > 0 for policy in policies))
OF_PERSON = {
    "called": "called", "called_last": "called_last", "funnel": "funnel", "call_pull": "pull", "aware": "aware",
    "expectation": "expectation", "encounters": "encounters", "known": "known", "reachable": "reachable",
}  # fmt: skip


def selling(policies: list[sales_force.Policy], numbers: dict[str, Any], customers: int = N, **sections: Any) -> Small:
    """Return a small world with these sales forces; one more firm has nobody who sells."""
    firms = [
        {
            "sales_force": {
                **{name: getattr(of, name) for name in ("salespeople", "salary", "commission", "prospect_share")},
                "to_leads": of.to_leads,
                "aim": AIMS[of.aim],
            },
            "promise": of.promise,
        }
        for of in policies
    ]
    return Small(customers, firms, information={}, contacts={}, sales_force=numbers, buying_centre={}, **sections)


def put_people(small: Small, people: list[list[Person]], left: list[int]) -> None:
    """Write what customers are to firms into a small world."""
    small.c.exited[:] = left
    for row in people:
        for person, exited in zip(row, left, strict=True):
            person.exited = exited
    for name, attribute in OF_PERSON.items():
        small.c[name][:] = [[getattr(person, attribute) for person in row] for row in people]


def assert_people(columns: Any, people: list[list[Person]], closely: float = 2e-6) -> None:
    """Compare what customers are to firms."""
    for name, attribute in OF_PERSON.items():
        expected = [[getattr(person, attribute) for person in row] for row in people]
        np.testing.assert_allclose(columns[name], expected, rtol=closely, atol=closely, err_msg=name)


def total(of: list[dict[str, int]]) -> dict[str, list[int]]:
    """Return counts by firm, of one dictionary a firm."""
    return {name: [one[name] for one in of] for name in of[0]}


@settings(max_examples=examples(25))
@given(of_forces, of_selling, pairs(of_person), each(of_leaving, N), pairs(share))
def test_plans_are_those_of_the_twin(numbers, policies, people, left, learned):
    small, p = selling(policies, numbers), {**sales_force.EXAMPLE, **numbers}
    put_people(small, people, left)
    learned = [of[:3] for of in learned]
    small.c.hit_rate[:], small.c.call_chance[:] = learned, 0.375
    forces = [Force(policy, j, p, list(learned[j]), [0.375] * 3) for j, policy in enumerate(policies)]
    found = total([force.plan(row) for force, row in zip(forces, people, strict=True)])
    small.run("sales_force", plan_calls, 8)
    assert_counted(small, {"sales_made": found["sales_made"]})
    for name in ("sales_foreseen", "sales_missed"):  # float32 may state a chance a step beside that of float64
        np.testing.assert_allclose(small.world.lookup(name, 0)[:-1], found[name], atol=1.0 * N, err_msg=name)
    np.testing.assert_allclose(small.c.hit_rate, [force.hit_rate for force in forces], rtol=2e-6, atol=1e-7)
    for force, chances in zip(forces, small.c.call_chance, strict=True):
        if force.works:
            np.testing.assert_allclose(chances, force.chance, rtol=5e-6, atol=1e-7)


def test_a_forecast_is_cut_off_to_whole_steps():
    """0.125 and 0.3 of a call: 131072 and 314572.8 steps of 2^-20; three are foreseen, and one comes."""
    numbers = {"optimism": 0.0, "hit_memory": 0.5}
    small = selling([sales_force.Policy(1.0)], numbers, 4)
    people = [[Person(called=c) for c in (1, 3, 7, 0)]]
    put_people(small, people, [-1, -1, 5, -1])
    small.c.hit_rate[:] = [[0.125, 0.25, 0.3]]
    force = Force(sales_force.Policy(1.0), 0, {**sales_force.EXAMPLE, **numbers}, [0.125, 0.25, as_single(0.3)])
    small.run("sales_force", plan_calls, 8)
    found = force.plan(people[0])
    assert found == {"sales_foreseen": 131072 + 2 * 314572, "sales_made": 1, "sales_missed": 2**20 - 131072 - 629144}
    assert_counted(small, {name: [number] for name, number in found.items()})
    np.testing.assert_allclose(small.c.hit_rate, [force.hit_rate], rtol=1e-6)


@settings(max_examples=examples(25))
@given(
    of_forces, of_selling, pairs(of_person), each(of_leaving, N), pairs(share), pairs(between(-1.0, 1.0)),
    st.permutations(range(2, 2 + N)), st.integers(0, 9),
)  # fmt: skip
def test_calls_are_those_of_the_twin(numbers, policies, people, left, chances, welcome, identities, t):
    small, p, key = selling(policies, numbers), {**sales_force.EXAMPLE, **numbers}, stream_key(SEED, "sales_force")
    put_people(small, people, left)
    chances = [of[:3] for of in chances]
    small.c.customer_id[:], small.c.call_chance[:] = identities, chances
    small.passing.contact_welcome[:, :N] = welcome
    small.passing.approaches[:, :N], small.passing.utility[:, :N] = 2.0, 1.0
    forces = [Force(policy, j, p, [0.1] * 3, chances[j]) for j, policy in enumerate(policies)]
    talks = np.zeros((4, M, N))
    for k, role in enumerate(ROLES):
        small.passing[f"{role}_talks"][:, :N] = talks[k] = float(k)
    for made in (make_calls, approach_called):
        small.run("sales_force", made, t)
    aims = any(policy.aim and policy.salespeople > 0 for policy in policies)
    if aims:
        small.run("sales_force", aim_calls, t)
    small.run("sales_force", add_call_pull, t)
    found = []
    for j, force in enumerate(forces):
        luck = [sales_force.luck_of_call(key, identity, t, j) for identity in identities]
        found.append(force.call(t, people[j], luck, welcome[j]))
        for i, person in enumerate(people[j]):
            if person.is_reached and force.policy.aim:
                talks[force.policy.aim - 1, j, i] += 1
            assert small.passing.approaches[j, i] == 2.0 + (person.called > 0 and person.known)
            assert small.passing.utility[j, i] == pytest.approx(1.0 + p["call_weight"] * person.pull, rel=1e-5)
    assert_people(small.c, people)
    assert_counted(small, total(found))
    for k, role in enumerate(ROLES):
        np.testing.assert_array_equal(small.passing[f"{role}_talks"][:, :N], talks[k])


of_sales = st.lists(
    st.tuples(st.integers(0, N - 1), st.integers(0, M - 1), st.integers(0, 9000) | st.sampled_from([0, 50, 1000])),
    max_size=14,
).map(lambda of: sorted(of, key=lambda one: one[0]))


@settings(max_examples=examples(25))
@given(
    st.integers(1, 6), of_selling, pairs(of_person), each(of_leaving, N), of_sales,
    st.integers(7, 12),
)  # fmt: skip
def test_sales_are_those_of_the_twin(credited, policies, people, left, sales, t):
    small = selling(policies, {"credited_for": credited})
    put_people(small, people, left)
    p = {**sales_force.EXAMPLE, "credited_for": credited}
    forces = [Force(policy, j, p) for j, policy in enumerate(policies)]
    small.visits(*([of[k] for of in sales] for k in (0, 1)))
    put(small, visit_spend=[of[2] for of in sales])
    small.run("sales_force", note_sales, t)
    expected = {name: [0] * M for name in sales_force.SALES}
    for i, j, cents in sales:
        added(expected, j, forces[j].sell(t, people[j][i], cents))
    assert_people(small.c, people)
    for i, j, _ in sales:
        people[j][i].encounters += 1
    put_people(small, people, left)
    small.run("sales_force", count_funnel, t)
    small.phases(Phase.BOOKS, t=t)
    expected |= total([force.count(row) for force, row in zip(forces, people, strict=True)])
    expected["salary_bill"] = [policy.salaries(N) for policy in policies]
    assert_counted(small, expected)


@pytest.mark.parametrize(("commission", "cents", "paid"), [(0.5, 1, 1), (0.25, 2, 1), (0.1, 15, 2), (0.3, 5, 2)])
def test_half_a_cent_of_commission_is_rounded_up_as_float32_holds_it(commission, cents, paid):
    """0.1 as float32 is a little more than 0.1, and 0.3 too, so that what is half a cent on paper is more."""
    small = selling([sales_force.Policy(1.0, commission=commission)], {}, 1)
    small.c.called_last[:] = 3
    small.visits([0], [0])
    put(small, visit_spend=[cents])
    small.run("sales_force", note_sales, 3)
    assert_counted(small, {"commission_paid": [paid]})
    assert sales_force.Policy(1.0, commission=as_single(commission)).commission_on(cents) == paid


def test_who_lets_her_salespeople_go_has_called_nobody():
    """A year later no sale is held against the calls of before."""
    small = selling([sales_force.Policy(50.0), sales_force.Policy(1.0)], {})
    people = [[Person(called=3, called_last=1, known=True, pull=0.5) for _ in range(N)] for _ in range(2)]
    put_people(small, people, [-1] * N)
    for t, salespeople in ((2, 0.0), (9, 50.0)):
        small.firms.salespeople[0] = salespeople
        force = Force(sales_force.Policy(salespeople), 0, sales_force.EXAMPLE)
        found = force.plan(people[0])
        force.call(t, people[0], [1.0] * N, [1.0] * N)
        small.world.lookup("sales_foreseen", 0).fill(0)
        small.run("sales_force", plan_calls, t)
        small.c.call_chance.fill(0.0)
        small.run("sales_force", make_calls, t)
        assert small.world.lookup("sales_foreseen", 0)[0] == found["sales_foreseen"] == 0
        assert_people({name: small.c[name][:1] for name in OF_PERSON}, people[:1])


SELLERS: dict[str, Any] = {
    "off": ["word_of_mouth"],
    "population": {"customers": 110, "purchase_rate": 0.35},
    "pricing": {"price_sensitivity": 2.0},
    "defection": {"exit_rate": 0.01},
    "renewal": {"leaving_rate": 0.3, "every": 6},
    "periods_per_year": 26,
    "information": {},
    "contacts": {"data_decay": 0.05, "tolerated": 0.3},
    "buying_centre": {"centre_share": 0.75, "persuasion": 0.2, "attitude_spread": 1.2},
    "sales_force": {"calls_each": 60.0, "hit_memory": 0.3},
    "firms": [
        {
            "name": "north",
            "sales_force": {"salespeople": 4.0, "commission": 0.1, "aim": "decider", "to_leads": 0.3},
            "buying_centre": {"user_effort": 0.2, "approver_effort": 0.1},
        },
        {"name": "east", "sales_force": {"salespeople": 1.0, "commission": 0.02}, "price": 1.1},
        {"name": "south", "buying_centre": {"evaluator_effort": 0.3}, "service": {"failure_rate": 0.2}},
    ],
    "changes": [
        {"name": "gone", "from": 9, "until": 15, "set": {"firms.north.sales_force.salespeople": 0.0}},
        {"name": "late", "from": 12, "set": {"firms.south.sales_force.salespeople": 2.0}},
        {"name": "aim", "from": 18, "set": {"firms.north.sales_force.aim": "user"}},
        {"name": "quiet", "from": 20, "set": {"firms.north.buying_centre.user_effort": 0.0}},
    ],
}  # fmt: skip
for of in SELLERS["firms"]:
    of["information"] = {"data_coverage": 0.4}
    of["initial_awareness"] = 0.5
OF_PAIRS = ("aware", "expectation", "encounters", "known", "reachable")


def policies_of(scenario: Scenario) -> tuple[list[sales_force.Policy], list[buying_centre.Policy]]:
    """Return what firms set, as float32 holds it."""
    sales = [
        sales_force.Policy(
            **single({name: value for name, value in firm.sales_force.model_dump().items() if name != "aim"}),
            aim=AIMS.index(firm.sales_force.aim),
            promise=as_single(firm.promise),
        )
        for firm in scenario.firms
    ]
    talking = [
        buying_centre.Policy(firm.buying_centre.efforts, firm.buying_centre.talk_cost) for firm in scenario.firms
    ]
    return sales, talking


SEEN: dict[str, np.ndarray] = {}


def remember(world: World, t: int) -> None:
    """Keep what customers are as a period opens, newcomers among them."""
    SEEN.update({name: world.customers[name].copy() for name in (*OF_PAIRS, "exited", "customer_id", "contact_load")})


@kernel
def note_needs(needs_noted, visit_count, visit_customer, lo, hi):
    """Note who needs something, and how often.  needs_noted (n,)  occasions  [written]"""
    for i in range(lo, hi):
        needs_noted[i] = 0
    for v in range(visit_count[0]):
        needs_noted[visit_customer[v]] += 1


class Onlooker(Mechanism):
    """Who notes what a market shows in the middle of a period."""

    name = "sales_eye"  # by name theories have their turn: before sales_force, and after renewal
    owns: ClassVar = (Column("needs_noted", ("customer",), 0, "occasions", "of the period", "int32"),)

    def schedule(self, policies):
        """Return what is noted when."""
        return ((Phase.OPENING, remember), (Phase.VALUATION, note_needs))


class Selling:
    """A whole market of the twins: what a customer is to each firm, and her buying centre, if she has one."""

    def __init__(self, engine: Engine, parameters: dict[str, dict[str, Any]]) -> None:
        self.p, self.n = parameters, engine.world.n
        self.keys = {theory: stream_key(engine.seed, theory) for theory in parameters}
        self.forces = [Force(sales_force.Policy(), j, parameters["sales_force"]) for j in range(M)]
        self.talking = [buying_centre.Policy()] * M
        self.people = [[Person() for _ in range(self.n)] for _ in range(M)]
        self.centres: list[Centre | None] = [None] * self.n
        self.identity = [-1] * self.n
        self.found: dict[str, list[int]] = {}

    def open(self) -> None:
        """Let newcomers in, see what each customer is to each firm, and plan the calls."""
        p, key = self.p["buying_centre"], self.keys["buying_centre"]
        self.found = {name: [0] * M for name in (*OF_CENTRES_COUNTED, *OF_FORCES_COUNTED, "persuasion_spend")}
        for i, identity in enumerate(SEEN["customer_id"].tolist()):
            if identity != self.identity[i]:
                self.identity[i] = identity
                first = [buying_centre.first_attitudes(key, identity, j, p) for j in range(M)]
                has_one = buying_centre.luck_of_centre(key, identity) < p["centre_share"]
                centre = Centre([False] * M, buying_centre.influence(key, identity, p), first)
                self.centres[i] = centre if has_one else None
                for j in range(M):
                    self.people[j][i] = Person()
            for j in range(M):
                for name in OF_PAIRS:
                    setattr(self.people[j][i], name, SEEN[name][j, i].item())
                self.people[j][i].exited = SEEN["exited"][i].item()
        for j, force in enumerate(self.forces):
            added(self.found, j, force.plan(self.people[j]))

    def contact(self, t: int, tolerated: float) -> None:
        """Call, talk, and let attitudes move."""
        talks = np.zeros((4, M, self.n), int)
        for i, centre in enumerate(self.centres):
            for j, policy in enumerate(self.talking):
                if centre and self.people[j][i].aware and self.people[j][i].exited < 0:
                    luck = buying_centre.luck_of_talks(self.keys["buying_centre"], self.identity[i], t, j)
                    talks[:, j, i] = policy.talks(luck)
                    self.found["persuasion_spend"][j] += policy.expense
        for j, force in enumerate(self.forces):
            luck = [sales_force.luck_of_call(self.keys["sales_force"], identity, t, j) for identity in self.identity]
            welcome = [max(-1.0, 1.0 - load / tolerated) for load in SEEN["contact_load"][j].tolist()]
            found = force.call(t, self.people[j], luck, welcome)
            found.pop("learned")
            added(self.found, j, found)
            for i, person in enumerate(self.people[j]):
                talks[force.policy.aim - 1, j, i] += person.is_reached and force.policy.aim > 0
        for i, centre in enumerate(self.centres):
            for j in range(M if centre else 0):
                pairs_of = zip(centre.attitudes[j], talks[:, j, i].tolist(), strict=True)
                centre.attitudes[j] = [buying_centre.moved(a, many, self.p["buying_centre"]) for a, many in pairs_of]
                self.found["talks_held"][j] += int(talks[:, j, i].sum())
                centre.known = [row[i].aware for row in self.people]

    def buy(self, t: int, needs: list[int], visits: list[tuple[Any, ...]], prices: list[float], trust: Any) -> None:
        """Follow purchases from the need on."""
        for centre, many in zip(self.centres, needs, strict=True):
            for j in range(M if centre else 0):
                added(self.found, j, {name: many * number for name, number in centre.stages(j).items()})
        for i, j, *_ in visits:
            if self.centres[i]:
                added(self.found, j, self.centres[i].wins(j))
        for i, j, cents, delivered, severity, discount in visits:
            if centre := self.centres[i]:
                usual = buying_centre.usual_price(prices, centre.known)
                of = Experience(delivered, prices[j] * (1.0 - discount), usual, float(trust[j, i]), severity)
                centre.attitudes[j] = of.teach(centre.attitudes[j], self.p["buying_centre"])
            added(self.found, j, self.forces[j].sell(t, self.people[j][i], cents))
            self.people[j][i].encounters += 1

    def close(self, exited: list[int]) -> None:
        """Count as a period ends."""
        for i, left in enumerate(exited):
            for j in range(M):
                self.people[j][i].exited = left
            if self.centres[i]:
                self.centres[i].left = left >= 0
                for j in range(M):
                    added(self.found, j, self.centres[i].stances(j))
        for j, force in enumerate(self.forces):
            added(self.found, j, force.count(self.people[j]))
            self.found["salary_bill"][j] += force.policy.salaries(self.n)


OF_VISITS = ("visit_customer", "visit_firm", "visit_spend", "performance", "failure_severity", "visit_discount")
OF_CALLS = {name: attribute for name, attribute in OF_PERSON.items() if name not in ("known", "reachable")}


def assert_customers(c: Any, twin: Selling, been: set[tuple[int, int]], t: int) -> None:
    """Compare customers and centres as a period ends, and let the twin go on from what float32 holds.

    been : pairs of firm and visitor, whose expectation the visit has moved
    """
    for name, attribute in OF_CALLS.items():
        expected = [
            [
                c[name][j, i] if name == "expectation" and (j, i) in been else getattr(person, attribute)
                for i, person in enumerate(row)
            ]
            for j, row in enumerate(twin.people)
        ]
        np.testing.assert_allclose(c[name], expected, rtol=1e-5, atol=1e-5, err_msg=f"{name} {t}")
    assert c.organisation.tolist() == [centre is not None for centre in twin.centres]
    for i, centre in enumerate(twin.centres):
        if centre:
            found = np.array([c[name][:, i] for name in NAMES])
            np.testing.assert_allclose(found, np.transpose(centre.attitudes), atol=1e-4, err_msg=f"{i} {t}")
            centre.attitudes, centre.influence = found.T.tolist(), c.influence[:, i].tolist()
    for j, row in enumerate(twin.people):  # to the last bit
        for i, person in enumerate(row):
            person.pull = c.call_pull[j, i].item()


def test_a_whole_market_is_that_of_the_twins():
    """Needs, visits, what firms know and what was delivered are read off the market, and all else is worked out."""
    periods = 30
    scenario = Scenario.parse({"periods": periods, **SELLERS}).adding(Onlooker())
    engine = Engine(scenario, seed=11)
    world, c = engine.world, engine.world.customers
    twin = Selling(
        engine, {theory: single(getattr(scenario, theory).model_dump()) for theory in ("buying_centre", "sales_force")}
    )
    totals: dict[str, Any] = {}
    steps, tolerated, gone = dict(scenario.stretches()), as_single(scenario.contacts.tolerated), 0
    for t in range(periods):
        if t in steps:
            sales, twin.talking = policies_of(steps[t])
            for force, policy in zip(twin.forces, sales, strict=True):
                force.policy = policy
        engine.run(1)
        twin.open()
        for force in twin.forces:
            np.testing.assert_allclose(c.hit_rate[force.firm], force.hit_rate, rtol=1e-5)
            force.hit_rate = c.hit_rate[force.firm].tolist()
            if force.works:
                np.testing.assert_allclose(
                    c.call_chance[force.firm], force.chance, rtol=1e-5, err_msg=f"{force.firm} {t}"
                )
                force.chance = c.call_chance[force.firm].tolist()
        twin.contact(t, tolerated)
        visits = visited(engine, *OF_VISITS)
        twin.buy(t, c.needs_noted.tolist(), visits, world.firms.price.tolist(), c.trust)
        twin.close(c.exited.tolist())
        gone += np.count_nonzero(c.exited >= 0)
        assert_customers(c, twin, {(j, i) for i, j, *_ in visits}, t)
        for name, of_twin in twin.found.items():
            if name in world.rows:
                latest, loose = (
                    world.history[t, world.rows[name], :M],
                    name in ("sales_foreseen", "sales_missed", "support_sum"),
                )
                np.testing.assert_allclose(
                    latest, of_twin, rtol=1e-5, atol=999.0 if loose else 0.0, err_msg=f"{name} {t}"
                )
            totals[name] = np.add(totals.get(name, 0), of_twin)
    assert gone > 0
    assert {name for name, total in totals.items() if np.sum(total) == 0} == set()
    summed = {name: world.tallied(name).sum(axis=0) for name in world.rows}
    for theory, of_theory in ((BuyingCentre, buying_centre), (SalesForce, sales_force)):
        for j in range(M):
            of = {name: int(total[j]) for name, total in totals.items()}
            assert_measures(summed, theory, of_theory, of, float(world.n * periods), j)

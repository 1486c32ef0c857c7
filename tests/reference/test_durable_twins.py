"""The twin of durables: by numbers worked by hand, against the kernels, and in a whole market."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.demand.durable import Durable
from abm.mechanisms.demand.durable_books import (
    add_unit_net,
    count_units,
    hand_over,
    note_calendar,
    note_services,
    put_basket_back,
    settle_units,
    skip_overdue,
)
from abm.mechanisms.demand.durable_kernels import (
    chance_of_replacing,
    discount_services,
    fall_due,
    list_due,
    problem_hazard,
    use_units,
    wear_out,
    weigh_units,
)
from abm.scenario.scenario import Scenario
from abm.world.calendar import periods_of
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import accounts, durable, durable_books
from tests.reference.by_hand import SEED, assert_counted, listed, share, visited
from tests.reference.closeness import as_single, near_half
from tests.reference.durable import (
    FORGOTTEN,
    NEVER,
    NOBODY,
    NOT_DUE,
    NOTHING,
    PURCHASE,
    REMEMBERED,
    SERVICE,
    Person,
    Policy,
    Trade,
)
from tests.reference.random_numbers import stream_key

KEY = stream_key(SEED, "durable")
N = 4
COLUMNS = (
    "owned_from", "unit_age", "unit_problems", "unit_liking", "since_service", "since_own_service", "since_due",
    "until_due", "due_state", "missed_due", "wants_unit", "warranty_left", "occasion_kind",
)  # fmt: skip
LEVERS = (
    "sells", "sale_unit_cost", "build_quality", "build_cost", "warranty", "warranty_repair_cost", "service_interval",
    "service_discount",
)  # fmt: skip


def f32(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(as_single(low), as_single(high), width=32)


def one_of(*values: float, also: st.SearchStrategy[Any] | None = None) -> st.SearchStrategy[Any]:
    some = st.sampled_from([as_single(value) for value in values])
    return some if also is None else some | also


amount = st.integers(0, 80).map(lambda k: k / 8) | f32(0.0, 10.0)
policy = st.builds(
    Policy,
    sells=st.booleans(),
    sale_unit_cost=amount,
    build_quality=one_of(0.0, 0.5, 0.95, also=f32(0.0, 0.98)),
    build_cost=one_of(0.0, 40.0, also=f32(0.0, 500.0)),
    warranty=one_of(0.0, 0.1, 0.5, 1.0, 3.0, also=f32(0.0, 20.0)),
    warranty_repair_cost=amount,
    service_interval=one_of(0.1, 0.5, 1.0, 2.0, also=f32(0.125, 9.0)),
    service_discount=one_of(0.0, 0.25, 1.0, also=share),
    price=one_of(0.5, 1.0, 1.25),
    unit_cost=one_of(0.0, 0.5, also=f32(0.0, 2.0)),
    quality=share.map(lambda q: min(q, 0.875)),
)
policies_drawn = st.lists(policy, min_size=1, max_size=3).filter(lambda all: any(one.sells for one in all))
numbers = st.fixed_dictionaries(
    {},
    optional={
        "owning_at_start": one_of(0.0, 1.0, also=share),
        "first_purchase_rate": one_of(0.0, 50.0, also=f32(0.0, 9.0)),
        "mean_life": one_of(0.1, 0.5, also=f32(0.125, 20.0)),
        "life_shape": st.integers(1, 12),
        "restlessness": one_of(0.0, 20.0, also=f32(0.0, 9.0)),
        "shopping_rate": one_of(0.0, 1000.0, also=f32(0.0, 99.0)),
        "purchase_multiple": one_of(0.0625, 40.0, also=f32(0.125, 99.0)),
        "most_worn": one_of(0.5, 2.0, also=f32(0.125, 9.0)),
        "remembering": one_of(0.0, 1.0, also=share),
        "promptness": one_of(0.0, 1000.0, also=f32(0.0, 99.0)),
        "grace": one_of(0.0, 0.3, also=f32(0.0, 2.0)),
        "seller_pull": f32(-9.0, 9.0),
        "warranty_pull": f32(-9.0, 9.0),
        "foresight": one_of(0.0, 1.0, also=share),
        "running_in": one_of(0.0, 0.25, also=f32(0.0, 3.0)),
        "early_rate": one_of(0.0, 100.0, also=f32(0.0, 100.0)),
        "problem_rate": one_of(0.0, 100.0, also=f32(0.0, 100.0)),
        "wear": one_of(0.0, 0.5, also=f32(0.0, 9.0)),
        "neglect": one_of(0.0, 0.5, also=f32(0.0, 9.0)),
        "annoyance": one_of(0.0, 1.0, also=share),
        "warranty_relief": one_of(0.0, 1.0, also=share),
    },
).filter(lambda own: own.get("owning_at_start") != 0.0 or own.get("first_purchase_rate") != 0.0)
years = st.sampled_from([1, 4, 12, 52, 53])
ages = st.integers(0, 12) | st.integers(0, 1200)
person = st.builds(
    Person,
    owned_from=st.sampled_from([NOBODY, 0, 0, 1, 2]),
    unit_age=ages,
    unit_problems=st.integers(0, 9) | st.sampled_from([65_534, 65_535]),
    unit_liking=one_of(0.0, 1.0, also=share),
    since_service=ages,
    since_own_service=ages | st.just(NEVER),
    since_due=ages | st.just(NEVER),
    until_due=st.integers(-3, 3) | st.integers(-99, 99),
    due_state=st.sampled_from([NOT_DUE, REMEMBERED, FORGOTTEN]),
    missed_due=st.integers(0, 6) | st.sampled_from([254, 255]),
    wants_unit=st.booleans(),
    warranty_left=st.integers(0, 2) | st.integers(0, 99),
)
people_drawn = st.lists(person, min_size=N, max_size=N)
gone_drawn = st.lists(st.sampled_from([-1, -1, -1, 0, 3]), min_size=N, max_size=N)
identities_drawn = st.lists(st.integers(0, 2**32 - 1), min_size=N, max_size=N, unique=True)


def own_of(policy: Policy) -> dict[str, Any]:
    """Return what a policy is in a scenario."""
    return {
        "price": policy.price, "unit_cost": policy.unit_cost, "service": {"quality": policy.quality},
        "durable": {name: getattr(policy, name) for name in LEVERS},
    }  # fmt: skip


def single_parameters(own: dict[str, Any]) -> dict[str, Any]:
    both = {**durable.EXAMPLE, **own}
    return {name: as_single(value) if isinstance(value, float) else value for name, value in both.items()}


def small_and_twin(policies, own=None, people=(), year=52, replication=0, identities=None, n=N):
    """Return a small market and its twin, of the same people."""
    own = own or {}
    small = Small(
        n, [own_of(one) for one in policies], information={}, need={"process": "due"}, durable=own,
        periods_per_year=year, surplus={},
    )  # fmt: skip
    small.world.replication = replication
    small.c.customer_id[:] = range(n) if identities is None else identities
    policies = [
        Policy(**{k: as_single(v) if isinstance(v, float) else v for k, v in vars(one).items()}) for one in policies
    ]
    people = [Person(**vars(one)) for one in people] or [Person() for _ in range(n)]
    for one in people:
        one.owned_from = min(one.owned_from, len(policies) - 1)
        if not one.owns:
            one.due_state = NOT_DUE
    trade = Trade(policies, people, small.c.customer_id.tolist(), KEY, single_parameters(own), year, replication)
    write(small, trade)
    return small, trade


def write(small, trade):
    """Write the twin's people into columns."""
    for name in COLUMNS:
        small.c[name][:] = [getattr(one, name) for one in trade.people]


def assert_same(found, trade, when: Any = ""):
    """Compare columns with the twin's people, of whom all is told if they own a unit."""
    for name in COLUMNS:
        expected = [getattr(one, name) for one in trade.people]
        if name == "unit_liking":
            np.testing.assert_allclose(found[name], expected, rtol=3e-6, atol=1e-7, err_msg=f"{name} {when}")
        else:
            np.testing.assert_array_equal(found[name], expected, err_msg=f"{name} {when}")


def counted(trade, *names):
    """Return what the twin has counted, of all firms."""
    return {name: trade.counts.get(name, [0] * len(trade.policies)) for name in names}


class TestByHand:
    p = durable.EXAMPLE

    def test_times(self):
        """Half a period more is one; a tenth of 5 is a half and a little more, as float32 holds it."""
        assert [durable.periods_of(*given) for given in ((0.5, 5), (0.1, 5), (0.25, 52), (0.49, 1))] == [3, 1, 13, 0]
        assert durable.interval_of(Policy(service_interval=0.125), 1) == 1

    def test_life(self):
        """A mean of 8 at shape 1 has scale 8; from 1 to 2 of scale 2 at shape 2 the hazard is 1 - 1/4."""
        assert durable.life_scale({"mean_life": 8.0, "life_shape": 1}) == 8.0
        chance = durable.chance_of_replacing(2, 2.0, 0.5, {"life_shape": 2, "restlessness": 2.0})
        assert chance == pytest.approx(1.0 - math.exp(-1.5))

    def test_hazard(self):
        """0.5 at 2 years of age is 0.6, by 1 + 0.15 of half a year without service 0.69, half prevented 0.345."""
        assert durable.hazard(2.0, False, 0.5, 0.5, self.p) == pytest.approx(0.345)
        assert durable.hazard(0.125, True, 0.0, 0.0, self.p) == 2.0

    def test_worth(self):
        assert [durable.service_worth(10.0, years, self.p) for years in (0.5, 2.0, 3.0)] == [5.0, 20.0, 20.0]
        assert durable.upkeep(Policy(warranty=2.0, service_discount=0.5, price=2.0), self.p) == 6.0
        assert durable.upkeep(Policy(warranty=9.0), self.p) == 0.0

    def test_terms(self):
        """Under warranty a service is free at the seller's; for a purchase 0.5 * 8 of 40 prices are reckoned with."""
        policies = [Policy(warranty=2.0), Policy(service_discount=0.5), Policy(sells=False)]
        one = Person(owned_from=0, warranty_left=1, occasion_kind=SERVICE)
        trade = Trade(policies, [one], [0], KEY, self.p)
        assert trade.terms(0, 4.0) == [4.0 + 1.5 + 1.0, 2.0, 0.0]
        one.warranty_left = 0
        assert trade.terms(0, 4.0) == [1.5, 2.0, 0.0]
        one.occasion_kind = PURCHASE
        assert trade.terms(0, 4.0) == pytest.approx([-0.3, -0.2, -1e30])
        one.occasion_kind = NOTHING
        assert trade.terms(0, 4.0) == [0.0] * 3

    def test_books(self):
        """Of 40.00 a unit costs 36.00 in place of 20.00, and 40 ln 2 = 27.73 to build; a service may be free."""
        policy = Policy(unit_cost=0.5, build_quality=0.5)
        assert durable_books.settle(PURCHASE, 4400, 40.0, True, policy) == durable_books.Settled(4400, 0, 1600, 2773)
        assert durable_books.settle(SERVICE, 500, 5.0, True, policy) == durable_books.Settled(0, 500)
        assert durable_books.settle(SERVICE, 500, 5.0, False, policy) == durable_books.Settled(500)
        assert durable_books.settle(PURCHASE, 0, 40.0, False, policy).net == 4373

    def test_a_course_of_a_unit(self):
        """Bought, due after two periods and forgotten, skipped at once, serviced elsewhere, and replaced by another."""
        p = {**self.p, "remembering": 0.0, "grace": 0.0, "early_rate": 0.0, "problem_rate": 0.0}
        trade = Trade([Policy(service_interval=0.5), Policy()], [Person()], [0], KEY, p, year=4)
        trade.hand_over(0, 0, PURCHASE, 0.7)
        for t in (1, 2):
            trade.use(0, t, [0.5, 0.5], [1, 1])
        assert trade.people[0] == Person(0, 2, 0, 0.7, 2, NEVER, NEVER, 0)
        trade.come(0, 2, 1.0, False, False)
        trade.skip(0)
        one = trade.people[0]
        assert (one.since_due, one.due_state, one.until_due, one.missed_due) == (0, NOT_DUE, 2, 1)
        trade.hand_over(0, 1, SERVICE, 0.7)
        assert (one.since_service, one.until_due, one.missed_due, one.since_own_service) == (0, 2, 2, NEVER)
        trade.hand_over(0, 1, PURCHASE, 0.6)
        assert trade.people[0].owned_from == 1
        assert trade.counts == {
            "unit_sales": [1, 1], "first_units": [1, 0], "due_skipped": [1, 0], "services_done": [0, 1],
            "due_elsewhere": [1, 0], "replaced_units": [1, 0], "same_make": [0, 0],
        }  # fmt: skip

    def test_measures(self):
        c = {
            "installed_units": 200, "due_own": 6, "due_elsewhere": 3, "due_skipped": 1, "returned_in_year": 40,
            "due_in_year": 50, "owners_every_time": 100, "owners_skipped_one": 40, "owners_skipped_two": 30,
            "owners_skipped_few": 20, "owners_skipped_many": 10, "same_make": 3, "replaced_units": 4,
            "unit_problems_met": 10,
        }  # fmt: skip
        assert list(durable_books.measures(c, 400.0, 10).values()) == pytest.approx(
            [0.5, 0.6, 0.1, 0.8, 0.5, 0.2, 0.15, 0.1, 0.05, 0.75, 0.2, 0.5]
        )


@given(one_of(0.1, 0.125, 0.3, 0.5, 2.5, also=f32(0.0, 20.0)), years | st.integers(1, 366))
def test_times_are_those_of_the_twin(of_years, year):
    assert periods_of(np.float32(of_years), np.int64(year)) == durable.periods_of(of_years, year)


@given(st.integers(1, 2000), f32(0.5, 4000.0), st.integers(1, 12), f32(0.0, 20.0), share)
def test_chances_of_replacing_are_those_of_the_twin(age, scale, shape, restlessness, liking):
    assert wear_out(age, scale, shape) == pytest.approx(durable.wear_out(age, scale, shape), rel=1e-13)
    of_twin = durable.chance_of_replacing(age, scale, liking, {"life_shape": shape, "restlessness": restlessness})
    found = chance_of_replacing(age, scale, shape, restlessness, liking)
    assert found == pytest.approx(of_twin, rel=1e-9, abs=1e-14)


@given(f32(0.0, 30.0), st.booleans(), f32(0.0, 5.0), f32(0.0, 0.98), numbers)
def test_hazards_are_those_of_the_twin(age, early, unserviced, built, own):
    p = single_parameters(own)
    names = ("problem_rate", "early_rate", "wear", "neglect")
    rest = (np.float32(p[name]) for name in names)
    found = problem_hazard(np.float32(age), early, *rest, np.float32(unserviced), np.float32(built))
    assert found == pytest.approx(durable.hazard(age, early, unserviced, built, p), rel=2e-6)


@settings(max_examples=examples(25))
@given(policies_drawn, numbers, years, identities_drawn, st.integers(0, 3))
def test_owners_at_the_start_are_those_of_the_twin(policies, own, year, identities, replication):
    small, trade = small_and_twin(policies, own, (), year, replication, identities)
    baskets = [10.0, 20.0, 30.0, 40.0]
    small.c.basket[:] = baskets
    next(m for m in small.scenario.mechanisms() if m.name == "durable").begin(small.world, SEED)
    for i in range(N):
        trade.begin(i)
    assume(not trade.close)
    assert_same(small.c, trade)
    assert small.c.service_basket.tolist() == baskets


def test_nobody_begins_with_a_unit_of_who_does_not_sell_any_more():
    """Newcomers of a time in which no firm sells own none."""
    small, trade = small_and_twin([Policy(), Policy()], {"owning_at_start": 1.0})
    small.firms.sells[:] = 0
    next(m for m in small.scenario.mechanisms() if m.name == "durable").begin(small.world, SEED)
    assert_same(small.c, trade)


def test_of_many_the_shares_at_the_start_are_those_that_are_meant():
    """A second market, in which luck at either end of its range occurs."""
    policies = [Policy(sells=True), Policy(sells=False), Policy(service_interval=0.5, warranty=4.0)]
    small, trade = small_and_twin(policies, {"owning_at_start": 0.75}, n=600)
    next(m for m in small.scenario.mechanisms() if m.name == "durable").begin(small.world, SEED)
    for i in range(600):
        trade.begin(i)
    assert_same(small.c, trade)
    owners = [one.owned_from for one in trade.people]
    assert owners.count(1) == 0
    assert min(owners.count(j) for j in (NOBODY, 0, 2)) > 100


satisfactions = st.lists(st.lists(share, min_size=3, max_size=3), min_size=N, max_size=N)
visits_before = st.lists(st.lists(st.sampled_from([0, 1, 5]), min_size=3, max_size=3), min_size=N, max_size=N)


@settings(max_examples=examples(25))
@given(
    policies_drawn, numbers, people_drawn, years, gone_drawn, satisfactions, visits_before, identities_drawn,
    st.integers(0, 2),
)  # fmt: skip
def test_a_period_of_units_is_that_of_the_twin(
    policies, own, people, year, gone, satisfaction, encounters, identities, replication
):
    small, trade = small_and_twin(policies, own, people, year, replication, identities)
    m = len(policies)
    small.c.exited[:] = gone
    small.c.satisfaction[:] = np.transpose(satisfaction)[:m]
    small.c.encounters[:] = np.transpose(encounters)[:m]
    small.run("durable", use_units, 5)
    for i in range(N):
        if gone[i] < 0:
            trade.use(i, 5, satisfaction[i], encounters[i])
    assume(not trade.close)
    assert_same(small.c, trade)
    np.testing.assert_allclose(small.c.satisfaction, np.transpose(satisfaction)[:m], rtol=3e-6, atol=1e-7)
    assert_counted(small, counted(trade, "unit_problems_met", "warranty_problems", "warranty_repairs"))


def test_problems_of_many_units_are_those_of_the_twin():
    """Of ages around the end of running in, under warranty or not; no luck comes close to its chance."""
    own = {"early_rate": 40.0, "problem_rate": 4.0, "running_in": 0.25, "annoyance": 0.5}
    small, trade = small_and_twin([Policy(), Policy(build_quality=0.5, warranty_repair_cost=0.125)], own, n=600)
    for i, one in enumerate(trade.people):
        one.owned_from, one.unit_age, one.unit_liking = i % 2, 10 + i % 5, 0.5
        one.since_service, one.warranty_left = i % 7, i % 3
    write(small, trade)
    small.run("durable", use_units, 1)
    for i in range(600):
        trade.use(i, 1, [0.5, 0.5], [0, 0])
    assert not trade.close
    assert_same(small.c, trade)
    assert_counted(small, counted(trade, "unit_problems_met", "warranty_problems", "warranty_repairs"))


needs = st.lists(st.tuples(one_of(0.0, 1.0, 2.0, also=f32(0.0, 3.0)), one_of(0.5, 1.0, 1.25)), min_size=N, max_size=N)


@settings(max_examples=examples(25))
@given(policies_drawn, numbers, people_drawn, years, gone_drawn, needs, identities_drawn, st.integers(0, 2))
def test_occasions_are_those_of_the_twin(policies, own, people, year, gone, needs, identities, replication):
    small, trade = small_and_twin(policies, own, people, year, replication, identities)
    for one in trade.people:
        one.unit_age = max(1, one.unit_age)
    write(small, trade)
    small.c.exited[:], small.c.provider[:] = gone, [-1, 0, 0, -1]
    small.c.service_basket[:] = baskets = [10.0, 20.0, 30.0, 40.0]
    small.c.basket[:] = 7.0
    small.passing.need[:N] = [need for need, _ in needs]
    for name in small.passing:
        if name.startswith("need_of_care"):
            small.passing[name][:N] = [of_care for _, of_care in needs]
    small.run("durable", fall_due, 7)
    small.run("durable", list_due, 7)
    reminders = "need_of_care" in small.passing
    kinds = [trade.come(i, 7, needs[i][0], reminders and needs[i][1] > 1.0, gone[i] >= 0) for i in range(N)]
    assume(not trade.close)
    assert_same(small.c, trade)
    worths = [trade.worth(i, baskets[i]) for i in range(N)]
    np.testing.assert_allclose(small.c.basket, worths, rtol=1e-6)
    comers = [i for i in range(N) if kinds[i] != NOTHING]
    assert small.at("visit_customer").tolist() == comers
    assert small.at("visit_nth").tolist() == [0] * len(comers)
    assert small.at("visit_provider").tolist() == small.c.provider[comers].tolist()
    assert small.counted("occasions") == [0] * len(policies) + [len(comers)]


def test_a_chance_is_what_float_numbers_make_of_it():
    """Of many customers of one market, in periods of a year each, decisions are the twin's one by one."""
    own = {"first_purchase_rate": 0.75, "shopping_rate": 1.0, "promptness": 1.5, "remembering": 0.625}
    small, trade = small_and_twin([Policy(), Policy()], own, year=1, n=500)
    for i, one in enumerate(trade.people):
        one.owned_from, one.unit_age, one.unit_liking = i % 3 - 1, 1 + i % 9, (i % 5) / 4
        one.until_due, one.due_state = i % 4 - 2, 0
    write(small, trade)
    small.passing.need[:500] = 1.0
    small.run("durable", fall_due, 1)
    small.run("durable", list_due, 1)
    for i in range(500):
        trade.come(i, 1, 1.0, False, False)
    assert not trade.close
    assert_same(small.c, trade)
    kinds = [one.occasion_kind for one in trade.people]
    assert min(kinds.count(kind) for kind in (NOTHING, PURCHASE, SERVICE)) > 30


kinds_drawn = st.lists(st.sampled_from([NOTHING, PURCHASE, SERVICE, SERVICE]), min_size=N, max_size=N)


def with_kinds(trade, kinds):
    """Give occasions to the twin's people; only owners come for a service."""
    for one, kind in zip(trade.people, kinds, strict=True):
        one.occasion_kind = PURCHASE if kind == SERVICE and not one.owns else kind


@settings(max_examples=examples(25))
@given(policies_drawn, numbers, people_drawn, kinds_drawn, st.lists(f32(0.0, 20.0), min_size=N, max_size=N))
def test_what_a_firm_is_worth_is_that_of_the_twin(policies, own, people, kinds, responses):
    small, trade = small_and_twin(policies, own, people)
    with_kinds(trade, kinds)
    write(small, trade)
    small.c.price_response[:] = responses
    small.passing.utility[:] = 0.5
    small.run("durable", weigh_units)
    expected = [[0.5 + term for term in trade.terms(i, responses[i])] for i in range(N)]
    np.testing.assert_allclose(small.passing.utility[:, :N], np.transpose(expected), rtol=2e-6, atol=2e-5)


def coming(small, trade, firms):
    """List the visit of each who has an occasion, and return (customer, firm, identity, nth) of each."""
    m = len(trade.policies)
    sellers = [j for j in range(m) if trade.policies[j].sells]
    open_to = {PURCHASE: sellers, SERVICE: range(m)}
    came = [(i, open_to[one.occasion_kind]) for i, one in enumerate(trade.people) if one.occasion_kind != NOTHING]
    return listed(small, [(i, of[firms[i] % len(of)]) for i, of in came])


firms_drawn = st.lists(st.integers(0, 5), min_size=N, max_size=N)
eighths = st.integers(0, 8).map(lambda k: k / 8)


@settings(max_examples=examples(25))
@given(
    policies_drawn, people_drawn, kinds_drawn, firms_drawn, st.lists(amount, min_size=N, max_size=N),
    st.lists(eighths, min_size=N, max_size=N), st.lists(st.integers(0, 9999), min_size=N, max_size=N),
)  # fmt: skip
def test_books_are_those_of_the_twin(policies, people, kinds, firms, baskets, discounts, spends):
    small, trade = small_and_twin(policies, {}, people)
    with_kinds(trade, kinds)
    write(small, trade)
    small.c.basket[:] = baskets
    visits = coming(small, trade, firms)
    small.at("visit_discount")[:] = [discounts[i] for i, *_ in visits]
    small.at("visit_spend")[:] = [spends[i] for i, *_ in visits]
    small.at("visit_cost")[:] = 5
    small.run("durable", discount_services)
    small.run("durable", settle_units)
    small.run("durable", add_unit_net)
    booked = {"discounts": "waived", "services_waived": "waived", "unit_goods": "goods", "build_spend": "build"}
    for v, (i, j, *_) in enumerate(visits):
        one, own = trade.people[i], trade.policies[j]
        assume(not durable_books.is_doubtful(baskets[i], own))
        covered = one.owned_from == j and one.warranty_left > 0
        found = durable_books.settle(one.occasion_kind, spends[i], baskets[i], covered, own)
        taken = durable_books.discounted(discounts[i], one.occasion_kind, own)
        assert small.at("visit_discount")[v] == pytest.approx(taken, abs=1e-6)
        assert small.at("visit_kind")[v] == one.occasion_kind
        assert (small.at("visit_spend")[v], small.at("visit_net")[v]) == (found.spend, found.net)
        assert small.at("visit_cost")[v] == 5 + found.net
        for tally, name in booked.items():
            trade.count(tally, j, getattr(found, name))
    assert_counted(small, counted(trade, *booked))


HANDED = (
    "first_units", "replaced_units", "same_make", "unit_sales", "services_done", "due_own", "due_elsewhere",
)  # fmt: skip


@settings(max_examples=examples(25))
@given(policies_drawn, people_drawn, kinds_drawn, firms_drawn, years, st.lists(share, min_size=N, max_size=N))
def test_what_is_handed_over_is_that_of_the_twin(policies, people, kinds, firms, year, performance):
    small, trade = small_and_twin(policies, {}, people, year)
    with_kinds(trade, kinds)
    write(small, trade)
    visits = coming(small, trade, firms)
    small.at("visit_kind")[:] = [trade.people[i].occasion_kind for i, *_ in visits]
    small.at("performance")[:] = [performance[i] for i, *_ in visits]
    small.run("durable", hand_over, 3)
    small.run("durable", note_services, 3)
    for i, j, *_ in visits:
        trade.hand_over(i, j, trade.people[i].occasion_kind, performance[i])
    assert_same(small.c, trade)
    assert_counted(small, counted(trade, *HANDED))


CLOSING = (
    "due_skipped", "installed_units", "due_in_year", "returned_in_year", *durable.CLASSES,
)  # fmt: skip


@settings(max_examples=examples(25))
@given(policies_drawn, numbers, people_drawn, years, gone_drawn, kinds_drawn)
def test_the_end_of_a_period_is_that_of_the_twin(policies, own, people, year, gone, kinds):
    """What is overdue is skipped, and units are counted; baskets and the calendars of firms are put right."""
    small, trade = small_and_twin(policies, own, people, year)
    with_kinds(trade, kinds)
    write(small, trade)
    m = len(policies)
    small.c.exited[:] = gone
    small.c.basket[:], small.c.service_basket[:] = 7.0, [10.0, 20.0, 30.0, 40.0]
    small.c.known[:] = known = np.arange(m * N).reshape(m, N) % 3 > 0
    small.c.seen_last[:] = seen = np.arange(m * N).reshape(m, N) % 4 + 3
    small.c.seen_gap[:] = 99.0
    for kernel in (put_basket_back, note_calendar, skip_overdue, count_units):
        small.run("durable", kernel, 5)
    for i, j in np.ndindex(N, m):
        one = trade.people[i]
        knows = durable.knows_calendar(one.occasion_kind, known[j, i], seen[j, i], 5)
        assert small.c.seen_gap[j, i] == (one.until_due if knows else 99.0)
    for i in range(N):
        if gone[i] < 0:
            trade.skip(i)
            trade.count_unit(i)
    assert_same(small.c, trade)
    assert small.c.basket.tolist() == [10.0, 20.0, 30.0, 40.0]
    assert_counted(small, counted(trade, *CLOSING))


def test_ends_of_years_and_of_grace_are_those_of_the_twin():
    """What was due or done a year ago is no longer of the year; what has been due for all of `grace` is skipped."""
    small, trade = small_and_twin([Policy()], {"grace": 0.25}, [Person(owned_from=0)] * N, 12)
    for one, times in zip(trade.people, ((11, 11, -2), (11, 12, -3), (12, 11, -4), (0, 0, 0)), strict=True):
        one.since_due, one.since_own_service, one.until_due = times
    write(small, trade)
    for kernel in (skip_overdue, count_units):
        small.run("durable", kernel, 5)
    for i in range(N):
        trade.skip(i)
        trade.count_unit(i)
    assert_same(small.c, trade)
    assert_counted(small, counted(trade, *CLOSING))
    assert (trade.counts["due_skipped"], trade.counts["due_in_year"], trade.counts["returned_in_year"]) == (
        [2],
        [3],
        [2],
    )


YEAR = 8
FIRMS: list[dict[str, Any]] = [
    {
        "name": "north",
        "unit_cost": 0.5,
        "program": {"enrolment": "automatic", "member_discount": 0.125},
        "information": {"data_coverage": 1.0},
        "care": {"reminder": 0.75},
        "durable": {
            "warranty": 1.0, "build_quality": 0.25, "service_interval": 0.75, "service_discount": 0.125,
            "warranty_repair_cost": 1.375,
        },
    },
    {"name": "east", "price": 0.9375, "durable": {"sale_unit_cost": 0.75, "service_interval": 0.5, "warranty": 0.5}},
    {
        "name": "south", "unit_cost": 0.25, "information": {"data_coverage": 0.5}, "care": {"reminder": 0.5},
        "durable": {"sells": False, "service_discount": 0.25},
    },
]  # fmt: skip
OWN = {
    "mean_life": 2.0, "first_purchase_rate": 0.5, "shopping_rate": 6.0, "promptness": 6.0, "grace": 0.25,
    "remembering": 0.6, "early_rate": 3.0, "problem_rate": 1.5, "wear": 0.5, "annoyance": 0.125, "most_worn": 0.5,
    "running_in": 0.25, "purchase_multiple": 12.0, "owning_at_start": 0.7,
}  # fmt: skip
MARKET: dict[str, Any] = {
    "periods": 40,
    "burn_in": 8,
    "periods_per_year": YEAR,
    "population": {"customers": 90, "basket": 10.0, "basket_spread": 0.3},
    "need": {"process": "due", "season_amplitude": 0.5},
    "defection": {"exit_rate": 0.02},
    "renewal": {"leaving_rate": 0.2, "every": 6},
    "information": {},
    "contacts": {},
    "complaint": {},
    "recovery": {},
    "care": {},
    "surplus": {},
    "choice": {"outside": -1.5},
    "pricing": {"price_sensitivity": 2.0},
    "durable": OWN,
    "firms": FIRMS,
    "changes": [
        {"name": "a pause", "from": 12, "until": 20, "set": {"firms.north.durable.sells": False}},
        {"name": "longer", "from": 16, "set": {"firms.north.durable.service_interval": 1.0}},
        {"name": "sells too", "from": 15, "set": {"firms.south.durable.sells": True}},
        {"name": "no warranty", "from": 18, "until": 30, "set": {"firms.east.durable.warranty": 0.0}},
        {"name": "better", "from": 20, "set": {"firms.east.durable.build_quality": 0.5, "durable.grace": 0.5}},
    ],
}
OF_MONEY = ("warranty_repairs", "services_waived", "unit_goods", "build_spend")
TALLIES = (
    "unit_problems_met", "warranty_problems", *HANDED, *CLOSING, *OF_MONEY,
)  # fmt: skip
PASSED = ("visit_customer", "visit_firm", "visit_kind", "visit_spend", "visit_net", "visit_discount", "performance")


def told(engine: Engine) -> list[Policy]:
    """Return what firms set in the period that has just passed."""
    found = []
    for firm in engine.levers.firms:
        own = {name: getattr(firm.durable, name) for name in LEVERS}
        own |= {"price": firm.price, "unit_cost": firm.unit_cost, "quality": firm.service.quality}
        found.append(Policy(**{k: as_single(v) if isinstance(v, float) else v for k, v in own.items()}))
    return found


class Followed:
    """A market and its twin, period by period.

    totals : what the twin has counted after the burn-in, by name
    """

    def __init__(self, market: dict[str, Any], seed: int, replication: int) -> None:
        self.market = market
        self.engine = Engine(Scenario.parse(market), seed=seed, replication=replication)
        self.world, self.c = self.engine.world, self.engine.world.customers
        self.m, self.n = self.c.trust.shape
        self.trade = Trade(
            told(self.engine), [Person() for _ in range(self.n)], self.c.customer_id.tolist(),
            stream_key(seed, "durable"), single_parameters(market["durable"]), market["periods_per_year"], replication,
        )  # fmt: skip
        for i in range(self.n):
            self.trade.begin(i)
        assert_same(self.c, self.trade, "at the start")
        self.totals = {name: np.zeros(self.m) for name in TALLIES}
        self.met: set[Any] = set()

    def run(self, t: int) -> None:
        """Run a period of both, and compare it."""
        c, trade = self.c, self.trade
        satisfaction, encounters = c.satisfaction.T.astype(float).tolist(), c.encounters.T.tolist()
        gone, self.members = (c.exited >= 0).tolist(), c.member[0].tolist()
        self.engine.run(1)
        trade.counts, trade.policies = {}, told(self.engine)
        trade.p = single_parameters({**OWN, "grace": 0.5 if t >= 20 else OWN["grace"]})
        for i, identity in enumerate(c.customer_id.tolist()):
            if identity != trade.identities[i]:
                trade.identities[i], gone[i], encounters[i] = identity, False, [0] * self.m
                satisfaction[i], self.members[i] = [math.nan] * self.m, 0
                trade.begin(i)
                self.met.add("a newcomer")
        row = self.world.passing[0]
        of_care = row["need_of_care"] if "need_of_care" in row else np.ones(self.n)
        for i in range(self.n):
            if not gone[i]:
                trade.use(i, t, satisfaction[i], encounters[i])
            reminded = float(of_care[i]) > 1.0
            kind = trade.come(i, t, float(row.need[i]), reminded, gone[i])
            self.met |= {("reminded", kind)} if reminded and trade.people[i].is_due else set()
        assert not trade.close, t
        self.visit(t, satisfaction)
        for i in range(self.n):
            if c.exited[i] < 0:
                trade.skip(i)
                trade.count_unit(i)
        self.compare(t)

    def visit(self, t: int, satisfaction: list[list[float]]) -> None:
        """Let visitors of the period pay, and hand over what they came for."""
        c, trade = self.c, self.trade
        visits = visited(self.engine, *PASSED)
        came = {i: j for i, j, *_ in visits}
        for v, (i, j, kind, spend, net, discount, performance) in enumerate(visits):
            one, own = trade.people[i], trade.policies[j]
            basket = as_single(trade.worth(i, float(c.service_basket[i])))
            assert kind == one.occasion_kind != NOTHING, (t, v)
            assert own.sells or kind != PURCHASE
            of_member = 0.125 * (j == 0 and self.members[i])
            assert discount == pytest.approx(durable_books.discounted(of_member, kind, own)), (t, v)
            full = basket * own.price * (1.0 - discount)
            assert not durable_books.is_doubtful(basket, own)
            assert not near_half(full), (t, v)
            covered = one.owned_from == j and one.warranty_left > 0
            found = durable_books.settle(kind, accounts.hundredths(full), basket, covered, own)
            assert (spend, net) == (found.spend, found.net), (t, v)
            for name, cents in zip(
                ("services_waived", "unit_goods", "build_spend"), (found.waived, found.goods, found.build), strict=True
            ):
                trade.count(name, j, cents)
            trade.hand_over(i, j, kind, performance)
            self.met.add((kind, covered, j))
        for i, j in np.ndindex(self.n, self.m):
            if came.get(i) != j and not math.isnan(satisfaction[i][j]):
                assert c.satisfaction[j, i] == pytest.approx(satisfaction[i][j], rel=1e-5), (t, i, j)
            if came.get(i) == j and c.known[j, i] and c.seen_last[j, i] == t:
                assert c.seen_gap[j, i] == trade.people[i].until_due, (t, i, j)

    def compare(self, t: int) -> None:
        """Compare all that is kept and counted after a period."""
        assert_same(self.c, self.trade, t)
        np.testing.assert_array_equal(self.c.basket, self.c.service_basket)
        for name, number in counted(self.trade, *TALLIES).items():
            found = self.world.history[t, self.world.rows[name], : self.m]
            np.testing.assert_array_equal(found, number, err_msg=f"{name} in {t}")
            self.totals[name] += number if t >= self.market["burn_in"] else 0


@pytest.mark.slow
def test_a_whole_market_is_that_of_the_twin():
    """With who leaves the category, newcomers, seasons, reminders, levers at dates, and a firm that does not sell."""
    followed = Followed(MARKET, seed=7, replication=2)
    for t in range(MARKET["periods"]):
        followed.run(t)
    assert {"a newcomer", ("reminded", SERVICE), (SERVICE, True, 0), (SERVICE, False, 2), (PURCHASE, False, 2)} <= (
        followed.met
    )
    world, totals = followed.world, followed.totals
    assert {name for name, total in totals.items() if not total.any()} <= {"owners_skipped_many"}
    tiled = Engine(Scenario.parse(MARKET), seed=7, replication=2, threads=3)
    tiled.set_tile(64)
    tiled.run(MARKET["periods"])
    np.testing.assert_array_equal(tiled.world.history, world.history)
    summary = record(Scenario.parse(MARKET), seed=7, replication=2).summary(Durable.kpis)
    for j in range(3):
        c = {name: total[j] for name, total in totals.items()}
        of_twin = durable_books.measures(c, 90.0 * 32, YEAR)
        of_firm = dict(zip((kpi.name for kpi in Durable.kpis), summary[j], strict=True))
        assert of_firm == pytest.approx(of_twin, rel=1e-9, nan_ok=True)

"""The twins of customer accounts and of information: by hand, against the kernels, and in a whole market.

In the market the twins are told of each visit what the engine's log says: who came where and paid what, whether she
complained, and what rewards she was given. What that costs and what a firm makes of it they work out by themselves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.engine.visit_log import room, taken, visit_log
from abm.mechanisms.phases import Phase
from abm.scenario.firm import Firm
from abm.scenario.scenario import Scenario
from abm.study.plan.record import of_visits
from tests.mechanisms.small import Small
from tests.reference import accounts, information, recovery
from tests.reference.closeness import as_single, near_half
from tests.reference.customer_accounts import Account, goods_cents, lever_cents
from tests.reference.information import COUNTS, Record, Watch
from tests.reference.random_numbers import stream_key

ACCOUNT = ("profit_from_customer", "spend_so_far", "visits_so_far")
RECORD = ("known", "seen_last", "seen_visits", "seen_spend", "seen_gap")


def assert_same(found, twins, names):
    """Compare columns (m, n) with the fields of twins[j][i], to the last bit."""
    for name in names:
        expected = [[getattr(twin, name) for twin in row] for row in twins]
        np.testing.assert_array_equal(found[name], expected, err_msg=name)


def watched(scenario, customers, seed):
    """Return the twins of all records of a scenario that has not run yet."""
    policies = [
        information.Policy(as_single(own.data_coverage), own.record_cost, own.omniscient)
        for own in (firm.information for firm in scenario.firms)
    ]
    parameters = {name: getattr(scenario.information, name) for name in information.EXAMPLE}
    return Watch(policies, customers, stream_key(seed, "information"), parameters)


def assert_same_warnings(found, twins):
    np.testing.assert_allclose(found.warning, [[twin.warning for twin in row] for row in twins], atol=1e-6)


class TestAccountByHand:
    def test_visits_add_up(self):
        """40.00 less 24.00 of goods and 1.39 of service; then 38.00, also less a reward of 5.00 and amends of 20.00."""
        account = Account()
        account.book(4000, goods_cents(0.6, 40.0), lever_cents(1.386))
        account.book(3800, goods_cents(0.6, 40.0), lever_cents(1.386, 5.0, 2000))
        assert account == Account(1461 + (3800 - 2400 - 139 - 500 - 2000), 7800, 2)

    def test_each_term_is_rounded_by_itself(self):
        """12.5 cents of goods are 13; twice 0.5 cents of levers are 2, not 1."""
        assert goods_cents(0.5, 0.25) == 13
        assert lever_cents(0.005, 0.005) == 2

    def test_a_customer_may_cost_more_than_she_brings(self):
        account = Account()
        account.book(100, 60, 50)
        assert account.profit_from_customer == -10


class TestInformationByHand:
    p = information.EXAMPLE

    def test_rhythm(self):
        """Visits in periods 2, 2, 6 and 16: the first difference of 4 is the gap, then 4 + 0.3 (10 - 4) = 5.8."""
        record, gaps = Record(known=True), []
        for t, spend in ((2, 500), (2, 700), (6, 100), (16, 50)):
            record.note(t, spend, self.p)
            gaps.append(record.seen_gap)
        assert gaps == pytest.approx([0.0, 0.0, 4.0, 5.8])
        assert (record.seen_last, record.seen_visits, record.seen_spend) == (16, 4, 1350)

    def test_a_first_visit_in_the_first_period_is_a_visit(self):
        """The difference between periods 0 and 3 is 3; before the first visit there is none."""
        record = Record(known=True)
        record.note(0, 1, self.p)
        assert record.seen_gap == 0.0
        record.note(3, 1, self.p)
        assert record.seen_gap == 3.0

    def test_warning(self):
        """Three gaps: 1 - e**-3 = 0.950213; half a gap: 1 - e**-.5 = 0.393469; without a gap nothing."""
        assert information.recency_warning(12, 4.0) == pytest.approx(0.950213, abs=1e-6)
        assert information.recency_warning(2, 4.0) == pytest.approx(0.393469, abs=1e-6)
        assert information.recency_warning(0, 4.0) == information.recency_warning(50, 0.0) == 0.0

    def test_who_sees_all_sees_the_truth_of_those_she_knows(self):
        record, stranger = Record(known=True), Record()
        for one in (record, stranger):
            one.judge(9, gone=True, omniscient=True)
        assert (record.warning, stranger.warning) == (1.0, 0.0)
        record.judge(10, gone=False, omniscient=True)
        assert record.warning == 0.0

    def test_who_is_identified(self):
        assert information.is_identified(0.3, 0.4, False, False)
        assert not information.is_identified(0.4, 0.4, False, False)
        assert information.is_identified(0.9, 0.1, True, False)
        assert not information.is_identified(0.9, 0.0, True, False)  # of a firm that identifies nobody
        assert information.is_identified(0.9, 0.0, False, True)

    def test_who_has_gone(self):
        assert [information.has_gone(0, provider, False) for provider in (0, 1, -1)] == [False, True, True]
        assert information.has_gone(0, 0, True)

    def test_counts(self):
        """Two of three known are warned of, one of them rightly; who is not known is not counted."""
        people = [(Record(True, warning=0.95), True), (Record(True, warning=0.99), False), (Record(True), True)]
        found = information.counted([*people, (Record(warning=1.0), True)], 0.95)
        assert found == {"known_customers": 3, "gone": 2, "warned": 2, "warned_rightly": 1}

    def test_cost(self):
        assert information.record_keeping(30, 0.02) == 6000


share = st.floats(0.0, 1.0, width=32)
amount = st.floats(0.0, 200.0, width=32)
firm_levers = st.fixed_dictionaries(
    {
        "unit_cost": st.floats(0.0, 2.0, width=32),
        "service": st.fixed_dictionaries(
            {
                "quality": st.floats(0.0, 0.984375, width=32),
                "failure_rate": st.floats(0.0, 0.5, width=32),
                "transparency": st.floats(0.0, 0.984375, width=32),
                "richness": st.floats(0.0, 0.984375, width=32),
                "spread_within": st.floats(0.0, 0.5, width=32),
                "spread_between": st.floats(0.0, 0.5, width=32),
            }
        ),
        "recovery": st.fixed_dictionaries(
            {"compensation": st.floats(0.0078125, 2.0, width=32), "empathy": st.floats(0.0, 0.984375, width=32)}
        ),
        "program": st.fixed_dictionaries(
            {"goal": st.just(1.0), "reward": amount, "reward_cost": st.floats(0.25, 2.0, width=32)}
        ),
    }
)
booked = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 50_000), st.booleans(), st.booleans()), max_size=8
).map(sorted)


def visit_costs(firm: Firm, basket: float, rewards: int, complained: bool) -> tuple[int, int]:
    """Return what goods and levers cost on a visit to a firm of the scenario, cents."""
    service, amends = accounts.service_cost(firm.service), firm.recovery
    reward = rewards * rewarded_expense(firm)
    given = recovery.amends_cents(as_single(amends.compensation), amends.empathy, amends.empathy_scale, basket)
    return goods_cents(as_single(firm.unit_cost), basket), lever_cents(service, reward, given if complained else 0)


def rewarded_expense(firm: Firm) -> float:
    """Return what a reward costs a firm, cu; 0 without a programme."""
    return accounts.reward_cost(firm.program.reward, firm.program.reward_cost) if firm.program else 0.0


def is_doubtful(firm: Firm, basket: float) -> bool:
    """Tell whether an amount lies so close to half a cent that another order of factors may round it otherwise."""
    service, amends = accounts.service_cost(firm.service), firm.recovery
    heard = -amends.empathy_scale * math.log(1.0 - amends.empathy)
    given, sold = as_single(amends.compensation) * basket, as_single(firm.unit_cost) * basket
    return any(near_half(cu) for cu in (service, heard, given, sold, rewarded_expense(firm)))


@settings(max_examples=60)
@given(st.tuples(firm_levers, firm_levers), st.tuples(amount, amount, amount), st.lists(booked, max_size=4))
def test_accounts_are_those_of_the_twin(levers, baskets, periods):
    small = Small(
        3, levers, complaint={}, recovery={}, customer_accounts={}, off=["defection", "lifecycle", "word_of_mouth"]
    )
    firms = small.scenario.firms
    assume(not any(is_doubtful(firm, basket) for firm in firms for basket in baskets))
    small.c.basket[:] = baskets
    twins = [[Account() for _ in range(3)] for _ in range(2)]
    for t, visits in enumerate(periods):
        small.visits([i for i, *_ in visits], [j for _, j, *_ in visits])
        for v, (i, j, paid, rewarded, complained) in enumerate(visits):
            small.passing.visit_spend[v] = paid
            small.passing.handling[v] = 1 if complained else 0
            small.passing.visit_reward[v] = accounts.hundredths(rewarded_expense(firms[j])) if rewarded else 0
            twins[j][i].book(paid, *visit_costs(firms[j], baskets[i], rewarded, complained))
        small.phases(Phase.RECOVERY, Phase.RELATION, Phase.BOOKING, t=t)
    assert_same(small.c, twins, ACCOUNT)


# a period: how long after the one before, who visits whom and pays what, each one's provider, who has left
period = st.tuples(
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 50_000)), max_size=6).map(sorted),
    st.lists(st.integers(-1, 1), min_size=3, max_size=3),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
members = st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=2, max_size=2)


@settings(max_examples=100)
@given(
    st.floats(0.0078125, 1.0, width=32),
    st.tuples(share, st.booleans()),
    st.tuples(share, st.sampled_from([0.25, 0.5, 0.95])),
    members,
    st.lists(period, max_size=8),
)
def test_records_are_those_of_the_twin(coverage, other, numbers, cards, periods):
    policies = [{"data_coverage": coverage, "record_cost": 0.07}, {"data_coverage": other[0], "omniscient": other[1]}]
    parameters = dict(zip(("rhythm_rate", "warn_from"), numbers, strict=True))
    small = Small(3, [{"information": policy} for policy in policies], information=parameters)
    watch, t = watched(small.scenario, 3, seed=1), -1
    small.c.member[:] = cards
    for later, visits, providers, left in periods:
        t += later
        watch.begin()
        for name in COUNTS:
            small.world.lookup(name, 0).fill(0)
        small.visits([i for i, *_ in visits], [j for _, j, _ in visits])
        small.c.provider[:] = providers
        small.c.exited[:] = [t if gone else -1 for gone in left]
        for v, (i, j, paid) in enumerate(visits):
            small.passing.visit_spend[v] = paid
            watch.visit(t, i, j, int(small.passing.visit_nth[v]), paid, cards[j][i])
        watch.end(t, providers, left)
        small.phases(Phase.BOOKING, Phase.WINDOWS, Phase.BOOKS, t=t)
        assume(not watch.close)
        assert_same(small.c, watch.records, RECORD)
        assert_same_warnings(small.c, watch.records)
        assert {name: small.counted(name)[:2] for name in COUNTS} == watch.counts


MARKET = {
    "periods": 30,
    "burn_in": 4,
    "periods_per_year": 8,
    "population": {"customers": 300, "purchase_rate": 0.6},
    "defection": {"exit_rate": 0.01},
    "waiting_line": {"minutes_open": 300.0, "service_minutes": 10.0, "patience_minutes": 5.0},
    "complaint": {},
    "recovery": {},
    "information": {},
    "customer_accounts": {},
    "firms": [
        {
            "name": "north",
            "price": 0.95,
            "program": {"preset": "points", "goal": 4.0, "hassle": 6.0},
            "recovery": {"compensation": 0.5, "empathy": 0.4},
            "information": {"data_coverage": 0.3, "record_cost": 0.07},
        },
        {"name": "east", "waiting_line": {"servers": 2}, "information": {"data_coverage": 0.6}},
        {"name": "south", "recovery": {"compensation": 1.2}, "information": {"omniscient": True}},
    ],
}

LOGGED = ("visit_spend", "visit_reward", "handling")


def visits_by_period(engine: Engine, periods: int) -> Iterator[tuple[int, list[dict[str, int]]]]:
    """Run an engine and yield each period with the visits that its log says."""
    for t in range(periods):
        engine.run(1)
        log = taken(engine.world, LOGGED)
        yield t, [dict(zip(log, map(int, row), strict=True)) for row in zip(*log.values(), strict=True)]


def test_a_whole_market_is_that_of_the_twins():
    scenario = Scenario.parse(MARKET)
    logged = of_visits(scenario)
    engine = Engine(scenario.adding(visit_log([logged[name] for name in LOGGED], room(300, 1))), seed=8)
    world, c = engine.world, engine.world.customers
    books = [[Account() for _ in range(300)] for _ in range(3)]
    watch = watched(scenario, 300, seed=8)
    for t, visits in visits_by_period(engine, 30):
        watch.begin()
        for v in visits:
            i, j, paid = v["customer"], v["firm"], v["visit_spend"]
            firm = scenario.firms[j]
            rewards = v["visit_reward"] // accounts.hundredths(rewarded_expense(firm)) if firm.program else 0
            costs = visit_costs(firm, float(c.basket[i]), rewards, v["handling"] > 0)
            books[j][i].book(paid, *costs)
            watch.visit(t, i, j, v["nth"], paid, bool(c.member[j, i]))
        watch.end(t, c.provider.tolist(), (c.exited >= 0).tolist())
        assert_same(c, books, ACCOUNT)
        assert_same(c, watch.records, RECORD)
        assert_same_warnings(c, watch.records)
        assert not watch.close
        counted = {name: world.history[t, world.rows[name], :3].tolist() for name in COUNTS}
        assert counted == watch.counts
    assert min(min(counted[name]) for name in COUNTS if name != "identified") > 0
    happened = ("complaints", "rewards_redeemed", "amends_cost", "gave_up", "exits", "identified")
    assert all(world.history[:, world.rows[name]].any() for name in happened)

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
from abm.mechanisms.relationship.warning_scores import score_alive
from abm.scenario.firm import Firm
from abm.scenario.scenario import Scenario
from abm.study.plan.record import of_visits
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import accounts, information, recovery, warning_scores
from tests.reference.closeness import as_single, near_half
from tests.reference.customer_accounts import Account, goods_cents, lever_cents
from tests.reference.information import COUNTS, Record, Watch
from tests.reference.random_numbers import stream_key
from tests.reference.warning_scores import SILENT

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


def assert_same_warnings(found, twins, atol=1e-6):
    np.testing.assert_allclose(found.warning, [[twin.warning for twin in row] for row in twins], rtol=1e-6, atol=atol)


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


class TestWarningScoresByHand:
    p = information.EXAMPLE

    def test_alive(self):
        """After 2 repeats until period 10 of 20: odds of 1 / 11 * (32 / 22)^3 = 0.279763; after none 0."""
        assert warning_scores.dropped_out(2, 10, 20, self.p) == pytest.approx(0.218605, abs=1e-6)
        assert warning_scores.dropped_out(2, 20, 20, self.p) == pytest.approx(1.0 / 12.0)
        assert warning_scores.dropped_out(0, 0, 20, self.p) == 0.0

    def test_who_is_surely_gone(self):
        assert warning_scores.dropped_out(200, 0, 500, self.p) == 1.0

    def test_slowing(self):
        """A gap of 6 where 4 visits within 9 periods make 3 the mean: ln 2; 0 where either is not known."""
        assert warning_scores.slowing(6.0, 9, 4) == pytest.approx(math.log(2.0))
        assert [warning_scores.slowing(*of) for of in ((0.0, 9, 4), (6.0, 0, 4), (6.0, 9, 1))] == [0.0] * 3

    def test_logit(self):
        """-2 + 1.5 gaps + 0.5 ln 4 - 0.25 ln 21 + ln 2 + 2 * 0.5 = 1.125164; -2 without a rhythm."""
        p = {**self.p, "on_visits": 0.5, "on_spend": -0.25, "on_trend": 1.0, "on_complaints": 0.5}
        seen = {"silence": 9, "gap": 6.0, "recency": 9, "visits": 4, "cents": 2000, "complaints": 2}
        assert warning_scores.logit_score(**seen, p=p) == pytest.approx(1.0 / (1.0 + math.exp(-1.125164)), abs=1e-6)
        first = {"silence": 9, "gap": 0.0, "recency": 0, "visits": 1, "cents": 0, "complaints": 0}
        assert warning_scores.logit_score(**first, p=p) == pytest.approx(1.0 / (1.0 + math.exp(2.0)))

    def test_repeats_are_visits_after_the_first(self):
        """Of visits in periods 0, 4, 10 two are repeats; the score of period 20 is that of `test_alive`."""
        record, p = Record(known=True), {**self.p, "score": "alive"}
        for t in (0, 4, 10):
            record.note(t, 100, p)
        assert record.score(20, p) == pytest.approx(0.218605, abs=1e-6)

    def test_what_is_noted(self):
        """The first visit of which the firm knows, and the complaints of who is known when a period ends."""
        watch = Watch([information.Policy(0.0)], 2, (1, 2), self.p)
        watch.records[0][0].known = True
        for t, complaints in ((3, (False, True)), (7, (True,))):
            watch.begin()
            for nth, complained in enumerate(complaints):
                for i in range(2):
                    watch.visit(t, i, 0, nth, 100, False, complained)
            watch.end(t, [0, 0], [False, False])
        record, stranger = watch.records[0]
        assert (record.seen_first, record.seen_last, record.seen_complaints) == (3, 7, 2)
        assert (stranger.seen_first, stranger.seen_complaints) == (-1, 0)

    def test_a_complaint_before_she_is_known_in_the_same_period_is_counted(self):
        watch = Watch([information.Policy(0.0)], 1, (1, 2), self.p)
        watch.visit(3, 0, 0, 0, 100, False, True)
        watch.policies = [information.Policy(1.0)]
        watch.visit(3, 0, 0, 1, 100, False, True)
        watch.end(3, [0], [False])
        assert (watch.records[0][0].seen_visits, watch.records[0][0].seen_complaints) == (1, 2)


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
        assert warning_scores.recency_warning(12, 4.0) == pytest.approx(0.950213, abs=1e-6)
        assert warning_scores.recency_warning(2, 4.0) == pytest.approx(0.393469, abs=1e-6)
        assert warning_scores.recency_warning(0, 4.0) == warning_scores.recency_warning(50, 0.0) == 0.0

    def test_who_sees_all_sees_the_truth_of_those_she_knows(self):
        record, stranger = Record(known=True), Record()
        for one in (record, stranger):
            one.judge(9, gone=True, omniscient=True, parameters=self.p)
        assert (record.warning, stranger.warning) == (1.0, 0.0)
        record.judge(10, gone=False, omniscient=True, parameters=self.p)
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


@settings(max_examples=examples(60))
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


@settings(max_examples=examples(100))
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


weight = st.floats(-2.0, 2.0, width=32)
shape = st.floats(0.0625, 16.0, width=32)
scores = st.fixed_dictionaries(
    {"score": st.just("alive"), "r": shape, "alpha": shape, "a": shape, "b": shape, "warn_from": share}
) | st.fixed_dictionaries(
    {
        "score": st.just("logistic"),
        "intercept": weight,
        **{f"on_{name}": weight for name in ("silence", "visits", "spend", "trend", "complaints")},
        "warn_from": share,
    }
)
# a period: how long after the one before, who visits whom, pays what and complains how, each one's provider
voiced = st.tuples(
    st.integers(1, 4),
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 50_000), st.integers(0, SILENT)), max_size=6
    ).map(sorted),
    st.lists(st.integers(-1, 1), min_size=3, max_size=3),
)


@settings(max_examples=examples(60))
@given(
    scores,
    st.floats(0.0078125, 1.0, width=32),
    st.tuples(share, st.sampled_from([False, False, True])),
    st.lists(voiced, max_size=10),
)
def test_scores_are_those_of_the_twin(numbers, coverage, other, periods):
    policies = [{"data_coverage": coverage}, {"data_coverage": other[0], "omniscient": other[1]}]
    firms = [{"information": policy} for policy in policies]
    small = Small(3, firms, information=numbers, complaint={}, recovery={})
    watch, t = watched(small.scenario, 3, seed=1), -1
    counts_of_score = numbers.get("on_complaints", 0.0) != 0.0
    names = (*RECORD, "seen_first", *(("seen_complaints",) if counts_of_score else ()))
    for later, visits, providers in periods:
        t += later
        watch.begin()
        for name in COUNTS:
            small.world.lookup(name, 0).fill(0)
        small.visits([i for i, *_ in visits], [j for _, j, *_ in visits])
        small.c.provider[:] = providers
        for v, (i, j, paid, channel) in enumerate(visits):
            small.passing.visit_spend[v], small.passing.complaint_channel[v] = paid, channel
            watch.visit(t, i, j, int(small.passing.visit_nth[v]), paid, False, channel != SILENT)
        watch.end(t, providers, [False] * 3)
        small.phases(Phase.BOOKING, Phase.WINDOWS, Phase.BOOKS, t=t)
        assume(not watch.close)
        assert_same(small.c, watch.records, names)
        assert_same_warnings(small.c, watch.records, atol=1e-5)
        assert {name: small.counted(name)[:2] for name in COUNTS} == watch.counts


@pytest.mark.parametrize(("visits", "age", "alpha"), [(200, 500, 12.0), (3000, 5000, 0.0078125), (2, 100_000, 1.0)])
def test_a_score_of_who_came_often_long_ago_is_a_number(visits, age, alpha):
    small = Small(1, [{"information": {"data_coverage": 0.5}}], information={"score": "alive", "alpha": alpha})
    c = small.c
    c.known[0, 0], c.seen_first[0, 0], c.seen_last[0, 0], c.seen_visits[0, 0] = 1, 0, 1, visits
    small.run("information", score_alive, age)
    expected = warning_scores.dropped_out(visits - 1, 1, age, {**information.EXAMPLE, "alpha": alpha})
    assert c.warning[0, 0] == pytest.approx(expected, abs=1e-5)


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


LOGIT = {"on_silence": 0.5, "on_visits": -0.5, "on_spend": 0.125, "on_trend": 0.75, "on_complaints": 0.5}


@pytest.mark.parametrize(
    "numbers",
    [
        {},
        {"score": "alive", "alpha": 3.0, "a": 1.5, "b": 3.0, "warn_from": 0.6},
        {"score": "logistic", **LOGIT, "warn_from": 0.4},
    ],
    ids=["recency", "alive", "logistic"],
)
def test_a_whole_market_is_that_of_the_twins(numbers):
    scenario = Scenario.parse({**MARKET, "information": numbers})
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
            watch.visit(t, i, j, v["nth"], paid, bool(c.member[j, i]), v["handling"] > 0)
        watch.end(t, c.provider.tolist(), (c.exited >= 0).tolist())
        assert_same(c, books, ACCOUNT)
        assert_same(c, watch.records, [*RECORD, *(name for name in ("seen_first", "seen_complaints") if name in c)])
        assert_same_warnings(c, watch.records, atol=1e-5 if numbers else 1e-6)
        assert not watch.close
        counted = {name: world.history[t, world.rows[name], :3].tolist() for name in COUNTS}
        assert counted == watch.counts
    assert min(min(counted[name]) for name in COUNTS if name != "identified") > 0
    happened = ("complaints", "rewards_redeemed", "amends_cost", "gave_up", "exits", "identified")
    assert all(world.history[:, world.rows[name]].any() for name in happened)

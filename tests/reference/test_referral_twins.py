"""The twins of referral programmes, of defection ratios and of local failures: by hand, against kernels, in markets."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import abm
from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.measurement import defection_ratio as shipped_ratio
from abm.mechanisms.service.local_failures import fail_locally
from abm.mechanisms.social import referral as shipped
from abm.world.columns import Column
from tests.mechanisms.small import Small
from tests.reference import accounts, defection_ratio, referral
from tests.reference.by_hand import SEED, assert_counted, listed, per_firm, put, share, visited
from tests.reference.closeness import as_single, near
from tests.reference.customer_accounts import goods_cents, lever_cents
from tests.reference.random_numbers import customer_words, stream_key, uniform
from tests.reference.referral import FOUND_OUT, FRIEND, HERSELF, NO_CODE, NOBODY, Policy

IDENTITIES = (7, 3, 4_000_000_000, 2)  # of the four customers of small worlds: not the numbers of their rows
N = len(IDENTITIES)
PAIRS = [(i, k) for i in range(N) for k in range(i + 1, N)]
ties = st.lists(st.sampled_from(PAIRS), unique=True)


class TestReferralByHand:
    p = referral.EXAMPLE

    def test_incentive(self):
        """10 for herself and half of 20 for her friend are 20 against 10: two thirds; nothing prompts nobody."""
        assert referral.incentive(10.0, 20.0, 0.5, 10.0) == pytest.approx(2 / 3)
        assert referral.incentive(10.0, 20.0, 0.0, 10.0) == 0.5
        assert referral.incentive(0.0, 0.0, 0.5, 10.0) == 0.0

    def test_liking(self):
        found = [referral.liking(s, 0.6) for s in (0.0, 0.6, 0.7, 1.0)]
        assert found == pytest.approx([0.0, 0.0, 0.25, 1.0])

    def test_handing_on(self):
        """0.2 * 2/3 * 0.25."""
        assert referral.handing_on(0.7, Policy(10.0, 20.0), self.p) == pytest.approx(1 / 30)

    def test_whose_friend(self):
        assert [referral.friend(u, [4, 5, 9]) for u in (0.0, 0.33, 0.34, 0.67, 0.999)] == [4, 4, 5, 9, 9]

    def test_while_a_code_counts(self):
        """Through period 9; what it is worth is a basket at most: 15 of 60 is a quarter, 15 of 10 all."""
        assert [referral.counts(9, t) for t in (8, 9, 10)] == [True, True, False]
        assert not referral.counts(NO_CODE, -1)
        assert referral.worth(9, 9, 15.0, 6.0, 60.0) == 1.5
        assert referral.worth(9, 9, 15.0, 6.0, 10.0) == 6.0
        assert referral.worth(9, 10, 15.0, 6.0, 10.0) == 0.0

    @pytest.mark.parametrize(("spend", "paid"), [(9000, 3000), (500, 1500), (0, 1000)])
    def test_a_friend(self, spend, paid):
        """10 for who brings her and 20 for herself, or what she pays; half of claims checked: 0.5 ln 2 is 35 cents."""
        found = referral.claim((0,) * 4, -1, 9, spend, 9, Policy(10.0, 20.0, 0.5), self.p)
        assert found == referral.Claim(FRIEND, paid, 35)

    def test_who_has_bought_before(self):
        """Claims with 0.002 * 30 / 40; words of 0 and of 2^32 - 1 are the least and the greatest uniforms."""
        policy, last = Policy(10.0, 20.0, 0.5), 2**32 - 1
        assert referral.claiming(policy, self.p) == pytest.approx(0.0015)
        assert referral.claim((0, last, 0, 0), 3, 9, 9000, 9, policy, self.p) == referral.Claim(HERSELF, 3000, 35)
        assert referral.claim((0, 0, 0, 0), 3, 9, 9000, 9, policy, self.p) == referral.Claim(FOUND_OUT, 0, 35)
        assert referral.claim((last, 0, 0, 0), 3, 9, 9000, 9, policy, self.p) is None

    def test_a_first_purchase_without_a_code(self):
        assert referral.claim((0,) * 4, -1, 8, 9000, 9, Policy(10.0, 20.0), self.p) is None
        assert referral.claim((0,) * 4, -1, NO_CODE, 9000, 9, Policy(10.0, 20.0), self.p) is None

    def test_to_whom_a_code_is_of_use(self):
        assert [referral.is_hers(*of) for of in ((-1, -1), (0, -1), (-1, 0))] == [True, False, False]


class TestRatiosByHand:
    @pytest.mark.parametrize(
        ("left", "groups"),
        [
            ((), ("unexposed",)),
            ((-1, 20), ("unexposed",)),
            ((18,), ("touched", "exposed")),
            ((17,), ("touched",)),
            ((10,), ("touched",)),
            ((9,), ("unexposed",)),
            ((9, 18), ("touched", "exposed")),
            ((10, 18), ("touched",)),
            ((18, 19), ("touched",)),
        ],
    )
    def test_groups_in_period_20(self, left, groups):
        """Recent is up to 2 periods ago, forgotten what is more than 10; what happens in the period is not seen."""
        assert defection_ratio.groups(left, 20, 2, 10) == groups

    def test_who_was_there(self):
        assert [defection_ratio.was_there(exited, 5) for exited in (-1, 4, 5)] == [True, False, True]

    def test_a_triangle(self):
        """The first has left just before; of her friends, both exposed, the second leaves now, and the third stays."""
        found = defection_ratio.compared([4, 5, -1], [0, 1, -1], [[1, 2], [0, 2], [0, 1]], 5, (1, 9), 2)
        assert (found["exposed"], found["exposed_exits"]) == ([0, 1, 1], [0, 1, 0])
        assert (found["touched"], found["touched_exits"]) == ([0, 1, 1], [0, 1, 0])
        assert not any(found["unexposed"])

    def test_ratio(self):
        """2 of 10 against 5 of 100."""
        assert defection_ratio.hazard_ratio(2, 10, 5, 100) == pytest.approx(4.0)
        assert math.isnan(defection_ratio.hazard_ratio(0, 0, 5, 100))
        assert math.isnan(defection_ratio.hazard_ratio(2, 10, 0, 100))

    def test_a_place(self):
        assert [defection_ratio.local_risk(0.5, k, (3.0, 0.0)) for k in range(3)] == [1.5, 0.0, 0.5]


amount = st.one_of(st.sampled_from([0.0, 0.125]), st.floats(0.0, 60.0, width=32))
policy = st.builds(Policy, amount, amount, st.floats(0.0, 0.984375, width=32), st.floats(0.0, 5.0, width=32))
paying = per_firm(policy).filter(lambda both: any(one.paid(9000) > 0 for one in both))  # else nothing is done
LEVERS = ("sender_reward", "receiver_reward", "checked", "check_cost")
numbers = st.fixed_dictionaries(
    {
        "recommending": st.one_of(st.just(1.0), share),
        "recommend_from": st.sampled_from([0.0, 0.25, 0.9375]),
        "altruism": share,
        "half_reward": st.sampled_from([0.015625, 4.0]),
        "self_referral": st.one_of(st.just(1.0), share),
        "valid": st.integers(1, 5),
    }
)
visit = st.tuples(st.integers(0, N - 1), st.integers(0, 1))


def visits_of(what, most=10):
    """Draw visits (customer, firm, *what), in the order in which lists of visits are kept."""
    return st.lists(st.tuples(visit, what).map(lambda one: (*one[0], *one[1])), max_size=most).map(
        lambda visits: sorted(visits, key=lambda one: one[0])
    )


def rewarding(policies, p, **sections):
    """Return a small world of firms with referral programmes, and customers of some identity."""
    firms = [{"referral": {name: getattr(one, name) for name in LEVERS}} for one in policies]
    small = Small(N, firms, referral=p, **sections)
    small.c.customer_id[:] = IDENTITIES
    return small


def neighbours(world):
    """Return the neighbours of each customer in the order of their row."""
    start, target = world.ties.start, world.ties.target
    return [target[start[i] : start[i + 1]].tolist() for i in range(world.n)]


@given(amount, amount, share, st.floats(0.25, 90.0, width=32), share, st.floats(0.0, 0.984375, width=32))
def test_equations_are_those_of_the_twin(sender, receiver, altruism, half, transaction, mark):
    single = map(np.float32, (sender, receiver, altruism, half))
    assert shipped.incentive(*single) == pytest.approx(referral.incentive(sender, receiver, altruism, half), abs=1e-6)
    found = shipped.liking(np.float32(transaction), np.float32(mark))
    assert found == pytest.approx(referral.liking(transaction, mark), rel=1e-5, abs=1e-6)


@given(paying, numbers, ties, visits_of(st.tuples(share)), st.integers(0, 1000))
def test_codes_handed_on_are_those_of_the_twin(policies, p, tied, visits, t):
    """Tile by tile: nobody else's code of the last period is forgotten."""
    small = rewarding(policies, p).tie([(i, k, 0.25) for i, k in tied])
    small.c.code_of[:], small.c.code_for[:] = 1, 3
    key, expected = stream_key(SEED, "referral"), {"codes": [0, 0]}
    given_by: dict[int, tuple[int, int]] = {}
    call = small.bound("referral", shipped.hand_on_codes)
    for lo in (2, 0):
        people = listed(small, here := [one for one in visits if lo <= one[0] < lo + 2])
        put(small, transaction=[one[2] for one in here])
        for (i, j, identity, nth), (*_, s) in zip(people, here, strict=True):
            words, row = referral.words(key, identity, t, nth, draw=0), neighbours(small.world)[i]
            chance = referral.handing_on(s, policies[j], p)
            assume(not near(uniform(words[0]), chance, 1e-6))
            if row and uniform(words[0]) < chance:
                given_by[i] = j, referral.friend(uniform(words[1]), row)
        call(lo, lo + 2, t)
        found = dict(enumerate(zip(small.c.code_of.tolist(), small.c.code_for.tolist(), strict=True)))
        done = range(lo, N)
        assert {i: found[i] for i in done if found[i][0] != NOBODY} == given_by
        assert all(found[i] == (1, 3) for i in range(lo))
    for j, _ in given_by.values():
        expected["codes"][j] += 1
    assert_counted(small, expected)


date = st.integers(-1, 9)
people_of = st.lists(st.tuples(date, st.booleans(), date), min_size=N, max_size=N)


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.integers(-1, 1), st.integers(0, N - 1)), min_size=N, max_size=N),
    per_firm(people_of),
    st.lists(st.sampled_from([-1, -1, 0, 9]), min_size=N, max_size=N),
)
def test_codes_received_are_those_of_the_twin(valid, given_by, people, exited):
    """Of codes until periods up to the present one, 9; share by share."""
    t = 9
    small = rewarding([Policy(5.0)] * 2, {"valid": valid})
    c = small.c
    c.exited[:] = exited
    c.code_of[:], c.code_for[:] = zip(*given_by, strict=True)
    for k, name in enumerate(("last_purchase", "aware", "code_until")):
        c[name][:] = [[one[k] for one in row] for row in people]
    call = small.bound("referral", shipped.receive_codes)
    for lo in (0, 2):
        call(lo, lo + 2, t)
    until, aware = ([[one[k] for one in row] for row in people] for k in (2, 1))
    expected = {name: [0, 0] for name in ("codes_new", "learned", "referred")}
    for j, k in given_by:
        if j != NOBODY and referral.is_hers(people[j][k][0], exited[k]):
            expected["codes_new"][j] += until[j][k] == NO_CODE
            for name in ("learned", "referred"):
                expected[name][j] += not aware[j][k]
            until[j][k], aware[j][k] = t + valid, True
    np.testing.assert_array_equal(c.code_until, until)
    np.testing.assert_array_equal(c.aware, aware)
    assert_counted(small, expected)


@given(
    paying,
    per_firm(st.lists(date, min_size=N, max_size=N)),
    st.lists(st.tuples(st.floats(0.0, 20.0, width=32), st.floats(0.25, 90.0, width=32)), min_size=N, max_size=N),
)
def test_what_codes_are_worth_is_that_of_the_twin(policies, until, people):
    """In period 4."""
    small = rewarding(policies, {})
    small.c.code_until[:] = until
    small.c.price_response[:], small.c.basket[:] = zip(*people, strict=True)
    call = small.bound("referral", shipped.foresee_reward)
    for lo in (0, 2):
        small.passing.utility[:] = 0.5
        call(lo, lo + 2, 4)
        for j, one in enumerate(policies):
            for i in range(lo, lo + 2):
                worth = referral.worth(until[j][i], 4, one.receiver_reward, *people[i])
                assert small.passing.utility[j, i - lo] == pytest.approx(0.5 + worth, rel=1e-5)


def claims_of(small, key, people, spends, t, policies, p):
    """Return the twin's claim on each visit; the columns of pairs are as they were before."""
    until, last = small.c.code_until.copy(), small.c.last_purchase
    made = []
    for (i, j, identity, nth), spend in zip(people, spends, strict=True):
        drawn = referral.words(key, identity, t, nth, draw=1)
        close = (
            (uniform(drawn[0]), referral.claiming(policies[j], p)),
            (uniform(drawn[1]), policies[j].checked),
        )
        assume(not any(near(*pair, 1e-6) for pair in close))
        found = referral.claim(drawn, last[j, i], until[j, i], spend, t, policies[j], p)
        if found and found.kind == FRIEND:
            until[j, i] = NO_CODE
        made.append(found)
    return made, until


@given(
    paying,
    numbers,
    per_firm(st.lists(st.tuples(st.sampled_from([-1, -1, 0, 3]), date), min_size=N, max_size=N)),
    visits_of(st.tuples(st.integers(0, 9000))),
)
def test_payments_are_those_of_the_twin(policies, p, people, visits):
    """In period 4, with codes that count through others."""
    small = rewarding(policies, p, customer_accounts={})
    for k, name in enumerate(("last_purchase", "code_until")):
        small.c[name][:] = [[one[k] for one in row] for row in people]
    came = listed(small, visits)
    put(small, visit_spend=[one[2] for one in visits], visit_cost=7)
    small.scratch("referral", "visit_referral").fill(99)  # of visits that stood there before
    key = stream_key(SEED, "referral")
    made, until = claims_of(small, key, came, [one[2] for one in visits], 4, policies, p)
    small.run("referral", shipped.pay_referrals, 4)
    small.run("referral", shipped.add_referral_cost, 4)
    expected = {name: [0, 0] for name in (FRIEND, HERSELF, FOUND_OUT, "referral_cost", "check_spend")}
    for v, ((_, j, *_), found) in enumerate(zip(came, made, strict=True)):
        paid = 0
        if found:
            expected[found.kind][j] += 1
            expected["referral_cost"][j] += found.paid
            expected["check_spend"][j] += found.check
            paid = found.paid + found.check
        assert small.at("visit_referral")[v] == paid
        assert small.at("visit_cost")[v] == 7 + paid
    np.testing.assert_array_equal(small.c.code_until, until)
    assert_counted(small, expected)


@st.composite
def places(draw):
    """Draw ties among seven customers, when each of them left, the provider of each, and the two windows."""
    pairs = [(i, k) for i in range(7) for k in range(i + 1, 7)]
    tied = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=9))
    forgotten = draw(st.integers(1, 6))
    exited = draw(st.lists(st.integers(-3, 9).map(lambda at: max(at, -1)), min_size=7, max_size=7))
    providers = draw(st.lists(st.integers(-1, 1), min_size=7, max_size=7))
    return tied, exited, providers, (draw(st.integers(1, forgotten)), forgotten)


@given(places())
def test_comparisons_are_those_of_the_twin(drawn):
    """At the end of period 9, share by share."""
    tied, exited, providers, windows = drawn
    small = Small(7, defection_ratio=dict(zip(("recent", "forgotten_after"), windows, strict=True)))
    small.tie([(i, k, 0.125) for i, k in tied])
    small.c.exited[:], small.c.provider[:] = exited, providers
    for kernel in (shipped_ratio.count_leavers, shipped_ratio.compare_exposed):
        call = small.bound("defection_ratio", kernel)
        for lo, hi in ((0, 3), (3, 7)):
            call(lo, hi, 9)
    expected = defection_ratio.compared(exited, providers, neighbours(small.world), 9, windows, 2)
    assert {name: small.counted(name) for name in expected} == expected


@given(
    st.lists(st.one_of(st.sampled_from([0.0, 1.0, 1000.0]), st.floats(0.0, 5.0, width=32)), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, N - 1), st.floats(0.0, 3.0, width=32)), max_size=8).map(sorted),
    st.lists(st.sampled_from([0, 1, 2]), min_size=N, max_size=N),
)
def test_local_risks_are_those_of_the_twin(factors, visits, segments):
    people = {"customers": N, "segments": [{"name": name, "share": 0.25} for name in "abcd"]}
    small = Small(N, population=people, local_failures={"failure_factor": factors})
    small.c.segment[:] = segments
    small.visits([i for i, _ in visits], [0] * len(visits))
    put(small, failure_risk=[risk for _, risk in visits])
    small.run("local_failures", fail_locally)
    expected = [defection_ratio.local_risk(risk, segments[i], factors) for i, risk in visits]
    # Below 1e-37 a float32 has fewer digits.
    np.testing.assert_allclose(small.at("failure_risk"), expected, rtol=1e-6, atol=1e-37)


@abm.kernel
def copy_worth(worth_of_code, utility_of_referral, lo, hi):
    """Keep what codes added to utilities.  worth_of_code (m, n)  logit units  [written]"""
    for j in range(utility_of_referral.shape[0]):
        for i in range(lo, hi):
            worth_of_code[j, i] = utility_of_referral[j, i - lo]


class Worth(abm.Mechanism):
    """Keeps what codes added to utilities."""

    name = "worth"
    owns: ClassVar = (Column("worth_of_code", ("firm", "customer"), 0, "logit units", "when choices are made"),)

    def schedule(self, policies):
        """Return the copy."""
        return ((abm.Phase.CHOICE, copy_worth),)


CUSTOMERS, PERIODS, SEED_OF_MARKET = 150, 40, 8
PROGRAMME = {
    "recommending": 0.9,
    "recommend_from": 0.3,
    "altruism": 0.75,
    "half_reward": 5.0,
    "self_referral": 0.2,
    "valid": 4,
}
REWARDS = (Policy(10.0, 8.0, 0.4, 0.7), Policy(0.0, 12.5), Policy())
SILENT = dict.fromkeys(("contact_rate", "discovery", "weak_tie", "strong_tie"), 0.0)  # nobody learns but by a code
COUNTED = (
    *("codes", "codes_new", FRIEND, HERSELF, FOUND_OUT, "referral_cost", "check_spend"),
    *("learned", "referred"),
)
MARKET = {
    "periods": PERIODS,
    "population": {"customers": CUSTOMERS, "purchase_rate": 0.7},
    "network": {"kind": "watts_strogatz", "neighbours": 6},
    "defection": {"exit_rate": 0.01},
    "word_of_mouth": SILENT,
    "customer_accounts": {},
    "referral": PROGRAMME,
    "firms": [
        {
            "name": name,
            "initial_awareness": known,
            "referral": {lever: getattr(one, lever) for lever in LEVERS},
        }
        for name, known, one in zip(("north", "east", "south"), (0.4, 0.3, 0.9), REWARDS, strict=True)
    ],
}


class Codes:
    """What the twin holds of a market: codes, who is known to whom, and the accounts of customers.

    until, aware : by firm and customer      given : of the period, (firm, friend) of each who handed on a code
    """

    def __init__(self, engine):
        world = engine.world
        self.firms, self.key = engine.scenario.firms, stream_key(SEED_OF_MARKET, "referral")
        self.until = [[NO_CODE] * world.n for _ in self.firms]
        self.aware = world.customers.aware.astype(bool).tolist()
        self.profit = [[0] * world.n for _ in self.firms]
        self.neighbours = neighbours(world)

    def begin(self, t, c):
        """Begin a period: what codes are worth, and what was bought before it."""
        self.given, self.counted = {}, {name: [0, 0, 0] for name in COUNTED}
        self.last = c.last_purchase.tolist()
        people = list(zip(c.price_response.tolist(), c.basket.tolist(), strict=True))
        self.worth = [
            [referral.worth(until, t, one.receiver_reward, *who) for until, who in zip(row, people, strict=True)]
            for row, one in zip(self.until, REWARDS, strict=True)
        ]

    def visit(self, t, c, i, j, nth, spend, transaction):
        """See a visit: what is claimed and what it costs, then whether a code is handed on; return cents."""
        drawn = [referral.words(self.key, i, t, nth, draw=k) for k in range(2)]
        assert not referral.is_close(drawn[0], transaction, REWARDS[j], PROGRAMME, drawn[1])
        made = referral.claim(drawn[1], self.last[j][i], self.until[j][i], spend, t, REWARDS[j], PROGRAMME)
        cost = 0
        if made:
            self.counted[made.kind][j] += 1
            self.counted["referral_cost"][j] += made.paid
            self.counted["check_spend"][j] += made.check
            cost = made.paid + made.check
            if made.kind == FRIEND:
                self.until[j][i] = NO_CODE
        if uniform(drawn[0][0]) < referral.handing_on(transaction, REWARDS[j], PROGRAMME) and self.neighbours[i]:
            self.given[i] = j, referral.friend(uniform(drawn[0][1]), self.neighbours[i])
        firm = self.firms[j]
        served = lever_cents(accounts.service_cost(firm.service))
        self.profit[j][i] += spend - goods_cents(as_single(firm.unit_cost), float(c.basket[i])) - served - cost
        return cost

    def end(self, t, c):
        """Let friends get the codes of the period, after its purchases and exits."""
        for j, k in self.given.values():
            self.counted["codes"][j] += 1
            if referral.is_hers(c.last_purchase[j, k], c.exited[k]):
                self.counted["codes_new"][j] += self.until[j][k] == NO_CODE
                for name in ("learned", "referred"):
                    self.counted[name][j] += not self.aware[j][k]
                self.until[j][k], self.aware[j][k] = t + PROGRAMME["valid"], True


def assert_same_codes(world, twin, t):
    """Compare what is left at the end of a period, and what was counted in it."""
    c = world.customers
    np.testing.assert_allclose(c.worth_of_code, twin.worth, rtol=1e-5)
    np.testing.assert_array_equal(c.code_until, twin.until)
    np.testing.assert_array_equal(c.aware, twin.aware)
    np.testing.assert_array_equal(c.profit_from_customer, twin.profit)
    handed = zip(c.code_of.tolist(), c.code_for.tolist(), strict=True)
    assert {i: one for i, one in enumerate(handed) if one[0] != NOBODY} == twin.given
    for name, number in twin.counted.items():
        assert world.history[t, world.rows[name], :3].tolist() == number, name


@pytest.mark.slow
def test_a_market_with_referral_programmes_is_that_of_the_twin():
    engine = Engine(abm.Scenario.parse(MARKET).adding(Worth()), seed=SEED_OF_MARKET)
    world, c = engine.world, engine.world.customers
    twin, sums = Codes(engine), dict.fromkeys(COUNTED, 0)
    for t in range(PERIODS):
        twin.begin(t, c)
        engine.run(1)
        names = ("visit_customer", "visit_firm", "visit_nth", "visit_spend", "transaction", "visit_referral")
        for *seen, cost in visited(engine, *names):
            assert twin.visit(t, c, *seen) == cost
        twin.end(t, c)
        assert_same_codes(world, twin, t)
        sums = {name: sums[name] + np.array(twin.counted[name]) for name in COUNTED}
    for name in COUNTED:
        assert sums[name][:2].any(), name
        assert sums[name][2] == 0, name
    assert sums[FRIEND].min() < sums[FRIEND].max()
    assert sums[FOUND_OUT][0] > 0 == sums[FOUND_OUT][1]
    assert (c.exited >= 0).any()
    assert_kpis(world, sums)


def of_run(world):
    """Return all that was counted in a run."""
    return Tallied({name: world.tallied(name).sum(axis=0) for name in world.tallies}, world.periods_per_year, PERIODS)


def assert_kpis(world, sums):
    """Compare the KPIs of the whole run with what the twin has counted."""
    rewarded = sums[FRIEND] + sums[HERSELF]
    with np.errstate(invalid="ignore"):
        expected = (
            (shipped.referred_acquisitions, sums[FRIEND] / PERIODS),
            (shipped.cost_per_referral, 0.01 * (sums["referral_cost"] + sums["check_spend"]) / sums[FRIEND]),
            (shipped.code_conversion, sums[FRIEND] / sums["codes_new"]),
            (shipped.self_referral_share, sums[HERSELF] / rewarded),
        )
    for kpi, number in expected:
        np.testing.assert_allclose(kpi(of_run(world)), number, err_msg=kpi.name)


FACTORS = (4.0, 0.25)
TOWNS = {
    "periods": PERIODS,
    "population": {
        "customers": CUSTOMERS,
        "purchase_rate": 0.8,
        "segments": [{"name": "hill", "share": 0.3}, {"name": "harbour", "share": 0.3}, {"name": "village"}],
    },
    "network": {"kind": "watts_strogatz", "neighbours": 4},
    "defection": {"exit_rate": 0.02},
    "defection_ratio": {"recent": 2, "forgotten_after": 5},
    "local_failures": {"failure_factor": FACTORS},
    "firms": [
        {"name": "north", "initial_awareness": 0.7, "service": {"failure_rate": 0.2}},
        {"name": "east", "initial_awareness": 0.7, "service": {"failure_rate": 0.05}},
    ],
}


@pytest.mark.slow
def test_a_market_of_three_towns_is_that_of_the_twins():
    engine = Engine(abm.Scenario.parse(TOWNS), seed=5)
    world, c, key = engine.world, engine.world.customers, stream_key(5, "encounter")
    tied, sums = neighbours(world), {}
    for t in range(PERIODS):
        engine.run(1)
        names = ("visit_customer", "visit_firm", "visit_nth", "failure_risk", "failure_cause")
        for i, j, nth, risk, cause in visited(engine, *names):
            assert risk == defection_ratio.local_risk(1.0, c.segment[i], FACTORS)
            u = uniform(customer_words(key, i, t, draw=0, block=nth, replication=0)[1])
            rate = engine.scenario.firms[j].service.failure_rate * risk
            assert near(u, rate, 1e-6) or (cause > 0) == (u < rate)
        windows = 2, 5
        expected = defection_ratio.compared(c.exited.tolist(), c.provider.tolist(), tied, t, windows, 2)
        for name, number in expected.items():
            assert world.history[t, world.rows[name]].tolist() == number, name
            sums[name] = sums.get(name, 0) + sum(number)
    assert min(sums.values()) > 0
    assert np.bincount(c.segment).min() > 0
    for kpi, who in ((shipped_ratio.defection_ratio, "exposed"), (shipped_ratio.naive_defection_ratio, "touched")):
        hazards = sums[f"{who}_exits"], sums[who], sums["unexposed_exits"], sums["unexposed"]
        np.testing.assert_allclose(kpi(of_run(world)), defection_ratio.hazard_ratio(*hazards), err_msg=kpi.name)

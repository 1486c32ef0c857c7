"""The twins of payments: by numbers worked by hand, against the kernels, and in a whole market."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from abm.core.kernels import Kernel
from abm.engine.engine import Engine
from abm.kpis.kpi import Tallied
from abm.mechanisms.mechanism import Mechanism, Schedule
from abm.mechanisms.phases import Phase
from abm.mechanisms.relationship import collection as c_kernels
from abm.mechanisms.relationship import credit as k_kernels
from abm.mechanisms.relationship.payments import Payments
from abm.scenario.scenario import Scenario
from abm.world.visits import ABANDONED, BALKED, DENIED, SERVED
from abm.world.world import World
from tests.examples import examples
from tests.mechanisms.small import Small
from tests.reference import credit
from tests.reference.by_hand import SEED, assert_counted, listed, per_firm, per_pair, put, share, visited, visits_with
from tests.reference.closeness import as_single, near_any
from tests.reference.credit import DEFAULTER, LATE, PROMPT, Account, Policy
from tests.reference.payments import COUNTS, Ledger
from tests.reference.random_numbers import stream_key

WHOLE = ("owed", "due", "barred", "cut_off")
STATE = (*WHOLE, "credit_score", "granted")
LEVERS = tuple(field.name for field in fields(Policy))


class TestCreditByHand:
    p = credit.EXAMPLE

    def test_odds(self):
        """A chance of 0.25 has odds of 1 to 3: three times that is 1 to 1."""
        assert credit.pressed(0.25, 3.0) == pytest.approx(0.5)
        assert [credit.pressed(chance, 8.0) for chance in (0.0, 1.0)] == [0.0, 1.0]
        assert credit.prompting(0.02, 50.0) == pytest.approx(2.0)

    def test_what_a_score_is_good_for(self):
        scores = (0.29, 0.3, 0.59, 0.6, 1.0)
        assert [credit.part_granted(score, 0.6, 0.3, 0.5) for score in scores] == [0.0, 0.5, 0.5, 1.0, 1.0]
        assert credit.part_granted(0.4, 0.3, 0.5, 0.5) == 0.0  # between marks that are the wrong way round

    def test_what_is_refused(self):
        """A firm that grants 0.2 of its 0.8 refuses three quarters."""
        assert credit.refused(0.2, 0.8) == pytest.approx(0.75)
        assert [credit.refused(0.0, 0.0), credit.refused(0.0, 0.5), credit.refused(0.5, 0.5)] == [0.0, 1.0, 0.0]

    def test_cents(self):
        """A quarter of 2 cents is half a cent, and of 3 more than that."""
        assert [credit.part_in_cents(0.25, cents) for cents in (1, 2, 3, 6)] == [0, 1, 1, 2]

    def test_delays(self):
        """Who pays with 0.25 misses 3 times before she does; with 0.01 she would 99 times, and with 0 for ever."""
        assert [credit.mean_delay(chance, 26.0) for chance in (1.0, 0.25, 0.01, 0.0)] == [0.0, 3.0, 26.0, 26.0]

    def test_worth(self):
        """Late: (4 + 3) * 0.004 = 0.028, and 2 % with odds of 2/3, or 0.4: 0.036; half of it at a price of 2."""
        policy = Policy(prompt_rebate=0.02)
        assert credit.worth_of_credit(0.25, policy, self.p) == pytest.approx(0.036)
        terms = [
            credit.term_of_credit(Account(granted=granted, cut_off=off), 2 * LATE + 1, 2.0, policy, self.p)
            for granted, off in ((0.5, False), (0.0, True))
        ]
        assert terms == pytest.approx([0.036, -0.2])

    def test_reminders(self):
        """First after 2, then every 3."""
        assert [overdue for overdue in range(10) if credit.is_reminded(overdue, 2, 3)] == [2, 5, 8]
        assert not any(credit.is_reminded(overdue, 0, 3) for overdue in range(10))

    def test_who_is_cut_off(self):
        told = [credit.is_cut_off(Account(1, due), 9, 3) for due in (-1, 5, 6, 7, 12)]
        assert told == [False, True, True, False, False]
        assert [credit.is_cut_off(Account(barred=True), 9, after) for after in (0, 3)] == [False, True]

    def test_capital(self):
        assert credit.capital_expense(0.0015) == 1500

    def test_measures(self):
        """In 2 periods of 50 customers."""
        counted = {"paid_cash": 20.0, "collected": 60.0, "rebates": 10.0, "bad_debt": 10.0, "billed": 120.0}
        counted |= {
            "fell_due": 8,
            "paid_in_time": 6,
            "receivables": 30.0,
            "cut_off_customers": 5,
            "payment_reminders": 4,
        }
        found = credit.measures({**counted, "calls": 3, "turned_away": 2}, 40, 50, 2)
        assert list(found.values()) == pytest.approx([0.1, 0.25, 0.25, 0.05, 40.0, 30.0, 0.05])


class TestLedgerByHand:
    """A firm with one customer, whom luck makes what the shares say she is."""

    def ledger(self, discipline, **policy):
        shares = {"defaulter_share": float(discipline == DEFAULTER), "late_share": float(discipline == LATE)}
        sure = {"prompt_pays": 1.0, "late_pays": 0.0, "defaulter_pays": 0.0, "noisy_share": 1.0, "overdue_calls": 1.0}
        numbers = {**credit.EXAMPLE, **shares, **sure, "billing_calls": 0.0, "cut_off_pressure": 1.0, "outrage": 1.0}
        return Ledger([Policy(credit=0.5, **policy)], [7], stream_key(1, "payments"), numbers)

    def counted(self, ledger):
        return {name: of[0] for name, of in ledger.counts.items() if of[0]}

    def test_who_pays_in_time(self):
        """Half of 1001 cents is 501; a rebate of 2 % of it is 10; the score moves from 0.8 to 0.84."""
        ledger = self.ledger(PROMPT, prompt_rebate=0.02, credit_terms=2)
        ledger.open(0)
        ledger.bill(0, 0, 1001, 0)
        ledger.end()
        assert (ledger.accounts[0][0].owed, ledger.accounts[0][0].due) == (501, 2)
        assert self.counted(ledger) == {
            **{"billed": 1001, "paid_cash": 500, "receivables": 501, "capital_cost": 751_500}
        }
        ledger.begin()
        for t in (1, 2):
            ledger.open(t)
        ledger.end()
        assert self.counted(ledger) == {"fell_due": 1, "paid_in_time": 1, "rebates": 10, "collected": 491}
        assert ledger.accounts[0][0].credit_score == pytest.approx(0.84)

    def test_who_never_pays(self):
        """Due in 1, with a score of 0.8 * 0.8; reminded, cut off and turned away in 2, written off in 3."""
        ledger = self.ledger(
            LATE, credit_terms=1, reminder_after=1, cut_off_after=1, cut_off_from="service", write_off_after=2
        )
        account = ledger.accounts[0][0]
        ledger.open(0)
        ledger.bill(0, 0, 100, 0)
        ledger.open(1)
        assert (account.credit_score, account.cut_off) == (pytest.approx(0.64), False)
        ledger.begin()
        ledger.open(2)
        assert not ledger.admit(0, 0, 0, 2)
        assert ledger.tells(0, 2)
        ledger.end()
        events = {"payment_reminders": 1, "calls": 1, "cut_offs": 1, "turned_away": 1, "negative_messages": 1}
        assert self.counted(ledger) == {
            **events, "receivables": 50, "capital_cost": 75_000, "cut_off_customers": 1, "collection": 500
        }  # fmt: skip
        assert ledger.offences == [[2]]
        ledger.begin()
        ledger.open(3)
        ledger.end()
        assert self.counted(ledger) == {"calls": 1, "bad_debt": 50, "cut_off_customers": 1, "collection": 400}
        assert (account.owed, account.credit_score, account.barred, account.cut_off) == (0, 0.0, True, True)
        assert not ledger.tells(0, 3), "she was cut off before"


chance = st.sampled_from([0.0, 1.0]) | share
some = st.integers(0, 3)
numbers_drawn = st.fixed_dictionaries(
    {
        **dict.fromkeys(("prompt_pays", "late_pays", "defaulter_pays", "billing_calls", "overdue_calls"), chance),
        **dict.fromkeys(("resentment", "offence", "score_rate", "fair_part", "delay_value"), share),
        **{name: st.floats(1.0, 20.0, width=32) for name in ("reminder_pressure", "cut_off_pressure")},
        "outrage": chance,
        "newcomer_score": st.sampled_from([0.25, 0.5, 0.75]),
        "reminder_every": st.integers(1, 3),
        "rebate_response": st.floats(0.0, 100.0, width=32),
        "longest_delay": st.floats(0.0, 30.0, width=32),
        "cut_off_aversion": st.floats(0.0, 2.0, width=32),
        "noisy_share": st.sampled_from([0.0, 0.5, 1.0]),
    }
)
shares_drawn = st.tuples(share, share).map(lambda of: dict(zip(("late_share", "defaulter_share"), of, strict=True)))
quarters = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
policy_drawn = st.fixed_dictionaries(
    {
        "credit": st.sampled_from([0.25, 0.5, 1.0]) | st.floats(0.0078125, 1.0, width=32),
        "credit_terms": st.integers(1, 5),
        "prompt_rebate": st.sampled_from([0.0, 0.25, 0.5]) | st.floats(0.0, 0.5, width=32),
        "reminder_after": some,
        "cut_off_after": some,
        "cut_off_from": st.sampled_from(["credit", "service"]),
        "full_credit_from": quarters,
        "no_credit_below": quarters,
        "write_off_after": some,
        "reminder_cost": st.floats(0.0, 9.0),
        "call_cost": st.floats(0.0, 9.0),
        "cost_of_capital": st.floats(0.0, 0.25),
    }
)
# an account in period 8: what is owed and since when, 0 = nothing; score, whether barred, cut off, and what is granted
account_drawn = st.tuples(
    st.sampled_from([0, 1, 2, 3, 50, 99, 12_345, 10_000_000]) | st.integers(1, 10**6),
    st.integers(0, 12) | st.sampled_from([6, 7, 8]),
    quarters | share,
    *[st.sampled_from([False, False, True])] * 2,
    quarters | share,
).map(lambda of: Account(of[0], of[1] if of[0] else -1, *of[2:]))
NOW = 8
market_drawn = st.tuples(numbers_drawn, per_firm(policy_drawn), per_pair(account_drawn), st.integers(0, 2**32 - 10))


def held(policy: Mapping[str, Any]) -> Policy:
    """Return a policy with numbers as float32 holds them."""
    costs = ("reminder_cost", "call_cost", "cost_of_capital")
    return Policy(**{
        name: as_single(value) if isinstance(value, float) and name not in costs else value
        for name, value in policy.items()
    })  # fmt: skip


def ledger_of(scenario: Scenario, world: World, seed: int) -> Ledger:
    """Return the twin of a scenario that has not run yet."""
    numbers = {name: getattr(scenario.payments, name) for name in credit.EXAMPLE}
    numbers = {name: as_single(value) if isinstance(value, float) else value for name, value in numbers.items()}
    policies = [held({name: getattr(firm.payments, name) for name in LEVERS}) for firm in scenario.firms]
    key = stream_key(seed, "payments")
    return Ledger(policies, world.customers.customer_id.tolist(), key, numbers, world.replication)


def assert_same(c: Any, ledger: Ledger) -> None:
    """Compare accounts, how customers pay, and who has offended them."""
    for name in WHOLE:
        of_twin = [[getattr(account, name) for account in row] for row in ledger.accounts]
        np.testing.assert_array_equal(c[name], of_twin, err_msg=name)
    for name in ("credit_score", "granted"):
        of_twin = [[getattr(account, name) for account in row] for row in ledger.accounts]
        np.testing.assert_allclose(c[name], of_twin, atol=1e-6, err_msg=name)
    np.testing.assert_array_equal(c.payer, ledger.payers)
    np.testing.assert_array_equal(c.offended_by, ledger.offended_by)


def staged(drawn: tuple[Any, ...]) -> tuple[Small, Ledger, list[np.ndarray]]:
    """Return a market of three customers whose accounts are as drawn, its twin, and their trust and satisfaction."""
    parameters, policies, accounts, identity = drawn
    small = Small(3, [{"payments": policy} for policy in policies], payments=parameters)
    small.c.customer_id[:] = range(identity, identity + 3)
    ledger = ledger_of(small.scenario, small.world, SEED)
    small.c.payer[:] = ledger.payers
    ledger.accounts = [[Account(**vars(account)) for account in row] for row in accounts]
    for name in STATE:
        small.c[name][:] = [[getattr(account, name) for account in row] for row in accounts]
    feelings = [small.c.trust, small.c.satisfaction]
    for column, start in zip(feelings, (0.75, 0.5), strict=True):
        column[:] = start
    return small, ledger, [column.copy() for column in feelings]


def assert_same_after(small: Small, ledger: Ledger, feelings: Sequence[np.ndarray]) -> None:
    """Compare accounts, counts, and what offences have left of trust and satisfaction."""
    assume(not ledger.close)
    assert_same(small.c, ledger)
    assert_counted(small, ledger.counts)
    left = (1.0 - ledger.p["resentment"]) ** np.array(ledger.offences)
    for column, before in zip((small.c.trust, small.c.satisfaction), feelings, strict=True):
        np.testing.assert_allclose(column, before * left, atol=1e-6)


class TestKernels:
    @settings(max_examples=examples(25))
    @given(shares_drawn, share, st.lists(st.integers(0, 2**32 - 1), min_size=20, max_size=20))
    def test_payers(self, shares, noisy, identities):
        """How customers pay is theirs, whatever the market; of those of whom nothing is known the score is set."""
        assume(sum(shares.values()) <= 1.0)
        small = Small(20, [{"payments": {"credit": 0.5}}], payments={**shares, "noisy_share": noisy})
        small.c.customer_id[:] = identities
        ledger = ledger_of(small.scenario, small.world, SEED)
        marks = (ledger.p["defaulter_share"], ledger.p["defaulter_share"] + ledger.p["late_share"])
        for identity in identities:
            u = credit.draw(ledger.key, identity, 0, credit.TRAIT, 0, 0)
            assume(not near_any(u, marks))
        small.scenario.payments.begin(small.world, SEED)
        assert_same(small.c, ledger)

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("kernel", "rule"),
        [
            (c_kernels.call_about_bills, Ledger.call),
            (c_kernels.collect_accounts, Ledger.collect),
            (c_kernels.write_off_debts, Ledger.write_off),
            (k_kernels.grant_credit, Ledger.grant),
        ],
    )
    @given(drawn=market_drawn, before=st.lists(st.integers(-1, 1), min_size=3, max_size=3))
    def test_rules_before_anybody_comes(
        self, kernel: Kernel, rule: Callable[..., None], drawn: tuple[Any, ...], before: list[int]
    ) -> None:
        """Who has offended her in the period before is forgotten with the last rule."""
        small, ledger, feelings = staged(drawn)
        small.c.offended_by[:] = before
        ledger.offended_by = [-1] * 3 if rule is Ledger.grant else list(before)
        small.run("payments", kernel, NOW)
        for j, i in np.ndindex(2, 3):
            rule(ledger, j, i, NOW)
        assert_same_after(small, ledger, feelings)

    @pytest.mark.slow
    @given(market_drawn)
    def test_what_comes_before_anybody_comes(self, drawn):
        small, ledger, feelings = staged(drawn)
        small.phases(Phase.CONTACT, t=NOW)
        ledger.open(NOW)
        assert_same_after(small, ledger, feelings)

    @pytest.mark.slow
    @given(market_drawn, visits_with(st.tuples(st.sampled_from([SERVED] * 4 + [BALKED, ABANDONED, DENIED]))))
    def test_debtors_at_the_till(self, drawn, visits):
        """Of a customer who comes to two firms that turn her away the later visit counts; who has left is not asked."""
        drawn[1][0]["cut_off_after"] = 2  # where no firm cuts off, nobody is asked
        small, ledger, feelings = staged(drawn)
        people = listed(small, visits)
        put(small, visit_outcome=[outcome for *_, outcome in visits])
        small.run("payments", c_kernels.press_debtors, NOW)
        served = [came == SERVED and ledger.admit(j, i, nth, NOW) for (i, j, _, nth), (*_, came) in
                  zip(people, visits, strict=True)]  # fmt: skip
        outcomes = [DENIED if came == SERVED and not stays else came for (*_, came), stays in
                    zip(visits, served, strict=True)]  # fmt: skip
        assert_same_after(small, ledger, feelings)
        assert small.at("visit_outcome").tolist() == outcomes

    @pytest.mark.slow
    @given(market_drawn, visits_with(st.tuples(st.sampled_from([0, 1, 2, 3, 101]) | st.integers(0, 10**6))))
    def test_bills(self, drawn, visits):
        small, ledger, feelings = staged(drawn)
        people = listed(small, visits)
        put(small, visit_spend=[cents for *_, cents in visits])
        small.run("payments", k_kernels.bill_visits, NOW)
        for (i, j, *_), (*_, cents) in zip(people, visits, strict=True):
            ledger.bill(j, i, cents, NOW)
        assert_same_after(small, ledger, feelings)

    @settings(max_examples=examples(25))
    @given(market_drawn, visits_with(st.tuples(share)))
    def test_resentment(self, drawn, visits):
        """Nobody grants more than is on offer."""
        small, ledger, _ = staged(drawn)
        for j, row in enumerate(ledger.accounts):
            for i, account in enumerate(row):
                account.granted = small.c.granted[j, i] = min(account.granted, ledger.policies[j].credit)
        people = listed(small, visits)
        put(small, satisfaction_shift=[shift for *_, shift in visits])
        small.run("payments", k_kernels.resent_refusal, NOW)
        expected = [shift - ledger.resentment(j, i) for (i, j, *_), (*_, shift) in zip(people, visits, strict=True)]
        assert small.at("satisfaction_shift") == pytest.approx(expected, abs=1e-6)

    @settings(max_examples=examples(25))
    @given(market_drawn, per_firm(st.floats(0.25, 2.0, width=32)), st.lists(share, min_size=3, max_size=3))
    def test_worth(self, drawn, prices, responses):
        small, ledger, _ = staged(drawn)
        small.firms.price[:], small.c.price_response[:] = prices, responses
        small.passing.utility.fill(1.0)
        small.run("payments", k_kernels.value_credit, NOW)
        expected = [
            [
                1.0 + response * credit.term_of_credit(account, of, price, policy, ledger.p)
                for account, of, response in zip(row, ledger.payers, responses, strict=True)
            ]
            for row, price, policy in zip(ledger.accounts, prices, ledger.policies, strict=True)
        ]
        np.testing.assert_allclose(small.passing.utility[:, :3], expected, rtol=1e-5, atol=1e-5)

    @settings(max_examples=examples(25))
    @given(
        market_drawn,
        st.lists(st.integers(-1, 1), min_size=3, max_size=3),
        st.lists(st.integers(0, 5), min_size=3, max_size=3),
    )
    def test_stories(self, drawn, offenders, stories):
        small, ledger, feelings = staged(drawn)
        small.c.offended_by[:], small.c.story[:], ledger.offended_by = offenders, stories, list(offenders)
        small.run("payments", c_kernels.tell_of_cut_offs, NOW)
        told = [2 * (offenders[i] + 1) if ledger.tells(i, NOW) else story for i, story in enumerate(stories)]
        assert_same_after(small, ledger, feelings)
        assert small.c.story.tolist() == told

    @settings(max_examples=examples(25))
    @given(market_drawn, per_firm(st.integers(0, 1000)), per_firm(st.integers(0, 1000)))
    def test_ends(self, drawn, reminders, calls):
        small, ledger, feelings = staged(drawn)
        for name, of in (("payment_reminders", reminders), ("calls", calls)):
            ledger.counts[name] = list(of)
            small.world.lookup(name, 0)[:2] = of
        small.run("payments", k_kernels.hold_receivables, NOW)
        small.run("payments", c_kernels.book_collection, NOW)
        ledger.end()
        assert_same_after(small, ledger, feelings)


class Arrivals(Mechanism):
    """Keeps who comes where in a period, before it is known whether she is served."""

    name = "arrivals"
    came: ClassVar[list[tuple[int, int, int]]] = []

    def schedule(self, policies: Sequence[Any]) -> Schedule:
        return ((Phase.OPERATIONS, keep_arrivals),)


def keep_arrivals(world: World, t: int) -> None:
    """Keep row, firm and number of every visit."""
    passed = world.passing[0]
    columns = (passed[f"visit_{name}"][: passed.visit_count[0]].tolist() for name in ("customer", "firm", "nth"))
    Arrivals.came[:] = zip(*columns, strict=True)


PERIODS, PEOPLE = 40, 120
MARKET = {
    "periods": PERIODS,
    "periods_per_year": 20,
    "population": {"customers": PEOPLE, "purchase_rate": 0.8},
    "renewal": {"leaving_rate": 0.5, "every": 10},
    "payments": {
        **{"late_share": 0.4, "defaulter_share": 0.2, "noisy_share": 0.5, "outrage": 0.5, "newcomer_score": 0.8},
        **{"prompt_pays": 0.9, "fair_part": 0.4, "reminder_every": 2, "score_rate": 0.3},
    },
    "firms": [
        {
            "name": "north",
            "payments": {
                **{"credit": 1.0, "credit_terms": 2, "prompt_rebate": 0.02, "reminder_after": 1, "cut_off_after": 2},
                **{"cut_off_from": "service", "write_off_after": 6, "full_credit_from": 0.6, "no_credit_below": 0.25},
            },
        },
        {
            "name": "east",
            "payments": {
                **{"credit": 0.7, "credit_terms": 1, "reminder_after": 2, "cut_off_after": 3, "write_off_after": 5},
                **{"reminder_cost": 0.55, "call_cost": 3.21, "cost_of_capital": 0.002},
            },
        },
        {"name": "south", "payments": {"credit": 0.35, "prompt_rebate": 0.1, "write_off_after": 0}},
        {"name": "west"},
    ],
}
CASH = {f"firms.{name}.payments.credit": 0.0 for name in ("north", "east", "south")}
CHANGES = [
    {"name": "cash", "from": 15, "until": 20, "set": CASH},
    {"name": "mild", "from": 25, "set": {"firms.north.payments.cut_off_after": 0, "firms.east.payments.credit": 0.2}},
    {"name": "free", "from": 34, "set": {"firms.east.payments.cut_off_after": 0}},
]


class Mirrored:
    """An engine and its ledger, period by period."""

    def __init__(self, scenario: Scenario, seed: int, replication: int) -> None:
        self.scenario = scenario
        self.engine = Engine(scenario.adding(Arrivals()), seed=seed, replication=replication)
        self.world, self.c = self.engine.world, self.engine.world.customers
        self.ledger = ledger_of(scenario.stretches()[0][1], self.world, seed)
        self.stretches = dict(scenario.stretches())
        self.came = np.zeros(self.world.m)

    def step(self, t: int) -> tuple[set[tuple[int, int]], list[int]]:
        """Run a period on both sides; return who was served where, and what each customer has told."""
        ledger, c = self.ledger, self.c
        if t in self.stretches:
            ledger.policies = [
                held({name: getattr(firm.payments, name) for name in LEVERS}) for firm in self.stretches[t].firms
            ]
        self.engine.run(1)
        ledger.begin()
        for i in np.flatnonzero(c.customer_id != ledger.identities).tolist():
            ledger.leave(i)
            ledger.enter(i, int(c.customer_id[i]))
        ledger.open(t)
        served = [(i, j, nth) for i, j, nth in Arrivals.came if ledger.admit(j, i, nth, t)]
        paid = visited(self.engine, "visit_customer", "visit_firm", "visit_nth", "visit_spend")
        assert served == [visit[:3] for visit in paid]
        for i, j, _, cents in paid:
            ledger.bill(j, i, cents, t)
        told = [i for i in range(PEOPLE) if ledger.tells(i, t)]
        ledger.end()
        return {(j, i) for i, j, _ in served}, told

    def counted(self, name: str, t: int) -> list[int]:
        return self.world.history[t, self.world.rows[name], : self.world.m].tolist()


def assert_market(scenario: Scenario, seed: int, replication: int) -> Mirrored:
    """Hold a market and its twin equal in every period: accounts, counts, offences and stories."""
    both = Mirrored(scenario, seed, replication)
    c, ledger = both.c, both.ledger
    for t in range(PERIODS):
        before = {name: c[name].copy() for name in ("trust", "satisfaction", "customer_id")}
        served, told = both.step(t)
        both.came += np.bincount([j for _, j, _ in Arrivals.came], minlength=both.world.m)
        assert not ledger.close, f"period {t}"
        assert_same(c, ledger)
        for name in COUNTS[:-1]:
            assert both.counted(name, t) == ledger.counts[name], (name, t)
        stories = c.story.tolist()
        assert [stories[i] for i in told] == [2 * (ledger.offended_by[i] + 1) for i in told]
        left = (1.0 - ledger.p["resentment"]) ** np.array(ledger.offences)
        alone = np.tile(before["customer_id"] == c.customer_id, (both.world.m, 1))
        for pair in served:  # a visit moves them too
            alone[pair] = False
        for name in ("trust", "satisfaction"):
            np.testing.assert_allclose(c[name][alone], (before[name] * left)[alone], atol=1e-6, err_msg=f"{name} {t}")
    return both


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "replication"), [([], 0), (CHANGES, 1)])
def test_a_whole_market_is_that_of_the_twins(changes, replication):
    """In the second one all firms sell for cash for a while, then one, and at last none, cuts anybody off."""
    scenario = Scenario.parse({**MARKET, "changes": changes})
    both = assert_market(scenario, seed=2, replication=replication)
    happened = both.world.history[:, [both.world.rows[name] for name in COUNTS[:-1]]].sum(axis=(0, 2))
    assert min(happened) > 0, dict(zip(COUNTS, happened.tolist(), strict=False))
    if not changes:
        assert_measures(both)
    in_tiles = Engine(scenario, seed=2, replication=replication)
    in_tiles.set_tile(32)
    in_tiles.run(PERIODS)
    for name in COUNTS:
        np.testing.assert_array_equal(in_tiles.world.tallied(name), both.world.tallied(name), err_msg=name)


def assert_measures(both: Mirrored) -> None:
    """Compare the measures of the whole run; a firm that sells for cash has some of them, and only those."""
    counts = {name: both.world.tallied(name).sum(axis=0) for name in both.world.tallies}
    found = {kpi.name: kpi(Tallied(counts, 20, PERIODS)) for kpi in Payments.kpis}
    for j in range(3):
        own = {name: counts[name][j] for name in COUNTS}
        expected = credit.measures(own, both.came[j], PEOPLE, PERIODS)
        assert {name: values[j] for name, values in found.items()} == pytest.approx(expected), j
    cash = {name: values[3] for name, values in found.items()}
    assert np.isnan(cash.pop("late_payment_share"))
    assert not any(cash.values())

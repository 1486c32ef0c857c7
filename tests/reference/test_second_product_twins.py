"""The twin of the second product: by numbers worked by hand, against the kernels, and in a whole market.

In the market the twin is told who came where, what firms know and whom they reach, trust, relations, and the discount
of each visit. Whom it is offered to, who buys and has one, and every cent of the books it works out by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.mechanisms.books.accounts import book_visits, charge
from abm.mechanisms.demand.second_books import add_second_net, book_analysis, book_second, replace_main
from abm.mechanisms.demand.second_offers import (
    add_letters,
    count_owners,
    follow_up,
    offer_second,
    resent_offers,
    stake_second,
)
from abm.mechanisms.demand.second_product import SecondProduct
from abm.scenario.scenario import Scenario
from tests.mechanisms.small import Small
from tests.reference import accounts, second_books, second_product
from tests.reference.by_hand import (
    SEED,
    assert_counted,
    counts,
    listed,
    per_firm,
    per_pair,
    put,
    share,
    visited,
    visits_with,
)
from tests.reference.closeness import as_single
from tests.reference.random_numbers import stream_key
from tests.reference.second_product import COUNTS, NO_OFFER, RIGHT, UNTIMELY, WRONG, Person, Policy, Selling, Visit
from tests.reference.state import ACTIVE, DORMANT, WON_BACK

OF_CUSTOMERS = ("second_owned_from", "second_until")
OF_PAIRS = ("second_missed", "second_wanted")


def assert_same_people(found, people):
    """Compare columns of customers with the twin's."""
    for name in OF_CUSTOMERS:
        np.testing.assert_array_equal(found[name], [getattr(one, name) for one in people], err_msg=name)
    for name in OF_PAIRS:
        np.testing.assert_array_equal(found[name], np.transpose([getattr(one, name) for one in people]), err_msg=name)


class TestByHand:
    p = second_product.EXAMPLE

    def test_net_worth(self):
        """12 + 15 * 0.3 - 15 = 1.5; of somebody who trusts by half it is worth less its price."""
        assert second_product.net_worth(12.0, 0.8, 15.0, self.p) == pytest.approx(1.5)
        assert second_product.net_worth(12.0, 0.5, 12.0, self.p) == 0.0

    def test_buying(self):
        """1.5 at a mood of 2: 1 / (1 + e**-0.75) = 0.679179."""
        assert second_product.buying_chance(1.5, 2.0) == pytest.approx(0.679179, abs=1e-6)

    def test_guesses(self):
        """24 is twice the median: 12 * 2**0.6 * e**(0.8 * 0.5) = 27.1342; of no accuracy it is luck, of all 24."""
        assert second_product.guessed_worth(24.0, 0.5, 0.6, self.p) == pytest.approx(27.1342, abs=1e-4)
        assert second_product.guessed_worth(24.0, 0.5, 0.0, self.p) == pytest.approx(12.0 * math.exp(0.5))
        assert second_product.guessed_worth(24.0, 9.9, 1.0, self.p) == pytest.approx(24.0)

    def test_offers(self):
        """Who targets offers it to who is known, whom it fits, and who has not bought it there; else it is luck."""
        assert second_product.is_offered(0.2, 0.3, 0.0, False, False, True)
        assert not second_product.is_offered(0.3, 0.3, 0.0, True, True, False)
        fits = {(known, fit, owner) for known in (0, 1) for fit in (0, 1) for owner in (0, 1)}
        assert {one for one in fits if second_product.is_offered(0.2, 0.3, 0.5, one[1], one[0], one[2])} == {(1, 1, 0)}

    def test_kinds(self):
        kinds = [second_product.kind_of_offer(*given) for given in ((True, 5.0), (True, -5.0), (False, -1e-9))]
        assert kinds == [UNTIMELY, UNTIMELY, WRONG]
        assert second_product.kind_of_offer(False, 0.0) == RIGHT

    def test_resentment(self):
        shifts = [second_product.satisfaction_shift(code, False, self.p) for code in range(4)]
        assert shifts == [0.0, 0.0, -0.1, -0.1]
        assert second_product.satisfaction_shift(WRONG, True, self.p) == 0.0

    def test_an_owner(self):
        """Of 26 periods of a worth of 13 there are 20 left in period 16: half of the 10.00 to come is forfeited."""
        person = Person(13.0, [-1, -1], [False, False], 1, 36)
        assert person.at_stake(1, 16, {**self.p, "forfeited": 0.5}) == pytest.approx(5.0)
        assert person.at_stake(0, 16, {**self.p, "forfeited": 0.5}) == 0.0
        assert person.at_stake(1, 36, {**self.p, "forfeited": 0.5}) == 0.0
        assert [person.has(t) for t in (35, 36)] == [True, False]
        assert [person.is_counted(1, ACTIVE, t) for t in (34, 35)] == [True, False]
        assert person.is_counted(1, WON_BACK, 34)
        assert not person.is_counted(1, DORMANT, 34)
        assert not person.is_counted(0, ACTIVE, 34)

    def test_a_smaller_basket(self):
        """Of 40.00 at 0.9 less a tenth discount a quarter is missing: 24.30 for 32.40; goods 18.00 for 24.00.

        The discount is then 2.70 for 3.60, and what the low price forgoes 3.00 for 4.00.
        """
        found = second_books.paid_by_owner(40.0, 0.9, 0.6, 0.1, 0.25)
        assert found == second_books.Replaced(2430, goods=600, discounts=90, price_cuts=100, less=810)

    def test_each_amount_is_rounded_by_itself(self):
        """12.5 cents of 25 are 13; of the goods 6.25 are 6 for 12.5, which are 13."""
        assert second_books.paid_by_owner(0.25, 1.0, 0.5, 0.0, 0.5) == second_books.Replaced(13, 7, 0, 0, 12)

    def test_analysis(self):
        """0.02 * -ln 0.2 = 0.032189 cu."""
        assert second_product.analysis_cents(Policy(15.0, targeted=0.8)) == 322
        assert second_product.analysis_cents(Policy(15.0)) == second_product.analysis_cents(Policy(targeted=0.8)) == 0

    def test_a_sale_and_the_offer_before_it(self):
        """An offer of 0.30 and a sale of 15.00 less 8.00: 6.70 gained."""
        selling = Selling([Policy(15.0)], [], [], (0, 0), self.p)
        visit = Visit(RIGHT, True, False)
        selling.book(0, visit)
        selling.book(0, Visit(NO_OFFER, False, True))
        assert visit.net == -670
        counted = {name: number for name, (number,) in selling.counts.items() if number}
        assert counted == {
            "second_offers": 1, "second_offers_right": 1, "second_sales": 1, "second_revenue": 1500,
            "second_goods": 800, "pitch_spend": 30,
        }  # fmt: skip

    def test_measures(self):
        """Ten offers, four sales at 15.00 less 8.00; 3.00 of time, 1.00 of letters, 4.00 of analysis: 2.00 an offer."""
        c = dict.fromkeys(COUNTS, 0.0) | {
            "second_offers": 10, "second_offers_right": 6, "second_offers_untimely": 1, "second_sales": 4,
            "second_owners": 30, "second_revenue": 60.0, "second_goods": 32.0, "pitch_spend": 3.0, "letter_spend": 1.0,
            "analysis_spend": 4.0, "replaced_spend": 15.0,
        }  # fmt: skip
        found = second_books.measures(c, received=600.0, actives=300, per_year=0.005)
        assert found == pytest.approx(
            {
                "cross_buying_share": 0.1, "second_sales_rate": 0.02, "offer_precision": 0.6,
                "offer_timing_error": 0.1, "second_revenue_share": 0.1, "cannibalisation": 0.25,
                "margin_per_offer": 2.0,
            }
        )  # fmt: skip


# amounts of which there are equal ones, and halves of a cent among their products
eighths = st.integers(0, 8).map(lambda k: k / 8)
amount = st.integers(0, 400).map(lambda k: k / 16) | st.floats(0.0, 200.0, width=32)
worth = st.just(10.0) | st.floats(0.015625, 200.0, width=32)
chance = st.sampled_from([0.0, 1.0]) | share
policy = st.fixed_dictionaries(
    {
        "second_price": st.sampled_from([0.0, 10.0]) | st.floats(0.25, 100.0, width=32),
        "second_unit_cost": amount,
        "pitch": chance,
        "pitch_cost": amount,
        "follow_up_offer": chance,
        "targeted": st.sampled_from([0.0, 0.0078125, 0.5, 0.75, 0.984375]),
        "analysis_cost": amount,
    }
)
policies = st.tuples(policy, policy).filter(lambda both: any(own["second_price"] for own in both))  # else it is off
parameters = st.fixed_dictionaries(
    {
        "worth_median": worth,
        "worth_spread": st.just(0.0) | st.floats(0.0, 2.0, width=32),
        "trust_premium": st.just(0.0) | st.floats(0.0, 100.0, width=32),
        "mood": st.floats(0.0625, 20.0, width=32),
        "asking": chance,
        "reactance": share,
        "lasts": st.integers(1, 4),
        "cannibalised": share | eighths,
        "forfeited": share,
    }
)
# a customer: worth, of whom she has one from the start and until when, per firm whether she left without, and wants it
person = st.tuples(
    worth,
    st.tuples(st.integers(0, 1), st.integers(0, 4)) | st.just((-1, 0)),
    per_firm(st.tuples(st.integers(-1, 0), st.booleans())),
).map(lambda v: Person(v[0], [note[0] for note in v[2]], [note[1] for note in v[2]], *v[1]))
people = st.lists(person, min_size=3, max_size=3)
# a period: how long after the one before; of pairs trust, known, reachable, relation; visits with provider and discount
stretch = st.tuples(
    st.integers(1, 3),
    per_pair(st.tuples(st.sampled_from([0.0, 0.5, 1.0]) | share, st.booleans(), st.booleans(), st.integers(0, 4))),
    visits_with(st.tuples(st.integers(-1, 1), eighths), most=8),
)


def small_and_twin(
    policies: Sequence[dict[str, Any]], numbers: dict[str, Any], of: Sequence[Person]
) -> tuple[Small, Selling]:
    """Return a world of three customers and two firms, and its twin, with the state of the twin's customers."""
    firms = [
        {"second_product": own, "information": {"data_coverage": 0.5}, "contacts": {"contact_cost": 0.35}}
        for own in policies
    ]
    small = Small(3, firms, information={}, contacts={}, customer_accounts={}, second_product=numbers)
    c = small.c
    c.second_worth[:] = [one.second_worth for one in of]
    for name in OF_CUSTOMERS:
        c[name][:] = [getattr(one, name) for one in of]
    for name in OF_PAIRS:
        c[name][:] = np.transpose([getattr(one, name) for one in of])
    mine = [Policy(**own, contact_cost=0.35) for own in policies]
    key = stream_key(SEED, "second_product")
    return small, Selling(mine, of, c.customer_id.tolist(), key, {**second_product.EXAMPLE, **numbers})


def forget(small: Small, *more: str) -> None:
    """Set the tallies of the theory to 0, and others."""
    for name in (*COUNTS, *more):
        small.world.lookup(name, 0).fill(0)


def set_pairs(small: Small, pairs: Sequence[Sequence[tuple[float, bool, bool, int]]]) -> None:
    """Set trust, what firms know and whom they reach, and relations."""
    for place, name in enumerate(("trust", "known", "reachable", "relation")):
        small.c[name][:] = [[pair[place] for pair in row] for row in pairs]


@pytest.mark.slow
@given(policies, parameters, people, st.lists(stretch, min_size=1, max_size=5))
def test_offers_and_owners_are_those_of_the_twin(policies, numbers, of, stretches):
    small, selling = small_and_twin(policies, numbers, of)
    t, p = 0, selling.parameters
    for later, pairs, visits in stretches:
        t += later
        selling.begin()
        forget(small)
        set_pairs(small, pairs)
        small.passing.approaches.fill(1.0)
        if any(step.name == follow_up.name for step in small.scenario.steps()):
            small.run("second_product", follow_up, t)
            small.run("second_product", add_letters, t)
        letters = [[selling.write(t, i, j, *pairs[j][i][:3]) for i in range(3)] for j in range(2)]
        of_visits = listed(small, visits)
        put(small, visit_provider=[provider for _, _, provider, _ in visits], at_stake=2.0, satisfaction_shift=0.25)
        put(small, visit_offered=9, visit_second=9, visit_owner=9, visit_net=9, visit_cost=100)
        staked = [2.0 + of[i].at_stake(provider, t, p) for i, _, provider, _ in visits]
        for kernel in (stake_second, offer_second, book_second, resent_offers, add_second_net, count_owners):
            small.run("second_product", kernel, t)
        expected = [selling.visit(t, i, j, nth, *pairs[j][i][:2]) for i, j, _, nth in of_visits]
        known = [4, 7]
        small.world.lookup("known_customers", 0)[:2] = known
        small.run("second_product", book_analysis, t)
        selling.end(t, [[pair[3] for pair in row] for row in pairs], known)
        assume(not selling.close)
        np.testing.assert_array_equal(small.passing.approaches, np.add(letters, 1))
        for name in ("offered", "second", "owner", "net"):
            of_twin = [getattr(visit, {"second": "sold"}.get(name, name)) for visit in expected]
            assert small.at(f"visit_{name}").tolist() == of_twin, name
        assert small.at("visit_cost").tolist() == [100 + visit.net for visit in expected]
        np.testing.assert_allclose(small.at("at_stake"), staked, rtol=1e-6)
        shifts = [0.25 + second_product.satisfaction_shift(visit.offered, visit.sold, p) for visit in expected]
        np.testing.assert_allclose(small.at("satisfaction_shift"), shifts, atol=1e-7)
        assert_same_people(small.c, of)
        assert_counted(small, selling.counts)


def test_who_is_worth_just_the_price_is_offered_it_rightly():
    """A guess that equals the price reaches it, and what brings nothing is worth its price."""
    own = {"second_price": 10.0, "pitch": 1.0, "targeted": 0.5}
    numbers = {"worth_median": 10.0, "worth_spread": 0.0}
    of = [Person(10.0, [-1, -1], [False, False]) for _ in range(3)]
    small, selling = small_and_twin([own, own], numbers, of)
    set_pairs(small, [[(0.5, True, True, ACTIVE)] * 3] * 2)
    listed(small, [(0, 0), (1, 1), (2, 0)])
    small.run("second_product", offer_second, 3)
    assert [selling.visit(3, i, j, 0, 0.5, True).offered for i, j in ((0, 0), (1, 1), (2, 0))] == [RIGHT] * 3
    assert small.at("visit_offered").tolist() == [RIGHT] * 3


def test_on_one_list_of_visits_each_begins_as_the_one_before_has_left_her():
    """She buys on her second visit, has the firm's on her third, and on her fourth the rival's offer is untimely."""
    own = {"second_price": 10.0, "pitch": 1.0}
    of = [Person(10.0, [-1, -1], [False, True]) for _ in range(3)]
    small, selling = small_and_twin([{**own, "pitch": 0.0}, own], {"asking": 0.0, "lasts": 1}, of)
    visits = [(0, 0), (0, 1), (0, 1), (0, 0)]
    listed(small, visits)
    small.run("second_product", offer_second, 3)
    of_twin = [selling.visit(3, i, j, nth, 0.5, False) for nth, (i, j) in enumerate(visits)]
    assert [(one.offered, one.sold, one.owner) for one in of_twin] == [
        (NO_OFFER, False, False), (RIGHT, True, False), (UNTIMELY, False, True), (NO_OFFER, False, False),
    ]  # fmt: skip
    for name, own_name in (("visit_offered", "offered"), ("visit_second", "sold"), ("visit_owner", "owner")):
        assert small.at(name).tolist() == [getattr(one, own_name) for one in of_twin]
    assert_same_people(small.c, of)
    assert (of[0].second_missed, of[0].second_until) == ([3, -1], 4)


tariff = st.tuples(
    st.sampled_from([0.0, 0.5, 0.875, 1.0, 1.25]) | st.floats(0.0, 2.0, width=32),
    st.sampled_from([0.0, 0.5]) | st.floats(0.0, 2.0, width=32),
)
owned = visits_with(st.tuples(st.booleans(), eighths | share))
MAIN = ("revenue", "goods", "discounts", "price_cuts")


@pytest.mark.slow
@given(per_firm(tariff), st.tuples(amount, amount, amount), eighths | share, owned)
def test_books_of_owners_are_those_of_a_smaller_basket(tariffs, baskets, part, visits):
    """The main product's books hold what they would if the owners' baskets were smaller, each amount in whole cents."""
    firms = [{"price": price, "unit_cost": unit_cost, **SELLS} for price, unit_cost in tariffs]
    small = Small(3, firms, information={}, contacts={}, second_product={"cannibalised": part})
    small.c.basket[:] = baskets
    listed(small, visits)
    put(small, visit_owner=[owner for *_, owner, _ in visits], visit_discount=[share for *_, share in visits])
    put(small, visit_net=5)
    forget(small, *MAIN)
    small.run("accounts", charge)
    small.run("second_product", replace_main)
    taken = {name: counts(small, name)[0].copy() for name in MAIN}
    small.run("accounts", book_visits)
    booked, lost = ({name: [0, 0] for name in (*MAIN, "replaced_spend")} for _ in range(2))
    for v, (i, j, owner, discount) in enumerate(visits):
        given = (baskets[i], *tariffs[j], discount, part)
        assume(not second_books.is_doubtful(*given))
        whole = second_books.paid_by_owner(*given[:-1], 0.0)
        found = second_books.paid_by_owner(*given) if owner else whole
        assert small.at("visit_spend")[v] == found.spend
        assert small.at("visit_net")[v] == 5 - found.goods
        kept = (1.0 - part if owner else 1.0) * baskets[i]
        full = accounts.hundredths(tariffs[j][0] * kept)
        of_visit = {
            "revenue": found.spend,
            "goods": accounts.hundredths(tariffs[j][1] * kept),
            "discounts": full - found.spend,
            "price_cuts": accounts.hundredths(accounts.price_cut(tariffs[j][0], kept)),
            "replaced_spend": found.less,
        }
        for name, cents in of_visit.items():
            booked[name][j] += cents
        for name in ("goods", "discounts", "price_cuts"):
            lost[name][j] -= getattr(found, name)
    assert_counted(small, booked)
    for name, cents in taken.items():
        np.testing.assert_array_equal(cents, lost[name], err_msg=name)


SELLS = {"second_product": {"second_price": 15.0}, "information": {"data_coverage": 0.5}}

MARKET: dict[str, Any] = {
    "periods": 40,
    "burn_in": 6,
    "periods_per_year": 10,
    "population": {"customers": 120, "purchase_rate": 0.7},
    "information": {},
    "contacts": {"tolerated": 0.125, "annoyance": 0.25, "data_decay": 0.125},
    "customer_accounts": {},
    "off": ["perceived_value"],
    "second_product": {"lasts": 6, "asking": 0.0625, "cannibalised": 0.25, "forfeited": 0.5, "trust_premium": 10.0},
    "firms": [
        {
            "name": "north",
            "information": {"data_coverage": 0.75},
            "contacts": {"contact_cost": 0.25, "data_upkeep": 0.25},
            "second_product": {"second_price": 11.5, "pitch": 0.5, "follow_up_offer": 0.75, "second_unit_cost": 4.25},
        },
        {
            "name": "east",
            "price": 0.875,
            "program": {"enrolment": "automatic", "member_discount": 0.0625},
            "information": {"data_coverage": 0.5},
            "contacts": {"contact_cost": 0.375},
            "second_product": {
                "second_price": 9.75, "pitch": 1.0, "follow_up_offer": 1.0, "targeted": 0.75, "pitch_cost": 0.125,
                "analysis_cost": 0.0625,
            },
        },
        {
            "name": "south",
            "information": {"data_coverage": 0.25},
            "second_product": {"pitch": 0.5, "targeted": 0.25},
        },
    ],
    "changes": [
        {"name": "a rival", "from": 12, "set": {"firms.south.second_product.second_price": 14.0}},
        {"name": "a pause", "from": 20, "until": 24, "set": {"firms.north.second_product.second_price": 0.0}},
    ],
}  # fmt: skip
PASSED = (
    "visit_customer", "visit_firm", "visit_nth", "visit_discount", "visit_spend", "visit_net", "visit_offered",
    "visit_second", "visit_owner",
)  # fmt: skip


def told(engine: Engine) -> list[Policy]:
    """Return what firms set in the period that has just passed."""
    firms = [(firm.second_product, firm.contacts.contact_cost) for firm in engine.levers.firms]
    return [Policy(**own.model_dump(), contact_cost=cost) for own, cost in firms]


def annoyed(trust: float, load: float, contacts: dict[str, float]) -> float:
    """Return trust after a letter that comes when there have been so many of late, as contacts has it."""
    return max(0.0, trust - contacts["annoyance"] * min(1.0, max(0.0, load / contacts["tolerated"] - 1.0)))


class Followed:
    """A market and its twin, period by period.

    profit : what each customer has brought each firm, cents (m, n)      actives : by firm, after the burn-in
    totals : of the twin's counts after the burn-in, by name
    """

    def __init__(self, market: dict[str, Any], seed: int, replication: int) -> None:
        self.engine = Engine(Scenario.parse(market), seed=seed, replication=replication)
        self.world, self.c = self.engine.world, self.engine.world.customers
        self.m, self.n = self.c.trust.shape
        self.market, self.p = market, {**second_product.EXAMPLE, **market["second_product"]}
        key, identities = stream_key(seed, "second_product"), self.c.customer_id.tolist()
        worths = [second_product.drawn_worth(key, identity, self.p, replication) for identity in identities]
        np.testing.assert_allclose(self.c.second_worth, worths, rtol=1e-6)
        of = [Person(own, [-1] * self.m, [False] * self.m) for own in self.c.second_worth.tolist()]
        self.selling = Selling(told(self.engine), of, identities, key, self.p, replication)
        self.profit, self.actives = np.zeros((self.m, self.n), np.int64), np.zeros(self.m)
        self.totals = {name: np.zeros(self.m) for name in COUNTS}

    def run(self, t: int) -> None:
        """Run a period of both."""
        c, selling = self.c, self.selling
        states = [np.array(state, float) for state in (c.trust, c.known, c.reachable, c.contact_load)]
        self.engine.run(1)
        selling.begin()
        selling.policies = told(self.engine)
        trust = self.write(t, *states)
        for v, (i, j, nth, discount, *row) in enumerate(visited(self.engine, *PASSED)):
            visit = selling.visit(t, i, j, nth, trust[j, i], states[1][j, i] > 0)
            replaced = self.charge(i, j, discount, visit)
            assert row == [replaced.spend, visit.net, visit.offered, visit.sold, visit.owner], (t, v)
            shift = second_product.satisfaction_shift(visit.offered, visit.sold, self.p)
            assert self.world.passing[0].satisfaction_shift[v] == pytest.approx(shift)
        selling.end(t, c.relation.tolist(), c.known.sum(axis=1).tolist())
        assert not selling.close, t

    def write(self, t: int, trust: np.ndarray, known: np.ndarray, reachable: np.ndarray, load: np.ndarray) -> Any:
        """Let letters be written, and return trust after them: too many annoy."""
        for j, i in np.ndindex(self.m, self.n):
            found = self.selling.write(t, i, j, trust[j, i], known[j, i] > 0, reachable[j, i] > 0)
            assert self.world.passing[0].approaches[j, i] == found, (t, j, i)
            if found and reachable[j, i] > 0:
                trust[j, i] = annoyed(trust[j, i], load[j, i], self.market["contacts"])
        return trust

    def charge(self, i: int, j: int, discount: float, visit: Visit) -> second_books.Replaced:
        """Charge a visit and book it to her account."""
        firm, basket = self.engine.levers.firms[j], float(self.c.basket[i])
        unit_cost, part = as_single(firm.unit_cost), self.p["cannibalised"] if visit.owner else 0.0
        assert not second_books.is_doubtful(basket, firm.price, unit_cost, discount, part)
        replaced = second_books.paid_by_owner(basket, firm.price, unit_cost, discount, part)
        self.selling.replace(j, visit, replaced)
        service = accounts.hundredths(accounts.service_cost(firm.service))
        self.profit[j, i] += replaced.spend - accounts.hundredths(unit_cost * basket) - service - visit.net
        return replaced

    def compare(self, t: int) -> None:
        """Compare all that is kept and counted after a period, and add up what KPIs are made of."""
        assert_same_people(self.c, self.selling.people)
        np.testing.assert_array_equal(self.c.profit_from_customer, self.profit)
        for name, number in self.selling.counts.items():
            found = self.world.history[t, self.world.rows[name], : self.m]
            np.testing.assert_array_equal(found, number, err_msg=f"{name} in {t}")
            self.totals[name] += number if t >= self.market["burn_in"] else 0
        self.actives += np.isin(self.c.relation, (ACTIVE, WON_BACK)).sum(axis=1) if t >= self.market["burn_in"] else 0


def received(world: Any, since: int) -> np.ndarray:
    """Return what each firm received from a period on, cu."""
    return sum(world.tallied(name)[since:, :-1].sum(axis=0) for name in ("revenue", "second_revenue"))


@pytest.mark.slow
def test_a_whole_market_is_that_of_the_twin():
    """State by state after each period; letters annoy, so that trust on visits is not trust as letters were read.

    What all customers have brought a firm is what its books hold of visits: no cent is counted twice or lost.
    """
    followed = Followed(MARKET, seed=7, replication=2)
    for t in range(MARKET["periods"]):
        followed.run(t)
        followed.compare(t)
    world, totals = followed.world, followed.totals
    tiled = Engine(Scenario.parse(MARKET), seed=7, replication=2)
    tiled.set_tile(32)
    tiled.run(MARKET["periods"])
    np.testing.assert_array_equal(tiled.world.history, world.history)
    assert min(total[:2].min() for name, total in totals.items() if name != "analysis_spend") > 0
    np.testing.assert_array_equal(world.tallied("contact_spend"), world.tallied("letter_spend"))
    books = {1: ("revenue", "second_revenue"), -1: ("goods", "second_goods", "service", "pitch_spend")}
    left = sum(sign * world.tallied(name)[:, :3].sum(axis=0) for sign, names in books.items() for name in names)
    np.testing.assert_allclose(followed.profit.sum(axis=1) / 100, left, atol=1e-6)
    takings, per_year = received(world, 6), 10 / (120 * 34)
    scale = {name: 1e-4 if name == "analysis_spend" else 1e-2 if name in OF_MONEY else 1.0 for name in COUNTS}
    summary = record(Scenario.parse(MARKET), seed=7, replication=2).summary(SecondProduct.kpis)
    for j in range(3):
        c = {name: scale[name] * total[j] for name, total in totals.items()}
        of_twin = second_books.measures(c, takings[j], followed.actives[j], per_year)
        of_firm = dict(zip((kpi.name for kpi in SecondProduct.kpis), summary[j], strict=True))
        assert of_firm == pytest.approx(of_twin, rel=1e-9)


OF_MONEY = ("second_revenue", "second_goods", "pitch_spend", "letter_spend", "replaced_spend")


def test_who_does_not_sell_it_pays_for_no_analysis_whoever_else_does():
    """What a firm pays is a matter of its own levers: 4 known customers at 0.02 ln 2 cu, or nothing."""
    sells, waits = {"second_price": 10.0, "targeted": 0.5}, {"targeted": 0.5}
    small, _ = small_and_twin([sells, waits], {}, [Person(10.0, [-1, -1], [False, False]) for _ in range(3)])
    small.world.lookup("known_customers", 0)[:] = 4
    small.run("second_product", book_analysis)
    assert small.counted("analysis_spend")[:2] == [4 * 139, 0]


@pytest.mark.slow
def test_newcomers_have_a_worth_of_their_own_and_nothing_else():
    """Who moves in draws by her own identity, and has no product of who was there before, nor a letter of hers."""
    firm = {
        "second_product": {"second_price": 10.0, "pitch": 1.0, "follow_up_offer": 1.0},
        "information": {"data_coverage": 0.5},
    }
    renewal = {"leaving_rate": 0.95, "every": 4}
    market = {**MARKET, "changes": [], "renewal": renewal, "firms": [{"name": "north", **firm}, {"name": "east"}]}
    engine = Engine(Scenario.parse({**market, "periods": 13}), seed=3)
    c, key, p = engine.world.customers, stream_key(3, "second_product"), {**second_product.EXAMPLE}
    engine.run(12)
    before, owners = c.customer_id.copy(), c.second_until > 12
    moved = c.leaving > 0
    engine.run(1)
    assert (moved & owners).any()
    assert (c.customer_id[moved] != before[moved]).all()
    bought = c.second_until[moved] == 12 + 6
    assert (bought | (c.second_until[moved] == 0)).all()
    assert (c.second_owned_from[moved] == np.where(bought, 0, -1)).all()
    assert np.isin(c.second_missed[:, moved], (-1, 12)).all()
    assert not c.second_wanted[:, moved].any()
    worths = [second_product.drawn_worth(key, identity, p) for identity in c.customer_id.tolist()]
    np.testing.assert_allclose(c.second_worth, worths, rtol=1e-6)

"""The twin of stock: by numbers worked by hand, against the kernels, and with those of forecasts in a whole market."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import count, pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from abm.kpis.kpi import Tallied
from abm.mechanisms.service import stock_kernels as kernels
from abm.mechanisms.service import stock_orders as orders
from abm.mechanisms.service.stock import Stock
from abm.world.visits import ABANDONED, BALKED, DENIED, SERVED
from tests.mechanisms.small import Small
from tests.reference import stock
from tests.reference.by_hand import SEED, assert_counted, listed, per_firm, per_pair, put, share, visits_with
from tests.reference.closeness import as_single
from tests.reference.random_numbers import stream_key
from tests.reference.stock import FROM_STOCK, LOST, MADE, NOTHING, RULES, SUBSTITUTE, WAITS, Feelings, Policy, Shelf

KEY = stream_key(SEED, "stock")
SUPPLY = (
    *("order_interval", "setup_reduction", "expediting", "forecast_sharing", "made_to_order", "making_time"),
    *("setup_scale", "expedite_cost", "sharing_scale", "making_cost"),
)
LEVERS = ("stock_rule", "availability", "expected_part", "holding_cost", "order_cost", *SUPPLY)
VISITORS = ("units_wanted", "units_sold", "substituted", "postponed_visits", "lost_to_stock_outs", "units_made")


class TestByHand:
    def test_fractile(self):
        """3 of 4; goods that cost more than they bring, or that nothing is lost on, are held at the ends."""
        found = [stock.critical_fractile(*costs) for costs in ((3.0, 1.0), (-3.0, 1.0), (3.0, 0.0))]
        assert found == [0.75, stock.LEAST, stock.MOST]

    def test_fractile_of_a_policy(self):
        """A margin of 16, less 6 to serve; of what is left a half costs 2, the other 24: 13."""
        own = Policy("newsvendor", holding_cost=2.0, price=1.0, unit_cost=0.6, service_cost=600)
        assert stock.fractile(own, 40.0, 0.5) == pytest.approx(16.0 / 29.0)
        assert stock.fractile(replace(own, stock_rule="contribution"), 40.0, 0.5) == pytest.approx(10.0 / 23.0)
        assert stock.fractile(replace(own, stock_rule="availability"), 40.0, 0.5) == 0.9

    def test_orders(self):
        """10 + 1 * 2 - 5; in the next period half of the 6 that 10 leave of 16 are there: 10 + 1.5 ** 0.5 * 2 - 3."""
        assert stock.wanted(10.0, 4.0, 1.0, 5, 0.5, 0) == pytest.approx(7.0)
        assert stock.wanted(10.0, 4.0, 1.0, 16, 0.5, 1) == pytest.approx(7.0 + math.sqrt(6.0))
        assert stock.wanted(10.0, 4.0, 1.0, 4, 0.5, 1) == pytest.approx(10.0 + math.sqrt(6.0))
        assert [stock.rounded(units) for units in (-3.0, 0.49, 0.5, 2.5)] == [0, 0, 1, 3]

    def test_orders_for_longer(self):
        """4 periods of 10; two ahead, in the first of which 5 and 3 come: 20 - 10 + 5, then 15 - 10 + 3."""
        assert stock.wanted(10.0, 4.0, 1.0, 20, 1.0, 2, [5, 3], 4) == pytest.approx(40.0 + math.sqrt(24.0) - 8.0)
        assert stock.wanted(10.0, 4.0, 1.0, 20, 1.0, 0, [5, 3], 4) == pytest.approx(40.0 + 4.0 - 28.0)
        assert stock.on_the_shelf(10.0, 30.0, 0.25) == pytest.approx((2.5, 30.0 / 16.0 + 10.0 * 3.0 / 16.0))

    def test_what_a_supplier_can_deliver(self):
        """1.2 times three quarters of the 40 it guesses and a quarter of the 80 that are ordered."""
        assert stock.delivered_of(80, 40.0, 1.2, 0.25) == pytest.approx(60.0)
        assert [stock.delivered_of(80, *one, 0.5) for one in ((40.0, 0.0), (None, 1.0), (90.0, 1.0))] == [80, 80, 80]

    def test_empty_shelf(self):
        assert [stock.at_an_empty_shelf(u, 0.25, 0.5) for u in (0.24, 0.25, 0.74, 0.75)] == [2, 3, 3, 4]

    def test_a_day(self):
        """Of 8 on hand, 3 of which do not keep: 5 at 0.1 cu and 3 of 0.6 * 10 cu; an order of nothing costs nothing."""
        shelf, own = Shelf(8), Policy("availability", availability=0.5)
        counted = shelf.close_up(own, 10.0, 0.6)
        assert counted == {
            "units_held": 8,
            "units_perished": 3,
            "units_closing": 5,
            "holding": 5000,
            "write_offs": 1800,
            "supply_programmes": 0,
        }
        assert shelf.replenish(4.0, 4.0, own, 10.0, stock.EXAMPLE)["ordering"] == 0
        assert shelf.replenish(9.0, 4.0, own, 10.0, stock.EXAMPLE, 1) == {
            "units_opening": 5, "units_delivered": 4, "units_held": 9, "ordering": 100, "units_ordered": 4,
            "units_short": 0, "expedite_spend": 0,
        }  # fmt: skip

    def test_memory(self):
        """She has not used the firm: 0.95 of expectation and trust, as satisfaction is nobody's yet."""
        new, used = Feelings(0.8, 0.6, 0.4, False), Feelings(0.8, 0.6, 0.4, True)
        assert [new.remember(code, stock.EXAMPLE) for code in range(3)] == [False] * 3
        assert new.remember(WAITS, stock.EXAMPLE)
        assert used.remember(LOST, stock.EXAMPLE)
        assert (new.satisfaction, new.expectation, new.trust) == pytest.approx((0.8, 0.57, 0.38))
        assert used.satisfaction == pytest.approx(0.76)

    def test_need(self):
        """At 0.25 occasions a period one occasion more is four times the need."""
        assert stock.need_of_who_waits(1.0, 1.0, 0.25) == 5.0
        assert stock.need_of_who_waits(1.0, 0.0, 0.0) == 1.0

    def test_opening_order(self):
        """1.5 of 31 occasions over 3 firms are 15.5."""
        own = Policy("newsvendor", expected_part=1.5)
        assert [stock.opening_orders(own, 31.0, 3, lead_time) for lead_time in (0, 1, 3)] == [[], [16], [16] * 3]
        assert stock.opening_orders(replace(own, made_to_order=0.5, expediting=2), 31.0, 3, 3) == [8]

    def test_measures(self):
        """In 4 periods of 52: 90 of 100, 1 period of 4, 90 * 13 a year of a mean of 30 on hand; a fifth short."""
        counted = {"units_sold": 90, "units_wanted": 100, "stock_out_periods": 1, "stock_periods": 4, "units_held": 240}
        counted |= {"units_ordered": 50, "units_short": 10, "units_made": 6, "unwilling": 2}
        assert list(stock.measures(counted, 4, 52).values()) == pytest.approx([0.9, 0.25, 39.0, 0.8, 0.75])


cost = st.one_of(st.just(0.0), st.floats(-20.0, 60.0))


@given(cost, st.one_of(st.just(0.0), st.floats(0.0, 60.0)))
@example(0.0, 0.0)
def test_fractiles_are_those_of_the_twin(shortage, surplus):
    assert orders.newsvendor_fractile(shortage, surplus) == pytest.approx(stock.critical_fractile(shortage, surplus))


ratio = st.floats(0.0, 2.0, width=32)
goods = st.tuples(
    st.sampled_from(RULES),
    st.floats(0.0625, 0.9375, width=32),
    st.floats(0.0, 4.0, width=32),
    st.integers(0, 5000).map(lambda k: k / 1000.0),
    st.integers(0, 500).map(lambda k: k / 100.0),
    ratio,
    ratio,
    st.integers(0, 4000),
    st.sampled_from([1, 1, 2, 7]),
    st.sampled_from([0.0, 0.25, 0.9]),
    st.sampled_from([0, 0, 1, 3, 12]),
    st.sampled_from([0.0, 0.5, 0.99]),
    st.sampled_from([0.0, 0.0, 0.25, 1.0]),
    st.sampled_from([0.05, 0.5, 3.0]),
).map(lambda values: Policy(*values))
both_goods = per_firm(goods).filter(lambda both: any(one.holds for one in both))


def single_costs(policy):
    """Return a policy whose costs are numbers that float32 holds, as kernels know them."""
    return replace(policy, holding_cost=as_single(policy.holding_cost))


@given(goods.filter(lambda one: one.holds), st.floats(1.0, 90.0), share)
def test_fractiles_of_firms_are_those_of_the_twin(policy, basket, kept):
    policy = single_costs(policy)
    levers = [np.float32(getattr(policy, name)) for name in ("availability", "price", "unit_cost")]
    found = orders.fractile_of(
        RULES.index(policy.stock_rule), *levers, basket, policy.service_cost, np.float32(policy.holding_cost),
        np.float32(kept), policy.order_interval,
    )  # fmt: skip
    assert found == pytest.approx(stock.fractile(policy, basket, kept), rel=1e-6)


def holding(policies, customers=3, **market):
    """Return a small market of firms with goods; none that perish before the next order comes."""
    if market.get("kept_share", 1.0) == 0.0 and any(one.order_interval > 1 for one in policies):
        assume(False)
    firms = [{"stock": {name: getattr(policy, name) for name in LEVERS}} for policy in policies]
    small = Small(customers, firms, forecasting={}, stock=market)
    for j, policy in enumerate(policies):
        for name in ("price", "unit_cost", "service_cost"):
            small.firms[name][j] = getattr(policy, name)
    return small


forecast_drawn = st.tuples(
    st.sampled_from([-1.0, 0.0, 3.5, 40.0, 300.25]), st.sampled_from([0.0, 2.5, 90.0]), st.integers(-1, 1)
)
shelf_drawn = st.tuples(
    st.integers(0, 60), st.lists(st.integers(0, 30), max_size=12), st.integers(0, 6), st.sampled_from([None, 0.0, 17.5])
)
suppliers = st.fixed_dictionaries(
    {
        "kept_share": share, "lead_time": st.sampled_from([0, 0, 1, 2, 12]),
        "supplier_capacity": st.sampled_from([0.0, 0.5, 1.0, 1.25]), "supplier_memory": share,
    }
)  # fmt: skip
ORDERED = (
    *("units_opening", "units_delivered", "units_held", "ordering", "units_ordered", "units_short", "expedite_spend"),
)


@given(both_goods, per_firm(shelf_drawn), per_firm(forecast_drawn), suppliers, st.integers(0, 5))
def test_orders_are_those_of_the_twin(policies, shelves, foretold, market, t):
    small = holding(policies, **market)
    c, usual = small.c, 12.5
    c.usual_visits[:], c.unit_basket[:] = usual, 20.0
    twins = [Shelf(on_hand, list(due), False, then, expected) for on_hand, due, then, expected in shelves]
    show_shelves(c, twins)
    c.visits_forecast[:], c.visits_variance[:] = [one[0] for one in foretold], [one[1] for one in foretold]
    c.logged_until[:] = [t - 1 + off for *_, off in foretold]
    for act in (orders.receive_goods, orders.place_orders, orders.deliver_orders):
        small.run("stock", act, t)
    expected = {name: [0, 0] for name in ORDERED}
    for j, (policy, (mean, variance, off)) in enumerate(zip(policies, foretold, strict=True)):
        known = (mean, variance) if mean >= 0.0 and off == 0 else None
        reckoned = stock.expected_visitors(policy, usual, known)
        for name, number in twins[j].replenish(*reckoned, single_costs(policy), 20.0, market, t).items():
            expected[name][j] = number
    assume(not any(shelf.close for shelf in twins))
    np.testing.assert_array_equal(c.on_hand, [shelf.on_hand for shelf in twins])
    np.testing.assert_array_equal(c.deliveries_due.T, [stock.in_full(shelf.due) for shelf in twins])
    np.testing.assert_array_equal(c.next_order, [shelf.next_order for shelf in twins])
    guesses = [-1.0 if shelf.expected is None else shelf.expected for shelf in twins]
    np.testing.assert_allclose(c.supplier_expects, guesses, rtol=1e-12)
    assert_counted(small, expected)


def show_shelves(c, twins):
    """Put what twins have on hand, and what is on its way to them, on the shelves of a market."""
    c.on_hand[:], c.next_order[:] = [one.on_hand for one in twins], [one.next_order for one in twins]
    c.deliveries_due[:] = np.array([stock.in_full(one.due) for one in twins]).T
    c.supplier_expects[:] = [-1.0 if one.expected is None else one.expected for one in twins]


@given(both_goods, per_firm(st.integers(0, 200)), st.one_of(st.sampled_from([0.0, 0.5, 1.0]), share), ratio)
def test_evenings_are_those_of_the_twin(policies, on_hand, kept, basket):
    small = holding(policies, kept_share=kept)
    small.c.on_hand[:], small.c.unit_basket[:] = on_hand, basket
    small.run("stock", kernels.close_shelves)
    twins = [Shelf(units) for units in on_hand]
    names = ("units_held", "units_perished", "units_closing", "holding", "write_offs", "supply_programmes")
    expected = {name: [0, 0] for name in names}
    for j, (shelf, policy) in enumerate(zip(twins, policies, strict=True)):
        for name, number in shelf.close_up(policy, basket, kept).items():
            expected[name][j] = number
    np.testing.assert_array_equal(small.c.on_hand, [shelf.on_hand for shelf in twins])
    assert_counted(small, expected)


def book(small, visits):
    """Book visits (row, firm, outcome) as the whole market's; return of each firm (place, row, nth, outcome)."""
    whole, by_firm = small.world.book, [[], []]
    for v, (i, j, outcome) in enumerate(visits):
        nth = [row for row, *_ in visits[:v]].count(i)
        for name, value in (("customer", i), ("firm", j), ("nth", nth), ("outcome", outcome)):
            whole[f"book.visit_{name}"][v] = value
        if j >= 0:
            by_firm[j].append((v, i, nth, outcome))
    whole["book_start"][:] = [0, len(by_firm[0]), len(by_firm[0]) + len(by_firm[1])]
    whole["book_visit"][: whole["book_start"][2]] = [v for row in by_firm for v, *_ in row]
    return by_firm


def firm_by_firm(small, kernel, t):
    """Run a kernel on one firm after the other."""
    step = next(step for step in small.scenario.steps() if step.act is kernel)
    call = step.bind(small.world, SEED, small.world.named())
    for j in range(2):
        call(j, j + 1, t)


outcome_drawn = st.sampled_from([SERVED] * 5 + [BALKED, ABANDONED, DENIED]).map(int)
crowd = st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 1), outcome_drawn), max_size=24).map(
    lambda visits: sorted(visits, key=lambda one: one[0])
)
identity = st.integers(0, 2**32 - 1)


some_hold = per_firm(st.sampled_from(RULES)).filter(lambda both: both != ("none", "none"))
people_drawn = st.lists(identity, min_size=5, max_size=5, unique=True)
parts_drawn = st.tuples(share, share).filter(lambda parts: sum(parts) <= 1.0)
replications = st.integers(0, 5)


making_drawn = st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.25, 2.0]))


@given(some_hold, crowd, people_drawn, per_firm(st.tuples(st.integers(0, 8), making_drawn)), parts_drawn,
       st.integers(0, 10_000), replications)  # fmt: skip
def test_visitors_are_served_as_by_the_twin(rules, visits, identities, shelves, parts, t, replication):
    market = {"substitute_share": parts[0], "wait_share": parts[1], "impatience": 0.5}
    policies = [
        Policy(rule, made_to_order=own, making_time=time) for rule, (_, (own, time)) in zip(rules, shelves, strict=True)
    ]
    small, on_hand = holding(policies, 5, **market), [units for units, _ in shelves]
    small.world.replication, small.c.customer_id[:], small.c.on_hand[:] = replication, identities, on_hand
    by_firm, whole = book(small, visits), small.world.book
    whole["book.stock_outcome"][:24] = 9  # of the period before
    firm_by_firm(small, kernels.list_by_arrival, t)
    firm_by_firm(small, kernels.serve_from_stock, t)
    twins = [Shelf(units) for units in on_hand]
    expected = {name: [0, 0] for name in (*VISITORS, "stock_periods", "stock_out_periods", "unwilling", "making")}
    start = whole["book_start"].tolist()
    for j, ((first, last), visitors) in enumerate(zip(pairwise(start), by_firm, strict=True)):
        places, codes = [v for v, *_ in visitors], [NOTHING] * len(visitors)
        if rules[j] != "none":
            people = [(identities[i], nth, came == SERVED) for _, i, nth, came in visitors]
            codes, counted = twins[j].serve(people, KEY, t, market, replication, policies[j])
            for name, number in counted.items():
                expected[name][j] = number
            moments = [(stock.draws(KEY, who, t, nth, replication).moment, who, nth) for who, nth, _ in people]
            order = [places[place] for place in stock.by_arrival(moments)]
        else:
            order = places
        assert whole["book.stock.order"][first:last].tolist() == order
        assert whole["book.stock_outcome"][places].tolist() == codes
    assert small.c.on_hand.tolist() == [shelf.on_hand for shelf in twins]
    assert_counted(small, expected)


def test_of_who_arrive_together_the_one_of_lower_identity_is_ahead():
    """Two of some thousands draw the same moment; one unit is left, and the book has them the other way round."""
    met: dict[float, int] = {}
    for one in count():
        moment = stock.draws(KEY, one, 0, 0).moment
        if moment in met:
            break
        met[moment] = one
    low = met[moment]
    for identities in ((low, one), (one, low)):
        small = holding([Policy("newsvendor"), Policy()], 2)
        small.c.customer_id[:], small.c.on_hand[:] = identities, 1
        book(small, [(0, 0, SERVED), (1, 0, SERVED)])
        firm_by_firm(small, kernels.list_by_arrival, 0)
        firm_by_firm(small, kernels.serve_from_stock, 0)
        codes, _ = Shelf(1).serve([(who, 0, True) for who in identities], KEY, 0, stock.EXAMPLE)
        assert small.world.book["book.stock_outcome"][:2].tolist() == codes
        assert codes[identities.index(low)] == FROM_STOCK


@given(st.tuples(identity, identity), st.tuples(st.integers(0, 1), st.integers(0, 1)), st.tuples(share, share))
def test_who_comes_before_is_that_of_the_twin(identities, rows, moments):
    """By identity, then by occasion."""
    assume(identities[0] != identities[1])
    visit_customer, visit_nth = np.array(rows, np.uint32), np.array([3, 5], np.int32)
    ids = np.array(identities, np.uint32)
    ranks = [(0.5, identities[row], nth) for row, nth in zip(rows, (3, 5), strict=True)]
    for v, other in ((0, 1), (1, 0)):
        found = bool(kernels.comes_before(v, other, visit_customer, visit_nth, ids))
        assert found == (stock.by_arrival([ranks[v], ranks[other]]) == [0, 1])


@given(share, parts_drawn)
@example(0.5, (0.5, 0.25))
@example(0.75, (0.5, 0.25))
def test_the_empty_handed_are_those_of_the_twin(u, parts):
    found = kernels.empty_handed(np.float32(u), *map(np.float32, parts))
    assert found == stock.at_an_empty_shelf(u, *parts)


code_drawn = st.sampled_from([NOTHING, FROM_STOCK, SUBSTITUTE, WAITS, WAITS, LOST, LOST, MADE])
feelings_drawn = per_pair(st.tuples(share, share, share, st.sampled_from([0, 0, 1, 7])))


@given(visits_with(st.tuples(code_drawn, st.sampled_from([SERVED, BALKED]).map(int))), feelings_drawn, share, share,
       st.lists(st.integers(0, 2), min_size=3, max_size=3))  # fmt: skip
def test_memories_are_those_of_the_twin(visits, feelings, resentment, distrust, before):
    """Who waits from before waits for more; and a substitute lacks something."""
    market = {"stock_out_resentment": resentment, "stock_out_distrust": distrust}
    makes = Policy("newsvendor", made_to_order=0.5, making_time=0.25)
    small = holding([makes, Policy()], **market, substitute_loss=0.25, making_loss=0.125)
    names = ("satisfaction", "expectation", "trust", "encounters")
    for k, name in enumerate(names):
        small.c[name][:] = [[one[k] for one in row] for row in feelings]
    small.c.postponed[:] = before
    listed(small, visits)
    outcomes = [came if code == NOTHING else int(SERVED) for _, _, code, came in visits]
    put(small, stock_outcome=[code for _, _, code, _ in visits], visit_outcome=outcomes)
    put(small, performance_shift=[0.125] * len(visits))
    small.run("stock", kernels.remember_stock_outs)
    small.run("stock", kernels.take_substitutes)
    small.run("stock", kernels.wait_for_making)
    twins = [[Feelings(s, e, u, encounters > 0) for s, e, u, encounters in row] for row in feelings]
    waiting = list(before)
    for v, (i, j, code, _) in enumerate(visits):
        outcomes[v] = DENIED if twins[j][i].remember(code, market) else outcomes[v]
        waiting[i] += code == WAITS
    for name in names[:3]:
        found = [[getattr(one, name) for one in row] for row in twins]
        np.testing.assert_allclose(small.c[name], found, atol=1e-6, err_msg=name)
    assert small.at("visit_outcome").tolist() == outcomes
    assert small.c.postponed.tolist() == waiting
    shifts = [0.125 + stock.performance_shift(code, 0.25, 0.125, (0.25, 1.0)[j]) for _, j, code, _ in visits]
    assert small.at("performance_shift").tolist() == shifts


of_row = st.tuples(st.floats(0.0, 4.0, width=32), st.integers(0, 3), st.floats(0.015625, 8.0, width=32))


@given(st.lists(of_row, min_size=3, max_size=3))
@example([(1.0, 0, 0.0), (1.0, 1, 0.5), (0.0, 0, 1.0)])
def test_needs_of_who_wait_are_those_of_the_twin(rows):
    small = holding([Policy("newsvendor"), Policy()])
    small.passing.need[:3], small.c.postponed[:], small.c.purchase_rate[:] = zip(*rows, strict=True)
    small.run("stock", kernels.come_back)
    expected = [stock.need_of_who_waits(need, postponed, rate) for need, postponed, rate in rows]
    np.testing.assert_allclose(small.passing.need[:3], expected, rtol=1e-6)
    assert small.c.postponed.tolist() == [postponed for _, postponed, _ in rows]
    small.run("stock", kernels.end_waiting)
    assert not small.c.postponed.any()


@given(st.lists(st.integers(0, 3), min_size=3, max_size=3), st.integers(-1, 4), st.integers(0, 5))
def test_who_still_waits_is_that_of_the_twin(postponed, latest_return, t):
    small = holding([Policy("newsvendor"), Policy()])
    small.c.postponed[:], small.c.latest_return[:] = postponed, latest_return
    small.run("stock", kernels.forget_waiting, t)
    assert small.c.postponed.tolist() == [stock.still_postponed(visits, latest_return, t) for visits in postponed]
    assert small.c.latest_return.tolist() == [t]


@given(both_goods, st.sampled_from([0, 1, 4, 12]))
def test_beginnings_are_those_of_the_twin(policies, lead_time):
    small = holding(policies, lead_time=lead_time)
    occasions = float(np.sum(small.c.purchase_rate, dtype=np.float64))
    expected = [stock.in_full(stock.opening_orders(policy, occasions, 2, lead_time)) for policy in policies]
    assert small.c.deliveries_due.T.tolist() == expected
    assert small.c.unit_basket == pytest.approx([float(np.mean(small.c.basket, dtype=np.float64))] * 2)


def test_measures_of_firms_are_those_of_the_twin():
    """A firm without goods has none."""
    counted = {name: np.array([float(k), 0.0, 0.0]) for k, name in enumerate(stock.COUNTS, 3)}
    found = [kpi(Tallied(counted, 12, 8))[:2].tolist() for kpi in Stock.kpis]
    of_firm = {name: values[0] for name, values in counted.items()} | {"units_held": 2.0 * counted["units_held"][0]}
    expected = stock.measures(of_firm, 8, 12)
    for values, number in zip(found, expected.values(), strict=True):
        assert values[0] == pytest.approx(number)
        assert math.isnan(values[1])

"""Durables: by hand, by property, at limits, and in whole markets; their books are exact."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import abm
from abm.core.errors import Refusal
from abm.core.streams import stream_key, uniform4
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
    FORGOTTEN,
    NOT_DUE,
    REMEMBERED,
    chance_of_replacing,
    chance_within,
    discount_services,
    fall_due,
    list_due,
    problem_hazard,
    service_worth,
    upkeep,
    use_units,
    wear_out,
    weigh_units,
)
from abm.mechanisms.phases import Phase
from abm.world.calendar import NEVER, periods_of
from abm.world.visits import NO_OCCASION, PURCHASE, SERVICE
from tests.examples import examples
from tests.mechanisms.bits import ran
from tests.mechanisms.small import Small

after = partial(ran, seed=5)

f32 = np.float32
share = st.floats(0, 1, width=32)
KEY = stream_key(1, "durable")
MONEY = ("revenue", "discounts", "services_waived", "goods", "unit_goods")
CLASSES = ("every_time", "skipped_one", "skipped_two", "skipped_few", "skipped_many")


def market(customers=400, periods=156, durable=None, north=None, **more):
    return abm.Scenario.parse(
        {
            "periods": periods,
            "population": {"customers": customers, "basket": 300.0, "basket_spread": 0.3},
            "need": {"process": "due"},
            "information": {},
            "durable": durable or {},
            "firms": [{"name": "north", **(north or {})}, {"name": "east"}, {"name": "south"}],
            **more,
        }
    )


def small(customers=4, firms=({}, {}), **durable):
    """Return a small market in which nobody owns anything yet, and costs of visits are asked for."""
    firms = [{"durable": firm} for firm in firms]
    durable = {"owning_at_start": 0.0, **durable}
    return Small(customers, firms, information={}, durable=durable, need={"process": "due"}, surplus={})


def total(world, name):
    """Return a tally of each firm over the run, of money in whole cents."""
    found = world.tallied(name)[:, :-1].sum(axis=0)
    return np.round(100 * found).astype(np.int64) if name in MONEY else found


def test_times_in_periods_by_hand():  # 2.5 years of 52 weeks; half a period counts as one
    assert periods_of(f32(2.5), 52) == 130
    assert periods_of(f32(0.125), 4) == 1
    assert periods_of(f32(0.1), 4) == 0
    assert periods_of(f32(0.25), 12) == 3


def test_problems_by_hand():
    """New: 2 a year; at 4 years .5 x (1 + .1 x 4) = .7, times 1.6 two years after service, less a half by building."""
    rates = f32(0.5), f32(2.0), f32(0.1), f32(0.3)
    assert float(problem_hazard(f32(0.1), True, *rates, f32(0.0), f32(0.0))) == pytest.approx(2.0)
    assert float(problem_hazard(f32(4), False, *rates, f32(2), f32(0.5))) == pytest.approx(0.56, abs=1e-6)


def test_upkeep_and_service_by_hand():
    """Of 8 years 2 are under warranty: 6 baskets, a quarter off; a service after 1.5 years is worth one and a half."""
    assert float(upkeep(f32(1), f32(0.25), f32(2), f32(8))) == pytest.approx(4.5)
    assert float(upkeep(f32(1), f32(0.25), f32(9), f32(8))) == 0.0
    assert float(service_worth(f32(300), f32(1.5), f32(2))) == pytest.approx(450)
    assert float(service_worth(f32(300), f32(5), f32(2))) == pytest.approx(600)


@given(rate=st.floats(0, 1e4, width=32), years=st.floats(0, 100, width=32))
def test_chances_are_shares(rate, years):
    assert 0.0 <= float(chance_within(f32(rate), f32(years))) <= 1.0


@given(age=st.integers(1, 5000), shape=st.integers(1, 12), restlessness=st.floats(0, 20), liking=st.floats(0, 1))
def test_who_likes_it_keeps_it_longer(age, shape, restlessness, liking):
    chance = chance_of_replacing(float(age), 400.0, shape, restlessness, liking)
    assert 0.0 <= chance_of_replacing(float(age), 400.0, shape, restlessness, 1.0) <= chance <= 1.0


@pytest.mark.parametrize("shape", [1, 3])
def test_life_times_are_of_the_weibull_law(shape):
    """The mean of the law is the parameter: survival summed over periods of a well-liked unit, against the formula."""
    theory = Durable(mean_life=8.0, life_shape=shape)
    scale = theory.life_scale * 52
    alive = np.cumprod([1.0 - chance_of_replacing(float(a), scale, shape, 1.0, 1.0) for a in range(1, 6000)])
    assert (0.5 + alive.sum()) / 52 == pytest.approx(8.0, rel=0.002)
    assert wear_out(2.0, 4.0, 3) == 0.125


def test_units_age_and_break_as_drawn():
    """Customer 1 owns none; 2 has left. Of the others one is covered: half of her annoyance, and the firm pays."""
    s = small(
        4,
        ({"warranty_repair_cost": 12.5}, {}),
        problem_rate=100.0,
        early_rate=100.0,
        annoyance=0.2,
        warranty_relief=0.5,
    )
    c = s.c
    c.owned_from[:] = [0, -1, 0, 1]
    c.exited[2] = 0
    c.unit_age[:], c.since_service[:], c.until_due[:] = 9, 9, 3
    c.warranty_left[:] = [2, 2, 2, 0]
    c.unit_liking[:] = 0.5
    c.encounters[0, :], c.encounters[1, :] = 1.0, 0.0
    c.satisfaction[:] = 0.8
    s.run("durable", use_units, t=4)
    assert c.unit_age.tolist() == [10, 9, 9, 10]
    assert c.since_service.tolist() == [10, 9, 9, 10]
    assert c.until_due.tolist() == [2, 3, 3, 2]
    assert c.warranty_left.tolist() == [1, 2, 2, 0]
    assert c.since_own_service.tolist() == [NEVER] * 4
    luck = [uniform4(KEY, i, 4, 1 << 16, 0)[0] for i in (0, 3)]
    assert max(luck) < 0.85 < 1 - math.exp(-100 / 52)
    np.testing.assert_allclose(c.unit_liking, [0.45, 0.5, 0.5, 0.4], rtol=1e-6)
    np.testing.assert_allclose(c.satisfaction[0], [0.72, 0.8, 0.8, 0.8], rtol=1e-6)
    np.testing.assert_allclose(c.satisfaction[1], 0.8)  # it has not been used
    assert s.counted("unit_problems_met") == [1, 1, 0]
    assert s.counted("warranty_problems") == [1, 0, 0]
    assert s.counted("warranty_repairs") == [1250, 0, 0]


def listing(t=3, reminded=(), **durable):
    """Return a market of five: who owns none, who has one, whose is due, who has forgotten, who has left."""
    sure = {"first_purchase_rate": 1e-4, "promptness": 1000.0, "shopping_rate": 1000.0, "mean_life": 100.0}
    s = small(5, **{**sure, "life_shape": 12, **durable})
    c = s.c
    c.owned_from[:] = [-1, 0, 0, 0, 0]
    c.unit_age[:], c.since_service[:], c.until_due[:] = 60, 78, [0, 5, 0, -3, 0]
    c.due_state[3] = FORGOTTEN
    c.unit_liking[:] = 1.0
    c.since_due[:] = [NEVER, 9, 52, 3, 52]
    c.exited[4] = 1
    c.service_basket[:] = 300.0
    c.basket[:] = 1.0
    s.at("need")[:] = 1.0
    s.world.passing[0]["need"][:5] = 1.0
    of_care = s.bound("durable", fall_due).arguments[fall_due.arguments.index("need_of_care")]
    of_care[:5] = 1.0
    of_care[list(reminded)] = 1.5
    s.run("durable", fall_due, t=t)
    s.run("durable", list_due, t=t)
    return s


def test_who_remembers_comes_and_who_has_forgotten_does_not():
    s = listing(remembering=1.0)
    assert s.at("visit_customer").tolist() == [2]
    assert s.c.occasion_kind.tolist() == [NO_OCCASION, NO_OCCASION, SERVICE, NO_OCCASION, NO_OCCASION]
    assert s.c.due_state.tolist() == [NOT_DUE, NOT_DUE, REMEMBERED, FORGOTTEN, NOT_DUE]
    assert s.c.since_due.tolist() == [NEVER, 9, 0, 3, 52]
    np.testing.assert_allclose(s.c.basket, [300, 300, 450, 300, 300])
    assert s.counted("occasions") == [0, 0, 1]


def test_nobody_comes_for_what_all_forget_unless_she_is_reminded():
    s = listing(remembering=0.0)
    assert s.at("visit_customer").tolist() == []
    assert s.c.due_state.tolist() == [NOT_DUE, NOT_DUE, FORGOTTEN, FORGOTTEN, NOT_DUE]
    s = listing(remembering=0.0, reminded=(1, 3))
    assert s.at("visit_customer").tolist() == [3]  # nothing is due of customer 1
    assert s.c.due_state.tolist() == [NOT_DUE, NOT_DUE, FORGOTTEN, REMEMBERED, NOT_DUE]


def test_a_purchase_goes_before_a_service():
    s = listing(remembering=1.0, first_purchase_rate=50.0, mean_life=0.1, life_shape=3, purchase_multiple=40.0)
    wants = [uniform4(KEY, 0, 3, 2 << 16, 0)[0] < 1 - math.exp(-50 / 52), True, True, True, False]
    assert s.c.wants_unit.tolist() == wants
    assert s.c.occasion_kind.tolist() == [PURCHASE if wanted else NO_OCCASION for wanted in wants]
    assert s.c.basket[2] == 12_000


def test_what_a_firm_is_worth_for_it():
    """Who only services cannot be chosen for a purchase, and upkeep counts; a covered service saves all its price."""
    s = small(4, ({"warranty": 3.0}, {"sells": False, "service_discount": 0.2}), foresight=0.5, purchase_multiple=40.0)
    c = s.c
    c.occasion_kind[:] = [PURCHASE, SERVICE, SERVICE, NO_OCCASION]
    c.owned_from[:], c.warranty_left[:] = 0, [0, 5, 0, 5]
    c.price_response[:] = 4.0
    utility = s.world.passing[0]["utility"]
    utility[:] = 1.0
    s.run("durable", weigh_units)
    np.testing.assert_allclose(utility[0, :4], [1 - 4 * 0.5 * 5 / 40, 1 + 4 + 1.5 + 1.0, 1 + 1.5, 1], rtol=1e-6)
    assert utility[1, 0] == f32(-1e30)
    np.testing.assert_allclose(utility[1, 1:4], [1.8, 1.8, 1], rtol=1e-6)


def settled(**firm):
    """Return a purchase, a covered service, one that is not, and one of another's unit, each paid 100.00, at firm 0."""
    s = small(4, ({"build_quality": 0.5, "build_cost": 100.0, "sale_unit_cost": 0.9, **firm}, {}))
    c = s.c
    c.occasion_kind[:] = [PURCHASE, SERVICE, SERVICE, SERVICE]
    c.owned_from[:], c.warranty_left[:] = [1, 0, 0, 1], [0, 7, 0, 7]
    c.basket[:] = 333.33
    s.visits([0, 1, 2, 3], [0, 0, 0, 0])
    s.at("visit_spend")[:] = 10_000
    s.run("durable", settle_units)
    return s


def test_books_by_hand():
    """Goods of .9 in place of .6: 300.00 less 200.00; building costs 100 ln 2."""
    s = settled()
    assert s.at("visit_kind").tolist() == [PURCHASE, SERVICE, SERVICE, SERVICE]
    assert s.at("visit_spend").tolist() == [10_000, 0, 10_000, 10_000]
    assert s.counted("services_waived") == s.counted("discounts") == [10_000, 0, 0]
    assert s.counted("unit_goods") == [10_000, 0, 0]
    assert s.counted("build_spend") == [6931, 0, 0]
    assert s.at("visit_net").tolist() == [16_931, 0, 0, 0]
    s.at("visit_cost")[:] = 5
    s.run("durable", add_unit_net)
    assert s.at("visit_cost").tolist() == [16_936, 5, 5, 5]


def test_services_are_cheaper_and_units_are_not():
    s = settled(service_discount=0.25)
    s.at("visit_discount")[:] = 0.2
    s.run("durable", discount_services)
    np.testing.assert_allclose(s.at("visit_discount"), [0.2, 0.4, 0.4, 0.4], rtol=1e-6)


def test_nobody_is_paid_for_a_service():
    """Members' 60 % are off what half the price leaves, 1 - 0.5 * 0.4: together they would be more than the price."""
    firm = {"durable": {"service_discount": 0.5}, "program": {"enrolment": "automatic", "member_discount": 0.6}}
    s = Small(3, [firm, {}], information={}, durable={}, need={"process": "due"})
    s.c.member[0] = 1
    s.c.occasion_kind[:] = [SERVICE, PURCHASE, SERVICE]
    s.visits([0, 1, 2], [0, 0, 1])
    s.phases(Phase.DELIVERY)
    np.testing.assert_allclose(s.at("visit_discount"), [0.8, 0.6, 0.0], rtol=1e-6)


def test_handing_over_by_hand():
    """Firm 0 sells to who owned its own, another's and none; then services its own unit and another's."""
    s = small(5, ({"warranty": 2.0, "service_interval": 0.5}, {"service_interval": 2.0}))
    c = s.c
    c.owned_from[:] = [0, 1, -1, 0, 1]
    c.unit_age[:], c.unit_problems[:], c.missed_due[:], c.since_service[:] = 99, 3, [1, 2, 0, 2, 255], 60
    c.wants_unit[:3], c.due_state[3:] = 1, REMEMBERED
    c.until_due[:], c.since_own_service[:], c.since_due[:] = -1, 300, 1
    s.visits(range(5), [0] * 5)
    s.at("visit_kind")[:] = [PURCHASE] * 3 + [SERVICE] * 2
    s.at("performance")[:] = 0.7
    s.run("durable", hand_over)
    s.run("durable", note_services)
    assert c.owned_from.tolist() == [0, 0, 0, 0, 1]
    assert c.unit_age.tolist() == [0, 0, 0, 99, 99]
    assert c.unit_problems.tolist() == [0, 0, 0, 3, 3]
    np.testing.assert_allclose(c.unit_liking, [0.7, 0.7, 0.7, 0, 0], rtol=1e-6)
    assert c.since_service.tolist() == [0] * 5
    assert c.until_due.tolist() == [26, 26, 26, 26, 104]
    assert c.since_own_service.tolist() == [NEVER, NEVER, NEVER, 0, 300]
    assert c.since_due.tolist() == [NEVER, NEVER, NEVER, 1, 1]
    assert c.missed_due.tolist() == [0, 0, 0, 0, 255]
    assert c.warranty_left.tolist() == [105, 105, 105, 0, 0]
    assert not c.wants_unit.any()
    assert not c.due_state.any()
    assert s.counted("unit_sales") == [3, 0, 0]
    assert s.counted("first_units") == [1, 0, 0]
    assert s.counted("replaced_units") == [1, 1, 0]
    assert s.counted("same_make") == [1, 0, 0]
    assert s.counted("services_done") == [2, 0, 0]
    assert s.counted("due_own") == [1, 0, 0]
    assert s.counted("due_elsewhere") == [0, 1, 0]


def test_skipping_and_classes_by_hand():
    """A grace of half a year: overdue by 26 weeks is skipped, by 25 it is not; the calendar goes on from when it was
    due, and a year that has gone by in the meantime begins anew tomorrow."""
    s = small(6, grace=0.5)
    c = s.c
    c.owned_from[:] = 0
    c.until_due[:] = [-25, -26, -26, -60, 3, -26]
    c.due_state[:] = FORGOTTEN
    c.missed_due[:] = [0, 0, 3, 4, 2, 7]
    c.exited[5] = 0
    c.since_due[:] = [25, 26, 51, 52, 52, 5]
    c.since_own_service[:] = [77, 20, 52, 52, 4, 5]
    c.basket[:], c.service_basket[:] = 900.0, 300.0
    s.run("durable", put_basket_back)
    s.run("durable", skip_overdue)
    s.run("durable", count_units)
    assert c.basket.tolist() == [300.0] * 6
    assert c.until_due.tolist() == [-25, 26, 26, 1, 3, -26]
    assert c.due_state.tolist() == [FORGOTTEN, NOT_DUE, NOT_DUE, NOT_DUE, FORGOTTEN, FORGOTTEN]
    assert c.missed_due.tolist() == [0, 1, 4, 5, 2, 7]
    assert s.counted("due_skipped")[0] == 3
    assert s.counted("installed_units")[0] == 5
    assert [s.counted(f"owners_{name}")[0] for name in CLASSES] == [1, 1, 1, 1, 1]
    assert s.counted("due_in_year")[0] == 3
    assert s.counted("returned_in_year")[0] == 1


def test_a_firm_knows_when_what_it_has_serviced_is_due():
    s = small(3)
    c = s.c
    c.occasion_kind[:] = [SERVICE, SERVICE, NO_OCCASION]
    c.known[0] = [1, 0, 1]
    c.known[1] = 1
    c.seen_last[0], c.seen_last[1] = 7, 6
    c.seen_gap[:] = 3.0
    c.until_due[:] = 52
    s.run("durable", note_calendar, t=7)
    assert c.seen_gap[0].tolist() == [52, 3, 3]
    assert c.seen_gap[1].tolist() == [3, 3, 3]


def test_owners_at_the_start():
    """Only firms that sell have sold; ages are level up to the mean life; identity alone decides, whatever the rows."""
    two = {"durable": {"sells": False}}
    s = Small(
        4000, ({"durable": {"warranty": 2.0}}, two, {}), information={}, need={"process": "due"},
        durable={"owning_at_start": 0.75, "mean_life": 4.0},
    )  # fmt: skip
    c = s.c
    owners = c.owned_from >= 0
    assert owners.mean() == pytest.approx(0.75, abs=0.03)
    assert set(c.owned_from.tolist()) == {-1, 0, 2}
    assert (c.owned_from == 0).sum() / owners.sum() == pytest.approx(0.5, abs=0.03)
    ages = c.unit_age[owners]
    assert (ages.min(), ages.max()) == (0, 207)
    assert ages.mean() == pytest.approx(103.5, abs=3)
    assert (c.until_due[owners].min(), c.until_due[owners].max()) == (1, 52)
    assert (c.since_service <= c.unit_age).all()
    rest = 104 - c.unit_age[c.owned_from == 0]
    assert c.warranty_left[c.owned_from == 0].tolist() == np.where(rest > 0, rest + 1, 0).tolist()
    assert not c.warranty_left[c.owned_from == 2].any()
    u = uniform4(KEY, 0, 0, 0, 0)
    assert (c.owned_from[0] >= 0) == (u[0] < 0.75)


def test_every_occasion_is_accounted_for():
    """In every period units are sold once, replaced once and in use once; a due service is done or skipped once."""
    scenario = market(800, 300, {"remembering": 0.6})
    world = after(scenario)
    sold, replaced = total(world, "unit_sales"), total(world, "replaced_units")
    first = total(world, "first_units")
    assert sold.sum() == replaced.sum() + first.sum() > 0
    installed = world.tallied("installed_units")[:, :-1]
    exited = (world.customers.owned_from >= 0) & (world.customers.exited >= 0)
    in_use = np.bincount(world.customers.owned_from[(world.customers.owned_from >= 0) & ~exited], minlength=3)
    np.testing.assert_array_equal(installed[-1], in_use)
    parts = sum(world.tallied(f"owners_{name}")[:, :-1] for name in CLASSES)
    np.testing.assert_array_equal(parts, installed)
    assert total(world, "due_own").sum() + total(world, "due_elsewhere").sum() == total(world, "services_done").sum()
    visits = world.tallied("visits")[:, :-1].sum(axis=0)
    np.testing.assert_array_equal(visits, sold + total(world, "services_done"))
    assert (world.tallied("returned_in_year") <= world.tallied("due_in_year")).all()
    assert (world.tallied("same_make") <= world.tallied("replaced_units")).all()


def test_money_is_conserved_to_the_cent():
    """All have a basket of 300, a unit of 40 and services of .01: what is paid or waived is what was done."""
    durable = {"most_worn": 0.01, "purchase_multiple": 40.0}
    north = {"durable": {"warranty": 3.0, "sale_unit_cost": 0.85}}
    scenario = market(500, 200, durable, north).replace({"population.basket_spread": 0.0})
    world = after(scenario)
    sold, done = total(world, "unit_sales"), total(world, "services_done")
    np.testing.assert_array_equal(total(world, "revenue") + total(world, "discounts"), 1_200_000 * sold + 300 * done)
    costs = np.array([0.85, 0.9, 0.9])
    np.testing.assert_array_equal(
        total(world, "goods") + total(world, "unit_goods"), np.round(1_200_000 * costs * sold + 180 * done).astype(int)
    )
    assert total(world, "services_waived")[0] > 0
    np.testing.assert_array_equal(total(world, "services_waived"), total(world, "discounts"))
    np.testing.assert_array_equal(world.customers.basket, world.customers.service_basket)


@pytest.mark.parametrize(("threads", "tile"), [(3, None), (1, 64), (3, 128)])
def test_threads_and_tiles_change_nothing(threads, tile):
    scenario = market(1500, 60, north={"durable": {"warranty": 2.0, "service_discount": 0.1}})
    one, other = after(scenario), after(scenario, threads, tile)
    np.testing.assert_array_equal(one.history, other.history)
    for name in ("owned_from", "unit_age", "until_due", "unit_liking", "satisfaction"):
        np.testing.assert_array_equal(one.customers[name], other.customers[name], err_msg=name)


def test_kernels_keep_to_their_arrays():
    abm.check_kernels(market(north={"durable": {"warranty": 2.0, "service_discount": 0.1}}))


def test_newcomers_begin_as_customers_did():
    world = after(market(400, 60, renewal={"leaving_rate": 0.8, "every": 10}))
    new = world.customers.customer_id >= 400
    assert new.sum() > 100
    assert (world.customers.owned_from[new] >= 0).mean() == pytest.approx(0.8, abs=0.1)
    assert (world.customers.service_basket == world.customers.basket).all()


def test_who_never_shops_buys_nothing():
    world = after(market(300, 100, {"shopping_rate": 0.0}))
    assert total(world, "unit_sales").sum() == 0
    assert total(world, "services_done").sum() > 0


def test_years_are_years_whatever_a_period_is():
    """In months as in weeks a unit lasts, breaks and is due as often in a year."""
    weeks = market(1500, 416, burn_in=104)
    months = abm.in_periods_of(weeks, 12)
    for name in ("unit_problem_rate", "replacement_rate", "service_retention", "return_rate_12_months"):
        measure = next(one for one in Durable.kpis if one.name == name)
        mean = [record(scenario, 5).summary([measure])[:, 0].mean() for scenario in (weeks, months)]
        assert mean[1] == pytest.approx(mean[0], rel=0.15), name


@settings(max_examples=examples(8), deadline=None)
@given(remembering=share, warranty=st.floats(0, 5), interval=st.floats(0.1, 4), liking=share, data=st.integers(1, 99))
def test_measures_are_shares(remembering, warranty, interval, liking, data):
    durable = {"remembering": remembering, "mean_life": 2.0, "annoyance": liking}
    north = {"durable": {"warranty": warranty, "service_interval": interval, "build_quality": 0.5}}
    found = record(market(60, 80, durable, north), data)
    for measure in Durable.kpis:
        if measure.unit == "share":
            values = found.summary([measure])
            assert ((values >= 0) & (values <= 1) | np.isnan(values)).all(), measure.name
    c = found.tallies
    assert (c["returned_in_year"] <= c["due_in_year"]).all()


def paired(kpi, **north):
    """Return what a lever of the first firm does to a measure of it: mean over three pairs, and those pairs."""
    plain = market(700, 312, burn_in=104, firms=[{"name": "north"}, {"name": "east"}])
    changed = plain.replace({f"firms.north.{name}": value for name, value in north.items()})
    measure = next(one for one in Durable.kpis if one.name == kpi)
    gains = [
        record(changed, seed).summary([measure])[0, 0] - record(plain, seed).summary([measure])[0, 0]
        for seed in (1, 2, 3)
    ]
    return np.array(gains)


def test_better_service_brings_repurchase():
    assert paired("repurchase_rate", **{"service.quality": 0.9}).mean() > 0.05


def test_better_building_prevents_problems():
    gain = paired("unit_problem_rate", **{"durable.build_quality": 0.5})
    assert (gain < -0.3).all()


def test_reminders_at_the_right_time_bring_back_and_early_ones_do_not():
    sections = {"care": {}, "contacts": {}, "complaint": {}, "recovery": {}}
    plain = market(900, 312, north={"information": {"data_coverage": 1.0}}, burn_in=104, **sections)
    measure = next(one for one in Durable.kpis if one.name == "skipped_service_share")

    def skipped(**care):
        scenario = plain.replace({f"firms.north.care.{name}": value for name, value in care.items()})
        return np.mean([record(scenario, seed).summary([measure])[0, 0] for seed in (1, 2)])

    none, right, early = skipped(), skipped(reminder=1.0), skipped(reminder=1.0, reminder_timing=0.5)
    assert right < none - 0.015
    assert abs(early - none) < 0.01


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"need": {}}, 'need.process = "poisson", but durables are bought and serviced when due; set it to "due"'),
        ({"choice": {"market": "lost_for_good"}}, "choice.market"),
        ({"firms": [{"name": "a", "durable": {"sells": False}}]}, "no firm sells units"),
        ({"contacts": {}, "second_product": {"cannibalised": 0.1}}, "second_product.cannibalised"),
        ({"durable": None}, "need.process"),
        ({"durable": {"owning_at_start": 0.0, "first_purchase_rate": 0.0}}, "that somebody owns or buys"),
        ({"off": ["durable"]}, "need.process"),
        ({"entry": {}, "firms": [{"name": "north"}, {"name": "east", "entry": {"opens": 5}}]}, "'east' opens later"),
    ],
)
def test_refusals(changes, message):
    data = {
        "population": {"customers": 50}, "need": {"process": "due"}, "information": {}, "durable": {},
        "firms": [{"name": "north"}, {"name": "east"}], **changes,
    }  # fmt: skip
    with pytest.raises(Refusal) as refusal:
        abm.Scenario.parse({name: value for name, value in data.items() if value is not None})
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_dealers_are_as_the_preset_says():
    """Owners come back to who sold the unit more often than by chance, and some of the due visits are skipped."""
    scenario = abm.Scenario(preset="dealer", periods=364, burn_in=156, population={"customers": 500})
    kpis = {one.name: one for one in Durable.kpis}
    names = ("repurchase_rate", "service_retention", "skipped_service_share", "return_rate_12_months")
    found = np.mean([record(scenario, seed).summary([kpis[name] for name in names]) for seed in (1, 2)], axis=(0, 1))
    repurchase, retention, skipped, returned = found
    assert 0.4 < repurchase < 0.7
    assert 0.5 < retention < 0.8
    assert 0.1 < skipped < 0.35
    assert 0.45 < returned < 0.75


def test_the_last_period_of_a_warranty_covers_problems_and_services_alike():
    """Of two periods after the purchase: in both, problems are repaired and services are free; in the third neither."""
    s = small(40, ({"warranty": 2 / 52}, {}), problem_rate=100.0, early_rate=100.0)
    everybody = list(range(40))
    s.c.occasion_kind[:] = PURCHASE
    s.visits(everybody, [0] * 40)
    s.at("visit_kind")[:] = PURCHASE
    s.run("durable", hand_over)
    free, repaired, met = [], [0], [0]
    for t in (1, 2, 3):
        s.run("durable", use_units, t=t)
        repaired.append(s.counted("warranty_problems")[0])
        met.append(s.counted("unit_problems_met")[0])
        s.c.occasion_kind[:] = SERVICE
        s.visits(everybody, [0] * 40)
        s.at("visit_spend")[:] = 100
        s.run("durable", settle_units)
        free.append(s.at("visit_spend").sum() == 0)
    assert free == [True, True, False]
    assert 0 < met[1] < met[2] < met[3]
    assert repaired == [*met[:3], met[2]]

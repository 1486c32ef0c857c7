"""Runs with dates: until a date nothing differs, and no way of running changes a bit."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from abm.core.kernels import kernel
from abm.engine.checked import check_kernels
from abm.engine.engine import Engine
from abm.kpis.standard import READINGS
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.phases import Phase
from abm.scenario.scenario import Scenario

BASE = {"periods": 40, "burn_in": 10, "periods_per_year": 20, "population": {"customers": 700}}
LAUNCH = {
    "name": "launch",
    "from": 15,
    "until": 30,
    "set": {"firms.north.program": {"preset": "points", "hassle": 0.0}},
}
PRICE = {"name": "price", "from": 12, "ramp": 6, "set": {"firms.east.price": 0.8, "word_of_mouth.contact_rate": 0.6}}
AMENDS = {"complaint": {}, "recovery": {}, "firms.south.recovery.compensation": 0.5}
COMPLAINTS = {"name": "complaints", "from": 20, "set": AMENDS}
SECOND = {"information": {}, "contacts": {}, "second_product": {"lasts": 6}}
ALL = [LAUNCH, PRICE, COMPLAINTS]


def market(*changes, **fields):
    return Scenario.parse({**BASE, **fields, "changes": list(changes)})


def after(scenario, *lengths, threads=1, readings=(), replication=0):
    engine = Engine(scenario, 4, replication, threads, readings=readings)
    for length in lengths or (scenario.periods,):
        engine.run(length)
    return engine


def assert_same(one, other):
    np.testing.assert_array_equal(one.world.history, other.world.history)
    for name, column in one.world.customers.items():
        np.testing.assert_array_equal(column, other.world.customers[name], err_msg=name)


@pytest.mark.parametrize("change", ALL, ids=lambda change: change["name"])
def test_until_its_date_a_change_makes_no_difference_and_then_it_does(change):
    base, dated = after(market()), after(market(change))
    for name in base.world.tallies:
        apart = (base.world.tallied(name) != dated.world.tallied(name)).any(axis=1)
        assert not apart[: change["from"]].any(), name
    assert (base.world.tallied("visits") != dated.world.tallied("visits"))[change["from"] :].any()


def test_what_customers_hold_runs_out_though_no_firm_goes_on():
    """Without the kernels of a theory that was at work, owners of the second product kept it for ever."""
    sells = {"firms.north.second_product.second_price": 5.0, "firms.north.second_product.pitch": 0.5}
    withdrawn = {"name": "sold", "from": 5, "until": 20, "set": sells}
    engine = after(market(withdrawn, **SECOND))
    owners, sold = (engine.world.tallied(name)[:, 0] for name in ("second_owners", "second_sales"))
    assert sold[5:20].all()
    assert not sold[20:].any()
    assert owners[19] > 0
    assert owners[-1] == 0
    assert {step.name for step in engine.now.steps()} < {step.name for stage in engine.stages for step in stage.steps}


def test_a_firm_that_stops_during_a_run_leaves_its_theories_at_work():
    plain = market(**SECOND)
    engine = Engine(plain, 4)
    north = plain.firms[0]
    engine.set_firm(0, north.replace({"second_product.second_price": 5.0, "second_product.pitch": 0.5}))
    engine.run(10)
    engine.set_firm(0, north)
    engine.run(10)
    owners = engine.world.tallied("second_owners")[:, 0]
    assert owners[9] > 0
    assert owners[19] == 0


def test_a_change_to_the_value_that_is_there_makes_no_difference_ever():
    same = {"name": "same", "from": 11, "until": 30, "set": {"firms.north.price": 1.0}}
    assert_same(after(market()), after(market(same)))


def test_from_the_first_period_on_it_is_as_if_there_were_no_date():
    always = {"name": "always", "from": 0, "set": {"firms.north.price": 0.8}}
    undated = Scenario.parse(BASE).replace({"firms.north.price": 0.8})
    assert_same(after(undated), after(market(always)))


@pytest.mark.parametrize("lengths", [(40,), (1,) * 40, (15, 1, 14, 10), (7, 33)])
@pytest.mark.parametrize("threads", [1, 3])
def test_the_same_bits_however_a_run_is_cut_and_shared_out(lengths, threads):
    assert_same(after(market(*ALL)), after(market(*ALL), *lengths, threads=threads))


def test_the_same_bits_with_readings_which_stop_the_run():
    scenario = market(*ALL)
    with_readings = after(scenario, readings=READINGS[:2])
    assert_same(after(scenario), with_readings)


def test_a_restart_begins_before_all_dates():
    engine = after(market(*ALL))
    engine.restart(3)
    assert engine.levers.firms[0].program is None
    engine.run(40)
    assert_same(engine, after(market(*ALL), replication=3))


def test_a_programme_that_is_withdrawn_credits_nothing_more_and_need_is_as_before():
    engine = after(market(LAUNCH))
    issued = engine.world.tallied("points_issued")[:, 0]
    assert issued[16:30].min() > 0
    assert not issued[:16].any()  # who joins earns from the period after
    assert not issued[30:].any()
    assert not engine.world.passing[0].need.max() > 1.0


def test_what_follows_from_a_lever_follows_at_its_date():
    dated = after(market({"name": "better", "from": 5, "set": {"firms.north.service.quality": 0.9}}))
    undated = after(Scenario.parse(BASE).replace({"firms.north.service.quality": 0.9}))
    assert dated.world.firms.service_cost.tolist() == undated.world.firms.service_cost.tolist()


@kernel(per="market")
def undercut(price, t):
    """Lower the second firm's price in period 8.  price (m,)  [written]"""
    if t == 8:
        price[1] = 0.7


class Undercutting(Mechanism):
    """A rival lowers its price from within the model."""

    name = "undercutting"
    writes: ClassVar = ("price",)

    def schedule(self, policies):
        return ((Phase.OPENING, undercut),)


def test_what_was_set_on_the_way_stays_where_no_date_says_otherwise():
    better = {"name": "better", "from": 15, "set": {"firms.east.service.quality": 0.9}}
    scenario = Scenario.parse(BASE).adding(Undercutting()).replace({"changes": [better]})
    engine = after(scenario, 20)
    assert engine.world.firms.price[1] == pytest.approx(0.7)
    assert engine.levers.firms[1].service.quality == 0.9
    ends = {"name": "price", "from": 15, "set": {"firms.east.price": 0.9}}
    assert after(scenario.replace({"changes": [ends]}), 20).world.firms.price[1] == pytest.approx(0.9)


def test_the_kernels_of_every_stretch_are_checked():
    check_kernels(market(LAUNCH, COMPLAINTS), periods=2, customers=40)

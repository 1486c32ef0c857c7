"""Servers: the spread between them is theirs, customers find the good ones, and meeting them again costs."""

from __future__ import annotations

import numpy as np
import pytest

from abm.engine.engine import Engine
from abm.engine.recording import record
from abm.kpis.attitude import perceived_quality
from abm.kpis.value import lever_cost
from abm.mechanisms.service.servers import same_server_share
from abm.scenario.scenario import Scenario


def market(*firms):
    named = [{"name": f"f{j}", "service": {"spread_between": 0.15}, **firm} for j, firm in enumerate(firms)]
    data = {"periods": 80, "burn_in": 40, "population": {"customers": 2000, "purchase_rate": 0.5}, "servers": {}}
    return Scenario.parse({**data, "firms": named})


def test_the_spread_of_visits_is_the_same_but_for_those_who_are_told_apart():
    firms = market({"servers": {"team": 9}}, {}).firms
    drawn = [firm.service.worked_out(firm)["visit_spread"][1] for firm in firms]
    assert drawn == [0.1, pytest.approx(np.hypot(0.1, 0.15))]


def test_customers_who_meet_their_server_again_find_better_ones():
    """Nobody's ability changes: quality rises by whom customers stay with."""
    found = record(market({"servers": {"team": 30, "continuity": 0.95}}, {"servers": {"team": 30}}, {}), 1)
    quality, again, cost = (found.summary([kpi])[:, 0] for kpi in (perceived_quality, same_server_share, lever_cost))
    assert again[0] > 0.7
    assert again[1] == pytest.approx(1 / 30, abs=0.02)
    assert again[2] == 0.0
    assert quality[0] > quality[1] + 0.005
    assert cost[0] > cost[1]


def test_servers_are_those_of_the_team_and_the_bits_do_not_depend_on_threads():
    engines = [Engine(market({"servers": {"team": 3, "continuity": 0.5}}, {}), 1, threads=k) for k in (1, 3)]
    for engine in engines:
        engine.run(20)
    own = engines[0].world.customers.own_server
    assert {*np.unique(own[0])} == {0, 1, 2, 255}
    assert {*np.unique(own[1])} == {255}
    np.testing.assert_array_equal(own, engines[1].world.customers.own_server)
    np.testing.assert_array_equal(engines[0].world.history, engines[1].world.history)

"""What came of a queue: the trace, who served whom, and what waiting costs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.queues.serve import queue
from tests.examples import examples


def test_the_trace_by_hand():
    table = queue(arrival=[0, 1, 2, 3, 10], need=[4, 2, 3, 1, 1], servers=2).customers
    assert table["server"].tolist() == [1, 2, 2, 1, 1]
    assert table["began"].tolist() == [0, 1, 3, 4, 10]
    assert table["outcome"].tolist() == ["served"] * 5
    assert table["kind"].unique().tolist() == ["customers"]
    assert table["need"].tolist() == [4, 2, 3, 1, 1]


@given(
    servers=st.integers(1, 4),
    seed=st.integers(0, 20),
    extra=st.sampled_from([{}, {"patience": 1.0}, {"shifts": {"staff": [3, 1, 2], "interval": 20.0}}, {"room": 6}]),
)
@settings(deadline=None, max_examples=examples(30))
def test_nobody_serves_two_at_a_time(servers, seed, extra):
    own = {} if "shifts" in extra else {"servers": servers}
    table = queue(rate=2.5, minutes=1.0, customers=300, seed=seed, **own, **extra).customers
    done = table[table["outcome"] == "served"].sort_values(["server", "began"])
    assert done["server"].between(1, 3 if "shifts" in extra else servers).all()
    together = done.groupby("server")["left"].shift() > done["began"]
    assert not together.any()


def test_a_batch_has_one_server():
    pools = [{"name": "lift", "batch": 3, "servers": 2}]
    table = queue(arrival=[0, 0.5, 1, 1, 1], need=[4, 9, 1, 2, 3], pools=pools).customers
    assert table["server"].tolist() == [1, 2, 1, 1, 1]


def test_who_begins_and_ends_together_has_a_server_of_her_own():
    """Three are let in at 5 by three servers who come on duty, and all are done at 6: no batch, three servers."""
    table = queue(arrival=[1, 2, 3], need=[1, 1, 1], shifts={"staff": [0, 3], "interval": 5.0}).customers
    assert table["began"].tolist() == [5, 5, 5]
    assert table["server"].tolist() == [1, 2, 3]


def test_servers_with_a_line_each_are_numbered_on():
    table = queue(arrival=[0, 1, 2], need=[9, 9, 9], servers=3, lines="parallel").customers
    assert table["server"].tolist() == [1, 2, 3]


def test_what_waiting_costs_by_hand():
    """Waits of 0, 3, 4, 6 and 0 minutes, one server for 11 minutes; nobody is lost."""
    found = queue(arrival=[0, 1, 2, 3, 10], need=[4, 2, 3, 1, 1]).kpis(2.0, 0.5, 9.0, area=1.5)
    value = found.set_index("measure")["value"]
    assert value["time waited"] == 13
    assert value["cost of waiting"] == 26
    assert value["cost of servers"] == 5.5
    assert value["cost of lost customers"] == 0
    assert value["cost in all"] == 31.5
    assert value["waiting area used, mean"] == pytest.approx(1.5 * 13 / 11)
    assert value["waiting area used, most in a line"] == 4.5
    assert value["servers in use"] == 1.0
    assert set(found["analogy"]) == {"cost", "space", "quality", "buffer", "use", "coordination"}


def test_lost_and_blocked_by_hand():
    value = (
        queue(arrival=[0, 1, 2, 3, 10], need=[4, 2, 3, 1, 1], room=2).kpis(lost_cost=5.0).set_index("measure")["value"]
    )
    assert value["came and was not served"] == value["blocked for want of room"] == pytest.approx(0.4)
    assert value["cost of lost customers"] == 10.0


def test_overtaking_is_coordination():
    kinds = [{"name": "a", "share": 0.5}, {"name": "b", "share": 0.5, "rank": 1}]
    found = queue(rate=0.9, minutes=1.0, kinds=kinds, discipline="priority", customers=2_000)
    total = found.kpis().set_index("measure")["value"]["overtakings"]
    assert total == found.customers["overtaken"].sum() > 0
    rows = found.summary.set_index("kind")
    assert rows.loc["a", "overtaken"] == 0.0 < rows.loc["b", "overtaken"]


def test_staffing_plans_are_compared_with_the_same_customers():
    """One more server makes nobody wait longer, customer by customer."""
    few, many = (queue(rate=2.5, minutes=1.0, servers=n, customers=2_000).customers for n in (3, 4))
    np.testing.assert_array_equal(few["arrival"], many["arrival"])
    np.testing.assert_array_equal(few["need"], many["need"])
    assert (many["waited"] <= few["waited"] + 1e-9).all()

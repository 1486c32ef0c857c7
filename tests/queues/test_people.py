"""What customers want: drawn at the address of who they are, so that plans for the same customers share all luck."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.core.distributions import Distribution, exponential_quantile
from abm.core.errors import Refusal
from abm.core.streams import stream_key, uniform4
from abm.queues.people import Luck, drawn, values
from abm.queues.queue import Queue
from tests.examples import examples


def people(customers=500, seed=3, replication=0, duration=None, **setting):
    queue = Queue(**{"rate": 0.8, "minutes": 1.0, "patience": 2.0, **setting})
    size = queue.population.size if queue.population else 0
    return drawn(queue, Luck(seed, replication, size), None if duration else customers, duration)


def test_draws_have_their_addresses():
    """Customer 7: words 0, 1 and 2 of draw 0 are the gap, the need and the patience."""
    found, key = people(), stream_key(3, "queue")
    gap, need, patience, _ = uniform4(key, 7, 0, 0 << 16, 0)
    f = np.float32
    assert found.arrival[7] - found.arrival[6] == pytest.approx(exponential_quantile(gap, f(1.25)), rel=1e-6)
    assert found.need[0, 7] == exponential_quantile(need, f(1.0))
    assert found.patience[7] == exponential_quantile(patience, f(2.0))


@pytest.mark.parametrize(
    "plan",
    [
        {"servers": 7},
        {"lines": "tickets"},
        {"room": 40},
        {"balking": {"accepted": 2.0}},
        {"shifts": {"staff": [3, 1]}},
        {"call_back": {}, "retries": {}, "repeats": {}, "bot": {}},
        {"service": [1.0, 2.0], "minutes": None},
        {"profile": {"rates": [1.0]}},
    ],
    ids=str,
)
def test_two_plans_for_the_same_customers_share_their_luck(plan):
    """Arrivals, needs and patience are the same bit for bit, whatever is done with the customers."""
    one, other = people(), people(**plan)
    exact = np.testing.assert_array_equal
    if "profile" in plan:  # the same arrivals by another way of adding up
        np.testing.assert_allclose(one.arrival, other.arrival, rtol=1e-6)
    else:
        exact(one.arrival, other.arrival)
    exact(one.need[0], other.need[0])
    exact(one.patience, other.patience)


def test_more_customers_are_the_same_and_more():
    few, many = people(customers=200), people(customers=500)
    np.testing.assert_array_equal(few.arrival, many.arrival[:200])
    np.testing.assert_array_equal(few.need, many.need[:, :200])


def test_a_time_lets_in_who_comes_before_its_end():
    found, many = people(duration=100.0), people(customers=500)
    assert len(found.arrival) == np.count_nonzero(many.arrival < 100.0) > 0
    np.testing.assert_array_equal(found.arrival, many.arrival[: len(found.arrival)])


def test_seeds_and_replications_differ():
    assert not np.array_equal(people(seed=4).need, people().need)
    assert not np.array_equal(people(replication=1).need, people().need)


@given(rates=st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=1, max_size=5).filter(any))
@settings(deadline=None, max_examples=examples(40))
def test_a_profile_gives_each_interval_its_rate(rates):
    """The integral of the rate up to each arrival is that of a level rate up to hers."""
    level = people(customers=400, rate=1.0)
    found = people(customers=400, rate=1.0, profile={"rates": rates, "interval": 10.0})
    scaled = np.array(rates) / np.mean(rates)
    whole, rest = np.divmod(found.arrival, 10.0)
    ends = np.append(0.0, np.cumsum(np.resize(scaled, int(whole.max()) + 2) * 10.0))
    integral = ends[whole.astype(int)] + np.resize(scaled, len(ends))[whole.astype(int)] * rest
    np.testing.assert_allclose(integral, level.arrival, rtol=1e-5, atol=1e-4)
    assert (np.diff(found.arrival) >= 0).all()


def test_kinds_have_their_shares_and_their_own_needs():
    kinds = [
        {"name": "a", "share": 0.2, "service": {"kind": "constant", "value": 3.0}},
        {"name": "b", "share": 0.5, "service": {"kind": "gamma", "mean": 2.0, "shape": 2.0}, "patience": 9.0},
        {"name": "c", "share": 0.3},
    ]
    found = people(customers=50_000, kinds=kinds)
    shares = np.bincount(found.kind) / 50_000
    np.testing.assert_allclose(shares, [0.2, 0.5, 0.3], atol=5 * 0.5 / np.sqrt(50_000))
    assert (found.need[0, found.kind == 0] == 3.0).all()
    second = found.need[0, found.kind == 1]
    assert second.mean() == pytest.approx(2.0, abs=5 * np.sqrt(2.0 / len(second)))
    alike = people(customers=50_000)
    np.testing.assert_array_equal(found.need[0, found.kind == 2], alike.need[0, found.kind == 2])


@pytest.mark.parametrize("shape", [0.5, 2.0, 20.0])
def test_a_table_of_gamma_loses_what_is_said(shape):
    u = ((np.arange(2**20) + 0.5) / 2**20).astype(np.float32)
    found = values([Distribution(kind="gamma", mean=1.0, shape=shape)], u, np.zeros(2**20, np.int8))
    lost = {0.5: (2e-4, 3e-3), 2.0: (5e-5, 1.1e-3), 20.0: (6e-6, 5e-4)}[shape]
    assert abs(found.mean() - 1.0) < 1.2 * lost[0]
    assert abs(found.var() * shape - 1.0) < 1.2 * lost[1]


def test_slots_are_kept_more_or_less():
    late = {"kind": "normal", "mean": 0.0, "spread": 3.0}
    found = people(customers=4_000, rate=None, appointments={"every": 10.0, "lateness": late, "no_show": 0.25})
    np.testing.assert_array_equal(found.due, np.arange(4_000) * 10.0)
    assert found.absent.mean() == pytest.approx(0.25, abs=5 * np.sqrt(0.25 * 0.75 / 4_000))
    spread = (found.arrival - found.due)[10:]
    assert spread.std() == pytest.approx(3.0, rel=0.1)
    assert (found.arrival >= 0).all()


def test_members_of_a_population_have_luck_of_their_own():
    """Row v is visit v div size of member v mod size, at the address (member, visit)."""
    found, key = people(rate=None, patience=None, population={"size": 5, "between": 4.0}), stream_key(3, "queue")
    gap, need, _, _ = uniform4(key, 3, 0, (0 << 16) | 2, 0)
    assert found.arrival[13] == exponential_quantile(gap, np.float32(4.0))
    assert found.need[0, 13] == exponential_quantile(need, np.float32(1.0))
    assert (found.stride, found.horizon) == (5, 500 / 5 * 5.0)


def test_a_population_that_comes_too_often_is_refused():
    with pytest.raises(Refusal, match=r"^population: may lead to 1,00\d,\d+ visits of each of 2 members"):
        people(rate=None, population={"size": 2, "between": 0.001}, duration=1_000.0)

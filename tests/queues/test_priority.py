"""Priority: two classes by hand, the conservation law, one class as a line of its own, several servers."""

import heapq

import numpy as np
import pytest
from hypothesis import given
from hypothesis.strategies import floats, integers, lists, tuples

from abm.core.errors import Refusal
from abm.queues.erlang import patient_line
from abm.queues.priority import conserved_wait, priority_waits, priority_waits_of_many
from abm.queues.variable_service import pollaczek_khinchine

classes = lists(tuples(floats(0.01, 1.0), floats(0.1, 10.0), floats(0.0, 3.0)), min_size=1, max_size=6)
parts = floats(0.05, 0.95)


def scaled(kinds, part):
    """Rates, minutes and variations of classes, with rates that make a load of `part`."""
    rates, minutes, variation = (np.array(column) for column in zip(*kinds, strict=True))
    return rates * part / (rates @ minutes), minutes, variation


def test_two_classes_by_hand():
    assert (priority_waits([0.2, 0.6], 1.0) + 1.0).tolist() == pytest.approx([2.0, 6.0], rel=1e-14)
    assert (priority_waits_of_many([0.2, 0.6], 1.0, 1) + 1.0).tolist() == pytest.approx([2.0, 6.0], rel=1e-14)


@given(kinds=classes, part=parts)
def test_the_conservation_law(kinds, part):
    rates, minutes, variation = scaled(kinds, part)
    conserved = conserved_wait(rates, minutes, variation)
    assert rates * minutes @ priority_waits(rates, minutes, variation) == pytest.approx(conserved, rel=1e-10)
    upside_down = [column[::-1] for column in (rates, minutes, variation)]
    assert upside_down[0] * upside_down[1] @ priority_waits(*upside_down) == pytest.approx(conserved, rel=1e-10)


@given(kinds=classes, part=parts)
def test_in_order_of_arrival_all_wait_what_is_conserved(kinds, part):
    """Without classes everybody waits the same, and the services are a mixture."""
    rates, minutes, variation = scaled(kinds, part)
    mean = rates @ minutes / rates.sum()
    second = rates @ (minutes**2 * (1 + variation**2)) / rates.sum()
    mixed = pollaczek_khinchine(rates.sum(), mean, np.sqrt(max(second / mean**2 - 1, 0.0)))
    assert float(mixed.mean_wait) * part == pytest.approx(conserved_wait(rates, minutes, variation), rel=1e-7)


@given(kinds=classes, part=parts)
def test_a_higher_class_waits_less(kinds, part):
    assert (np.diff(priority_waits(*scaled(kinds, part))) >= 0).all()


@given(part=parts, servers=integers(1, 20))
def test_one_class_is_the_line_itself(part, servers):
    line = patient_line(part * servers, 1.0, servers)
    assert priority_waits_of_many([part * servers], 1.0, servers)[0] == pytest.approx(float(line.mean_wait), rel=1e-10)


@given(shares=lists(floats(0.01, 1.0), min_size=1, max_size=5), part=parts, servers=integers(1, 20))
def test_several_servers_conserve_the_mean_wait(shares, part, servers):
    rates = np.array(shares) * part * servers / sum(shares)
    waits = priority_waits_of_many(rates, 1.0, servers)
    line = patient_line(rates.sum(), 1.0, servers)
    assert rates @ waits / rates.sum() == pytest.approx(float(line.mean_wait), rel=1e-9)


def test_against_a_line_of_many_customers():
    """Two servers, three classes, one by one in plain Python; within four standard errors from means of 30 batches."""
    luck, rates = np.random.default_rng(3), np.array([0.3, 0.5, 0.8])
    arrivals = np.cumsum(luck.exponential(1 / rates.sum(), 120_000))
    kind, service = luck.choice(3, arrivals.size, p=rates / rates.sum()), luck.exponential(1.0, arrivals.size)
    free, waiting, waits, i = [0.0, 0.0], [], np.zeros(arrivals.size), 0
    while i < arrivals.size or waiting:
        soonest = heapq.heappop(free)
        if not waiting:
            soonest = max(soonest, arrivals[i])
        while i < arrivals.size and arrivals[i] <= soonest:
            heapq.heappush(waiting, (kind[i], i))
            i += 1
        _, who = heapq.heappop(waiting)
        waits[who] = soonest - arrivals[who]
        heapq.heappush(free, soonest + service[who])
    for k, expected in enumerate(priority_waits_of_many(rates, 1.0, 2)):
        means = [batch.mean() for batch in np.array_split(waits[kind == k], 30)]
        assert abs(np.mean(means) - expected) < 4 * np.std(means, ddof=1) / np.sqrt(30)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: priority_waits([0.5, 0.6], 1.0), "load = 1.1 erlangs is not below the 1 that one server can bear"),
        (
            lambda: priority_waits([0.2, 0.2], [1.0, 1.0, 1.0]),
            "minutes: has shape (3,); one number, or one for each of 2",
        ),
        (lambda: priority_waits(0.2, 1.0), "rates: has shape (); a column of at least one number"),
        (lambda: priority_waits([0.2, -0.1], 1.0), "rates[1] = -0.1 is not a finite number of at least 0"),
        (lambda: priority_waits_of_many([1.0, 1.0], 1.0, 2), "servers = 2 is not above the offered load of 2"),
    ],
)
def test_refusals_are_one_plain_line(call, words):
    with pytest.raises(Refusal) as refusal:
        call()
    assert words in str(refusal.value)

"""Compressed rows, their check, and strengths of ties."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abm.core.errors import Refusal
from abm.core.streams import stream_key
from abm.world.network.ties import Ties, compressed_rows, sort_rows, strong_and_weak, symmetric_weights

KEY = stream_key(7, "graph")


def listed(pairs):
    sender, receiver = np.array(sorted(pairs), np.int32).reshape(-1, 2).T.copy()
    return sender, receiver


def ties_of(pairs, customers):
    start, target = compressed_rows(*listed(pairs), customers)
    return Ties(start, target, np.ones(target.size, np.float32))


def test_rows_by_hand():
    ties = ties_of({(0, 3), (3, 1), (1, 0)}, 5)
    assert ties.start.tolist() == [0, 2, 4, 4, 6, 6]
    assert ties.target.tolist() == [1, 3, 0, 3, 0, 1]
    assert ties.sender.tolist() == [0, 0, 1, 1, 3, 3]
    assert ties.degree.tolist() == [2, 2, 0, 2, 0]
    assert (ties.customers, ties.ties, repr(ties)) == (5, 3, "Ties(customers=5, ties=3)")
    ties.check()


def test_no_customers_and_no_ties():
    for n in (0, 1, 4):
        ties = ties_of(set(), n)
        assert (ties.customers, ties.ties) == (n, 0)
        ties.check()


@settings(deadline=None)  # the first call compiles
@given(st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=60), st.randoms(use_true_random=False))
def test_rows_name_each_neighbour_once_whatever_the_order_of_the_list(pairs, shuffler):
    once = sorted({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]})
    turned = [pair if shuffler.random() < 0.5 else pair[::-1] for pair in once]
    shuffler.shuffle(turned)
    sender, receiver = np.array(turned, np.int32).reshape(-1, 2).T.copy()
    start, target = compressed_rows(sender, receiver, 12)
    for i in range(12):
        neighbours = sorted({a + b - i for a, b in once if i in (a, b)})
        assert target[start[i] : start[i + 1]].tolist() == neighbours


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.lists(st.integers(-1000, 1000), max_size=200), max_size=5))
def test_sort_rows_sorts_rows_of_any_length_and_order(rows):
    start = np.cumsum([0] + [len(row) for row in rows])
    target = np.array([k for row in rows for k in row], np.int32)
    sort_rows(start, target)
    assert target.tolist() == [k for row in rows for k in sorted(row)]


def test_sort_rows_takes_a_hub_in_the_worst_order():
    target = np.arange(3000, 0, -1).astype(np.int32)
    sort_rows(np.array([0, 3000]), target)
    assert np.array_equal(target, np.arange(1, 3001))


def test_equal_ties_compare_arrays_and_labels_but_not_what_was_dropped():
    ties = ties_of({(0, 1)}, 2)
    assert ties == replace(ties, dropped={"self_loops": 3, "duplicates": 0})
    assert ties != replace(ties, labels=("a", "b"))
    assert ties != replace(ties, weight=np.full(2, 0.5, np.float32))
    assert ties != ties_of({(0, 1)}, 3)
    assert ties != "ties"
    with pytest.raises(TypeError):
        hash(ties)


def broken(**arrays):
    good = ties_of({(0, 1), (1, 2)}, 3)
    assert good.target.tolist() == [1, 0, 2, 1]
    kinds = {"start": np.int64, "target": np.int32, "weight": np.float32}
    return replace(good, **{name: np.array(values, kinds[name]) for name, values in arrays.items()})


@pytest.mark.parametrize(
    ("ties", "complaint"),
    [
        (broken(start=[0, 1, 3, 5]), "Ties.start: must rise from 0 to the 4 entries of target"),
        (broken(start=[1, 1, 3, 4]), "Ties.start: must rise from 0 to the 4 entries of target"),
        (broken(start=[0, 3, 1, 4]), "Ties.start: must rise from 0 to the 4 entries of target"),
        (broken(target=[1, 0, 3, 1]), "Ties.target: must lie in [0, 2]"),
        (broken(target=[1, -1, 2, 1]), "Ties.target: must lie in [0, 2]"),
        (broken(target=[0, 0, 2, 1]), "Ties.target: a customer is tied to herself"),
        (broken(target=[1, 2, 0, 1]), "Ties.target: each row must ascend and name a customer once"),
        (broken(target=[1, 0, 0, 1]), "Ties.target: each row must ascend and name a customer once"),
        (broken(target=[2, 0, 2, 1]), "Ties.target: every tie must be in the rows of both customers"),
        (broken(weight=[1, 1, 1]), "Ties.weight: must be 4 finite numbers of at least 0"),
        (broken(weight=[1, 1, -1, -1]), "Ties.weight: must be 4 finite numbers of at least 0"),
        (broken(weight=[np.nan, np.nan, 1, 1]), "Ties.weight: must be 4 finite numbers of at least 0"),
        (broken(weight=[1, 0.5, 1, 1]), "Ties.weight: both directions of a tie must weigh the same"),
        (replace(broken(), target=np.array([1, 0, 2, 1])), "Ties.target: must be one-dimensional int32"),
    ],
)
def test_check_finds_what_is_broken(ties, complaint):
    with pytest.raises(Refusal) as refusal:
        ties.check()
    assert str(refusal.value) == complaint


def test_weights_go_to_both_directions_in_the_order_of_rows():
    ties = ties_of({(0, 1), (0, 3), (1, 3), (2, 3)}, 4)
    weight = symmetric_weights(ties.start, ties.target, np.array([1, 2, 3, 4], np.float32))
    by_pair = dict(zip(zip(ties.sender.tolist(), ties.target.tolist(), strict=True), weight.tolist(), strict=True))
    for (i, k), expected in {(0, 1): 1, (0, 3): 2, (1, 3): 3, (2, 3): 4}.items():
        assert by_pair[i, k] == by_pair[k, i] == expected


def complete(n):
    return ties_of({(i, k) for i in range(n) for k in range(i)}, n)


def strengths(ties, share, replication=0):
    return strong_and_weak(ties.start, ties.target, share, 1.0, 0.25, KEY, replication)


def test_strengths_are_the_same_both_ways_and_as_frequent_as_asked():
    ties = complete(80)
    for share in (0.0, 0.2, 1.0):
        weight = strengths(ties, share)
        replace(ties, weight=weight).check()
        assert set(weight.tolist()) <= {0.25, 1.0}
        error = 4 * np.sqrt(share * (1 - share) / ties.ties)
        assert abs(np.mean(weight == 1.0) - share) <= error


def test_more_strong_ties_keep_those_that_were_strong():
    ties = complete(30)
    few, many = strengths(ties, 0.3), strengths(ties, 0.6)
    assert np.all(many[few == 1.0] == 1.0)
    assert np.sum(many) > np.sum(few)


def test_the_strength_of_a_tie_depends_on_its_two_customers_only():
    whole, part = complete(12), ties_of({(2, 9), (4, 5), (0, 11)}, 12)
    weight = np.zeros((12, 12), np.float32)
    weight[whole.sender, whole.target] = strengths(whole, 0.5)
    assert np.array_equal(strengths(part, 0.5), weight[part.sender, part.target])


def test_another_replication_draws_other_strengths():
    ties = complete(30)
    assert not np.array_equal(strengths(ties, 0.5), strengths(ties, 0.5, replication=1))

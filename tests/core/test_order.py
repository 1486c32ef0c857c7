"""Sorting and heaps in arrays that are there: against Python's own."""

from __future__ import annotations

import heapq

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from abm.core.order import make_heap, sink, sort_by

numbers = st.lists(st.integers(0, 20), min_size=1, max_size=40)


@given(numbers, st.integers(0, 5), st.integers(0, 5))
def test_a_part_is_sorted_stably_and_the_rest_left_alone(keys, before, after):
    length = before + len(keys) + after
    order, spare = np.arange(length, dtype=np.uint32)[::-1].copy(), np.zeros(length, np.uint32)
    untouched, values = order.copy(), np.array([*keys, *([7] * (before + after))], np.float32)
    sort_by(order, spare, values, before, before + len(keys))
    part = slice(before, before + len(keys))
    assert order[part].tolist() == sorted(untouched[part].tolist(), key=lambda k: values[k])
    assert order[:before].tolist() == untouched[:before].tolist()
    assert order[before + len(keys) :].tolist() == untouched[before + len(keys) :].tolist()


@given(numbers, numbers)
def test_the_smallest_is_replaced_as_heapq_does(entries, coming):
    heap, expected = np.array(entries, np.float32), [float(x) for x in entries]
    make_heap(heap, len(entries))
    heapq.heapify(expected)
    for value in coming:
        assert heap[0] == expected[0]
        sink(heap, len(entries), 0, np.float32(value))
        heapq.heapreplace(expected, float(value))
    assert sorted(heap.tolist()) == sorted(expected)

"""Putting things in order inside a kernel, in arrays that are there already."""

from __future__ import annotations

from abm.core.kernels import equation


@equation
def sort_by(order, spare, keys, first, last):
    """Sort order[first:last] by keys[order], equal ones as they are; spare is as long.  Bottom-up merge sort."""
    width = 1
    while width < last - first:
        for left in range(first, last, 2 * width):
            middle, right = min(left + width, last), min(left + 2 * width, last)
            a, b = left, middle
            for k in range(left, right):
                take_a = a < middle and (b >= right or keys[order[a]] <= keys[order[b]])
                spare[k] = order[a] if take_a else order[b]
                a += 1 if take_a else 0
                b += 0 if take_a else 1
        for k in range(first, last):
            order[k] = spare[k]
        width *= 2


@equation
def sink(heap, size, place, value):
    """Put a value into a heap at a place or below it, so that no entry is smaller than the one above it."""
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = value


@equation
def make_heap(heap, size):
    """Put the first entries of an array into the order of a heap: the smallest comes first."""
    for first in range(size // 2 - 1, -1, -1):
        sink(heap, size, first, heap[first])

"""Kernels that draw columns: by hand."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.streams import stream_key, uniform4
from abm.queues.drawing import cumulate, draw_luck, pick_kinds, warp


def test_luck_has_its_addresses():
    key, luck, own = stream_key(4, "queue"), np.zeros((4, 40), np.float32), np.zeros((4, 40), np.float32)
    draw_luck(luck, 0, 2, key, np.int64(6), 0, 40)
    draw_luck(own, 7, 2, key, np.int64(6), 0, 40)
    np.testing.assert_array_equal(luck[:, 31], uniform4(key, 31, 0, 2 << 16, 6))
    np.testing.assert_array_equal(own[:, 31], uniform4(key, 3, 0, (2 << 16) | 4, 6))


def test_kinds_by_hand():
    kind = np.full(4, 9, np.int8)
    pick_kinds(kind, np.array([0.1, 0.25, 0.3, 0.99], np.float32), np.array([0.25, 0.5]), 0, 4)
    assert kind.tolist() == [0, 1, 1, 2]


def test_times_between_arrivals_are_added_up():
    arrival = np.array([1.0, 0.5, 2.0])
    cumulate(arrival, 0, 3)
    assert arrival.tolist() == [1.0, 1.5, 3.5]


def test_a_changing_rate_by_hand():
    """Rates of 2, 0 and 1 for 5 minutes each: 10 by minute 5, none until 10, 15 by 15; then 2 a minute again."""
    arrival = np.array([1.0, 9.0, 11.0, 15.0, 16.0])
    warp(arrival, np.array([2.0, 0.0, 1.0]), np.array([5.0]), 0, 5)
    assert arrival.tolist() == pytest.approx([0.5, 4.5, 11.0, 15.0, 15.5])

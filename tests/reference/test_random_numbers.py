"""The reference's own random numbers: known answers, ranges, and the same draws as the package."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.core import streams
from tests.reference.random_numbers import (
    customer_words,
    fine_uniform,
    normal,
    philox,
    stream_key,
    tie_words,
    uniform,
)

word = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (
            (0xFFFFFFFF,) * 4,
            (0xFFFFFFFF, 0xFFFFFFFF),
            (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
        ),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_answers(counter, key, answer):
    """The known-answer vectors of Random123 for philox4x32 with ten rounds."""
    assert philox(counter, key) == answer


@given(word)
def test_uniforms_stay_inside_and_float32_holds_the_coarse_one(w):
    assert 0.0 < uniform(w) < 1.0
    assert 0.0 < fine_uniform(w) < 1.0
    assert float(np.float32(uniform(w))) == uniform(w)
    assert abs(uniform(w) - fine_uniform(w)) <= 2.0**-24  # the coarse one is the middle of its cell


def test_uniform_by_hand():
    """Word 0 is half a step; word 2^31 is half a step above one half."""
    assert uniform(0) == 2.0**-24
    assert uniform(2**31) == 0.5 + 2.0**-24
    assert fine_uniform(2**32 - 1) == 1.0 - 2.0**-33


def test_addresses_lay_out_the_counter():
    """Draw 1, block 3 is 65539; period 7, draw 1 of a tie is 1793."""
    key = (11, 12)
    assert customer_words(key, 5, 7, draw=1, block=3, replication=2) == philox((5, 7, 65539, 2), key)
    assert tie_words(key, 5, 6, 7, draw=1, replication=2) == philox((5, 6, 1793, 2), key)


def test_normal_quantile_by_hand():
    assert normal(0.5) == 0.0
    assert math.isclose(normal(0.975), 1.959964, abs_tol=1e-6)


@pytest.mark.parametrize("stream", ["need", "choice", "encounter", "rewards", "word_of_mouth", "defection"])
def test_the_package_uses_the_same_keys(stream):
    low, high = stream_key(2026, stream)
    assert int(streams.stream_key(2026, stream)) == high << 32 | low


def test_the_package_draws_the_same_words():
    low, high = stream_key(7, "choice")
    key = np.uint64(high << 32 | low)
    for counter in ((0, 0, 0, 0), (4, 51, 65538, 3), (2**32 - 1, 12, 0, 9)):
        found = streams.philox(*(np.uint64(c) for c in counter), key)
        assert tuple(int(w) for w in found) == philox(counter, (low, high))

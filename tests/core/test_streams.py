"""Random numbers: the published generator, its addresses, and uniforms that stay inside (0, 1)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from abm.core.kernels import kernel
from abm.core.streams import philox, stream_key, uniform, uniform4, uniform4_fine, uniform_fine

word = st.integers(0, 2**32 - 1)
ALL = 0xFFFFFFFF
PI = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)


@kernel(double=True)
def fill(coarse, fine, key, period, draw, replication, lo, hi):
    """Fill four uniforms a customer of both kinds.  coarse, fine (4, n)  [written]"""
    for i in range(lo, hi):
        coarse[0, i], coarse[1, i], coarse[2, i], coarse[3, i] = uniform4(key, i, period, draw << 16, replication)
        fine[0, i], fine[1, i], fine[2, i], fine[3, i] = uniform4_fine(key, i, period, draw << 16, replication)


def drawn(namespace="need", seed=1, n=4000, period=0, draw=0, replication=0):
    """Return the uniforms (4, n) of n customers, as float32 and as float64."""
    coarse, fine = np.empty((4, n), np.float32), np.empty((4, n))
    fill(coarse, fine, stream_key(seed, namespace), period, draw, replication, 0, n)
    return coarse, fine


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((ALL, ALL, ALL, ALL), (ALL, ALL), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (PI, (0xA4093822, 0x299F31D0), (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)),
    ],
)
def test_philox_gives_the_published_answers(counter, key, answer):
    """The known-answer vectors of Random123 for philox4x32 with ten rounds; SALMON_2011."""
    words = philox(*(np.uint64(c) for c in counter), np.uint64(key[1] << 32 | key[0]))
    assert tuple(int(w) for w in words) == answer


def test_a_counter_word_counts_modulo_its_32_bits():
    key = stream_key(3, "need")
    assert philox(np.uint64(2**32 + 5), np.uint64(0), np.uint64(0), np.uint64(0), key) == philox(
        np.uint64(5), np.uint64(0), np.uint64(0), np.uint64(0), key
    )


@given(word)
def test_uniforms_never_reach_0_or_1(w):
    coarse, fine = uniform(np.uint64(w)), uniform_fine(np.uint64(w))
    assert 0.0 < coarse < 1.0
    assert 0.0 < fine < 1.0
    assert abs(coarse - fine) <= 2.0**-24


@pytest.mark.parametrize("w", [0, 511, 512, ALL - 511, ALL])
def test_uniforms_by_hand(w):
    """The coarse uniform is the middle of one of 2^23 cells, the fine one of 2^32."""
    assert float(uniform(np.uint64(w))) == (w // 512 + 0.5) / 2**23
    assert float(uniform_fine(np.uint64(w))) == (w + 0.5) / 2**32


def test_uniforms_are_uniform_and_words_do_not_go_together():
    coarse, fine = drawn(n=20_000)
    assert coarse.dtype == np.float32
    np.testing.assert_allclose(coarse, fine, atol=2.0**-24)
    for values in coarse:
        assert stats.kstest(values, "uniform").pvalue > 1e-4
        assert abs(values.mean() - 0.5) < 4 / (12 * 20_000) ** 0.5
    off_diagonal = np.corrcoef(coarse)[~np.eye(4, dtype=bool)]
    assert np.abs(off_diagonal).max() < 4 / 20_000**0.5


@pytest.mark.parametrize(
    "other", [{"namespace": "choice"}, {"seed": 2}, {"period": 1}, {"draw": 1}, {"replication": 1}]
)
def test_another_address_is_other_luck(other):
    """Streams of other names, seeds, periods, draws and replications share no number and do not go together."""
    first, second = drawn()[0][0], drawn(**other)[0][0]
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / 4000**0.5
    assert np.mean(first == second) < 0.001


def test_customers_keep_their_luck_whatever_the_number_of_others():
    np.testing.assert_array_equal(drawn(n=10)[0], drawn(n=1000)[0][:, :10])


def test_keys_depend_on_seed_and_name_alone():
    assert stream_key(1, "need") == stream_key(1, "need")
    names = ("need", "choice", "encounter", "learning", "rewards", "word_of_mouth", "defection", "population", "graph")
    keys = {int(stream_key(seed, name)) for seed in range(50) for name in names}
    assert len(keys) == 50 * len(names)


@given(st.integers(0, 2**200))
def test_any_whole_number_is_a_seed(seed):
    assert stream_key(seed, "need").dtype == np.uint64


def test_the_key_is_pinned():
    """Stored results name their seed only: another key for the same seed would be another scheme."""
    assert int(stream_key(2026, "need")) == 8926371914330947259

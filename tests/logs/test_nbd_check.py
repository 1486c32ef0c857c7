"""The chi-square of an NBD: true where the NBD holds, and seen where it does not."""

from __future__ import annotations

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.logs.nbd_check import LEAST_EXPECTED, check_nbd


def nbd_counts(luck, n, r=0.9, mean=6.0):
    return luck.poisson(luck.gamma(r, mean / r, n))


def test_an_nbd_is_kept():
    luck = np.random.default_rng(8)
    p = np.array([check_nbd(nbd_counts(luck, 800)).p for _ in range(200)])
    assert 0.02 <= (p < 0.05).mean() <= 0.10  # the size of the test, up to luck
    assert p.mean() == pytest.approx(0.5, abs=0.08)


def test_two_kinds_of_customers_are_seen():
    luck = np.random.default_rng(9)
    found = check_nbd(np.concatenate((luck.poisson(1.0, 700), luck.poisson(12.0, 700))))
    assert found.p < 1e-6


def test_classes_add_up():
    counts = nbd_counts(np.random.default_rng(1), 500)
    found = check_nbd(counts)
    assert found.observed.sum() == 500
    assert found.expected.sum() == pytest.approx(500)
    assert found.expected.min() >= LEAST_EXPECTED
    assert found.first[0] == 0
    assert found.observed[-1] == (counts >= found.first[-1]).sum()
    assert found.degrees_of_freedom == found.first.size - 3


def test_too_few_customers():
    with pytest.raises(Refusal, match=r"12 customers make \d classes of 5 or more; at least 4 are needed"):
        check_nbd([0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 3, 9])

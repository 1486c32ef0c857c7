"""Whether a fit gives back the numbers that customers were drawn with."""

import numpy as np
import pytest

SAMPLES = 40


def assert_given_back(fitted, truth, as_array):
    """40 fits: their mean is on the truth, and they scatter as their standard errors say, of logarithms.

    fitted : yields a fit of a sample of its own, each time it is called      as_array : fit -> its numbers
    """
    found = [fitted() for _ in range(SAMPLES)]
    off = np.log([as_array(one) for one in found]) - np.log(truth)
    errors = np.sqrt(np.median([np.diagonal(one.covariance) for one in found], axis=0))
    assert np.all(np.abs(off.mean(axis=0)) < 3.5 * errors / np.sqrt(SAMPLES))
    assert off.std(axis=0) == pytest.approx(errors, rel=0.35)  # the sd of 40 is 11 % off; three times that

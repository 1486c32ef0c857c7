"""Satisfaction, trust, failures and word of mouth, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from abm.kpis import attitude
from tests.kpis.counts import period


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (attitude.csi, [75.0, 75.0]),
        (attitude.trust, [0.55, 0.6]),
        (attitude.perceived_quality, [0.7, 0.8]),
        (attitude.failure_share, [0.1, 0.1]),
        (attitude.dissatisfied_share, [0.2, 0.1]),
        (attitude.word_of_mouth_ratio, [3.0, 0.25]),
        (attitude.telling_rate, [0.2, 0.5]),
        (attitude.stories_heard, [0.1, 0.025]),
        (attitude.referral_share, [0.25, 0.8]),
        (attitude.broken_promise_share, [0.25, 0.1]),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_by_hand(measure, expected):
    np.testing.assert_allclose(measure(period()), expected)


def test_only_good_stories_make_no_ratio():
    found = attitude.word_of_mouth_ratio(period(negative_messages=(0.0, 4.0, 0.0)))
    assert np.isnan(found[0])
    assert found[1] == 0.25

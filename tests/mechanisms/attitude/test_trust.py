"""Trust and commitment: by hand, within bounds, and lost faster than won."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.mechanisms.attitude.trust import learn_commitment, learn_trust, updated_trust
from tests.mechanisms.small import Small

share = st.floats(0, 1, width=32)
RATES = {
    "growth": 0.08, "fall": 0.2, "tolerance": 0.1, "usual_spreads": 1.5, "promise_cost": 0.05, "notice": 0.5,
    "commitment_rate": 0.05,
}  # fmt: skip


def trusting(trust, transaction, broken=0.0, growth=0.08, fall=0.2):
    """Return the equation's value for plain numbers."""
    return float(updated_trust(*(np.float32(x) for x in (trust, transaction, growth, fall, broken))))


def after(performance, transaction, promise=0.7, transparency=0.0, spreads=(0.0, 0.0)):
    """Return trust of one customer, from 0.5, after a visit, and the broken promises counted."""
    service = dict(zip(("spread_within", "spread_between"), spreads, strict=True)) | {"transparency": transparency}
    small = Small(1, [{"promise": promise, "service": service}], trust=RATES)
    small.visits([0], [0])
    small.passing.performance[0], small.passing.transaction[0] = performance, transaction
    small.run("trust", learn_trust)
    assert small.counted("trust_sum")[0] / 2**20 == pytest.approx(float(small.c.trust[0, 0]), abs=1e-6)
    return float(small.c.trust[0, 0]), small.counted("broken_promises")[0]


def test_trust_by_hand():
    """Won 0.08 of 0.3, lost 0.20 of 0.2; a broken promise 0.05 more, next to half of it announced."""
    assert after(0.7, 0.8) == (pytest.approx(0.524), 0)
    assert after(0.7, 0.3) == (pytest.approx(0.46), 0)
    assert after(0.5, 0.3) == (pytest.approx(0.41), 1)
    assert after(0.5, 0.3, transparency=0.99) == (pytest.approx(0.46 - 0.05 * 0.505), 1)


def test_a_promise_is_kept_within_the_tolerance():
    assert after(0.61, 0.5)[1] == 0
    assert after(0.59, 0.5)[1] == 1
    assert after(0.5, 0.5, promise=0.55)[1] == 0


def test_what_varies_anyway_breaks_no_promise():
    """Spreads of 0.03 and 0.04 make 0.05: broken below 0.7 - 0.1 - 0.075 = 0.525, where it was 0.6."""
    assert after(0.53, 0.5, spreads=(0.03, 0.04)) == (pytest.approx(0.5), 0)
    assert after(0.52, 0.5, spreads=(0.03, 0.04)) == (pytest.approx(0.45), 1)


def test_a_firm_that_delivers_what_it_promises_seldom_breaks_its_word():
    """Normal quality around the promise, spread 0.2: below - 0.1 - 0.3 fall 2.3 %; of - 0.1 alone it was 31 %."""
    small = Small(1000, [{"promise": 0.5, "service": {"spread_within": 0.2, "spread_between": 0.0}}], trust=RATES)
    small.visits(np.arange(1000), np.zeros(1000, int))
    for luck in np.random.default_rng(1).normal(0.5, 0.2, (20, 1000)):
        small.passing.performance[:1000], small.passing.transaction[:1000] = luck, 0.5
        small.run("trust", learn_trust)
    expected = 0.02275
    assert abs(small.counted("broken_promises")[0] / 20_000 - expected) < 4 * np.sqrt(expected / 20_000)


@given(share, share, st.floats(0, 1, width=32))
def test_trust_stays_between_0_and_1_and_never_passes_the_experience(trust, transaction, broken):
    assert 0.0 <= trusting(trust, transaction, broken) <= 1.0
    kept = trusting(trust, transaction)
    assert min(trust, transaction) - 1e-6 <= kept <= max(trust, transaction) + 1e-6
    assert trusting(trust, transaction, broken) <= kept


@given(st.floats(0.25, 0.75, width=32), st.floats(0.0078125, 0.25, width=32))
def test_trust_falls_faster_than_it_grows(trust, step):
    won, lost = trusting(trust, trust + step) - trust, trust - trusting(trust, trust - step)
    assert lost == pytest.approx(2.5 * won, abs=1e-6)


def test_commitment_follows_the_mean_of_satisfaction_and_trust():
    """0.2 + 0.05 (0.4 + 0.3 - 0.2) = 0.225, and once more for the second visit."""
    small = Small(2, trust=RATES)
    small.c.satisfaction.fill(0.8)
    small.c.trust.fill(0.6)
    small.visits([0, 0], [0, 0])
    small.run("trust", learn_commitment)
    expected = 0.225 + 0.05 * (0.7 - 0.225)
    np.testing.assert_allclose(small.c.affective_commitment, [[expected, 0.2], [0.2, 0.2]], rtol=1e-6)

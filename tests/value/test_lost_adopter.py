"""Lost adopters: the closed form against print, against its differential equation, and at its limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from abm.core.errors import Refusal
from abm.value.lost_adopter import adopted, adoptions_behind, lost_adoptions

PRINTED = (
    (0.03, 0.38, 1, 1.06),
    (0.03, 0.38, 3, 0.51),
    (0.03, 0.38, 5, 0.24),
    (0.03, 0.38, 10, 0.033),
    (0.01, 0.42, 1, 2.84),
)


@pytest.mark.parametrize(("p", "q", "at", "printed"), PRINTED)
def test_against_the_linear_response_of_the_market(p, q, at, printed):
    assert lost_adoptions(p, q, at, 0.10) == pytest.approx(printed, rel=0.02)


@pytest.mark.parametrize("at", [0.0, 2.0, 9.0])
def test_against_the_market_with_a_little_less_of_it(at):
    """A share of 1e-5 that is lost: the whole nonlinear market, integrated step by step."""
    p, q, lost = 0.02, 0.5, 1e-5

    def course(missing):
        return solve_ivp(
            lambda t, f: (p + q * (f - missing)) * (1 - f),
            (at, at + 8),
            [float(adopted(p, q, at))],
            rtol=1e-11,
            atol=1e-13,
        ).y[0, -1]

    behind = (course(0.0) - course(lost)) / lost
    assert float(adoptions_behind(p, q, at, at + 8)) == pytest.approx(behind, rel=1e-3)


def test_discounting_by_hand():
    """Of a step of adoptions lost in the whole of each tenth of a year, valued where it falls."""
    t = np.linspace(2, 60, 200_001)
    steps = np.diff(adoptions_behind(0.03, 0.38, 2, t))
    by_hand = (steps * np.exp(-0.07 * ((t[1:] + t[:-1]) / 2 - 2))).sum()
    assert lost_adoptions(0.03, 0.38, 2, 0.07, until=60) == pytest.approx(by_hand, rel=1e-5)


def test_limits():
    assert adopted(0.03, 0.38, 0.0) == 0.0
    assert lost_adoptions(0.03, 0.38, 1, 0.0) == pytest.approx(0.0, abs=1e-12)
    assert lost_adoptions(0.03, 0.0, 1, 0.1) == 0.0
    assert adoptions_behind(0.03, 0.38, 5, [0.0, 5.0]).tolist() == [0.0, 0.0]
    assert lost_adoptions(0.03, 0.38, 1, 0.1) > lost_adoptions(0.03, 0.38, 1, 0.1, until=100) - 1e-9
    early, late = (lost_adoptions(0.03, 0.38, at, 0.1) for at in (1, 4))
    assert early > late > 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((0.0, 0.3, 1, 0.1), "p = 0 is not a finite number"),
        ((0.1, -0.3, 1, 0.1), "q = -0.3 is not a finite number"),
        ((0.1, 0.3, -1, 0.1), "lost_at = -1 is not a finite number"),
        ((0.1, 0.3, 1, -0.1), "discount = -0.1 is not a finite number"),
        ((0.1, 0.3, 4, 0.1, 2), "until = 2 is not a finite number"),
    ],
)
def test_what_is_refused(given, words):
    with pytest.raises(Refusal) as refused:
        lost_adoptions(*given)
    assert words in str(refused.value)

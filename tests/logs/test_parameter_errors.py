"""Standard errors of every fit, by the names of its parameters."""

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.logs.heterogeneity import (
    SBG,
    fit_bgbb,
    fit_bgnbd,
    fit_gamma_gamma,
    fit_mbgnbd,
    fit_paretonbd,
    fit_survivors,
    parameter_errors,
)

SURVIVORS = [1000, 869, 743, 653, 593, 551, 517, 491]


@pytest.fixture(scope="module")
def fits(cdnow):
    history = [cdnow[name] for name in ("frequency", "recency", "age")]
    given = ([0, 1, 1, 2, 2, 3, 0, 1], [0, 1, 3, 2, 3, 3, 0, 2], [3] * 8, [50, 30, 20, 15, 25, 40, 1, 10])
    return {
        "r alpha a b": [fit_bgnbd(*history), fit_mbgnbd(*history)],
        "r alpha s beta": [fit_paretonbd(*history)],
        "p q v": [fit_gamma_gamma(cdnow["frequency"], cdnow["mean_amount"])],
        "a b": [fit_survivors(SURVIVORS)],
        "alpha beta gamma delta": [fit_bgbb(*given)],
    }


def test_each_parameter_has_its_own_row(fits):
    for names, models in fits.items():
        for model in models:
            table = parameter_errors(model)
            assert list(table.index) == names.split()
            for place, (name, row) in enumerate(table.iterrows()):
                error = np.sqrt(model.covariance[place, place])
                assert row.estimate == getattr(model, name)
                assert row.standard_error == pytest.approx(row.estimate * error)
                assert np.log([row.low, row.high]) == pytest.approx(
                    np.log(row.estimate) + 1.959964 * error * np.array([-1, 1])
                )


def test_more_customers_tell_more():
    small, large = (parameter_errors(fit_survivors(np.array(SURVIVORS) * many)) for many in (1, 100))
    assert (small.standard_error / large.standard_error).to_numpy() == pytest.approx([10, 10], rel=1e-4)


def test_refusals():
    with pytest.raises(Refusal, match="SBG was not fitted to customers, so that it has no standard errors"):
        parameter_errors(SBG(1.0, 1.0))
    with pytest.raises(Refusal, match=r"confidence = 1 is outside \(0, 1\)"):
        parameter_errors(fit_survivors(SURVIVORS), 1.0)

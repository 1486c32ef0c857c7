"""The whole way from the shipped log to a population."""

import dataclasses

import numpy as np
import pytest

from abm.logs import heterogeneity
from abm.logs.heterogeneity import (
    NBD,
    expected_mean_amount,
    expected_purchases,
    fit_bgnbd,
    fit_gamma_gamma,
    fit_lognormal_baskets,
    fit_nbd,
)
from abm.logs.purchases import purchase_days


@pytest.fixture(scope="module")
def fits(cdnow, cdnow_log):
    days = purchase_days(cdnow_log)
    return (
        fit_nbd(cdnow["frequency"], cdnow["age"]),
        fit_bgnbd(cdnow["frequency"], cdnow["recency"], cdnow["age"]),
        fit_gamma_gamma(cdnow["frequency"], cdnow["mean_amount"]),
        fit_lognormal_baskets(days["customer"], days["amount"]),
    )


def test_every_name_promised_is_there():
    assert all(hasattr(heterogeneity, name) for name in heterogeneity.__all__)


def test_results_are_frozen_and_say_what_they_are(fits):
    for fit in fits:
        assert np.isfinite(fit.log_likelihood)
        assert fit.n > 900
        assert "\n" not in fit.describe()
        assert f"over {fit.n:,} customers" in fit.describe()
        with pytest.raises(dataclasses.FrozenInstanceError):
            fit.n = 0


def test_fits_are_the_same_bits_again(fits, cdnow, cdnow_log):
    days = purchase_days(cdnow_log)
    again = (
        fit_nbd(cdnow["frequency"], cdnow["age"]),
        fit_bgnbd(cdnow["frequency"], cdnow["recency"], cdnow["age"]),
        fit_gamma_gamma(cdnow["frequency"], cdnow["mean_amount"]),
        fit_lognormal_baskets(days["customer"], days["amount"]),
    )
    assert again == fits


def test_drop_out_explains_what_the_nbd_takes_for_slow_buying(fits):
    nbd, bgnbd = fits[:2]
    assert bgnbd.mean_rate > 1.5 * nbd.mean_rate


def test_total_repeat_purchases_of_the_calibration_period(fits, cdnow):
    """2,457 happened. The NBD meets the total by construction, the BG/NBD within 2 %."""
    nbd, bgnbd = fits[:2]
    age = cdnow["age"].to_numpy()
    assert nbd.mean_rate * age.sum() == pytest.approx(2457, rel=0.02)
    assert expected_purchases(bgnbd, age).sum() == pytest.approx(2457, rel=0.02)


def test_both_basket_models_see_the_same_mean(fits, cdnow):
    gamma_gamma, lognormal = fits[2:]
    assert gamma_gamma.population_mean == pytest.approx(lognormal.population_mean, rel=0.07)
    shrunk = expected_mean_amount(gamma_gamma, cdnow["frequency"], cdnow["mean_amount"])
    assert shrunk.min() > 0
    assert shrunk.std() < cdnow["mean_amount"].std()


def test_published_models_can_be_written_down():
    assert NBD(r=0.0396, alpha=1 / 5.34).n is None

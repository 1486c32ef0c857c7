"""Populations: traits drawn from what was asked for or fitted to a log, a person's own in every arm."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from abm.core.errors import Refusal
from abm.engine.building import build_world
from abm.scenario.scenario import Scenario
from abm.world.population import HIGHEST_RATE, heterogeneity, locate

N = 20_000


def people(customers=N, seed=1, replication=0, folder=None, **fields):
    """Return the columns of a population."""
    scenario = Scenario.parse(
        {
            "periods": 1, "population": {"customers": customers, **fields}, "firms": [{"name": "only"}],
            "network": {"kind": "erdos_renyi", "neighbours": 0.0},
        }
    )  # fmt: skip
    return build_world(scenario, seed, replication, folder=folder).customers


class TestDrawn:
    @pytest.mark.parametrize("shape", [0.3, 1.0, 4.0])
    def test_rates_are_gamma(self, shape):
        rates = people(purchase_rate=0.4, rate_shape=shape).purchase_rate
        assert stats.kstest(rates, stats.gamma(shape, scale=0.4 / shape).cdf).pvalue > 1e-3

    def test_baskets_are_lognormal_around_their_mean(self):
        baskets = people(basket=30.0, basket_spread=0.8).basket.astype(np.float64)
        assert stats.kstest(np.log(baskets), stats.norm(math.log(30.0) - 0.32, 0.8).cdf).pvalue > 1e-3
        assert abs(baskets.mean() - 30.0) < 4 * baskets.std() / math.sqrt(N)

    def test_price_weights_have_mean_1(self):
        weights = people(price_weight_spread=0.5).price_weight.astype(np.float64)
        assert abs(weights.mean() - 1.0) < 4 * weights.std() / math.sqrt(N)
        assert np.log(weights).std() == pytest.approx(0.5, rel=0.03)
        assert np.all(people(customers=50).price_weight == 1.0)

    def test_traits_do_not_go_together(self):
        c = people(price_weight_spread=0.5)
        found = np.corrcoef([stats.rankdata(c[name]) for name in ("purchase_rate", "basket", "price_weight")])
        assert np.abs(found[~np.eye(3, dtype=bool)]).max() < 4 / math.sqrt(N)

    def test_no_rate_is_too_high_for_a_period(self):
        assert people(customers=2000, purchase_rate=6.0, rate_shape=0.5).purchase_rate.max() == np.float32(HIGHEST_RATE)

    def test_nobody_needs_anything_at_rate_0(self):
        assert people(customers=100, purchase_rate=0.0).purchase_rate.max() < 1e-9

    def test_a_person_is_the_same_in_every_arm_and_another_in_every_replication(self):
        few, many = people(customers=10), people(customers=1000)
        np.testing.assert_array_equal(few.purchase_rate, many.purchase_rate[:10])
        dearer = people(customers=10, basket=60.0)
        np.testing.assert_allclose(dearer.basket, 2 * few.basket, rtol=1e-6)
        np.testing.assert_array_equal(dearer.purchase_rate, few.purchase_rate)
        assert not np.any(people(customers=10, replication=1).purchase_rate == few.purchase_rate)

    def test_identities_are_numbers_from_0(self):
        np.testing.assert_array_equal(people(customers=7).customer_id, np.arange(7))


class TestFitted:
    def test_traits_have_the_means_of_the_fitted_model(self):
        """Rates: r / alpha a week. Baskets: p v / (q - 1), both within four standard errors."""
        fitted, c = heterogeneity("cdnow", None, None), people(log="cdnow")
        rates, baskets = c.purchase_rate.astype(np.float64), c.basket.astype(np.float64)
        assert abs(rates.mean() - fitted["r"] / fitted["alpha"]) < 4 * rates.std() / math.sqrt(N)
        mean = fitted["p"] * fitted["v"] / (fitted["q"] - 1)
        assert abs(baskets.mean() - mean) < 4 * baskets.std() / math.sqrt(N)
        assert 25 < mean < 50  # cu, of repeat purchases

    def test_traits_follow_the_fitted_model(self):
        fitted, c = heterogeneity("cdnow", None, None), people(log="cdnow")
        assert stats.kstest(c.purchase_rate, stats.gamma(fitted["r"], scale=1 / fitted["alpha"]).cdf).pvalue > 1e-3
        inverse = stats.invgamma(fitted["q"], scale=fitted["p"] * fitted["v"])
        assert stats.kstest(c.basket, inverse.cdf).pvalue > 1e-3

    def test_a_log_may_be_used_up_to_a_day(self):
        early, whole = (heterogeneity("cdnow", until, None) for until in ("1997-09-30", None))
        assert early["r"] != whole["r"]
        assert early["r"] / early["alpha"] == pytest.approx(whole["r"] / whole["alpha"], rel=0.3)

    def test_a_log_of_ones_own_is_read_from_the_studys_folder(self, tmp_path):
        luck = np.random.default_rng(1)
        rows = ["customer,date,amount"]
        for customer, rate in enumerate(luck.gamma(2.0, 1.0, 60)):
            mean = luck.lognormal(3.0, 0.3)
            for day in sorted(luck.integers(1, 28, luck.poisson(2 * rate) + 1)):
                rows.append(f"{customer},2024-0{luck.integers(1, 7)}-{day:02d},{mean * luck.lognormal(0, 0.3):.2f}")
        (tmp_path / "mine.csv").write_text("\n".join(rows) + "\n")
        assert people(customers=50, log="mine.csv", folder=tmp_path).basket.min() > 0


class TestRefused:
    @pytest.mark.parametrize("path", ["../outside.csv", "/etc/passwd", "logs/../../outside.csv"])
    def test_a_log_outside_the_studys_folder(self, path, tmp_path):
        with pytest.raises(Refusal, match=r"population\.log = .* lies outside the study's folder"):
            locate(path, tmp_path)

    def test_a_link_that_leads_out_of_it(self, tmp_path):
        (tmp_path / "study").mkdir()
        (tmp_path / "study" / "log.csv").symlink_to(tmp_path / "elsewhere.csv")
        with pytest.raises(Refusal, match="lies outside the study's folder"):
            locate("log.csv", tmp_path / "study")

    def test_a_log_that_is_not_shipped(self):
        with pytest.raises(Refusal, match="cdnwo"):
            people(customers=5, log="cdnwo")

    def test_a_log_that_is_not_there(self, tmp_path):
        with pytest.raises(Refusal, match=r"none\.csv"):
            people(customers=5, log="none.csv", folder=tmp_path)

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"customers": 0}, r"population\.customers = 0 is outside"),
            ({"purchase_rate": 9.0}, r"purchase_rate = 9\.0 is outside \[0, 8"),
            ({"basket": 0.0}, r"basket = 0\.0 is outside"),
        ],
    )
    def test_what_no_population_can_be(self, fields, message):
        with pytest.raises(Refusal, match=message):
            people(**{"customers": 5, **fields})


def test_a_log_without_drop_out_is_fitted_by_the_nbd(tmp_path):
    """Everybody buys once a quarter or every four weeks, to the end of the log: there is no drop-out to be found."""
    rows, starts = ["customer,date,amount"], []
    for customer in range(60):
        first = np.datetime64("2024-01-01") + np.timedelta64(customer % 28, "D")
        days = np.arange(first, np.datetime64("2025-12-31"), np.timedelta64(91 if customer % 3 else 28, "D"))
        usual = 5.0 * 1.6 ** (customer % 5)
        rows += [f"{customer},{day},{usual * (0.5, 0.9, 1.6)[k % 3]:.2f}" for k, day in enumerate(days)]
        starts.append(first)
    (tmp_path / "steady.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    fitted = heterogeneity("steady.csv", None, tmp_path)
    end = max(np.datetime64(row.split(",")[1]) for row in rows[1:])
    weeks = sum(float((end - start) / np.timedelta64(7, "D")) for start in starts)
    assert fitted["r"] / fitted["alpha"] == pytest.approx((len(rows) - 61) / weeks, rel=0.01)

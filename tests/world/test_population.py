"""Populations: traits drawn from what was asked for or fitted to a log, a person's own in every arm."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import abm
from abm.core.errors import Refusal
from abm.engine.building import build_world
from abm.scenario.scenario import Scenario
from abm.world.columns import HIGHEST_RATE
from abm.world.fitted import locate
from abm.world.population import Population, heterogeneity

N = 20_000
WEEKS = 365.25 / 7  # a year


def people(customers=N, seed=1, replication=0, folder=None, periods_per_year=52, **fields):
    """Return the columns of a population."""
    scenario = Scenario.parse(
        {
            "periods": 1, "periods_per_year": periods_per_year, "firms": [{"name": "only"}],
            "population": {"customers": customers, **fields},
            "network": {"kind": "erdos_renyi", "neighbours": 0.0},
        }
    )  # fmt: skip
    return build_world(scenario, seed, replication, folder=folder).customers


class TestDrawn:
    def test_markets_that_have_the_same_customers_do_not_share_their_columns(self):
        """Traits of few customers are kept for the next market that has them."""
        one = people(customers=50)
        drawn = one.basket.tolist()
        one.basket[:] = 0.0
        assert people(customers=50).basket.tolist() == drawn

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
        """Rates: r / alpha a week, of which a year has 52.18. Baskets: p v / (q - 1); within four standard errors."""
        fitted, c = heterogeneity("cdnow", None, None), people(log="cdnow")
        rates, baskets = c.purchase_rate.astype(np.float64), c.basket.astype(np.float64)
        assert abs(rates.mean() - WEEKS / 52 * fitted["r"] / fitted["alpha"]) < 4 * rates.std() / math.sqrt(N)
        mean = fitted["p"] * fitted["v"] / (fitted["q"] - 1)
        assert abs(baskets.mean() - mean) < 4 * baskets.std() / math.sqrt(N)
        assert 25 < mean < 50  # cu, of repeat purchases

    def test_traits_follow_the_fitted_model(self):
        fitted, c = heterogeneity("cdnow", None, None), people(log="cdnow")
        rates = stats.gamma(fitted["r"], scale=WEEKS / 52 / fitted["alpha"])
        assert stats.kstest(c.purchase_rate, rates.cdf).pvalue > 1e-3
        inverse = stats.invgamma(fitted["q"], scale=fitted["p"] * fitted["v"])
        assert stats.kstest(c.basket, inverse.cdf).pvalue > 1e-3

    @pytest.mark.parametrize("periods_per_year", [12, 365])
    def test_purchases_a_year_are_those_of_the_log_whatever_a_period_is(self, periods_per_year):
        weekly, other = people(500, log="cdnow"), people(500, log="cdnow", periods_per_year=periods_per_year)
        assert other.purchase_rate * periods_per_year == pytest.approx(weekly.purchase_rate * 52, rel=1e-5)
        np.testing.assert_array_equal(other.drop_out, weekly.drop_out)  # of a purchase, not of a period

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


class TestSaidBesideALog:
    @pytest.mark.parametrize(
        ("name", "value"), [("purchase_rate", 0.5), ("rate_shape", 2.0), ("basket", 40.0), ("basket_spread", 0.5)]
    )
    def test_what_the_log_tells_cannot_be_said_too(self, name, value):
        with pytest.raises(Refusal, match=rf"{name} = {value} is not used: the log tells it; leave out one of the two"):
            Population(log="cdnow", **{name: value})
        grid = abm.grid({f"population.{name}": [value, 2 * value]})
        for asked in ({"design": grid}, {"arms": {"none": {}, "more": {f"population.{name}": value}}}):
            with pytest.raises(Refusal, match=rf"population\.{name} = {value} is not used"):
                abm.Experiment(name="x", scenario=Scenario(population={"log": "cdnow"}), **asked)

    @pytest.mark.parametrize(
        ("name", "value"), [("log_until", "1997-09-30"), ("log_dates", "day_first"), ("log_columns", {"date": "when"})]
    )
    def test_how_to_read_a_log_needs_one(self, name, value):
        with pytest.raises(Refusal, match=rf"{name} = .* needs a purchase log; set log or leave it out"):
            Population(**{name: value})

    def test_how_dates_are_written(self):
        with pytest.raises(
            Refusal, match=r'log_dates = "dayfirst" is no way to write dates; .*; did you mean \'day_first'
        ):
            Population(log="cdnow", log_dates="dayfirst")

    @pytest.mark.parametrize("pattern", ["%Y-%m", "%Q", "%", "%d/%m"])
    def test_patterns_of_dates_tell_the_day(self, pattern):
        with pytest.raises(Refusal, match=rf'log_dates = "{pattern}" does not tell day, month and year'):
            Population(log="cdnow", log_dates=pattern)

    @pytest.mark.parametrize(
        ("columns", "message"),
        [
            ({"amount": "a", "price": "b"}, r'log_columns\.price = "b" is not used beside amount'),
            ({"date": ""}, r'log_columns\.date = "" is no heading'),
        ],
    )
    def test_headings_that_do_not_go_together(self, columns, message):
        with pytest.raises(Refusal, match=message):
            Population(log="cdnow", log_columns=columns)


def bought(amounts=True, seed=1, separator=","):
    """Return the text of a log: 300 customers who buy at Gamma rates for a year."""
    luck, rows = np.random.default_rng(seed), []
    for customer, rate in enumerate(luck.gamma(1.0, 10.0, 300)):
        mean = luck.lognormal(3.0, 0.5)
        for day in luck.integers(0, 365, luck.poisson(rate) + 1):
            date = np.datetime64("2023-01-01") + day
            paid = [f"{mean * luck.lognormal(0, 0.4):.2f}"] if amounts else []
            rows.append(separator.join([f"c{customer}", str(date), *paid]))
    return "\n".join([separator.join(["kunde", "date", *(["summe"] if amounts else [])]), *rows]) + "\n"


COLUMNS = {"customer": "kunde", "amount": "summe"}


class TestOnesOwn:
    def test_columns_may_be_chosen_and_the_study_file_says_it(self, tmp_path):
        (tmp_path / "log.csv").write_text(bought(separator=";"))
        c = people(200, log="log.csv", log_columns=COLUMNS, folder=tmp_path)
        assert 15 < c.basket.mean() < 40
        population = Population(log="log.csv", log_columns=COLUMNS)
        assert population.to_dict()["log_columns"] == COLUMNS
        assert Population.parse(population.to_dict()) == population

    def test_a_log_of_dates_gives_rates_and_leaves_baskets_to_the_population(self, tmp_path):
        (tmp_path / "log.csv").write_text(bought(amounts=False))
        columns = {"customer": "kunde", "amount": ""}
        c = people(2000, log="log.csv", log_columns=columns, basket=50.0, basket_spread=0.2, folder=tmp_path)
        assert c.basket.mean() == pytest.approx(50.0, rel=0.03)
        assert c.purchase_rate.mean() * 52 == pytest.approx(10.0, rel=0.2)
        with pytest.raises(Refusal, match=r"rate_shape = 2\.0 is not used"):
            Population(log="log.csv", log_columns=columns, rate_shape=2.0)
        with pytest.raises(Refusal, match=r"purchase_rate = 2\.0 is not used: the log tells rates, and not of whom"):
            Population(log="log.csv", log_columns=columns, segments=[{"name": "a", "purchase_rate": 2.0}])
        kinds = [{"name": "rich", "share": 0.5, "basket": 90.0}, {"name": "poor", "basket": 10.0}]
        c = people(2000, log="log.csv", log_columns=columns, segments=kinds, basket_spread=0.0, folder=tmp_path)
        assert set(c.basket.tolist()) == {90.0, 10.0}

    def test_a_file_without_extension_is_read(self, tmp_path):
        (tmp_path / "purchases").write_text(bought())
        assert people(50, log="purchases", log_columns=COLUMNS, folder=tmp_path).basket.min() > 0
        (tmp_path / "cdnow").write_text("no log")
        assert locate("cdnow", tmp_path).name == "cdnow.csv"  # a shipped log keeps its name

    @pytest.mark.parametrize(
        ("log", "near"), [("cdnow2", "cdnow"), ("CDNOW", "cdnow"), ("purchase", "purchases.csv"), ("x", "")]
    )
    def test_a_misspelt_log_is_refused_before_anything_runs(self, tmp_path, log, near):
        (tmp_path / "purchases.csv").write_text(bought())
        hint = rf"did you mean '{near}'\?" if near else "there is cdnow"
        message = rf'population\.log: no shipped log "{log}", and no file of that name; {hint}'
        with pytest.raises(Refusal, match=message):
            abm.Experiment(name="x", scenario=Scenario(population={"log": log}), folder=tmp_path)

    def test_a_day_before_a_shipped_log_is_refused_before_anything_runs(self):
        with pytest.raises(Refusal, match=r"cdnow\.csv: no purchase up to end = 1990-01-01"):
            abm.Experiment(name="x", scenario=Scenario(population={"log": "cdnow", "log_until": "1990-01-01"}))

    @pytest.mark.parametrize(
        ("row", "until", "what"),
        [
            ("c1,2123-05-01,9.50\n", None, "the next purchase is on 2123-05-01"),
            ("c1,1902-05-01,9.50\n", None, "1902-05-01, and the next purchase is on 2023-01-0"),
            ("", "2032-12-31", "the observation ends on 2032-12-31"),
        ],
    )
    def test_a_date_far_from_the_rest_is_questioned(self, tmp_path, row, until, what):
        (tmp_path / "log.csv").write_text(bought() + row)
        file = Population(log="log.csv", log_until=until, log_columns=COLUMNS).log_file(tmp_path)
        with pytest.warns(UserWarning, match=rf"log\.csv: nobody bought after .*{what}.*; is that date right\?"):
            file.reading()


def test_rows_without_a_customer_are_said_in_words(tmp_path):
    (tmp_path / "log.csv").write_text(bought() + ",2023-01-01,9.50\n" * 1412)
    reading = Population(log="log.csv", log_columns=COLUMNS).log_file(tmp_path).reading()
    assert "; 1,412 rows name no customer and were left out; " in reading.describe()
    assert "no customer" not in Population(log="cdnow").log_file(tmp_path).reading().describe()


def test_a_log_without_drop_out_has_the_rate_of_its_purchases(tmp_path):
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

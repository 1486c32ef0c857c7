"""`abm.fit`: the log of the literature, logs written in other ways, what is refused, the study that is written."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import abm
from abm.exchange import fit as fits
from abm.exchange import study_file
from abm.logs.predictive import FITS


@pytest.fixture(scope="module")
def cdnow() -> abm.Fit:
    """The calibration period of the literature, with the rest held out."""
    return abm.fit("cdnow", holdout="1997-09-30")


def rows(customers: int = 150, seed: int = 4) -> pd.DataFrame:
    """Purchases over a year of customers whose rates differ; a day and a time, whole cents."""
    luck = np.random.default_rng(seed)
    found = []
    for customer, rate in enumerate(luck.gamma(1.0, 10.0, customers)):
        level = 20.0 * luck.lognormal(0.0, 0.5)
        for day in luck.integers(0, 364, luck.poisson(rate) + 1):
            amount = round(level * luck.lognormal(0.0, 0.4), 2)
            found.append((f"c{customer}", pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(day)), amount))
    return pd.DataFrame(found, columns=["customer_id", "date", "amount"])


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A file of them."""
    path = tmp_path_factory.mktemp("log") / "purchases.csv"
    rows().to_csv(path, index=False)
    return path


def test_cdnow_as_published(cdnow):
    """Fader, Hardie and Lee 2005: parameters, 4 % under in week 78, zero class, correlation with the hold-out."""
    found = cdnow.estimates()["estimate"]
    assert found[["r", "alpha", "a", "b"]].round(3).tolist() == [0.243, 4.414, 0.793, 2.426]
    both = cdnow.forecast.totals.loc["both"]
    assert both["came"] == 4339
    assert both["by_formula_off"] == pytest.approx(-0.04, abs=0.005)
    assert both["low"] < both["by_formula"] < both["high"]  # the market and the formula are one model
    spread = (both["high"] - both["low"]) / 4 / np.sqrt(fits.COHORTS)  # about one standard error of the mean
    assert abs(both["simulated"] - both["by_formula"]) < 4 * spread
    zero = cdnow.forecast.by_repeats.loc[0]
    assert (zero["customers"], round(zero["came"], 2), round(zero["by_formula"], 2)) == (1411, 0.24, 0.23)
    assert cdnow.forecast.correlation == pytest.approx(0.626, abs=0.0005)


def test_what_fits_of_cdnow_and_what_does_not(cdnow):
    """The misfits are known: heavy buyers spend more, a customer's baskets vary, and weeks are of unequal weight."""
    verdicts = cdnow.check["verdict"]
    for measure in ("never_again", "repeats", "heaviest_fifth", "last_purchase", "repeat_distribution"):
        assert verdicts[measure] == FITS
    assert cdnow.misfits == ("mean_spend", "spend_10", "purchases_by_week")
    assert str(cdnow).splitlines()[1].startswith("7 of 10 measures fit; spend on a repeat purchase: too low; ")


def test_weeks_held_out_are_the_last(cdnow):
    by_weeks = abm.fit("cdnow", holdout=39, cohorts=20)
    assert by_weeks.forecast.weeks == cdnow.forecast.weeks == 39
    assert by_weeks.reading == cdnow.reading


def test_the_same_log_in_other_ways_is_the_same_fit(log, tmp_path):
    expected = abm.fit(log, cohorts=20)
    table = rows().sample(frac=1.0, random_state=1)
    table.to_parquet(tmp_path / "log.parquet")
    zoned = table.assign(date=table["date"].dt.strftime("%Y-%m-%dT23:59:00-09:00"))
    zoned.to_csv(tmp_path / "zoned.csv", index=False, sep=";")
    german = table.assign(date=table["date"].dt.strftime("%d.%m.%Y")).set_axis(["Kunde", "Datum", "Summe"], axis=1)
    german.to_csv(tmp_path / "german.csv", index=False)
    columns = {"customer": "Kunde", "date": "Datum", "amount": "Summe"}
    for found in (
        abm.fit(tmp_path / "log.parquet", cohorts=20),
        abm.fit(tmp_path / "zoned.csv", cohorts=20),
        abm.fit(tmp_path / "german.csv", columns=columns, dates="day_first", cohorts=20),
    ):
        pd.testing.assert_frame_equal(found.estimates(), expected.estimates(), rtol=1e-6)
        pd.testing.assert_frame_equal(found.check, expected.check, rtol=1e-6)


def test_returns_and_purchases_of_nothing(tmp_path):
    """What is returned is taken off; a purchase of 0 is a purchase, and says nothing of baskets between customers."""
    table = rows()
    last = table.sort_values("date").groupby("customer_id").tail(1)
    returned = pd.concat([table, last.assign(amount=-last["amount"])])
    without = table.drop(last.index)
    returned.to_csv(tmp_path / "returned.csv", index=False)
    without.to_csv(tmp_path / "without.csv", index=False)
    until = str((without["date"].max()).date())
    one, other = (abm.fit(tmp_path / f"{name}.csv", until=until, cohorts=20) for name in ("returned", "without"))
    assert one.reading.returns > 0
    assert one.reading.customers == other.reading.customers
    free = pd.concat([table, table.head(40).assign(date=pd.Timestamp("2024-12-30"), amount=0.0)])
    free.to_csv(tmp_path / "free.csv", index=False)
    found = abm.fit(tmp_path / "free.csv", cohorts=20)
    assert found.reading.rows == len(table) + 40
    assert found.check.loc["repeats", "log"] > one.check.loc["repeats", "log"]


def test_a_log_of_dates_alone_has_no_measures_of_spend(log, tmp_path):
    found = abm.fit(log, columns={"amount": ""}, cohorts=20)
    assert found.reading.fit.baskets is None
    assert "mean_spend" not in found.check.index
    assert "never_again" in found.check.index


def test_of_very_many_customers_some_are_compared(log, monkeypatch):
    monkeypatch.setattr(fits, "MOST_CUSTOMERS", 60)
    found = abm.fit(log, holdout=8, cohorts=20)
    assert found.compared == 50  # every third of 150
    assert found.reading.customers > 140
    assert found.forecast.by_repeats["customers"].sum() == 50


def test_a_part_in_which_nobody_came_is_foretold_too(tmp_path):
    table = rows()
    early = table[table["date"] < "2024-07-01"]
    late = pd.DataFrame({"customer_id": ["late"], "date": [pd.Timestamp("2024-09-01")], "amount": [9.0]})
    pd.concat([early, late]).to_csv(tmp_path / "log.csv", index=False)
    found = abm.fit(tmp_path / "log.csv", holdout="2024-07-01", cohorts=20).forecast
    assert found.totals.loc["held out", "came"] == 0
    assert found.totals.loc["held out", "by_formula"] > 0
    assert np.isnan(found.totals.loc["held out", "by_formula_off"])
    assert str(found).endswith("; the same of everybody")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"holdout": 60},
            r'holdout = "60" leaves nothing to fit, or nothing to hold out: the log goes from 2024-01-01',
        ),
        ({"holdout": "2025-06-01"}, "holdout = .* leaves nothing"),
        ({"holdout": "soon"}, 'holdout = "soon" is not a day such as 1997-09-30'),
        ({"until": "soon"}, 'until = "soon" is not a day such as 1997-09-30'),
        ({"until": "2020-01-01"}, "until = 2020-01-01 is before the first row of the log"),
        ({"cohorts": 5}, r"cohorts = 5 is outside \[20"),
        ({"columns": {"customer": "Kunde"}}, 'line 1: columns={"customer": "Kunde"} is no heading'),
    ],
)
def test_what_cannot_be_is_refused(log, options, message):
    with pytest.raises(abm.Refusal, match=message):
        abm.fit(log, **options)


def test_a_bad_row_is_refused_with_its_number(tmp_path):
    table = rows().astype({"date": str})
    table.loc[70, "date"] = "2024-13-01"
    table.to_parquet(tmp_path / "log.parquet")
    with pytest.raises(abm.Refusal, match=r'log\.parquet: row 71: date = "2024-13-01" is not a date'):
        abm.fit(tmp_path / "log.parquet")


def test_the_study_that_is_written_runs(log, tmp_path):
    path = tmp_path / "shop.toml"
    (tmp_path / "purchases.csv").write_bytes(log.read_bytes())
    found = abm.fit(tmp_path / "purchases.csv", holdout=10, cohorts=20)
    study_file.write(found, path, "patronage fit purchases.csv")
    study = abm.load(path)
    assert study.scenario.population.log == "purchases.csv"
    assert study.scenario.population.log_until == str(found.reading.last.date())
    assert study.scenario.population.customers == found.reading.customers
    small = study.replace(scenario=study.scenario.replace({"periods": 6, "burn_in": 0}), replications=2)
    assert (abm.run(small, workers=1).runs["status"] == "done").all()
    with pytest.raises(abm.Refusal, match="is there already; choose another name, or remove it first"):
        study_file.write(found, path, "")


def test_a_log_elsewhere_is_named_from_the_study(log, tmp_path, monkeypatch):
    found = abm.fit(log, cohorts=20)
    study_file.write(found, tmp_path / "shop.toml", "")
    assert study_file.leads_out(found, tmp_path)
    assert (tmp_path / study_file.log_from(found, tmp_path)).resolve() == log.resolve()
    abm.load(tmp_path / "shop.toml", data=log.parent)


def test_a_table_is_refused_with_how_to_write_it():
    with pytest.raises(abm.Refusal) as caught:
        abm.fit(rows())
    assert str(caught.value).startswith(f"log = a DataFrame of {len(rows()):,} rows is not a path; a log is a file, ")
    assert str(caught.value).endswith('df.to_csv("purchases.csv", index=False) writes one')


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        ("who,when\n", {}, 'no customer column; the header has "who", "when"; say columns={"customer": "…"}'),
        ("id,date\n", {}, 'say columns={"amount": "…"}, or "" for a log without amounts'),
        (
            "id,user,date\n",
            {},
            'the customer column; rename one to customer, or say columns={"customer": …}',
        ),
        ("id,date,amount\na,1/2/2024,3\n", {}, 'say dates="day_first" or "month_first"'),
        ("id,date\n", {"columns": {"custmer": "id"}}, "columns: no LogColumns parameter 'custmer'; did you mean"),
        ("id,date\n", {"columns": ["id"]}, 'columns = ["id"] is not a table such as {"customer": "CustomerID"}'),
    ],
)
@pytest.mark.parametrize("call", [abm.fit, abm.log_targets])
def test_refusals_of_a_call_name_its_arguments(tmp_path, call, table, options, message):
    (tmp_path / "log.csv").write_text(table)
    with pytest.raises(abm.Refusal) as caught:
        call(tmp_path / "log.csv", **options)
    assert message in str(caught.value)
    assert "log_columns" not in str(caught.value)

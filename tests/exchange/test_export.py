"""`abm.export`: what a log and a panel of a stored run hold, what other packages make of them, what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import abm
from abm.exchange import again as exchange_again
from abm.logs.purchases import read_log, summary
from abm.study.storage.loading import load

STUDY = """\
seed = 5
replications = 2
[scenario]
periods = 30
burn_in = 10
[scenario.population]
customers = 200
[[scenario.firms]]
name = "north"
[[scenario.firms]]
name = "east"
[[scenario.firms]]
name = "south"
initial_awareness = 0.3
[arms.none]
[arms.cheap]
from = 20
"firms.north.price" = 0.8
[record.visits]
columns = ["visit_spend"]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Results of a market of three firms, whose study logs visits itself."""
    place = tmp_path_factory.mktemp("export")
    (place / "shop.toml").write_text(STUDY)
    abm.run(place / "shop.toml", place / "results", workers=1)
    return place / "results"


@pytest.fixture(scope="module")
def visits(folder):
    """The visits that the study logged, of each arm and replication."""
    return abm.read(folder).visits


def of(visits, arm="none", replication=0, since=10):
    return visits[(visits["arm"] == arm) & (visits["replication"] == replication) & (visits["period"] >= since)]


def test_a_log_is_what_was_recorded(folder, visits):
    log = abm.export(folder)
    mine = of(visits)[lambda table: table["firm"] == "north"]
    assert list(log) == ["customer_id", "date", "amount"]
    assert len(log) == len(mine)
    assert log["date"].is_monotonic_increasing
    by_customer = log.groupby("customer_id")["amount"].agg(["size", "sum"])
    recorded = mine.groupby("customer")["visit_spend"].agg(["size", "sum"])
    assert by_customer["size"].tolist() == recorded["size"].tolist()
    assert np.allclose(by_customer["sum"], recorded["sum"] / 100)


def test_every_purchase_falls_into_its_period_and_on_a_day_of_its_own(folder, visits):
    log = abm.export(folder, all_firms=True, since=0, start="2024-01-01")
    mine = of(visits, since=0).sort_values(["customer", "period", "nth"])
    assert log["firm"].value_counts().to_dict() == mine["firm"].astype(str).value_counts().to_dict()
    assert log.duplicated(["customer_id", "date"]).mean() < 0.01  # a day may belong to two periods, and to no more
    length = 365.25 / 52
    day = (log.sort_values(["customer_id", "date"])["date"] - pd.Timestamp("2024-01-01")).dt.days.to_numpy()
    period = mine["period"].to_numpy()
    assert ((np.floor(period * length) <= day) & (day <= np.floor((period + 1) * length))).all()
    assert np.bincount(day % 7).min() > 0.7 * day.size / 7  # all days of the week


def test_a_run_is_chosen(folder, visits):
    assert (
        len(abm.export(folder, arm="cheap", replication=1)) == (of(visits, "cheap", 1)["firm"].value_counts()["north"])
    )
    east = abm.export(folder, firm="east", since=25)
    assert len(east) == of(visits, since=25)["firm"].value_counts()["east"]


def test_all_runs_are_those_of_each(folder):
    table = abm.export(folder, all_runs=True)
    assert list(table) == ["arm", "point", "replication", "customer_id", "date", "amount"]
    runs = table.drop_duplicates(["arm", "point", "replication"])[["arm", "replication"]].to_numpy().tolist()
    assert runs == [["none", 0], ["none", 1], ["cheap", 0], ["cheap", 1]]
    own = table[(table["arm"] == "cheap") & (table["replication"] == 1)].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        own[["customer_id", "date", "amount"]], abm.export(folder, arm="cheap", replication=1)
    )


def test_a_cohort_begins_with_a_purchase_of_everybody(folder):
    log = abm.export(folder, cohort=True, start="2020-03-01")
    first = log[log["date"] == "2020-02-29"]
    assert first["customer_id"].tolist() == [*range(200)]
    assert (log["date"] >= "2020-02-29").all()
    assert (first["amount"] > 0).all()


def test_a_panel_has_a_row_for_every_firm_that_could_be_chosen(folder, visits):
    panel = abm.export(folder, panel=True, arm="cheap")
    mine = of(visits, "cheap")
    assert list(panel) == ["occasion", "customer_id", "date", "firm", "chosen", "price", "last", "available"]
    assert len(panel) == 3 * len(mine)
    by_occasion = panel.groupby("occasion")
    assert (by_occasion["chosen"].sum() == 1).all()
    assert (by_occasion["last"].sum() <= 1).all()
    assert panel[panel["chosen"] == 1]["available"].all()
    assert panel["available"].mean() < 1.0  # not everybody knows every firm
    chosen = panel[panel["chosen"] == 1]
    assert chosen["firm"].tolist() == mine.sort_values(["period", "customer", "nth"])["firm"].astype(str).tolist()
    begins = pd.Timestamp("2024-01-01") + pd.Timedelta(days=int(20 * 365.25 / 52))
    north = panel[panel["firm"] == "north"]
    assert set(north[north["date"] < begins]["price"]) == {1.0}
    assert set(north[north["date"] > begins]["price"]) == {0.8}
    assert set(panel[panel["firm"] != "north"]["price"]) == {1.0}


def test_what_was_chosen_before_is_the_firm_of_the_occasion_before(folder, visits):
    panel = abm.export(folder, panel=True, since=0)
    chosen = panel[panel["chosen"] == 1].set_index("occasion")
    period = of(visits, since=0).sort_values(["period", "customer", "nth"])["period"].to_numpy()
    last = panel[panel["last"] == 1].set_index("occasion")["firm"]
    table = chosen.assign(period=period, last=last).reset_index().sort_values(["customer_id", "occasion"])
    before = table.groupby("customer_id")[["firm", "period"]].shift()
    known = before["firm"].notna() & (before["period"] < table["period"])  # all choices of a period have one before
    assert known.sum() > 500
    assert (before["firm"] == table["last"])[known].all()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_what_is_written_is_read_back(folder, tmp_path, suffix):
    path = tmp_path / f"log.{suffix}"
    log = abm.export(folder, path)
    found = read_log(path)
    assert found["customer"].tolist() == log["customer_id"].astype(str).tolist()
    assert found["date"].tolist() == log["date"].tolist()
    assert found["amount"].tolist() == log["amount"].tolist()
    with pytest.raises(abm.Refusal, match="is there already"):
        abm.export(folder, path)


def test_lifetimes_makes_the_same_of_it(folder, tmp_path):
    lifetimes = pytest.importorskip("lifetimes", reason="lifetimes is not installed; it is no dependency")
    log = abm.export(folder, tmp_path / "log.csv", cohort=True)
    read = pd.read_csv(tmp_path / "log.csv")
    theirs = lifetimes.utils.summary_data_from_transaction_data(
        read, "customer_id", "date", "amount", observation_period_end=str(log["date"].max().date())
    )
    ours = summary(read_log(tmp_path / "log.csv"), unit_days=1).set_axis(["frequency", "recency", "T", "mean"], axis=1)
    ours = ours.set_axis(ours.index.astype(int)).sort_index()
    for name in ("frequency", "recency", "T"):
        assert theirs[name].tolist() == ours[name].tolist()
    assert np.allclose(theirs["monetary_value"], ours["mean"].fillna(0.0))


def test_the_contract_of_columns(folder):
    """What lifetimes and pymc-marketing ask of a table of transactions, whether they are here or not."""
    log = abm.export(folder, cohort=True)
    assert not log.isna().any().any()
    assert pd.api.types.is_integer_dtype(log["customer_id"])
    assert pd.api.types.is_datetime64_any_dtype(log["date"])
    assert (log["date"] == log["date"].dt.normalize()).all()
    assert (log["amount"] > 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"arm": "nine"}, "arm = \"nine\" is no arm; did you mean 'none'?"),
        ({"replication": 2}, "replication = 2 is outside [0, 1]"),
        ({"point": 1}, "point = 1 is outside [0, 0]"),
        ({"firm": "nort"}, "firm = \"nort\" is no firm; did you mean 'north'?"),
        ({"firm": "east", "all_firms": True}, 'firm = "east" is one firm, and all are asked for; leave out one'),
        ({"arm": "none", "all_runs": True}, 'arm = "none" is one arm, and all runs are asked for; leave out one'),
        ({"since": 30}, "since = 30 is outside [0, 29]"),
        ({"since": 3, "cohort": True}, "since = 3 leaves out how a cohort begins"),
        ({"start": "soon"}, 'start = "soon" is not a day such as 2024-01-01'),
        ({"out": "log.txt"}, "out = log.txt is neither FILE.csv nor FILE.parquet"),
        ({"out": "no/log.csv"}, "no: there is no such folder"),
    ],
)
def test_what_cannot_be_is_refused(folder, options, message):
    with pytest.raises(abm.Refusal) as caught:
        abm.export(folder, **options)
    assert str(caught.value).startswith(message)


def test_a_run_that_is_not_stored_or_comes_out_otherwise_is_refused(folder, tmp_path, monkeypatch):
    study = load(folder)
    abm.run(study, tmp_path / "part", workers=1, only=np.array([0]))
    with pytest.raises(abm.Refusal, match='the run of arm "cheap", point 0, replication 1, is not stored'):
        abm.export(tmp_path / "part", arm="cheap", replication=1)
    monkeypatch.setattr(exchange_again.Record, "summary", lambda self, kpis: np.zeros((len(self.firms), len(kpis))))
    with pytest.raises(abm.Refusal, match="does not come out as it is stored; patronage verify says more"):
        abm.export(folder)


def test_groups_do_not_matter(tmp_path):
    (tmp_path / "shop.toml").write_text(STUDY + '[groups.heavy]\nby = "purchase_rate"\nparts = 2\n')
    abm.run(tmp_path / "shop.toml", tmp_path / "results", workers=1)
    assert len(abm.export(tmp_path / "results")) > 100


def test_customers_who_come_and_go_keep_their_names(tmp_path):
    scenario = abm.Scenario(periods=12, population={"customers": 150}, renewal={"leaving_rate": 0.9, "every": 1})
    abm.run(abm.Experiment(name="turnover", scenario=scenario, replications=1), tmp_path, workers=1)
    panel = abm.export(tmp_path, panel=True)
    assert panel["customer_id"].max() >= 150  # newcomers have names of their own
    assert panel[panel["chosen"] == 1]["available"].all()
    log = abm.export(tmp_path, cohort=True, all_firms=True)
    assert (log["customer_id"] < 150)[log["firm"] == ""].all()
    assert len(log) == 150 + panel["occasion"].nunique()


def test_results_are_taken_in_place_of_their_folder(folder):
    pd.testing.assert_frame_equal(abm.export(abm.read(folder)), abm.export(folder))


def test_results_in_memory_and_what_is_no_path_are_refused(folder):
    kept = abm.run(load(folder).replace(replications=1), workers=1)
    with pytest.raises(abm.Refusal, match=r'^these results are in memory only; abm.run\(study, store="results"\)'):
        abm.export(kept)
    with pytest.raises(abm.Refusal, match=r"^folder = 3 is not a path; give a folder of results, or the results that"):
        abm.export(3)
    with pytest.raises(abm.Refusal, match=r"^out = 3 is not a path"):
        abm.export(folder, 3)

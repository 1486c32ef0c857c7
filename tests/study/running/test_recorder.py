"""Persons and visits recorded: the same bits with and without, twins, dates, samples, and the store's promises."""

import numpy as np
import pandas as pd
import pytest

import abm
from abm.core.errors import Refusal
from abm.engine.engine import Engine
from abm.study.plan.experiment import Experiment
from abm.study.plan.record import Record
from abm.study.running.recorder import Recorder
from abm.study.running.verify import verify
from abm.study.storage import tidy
from abm.study.storage.compact import compact
from abm.study.storage.store import Store
from abm.study.storage.twins import by_trait
from abm.view.twins import effect_by_trait

BASE = {"periods": 30, "burn_in": 10, "periods_per_year": 10, "population": {"customers": 300}}
LATE = {"from": 16, "firms.north.program": {"preset": "points", "hassle": 0.0}}
PERSONS = {"columns": ["purchase_rate", "satisfaction", "profit_from_customer", "points", "provided"], "at": [15, 30]}
VISITS = {"columns": ["visit_spend", "transaction", "failure_cause"], "from": 12}
RECORD = {"persons": PERSONS, "visits": VISITS}


def experiment(**changes):
    arms = {"none": {}, "points": LATE}
    values = {"arms": arms, "record": RECORD, "replications": 2, "seed": 3, "kpis": ("profit", "csi")}
    return Experiment("records", abm.Scenario.parse(changes.pop("scenario", BASE)), **(values | changes))


@pytest.fixture(scope="module")
def results():
    return abm.run(experiment(), workers=1)


def test_what_is_recorded_changes_no_result(results):
    without = abm.run(experiment(record={}), workers=1)
    pd.testing.assert_frame_equal(results.runs.drop(columns="run_id"), without.runs.drop(columns="run_id"))
    pd.testing.assert_frame_equal(results.periods.drop(columns="run_id"), without.periods.drop(columns="run_id"))
    with pytest.raises(Refusal, match=r"the study records no persons; give it \[record.persons\]"):
        _ = without.persons


def test_persons_are_a_row_each_and_date(results):
    persons = results.persons
    assert len(persons) == 2 * 2 * 2 * 300
    assert list(persons.columns[:7]) == [
        "run_id", "arm", "point", "replication", "period", "customer", "purchase_rate",
    ]  # fmt: skip
    engine = Engine(abm.Scenario.parse(BASE), 3, 1)
    engine.run(15)
    own = persons.query("arm == 'none' and replication == 1 and period == 15").sort_values("customer")
    np.testing.assert_array_equal(own["satisfaction.east"], engine.world.customers.satisfaction[1])
    np.testing.assert_array_equal(own["purchase_rate"], engine.world.customers.purchase_rate)


def test_a_column_that_an_arm_has_not_is_empty_there(results):
    empty = results.persons.groupby("arm", observed=True)["points.north"].apply(lambda c: c.isna().all())
    assert empty.to_dict() == {"none": True, "points": False}


def test_twins_agree_bit_for_bit_until_the_date_of_the_arm(results):
    before, after = (results.twins("profit_from_customer", "points", date=date) for date in (15, 30))
    assert len(before) == len(after) == 2 * 300
    assert (before["effect"] == 0).all()
    assert (after["effect"] != 0).any()
    of_programmes = [f"{column}.{firm}" for column in ("points", "provided") for firm in ("north", "east", "south")]
    persons = results.persons.query("period == 15").drop(columns=["run_id", *of_programmes])
    one, other = (
        persons[persons["arm"] == arm].drop(columns="arm").reset_index(drop=True) for arm in ("none", "points")
    )
    pd.testing.assert_frame_equal(one, other)


def test_effects_on_persons_add_up_to_that_on_profit(results):
    """The arm's difference in cents of north's customers, less what is set aside for points, is that of its books, but
    for what nobody causes.
    """
    effects = results.twins("profit_from_customer", "points")
    owed = results.persons.query("arm == 'points' and period == 30").groupby("replication")["provided.north"].sum()
    by_replication = (effects.groupby("replication")["effect"].sum() - owed) / 100 / 300
    yearly = results.periods.query("firm == 'north'").pivot_table(
        index="replication", columns="arm", values="profit", aggfunc="sum", observed=True
    )
    booked = (yearly["points"] - yearly["none"]) / 10
    np.testing.assert_allclose(by_replication, booked, atol=0.05)  # but for the administration of members


def test_effects_by_trait(results):
    table = by_trait(results.twins("profit_from_customer", "points"), "purchase_rate", parts=3)
    assert table["persons"].sum() == 600
    assert (table["low"] <= table["effect"]).all()
    with pytest.raises(Refusal, match=r"no column .purchase_rat.; did you mean 'purchase_rate'"):
        by_trait(results.twins("profit_from_customer", "points"), "purchase_rat")


def test_refusals_of_twins(results):
    with pytest.raises(Refusal, match="no persons are recorded after 16 periods; there is 15 or 30"):
        results.twins("satisfaction", "points", date=16)
    with pytest.raises(Refusal, match=r"did you mean 'satisfaction\.north'"):
        results.twins("satisfactio.north", "points")


def test_visits_are_those_that_were_booked(results):
    visits = results.visits
    assert visits["period"].min() == 12
    counted = visits.query("arm == 'none' and replication == 0").groupby("firm", observed=False).size()
    engine = Engine(abm.Scenario.parse(BASE), 3, 0)
    engine.run(30)
    np.testing.assert_array_equal(counted, engine.world.tallied("visits")[12:, :3].sum(axis=0))
    spent = visits.query("arm == 'none' and replication == 0").groupby("firm", observed=False)["visit_spend"].sum()
    np.testing.assert_array_equal(spent, engine.world.history[12:, engine.world.rows["revenue"], :3].sum(axis=0))


def test_nobody_is_listed_twice_and_everybody_in_order(results):
    keys = results.visits[["replication", "arm", "period", "customer", "nth"]]
    assert not keys.duplicated().any()
    one = results.visits.query("arm == 'none' and replication == 0")[["period", "customer", "nth"]]
    assert one.equals(one.sort_values(["period", "customer", "nth"]))


@pytest.mark.slow
def test_the_same_tables_for_any_workers_threads_groups_and_lists(results, monkeypatch):
    for options in ({"workers": 2}, {"workers": 1, "threads": 3}):
        again = abm.run(experiment(), **options)
        assert again.canonical() == results.canonical()
    grouped = abm.run(experiment(groups={"rate": {"by": "purchase_rate", "parts": 3}}), workers=1)
    for table in ("persons", "visits"):
        expected = getattr(results, table).drop(columns="run_id")
        pd.testing.assert_frame_equal(getattr(grouped, table).drop(columns="run_id"), expected)
    monkeypatch.setattr("abm.study.running.recorder.LONGEST_LOG", 1)  # emptied after each period
    assert Recorder(experiment()).length(experiment().scenario) == 15 * 300
    assert abm.run(experiment(), workers=1).canonical() == results.canonical()


def test_a_sample_is_the_same_persons_in_every_arm_and_a_part_of_a_larger_one():
    def sampled(share):
        record = {"persons": PERSONS | {"sample": share}, "visits": VISITS | {"sample": share}}
        return abm.run(experiment(record=record, replications=1), workers=1)

    few, many = sampled(0.1), sampled(0.4)
    who = [set(few.persons[few.persons["arm"] == arm]["customer"]) for arm in ("none", "points")]
    assert who[0] == who[1]
    assert 15 < len(who[0]) < 50
    assert who[0] < set(many.persons["customer"])
    assert set(few.visits["customer"]) <= who[0]


def test_persons_of_a_list_and_of_a_group():
    groups = {"member": {"by": "member", "arm": "points", "at": 30}}
    record = {
        "persons": {"columns": ["member"], "group": "member"},
        "visits": {"columns": ["transaction"], "ids": [4, 9]},
    }
    found = abm.run(experiment(groups=groups, record=record, replications=1), workers=1)
    assert (found.persons.query("arm == 'points'")["member.north"] == 1).all()
    assert set(found.persons["period"]) == {30}
    assert set(found.visits["customer"]) == {4, 9}


def test_stored_tables_are_verified_compacted_and_read_again(results, tmp_path):
    for replications in (1, 2):
        abm.run(experiment(replications=replications), store=tmp_path, workers=1)
    store = Store(tmp_path)
    assert len(store.names()) > 1
    assert compact(store, many=2) > 1
    assert abm.read(tmp_path).canonical() == results.canonical()
    assert verify(tmp_path, sample=4).ok
    pd.testing.assert_frame_equal(abm.read(tmp_path).persons, results.persons)


def test_a_record_is_part_of_what_a_run_is():
    digests = [experiment(record=r).sheet.digests["none"] for r in ({}, RECORD, {"persons": PERSONS})]
    assert len(set(digests)) == 3
    assert experiment(record=Record()).sheet.digests == experiment(record={}).sheet.digests
    assert Experiment.from_dict(experiment().to_dict()) == experiment()


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (
            {"persons": {"columns": ["trus"]}},
            r"persons\.columns: names .trus., which no arm has; did you mean 'trust'",
        ),
        ({"persons": {"columns": ["trust", "trust"]}}, r"names 'trust' twice"),
        ({"persons": {"columns": []}}, r"columns = \[\] records nothing"),
        ({"persons": {"columns": ["trust"], "at": [31]}}, r"at = 31 lies beyond the run \(periods = 30\)"),
        ({"persons": {"columns": ["trust"], "group": "member"}}, r"is no group; the study has none"),
        ({"visits": {"columns": ["visit_spent"]}}, r"did you mean 'visit_spend'"),
        ({"visits": {"columns": ["visit_spend"], "from": 40}}, r"from 40 until 30 is no part of the run"),
        ({"visits": {"columns": ["visit_spend"], "sample": 2}}, r"sample = 2\.0 is outside \[0, 1\]"),
        ({"person": {}}, r"no Record parameter 'person'; did you mean 'persons'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(record, said):
    with pytest.raises(Refusal, match=said) as refusal:
        experiment(record=record)
    assert "\n" not in str(refusal.value)


def test_newcomers_are_recorded_under_their_own_identity():
    """Of all who lived in the market those who are drawn, each by her own luck, in groups or not."""
    scenario = BASE | {"renewal": {"leaving_rate": 0.4, "every": 3}}
    record = {"persons": PERSONS | {"sample": 0.6}, "visits": VISITS | {"sample": 0.6}}
    results = abm.run(experiment(scenario=scenario, record=record), workers=1)
    grouped = abm.run(experiment(scenario=scenario, record=record, groups={"half": {"share": 0.5}}), workers=1)
    for table in ("persons", "visits"):
        one, other = (getattr(found, table).drop(columns="run_id") for found in (results, grouped))
        pd.testing.assert_frame_equal(one, other)
    engine = Engine(abm.Scenario.parse(scenario), 3, 1)
    engine.run(30)
    own = results.persons.query("arm == 'none' and replication == 1 and period == 30").set_index("customer")
    assert own.index.is_monotonic_increasing
    assert own.index.max() >= 300
    row = pd.Index(engine.world.customers.customer_id).get_indexer(own.index)
    assert (row >= 0).all()
    np.testing.assert_array_equal(own["satisfaction.east"], engine.world.customers.satisfaction[1, row])
    assert 0.5 < len(own) / 300 < 0.7
    visits = results.visits.query("arm == 'none' and replication == 1")
    logged = set(visits["customer"])
    assert any(customer >= 300 for customer in logged)
    buyers = np.flatnonzero(np.nansum(engine.world.customers.encounters, axis=0) > 0)
    newest = engine.world.customers.customer_id[buyers]
    newest = set(newest[newest >= 900].tolist())  # who came after logging had begun
    assert newest & logged == newest & set(own.index)


KINDS = [{"name": "light", "share": 0.5}, {"name": "heavy", "purchase_rate": 1.0}]


@pytest.fixture(scope="module")
def coded():
    persons = {"columns": ["provider", "segment", "basket", "spend_so_far", "profit_from_customer"], "at": [0, 30]}
    record = {"persons": persons, "visits": {"columns": ["visit_provider", "visit_spend"]}}
    scenario = {**BASE, "population": {"customers": 300, "segments": KINDS}}
    return experiment(record=record, scenario=scenario)


def test_firms_and_segments_have_their_names_and_digests_stay(coded, tmp_path, monkeypatch):
    results = abm.run(coded, store=tmp_path / "r", workers=1)
    persons, visits = results.persons, results.visits
    plain = tidy.of_log(results.sheet, results._segments.log(results.sheet, "persons"))
    for column, words in (("provider", ["north", "east", "south"]), ("segment", ["light", "heavy"])):
        assert persons[column].cat.categories.tolist() == words
        np.testing.assert_array_equal(persons[column].cat.codes, plain[column])
    assert persons.loc[persons["period"] == 0, "provider"].isna().all()  # nobody has been anywhere yet
    assert visits["visit_provider"].cat.categories.tolist() == ["north", "east", "south"]
    pd.testing.assert_frame_equal(abm.read(tmp_path / "r").persons, persons)
    digest = results.canonical()
    monkeypatch.setattr("abm.study.storage.results.named", lambda _, table: table)
    assert abm.read(tmp_path / "r").canonical() == digest


def test_segments_that_are_not_the_same_in_all_runs_stay_codes(coded):
    arms = {"none": {}, "one": {"population.segments": [{"name": "all"}]}}
    persons = abm.run(coded.replace(arms=arms, replications=1), workers=1).persons
    assert pd.api.types.is_numeric_dtype(persons["segment"])
    assert persons["provider"].dtype == "category"


def test_tables_say_their_units(coded):
    study = coded.replace(design=abm.grid({"word_of_mouth.contact_rate": [0.1]}), replications=1)
    results = abm.run(study, workers=1)
    units, factor = results.persons.attrs["units"], {"word_of_mouth.contact_rate": "1/story/tie"}
    money = {"basket": "cu", "spend_so_far.north": "cents", "profit_from_customer.east": "cents"}
    assert money.items() | {"period": "period", **factor}.items() <= units.items()
    assert set(units) <= set(results.persons)
    assert (
        results.visits.attrs["units"] == {"visit_provider": "firm", "visit_spend": "cents", "period": "period"} | factor
    )
    assert results.runs.attrs["units"] == {"profit": "cu/customer/year", "csi": "0-100"} | factor
    assert results.periods.attrs["units"] == results.runs.attrs["units"] | {"period": "period"}


def test_a_unit_of_ones_own_is_there_too():
    class Mood(abm.Mechanism):
        """Has a column."""

        name = "mood"
        owns = (abm.Column("mood", ("customer",), 0.0, "smiles", "of today"),)

    @abm.kpi(unit="smiles/visit")
    def smiles(c):
        """Visits / visits."""
        return c.visits / c.visits

    record = {"persons": {"columns": ["mood"]}}
    study = experiment(arms={}, record={}, kpis=(smiles,), replications=1)
    results = abm.run(study.replace(scenario=study.scenario.adding(Mood()), record=record), workers=1)
    assert results.persons.attrs["units"]["mood"] == "smiles"
    assert results.runs.attrs["units"] == {"smiles": "smiles/visit"}


def test_effects_by_a_trait_of_words_have_a_row_for_each(coded):
    found = abm.run(coded, workers=1).twins("profit_from_customer", "points")
    table = by_trait(found, "segment")
    assert table["segment"].tolist() == table["from"].tolist() == ["light", "heavy"]
    own = found[found["segment"] == "heavy"].groupby("replication")["effect"].mean()
    assert table["effect"].tolist()[1] == pytest.approx(own.mean())
    assert table["persons"].sum() == len(found)
    with pytest.raises(Refusal, match="segment is no number to draw over"):
        effect_by_trait(found, "segment")


def test_names_have_no_difference(coded):
    with pytest.raises(Refusal, match=r"^provider is no number, and has no difference"):
        abm.run(coded, workers=1).twins("provider", "points")

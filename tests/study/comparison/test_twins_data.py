"""Data with known truth: what an analyst gets is what was lived, and the truth is the difference of two lives."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import abm
from abm.core.errors import Refusal
from abm.study.comparison import twins_folder
from abm.study.comparison.assignment import assigned, probabilities, standardised
from abm.study.comparison.twins_data import WHO, TwinsData, collected, planned, twins_data
from abm.study.comparison.twins_question import begins
from abm.study.plan.experiment import Experiment
from abm.study.running.runner import run

DATE, END = 30, 60
PROGRAM = {"firms.north.program": {"preset": "points", "hassle": 0.0}}
FIRST = {"arms": ("none", "points"), "workers": 1, "replications": 2}
KNOWN = ("recency", "frequency", "spend", "purchase_rate", "spend_so_far", "visits_so_far")
PLAIN = {
    "firm": None, "outcome": "profit_from_customer", "silence": None, "columns": None, "share": 0.5, "confounding": {},
    "replications": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def shop():
    """A small market in which north begins a programme, or lowers its prices, half-way."""
    return Experiment(
        name="shop",
        scenario=abm.Scenario(periods=END, burn_in=4, population={"customers": 300}),
        arms={
            "none": {},
            "points": {"from": DATE, **PROGRAM},
            "at_once": PROGRAM,
            "cheap": {"from": DATE, "firms.north.price": 0.8},
        },
        seed=5,
    )


@pytest.fixture(scope="module")
def data(shop):
    """What a firm knows and what the market knows, with those treated more often who buy often."""
    return twins_data(shop, columns=KNOWN, confounding={"frequency": 1.0}, **FIRST)


@pytest.fixture(scope="module")
def results(shop):
    """The same two arms, run and recorded as any study would."""
    record = {
        "persons": {"columns": ["profit_from_customer", "spend_so_far", "visits_so_far"], "at": [DATE, END]},
        "visits": {"columns": ["visit_spend"]},
    }
    arms = {name: shop.arms[name] for name in ("none", "points")}
    return run(shop.replace(arms=arms, record=record, replications=2), workers=1)


def by_customer(table):
    return table.set_index(WHO).sort_index()


def test_the_truth_is_what_twins_say(data, results):
    late, early = (results.twins("profit_from_customer", "points", "none", date=t) for t in (END, DATE))
    late, early = by_customer(late), by_customer(early)
    truth = by_customer(data.effects)
    assert (early["effect"] == 0).all()
    assert_allclose(truth["effect"], late["effect"] / 100, atol=1e-9)
    assert_allclose(truth["outcome_control"], (late["none"] - early["none"]) / 100, atol=1e-9)
    assert_allclose(truth["outcome_treated"], (late["points"] - early["points"]) / 100, atol=1e-9)
    assert truth["effect"].abs().max() > 1


def test_each_has_the_outcome_of_her_arm(data):
    customers, truth = by_customer(data.customers), by_customer(data.effects)
    lived = truth["outcome_treated"].where(customers["treated"] == 1, truth["outcome_control"])
    assert customers["outcome"].equals(lived.rename("outcome"))
    assert set(customers["treated"]) == {0, 1}


def test_what_the_log_tells_is_what_the_books_say(data):
    assert_allclose(data.customers["frequency"], data.customers["visits_so_far"])
    assert_allclose(data.customers["spend"], data.customers["spend_so_far"])
    never = data.customers["frequency"] == 0
    assert (data.customers["recency"][never] == DATE + 1).all()
    assert data.customers["recency"][~never].between(1, DATE).all()
    assert never.any()


def test_the_log_is_of_the_arm_that_each_lived_in(data, results):
    visits = results.visits[results.visits["firm"] == "north"]
    side = by_customer(data.customers)["treated"].map({0: "none", 1: "points"})
    arm = side.loc[pd.MultiIndex.from_frame(visits[WHO])].to_numpy()
    lived = visits[visits["arm"].astype(str).to_numpy() == arm].sort_values([*WHO, "period", "nth"])
    assert len(lived) == len(data.log)
    assert np.array_equal(lived[[*WHO, "period"]], data.log[[*WHO, "period"]])
    assert_allclose(lived["visit_spend"] / 100, data.log["spend"])
    assert data.log["period"].max() == END - 1


def test_the_log_alone_gives_what_is_known_before(data):
    early = data.log[data.log["period"] < DATE].groupby(WHO)
    customers = by_customer(data.customers)
    buyers = customers[customers["frequency"] > 0]
    assert buyers["frequency"].equals(early.size().rename("frequency"))
    assert buyers["recency"].equals((DATE - early["period"].max()).rename("recency"))


def test_treatment_follows_its_rule(data):
    for number, own in data.customers.groupby("replication"):
        truth = data.effects[data.effects["replication"] == number]
        score = standardised(own["frequency"].to_numpy(float))
        assert_allclose(truth["probability"], probabilities(score, 0.5), atol=1e-9)
        drawn = assigned(own["customer"].to_numpy(np.uint32), truth["probability"].to_numpy(), 5, number)
        assert np.array_equal(drawn, own["treated"] == 1)


@pytest.mark.parametrize(("strength", "sign"), [(1.0, 1), (-1.0, -1)])
def test_confounding_biases_as_it_says(data, results, strength, sign):
    """Those who come often bring more whatever is done: to treat them looks good, to spare them looks bad."""
    question = replace(data.question, confounding={"frequency": strength}, columns=("frequency",))
    found = collected(question, results)
    assert sign * (found.naive_difference - found.mean_effect) > 2


def test_at_random_the_difference_of_means_is_right_on_average(data):
    truth = data.effects[data.effects["replication"] == 0]
    found = []
    for draw in range(400):
        treated = assigned(truth["customer"].to_numpy(np.uint32), np.full(len(truth), 0.5), 5, draw)
        mine, other = truth["outcome_treated"][treated], truth["outcome_control"][~treated]
        found.append(mine.mean() - other.mean())
    error = np.mean(found) - truth["effect"].mean()
    assert abs(error) < 3 * np.std(found) / np.sqrt(len(found))


def test_what_decides_and_is_not_asked_for_is_hidden(data, results):
    question = replace(data.question, columns=("recency",), confounding={"frequency": 1.0})
    found = collected(question, results)
    assert list(found.customers) == [*WHO, "recency", "treated", "outcome"]
    assert found.effects["frequency"].equals(data.customers["frequency"])
    assert found.customers["treated"].equals(data.customers["treated"])


@pytest.mark.parametrize("outcome", ["spend_so_far", "visits_so_far"])
def test_outcomes_of_the_log_are_those_of_the_books(data, results, outcome):
    found = by_customer(collected(replace(data.question, outcome=outcome, columns=("recency",)), results).effects)
    late, early = (by_customer(results.twins(outcome, "points", "none", date=t)) for t in (END, DATE))
    unit = 100 if outcome == "spend_so_far" else 1
    assert_allclose(found["outcome_treated"], (late["points"] - early["points"]) / unit, atol=1e-9)
    assert_allclose(found["effect"], late["effect"] / unit, atol=1e-9)


def test_silent_is_who_does_not_come_at_the_end(data, results):
    found = collected(replace(data.question, outcome="silent", silence=10, columns=("recency",)), results)
    lately = data.log[data.log["period"] >= END - 10]
    came = pd.MultiIndex.from_frame(data.customers[WHO]).isin(pd.MultiIndex.from_frame(lately[WHO]))
    assert np.array_equal(found.customers["outcome"] == 1, ~came)
    assert set(found.effects["effect"]) == {-1, 0, 1}


def test_an_outcome_that_leavers_do_not_have_is_refused(data, results):
    question = replace(data.question, columns=("recency",))
    whole = results.persons
    last = (whole["period"] == END) & (whole["customer"] == 7)
    results.__dict__["_persons"] = whole[~last]  # as if customer 7 had left, and somebody else had come
    try:
        with pytest.raises(Refusal, match=r"outcome = profit_from_customer is not known of 2 customers who left"):
            collected(question, results)
        assert len(collected(replace(question, outcome="spend_so_far"), results).customers) == 600
    finally:
        results.__dict__["_persons"] = whole


@pytest.mark.slow
def test_answers_to_a_survey_are_the_latest_before_treatment(shop):
    asking = {"survey": {}, "firms.north.survey.sampling": 1.0, "periods": 40}
    study = shop.replace(scenario=shop.scenario.replace(asking))
    wanted = {"columns": ("frequency", "answer_overall"), "outcome": "visits_so_far"}
    question = planned(study, ("none", "points"), 1, 1, **PLAIN | wanted)
    results = run(question.study, workers=1)
    latest = {}
    visits = results.visits.query("arm == 'none' and firm == 'north' and period < @DATE and answer_overall > 0")
    for row in visits.sort_values(["period", "nth"]).itertuples():
        latest[row.customer] = row.answer_overall
    found = collected(question, results).customers.set_index("customer")["answer_overall"].dropna()
    assert found.to_dict() == latest
    assert len(set(latest.values())) > 3


def test_arms_begin_to_differ_where_a_date_says(shop):
    none, points, at_once = (shop.scenario_of(arm) for arm in ("none", "points", "at_once"))
    assert begins(none, points) == DATE
    assert begins(points, at_once) == 0
    with pytest.raises(Refusal, match="do not differ"):
        begins(none, none)


def test_without_a_date_nothing_is_known_of_visits(shop):
    question = planned(shop, ("none", "at_once"), 1, 1, **PLAIN)
    assert (question.date, question.columns) == (0, ("purchase_rate", "basket"))


def test_the_baseline_and_the_only_other_arm_go_without_saying(shop):
    two = shop.replace(arms={"cheap": shop.arms["cheap"], "none": {}})
    question = planned(two, None, 1, 1, **PLAIN)
    assert (question.control, question.treated) == ("none", "cheap")


@pytest.mark.parametrize(
    ("arms", "changes", "message"),
    [
        (None, {}, r'arms = \["none", "points", "at_once", "cheap"\] is not two arms'),
        (("none", "none"), {}, "is not two arms"),
        (("none", "pionts"), {}, "arms = \"pionts\" is no arm; did you mean 'points'"),
        (("none", "points"), {"firm": "nort"}, "firm = \"nort\" is no firm; did you mean 'north'"),
        (("none", "points"), {"outcome": "silnet"}, "outcome = \"silnet\" is no outcome; did you mean 'silent'"),
        (("none", "points"), {"outcome": "member"}, 'outcome = "member" is no outcome'),
        (("none", "points"), {"columns": ["frequncy"]}, "columns = .* is no column; did you mean 'frequency'"),
        (("none", "points"), {"confounding": {"frequncy": 1}}, "confounding = .* did you mean 'frequency'"),
        (("none", "points"), {"confounding": {"frequency": np.inf}}, "confounding = inf is no strength of frequency"),
        (("none", "points"), {"confounding": {"frequency": 1e308}}, "write a number from -1000 to 1000"),
        (("none", "at_once"), {"columns": ["recency"]}, 'columns = "recency" is of visits before treatment'),
        (("none", "points"), {"share": 1.0}, r"treated = 1.0 is outside \(0, 1\)"),
        (("none", "points"), {"silence": 31}, "silence = 31 is more than the 30 periods from treatment on"),
        (("none", "points"), {"replications": 0}, "replications = 0 is outside"),
    ],
)
def test_refusals(shop, arms, changes, message):
    with pytest.raises(Refusal, match=message):
        planned(shop, arms, 1, 1, **PLAIN | changes)


def test_a_covariate_that_is_not_known_of_everybody_cannot_decide(data, results):
    question = replace(data.question, columns=("recency",), confounding={"purchase_rate": 1.0})
    persons = results.persons
    results.__dict__["_persons"] = persons.assign(purchase_rate=np.nan)
    try:
        with pytest.raises(Refusal, match="confounding: purchase_rate is not known of every customer"):
            collected(question, results)
    finally:
        results.__dict__["_persons"] = persons


def test_the_folder_has_it_all_and_the_truth_apart(data: TwinsData, tmp_path):
    folder = tmp_path / "inside" / "points"
    data.write(folder, "patronage twins shop.toml")
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {"log.csv", "customers.csv", "about.toml", "README.md", "truth/effects.csv", "truth/about.toml"}
    for path, table in (("log.csv", data.log), ("customers.csv", data.customers), ("truth/effects.csv", data.effects)):
        pd.testing.assert_frame_equal(pd.read_csv(folder / path), table, check_exact=True, check_dtype=False)
    about = tomllib.loads((folder / "about.toml").read_text())
    assert about["treatment"]["strengths"] == {"frequency": 1.0}
    assert about["command"] == "patronage twins shop.toml"
    assert about["dates"] == {"treatment": DATE, "end": END, "burn_in": 4}
    assert list(about["columns"]["customers"]) == list(data.customers)
    assert list(about["columns"]["effects"]) == list(data.effects)
    readme = (folder / "README.md").read_text()
    assert "frequency (strength 1)" in readme
    assert "everybody is treated" in readme
    truth = tomllib.loads((folder / "truth" / "about.toml").read_text())
    assert truth["mean_effect"] == data.effects["effect"].mean()
    for text in (readme, (folder / "about.toml").read_text()):
        assert str(truth["mean_effect"])[:6] not in text


def test_nothing_half_written_stays(data, tmp_path, monkeypatch):
    whole = twins_folder.write_whole

    def full(path, content):
        if path.name == "effects.csv":
            raise OSError(28, "No space left on device")
        whole(path, content)

    monkeypatch.setattr(twins_folder, "write_whole", full)
    with pytest.raises(OSError, match="No space left"):
        data.write(tmp_path / "points")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_written_over(data, tmp_path):
    (tmp_path / "mine.txt").write_text("dear")
    with pytest.raises(Refusal, match="has files already"):
        data.write(tmp_path)
    with pytest.raises(Refusal, match="is a file"):
        data.write(tmp_path / "mine.txt")
    with pytest.raises(Refusal, match=r"out = .* cannot be made in .*mine.txt: .*; give a folder elsewhere"):
        data.write(tmp_path / "mine.txt" / "points")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "empty").mkdir()
    data.write(tmp_path / "empty")
    assert (tmp_path / "empty" / "log.csv").is_file()


@pytest.mark.parametrize(("share", "said"), [(0.0001, "none of 300 customers"), (0.9999, "all of 300 customers")])
def test_a_share_at_which_nothing_can_be_told_is_refused(shop, share, said):
    with pytest.raises(Refusal, match=rf"treated = {share:g}: {said} would be treated"):
        twins_data(shop, ("none", "points"), treated=share, workers=1)

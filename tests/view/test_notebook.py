"""What a notebook shows: small tables, in which no text can do anything."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import abm
from abm.logs.tracking import Tracking
from abm.study.replications.precision import Precision
from abm.study.running.verify import Verification
from abm.study.statistics.paired import PairedDifference
from abm.view.notebook import html

EVIL = "<script>alert('x')</script>"
WORLD = abm.Scenario(periods=6, population=abm.Population(customers=30), firms=(abm.Firm("north"), abm.Firm("south")))
STUDY = abm.Experiment(
    "small", WORLD, {"none": {}, "cheap": {"firms.north.price": 0.8}}, replications=12, question=f"Which? {EVIL}",
    design=abm.grid({"trust.growth": [0.1, 0.2]}), kpis=("profit", "market_share"),
)  # fmt: skip


class Reader(HTMLParser):
    """Counts what is open, and keeps tags and text."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += f"{data} "


def read(thing):
    """Return the tags and the text of what a notebook shows, which must be sound and without a script or a colour."""
    words = thing._repr_html_()
    reader = Reader()
    reader.feed(words)
    assert not reader.open
    assert "script" not in reader.tags
    assert "color" not in words
    assert "background" not in words
    return reader.tags, " ".join(reader.text.split())


@pytest.fixture(scope="module")
def results():
    return abm.run(STUDY, workers=1)


def test_a_scenario_shows_what_differs_and_folds_the_rest():
    tags, text = read(WORLD)
    assert tags.count("details") == 1
    changed = text.partition("all parameters")[0]
    assert "periods 6 periods [0, 1e5] assumed length of a run" in changed
    assert "population.customers 30 customers" in changed
    assert "firms.south.name south" in changed
    assert "burn_in" not in changed
    assert "burn_in 0 periods" in text


def test_a_spec_as_it_is_by_default_says_so():
    assert read(abm.ServicePolicy())[1].split("} ")[-1].startswith("ServicePolicy : as it is by default")


def test_parameters_are_a_table_and_a_list_all_the_same():
    rows = abm.ServicePolicy.parameters()
    assert isinstance(rows, list)
    assert "quality 0.75 0-1 [0, 0.99] assumed mean performance delivered" in read(rows)[1]
    assert "details" in read(abm.Scenario.parameters())[0]


def test_an_experiment_shows_its_arms_and_its_size():
    text = read(STUDY)[1]
    assert f"Experiment small : Which? {EVIL}" in text
    assert "2 arms x 2 points x 12 replications = 48 runs of 30 customers over 6 periods" in text
    assert "cheap firms.north.price = 0.8" in text
    assert "none nothing" in text
    assert "trust.growth [0.1, 0.2]" in text
    alone = STUDY.replace(arms={"one": {}}, design=abm.Design(), replications=1)
    assert "1 arm x 1 replication = 1 run of" in read(alone)[1]


def test_an_open_match_is_shown_as_one():
    match = {"by": "firms.north.price", "kpi": "lever_cost", "of": "revenue", "plus": 0.03}
    study = STUDY.replace(kpis=("profit", "lever_cost", "revenue"), arms={"none": {}, "cut": {"match": match}})
    assert "cut match" in read(study)[1]


def test_results_show_the_ranking(results):
    tags, text = read(results)
    assert tags.count("table") == 1
    assert "Results of small : 48 of 48 runs, 0 failed" in text
    assert "minus none" in text
    assert " per customer and year, " in text.split("minus none")[0]  # the headline stands first
    assert "market_share" in text


def test_results_without_runs_and_of_one_replication_are_shown_too(results):
    class Broken(abm.Mechanism):
        """Fails."""

        name = "broken"

        def schedule(self, policies):
            return ((abm.Phase.OPENING, self.act),)

        def act(self, world, t):
            raise ValueError

    failed = abm.run(STUDY.replace(scenario=WORLD.adding(Broken()), replications=1), workers=1)
    assert "4 failed" in read(failed)[1]
    assert "2 of 2 runs" in read(abm.run(STUDY.replace(replications=1, design=abm.Design()), workers=1))[1]


def test_answers_say_what_was_found(results):
    verdict = abm.compare(STUDY, "profit", zone=1000.0, workers=1)
    text = read(verdict)[1]
    assert verdict.statement[1:] in text
    assert "minus best of others" in text
    robust = abm.robust(STUDY, "profit", zone=1000.0, workers=1)
    assert "largest regret" in read(robust)[1]
    paired = results.paired("profit", "cheap", "none")
    assert "profit north cheap none mean" in read(paired)[1]


def test_thresholds_show_what_turns():
    row = ("w.x", "assumed", 1.0, 2.0, "b", "a", 1.0, 0.5, 1.5, 9)
    names = ("weight", "evidence", "now", "value", "arm", "against", "difference", "low", "high", "pairs")
    own = ("", "", np.nan, np.nan, "b", "a", -1.0, -1.5, -0.5, 9)
    table = pd.DataFrame([own, row], columns=names)
    found = abm.Thresholds("profit", "more", "north", "cu", 0.95, 9, 30, ("a", "b"), ("w.x",), (), table)
    text = read(found)[1]
    assert "w.x assumed 1 above 1.5 a b" in text
    assert "Profit of north: a comes first, b last." in text


def test_no_text_of_others_can_do_anything():
    assert EVIL not in html(PairedDifference(EVIL, EVIL, EVIL, EVIL, 1.0, 0.0, 2.0, 3, 1.0, 0.95))
    assert EVIL not in STUDY._repr_html_()
    assert EVIL not in html(EVIL)


def test_every_kind_of_answer_is_shown(results, tmp_path):
    table = pd.DataFrame({"arm": ["cheap"], "mean": [1.23456], "why": [EVIL], "pairs": [12]})
    shown = {
        "MSER-5 takes": abm.warm_up(results, ["profit"]),
        "replications show a difference": abm.power(2.0, difference=1.0, power=0.8),
        f"everything is known 1.235 {EVIL} 12": Precision(True, "everything is known", 12, table, results),
        "Profit": results.winner("profit"),
        "observed": Tracking(pd.DataFrame({"observed": [9, 8], "simulated": [8.5, 8.5]}), table, 0),
        "recomputed": Verification(3, 9, (), (), ()),
    }
    for words, answer in shown.items():
        said = read(answer)[1]
        assert words.lower() in said.lower().replace("arm mean why pairs cheap ", "")


def test_a_sensitivity_shows_each_arm():
    found = abm.sensitivity(STUDY, "profit", method="tornado", arm="cheap", workers=1)
    text = read(found)[1]
    assert found.title("cheap") in text
    assert "trust.growth" in text


def test_a_calibration_shows_settings_and_fit():
    targets = [abm.Target("profit", 5.0, 50.0)]
    found = abm.calibrate(STUDY.replace(design=abm.Design(), arms={"one": {}}, replications=2),
                          {"trust.growth": (0.0, 1.0)}, targets, trials=16)  # fmt: skip
    text = read(found)[1]
    assert "trust.growth" in text
    assert found.statement[1:20] in text

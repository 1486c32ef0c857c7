"""The report: one valid page that needs nothing from outside and hides nothing."""

from __future__ import annotations

import re
import shutil
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import pytest

import abm
from abm.engine import recording
from abm.view import report, summary, tables

VOID = {"meta", "img", "br", "link", "hr", "input"}


class Checker(HTMLParser):
    """Notes texts, and tags that do not match."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict]] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data


@pytest.fixture(scope="module")
def copy(folder, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("report") / "small"
    shutil.copytree(folder, place)
    report.write(place)
    return place


@pytest.fixture(scope="module")
def page(copy) -> Checker:
    checker = Checker()
    checker.feed((copy / "report.html").read_text(encoding="utf-8"))
    assert checker.open == []
    return checker


@pytest.mark.slow
def test_nothing_comes_from_outside(page, copy):
    text = (copy / "report.html").read_text(encoding="utf-8")
    assert not {tag for tag, _ in page.seen} & {"script", "link", "iframe", "object", "img"}
    assert not re.search(r"https?://|url\((?!#)|@import|<[^>]* on[a-z]+=", text)
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', text)) <= set(re.findall(r' id="([^"]+)"', text))
    assert len(text.encode()) < 1_000_000


def test_every_figure_has_words_for_those_who_cannot_see_it(page, copy):
    drawings = [attributes for tag, attributes in page.seen if tag == "svg"]
    assert len(drawings) == len(list(copy.glob("*.png"))) == 11
    assert all(len(attributes["aria-label"]) > 40 and attributes["role"] == "img" for attributes in drawings)


def test_words_of_a_figure_are_said_once(page):
    assert page.text.count("Profit of north under each arm, minus none.") == 1
    assert page.text.count("The arms of a replication share their luck.") == 2  # below both figures of effects


SECTIONS = (
    "Criteria", "All arms and measures", "What is spent and what it brings", "Over time", "Inside the market",
    "What nobody can know", "What is only assumed", "What was run", "How to reproduce it", "The model",
    "How to cite it",
)  # fmt: skip


def test_sections_are_in_the_order_in_which_people_ask(copy):
    text = (copy / "report.html").read_text(encoding="utf-8")
    assert tuple(re.findall("<h2>(.*?)</h2>", text)) == SECTIONS
    first = [text.index(part) for part in ("<h1>", 'class="verdict"', "<svg", "<h2>")]
    assert first == sorted(first)  # question, answer, the figure of the effects, all else


def test_one_table_has_all_arms_and_measures(page, results):
    effects = summary.effects(results)
    table = page.text.split("All arms and measures")[1].split("Every difference")[0]
    for row in effects.to_dict("records"):
        assert tables.number(row["mean"], row["decimals"]).replace("-", "−") in table
    ranked = [table.index(arm) for arm in summary.ranked_arms(results, effects)]
    assert ranked == sorted(ranked)


def test_the_model_is_described(page):
    assert "ODD description" in page.text
    assert "# small (ODD)" in page.text


def test_question_is_escaped_and_stands_first(page):
    assert page.text.strip().startswith("Is <service> & care worth its cost?")
    assert "service" not in {tag for tag, _ in page.seen}


def test_verdict_and_ranking(page, results):
    for sentence in summary.verdict(results, summary.effects(results)):
        assert sentence in page.text
    assert "[" in page.text
    for kpi in results.kpis:
        assert kpi in page.text


def test_criteria_are_judged(page):
    told = page.text.split("Criteria")[1].split("All arms and measures")[0]
    assert "met" in told
    assert "csi of north, service against none: difference above 0 (<somebody> 1999)" in told
    assert "1 met, 1 not met, 1 undecided" in page.text


def test_what_was_run(page):
    assert "3 arms, 2 design points and 4 replications: 24 of 24 runs. Seed 5" in page.text
    assert "firms.north.service.quality = 0.95" in page.text
    assert "preset = points" in page.text
    assert "word_of_mouth.contact_rate" in page.text
    assert "numpy" in page.text


def test_assumed_parameters_are_counted_and_come_first(page):
    found = re.search(r"Of (\d+) parameters behind these numbers, (\d+) are assumed", page.text)
    assert int(found[2]) > 50
    assert page.text.index("only assumed; they are listed below") < page.text.index("Criteria")
    listed = re.findall(
        r"(assumed|calibrated|measured)", page.text.split("the assumed ones first")[1].split("What was run")[0]
    )
    assert listed.index("calibrated") >= int(found[2])


def test_values_of_firms_that_differ_are_told_apart(page):
    assert "north 1, south 1.1" in page.text


def test_sources_seen_by_others_only_are_marked(page):
    cite = page.text.split("How to cite it")[1]
    assert "abstract read" in cite
    assert "prototype" not in cite


def test_the_study_can_be_run_again_from_the_page(page, folder):
    study = page.text.split("small.toml")[-1].split("The model")[0]
    again = abm.Experiment.from_dict(tomllib.loads(study))
    assert again.sheet.digests == abm.read(folder).sheet.digests
    assert f"patronage verify {Path(folder.name)}" in page.text or "patronage verify" in page.text


@pytest.mark.slow
def test_equal_results_make_an_equal_page(copy):
    before = (copy / "report.html").read_bytes()
    report.write(copy)
    assert (copy / "report.html").read_bytes() == before


def test_a_folder_that_is_not_one_of_results_is_refused(tmp_path):
    with pytest.raises(abm.Refusal, match="not a results folder"):
        report.write(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_dates_of_arms_and_what_came_of_them(tmp_path, page):
    late = {"from": 15, "until": 25, "firms.north.price": 0.8}
    base = abm.Scenario(periods=30, burn_in=8, population=abm.Population(customers=60))
    abm.run(
        abm.Experiment("late", base, {"none": {}, "late": late}, replications=3), store=tmp_path / "late", workers=1
    )
    checker = Checker()
    checker.feed(report.write(tmp_path / "late").read_text(encoding="utf-8"))
    assert "firms.north.price = 0.8, from period 15 until 25" in checker.text
    section = checker.text.split("Before and after")[1].split("Inside the market")[0]
    assert re.findall(r"latelate15-24|lateafter25-29", section) == ["latelate15-24", "lateafter25-29"]
    assert "difference in differences" in section
    assert "Before and after" not in page.text


@pytest.mark.slow
def test_groups_and_what_each_arm_does_to_them(tmp_path, page):
    base = abm.Scenario(periods=30, burn_in=8, population=abm.Population(customers=60))
    arms = {"none": {}, "cut": {"firms.north.price": 0.8}}
    heavy = {"by": "purchase_rate", "quantiles": [0.8], "names": ["light", "heavy"]}
    study = abm.Experiment("apart", base, arms, groups={"rate": heavy}, replications=3)
    results = abm.run(study, store=tmp_path / "apart", workers=1)
    checker = Checker()
    checker.feed(report.write(tmp_path / "apart").read_text(encoding="utf-8"))
    section = checker.text.split("By group")[1].split("Inside the market")[0]
    first, folded = section.split("share_of_wallet", 1)
    change = results.paired("profit", "cut", group="heavy").mean
    assert float(re.search(r"cutheavy-?[\d.]+?([+-]\d+?)[+-]\d+\.\d\[", first)[1]) == pytest.approx(change, abs=0.5)
    assert "rate (light, heavy) by purchase_rate cut at quantile 0.8, before the first period" in first
    assert "fixed cost, administration of members, staff) are in no group" in first
    assert folded.count("cutheavy") == len(results.kpis) - 1
    assert (tmp_path / "apart" / "effect_by_group.png").is_file()
    assert "By group" not in page.text


def test_failed_and_missing_runs_are_said(tmp_path, monkeypatch):
    study = abm.Experiment("half", abm.Scenario(periods=5, population=abm.Population(customers=20)), replications=3)
    whole = recording.record

    def broken(scenario, seed, replication=0, **rest):
        if replication == 1:
            raise ZeroDivisionError("by <nothing>")
        return whole(scenario, seed, replication, **rest)

    monkeypatch.setattr(recording, "record", broken)
    abm.run(study, store=tmp_path / "half", workers=1)
    checker = Checker()
    checker.feed(report.write(tmp_path / "half").read_text(encoding="utf-8"))
    assert "1 of 3 runs failed" in checker.text
    place = f"test_report.py, line {broken.__code__.co_firstlineno + 2}"
    assert f"base: ZeroDivisionError: by <nothing> ({place}) (1 run)" in checker.text


@pytest.mark.slow
def test_a_firm_that_sees_the_truth_is_named(tmp_path):
    arms = {"blind": {}, "seeing": {"firms.north.information.omniscient": True}}
    world = abm.Scenario(periods=3, population={"customers": 30}, information={})
    abm.run(abm.Experiment("seen", world, arms, replications=2), store=tmp_path, workers=1)
    text = report.write(tmp_path).read_text(encoding="utf-8")
    assert "north sees the truth about its customers in seeing." in text

"""Judgement: verdicts of results whose numbers are known, and how often they are right together."""

import math

import numpy as np
import pandas as pd
import pytest

from abm.core.errors import Refusal
from abm.study.comparison.judgement import judge
from abm.study.plan.design import grid
from abm.study.running.runner import run
from abm.study.storage.results import Results
from abm.study.storage.store import Segments

ARMS = {"none": {}, "points": {}, "tiers": {}}
LEVELS = {"firms.south.price": [1.0, 1.2]}


class Known(Results):
    """Results whose numbers are given: (KPI, arm) -> block (points, replications)."""

    def __init__(self, sheet, blocks):
        super().__init__(sheet, Segments())
        self.blocks = blocks

    def block(self, kpi, arm, firm, group=None):
        block = np.asarray(self.blocks[kpi, arm], float)
        return np.broadcast_to(block, (len(self.sheet.design), block.shape[-1]))


@pytest.fixture
def judged(study):
    """Judge one criterion by given numbers."""

    def make(blocks, design=None, confidence=0.95, **claim):
        kpis = tuple(dict.fromkeys(kpi for kpi, _ in blocks))
        count = np.asarray(next(iter(blocks.values()))).shape[-1]
        given = {"arms": ARMS, "kpis": kpis, "replications": count, "expect": [{"kpi": kpis[0], **claim}]}
        sheet = study(**given, **({"design": grid(design)} if design else {})).sheet
        return judge(Known(sheet, blocks), confidence).iloc[0]

    return make


def blocks(differences, level=(10.0, 12.0, 11.0, 13.0)):
    level = np.array(level)
    return {("csi", "none"): level, ("csi", "points"): level + differences}


APART = np.array([1.0, 2.0, 3.0, 2.0])  # mean 2, interval 2 ± 1.299


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ({"above": 0}, "met"),
        ({"above": 0.7, "below": 3.31}, "met"),
        ({"within": 3.31}, "met"),
        ({"above": 1}, "undecided"),
        ({"within": 3}, "undecided"),
        ({"above": 0.5, "below": 3}, "undecided"),
        ({"below": 0}, "not met"),
        ({"above": 3.31}, "not met"),
        ({"within": 0.7}, "not met"),
        ({"above": 4, "below": 5}, "not met"),
    ],
)
def test_verdicts_by_hand(judged, claim, verdict):
    row = judged(blocks(APART), arm="points", **claim)
    assert (row["estimate"], row["pairs"], row["verdict"]) == (2.0, 4, verdict)
    assert [row["low"], row["high"]] == pytest.approx([2 - 1.29917, 2 + 1.29917], abs=1e-4)


def test_a_difference_without_spread_is_known(judged):
    same = blocks(np.full(4, 0.25))
    assert judged(same, arm="points", above=0)["verdict"] == "met"
    row = judged(same, arm="points", above=0.25)
    assert (row["low"], row["high"], row["verdict"]) == (0.25, 0.25, "not met")
    equal = blocks(np.zeros(4))
    assert judged(equal, arm="points", above=0)["verdict"] == "not met"
    assert judged(equal, arm="points", within=0.01)["verdict"] == "met"
    assert judged(equal, arm="points", ratio=True, within=0.01)["verdict"] == "met"


def test_a_level_is_of_one_arm(judged):
    row = judged(blocks(APART), level=True, above=8, below=15)
    assert (row["arm"], row["estimate"], row["verdict"]) == ("none", 11.5, "met")
    assert pd.isna(row["against"])
    assert judged(blocks(APART), arm="points", level=True, above=8)["estimate"] == 13.5


def test_a_ratio_is_of_the_means(judged):
    row = judged(blocks(APART), arm="points", ratio=True, above=1.05)
    assert (row["estimate"], row["verdict"]) == (13.5 / 11.5, "met")


def test_two_kpis_are_compared_replication_by_replication(judged):
    known = blocks(APART) | {("trust", arm): block - 3 * (arm == "points") for (_, arm), block in blocks(APART).items()}
    row = judged(known, arm="points", than={"kpi": "trust"}, above=2.9)
    assert [row["estimate"], row["low"], row["high"]] == pytest.approx([3, 3, 3])
    gap = known | {("member_gap", "points"): np.array([7.0, 14.0, 22.0, 13.0])}
    gap = {key: gap[key] for key in [("member_gap", "points"), *known]}
    than = {"kpi": "csi", "level": False}
    row = judged(gap, arm="points", level=True, ratio=True, than=than, above=2)
    assert (row["estimate"], row["verdict"]) == (7.0, "met")


def test_points_of_the_design_are_compared(judged):
    level = np.array([[10.0, 12.0, 11.0], [20.0, 22.0, 21.0]])
    known = {("csi", "none"): level, ("csi", "points"): level + np.array([[1.0, 1.2, 1.1], [4.0, 4.4, 4.1]])}
    at = {"firms.south.price": 1.2}
    assert judged(known, LEVELS, arm="points", above=0)["estimate"] == pytest.approx(2.6333, abs=1e-4)
    assert judged(known, LEVELS, arm="points", at=at, above=0)["estimate"] == pytest.approx(4.1667, abs=1e-4)
    than = {"at": {"firms.south.price": 1.0}}
    row = judged(known, LEVELS, arm="points", at=at, than=than, above=2)
    assert (round(row["estimate"], 4), row["pairs"], row["verdict"]) == (3.0667, 3, "met")


def test_what_has_no_value_does_not_count(judged):
    row = judged(blocks(np.array([1.0, np.nan, 1.5, 1.2])), arm="points", above=0)
    assert (row["pairs"], row["verdict"], row["reason"]) == (3, "met", "")


@pytest.mark.parametrize(
    ("differences", "claim", "reason"),
    [
        ([1.0, np.nan, np.nan, np.nan], {"above": 0}, "1 pair with a value, and it takes 2 or more"),
        ([np.nan] * 4, {"above": 0}, "no pairs with a value, and it takes 2 or more"),
        (APART, {"above": 1}, "about 7 pairs would tell, if the estimate is the truth"),
        (APART, {"above": 2}, "the estimate is at the end of what is claimed"),
    ],
)
def test_why_it_is_undecided(judged, differences, claim, reason):
    row = judged(blocks(np.array(differences)), arm="points", **claim)
    assert row["verdict"] == "undecided"
    assert row["reason"].startswith(reason)


def test_a_ratio_to_what_may_be_nothing_is_undecided(judged):
    known = blocks(np.array([1.0, -1.0, 2.0, -1.5]))
    row = judged(known, arm="points", level=True, ratio=True, than={"level": False}, above=2)
    assert (row["low"], row["high"], row["verdict"]) == (-math.inf, math.inf, "undecided")
    assert row["reason"] == "what it is divided by cannot be told from 0"


def test_differences_are_those_of_paired(study):
    luck = np.random.default_rng(1)
    values = {("csi", arm): luck.normal(size=(2, 9)) for arm in ARMS}
    values["csi", "tiers"][0, 3] = np.nan
    expect = [
        {"kpi": "csi", "arm": arm, "above": 0, "ratio": ratio} for arm in ("points", "tiers") for ratio in (False, True)
    ]
    sheet = study(arms=ARMS, kpis=("csi",), replications=9, design=grid(LEVELS), expect=expect).sheet
    results = Known(sheet, values)
    for row in judge(results, 0.9).itertuples():
        statistic = "ratio" if row.claim.startswith("ratio") else "mean"
        pair = results.paired("csi", row.arm, confidence=1 - 0.1 / 4, statistic=statistic)
        assert (row.estimate, row.low, row.high, row.pairs) == (pair.estimate, pair.low, pair.high, pair.pairs)


def test_without_criteria_there_is_no_row(study):
    table = judge(Known(study(kpis=("csi",)).sheet, {}))
    assert table.empty
    assert list(table.columns)[:6] == ["kpi", "arm", "against", "firm", "group", "claim"]


@pytest.mark.parametrize("confidence", [0, 1, 1.5])
def test_confidence_is_refused_outside_0_and_1(study, confidence):
    with pytest.raises(Refusal, match=r"^confidence = .* is outside \(0, 1\)"):
        judge(Known(study(kpis=("csi",)).sheet, {}), confidence)


def test_all_intervals_hold_together(study):
    """Of four criteria at 0.9, in studies of ten replications; verdicts that are wrong are rarer still."""
    expect = [
        {"kpi": "csi", "arm": "points", "above": 0},
        {"kpi": "csi", "arm": "tiers", "below": 0},
        {"kpi": "csi", "level": True, "above": 5},
        {"kpi": "csi", "arm": "points", "against": "tiers", "within": 0.2},
    ]
    truths = np.array([0.0, 1.0, 5.0, -1.0])
    sheet = study(arms=ARMS, kpis=("csi",), replications=10, expect=expect).sheet
    luck, held, wrong, studies = np.random.default_rng(7), 0, 0, 1000
    for _ in range(studies):
        shared, own = luck.normal(5, 1, 10), luck.normal(0, 0.5, (2, 10))
        known = {("csi", "none"): shared, ("csi", "points"): shared + own[0], ("csi", "tiers"): shared + 1 + own[1]}
        table = judge(Known(sheet, known), 0.9)
        held += bool(((table["low"] <= truths) & (truths <= table["high"])).all())
        wrong += bool((table["verdict"] == "met").any())  # none of the four claims is true
    assert 0.9 - 0.01 <= held / studies <= 0.94
    assert wrong / studies <= 0.1


def test_results_may_be_named_by_their_folder(study, tmp_path):
    claimed = study(arms={"none": {}, "cheap": {"firms.north.price": 0.9}}, replications=2, kpis=("profit",))
    claimed = claimed.replace(expect=[{"kpi": "profit", "arm": "cheap", "above": 0}])
    results = run(claimed, tmp_path, workers=1)
    pd.testing.assert_frame_equal(judge(tmp_path), judge(results))
    with pytest.raises(Refusal, match="results = 5 is not a path; give results, or the folder that they are in"):
        judge(5)
    with pytest.raises(Refusal, match="nowhere"):
        judge("nowhere")

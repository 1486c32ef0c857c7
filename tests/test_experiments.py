"""The shipped studies: their criteria name what there is, and each gets a verdict."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import abm
from abm.study.plan.overrides import overrides

pytestmark = pytest.mark.slow

STUDIES = sorted((Path(__file__).parents[1] / "experiments").glob("*.toml"))
SMALL = ("periods=110", "burn_in=52")  # two years close, one of them after the burn-in
CUSTOMERS = {"satisfaction_loyalty": 900, "tough_love": 400, "win_back": 600}  # of studies that need more than 60


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_study_is_judged(path):
    study = abm.load(path)
    early = [f"groups.{name}.at={min(one.at, 110)}" for name, one in study.groups.items()]
    matched = [name for name, settings in study.arms.items() if "match" in settings]
    loose = [f"arms.{name}.match.{key}" for name in matched for key in ("tolerance=0.5", "replications=2")]
    few = f"population.customers={CUSTOMERS.get(path.stem, 60)}"
    study = overrides(study, (*early, *loose, *SMALL, few), replications=2)
    assert len(study.expect) >= 3
    assert all(one.why for one in study.expect)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # in a market of 60 customers the cost of an arm jumps over its budget
        table = abm.judge(abm.run(study, workers=1))
    assert list(table["claim"]) == [one.claim for one in study.expect]
    assert set(table["verdict"]) <= {"met", "not met", "undecided"}
    assert (table["pairs"] > 0).all()
    assert table["estimate"].notna().all()

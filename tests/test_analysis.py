"""The analysis scripts run on the results of their study."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import abm
from abm.cli import main
from abm.study.plan.overrides import overrides

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


def analysed(script: str, *arguments: object) -> str:
    """Return what a script prints."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "analysis" / script), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.endurance
def test_the_loyalty_programmes_are_analysed(tmp_path):
    study = ROOT / "experiments" / "loyalty_programs.toml"
    small = ["population.customers=200", "periods=30", "burn_in=10"]
    settings = [word for change in small for word in ("--set", f"scenario.{change}")]
    out, picture = tmp_path / "results", tmp_path / "figure.png"
    assert main(["run", str(study), *settings, "--replications", "3", "--workers", "1", "--out", str(out)]) == 0
    said = analysed("loyalty_programs.py", out, picture)
    assert {"profit_per_cu", "tiers", "price_cut"} <= set(said.split())
    assert picture.stat().st_size > 10_000


def test_the_survey_is_analysed(tmp_path):
    text = (ROOT / "experiments" / "survey_power.toml").read_text(encoding="utf-8")
    given, matches = re.subn(r"^match = .*$", '"firms.north.service.quality" = 0.8', text, flags=re.MULTILINE)
    assert matches == 3  # qualities that are solved for take trial runs, which another test makes
    study = tmp_path / "survey_power.toml"
    study.write_text(given, encoding="utf-8")
    out, picture = tmp_path / "results", tmp_path / "figure.png"
    abm.run(overrides(abm.load(study), ("population.customers=100",), replications=3), store=out, workers=1)
    said = analysed("survey_power.py", out, picture)
    assert {"less_everybody", "seen_difference", "as_usual", "at_random"} <= set(said.split())
    assert picture.stat().st_size > 10_000

"""The analysis scripts run on the results of their study."""

import os
import subprocess
import sys
from pathlib import Path

from abm.cli import main

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


def test_the_loyalty_programmes_are_analysed(tmp_path):
    study = ROOT / "experiments" / "loyalty_programs.toml"
    small = ["population.customers=200", "periods=30", "burn_in=10"]
    settings = [word for change in small for word in ("--set", f"scenario.{change}")]
    out, picture = tmp_path / "results", tmp_path / "figure.png"
    assert main(["run", str(study), *settings, "--replications", "3", "--workers", "1", "--out", str(out)]) == 0
    said = analysed("loyalty_programs.py", out, picture)
    assert {"profit_per_cu", "tiers", "price_cut"} <= set(said.split())
    assert picture.stat().st_size > 10_000

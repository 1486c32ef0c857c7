"""Any small valid study ends with a table, figures and a report, whatever has no value in it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from abm.cli import main
from abm.core.toml import write_toml
from tests.commands.random_studies import studies

SLOW = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def ends_well(study, capsys):
    """Run a study through the command line."""
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder, "study.toml"), Path(folder, "out")
        file.write_text(write_toml(study), encoding="utf-8")
        capsys.readouterr()
        code = main(["run", str(file), "--workers", "1", "--out", str(out)])
        said = capsys.readouterr()
        assert "this is a bug" not in said.err
        if code == 2:  # valid as far as this page knows, and refused with a reason in one line
            assert len(said.err.strip().splitlines()) == 1, said.err
            assert not out.exists()
        else:
            assert code == 0, said.err
            assert "pairs" in said.out
            assert (out / "report.html").stat().st_size > 5_000


@pytest.mark.slow
@settings(max_examples=3, derandomize=True, **SLOW)
@given(studies())
def test_a_few(capsys, study):
    ends_well(study, capsys)


@pytest.mark.endurance
@settings(max_examples=500, **SLOW)
@given(studies())
def test_five_hundred(capsys, study):
    ends_well(study, capsys)

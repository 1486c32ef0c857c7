"""Text in CSV files that a spreadsheet would calculate is text there; numbers stay numbers."""

import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.study.calibration.targets import Target, read_targets, write_targets
from abm.study.storage.results import Results
from abm.study.storage.rows import Outcome
from abm.study.storage.segment import encode
from abm.study.storage.spreadsheet import harmless, marked, unmarked
from abm.study.storage.store import Segments


@pytest.mark.parametrize("cell", ["=1+1", "+cheap", "-cheap", "@SUM(A1)", "\t=1", "'=1"])
def test_formulas_are_marked_as_text(cell):
    table = pd.DataFrame({"arm": [cell, "none"], "=kpi": [-0.5, 1.0]})
    table["kind"] = pd.Categorical(table["arm"])
    lines = harmless(table).to_csv(index=False)
    again = pd.read_csv(io.StringIO(lines))
    assert list(again["arm"]) == list(again["kind"]) == [f"'{cell}", "none"]
    assert list(again["'=kpi"]) == [-0.5, 1.0]


@given(st.text())
def test_what_was_marked_can_be_read_back(text):
    assert unmarked(marked(text)) == text
    assert marked(text)[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n") or not text


def test_results_and_targets_are_marked(study, tmp_path):
    experiment = study(arms={"-cheap": {}, "none": {}}, kpis=("profit",))
    kept = Segments()
    kept.commit(
        encode([Outcome(experiment.sheet.run(0), "{}", ("=north",), pd.DataFrame([[-1.0]]).to_numpy())], ["profit"])
    )
    Results(experiment.sheet, kept).to_csv(tmp_path)
    row = pd.read_csv(tmp_path / "runs.csv").iloc[0]
    assert (row["arm"], row["firm"], row["profit"]) == ("'-cheap", "'=north", -1.0)
    target = Target("profit", -1.0, 1.0, claim="=HYPERLINK(1)", locator="@here")
    write_targets(tmp_path / "targets.csv", [target])
    assert "'=HYPERLINK(1)" in (tmp_path / "targets.csv").read_text()
    assert read_targets(tmp_path / "targets.csv") == (target,)

"""`patronage report DIR`: the page, and what it says as one JSON document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import abm
from abm.cli import main
from abm.view import figures

STUDY = """
question = "Which?"
seed = 3
replications = 3
kpis = ["profit", "csi"]
[scenario]
periods = 20
burn_in = 4
[scenario.population]
customers = 40
[arms.none]
[arms.service]
label = "Better service"
"firms.north.service.quality" = 0.98
[[expect]]
kpi = "csi"
arm = "service"
above = 0
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("reported")
    (place / "study.toml").write_text(STUDY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "draw", lambda *_: [])
        assert main(["run", str(place / "study.toml"), "--workers", "1"]) == 0
    return place / "results" / "study"


@pytest.mark.slow
def test_the_document_says_what_the_page_says(folder, capsys):
    assert main(["report", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert Path(document["path"]) == folder / "report.html"
    assert document["headline"] in page
    assert document["headline"].startswith(("Better service ", "Doing nothing ", "No arm "))
    assert document["question"] == "Which?"
    assert {row["arm"] for row in document["table"]} == {"none", "service"}  # names, which do not change with a label
    assert [row["verdict"] for row in document["criteria"]] == list(abm.judge(abm.read(folder))["verdict"])
    assert (document["runs"], document["missing"], document["failed"]) == (6, 0, 0)
    assert set(document["figures"]) == {path.name for path in folder.glob("*.png")} >= {"effect_on_profit.png"}
    assert all(len(words) > 40 for words in document["figures"].values())


def test_the_same_in_python(folder, monkeypatch):
    monkeypatch.setattr(figures, "draw", lambda *_: [])
    found = abm.report(folder)
    assert isinstance(found, abm.Report)
    assert str(found) == found.headline
    assert found.winner == abm.read(folder).winner("profit").arm
    assert found.table.query("arm == 'service' and kpi == 'csi'")["difference"].item() > 0
    assert found.headline in found._repr_html_()
    with pytest.raises(abm.Refusal, match="there is no such folder"):
        abm.report(folder / "nothing")

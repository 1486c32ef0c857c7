"""Figures by name: each is there for any results that have what it shows, and says what is missing else."""

from __future__ import annotations

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

import abm
from abm.view import levels, snapshot, summary
from tests.view.conftest import STUDY
from tests.view.readable import assert_readable

mpl.use("Agg")
RECORDED = STUDY | {
    "name": "recorded",
    "arms": {"none": {"label": "As today"}, "service": {"label": "5 $ or 6 $", "firms.north.service.quality": 0.95}},
    "kpis": ["profit", "csi", "lever_cost"],
    "groups": {"rate": {"by": "purchase_rate", "quantiles": [0.8], "names": ["light", "heavy"]}},
    "record": {"visits": {"columns": ["visit_spend"]}},
    "design": {"method": "grid", "factors": {"word_of_mouth.contact_rate": [0.0, 0.5], "choice.outside": [-0.9, 0.0]}},
    "expect": [{"kpi": "csi", "arm": "service", "above": 0}],
    "replications": 3,
}
NAMES = (
    "attributes", "by_factor", "by_group", "cohorts", "criteria", "distribution", "effect_on_persons", "effects",
    "levels", "lorenz", "loyalty_curve", "loyalty_matrix", "measures", "network", "over_time", "programme_economics",
    "pyramid", "ranking", "spend_and_profit", "staff_states", "switching", "tier_flows", "warning_lift", "waterfall",
    "winners",
)  # fmt: skip


@pytest.fixture(scope="module")
def recorded():
    return abm.run(abm.Experiment.from_dict(RECORDED), workers=1)


NEEDS_MORE = ("attributes", "programme_economics", "staff_states", "tier_flows", "warning_lift")  # than this market has


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NEEDS_MORE])
def test_each_figure_needs_no_arguments_and_can_be_read(recorded, name):
    drawn = getattr(recorded.plot, name)()
    first = drawn[0] if isinstance(drawn, list) else drawn
    assert isinstance(first, Axes)
    assert_readable(first.figure)
    words = [text.get_text() for text in first.figure.findobj(mpl.text.Text)]
    assert not [word for word in words if "$\\" in word]  # dollars of a label are no formula
    plt.close("all")


def test_what_there_is_is_listed_and_a_slip_is_answered(recorded):
    assert tuple(dir(recorded.plot)) == NAMES
    assert "effects, levels" in repr(recorded.plot)
    with pytest.raises(AttributeError, match="there is no figure 'efects'; did you mean 'effects'"):
        recorded.plot.efects  # noqa: B018 - raises


def test_an_axes_of_the_callers_is_used(results):
    ax = plt.figure(layout="constrained").subplots()
    assert results.plot.effects("csi", ax=ax) is ax
    assert ax.get_title(loc="left") == "CSI of north: each arm minus none"
    assert ax.get_title() == ""


def test_the_ranking_has_wider_intervals_that_hold_together(results):
    alone, together = results.plot.effects(), results.plot.ranking()
    widths = [
        [np.ptp(line.get_xdata()) for line in ax.lines if line.get_linewidth() == 2.4] for ax in (alone, together)
    ]
    found = abm.comparisons(results, "profit").set_index("arm")
    assert sorted(widths[1]) == pytest.approx(sorted(found["high"] - found["low"]))
    assert all(np.array(widths[1]) > np.array(widths[0]))
    assert together.get_title() == ""


def test_levels_are_means_of_each_firm(results):
    table = levels.table(results, "csi").set_index(["arm", "firm"])
    for firm in results.firms:
        own = summary.effects(results, firm).query("kpi == 'csi'").set_index("arm")["mean"]
        for arm in results.arms:
            assert table.loc[(arm, firm), "mean"] == pytest.approx(own[arm])
    ax = results.plot.levels("csi")
    assert [label.get_text() for label in ax.get_yticklabels()] == list(results.arms)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(results.firms)


def test_time_has_the_name_of_the_scenario(results):
    assert results.plot.over_time("csi")[-1].get_xlabel() == "week"
    monthly = abm.Experiment(
        "m", abm.Scenario(periods=6, periods_per_year=12, population={"customers": 20}), replications=2
    )
    assert abm.run(monthly, workers=1).plot.over_time("profit")[-1].get_xlabel() == "month"


def test_arms_go_by_name_or_label(recorded):
    for arm in ("service", "5 $ or 6 $"):
        assert "5 $ or 6 $" in recorded.plot.pyramid(arm).get_title(loc="left")


def test_runs_are_done_again_once(recorded, monkeypatch):
    fresh = recorded.labelled()
    calls = []
    whole = snapshot.of_results
    monkeypatch.setattr(snapshot, "of_results", lambda *given: calls.append(given) or whole(*given))
    fresh.plot.lorenz()
    fresh.plot.waterfall()
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("effects", {"kpi": "proft"}, "no KPI 'proft' in the results; did you mean 'profit'"),
        ("waterfall", {"arm": "servce"}, "no arm 'servce' in the results; did you mean 'service'"),
        ("attributes", {}, "the study does not measure all attributes"),
        ("by_group", {}, "the study tells no groups of customers apart"),
        ("cohorts", {}, "the study records no visits"),
        ("winners", {}, "a map takes two factors in the design"),
        ("spend_and_profit", {}, "no KPI 'lever_cost' in the results"),
        ("distribution", {"column": "trus"}, "no column 'trus'; did you mean 'trust'"),
        ("winners", {"x": "word_of_mouth.contact_rate", "y": "nothing"}, "no factor 'nothing' in the results"),
    ],
)
def test_what_is_missing_is_said(results, name, arguments, said):
    with pytest.raises(abm.Refusal, match=said):
        getattr(results.plot, name)(**arguments)


@pytest.mark.slow
def test_results_do_not_load_what_draws_until_they_are_asked(folder):
    code = (
        "import sys, abm; r = abm.read(sys.argv[1]); r.table(); print('matplotlib' in sys.modules); "
        "r.plot; print('matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_states_of_staff_are_drawn_by_arm_and_asked_for_where_they_are_missing():
    kpis = ["staff_knowledge", "staff_skill", "staff_emotion", "staff_morale"]
    study = {
        "name": "staff",
        "scenario": {"periods": 40, "population": {"customers": 60}, "staff": {}},
        "arms": {"none": {}, "trained": {"firms.north.staff.skill_training": 0.5}},
        "kpis": kpis,
        "replications": 2,
    }
    results = abm.run(abm.Experiment.from_dict(study), workers=1)
    panels = results.plot.staff_states()
    assert len(panels) == 4
    ends = [[line.get_ydata()[-1] for line in ax.get_lines() if len(line.get_ydata())] for ax in panels]
    assert ends[1][1] > ends[1][0] + 0.05
    assert ends[0][0] == ends[0][1]
    assert_readable(panels[0].figure)
    plt.close("all")
    few = abm.run(abm.Experiment.from_dict(study | {"name": "few", "kpis": kpis[:3]}), workers=1)
    with pytest.raises(abm.Refusal, match="does not measure staff_morale; name them in kpis"):
        few.plot.staff_states()


@abm.kpi(unit="share")
def broken(c):
    """Raises."""
    raise KeyError("no such thing")


REASON = "KPI 'broken' raised KeyError: 'no such thing' (test_accessor.py, line "


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("failed") / "results"
    study = abm.Experiment.from_dict(STUDY | {"replications": 1}).replace(kpis=(broken, "profit"), expect=())
    return abm.run(study, store=folder, workers=1)


@pytest.mark.parametrize("name", ["effects", "ranking", "levels", "by_factor", "over_time", "measures", "waterfall"])
def test_where_all_runs_failed_no_figure_is_drawn_and_the_reason_is_said(failed, name):
    with pytest.raises(abm.Refusal) as caught:
        getattr(failed.plot, name)()
    assert "; 6 of 6 runs failed, the first by: " + REASON in str(caught.value)
    assert not plt.get_fignums()


def test_where_all_runs_failed_results_and_report_say_why(failed):
    assert repr(failed).startswith(f"<Results of small: 0 of 6 runs, 6 failed ({REASON}")
    assert "6 failed (KPI &#x27;broken&#x27; raised KeyError" in failed._repr_html_()
    assert "<table" not in failed._repr_html_()
    assert "; 6 of 6 runs failed, the first by: " + REASON in abm.report(failed).headline


def test_a_single_arm_has_no_effects_to_draw():
    study = abm.Experiment.from_dict(STUDY | {"replications": 1, "arms": {}, "expect": []})
    results = abm.run(study, workers=1)
    for name in ("effects", "measures"):
        with pytest.raises(abm.Refusal, match=r"^there is only the arm 'base', so there is nothing to compare"):
            getattr(results.plot, name)()
    results.plot.levels()

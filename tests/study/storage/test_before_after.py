"""Before and after: windows, exact zeros, differences in differences by hand, what is refused."""

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.study.plan.design import grid
from abm.study.plan.sheet import Sheet
from abm.study.running.runner import run
from abm.study.storage.results import Results
from abm.study.storage.rows import Outcome
from abm.study.storage.segment import encode
from abm.study.storage.store import Segments

LATE = {"from": 4, "until": 5, "firms.north.price": 0.8}
STEPS = {
    "changes": [
        {"name": "cheap", "from": 3, "set": {"firms.north.price": 0.9}},
        {"name": "dear", "from": 5, "set": {"firms.east.price": 1.2}},
    ]
}


@pytest.fixture
def made(study):
    """Make results whose profit by period is given by arm and replication: periods 0 to 5, the first two burn-in."""

    def make(profit, arms=None, **changes):
        experiment = study(arms=arms or {"none": {}, "late": LATE}, kpis=("profit",), **changes)
        kept = Segments()
        for each in experiment.sheet.runs():
            block = np.array(profit(each.arm, each.replication), float)[:, None, None]
            settings = experiment.sheet.settings(each.point)
            kept.commit(encode([Outcome(each, settings, ("north",), block[-1], block)], ("profit",)))
        return Results(experiment.sheet, kept)

    return make


def ahead(arm, replication):
    """Late is ahead by 1 before its date, by 5, 6, 7 while it holds, by 2 afterwards."""
    gain = [9, 9, 1, 1, 5 + replication, 2] if arm == "late" else [0] * 6
    return [10 * t + d for t, d in enumerate(gain)]


def test_a_row_per_window_with_differences_by_hand(made):
    table = made(ahead).before_after("profit", "late")
    assert list(zip(table["window"], table["from"], table["until"], strict=True)) == [
        ("before", 2, 4), ("late", 4, 5), ("after", 5, 6),
    ]  # fmt: skip
    assert list(table["mean_against"]) == [25, 40, 50]
    assert list(table["mean"]) == [26, 46, 52]
    assert list(table["difference"]) == [1, 6, 2]
    half = 4.302653 / np.sqrt(3)  # t of 2 degrees of freedom times the standard error of 5, 6, 7
    np.testing.assert_allclose(table[["low", "high"]], [[1, 1], [6 - half, 6 + half], [2, 2]], rtol=1e-6)
    np.testing.assert_allclose(table["change"], [np.nan, 5, 1])
    np.testing.assert_allclose(
        table.loc[1, ["change_low", "change_high"]].astype(float), [5 - half, 5 + half], rtol=1e-6
    )
    assert list(table["pairs"]) == [3, 3, 3]
    assert list(table["change_pairs"]) == [0, 3, 3]


def test_a_date_of_ones_own_choice_and_the_other_way_round(made):
    found = made(ahead)
    table = found.before_after("profit", "none", against="late", date=5)
    assert list(table["difference"]) == [-1, -6, -2]
    np.testing.assert_allclose(table["change"], [5, np.nan, 4])


def test_periods_without_a_value_are_left_out_of_the_mean_and_a_window_without_any_of_the_pairs(made):
    def gaps(arm, replication):
        values = ahead(arm, replication)
        values[2] = np.nan
        return values if replication else [*values[:5], np.nan]

    table = made(gaps).before_after("profit", "late")
    assert list(table["mean_against"]) == [30, 40, 50]
    assert list(table["pairs"]) == [3, 3, 2]
    assert list(table["dropped"]) == [0, 0, 1]
    assert list(table["change_pairs"]) == [0, 3, 2]


def test_an_arm_in_steps_has_a_window_for_each(made):
    table = made(ahead, {"none": {}, "steps": STEPS, "late": LATE}).before_after("profit", "steps", "late")
    assert list(table["window"]) == ["before", "cheap", "cheap, late", "cheap, dear"]
    assert list(table["from"]) == [2, 3, 4, 5]


def test_what_both_arms_do_is_not_what_they_are_compared_across(made, world):
    own = world.replace({"changes": [{"name": "own", "from": 3, "set": {"firms.east.price": 1.1}}]})
    table = made(ahead, scenario=own).before_after("profit", "late")
    assert list(table["window"]) == ["before", "own", "own, late", "own"]
    assert list(table["from"][table["change"].isna()]) == [3]


def test_until_its_date_an_arm_is_not_apart_at_all(study):
    table = run(study(arms={"none": {}, "late": LATE}), workers=1).before_after("profit", "late")
    first, second, third = table.to_dict("records")
    assert (first["difference"], first["low"], first["high"]) == (0, 0, 0)
    assert second["difference"] != 0
    assert (second["change"], second["change_low"]) == (second["difference"], second["low"])
    assert (third["window"], third["change"]) == ("after", third["difference"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"arm": "none"}, r"no date of 'none' lies after the burn-in \(2 periods\); there is one in late$"),
        ({"arm": "early"}, "no date of 'early' or 'none' lies after the burn-in"),
        ({"arm": "late", "date": 3}, "date = 3 is none of 'late' or 'none' after the burn-in; there is 4 or 5"),
        ({"arm": "lte"}, "no arm .lte. in the results; did you mean 'late'"),
        ({"arm": "late", "against": "non"}, "no arm .non. in the results; did you mean 'none'"),
        ({"arm": "late", "firm": "west"}, "no firm .west. in the results"),
        ({"arm": "late", "kpi": "proft"}, "no KPI .proft. in the results; did you mean 'profit'"),
        ({"arm": "late", "confidence": 95}, r"confidence = 95 is outside \(0, 1\)"),
    ],
)
def test_what_cannot_be_is_refused(made, given, said):
    found = made(ahead, {"none": {}, "late": LATE, "early": {"from": 2, "firms.north.price": 0.8}})
    with pytest.raises(Refusal, match=said):
        found.before_after(**{"kpi": "profit"} | given)


def test_the_sheet_has_the_dates_and_a_table_without_them_is_read_as_none(study):
    sheet = study(arms={"none": {}, "late": LATE, "steps": STEPS}).sheet
    assert sheet.dates == {"late": {"late": (4, 5)}, "steps": {"cheap": (3, None), "dear": (5, None)}}
    assert Sheet.from_dict(sheet.to_dict()) == sheet
    table = {key: value for key, value in sheet.to_dict().items() if key not in ("dates", "periods", "burn_in")}
    assert Sheet.from_dict(table).dates == {}
    assert list(Sheet.from_dict(table).ids) == list(sheet.ids)


def test_a_date_that_a_factor_moves_is_no_date_of_the_arm(study, world):
    own = world.replace({"changes": [{"name": "own", "from": 3, "set": {"firms.east.price": 1.1}}]})
    arms = {"none": {}, "late": LATE}
    assert study(scenario=own, arms=arms, design=grid({"changes.own.from": [2, 3]})).sheet.dates == {
        "late": {"late": (4, 5)}
    }
    valued = study(scenario=own, arms=arms, design=grid({"changes.own.set": [{"firms.east.price": 1.2}]}))
    assert valued.sheet.dates["none"] == {"own": (3, None)}

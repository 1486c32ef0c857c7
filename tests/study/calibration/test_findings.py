"""What a calibration says it found, on a model that is a formula: tables by hand, sentences that are true."""

import numpy as np
import pytest

from abm.study.calibration.targets import Target
from tests.study.formula import BOTH, A, B, found


@pytest.fixture(scope="module")
def clear(world):
    """csi tells a, trust tells b: 4 ± .3 and .5 ± .05; held out is what follows from them."""
    targets = [*BOTH, Target("frequency", 9.0, 0.5, held_out=True, locator="Table 2")]
    return found(world, lambda a, b: (a, b, 2 * a + 2 * b), targets, waves=2)


class TestTables:
    def test_trials(self, clear):
        table = clear.table
        assert list(table.columns) == [
            "trial", "stage", A, B, "loss", "implausibility", "ruled_out", "problem",
            "csi of north", "trust of north", "frequency of north",
        ]  # fmt: skip
        assert table["stage"].tolist() == ["even"] * 16 + ["search"] * 8
        np.testing.assert_array_equal(table["csi of north"], table[A])
        expected = ((table[A] - 4) / 0.1) ** 2 + ((table[B] - 0.5) / (0.05 / 3)) ** 2
        np.testing.assert_allclose(table["loss"], expected)
        np.testing.assert_array_equal(table["ruled_out"], table["implausibility"] > 3)
        assert clear.plausible["trial"].tolist() == table.loc[~table["ruled_out"], "trial"].tolist()

    def test_best_is_the_least_loss_and_makes_the_scenario(self, clear, world):
        row = clear.table.loc[clear.table["loss"].idxmin()]
        assert clear.best == {A: row[A], B: row[B]}
        assert clear.scenario == world.replace(clear.best)
        assert clear.best[A] == pytest.approx(4.0, abs=0.02)

    def test_identified(self, clear):
        rows = clear.identified.set_index("factor")
        assert rows.loc[A, ["low", "high"]].tolist() == pytest.approx([3.7, 4.3], abs=0.02)
        assert rows.loc[B, ["low", "high"]].tolist() == pytest.approx([0.45, 0.55], abs=0.004)
        assert rows.loc[A, ["lowest", "highest"]].tolist() == [0.0, 10.0]
        assert rows["width"].tolist() == pytest.approx([0.06, 0.1], abs=0.005)
        assert rows["verdict"].tolist() == ["identified"] * 2
        assert clear.share == pytest.approx(0.06 * 0.1, rel=0.1)

    def test_region_holds_settings_that_are_not_ruled_out(self, clear):
        assert len(clear.region) > 100
        assert clear.region["implausibility"].max() <= 3
        assert (np.abs(clear.region[A] - 4) < 0.31).all()

    def test_fit(self, clear):
        fit = clear.fit
        assert list(fit.columns) == [
            "target", "kpi", "value", "tolerance", "ours", "low", "high", "z", "met", "held_out", "locator",
        ]  # fmt: skip
        assert fit["held_out"].tolist() == [False, False, True]
        assert fit["locator"].tolist() == ["", "", "Table 2"]
        assert fit["met"].all()
        half = 2.776445 * 0.01  # t with 4 degrees of freedom, standard error .01
        np.testing.assert_allclose(fit["high"] - fit["ours"], half, rtol=1e-5)
        sd = np.sqrt(np.array([0.1, 0.05 / 3, 0.5 / 3]) ** 2 + 1e-4)
        np.testing.assert_allclose(fit["z"], (fit["ours"] - fit["value"]) / sd)

    def test_a_miss_is_a_miss_with_fresh_luck(self, world):
        off = found(world, lambda a, b: (a, b), BOTH, fresh=(4.31, 0.5))
        assert off.fit["met"].tolist() == [False, True]
        assert "With fresh luck it meets 1 of 2 targets (not csi of north 4.31 for 4 ± 0.3)." in off.statement


class TestSentences:
    def test_what_is_left_the_best_and_the_fit(self, clear):
        share, rows = f"{100 * clear.share:.2g} % of the space searched", clear.identified.to_dict("records")
        a, b = (
            f"{row['factor']} = {row['best']:.4g} (identified, {row['low']:.4g} to {row['high']:.4g})" for row in rows
        )
        assert clear.statement == (
            f"{len(clear.plausible)} of 24 settings tried are not ruled out, about {share}. Best: {a}; {b}. "
            "With fresh luck it meets 2 of 2 targets. Held out: 1 of 1 met."
        )
        assert repr(clear) == f"<Calibration of calibration: {clear.statement}>"

    def test_everything_ruled_out(self, world):
        hopeless = found(world, lambda a, b: (a, a), [Target("csi", 2.0, 0.3), Target("trust", 8.0, 0.3)])
        assert hopeless.statement.startswith("All 20 settings tried are ruled out; the closest is 3")
        assert hopeless.identified["verdict"].tolist() == ["ruled out"] * 2
        assert hopeless.identified["low"].isna().all()
        assert hopeless.share == 0.0
        assert hopeless.region.empty
        assert hopeless.tied == []
        a, b = hopeless.best.values()
        assert f" needs a discrepancy. Least loss, though ruled out: {A} = {a:.4g}; {B} = {b:.4g}. With " in (
            hopeless.statement
        )

    def test_too_few_trials_to_get_there(self, world):
        early = found(world, lambda a, b: (a, b), [Target("csi", 5.5, 0.3), Target("trust", 0.2, 0.05)], waves=0)
        assert early.plausible.empty
        share = f"{100 * early.share:.2g} %"
        said = f"All 16 settings tried are ruled out, but about {share} of the space is not; try more settings. "
        a, b = early.best.values()
        said += f"Least loss, though ruled out: {A} = {a:.4g}; {B} = {b:.4g}. Not ruled out by the emulators, and not "
        assert early.statement.startswith(f"{said}tried yet: {A} in ")
        assert early.best_is_ruled_out

    def test_the_least_loss_may_be_ruled_out_where_others_are_not(self, world):
        targets = [Target("csi", 1.0, 3.0), Target("trust", 1.0, 3.0)]  # standard deviations of 1
        found_one = found(world, lambda a, b: (1.0, 4.2) if a < 5 else (3.9, 3.9), targets)
        assert (len(found_one.plausible) > 0, found_one.best[A] < 5) == (True, True)
        assert f"Least loss, though ruled out: {A} = {found_one.best[A]:.4g}" in found_one.statement
        assert f"Not ruled out: {A} in " in found_one.statement

    def test_one_may_be_forgiven(self, world):
        targets = [Target("csi", 2.0, 0.3), Target("trust", 8.0, 0.3)]
        assert not found(world, lambda a, b: (a, a), targets, forgiven=1).plausible.empty

    def test_as_many_factors_as_targets(self, clear, world):
        assert clear.notes[0].startswith("2 factors for 2 targets: a good fit was to be had anyway and shows nothing")
        more = [*BOTH, Target("frequency", 9.0, 0.5)]
        notes = found(world, lambda a, b: (a, b, 2 * a + 2 * b), more).notes
        assert not any("shows nothing" in note for note in notes)
        assert notes[0] == "no target is held out: agreement with what was fitted is no evidence; hold one out"

    def test_factors_that_make_up_for_each_other(self, world):
        tied = found(world, lambda a, b: (a / 10 + b,), [Target("csi", 0.8, 0.05)])
        ((one, other, strength),) = tied.tied
        assert (one, other) == (A, B)
        assert strength < -0.9
        assert any(f"{A} and {B} make up for each other (correlation -" in note for note in tied.notes)

    def test_a_factor_that_does_nothing(self, world):
        idle = found(world, lambda a, b: (a,), [Target("csi", 4.0, 0.3)])
        assert idle.identified["verdict"].tolist() == ["identified", "not identified"]

    @pytest.mark.parametrize(("value", "verdict"), [(0.1, "bounded above"), (9.9, "bounded below")])
    def test_the_end_of_a_range(self, world, value, verdict):
        close = found(world, lambda a, b: (a, b), [Target("csi", value, 0.6), BOTH[1]])
        assert close.identified["verdict"][0] == verdict
        assert any(note.startswith(f"the best {A} lies at an end of its range") for note in close.notes)

    def test_few_close_trials(self, world):
        few = found(world, lambda a, b: (a, b), BOTH)
        assert 0 < len(few.plausible) < 10
        assert any(note.startswith(f"only {len(few.plausible)} trials came so close") for note in few.notes)

    def test_whole_numbers(self, world):
        ranges = {"choice.term": (1, 20), B: (0.0, 1.0)}
        whole = found(world, lambda a, b: (a, b), [Target("csi", 8.0, 1.2), BOTH[1]], ranges, waves=2)
        row = whole.identified.iloc[0]
        assert (row["best"], row["low"], row["high"]) == (8, 7, 9)
        assert type(whole.best["choice.term"]) is int

    def test_trials_with_a_problem(self, world):
        holes = found(world, lambda a, b: (np.nan if a > 8 else a, b), BOTH)
        bad = holes.table["problem"] != ""
        assert bad.any()
        assert holes.table.loc[bad, "ruled_out"].all()
        assert holes.table.loc[bad, "csi of north"].isna().all()
        assert holes.identified["verdict"].tolist() == ["identified"] * 2

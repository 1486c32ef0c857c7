"""Calibration: known parameters are recovered, and the answer does not depend on how the search was carried out."""

import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

import abm
from abm.core.errors import Refusal
from abm.kpis.kpi import kpi
from abm.scenario.scenario import Scenario
from abm.study.calibration.calibrate import FRESH, _Search, calibrate
from abm.study.calibration.implausibility import CUTOFF, implausibility, worst
from abm.study.calibration.journal import FILE
from abm.study.calibration.moments import moments
from abm.study.calibration.plan import planned
from abm.study.calibration.targets import Target
from abm.study.plan.design import Design
from abm.study.running import study_runs
from abm.study.running.interrupts import Interrupted
from abm.study.running.runner import run
from abm.study.running.verify import verify
from abm.study.storage.results import read

pytestmark = pytest.mark.slow

MARKET = Scenario(
    population={"customers": 500}, periods=60, burn_in=8, firms=[{"name": "north"}, {"name": "south"}]
)  # a year is measured
TRUTH = {"switching_cost.switching_weight": 2.5, "firms.north.service.quality": 0.8}
RANGES = {"switching_cost.switching_weight": (0.0, 6.0), "firms.north.service.quality": (0.5, 0.95)}
KPIS = ("repeat_rate", "csi", "market_share", "frequency", "trust")
SMALL = {"factors": {"switching_cost.switching_weight": (0, 6), "trust.growth": None}, "trials": 26, "replications": 2}
TARGETS = {"csi": (72, 1), "trust": (0.51, 0.02)}


def observed(scenario, held_out=("trust",), seed=99, market=0):
    """Return the KPIs of one market as targets, with three standard deviations between markets as tolerance."""
    study = abm.Experiment(name="truth", scenario=scenario, replications=8, seed=seed, kpis=KPIS)
    rows = run(study, workers=1).runs
    rows = rows[rows["firm"] == "north"]
    return [
        Target(name, float(rows[name].iloc[market]), 3 * float(rows[name].std()), held_out=name in held_out)
        for name in KPIS
    ]


@pytest.fixture(scope="module")
def recovered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibration")
    targets = observed(MARKET.replace(TRUTH))
    return calibrate(MARKET, RANGES, targets, replications=4, trials=28, store=folder, workers=1), folder


@pytest.fixture(scope="module")
def finished(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    return calibrate(world, targets=TARGETS, store=folder, workers=1, **SMALL), folder


@pytest.fixture
def undisturbed(finished):
    return finished[0]


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of the folder of a finished calibration."""
    return Path(shutil.copytree(finished[1], tmp_path / "copy"))


def same(one, other):
    """Whether two calibrations are equal to the last bit."""
    tables = ("table", "fit", "identified", "region")
    return one.trials == other.trials and all(getattr(one, name).equals(getattr(other, name)) for name in tables)


class TestRecovery:
    def test_the_truth_lies_in_the_stated_intervals(self, recovered):
        found, _ = recovered
        for row in found.identified.itertuples():
            assert row.low <= TRUTH[row.factor] <= row.high
            assert row.low <= row.best <= row.high
            assert row.verdict == "identified"
        assert found.share < 0.05

    def test_the_best_is_close(self, recovered):
        best = recovered[0].best
        assert best["switching_cost.switching_weight"] == pytest.approx(2.5, abs=1.0)
        assert best["firms.north.service.quality"] == pytest.approx(0.8, abs=0.02)
        assert recovered[0].scenario == MARKET.replace(best)

    def test_the_truth_is_not_ruled_out_and_the_far_corner_is(self, recovered):
        found, _ = recovered
        corner = {"switching_cost.switching_weight": 6.0, "firms.north.service.quality": 0.5}
        points = run(found.study.replace(design=Design.from_rows([TRUTH, corner])), workers=1)
        fitted = [target for target in found.targets if not target.held_out]
        asked = moments(points, fitted, [0, 1])
        truth, far = worst(implausibility(asked.mean, asked.variance, fitted), 0)
        assert truth <= CUTOFF < far
        assert found.table.loc[found.table["firms.north.service.quality"] < 0.7, "ruled_out"].all()
        inside = found.region["firms.north.service.quality"]
        assert ((inside > 0.75) & (inside < 0.85)).all()

    def test_targets_are_met_with_luck_that_the_settings_were_not_chosen_by(self, recovered):
        found, folder = recovered
        assert found.fit["met"].all()
        assert found.fit["held_out"].tolist() == [False] * 4 + [True]
        fresh = read(folder / FRESH)
        assert fresh.sheet.seed != found.study.seed
        ours = fresh.runs.loc[fresh.runs["firm"] == "north", "csi"].mean()
        assert found.fit.loc[found.fit["kpi"] == "csi", "ours"].item() == pytest.approx(ours)

    def test_the_folder_says_what_its_runs_are(self, recovered):
        found, folder = recovered
        results = read(folder)
        assert (results.missing, results.strangers, len(results.failed)) == (0, 0, 0)
        assert len(results.sheet) == 28 * 4
        assert [*results.sheet.design.points] == [trial.settings for trial in found.trials]
        assert verify(folder, 2).ok


class TestTheSameAnswer:
    @pytest.mark.endurance
    def test_interrupted_and_resumed(self, world, undisturbed, tmp_path):
        for stop in (3, 17, 35, 49):  # evenly spread, in the first batch and the second; in the search, in both batches

            def interrupt(done, total, failed, left, stop=stop):
                assert total == 52
                if done >= stop:
                    raise KeyboardInterrupt

            with pytest.raises(Interrupted) as raised:
                calibrate(world, targets=TARGETS, store=tmp_path, workers=1, progress=interrupt, **SMALL)
            assert stop <= raised.value.done < 52
            assert raised.value.total == 52
        assert same(calibrate(world, targets=TARGETS, store=tmp_path, workers=1, **SMALL), undisturbed)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_interrupted_between_runs(self, world, monkeypatch, number):
        monkeypatch.setattr(
            "abm.study.calibration.calibrate.propose", lambda *_: os.kill(os.getpid(), number) or time.sleep(5)
        )
        with pytest.raises(Interrupted) as raised:
            calibrate(world, targets=TARGETS, workers=1, **SMALL)
        assert (raised.value.done, raised.value.total, raised.value.exit_code) == (32, 52, 128 + number)
        assert len(raised.value.results.runs) > 0

    def test_with_a_journal_that_was_cut_or_lost(self, world, undisturbed, folder, monkeypatch):
        done = []
        recorded = study_runs.RunExecutor.outcome
        monkeypatch.setattr(study_runs.RunExecutor, "outcome", lambda self, k: (done.append(k), recorded(self, k))[1])
        (folder / FILE).write_bytes((folder / FILE).read_bytes()[:9000])
        assert same(calibrate(world, targets=TARGETS, store=folder, workers=1, **SMALL), undisturbed)
        (folder / FILE).unlink()
        assert same(calibrate(world, targets=TARGETS, store=folder, workers=1, **SMALL), undisturbed)
        assert done == []  # all runs were stored

    def test_in_two_goes(self, world, undisturbed, tmp_path):
        first = calibrate(world, targets=TARGETS, store=tmp_path, workers=1, **SMALL | {"trials": 19})
        assert first.trials == undisturbed.trials[:19]
        assert same(calibrate(world, targets=TARGETS, store=tmp_path, workers=1, **SMALL), undisturbed)

    def test_with_two_workers(self, world, undisturbed):
        found = calibrate(world, targets=TARGETS, workers=2, **SMALL | {"trials": 8})
        assert found.trials == undisturbed.trials[:8]

    def test_a_finished_one_runs_nothing(self, world, undisturbed, folder, monkeypatch):
        monkeypatch.setattr(study_runs.RunExecutor, "batch", lambda *_: pytest.fail("ran"))
        reports = []
        found = calibrate(
            world, targets=TARGETS, store=folder, workers=1, progress=lambda *numbers: reports.append(numbers), **SMALL
        )
        assert same(found, undisturbed)
        assert reports == [(52, 52, 0, 0.0)]


class TestOtherCalibrationsInTheFolder:
    def test_do_not_mix(self, world, folder):
        few, other = SMALL | {"trials": 18}, {"csi": (80, 1), "trust": (0.51, 0.02)}
        mixed = calibrate(world, targets=other, store=folder, workers=1, **few)
        assert same(mixed, calibrate(world, targets=other, workers=1, **few))

    @pytest.mark.parametrize(
        "change",
        [
            {"targets": {"csi": (72, 1.1), "trust": (0.51, 0.02)}},
            {"targets": [Target("csi", 72, 1, weight=2.0), Target("trust", 0.51, 0.02)]},
            {"targets": [Target("csi", 72, 1), Target("trust", 0.51, 0.02, held_out=True)]},
            {"seed": 5},
            {"replications": 3},
            {"factors": {"switching_cost.switching_weight": (0, 5), "trust.growth": None}},
            {"forgiven": 1},
        ],
    )
    def test_what_decides_the_trials_is_in_the_name(self, world, change):
        asked = SMALL | {"targets": TARGETS}
        names = [_Search(planned(world, **options), None, {}, None)._name() for options in (asked, asked | change)]
        assert names[0] != names[1]
        more = _Search(planned(world, **asked | {"trials": 90}), None, {}, None)
        assert more._name() == names[0]


def fragile(world, most_trust):
    """Return an experiment whose KPI has a value only where trust is low."""

    @kpi(unit="0-100")
    def csi_of_few(c):
        """CSI, where trust is low."""
        return np.where(c.trust_sum / c.visits < most_trust, 100 * c.satisfaction_sum / c.visits, np.nan)

    return abm.Experiment(name="fragile", scenario=world, replications=2, kpis=(csi_of_few,))


class TestProblems:
    def test_settings_without_a_value_are_worse_than_any(self, world):
        found = calibrate(fragile(world, 0.62), {"trust.growth": None}, {"csi_of_few": (72, 2)}, trials=24, workers=1)
        bad = found.table[found.table["problem"] != ""]
        assert 0 < len(bad) < 16
        assert set(bad["problem"]) == {"no value for csi_of_few of north"}
        assert np.isinf(bad["loss"]).all()
        assert bad["ruled_out"].all()
        assert bad["csi_of_few of north"].isna().all()
        assert found.best_trial.problem == ""

    def test_too_few_values_to_learn_from(self, world, tmp_path):
        for _ in range(2):  # the second time all is in the journal
            with pytest.raises(Refusal, match=r"^[1-5] of 18 trials gave .*; the first problem: no value for csi_of_"):
                calibrate(
                    fragile(world, 0.55), {"trust.growth": None}, {"csi_of_few": (72, 2)}, trials=18, store=tmp_path,
                    workers=1,
                )  # fmt: skip

    def test_runs_that_fail_everywhere_end_it_with_the_first_error(self, world, own):
        broken = world.adding(own.Fragile(in_replication=1))
        with pytest.raises(Refusal, match=r"^0 of 16 trials gave .*: RuntimeError: broke in replication 1"):
            calibrate(broken, targets=TARGETS, workers=1, **SMALL)

    def test_a_folder_that_cannot_be_written(self, world, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(Refusal, match="cannot be written"):
            calibrate(world, targets=TARGETS, store=tmp_path / "file" / "out", workers=1, **SMALL)

    def test_few_whole_numbers_are_tried_again_and_again(self, world):
        found = calibrate(world, {"choice.term": (1, 3)}, {"csi": (72, 50)}, replications=2, trials=20, workers=1)
        assert set(found.table["choice.term"]) == {1, 2, 3}
        assert len(found.table) == 20
        assert found.identified["verdict"].item() == "not identified"
        assert (found.identified["low"].item(), found.identified["high"].item()) == (1, 3)


KILLED = """
    import sys
    from abm.scenario.scenario import Scenario
    from abm.study.calibration.calibrate import calibrate
    from own_theories import Slow

    world = Scenario(population={"customers": 60}, periods=6, burn_in=2).adding(Slow(seconds=0.003))

    if __name__ == "__main__":
        found = calibrate(
            world, {"switching_cost.switching_weight": (0, 6), "trust.growth": None},
            {"csi": (72, 1), "trust": (0.51, 0.02)},
            trials=40, replications=2, store=sys.argv[1], workers=1,
            progress=lambda done, *_: print(done, flush=True),
        )
        print("loss", repr(found.table["loss"].tolist()))
"""


@pytest.mark.endurance
class TestEndurance:
    def test_killed_again_and_again(self, own, start, tmp_path):
        """SIGKILL at twenty moments: the same losses to the last digit, and no lock to remove."""
        reference = start(KILLED, tmp_path / "reference").communicate(timeout=600)[0].splitlines()[-1]
        pauses = np.random.default_rng(7).uniform(0.0, 0.6, 20)
        for pause in pauses:
            process = start(KILLED, tmp_path / "killed")
            for line in process.stdout:
                if line.strip().isdigit() and int(line) >= 1:
                    break
            time.sleep(pause)
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        again = start(KILLED, tmp_path / "killed").communicate(timeout=600)[0].splitlines()[-1]
        assert reference.startswith("loss")
        assert again == reference

    def test_intervals_cover_the_truth_of_twenty_markets(self):
        """Three parameters, twenty markets drawn from the truth: the stated intervals hold it in at least nineteen."""
        truth = TRUTH | {"encounter.loss": 0.6}
        ranges = RANGES | {"encounter.loss": (0.0, 2.0)}
        covered, ruled_out = 0, 0
        for number in range(20):
            targets = observed(MARKET.replace(truth), held_out=(), seed=500 + number)
            found = calibrate(MARKET, ranges, targets, replications=4, trials=48, seed=number, workers=1)
            rows = found.identified.set_index("factor")
            covered += all(rows.loc[path, "low"] <= value <= rows.loc[path, "high"] for path, value in truth.items())
            ruled_out += found.plausible.empty
        assert covered >= 19
        assert ruled_out <= 1

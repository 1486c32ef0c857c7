"""The runner: the same numbers however a study is run, resumed, interrupted or killed."""

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.engine.recording import simulate
from abm.kpis.kpi import kpi
from abm.study.provenance import files, versions
from abm.study.running import study_runs
from abm.study.running.interrupts import Interrupted
from abm.study.running.parallelism import Parallelism
from abm.study.running.runner import run
from abm.study.running.starting_pool import StartingPool
from abm.study.running.work import RunExecutor
from abm.study.storage import compact as compaction
from abm.study.storage import manifest, segment
from abm.study.storage.compact import MANY
from abm.study.storage.results import Results, read
from abm.study.storage.segment import encode
from abm.study.storage.store import Segments, Store

STUDY = """
    import sys, warnings
    import abm.study.running.runner as runner
    import abm.study.running.study_runs as study_runs
    from abm.scenario.scenario import Scenario
    from abm.study.plan.experiment import Experiment
    from abm.study.running.interrupts import Interrupted
    from own_theories import Slow

    EXPERIMENT = Experiment(
        name="killed",
        scenario=Scenario(population={"customers": 60}, periods=6).adding(Slow(seconds=0.004)),
        arms={"none": {}, "cheap": {"firms.north.price": 0.9}},
        replications=40,
        kpis=("profit", "csi"),
    )

    def show(done, total, failed, left):
        print(done, flush=True)

    if __name__ == "__main__":
        folder, workers = sys.argv[1], int(sys.argv[2])
        study_runs.BATCH_SECONDS = 0.2
        try:
            results = runner.run(EXPERIMENT, folder, workers=workers, progress=show)
            print("digest", results.canonical(), results.missing)
        except Interrupted as stop:
            print("stopped", stop.done, stop.total, stop.exit_code)
            sys.exit(stop.exit_code)
"""


class StartedAtOnce(StartingPool):
    """A pool that has started before anything else goes on."""

    def __init__(self, start):
        super().__init__(start)
        with contextlib.suppress(Refusal):
            self.pool()


def started(process, runs):
    """Wait until a script has done some runs."""
    for line in process.stdout:
        if line.strip().isdigit() and int(line) >= runs:
            return
    raise AssertionError(process.stderr.read())


def last_line(process):
    out, err = process.communicate(timeout=120)
    assert out.strip(), err
    return out.strip().splitlines()[-1].split()


class TestTheSameNumbers:
    @pytest.mark.slow
    def test_whatever_the_workers_batches_and_folders(self, crossed, tmp_path, monkeypatch):
        alone = run(crossed, workers=1)
        digests = {alone.canonical()}
        digests.add(run(crossed, tmp_path / "one", workers=1).canonical())
        digests.add(run(crossed, tmp_path / "two", workers=2).canonical())
        digests.add(run(crossed, workers=2, threads=2).canonical())
        monkeypatch.setattr(study_runs, "BATCH_SECONDS", 1e-9)
        digests.add(run(crossed, tmp_path / "tiny", workers=1).canonical())
        assert len(digests) == 1
        assert len(Store(tmp_path / "tiny").names()) > len(Store(tmp_path / "one").names())
        assert len(alone.runs) == len(crossed) * 3

    def test_in_any_order(self, crossed):
        shuffled = sorted(range(len(crossed)), key=lambda index: (index * 7919) % 1009)
        keeper = Segments()
        for half in (shuffled[::2], shuffled[1::2]):
            RunExecutor(crossed).batch(half, keeper)
        assert shuffled != sorted(shuffled)
        assert Results(crossed.sheet, keeper).canonical() == run(crossed, workers=1).canonical()

    def test_as_simulating_one_run(self, crossed):
        table = run(crossed, workers=1).periods
        one = table[(table["arm"] == "cheap") & (table["point"] == 2) & (table["replication"] == 1)]
        expected = simulate(crossed.scenario_of("cheap", 2), crossed.seed, 1, crossed.kpis)
        for name in ("profit", "csi"):
            np.testing.assert_array_equal(one[name], expected[name])

    def test_a_twin_arm_has_the_same_luck(self, study):
        results = run(study(arms={"none": {}, "twin": {}}), workers=1)
        for name in ("profit", "csi", "share_of_wallet"):
            difference = results.paired(name, "twin")
            assert (difference.low, difference.high, difference.pairs) == (0.0, 0.0, 3)


class TestResuming:
    def test_stored_runs_are_skipped(self, study, tmp_path, monkeypatch):
        run(study(replications=2), tmp_path, workers=1)
        done = []
        recorded = study_runs.RunExecutor.outcome
        monkeypatch.setattr(study_runs.RunExecutor, "outcome", lambda self, i: (done.append(i), recorded(self, i))[1])
        results = run(study(replications=3), tmp_path, workers=1)
        assert done == [4, 5]
        assert results.canonical() == run(study(replications=3), workers=1).canonical()

    def test_a_finished_study_starts_nothing_and_reads_no_rows(self, study, tmp_path, monkeypatch):
        run(study(), tmp_path, workers=1)

        def never(*arguments, **options):
            raise AssertionError("called")

        monkeypatch.setattr(Store, "rows", never)
        monkeypatch.setattr(study_runs, "Pool", never)
        monkeypatch.setattr(study_runs.RunExecutor, "batch", never)
        reports = []
        run(study(), tmp_path, workers=2, progress=lambda *numbers: reports.append(numbers))
        assert reports == [(6, 6, 0, 0.0)]

    def test_another_experiment_in_the_same_folder_mixes_nothing(self, study, tmp_path):
        first = run(study(), tmp_path, workers=1).canonical()
        other = run(study(seed=8), tmp_path, workers=1)
        assert other.strangers == 6
        assert other.canonical() == run(study(seed=8), workers=1).canonical() != first
        assert read(tmp_path).sheet.seed == 8
        again = run(study(), tmp_path, workers=1)
        assert again.canonical() == first
        assert read(tmp_path).canonical() == first

    def test_damaged_segments_are_done_again(self, study, tmp_path):
        before = run(study(), tmp_path, workers=1).canonical()
        path = next((tmp_path / "segments").glob("*.parquet"))
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        with pytest.warns(UserWarning, match=path.stem):
            assert read(tmp_path).missing > 0
        with pytest.warns(UserWarning, match="damaged segments, their runs are done again"):
            assert run(study(), tmp_path, workers=1).canonical() == before
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert read(tmp_path).canonical() == before

    def test_failed_runs_are_rows_and_are_tried_again(self, study, world, own, tmp_path):
        experiment = study(scenario=world.adding(own.Fragile(in_replication=1)))
        reports = []
        results = run(experiment, tmp_path, workers=2, progress=lambda *numbers: reports.append(numbers[:3]))
        assert reports[-1] == (6, 6, 2)
        assert list(results.failed["error"]) == ["RuntimeError"] * 2
        assert results.missing == 0
        again = []
        run(experiment, tmp_path, workers=1, progress=lambda *numbers: again.append(numbers[:3]))
        assert (again[0], again[-1]) == ((4, 6, 0), (6, 6, 2))
        assert read(tmp_path).canonical() == results.canonical()

    def test_other_versions_are_said(self, study, tmp_path, monkeypatch):
        run(study(replications=2), tmp_path, workers=1)
        now = versions.versions() | {"numpy": "9.9"}
        monkeypatch.setattr(versions, "versions", lambda: now)
        with pytest.warns(UserWarning, match=r"some stored runs were made with numpy .* \(now 9\.9\)"):
            run(study(), tmp_path, workers=1)

    def test_many_small_segments_are_compacted(self, study, tmp_path, monkeypatch):
        monkeypatch.setattr(study_runs, "BATCH_SECONDS", 1e-9)
        results = run(study(replications=40), tmp_path, workers=1)
        assert len(Store(tmp_path).names()) == 40 - MANY + 1
        assert results.canonical() == run(study(replications=40), workers=1).canonical()

    def test_segments_are_compacted_while_runs_go_on(self, study, tmp_path, monkeypatch):
        monkeypatch.setattr(study_runs, "BATCH_SECONDS", 1e-9)
        monkeypatch.setattr(study_runs, "MANY", 5)
        monkeypatch.setattr(compaction, "MANY", 5)
        monkeypatch.setattr(study_runs, "compact", lambda store: compaction.compact(store, 5))
        most = []
        run(study(replications=40), tmp_path, 1, progress=lambda *_: most.append(len(Store(tmp_path).names())))
        assert len(most) == 41
        assert max(most) <= 2 * 5, "two sizes of segments, fewer than five of each but for a moment"

    def test_a_finished_study_may_be_an_archive_that_cannot_be_written(self, study, tmp_path, monkeypatch):
        before = run(study(), tmp_path, workers=1).canonical()
        monkeypatch.setattr(files.os, "fsync", None)  # whatever is written is flushed
        monkeypatch.setattr(manifest, "versions", lambda: {"python": "4.0"})
        assert run(study(), tmp_path, workers=1).canonical() == before

    def test_a_folder_of_another_format_is_left_alone(self, study, tmp_path, monkeypatch):
        monkeypatch.setattr(segment, "FORMAT", 1)
        run(study(), tmp_path, workers=1)
        monkeypatch.undo()
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        with pytest.raises(Refusal, match=r"parquet: has format 1, and this version reads 2; choose another folder"):
            run(study(), tmp_path, workers=1)
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


class TestWorkersThatDie:
    @pytest.mark.slow
    def test_the_guilty_run_is_found_and_the_others_are_done(self, study, world, own, tmp_path):
        experiment = study(scenario=world.adding(own.Deadly(in_replication=1)), arms={}, replications=4)
        results = run(experiment, tmp_path, workers=2)
        assert list(results.failed[["replication", "error"]].itertuples(index=False, name=None)) == [(1, "WorkerDied")]
        assert results.missing == 0
        innocent = study(arms={}, replications=4, scenario=world.adding(own.Deadly()))
        expected = run(innocent, workers=1).runs
        found = results.runs[results.runs["status"] == "done"]
        assert list(found["profit"]) == list(expected[expected["replication"] != 1]["profit"])


class TestBatches:
    def runs(self, experiment, workers=1, seconds=0.0, left=None):
        pending = np.arange(len(experiment)) if left is None else np.array(left)
        runs = study_runs.StudyRuns(experiment, None, Parallelism(workers, 1), pending, len(experiment), None)
        runs._seconds_per_run = seconds
        return runs

    def test_arms_of_a_point_stay_together(self, crossed):
        runs = self.runs(crossed, seconds=0.4)  # two or three runs a second; two arms
        sizes = []
        while len(runs._left):
            sizes.append(len(runs._next_batch()))
        assert sizes == [2] * 12

    def test_whole_replications_stay_together(self, crossed):
        runs = self.runs(crossed, seconds=0.1)  # ten runs a second; eight a replication
        assert [list(runs._next_batch()), list(runs._next_batch())] == [list(range(16)), list(range(16, 24))]

    def test_what_is_left_is_shared_out(self, crossed):
        runs = self.runs(crossed, workers=2, seconds=0.001)
        assert len(runs._next_batch()) == 6  # a quarter of 24: two workers, and again as much later

    def test_fewer_runs_than_workers_are_split_arm_by_arm(self, study):
        runs = self.runs(study(replications=1), workers=8)
        assert [list(runs._next_batch()), list(runs._next_batch())] == [[0], [1]]

    def test_gaps_are_no_matter(self, crossed):
        runs = self.runs(crossed, seconds=0.4, left=[1, 2, 9, 10, 11])
        assert [list(runs._next_batch()), list(runs._next_batch())] == [[1, 2], [9, 10, 11]]


class TestChoices:
    def test_a_short_study_starts_no_processes(self, study, monkeypatch):
        monkeypatch.setattr(study_runs, "Pool", None)
        monkeypatch.setattr("abm.study.running.parallelism.processors", lambda: 8)
        assert run(study()).missing == 0

    def test_loading_the_kernels_does_not_count_as_work(self, study, monkeypatch):
        recorded, calls = study_runs.RunExecutor.outcome, []

        def outcome(self, index):
            calls.append(index)
            if len(calls) <= 2:
                time.sleep(0.4)
            return recorded(self, index)

        monkeypatch.setattr(study_runs.RunExecutor, "outcome", outcome)
        monkeypatch.setattr(
            study_runs, "WORTH_WORKERS", 15.0
        )  # at the pace of the first runs there would be 20 s to go
        monkeypatch.setattr(study_runs, "Pool", None)
        monkeypatch.setattr("abm.study.running.parallelism.processors", lambda: 8)
        assert run(study(replications=30)).missing == 0

    @pytest.fixture
    def eager(self, monkeypatch):
        """Let worker processes seem to pay at once."""
        monkeypatch.setattr("abm.study.running.parallelism.processors", lambda: 2)
        monkeypatch.setattr(study_runs, "TRIAL_SECONDS", 0.0)
        monkeypatch.setattr(study_runs, "WORTH_WORKERS", 0.0)
        monkeypatch.setattr(study_runs, "BATCH_SECONDS", 1e-9)

    @pytest.mark.slow
    def test_a_long_one_goes_on_in_worker_processes(self, study, monkeypatch, eager):
        used = []
        made = study_runs.Pool
        monkeypatch.setattr(study_runs, "StartingPool", StartedAtOnce)
        monkeypatch.setattr(study_runs, "Pool", lambda *arguments: used.append(made(*arguments)) or used[-1])
        give = made.give
        monkeypatch.setattr(made, "give", lambda pool, batch: used.append(batch) or give(pool, batch))
        results = run(study())
        assert len(used) > 1  # a pool, and batches for it
        assert results.canonical() == run(study(), workers=1).canonical()

    @pytest.fixture
    def first_run(self, monkeypatch):
        """Stop at the first run, and list what had been started before it."""
        started = []

        def outcome(self, index):
            raise KeyboardInterrupt

        def start(*arguments):
            started.append("workers")
            raise Refusal("no pool here")

        monkeypatch.setattr("abm.study.running.parallelism.processors", lambda: 2)
        monkeypatch.setattr(study_runs, "start_server", lambda: started.append("server"))
        monkeypatch.setattr(study_runs, "Pool", start)
        monkeypatch.setattr(study_runs, "StartingPool", StartedAtOnce)
        monkeypatch.setattr(study_runs.RunExecutor, "outcome", outcome)
        return started

    @pytest.mark.parametrize(("hours", "first"), [(8.0, ["workers"]), (0.0, [])])
    def test_for_much_work_workers_start_before_the_first_run(self, study, monkeypatch, first_run, hours, first):
        monkeypatch.setattr(study_runs, "seconds_in_one_process", lambda experiment, runs: hours * 3600.0)
        monkeypatch.setattr(study_runs, "compiled", lambda experiment: True)
        with pytest.raises(Refusal if first else Interrupted):
            run(study())
        assert first_run == first

    @pytest.mark.parametrize(("workers", "first"), [(None, ["server"]), (1, [])])
    def test_their_server_compiles_the_other_half(self, study, monkeypatch, first_run, workers, first):
        """No worker starts yet: it would run the caller's script again, which needs no guard if there are few runs."""
        monkeypatch.setattr(study_runs, "compiled", lambda experiment: False)
        with pytest.raises(Interrupted):
            run(study(), workers=workers)
        assert first_run == first

    @pytest.mark.slow
    def test_while_worker_processes_load_the_runs_go_on_here(self, study, monkeypatch, eager):
        asked, loaded, closed = threading.Event(), threading.Event(), threading.Event()

        def pool(*arguments):
            asked.set()
            loaded.wait()
            return SimpleNamespace(close=closed.set)

        monkeypatch.setattr(study_runs, "Pool", pool)
        assert run(study(replications=30)).missing == 0
        assert asked.wait(5.0)
        loaded.set()
        assert closed.wait(5.0)

    def test_what_cannot_be_sent_is_run_here_unless_workers_were_asked_for(self, study, monkeypatch):
        def local(tallied):
            """Profit."""
            return tallied.revenue

        experiment = study(kpis=(kpi(unit="cu")(local),))
        monkeypatch.setattr("abm.study.running.parallelism.processors", lambda: 2)
        monkeypatch.setattr("abm.study.running.parallelism.SMALL_RUN", 0)
        with pytest.warns(UserWarning, match="runs in this process only"):
            assert run(experiment).missing == 0
        with pytest.raises(Refusal, match="cannot be sent to worker processes"):
            run(experiment, workers=2)

    def test_a_folder_that_cannot_be_written_is_refused_before_anything_runs(self, study, tmp_path, monkeypatch):
        (tmp_path / "file").touch()
        monkeypatch.setattr(study_runs.RunExecutor, "outcome", None)
        with pytest.raises(Refusal, match="cannot be written"):
            run(study(), tmp_path / "file", workers=1)

    @pytest.mark.parametrize("name", ["manifest.toml", "inputs/graph.txt"])
    def test_files_of_the_users_own_stay(self, study, tmp_path, name):
        mine = tmp_path / "mine" / name
        mine.parent.mkdir(parents=True)
        mine.write_text("mine")
        with pytest.raises(Refusal, match=r"store = .*mine is no results folder, and its \S+ would be written over;"):
            run(study(), tmp_path / "mine", workers=1)
        assert [path for path in (tmp_path / "mine").rglob("*") if path.is_file()] == [mine]
        assert mine.read_text() == "mine"

    def test_progress_goes_from_what_is_stored_to_all(self, study, tmp_path):
        run(study(replications=1), tmp_path, workers=1)
        reports = []
        run(study(), tmp_path, workers=1, progress=lambda *numbers: reports.append(numbers))
        assert reports[0][:3] == (2, 6, 0)
        assert np.isnan(reports[0][3])
        assert reports[-1] == (6, 6, 0, 0.0)
        assert [numbers[0] for numbers in reports] == sorted(numbers[0] for numbers in reports)


class TestInterrupts:
    @pytest.fixture
    def interrupted(self, monkeypatch):
        """Let Ctrl-C come in the run after so many."""

        def after(runs):
            recorded, done = study_runs.RunExecutor.outcome, []

            def outcome(self, index):
                if len(done) == runs:
                    raise KeyboardInterrupt
                done.append(index)
                return recorded(self, index)

            monkeypatch.setattr(study_runs.RunExecutor, "outcome", outcome)

        return after

    @pytest.mark.slow
    def test_what_is_said_to_be_stored_is_stored(self, study, tmp_path, monkeypatch, interrupted):
        interrupted(4)
        monkeypatch.setattr(study_runs.StudyRuns, "_next_batch", lambda runs: np.arange(6))
        with pytest.raises(Interrupted) as stop:
            run(study(), tmp_path, workers=1)
        assert stop.value.done == 4 == 6 - read(tmp_path).missing

    @pytest.mark.slow
    def test_ctrl_c_keeps_what_is_done(self, study, tmp_path, monkeypatch, interrupted):
        interrupted(3)
        with pytest.raises(Interrupted) as stop:
            run(study(), tmp_path, workers=1)
        assert stop.value.exit_code == 130
        assert len(stop.value.results.runs) == 3 * 3
        monkeypatch.undo()
        assert read(tmp_path).missing == 3
        assert run(study(), tmp_path, workers=1).canonical() == run(study(), workers=1).canonical()

    def test_sigterm_is_given_back_as_it_was(self, study):
        before = signal.getsignal(signal.SIGTERM)
        run(study(), workers=1)
        assert signal.getsignal(signal.SIGTERM) == before

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.endurance)]
    )
    def test_a_stopped_study_keeps_all_that_was_done(self, own, start, tmp_path, number, code):
        folder = tmp_path / "results"
        process = start(STUDY, folder, 2)
        started(process, 6)
        os.killpg(process.pid, number)
        stopped = last_line(process)
        assert process.returncode == code
        assert (stopped[0], stopped[2], stopped[3]) == ("stopped", "80", str(code))
        stored = 80 - read(folder).missing
        assert 6 <= stored < 80
        assert stored == int(stopped[1]), "what a worker had finished is counted"


@pytest.mark.slow
def test_killed_half_way_no_worker_is_left_and_the_same_command_goes_on(own, start, tmp_path):
    """The parent alone is killed; tests/endurance/test_kill.py kills all at once, at any moment."""
    folder = tmp_path / "results"
    process = start(STUDY, folder, 2)
    started(process, 20)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while _members(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _members(process.pid)
    assert 0 < read(folder).missing <= 60
    experiment = importlib.import_module("script").EXPERIMENT
    continued = run(experiment, folder, workers=1)
    assert continued.missing == 0
    quick = experiment.replace(scenario=experiment.scenario.replace({"slow.seconds": 0.0}))
    assert continued.canonical() == run(quick, workers=1).canonical()


def _members(group):
    """Return the living processes of a process group."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] != "Z":
                found.append(int(entry))
    return found


@pytest.mark.slow
def test_a_script_without_a_guard_is_refused_with_advice_and_does_not_hang(start, tmp_path):
    process = start(
        """
        from abm.scenario.scenario import Scenario
        from abm.study.plan.experiment import Experiment
        from abm.study.running.runner import run

        run(Experiment(name="x", scenario=Scenario(population={"customers": 20}, periods=2)), workers=2)
        """
    )
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert '__name__ == "__main__"' in err.strip().splitlines()[-1]


@pytest.mark.slow
@pytest.mark.endurance
def test_two_at_work_in_one_folder_store_twins_and_lose_nothing(study, tmp_path, monkeypatch):
    monkeypatch.setattr(study_runs, "BATCH_SECONDS", 1e-9)
    monkeypatch.setattr(study_runs, "MANY", 3)
    monkeypatch.setattr(study_runs, "compact", lambda store: compaction.compact(store, 3))
    experiment = study(replications=40)
    expected = run(experiment, workers=1).canonical()
    found = []
    both = [threading.Thread(target=lambda: found.append(run(experiment, tmp_path, 1).canonical())) for _ in "ab"]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert found == [expected, expected]
    assert len(read(tmp_path).runs) == 80 * 3


@pytest.mark.slow
@pytest.mark.endurance
def test_at_a_prompt_there_is_no_guard_to_write(tmp_path):
    """Nor in a notebook: what runs has no file that a worker process could load."""
    lines = """
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment
from abm.study.running.runner import run
world = Scenario(population={"customers": 20}, periods=2)
experiment = Experiment(name="typed", scenario=world, replications=4)
print(run(experiment, workers=2).canonical() == run(experiment, workers=1).canonical())
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ended = subprocess.run(
        [sys.executable, "-i"], input=lines, capture_output=True, text=True, env=environment, timeout=120, check=False
    )
    assert ended.stdout.split() == ["True"], ended.stderr


def test_results_of_an_unfinished_study_can_be_read(study, tmp_path, outcome):
    store = Store(tmp_path)
    experiment = study()
    run(experiment, tmp_path, workers=1)
    for name in store.names():
        store.remove([name])
    store.commit(encode([outcome(experiment.sheet, 2)], experiment.sheet.kpis))
    results = read(tmp_path)
    assert (results.missing, len(results.runs)) == (5, 2)
    assert results.table()["pairs"].max() == 1


@pytest.mark.slow
def test_a_run_whose_worker_was_ended_from_outside_is_done_again_by_the_same_call(study, world, own, tmp_path):
    """Ended once each, as where all workers together had filled the memory."""
    (tmp_path / "marks").mkdir()
    experiment = study(scenario=world.adding(own.Unlucky(folder=str(tmp_path / "marks"))), arms={}, replications=3)
    results = run(experiment, workers=2)
    assert (len(results.failed), results.missing) == (0, 0)


WRONG = """
import abm

@abm.kpi(unit="cu")
def one_number(tallied):
    return tallied.revenue.sum()

@abm.reading(unit="1")
def one_reading(world):
    return 1.0
"""


@pytest.mark.parametrize("name", ["one_number", "one_reading"])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_measure_of_the_wrong_shape_ends_the_study_at_its_first_run(study, name, workers, tmp_path, monkeypatch):
    (tmp_path / "wrong_measures.py").write_text(WRONG)
    monkeypatch.syspath_prepend(str(tmp_path))
    measure = getattr(importlib.import_module("wrong_measures"), name)
    with pytest.raises(Refusal, match=f"'{name}' returned .* one number a firm"):
        run(study(kpis=(measure,)), workers=workers)

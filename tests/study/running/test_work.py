"""Batches of runs: what is stored of them, whatever happens in the middle."""

import inspect

import numpy as np
import pytest

from abm.engine import engine, recording
from abm.study.running import work
from abm.study.running.work import RunExecutor
from abm.study.storage.store import Segments


def test_an_outcome_is_what_the_engine_recorded(crossed):
    run = crossed.sheet.run(7)
    outcome = RunExecutor(crossed).outcome(7)
    record = recording.record(crossed.scenario_of(run.arm, run.point), run.seed, run.replication)
    assert outcome.run == run
    assert outcome.settings == crossed.sheet.settings(run.point)
    np.testing.assert_array_equal(outcome.summary, record.summary(crossed.kpis))
    np.testing.assert_array_equal(outcome.by_period, record.by_period(crossed.kpis))
    assert outcome.by_period.shape == (6, 3, len(crossed.kpis))


def test_worlds_are_used_again_and_nothing_is_left_over_in_them(crossed, monkeypatch):
    """In a batch the runs of an arm and point go together; each equals a run in a world of its own."""
    made = []
    build = engine.build_world
    monkeypatch.setattr(engine, "build_world", lambda *arguments: (made.append(1), build(*arguments))[1])
    kept, alone = Segments(), Segments()
    RunExecutor(crossed).batch(range(len(crossed)), kept)
    assert len(made) == len(crossed.arms) * len(crossed.design) < len(crossed)
    for index in range(len(crossed)):
        RunExecutor(crossed).batch([index], alone)
    together, apart = (one.rows(crossed.sheet, by_period=True) for one in (kept, alone))
    for name, found in together.kpis.items():
        np.testing.assert_array_equal(found, apart.kpis[name], err_msg=name)


def test_a_failed_run_is_a_row_and_the_others_go_on(study, world, own):
    experiment = study(scenario=world.adding(own.Fragile(in_replication=1)))
    kept = Segments()
    report = RunExecutor(experiment).batch(range(6), kept)
    assert (report.runs, report.failed) == (6, 2)
    errors = kept.rows(experiment.sheet, by_period=False).errors
    line = inspect.getsourcelines(own.Fragile.step)[1] + 2
    assert errors == dict.fromkeys((2, 3), ("RuntimeError", f"broke in replication 1 ({own.__name__}.py, line {line})"))


def test_long_messages_are_cut_and_put_on_one_line(study):
    outcome = RunExecutor(study()).failed(0, "ValueError", "a\nb " * 1000)
    assert outcome.message.startswith("a b a b")
    place = RunExecutor(study()).failed(0, "ValueError", "a " * 1000, "habits.py, line 31").message
    assert place.endswith(" (habits.py, line 31)")
    assert len(place) <= work.MOST_WORDS
    assert len(outcome.message) == work.MOST_WORDS


def test_a_batch_can_be_stopped_after_a_run(study):
    kept = Segments()
    asked = iter([False, True])
    report = RunExecutor(study()).batch(range(6), kept, stop=lambda: next(asked))
    assert report.runs == 2
    assert kept.holdings(study().sheet).done.sum() == 2


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_what_was_done_before_an_interrupt_is_committed(study, monkeypatch, interrupt):
    recorded = recording.record

    def record(world, seed, replication, **options):
        if replication == 1:
            raise interrupt
        return recorded(world, seed, replication, **options)

    monkeypatch.setattr(work.recording, "record", record)
    kept = Segments()
    report = RunExecutor(study()).batch(range(6), kept)
    assert (type(report.stopped), report.runs) == (interrupt, 1)
    assert list(kept.holdings(study().sheet).done) == [True, False, False, False, False, False]


def test_an_interrupt_of_the_commit_loses_nothing(study, monkeypatch):
    kept = Segments()
    commit, calls = kept.commit, []

    def interrupted(data):
        calls.append(data)
        if len(calls) == 1:
            raise KeyboardInterrupt
        commit(data)

    monkeypatch.setattr(kept, "commit", interrupted)
    report = RunExecutor(study()).batch(range(3), kept)
    assert isinstance(report.stopped, KeyboardInterrupt)
    assert kept.holdings(study().sheet).done.sum() == report.runs == 3


def test_an_empty_batch_leaves_nothing(study):
    kept = Segments()
    assert RunExecutor(study()).batch([], kept).runs == 0
    assert kept.names() == []


def test_a_run_that_finds_no_memory_says_so(study, monkeypatch):
    def short(*arguments, **named):
        raise MemoryError

    monkeypatch.setattr(recording, "record", short)
    outcome = RunExecutor(study()).outcome(0)
    assert outcome.error == "MemoryError"
    assert outcome.message.startswith("there is not enough memory; take fewer customers")

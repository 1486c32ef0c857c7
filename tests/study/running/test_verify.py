"""Verification: right results pass, wrong ones do not."""

from dataclasses import replace

import numpy as np
import pytest

from abm.core.errors import Refusal
from abm.study.provenance import versions
from abm.study.running.runner import run
from abm.study.running.verify import verify
from abm.study.running.work import RunExecutor
from abm.study.storage.manifest import read_manifest
from abm.study.storage.rows import Outcome
from abm.study.storage.segment import encode
from abm.study.storage.store import Store


@pytest.fixture
def folder(study, tmp_path):
    run(study(kpis=("profit", "retention_rate")), tmp_path, workers=1)
    return tmp_path


def forged(study, folder, change):
    """Replace the stored runs by ones of which run 2 is changed."""
    experiment = study(kpis=("profit", "retention_rate"))
    store = Store(folder)
    outcomes = [RunExecutor(experiment).outcome(index) for index in range(6)]
    outcomes[2] = change(outcomes[2])
    store.remove(store.names())
    store.commit(encode(outcomes, experiment.sheet.kpis))
    return verify(folder)


def test_right_results_pass(folder):
    found = verify(folder)
    assert found.ok
    assert (found.checked, found.stored) == (6, 6)
    assert str(found) == "6 of 6 stored runs recomputed, 0 differ"


def test_a_sample_is_drawn_by_the_seed(folder, monkeypatch):
    done = []
    outcome = RunExecutor.outcome
    monkeypatch.setattr(RunExecutor, "outcome", lambda self, index: (done.append(index), outcome(self, index))[1])
    samples = []
    for seed in (0, 0, 1, 2, 3):
        done.clear()
        assert verify(folder, sample=2, seed=seed).checked == 2
        samples.append(tuple(done))
    assert samples[0] == samples[1]
    assert len(set(samples)) > 1


@pytest.mark.parametrize("where", ["summary", "by_period"])
def test_the_last_bit_of_a_number_is_checked(study, folder, where):
    def change(outcome):
        block = getattr(outcome, where)
        block[..., 1, 0] = np.nextafter(block[..., 1, 0], np.inf)
        return outcome

    found = forged(study, folder, change)
    assert not found.ok
    (difference,) = found.differences
    assert difference.run.index == 2
    assert difference.what.startswith(
        "profit of east in period 0 was " if where == "by_period" else "profit of east was "
    )


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda o: Outcome(o.run, o.settings, error="RuntimeError", message="x"), "had RuntimeError, now numbers"),
        (lambda o: Outcome(o.run, o.settings, o.firms, o.summary, o.by_period[:-1]), "had 15 rows, now 6 periods"),
        (
            lambda o: Outcome(o.run, o.settings, ("a", *o.firms[1:]), o.summary, o.by_period),
            "had 3 rows, now 1 period of",
        ),
    ],
)
def test_other_differences(study, folder, change, what):
    (difference,) = forged(study, folder, change).differences
    assert difference.what.startswith(what)


def test_a_failed_run_must_fail_again(study, world, own, tmp_path):
    experiment = study(scenario=world.adding(own.Fragile(in_replication=1)))
    run(experiment, tmp_path, workers=1)
    assert verify(tmp_path, experiment=experiment).ok
    with pytest.raises(Refusal, match="if it is a theory of your own, add --with"):
        verify(tmp_path)


def test_damaged_segments_are_not_well(folder):
    path = next((folder / "segments").iterdir())
    path.write_bytes(path.read_bytes() + b"x")
    found = verify(folder)
    assert not found.ok
    assert found.damaged == (path.stem,)
    assert f"damaged segment {path.stem}" in str(found)


def test_other_libraries_are_named(folder, monkeypatch):
    before = versions.versions()
    monkeypatch.setattr(versions, "versions", lambda: before | {"numpy": "9.9"})
    found = verify(folder)
    assert found.ok
    assert found.changed == (f"numpy {before['numpy']} (now 9.9)",)
    assert f"made with {found.changed[0]}" in str(found)


def test_results_of_other_code_are_refused(folder):
    manifest = read_manifest(folder)
    digests = manifest.sheet.digests | {"cheap": "00" * 16}
    replace(manifest, scheme="mersenne", sheet=replace(manifest.sheet, digests=digests)).write(folder)
    with pytest.raises(Refusal, match=r"made by other code \(random numbers mersenne"):
        verify(folder)


def test_results_of_another_experiment_are_refused(study, folder):
    with pytest.raises(Refusal, match="are of another experiment"):
        verify(folder, experiment=study(seed=9))

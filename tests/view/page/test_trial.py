"""A trial is a study like any other; it can be cancelled, and what is wrong is said."""

import threading

import pytest

import abm
from abm.view.page import trial as module
from abm.view.page.arms import both_arms, study_of
from abm.view.page.trial import Trial


@pytest.fixture
def small(study):
    """The study of both arms in three replications."""
    return study_of(study, both_arms(study), 3, "csi")


def test_what_it_finds_is_what_a_run_finds(small):
    done = Trial(small, "north")
    done.wait(60)
    state = done.state
    assert (state.stage, state.share) == ("done", 1.0)
    paired = abm.run(small, workers=1).paired("csi", "service", firm="north")
    row = state.effects[(state.effects["kpi"] == "csi") & (state.effects["arm"] == "better service")].iloc[0]
    assert (row["difference"], row["low"]) == (paired.mean, paired.low)
    assert state.verdict[0].startswith(("'better service' has the highest csi of north", "No arm is shown"))
    assert state.verdict[1].startswith("'better service' minus 'none', csi of north: ")
    assert "over 3 pairs that share their luck" in state.verdict[1]


def test_of_another_firm(small):
    done = Trial(small, "south")
    done.wait(60)
    assert "of south" in done.state.verdict[0]


def test_it_tells_how_far_it_is(small):
    made, shares = [], []
    made.append(Trial(small, "north", lambda: shares.extend(one.state.share for one in made)))
    made[0].wait(60)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_cancel(small, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    whole = module.run

    def slow(study, **options):
        begun.set()
        go_on.wait(30)
        return whole(study, **options)

    monkeypatch.setattr(module, "run", slow)
    done = Trial(small, "north")
    begun.wait(30)
    done.cancel()
    assert done.state.stage == "cancelled"
    go_on.set()
    done.wait(60)
    assert done.state.stage == "cancelled"
    assert done.state.effects is None


@pytest.mark.parametrize("error", [abm.Refusal("= 5 is no good", place="seed"), RuntimeError("bang\nbang")])
def test_what_goes_wrong_is_a_line(small, monkeypatch, error):
    def broken(study, **options):
        raise error

    monkeypatch.setattr(module, "run", broken)
    done = Trial(small, "north")
    done.wait(30)
    assert done.state.stage == "refused"
    assert done.state.said in ("seed = 5 is no good", r"RuntimeError: bang\nbang")

"""Scripts that worker processes cannot load: one process does the runs, or a refusal comes before any is done."""

import sys
from types import SimpleNamespace

import pytest

from abm.study.running import script

pytestmark = pytest.mark.slow

STUDY = """
    import sys
    import abm
    from abm.study.running import study_runs

    print("began")
    study_runs.TRIAL_SECONDS, study_runs.WORTH_WORKERS, study_runs.SURELY_WORTH_WORKERS = 0.0, 0.0, 0.0
    world = abm.Scenario(population={"customers": 60}, periods=6)
    study = abm.Experiment("plain", world, arms={"none": {}, "dear": {"firms.north.price": 1.1}}, replications=40)
    """
CALL = """
    print(abm.run(study, workers=None if sys.argv[1] == "none" else int(sys.argv[1])))
    """
GUARDED = """
    if __name__ == "__main__":
        print(abm.run(study, workers=2))
    """


def test_a_plain_script_does_its_runs_in_one_process_with_one_warning(start):
    said, errors = start(STUDY + CALL, "none").communicate(timeout=120)
    assert said == "began\n<Results of plain: 80 of 80 runs, 0 failed>\n"
    assert errors.count("runs in this process only: every worker process would run the script from its beginning") == 1


def test_a_plain_script_that_asks_for_workers_is_refused_before_anything_runs(start):
    said, errors = start(STUDY + CALL, 2).communicate(timeout=120)
    assert said == "began\n"
    assert errors.splitlines()[-1].endswith(
        'put the call of abm.run below `if __name__ == "__main__":`, or use workers=1'
    )


def test_a_guarded_script_has_workers(start):
    said, errors = start(STUDY + GUARDED).communicate(timeout=120)
    assert said.endswith("<Results of plain: 80 of 80 runs, 0 failed>\n")
    assert errors == ""


def test_a_worker_of_another_pool_may_start_none(start):
    text = (
        STUDY
        + """
    import multiprocessing

    def done(workers):
        try:
            return str(abm.run(study, workers=workers))
        except abm.Refusal as refusal:
            return str(refusal)

    if __name__ == "__main__":
        with multiprocessing.get_context("fork").Pool(1) as pool:
            print(*pool.map(done, [None, 2]), sep="\\n")
    """
    )
    said, _ = start(text).communicate(timeout=120)
    ran, refused = said.splitlines()[1:]
    assert ran == "<Results of plain: 80 of 80 runs, 0 failed>"
    assert refused.startswith("workers = 2, but this is itself a worker process of a pool")


@pytest.mark.parametrize(
    ("file", "advice"), [("study.py", "if __name__"), (None, "in a module that the notebook imports")]
)
def test_advice_suits_a_script_or_a_notebook(monkeypatch, file, advice):
    monkeypatch.setitem(sys.modules, "__main__", SimpleNamespace(**({"__file__": file} if file else {})))
    assert advice in script.advice()

"""Studies from a file and from a folder of results, and what results know of theirs."""

import pytest

import abm
from abm.core.errors import Refusal
from abm.study.storage.results import Results
from abm.study.storage.store import Segments


def test_a_path_may_be_run_and_a_results_folder_loaded(study, tmp_path):
    made = study(replications=2)
    made.save(tmp_path / "small.toml")
    results = abm.run(tmp_path / "small.toml", tmp_path / "results", workers=1)
    assert results.canonical() == abm.run(str(tmp_path / "small.toml"), workers=1).canonical()
    assert results.experiment == abm.load(tmp_path / "results") == made
    assert abm.read(tmp_path / "results").experiment == made


def test_what_is_no_study_is_refused(study, tmp_path):
    with pytest.raises(Refusal, match=r"^experiment = 3 is not an Experiment$"):
        abm.run(3)
    with pytest.raises(Refusal, match="is not a results folder"):
        abm.load(tmp_path)
    with pytest.raises(Refusal, match="do not know their experiment"):
        Results(study().sheet, Segments()).experiment  # noqa: B018


def test_with_one_other_arm_it_need_not_be_named(study):
    results = abm.run(study(), workers=1)
    assert results.paired("profit") == results.paired("profit", "cheap")
    three = abm.run(
        study(arms={"none": {}, "a": {"firms.north.price": 0.9}, "b": {"firms.north.price": 0.8}}), workers=1
    )
    with pytest.raises(Refusal, match=r"^arm: which arm is compared with 'none'\? say one of \"a\", \"b\"$"):
        three.paired("profit")

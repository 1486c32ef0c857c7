"""Jobs of a queueing system: what may be asked for, and what is said when none can be had."""

import importlib.util
import signal
import sys

import pytest

from abm.core.errors import Refusal
from abm.study.running import jobs

needed = pytest.mark.skipif(not importlib.util.find_spec("dask_jobqueue"), reason="dask_jobqueue is not installed")
SOUND = 'kind = "slurm"\njobs = 4\ncores = 8\nmemory = "16 GB"\n'


def test_as_dask_takes_them():
    wanted = {"kind": "slurm", "jobs": 4, "cores": 8, "memory": "16 GB", "job_script_prologue": ["module load x"]}
    taken = jobs.settings(wanted)
    assert {key: taken[key] for key in wanted} == wanted
    assert (taken["security"], taken["processes"]) == (True, 8)
    assert taken["scheduler_options"] == {"dashboard_address": "127.0.0.1:0"}


@needed
@pytest.mark.parametrize("kind", jobs.KINDS)
def test_every_kind_is_one_of_dask_jobqueue(kind):
    assert jobs.cluster_class(kind).__name__.endswith("Cluster")


@needed
def test_ctrl_c_stays_what_it_was(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("dask_jobqueue")]:
        monkeypatch.delitem(sys.modules, name)
    before = signal.getsignal(signal.SIGINT)
    jobs.cluster_class("slurm")
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SOUND.replace("memory", "memmory"), r"jobs.toml: no setting \"memmory\"; did you mean 'memory'\?"),
        (SOUND.replace('"slurm"', '"slrum"'), r"jobs.toml: kind = \"slrum\" is not .*; did you mean 'slurm'\?"),
        (SOUND.replace("cores = 8", ""), "jobs.toml: cores: is missing"),
        (SOUND.replace("= 8", '= "eight"'), 'jobs.toml: cores = "eight" is not a whole number'),
        (SOUND.replace("= 4", "= 0"), r"jobs.toml: jobs = 0 is outside \[1"),
        (SOUND.replace('"16 GB"', "16"), "jobs.toml: memory = 16 is not text"),
        (SOUND + "job_script_prologue = 'x'", r"jobs.toml: job_script_prologue = \"x\" is not a list of texts"),
        ("", "jobs.toml: is empty"),
        (SOUND, "jobs.toml: no jobs can be had: .*sbatch"),
    ],
)
@needed
def test_refused(tmp_path, text, message, monkeypatch):
    monkeypatch.setenv("PATH", "")
    (tmp_path / "jobs.toml").write_text(text)
    with pytest.raises(Refusal, match=message), jobs.requested(tmp_path / "jobs.toml"):
        pass


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(Refusal, match=r"slurm\.toml"), jobs.requested(tmp_path / "slurm.toml"):
        pass

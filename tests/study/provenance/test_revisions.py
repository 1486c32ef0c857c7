"""Revisions: an edited theory never finds old numbers, and what changes no number changes no id."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import abm
from abm.study.provenance import revisions
from abm.study.provenance.sources import source

pytestmark = pytest.mark.slow

SCRIPT = """
import json, sys
import abm
from abm.scenario.scenario import Scenario
from abm.study.plan.experiment import Experiment

assert abm.__file__.startswith(sys.argv[1])
if len(sys.argv) > 2:
    from tests.baselines.update import record_sources
    record_sources(news=sys.argv[2] == "news")
firms = [{"name": "a", "service": {"quality": 0.6}, "program": {"preset": "points"}}, {"name": "b"}]
worlds = {
    "default": Scenario(),
    "said": Scenario(firms=firms, encounter={"gain": 0.4}, word_of_mouth={"base": 0.1}),
    "no trust": Scenario(off=("trust",)),
}
print(json.dumps({name: next(Experiment("s", world).runs()).run_id for name, world in worlds.items()}))
"""
ENCOUNTER, TRUST = "mechanisms/service/encounter.py", "mechanisms/attitude/trust.py"
EQUATION = "performance + gain * max(gap, np.float32(0.0))"
IDLE = '''
"""Idle: a theory of nothing."""

from abm.core.spec import param
from abm.mechanisms.mechanism import Mechanism


class Idle(Mechanism):
    """Does nothing."""

    name = "idle"
    size: float = param(1.0, unit="1", evidence="assumed")
'''


class Copy:
    """A copy of the package, to be edited."""

    def __init__(self, folder, package):
        self.folder = folder
        shutil.copytree(package, folder / "abm")
        (folder / "ids.py").write_text(SCRIPT)

    def edit(self, file, old, new):
        path = self.folder / "abm" / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")

    def ids(self, *record):
        """Return the ids of three runs in a new process; "nothing" or "news" records the sources before."""
        paths = [str(self.folder), str(Path(abm.__file__).parents[1])]
        result = subprocess.run(
            [sys.executable, "ids.py", str(self.folder), *record],
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The package as it is, its sources recorded, and the ids that it gives."""
    copy = Copy(tmp_path_factory.mktemp("before"), Path(abm.__file__).parent)
    return copy, copy.ids("nothing")


@pytest.fixture
def before(recorded):
    return recorded[1]


@pytest.fixture
def copy(recorded, tmp_path):
    return Copy(tmp_path, recorded[0].folder / "abm")


def test_an_edited_equation_gives_other_ids_until_it_is_undone(copy, before):
    copy.edit(ENCOUNTER, EQUATION, EQUATION.replace("0.0", "0.1"))
    edited = copy.ids()
    assert not {*edited.values()} & {*before.values()}
    copy.edit(ENCOUNTER, EQUATION.replace("0.0", "0.1"), EQUATION)
    copy.edit(ENCOUNTER, "gap = performance", "# What was promised\n    gap = performance")
    copy.edit(ENCOUNTER, "plus asymmetric", "and asymmetric")
    assert copy.ids() == before


def test_only_runs_that_use_a_theory_notice_its_edit(copy, before):
    copy.edit(TRUST, "bounds=(0, 1)", "bounds=(0, 0.99)")
    edited = copy.ids()
    assert {name for name in edited if edited[name] == before[name]} == {"no trust"}


def test_a_new_theory_changes_no_ids(copy, before):
    (copy.folder / "abm/mechanisms/social/idle.py").write_text(IDLE)
    assert copy.ids() == before


def test_neutral_parameters_change_no_ids_once_they_are_recorded(copy, before):
    new = '    {}: float = param(0.0, unit="1", evidence="assumed", doc="something new")\n'
    copy.edit(ENCOUNTER, "    gain: float", new.format("surprise") + "    gain: float")
    copy.edit(ENCOUNTER, "    quality: float", new.format("warmth") + "    quality: float")
    copy.edit("mechanisms/loyalty/program.py", "    hassle: float", new.format("colour") + "    hassle: float")
    assert copy.ids("nothing") == before


@pytest.mark.parametrize("record", [(), ("news",)])
def test_a_default_that_moves_gives_other_ids(copy, before, record):
    copy.edit(ENCOUNTER, "loss: float = param(\n        0.6", "loss: float = param(\n        0.7")
    assert not {*copy.ids(*record).values()} & {*before.values()}


def test_a_theory_that_was_never_recorded_counts_by_its_source(monkeypatch):
    monkeypatch.setattr(revisions, "recorded", dict)
    assert revisions.revisions(["trust"]) == {"trust": [0, source("trust")]}


def test_a_theory_as_recorded_counts_by_its_revision(monkeypatch):
    monkeypatch.setattr(revisions, "recorded", lambda: {"trust": {"revision": 4, "source": source("trust")}})
    assert revisions.revisions(["trust"]) == {"trust": [4]}

"""The place of an error in code of one's own, in failed runs."""

import json
from pathlib import Path

import pytest

import abm
from abm.study.running.own_place import own_place

THEORY = '''import abm


def shared(world):
    return 1 / world.gone


class Sulk(abm.Mechanism):
    """Breaks."""

    name = "sulk"

    def schedule(self, policies):
        return ((abm.Phase.OPENING, self.act),)

    def act(self, world, t):
        {line}
'''
STUDY = """\
replications = 1
[scenario]
periods = 2
[scenario.population]
customers = 10
[scenario.sulk]
[arms.a]
"""


def failed(folder: Path, line: str) -> str:
    """Return the message of a run of a theory whose act is the line."""
    (folder / "habits.py").write_text(THEORY.format(line=line))
    (folder / "study.toml").write_text(STUDY)
    study = abm.load(folder / "study.toml", folder / "habits.py")
    return str(abm.run(study, workers=1).failed["message"].iloc[0])


def test_the_file_and_the_line_of_a_theory_are_named_without_folders(tmp_path):
    assert failed(tmp_path, "1 / 0") == "division by zero (habits.py, line 17)"


def test_it_is_the_last_line_of_ones_own_that_counts(tmp_path):
    assert failed(tmp_path, "shared(world)").endswith("(habits.py, line 5)")


def test_what_breaks_inside_a_library_is_said_of_the_line_that_called_it(tmp_path):
    assert failed(tmp_path, "__import__('json').loads('')").endswith("(habits.py, line 17)")


def test_the_line_of_a_kpi_is_named(tmp_path):
    (tmp_path / "mine.py").write_text(
        'import abm\n\n\n@abm.kpi(unit="cu", better="more")\ndef broken(c):\n    """Breaks."""\n    return 1 / 0\n'
    )
    (tmp_path / "study.toml").write_text('kpis = ["broken"]\n' + STUDY.replace("[scenario.sulk]\n", ""))
    study = abm.load(tmp_path / "study.toml", tmp_path / "mine.py")
    assert abm.run(study, workers=1).failed["message"].iloc[0] == (
        "KPI 'broken' raised ZeroDivisionError: division by zero (mine.py, line 7)"
    )


def test_an_error_of_libraries_alone_has_no_place():
    error = None
    try:
        json.loads("")
    except ValueError as caught:
        error = caught
    error.__traceback__ = error.__traceback__.tb_next
    assert own_place(error) == ""


def test_a_cell_of_a_notebook_has_no_name():
    cell = compile("\n1 / 0", "/tmp/ipykernel_123/4567.py", "exec")
    with pytest.raises(ZeroDivisionError) as caught:
        exec(cell, {})
    assert own_place(caught.value) == "notebook cell, line 2"


@pytest.mark.parametrize(
    ("file", "own"),
    [
        (f"{Path(abm.__file__).parent}_theories/mine.py", True),
        (f"{Path(abm.__file__).parent}/core/spec.py", False),
        (json.__file__, False),
        ("/opt/lib/python3/dist-packages/numpy/core.py", False),
        ("<frozen importlib._bootstrap>", False),
    ],
)
def test_which_files_are_ones_own(file, own):
    with pytest.raises(ZeroDivisionError) as caught:
        exec(compile("1 / 0", file, "exec"), {})
    caught.value.__traceback__ = caught.value.__traceback__.tb_next
    assert own_place(caught.value) == (f"{Path(file).name}, line 1" if own else "")

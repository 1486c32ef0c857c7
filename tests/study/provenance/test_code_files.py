"""Python files of the user's own: modules that are the same in every process, or one plain line."""

import inspect

import pytest

from abm.core.errors import Refusal
from abm.study.provenance.code_files import CodeFile


@pytest.fixture
def written(tmp_path):
    """Write a file and read it."""

    def write(text, name="mine.py"):
        (tmp_path / name).write_text(text)
        return CodeFile.read(tmp_path / name)

    return write


def test_a_file_is_run_once_and_an_edited_one_is_another_module(written):
    first = written("made = object()\n").module()
    assert written("made = object()\n").module() is first
    second = written("made = object()  # edited\n").module()
    assert second.made is not first.made
    assert written("made = object()\n").module() is first


def test_source_is_that_of_the_text_that_was_run(written, tmp_path):
    module = written("def one():\n    return 1\n").module()
    (tmp_path / "mine.py").write_text("def one():\n    return 2\n")
    assert inspect.getsource(module.one) == "def one():\n    return 1\n"


def test_a_process_that_has_no_such_folder_needs_none(tmp_path):
    """As on a cluster, whose machines have none of this one's folders."""
    file = CodeFile("mine.py", "def two():\n    return 2\n", str(tmp_path / "elsewhere"))
    module = file.module()
    assert (module.two(), inspect.getsource(module.two)) == (2, file.text)
    assert not (tmp_path / "elsewhere").exists()


def test_what_lies_where_the_copy_should_is_never_run(written, tmp_path):
    file = written("three = 3\n")
    copy = tmp_path / "__pycache__" / f"mine-{file.digest}" / "mine.py"
    copy.parent.mkdir(parents=True)
    copy.write_text("three = 4\n")
    assert file.module().three == 3
    assert copy.read_text() == file.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ndef f(:\n", "line 2: invalid syntax"),
        ("x = 1\nimport no_such_thing\n", "line 2: ModuleNotFoundError: No module named 'no_such_thing'; such a file"),
        ("def f():\n    return 1 / 0\n\nf()\n", "line 2: ZeroDivisionError: division by zero"),
        (
            "import abm\nclass Habit(abm.Mechanism):\n    name = 'habit'\n    growth = 0.5\n",
            "line 2: 'growth' of the class has no type; write growth: ClassVar = … for a constant, or growth: float",
        ),
        ("import sys\nsys.exit(3)\n", "line 2: SystemExit: 3"),
        ("import abm\nabm.Scenario(periods=-1)\n", "line 2: Scenario.periods = -1 is outside [0, 1e5]"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(written, text, said):
    for _ in range(2):  # nothing half-made is left behind
        with pytest.raises(Refusal) as refused:
            written(text, "bad.py").module()
        assert str(refused.value).startswith(f"bad.py: {said}")
        assert len(str(refused.value).splitlines()) == 1


def test_what_cannot_be_read_is_said_in_one_line(tmp_path):
    with pytest.raises(Refusal, match=r"^gone\.py: there is no such file in "):
        CodeFile.read(tmp_path / "gone.py")
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(Refusal, match=r"^folder\.py: cannot be read: "):
        CodeFile.read(tmp_path / "folder.py")
    (tmp_path / "latin.py").write_bytes(b"name = '\xe9'\n")
    with pytest.raises(Refusal, match=r"^latin\.py: is not UTF-8 text"):
        CodeFile.read(tmp_path / "latin.py")

"""Machine code on the disk: what is wrong with it costs time, is said once, and costs no run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import abm
from abm.core.kernels import COMPILED

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not COMPILED, reason="nothing is compiled")]

PAGE = """
import abm

@abm.kernel
def fill(out):
    out[0] = 2.0

@abm.kernel
def fill_again(out):
    out[0] = 3.0
"""
SCRIPT = """
import numpy as np
import own_page
out, again = np.zeros(1), np.zeros(1)
print(own_page.fill.is_cached())
own_page.fill(out)
own_page.fill_again(again)
print(out[0] + again[0])
"""


@pytest.fixture
def filled(tmp_path):
    """Run two kernels in a new process; return what it printed and what it warned of."""
    (tmp_path / "own_page.py").write_text(PAGE)

    def run(**environment):
        paths = os.pathsep.join([str(tmp_path), str(Path(abm.__file__).parents[1])])
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": paths, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), **environment},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.split(), [line for line in done.stderr.splitlines() if "Warning: " in line]

    return run


def code(folder, suffix):
    found = sorted((folder / "cache").rglob(f"own_page*{suffix}"))
    assert found
    return found


@pytest.mark.parametrize("suffix", [".nbi", pytest.param(".nbc", marks=pytest.mark.endurance)])
def test_damaged_code_is_made_anew_and_said_once(filled, tmp_path, suffix):
    assert filled() == (["False", "5.0"], [])
    for damage in (lambda b: b"", lambda b: b[:40], lambda b: b[:-9] + b"123456789", lambda b: b"x" * 99):
        for file in code(tmp_path, suffix):  # which the run before has made anew, or its bytes would be damaged twice
            file.write_bytes(damage(file.read_bytes()))
        (_, total), warned = filled()
        assert total == "5.0"
        assert len(warned) == 1
        assert "cannot be used" in warned[0]
    assert filled() == (["True", "5.0"], [])


def test_code_that_cannot_be_written_is_said_once(filled, tmp_path):
    filled()
    for file in code(tmp_path, ".nbi"):
        file.unlink()
        file.mkdir()
    (_, total), warned = filled()
    assert total == "5.0"
    assert [("cannot be used" in line, "cannot be kept" in line) for line in warned] == [(True, False), (False, True)]


def test_without_a_place_the_model_is_compiled_in_memory(filled, tmp_path):
    """No locator of numba finds a folder: as with a package that is read only, and no home."""
    found, warned = filled(NUMBA_CACHE_LOCATOR_CLASSES="ZipCacheLocator")
    assert found == ["False", "5.0"]
    assert len(warned) == 1
    assert "there is no place for compiled code" in warned[0]
    assert "set NUMBA_CACHE_DIR" in warned[0]

"""What this machine has: processors, and a limit of memory that is said before anything fails for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from abm.core import machine

resource = pytest.importorskip("resource", reason="this system has no limits of memory")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds processes to a limit of memory")


def limited_to(megabytes: int, *arguments: str) -> subprocess.CompletedProcess:
    """Return what came of a command of this package that may map so much memory."""
    limit = megabytes * 10**6
    return subprocess.run(
        [sys.executable, "-m", "abm", *arguments],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@linux
@pytest.mark.parametrize("megabytes", [25, 50, 300, 600, 1_000])
def test_too_little_memory_for_the_libraries_is_one_line_that_names_memory(megabytes, tmp_path):
    (tmp_path / "study.toml").write_text('name = "study"')
    ended = limited_to(megabytes, "run", str(tmp_path / "study.toml"))
    assert ended.returncode == 1
    assert ended.stderr.startswith("there is not enough memory")
    assert ended.stderr.count("\n") == 1
    assert not ended.stdout


@linux
def test_help_needs_little_memory():
    assert limited_to(100, "--help").returncode == 0


@pytest.mark.parametrize(("limit", "mapped", "at"), [(None, 0, False), (1.5e9, 0.8e9, False), (1.5e9, 1.4e9, True)])
def test_a_process_is_at_its_limit_once_a_piece_of_the_largest_size_does_not_fit(limit, mapped, at, monkeypatch):
    monkeypatch.setattr(machine, "memory_limit", lambda: limit)
    monkeypatch.setattr(machine, "_most_mapped", lambda: mapped)
    assert machine.at_memory_limit() is at


@linux
def test_this_process_knows_what_it_has_mapped():
    assert machine._most_mapped() > 50_000_000


def test_without_a_limit_nothing_is_too_small(monkeypatch):
    monkeypatch.setattr(machine, "memory_limit", lambda: None)
    assert machine.too_small_for_libraries() == ""

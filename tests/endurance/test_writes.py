"""A sweep is killed at each of its first writes, or a write fails: nothing is lost, and the same command goes on."""

import errno
import os
import shutil
import subprocess

import pytest

BATCH = 4  # runs, as in the sweep
FIRST = {"write": 20, "fsync": 16, "rename": 8, "unlink": 6}  # how many of each kind of write are met: fifty in all
CALLS = [(call, number) for call, most in FIRST.items() for number in range(1, most + 1)]
PLAIN = {errno.ENOSPC: "No space left on device", errno.EIO: "Input/output error"}


def can_trace():
    """Whether strace is there and may trace."""
    return bool(shutil.which("strace")) and not subprocess.call(["strace", "-qq", "-o", os.devnull, "true"])


pytestmark = [
    pytest.mark.endurance,
    pytest.mark.skipif(not can_trace(), reason="strace is not installed, or may not trace here"),
]


def injected(call, fault):
    """The command that does something to one kind of system call of the command after it."""
    return ("strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:{fault}")


@pytest.mark.parametrize(("call", "number"), CALLS)
def test_killed_at_a_write(sweep, call, number):
    swept = sweep(40, False)
    out, err = swept.start(1, *injected(call, f"signal=KILL:when={number}")).communicate(timeout=120)
    assert "digest" not in out, "the kill came too late"
    reported = int(out.split()[-1]) if out else 0
    assert reported <= swept.stored() <= reported + BATCH, err
    swept.finish()


@pytest.mark.parametrize("error", PLAIN)
@pytest.mark.parametrize(("call", "number"), [one for one in CALLS if one[1] <= 5])
def test_a_write_fails(sweep, error, call, number):
    """Some writes can fail without harm: a note that nobody sees, a small file that is not removed."""
    swept = sweep(40, False)
    process = swept.command(1, *injected(call, f"error={errno.errorcode[error]}:when={number}"))
    _, err = process.communicate(timeout=120)
    check_ending(swept, process.returncode, err, error)


@pytest.mark.parametrize("error", PLAIN)
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("number", [1, 2, 3, 8])
def test_no_write_reaches_the_disk_any_more(sweep, error, workers, number):
    swept = sweep(40, False)
    process = swept.command(workers, *injected("fsync", f"error={errno.errorcode[error]}:when={number}+"))
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    check_ending(swept, process.returncode, err, error)


def check_ending(swept, code, err, error):
    """See that a command ended well or in one plain line, and that the next one goes on."""
    assert "Traceback" not in err
    assert code in (0, 2)
    if code == 2:
        assert PLAIN[error] in err.splitlines()[-1]
        assert swept.stored() < swept.total
    else:
        assert swept.stored() == swept.total
    swept.finish()

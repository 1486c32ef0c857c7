"""A process notices that the process which started it has ended."""

import subprocess
import sys

from abm.study.running import parent

CHILD = """
import pathlib, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", *sys.argv[1:]], stdin=subprocess.PIPE)
while not pathlib.Path(sys.argv[2]).exists():
    time.sleep(0.01)
"""
GRANDCHILD = """
import pathlib, sys, time
from abm.study.running import parent
print(parent.is_there(), flush=True)
pathlib.Path(sys.argv[1]).touch()
sys.stdin.read()  # ends with the child
for _ in range(1000):
    if parent.is_there():
        time.sleep(0.01)
print(parent.is_there(), flush=True)
"""


def test_it_is_there_as_long_as_it_runs():
    assert parent.is_there()


def test_and_not_when_it_has_ended(tmp_path):
    command = [sys.executable, "-c", CHILD, GRANDCHILD, str(tmp_path / "seen")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["True", "False"]

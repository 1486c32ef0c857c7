"""How fast the reference market could be at all: its definition in C++ (limit.cpp), compiled when it is measured.

The program is a child process that measures its own processor time, on one core. Relaxed arithmetic is allowed there,
since nothing but the time is used of it; what comes out is near enough to tell that the work was done.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from abm.core.errors import Refusal, one_line, one_of

COMPILERS = ("c++", "g++", "clang++")
FLAGS = ("-std=c++17", "-O3", "-march=native", "-ffast-math", "-fno-finite-math-only")
SOURCE = Path(__file__).with_name("limit.cpp")
_LEFT_OUT = "so the definition in C++ is left out"


class Outcome(NamedTuple):
    """What the program found.

    rate         : customer-periods a second in the median run
    shares       : of customers in the last period, firm by firm
    satisfaction : mean, 0-1, of customers with their own firm
    """

    rate: float
    shares: tuple[float, float, float]
    satisfaction: float


def build(folder: Path) -> Path:
    """Compile the program into a folder and return where it is.

    Raises Refusal if there is no compiler, if it fails, and if what it made does not run.
    """
    found = [path for path in map(shutil.which, COMPILERS) if path]
    if not found:
        raise Refusal(f"no C++ compiler ({one_of(COMPILERS)}) is there, {_LEFT_OUT}")
    program = folder / "limit"
    told = _failure([found[0], *FLAGS, str(SOURCE), "-o", str(program)]) or _failure([str(program), "1000", "1", "0"])
    if told:
        raise Refusal(f"{Path(found[0]).name} makes no program of {SOURCE.name} ({one_line(told)}), {_LEFT_OUT}")
    return program


def _failure(command: list[str]) -> str:
    """Return the first line that a command says when it fails, "" if it does not."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, errors="replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = (done.stderr or done.stdout).strip() or f"it ended with {done.returncode}"
    return said.splitlines()[0] if done.returncode else ""


def run(program: Path, customers: int, periods: int, seconds: float) -> Outcome:
    """Run markets of so many customers and periods for that many seconds of processor time or a little more."""
    command = [str(program), str(customers), str(periods), str(seconds)]
    document = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return Outcome(document["rate"], tuple(document["shares"]), document["satisfaction"])

"""What the compiler made of each kernel: packed arithmetic, gathers, and masked stores (which cost twice as much).

python benchmarks/vectors.py

Machine code that comes from the disk cannot be looked at, so everything is compiled anew, in a folder of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile

PACKED = re.compile(r"\bv(?:add|sub|mul|div|max|min|sqrt|pmuludq|pxor)p?[sd]?\s+[^\n]*%[yz]mm")
GATHER = re.compile(r"\bv(?:gather|pgather)")
MASKED = re.compile(r"\bvmov[ud][a-z0-9]*\s+%[xyz]mm\d+, [^%\n]*\([^\n]*\{%k|\bvp?maskmov\S*\s+%[xyz]mm\d+, %[xyz]mm")


def main() -> None:
    """Print a line a kernel of the reference market and of the market with every mechanism."""
    from abm.bench.reference import full, ref1  # noqa: PLC0415 - numba looks for its cache when it is imported
    from abm.engine.engine import Engine  # noqa: PLC0415

    kernels = {}
    for market in (ref1, full):
        engine = Engine(market(1_000), 1)
        for program in engine.programs:
            kernels |= {call.kernel.name: call.kernel for _, calls in program.stages for call in calls}
    print(f"{'kernel':24}{'packed':>8}{'gathers':>8}{'masked':>8}")
    for name, kernel in sorted(kernels.items()):
        code = kernel.assembly()
        print(f"{name:24}" + "".join(f"{len(pattern.findall(code)):8}" for pattern in (PACKED, GATHER, MASKED)))


if __name__ == "__main__":
    if "NUMBA_CACHE_DIR" in os.environ:
        main()
    else:
        with tempfile.TemporaryDirectory() as folder:
            environment = os.environ | {"NUMBA_CACHE_DIR": folder}
            sys.exit(subprocess.run([sys.executable, __file__], env=environment, check=False).returncode)

"""Seconds of processor time to the end of a first period, with nothing compiled before.

To compare two versions in turn, give the folder of the other: python benchmarks/cold_start.py OTHER
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

MARKETS = "ref1", "full", "voice", "relationship", "service_day"
CODE = """
import time
from abm.bench import reference
from abm.engine.engine import Engine
began = time.process_time()
Engine(reference.{}(1000, 4), 1).run(1)
print(time.process_time() - began)
"""


def seconds(market: str, folder: str) -> float:
    """Return the processor seconds of building a market and running one period, in a process with an empty cache."""
    with tempfile.TemporaryDirectory() as empty:
        environment = {**os.environ, "NUMBA_CACHE_DIR": empty, "PYTHONPATH": folder}
        command = [sys.executable, "-c", CODE.format(market)]
        return float(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


folders = [str(Path(__file__).parents[1]), *sys.argv[1:]]
for market in MARKETS:
    print(market, *(f"{seconds(market, folder):.1f}" for folder in folders))

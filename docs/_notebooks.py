"""The notebooks with what their cells show: `python docs/_notebooks.py` runs each at its full size, in two minutes.

Building the documentation shows them as they are: run here, or without outputs.
"""

from __future__ import annotations

import os
import tempfile

import _generate
import nbformat
from nbclient import NotebookClient

_UNSAID = "ignore:IProgress not found"  # of tqdm, which Mesa loads


def run() -> None:
    """Run every notebook and write it where its page is."""
    os.environ |= {"PYTHONPATH": str(_generate.ROOT), "PYTHONWARNINGS": _UNSAID}
    for original, place in _generate.NOTEBOOKS.items():
        with tempfile.TemporaryDirectory() as folder:
            made = _generate.notebook(_generate.ROOT / original)
            NotebookClient(made, timeout=900, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
        (_generate.DOCS / place).parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(made, _generate.DOCS / place)


if __name__ == "__main__":
    run()

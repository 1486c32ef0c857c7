"""`python -m abm …` is `patronage …`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line of this process and return the exit code, also when Ctrl-C comes while it is loaded."""
    try:
        from abm.cli import main as run  # noqa: PLC0415 - it takes a moment, in which an interrupt is no error

        return run()
    except KeyboardInterrupt:
        print("interrupted before anything was done; run the same command again", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())

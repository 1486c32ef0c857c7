"""`python -m abm …` is `patronage …`."""

from __future__ import annotations

import errno
import sys


def main() -> int:
    """Run the command line of this process and return the exit code, also when Ctrl-C comes while it is loaded."""
    try:
        from abm.cli import main as run  # noqa: PLC0415 - it takes a moment, in which an interrupt is no error

        return run()
    except KeyboardInterrupt:
        print("interrupted before anything was done; run the same command again", file=sys.stderr)
        return 130
    except (ImportError, MemoryError, OSError, SystemError) as error:
        if not _for_lack_of_memory(error):
            raise
    print("there is not enough memory, not even to load this command; raise the limit (ulimit -v)", file=sys.stderr)
    return 1


def _for_lack_of_memory(error: Exception) -> bool:
    """Return whether an error is one of memory, told by what is loaded already: there is no memory to load more."""
    if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
        return True
    words = str(error).lower()  # of the system's loader of libraries, and of Python's
    return any(said in words for said in ("cannot allocate memory", "failed to map segment", "unreported exception"))


if __name__ == "__main__":
    sys.exit(main())

"""What this machine has, and what it lets this process have."""

from __future__ import annotations

import os
from pathlib import Path

# A library is mapped in one piece, the largest (LLVM) of about 0.15 GB, and a thread takes a stack and a heap of 0.07
# GB of its own: what did not fit may have been so large.
LARGEST_PIECE = 256 * 2**20  # bytes
# Measured with 2 processors: with less, a study of 300 customers is short of memory when its figures are drawn.
LIBRARIES = 1_200_000_000  # bytes


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_limit() -> int | None:
    """Return how much memory this process may map (ulimit -v, a batch system's limit), bytes; None = without limit."""
    try:
        import resource  # noqa: PLC0415 - Windows has none
    except ImportError:
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def at_memory_limit() -> bool:
    """Return whether this process came so near to its limit of memory that whatever failed may have failed for it.

    What fails says so in many ways: a thread that does not start, a library that "cannot be found", a bare MemoryError.
    """
    limit = memory_limit()
    return limit is not None and limit - _most_mapped() < LARGEST_PIECE


def too_small_for_libraries() -> str:
    """Return in words that the libraries cannot be loaded within the limit of memory; "" if they can.

    It is asked before they are: half loaded they end the process from within, or wait for ever for a thread.
    """
    limit = memory_limit()
    if limit is None or limit >= LIBRARIES:
        return ""
    return (
        f"there is not enough memory: this process may have {limit / 1e9:.2g} GB (ulimit -v), and the libraries alone "
        f"take about {LIBRARIES / 1e9:.2g} GB; raise the limit"
    )


def _most_mapped() -> int:
    """Return the most memory that this process ever had mapped, bytes; 0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except (OSError, MemoryError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmPeak")), 0)

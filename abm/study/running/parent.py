"""Who started this process.  Imported before anything slow, so that a parent that ends meanwhile is noticed."""

import os

PARENT = os.getppid()


def is_there() -> bool:
    """Return whether the process that started this one is still there."""
    return os.getppid() == PARENT

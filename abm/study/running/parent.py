"""Whether the process that started this one still runs.   Imported before anything slow, to notice its end early."""

import os

PARENT_ID = os.getppid()


def is_there() -> bool:
    """Return whether the process that started this one is still there."""
    return os.getppid() == PARENT_ID

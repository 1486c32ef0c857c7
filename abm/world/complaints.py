"""Complaints: the ways in which they are made, and what comes of them."""

from __future__ import annotations

import numpy as np

CHANNELS = ("counter", "phone", "online")
SILENT = np.uint8(len(CHANNELS))  # code of a visit that nobody complains about; a channel has its place as code

HANDLINGS = ("no complaint", "failed", "middling", "good")  # what came of a complaint; nothing done = failed
NO_COMPLAINT, FAILED, MIDDLING, GOOD = (np.uint8(code) for code in range(len(HANDLINGS)))

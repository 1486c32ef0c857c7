"""Colours of the page: those of the figures, which readers of all kinds of colour vision tell apart."""

from __future__ import annotations

FIRST, SECOND = "#737373", "#0173b2"  # the baseline is grey, the other arm is in the first colour, as in all figures
EARLIER = "#cccccc"
FIRMS = ("#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#56b4e9", "#ca9161", "#fbafe4", "#ece133")
OTHERS = "#a9b8c6"  # firms beyond those
LEVELS = ("#00224e", "#434e6c", "#7d7c78", "#bcae6c", "#fee838")  # dark is low; cividis
NOBODY = "#ffffff"
GOOD, BAD = "#0173b2", "#d55e00"
HEARD_GOOD, HEARD_BAD, SILENT = "#9fc9e6", "#f3bf9c", "#ececec"
ARMS = (FIRST, SECOND)


def of_firm(j: int) -> str:
    """Return the colour of the firm at a place in the market."""
    return FIRMS[j] if j < len(FIRMS) else OTHERS

"""Whether the words of a figure can be read."""

from __future__ import annotations

import itertools

from matplotlib.text import Annotation, Text


def words(figure):
    """Return the boxes of all visible texts of a drawn figure."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    found = [*figure.texts, *figure.findobj(Annotation)]
    for ax in figure.axes:
        found += [ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label]
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=False)
            found += [label for at, label in ticks if low <= at <= high]
        if ax.get_legend():
            found += ax.get_legend().get_texts()
    shown = {text for text in found if text.get_text() and text.get_visible()}
    return {text: Text.get_window_extent(text, renderer) for text in shown}  # the words, without a stroke to a line


def assert_readable(figure):
    boxes = words(figure)
    for (one, first), (other, second) in itertools.combinations(boxes.items(), 2):
        assert not first.padded(-1).overlaps(second.padded(-1)), f"{one.get_text()!r} over {other.get_text()!r}"
    frame = figure.bbox.padded(1)
    for text, box in boxes.items():
        assert frame.contains(*box.min), f"{text.get_text()!r} leaves the figure"
        assert frame.contains(*box.max), f"{text.get_text()!r} leaves the figure"

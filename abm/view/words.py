"""How KPIs and units are written where people read them."""

from __future__ import annotations

_INITIALS = ("csi", "nps")  # words of KPIs' names that are written large


def label(kpi: str) -> str:
    """Return a KPI's name as figures write it: "Share of wallet"."""
    words = [word.upper() if word in _INITIALS else word for word in kpi.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def in_words(unit: str) -> str:
    """Return a unit as figures write it: "cu per customer and year", "per visit"."""
    first, *rest = unit.split("/")
    if not rest:
        return f"scale {unit.replace('-', '–')}" if unit[:1].isdigit() else unit
    return f"{'' if first == '1' else first + ' '}per {' and '.join(rest)}"

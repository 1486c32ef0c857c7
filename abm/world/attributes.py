"""Attributes: what a service is made of in the eyes of customers."""

from __future__ import annotations

ATTRIBUTES = {  # of a service, each with what it is
    "core": "what the visit is for",
    "convenience": "how easy it is to come, find and pay",
    "people": "how one is treated",
    "speed": "how soon it is done",
    "tangibles": "rooms, tools and how things look",
}

"""What a firm sets for its contact centre: who answers and who calls, in which order, with what tools, whose it is."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.mechanisms.policy import CENTS, WHOLE, Held, Policy

MOST_AGENTS = 1000  # of a centre
_HOUR = "wages are those of the labour market"
_TOOLS = "what its tools cost is given to a firm"
_OFFER = "what providers ask is given to a firm"


def _effort(scale: float, level: float) -> float:
    """Return what an effort costs, scale * -ln(1 - level): each further step costs more than the one before."""
    return -scale * math.log1p(-level)


class ContactCentrePolicy(Policy):
    """Who answers contacts and who calls, in which order, with what tools, and who owns the centre."""

    name = "contact_centre"
    presets = "contact_centre"
    held: ClassVar = {"preset": None}
    given: ClassVar = {
        "agent_wage": _HOUR, "expert_premium": _HOUR, "call_flexibility_scale": _HOUR, "site_cost": _TOOLS,
        "system_cost": _TOOLS, "cti_cost": _TOOLS, "message_cost": _TOOLS, "self_service_scale": _TOOLS,
        "call_back_scale": _TOOLS, "knowledge_scale": _TOOLS, "quality_scale": _TOOLS, "seat_fee": _OFFER,
        "reserve_fee": _OFFER, "contact_fee": _OFFER,
    }  # fmt: skip
    free: ClassVar = {
        "wait_announced": "an announcement is cheap; who hears of a long wait hangs up",
        "best_first": "who is answered first is answered before another, who waits the longer",
        "blended": "agents are paid whether they wait or call; who calls meanwhile waits the longer",
        "idle_reserve": "who is kept free for customers is paid for waiting, and calls nobody",
    }
    preset: str = param("none", unit="name", evidence="assumed", doc="generation that other fields follow")
    agents: int = param(
        0, unit="agents", bounds=(0, MOST_AGENTS), evidence="assumed",
        doc="on duty in a centre of `centre_visits`; 0 and no self-service = no centre, everybody is heard",
    )  # fmt: skip
    specialists: int = param(
        0, unit="agents", bounds=(0, MOST_AGENTS), evidence="assumed",
        doc="of the agents, with the skill for complaints; the others have that for questions",
    )  # fmt: skip
    dedicated_agents: int = param(
        0, unit="agents", bounds=(0, MOST_AGENTS), evidence="assumed",
        doc="of the agents, for class A alone, with the skill for either matter",
    )  # fmt: skip
    outbound_agents: int = param(
        0, unit="agents", bounds=(0, MOST_AGENTS), evidence="assumed",
        doc="beside the agents, on duty all day for calls of the firm alone (outbound)",
    )  # fmt: skip
    blended: bool = param(
        False, unit="true/false", evidence="assumed",
        doc="whether agents also make calls of the firm, when nobody waits for them",
    )  # fmt: skip
    idle_reserve: int = param(
        0, unit="agents", bounds=(0, MOST_AGENTS), evidence="assumed",
        doc="of each kind and site, kept free when others make calls (`blended`): calls begin only while more are",
    )  # fmt: skip
    sites: int = param(
        1, unit="sites", bounds=(1, 2), evidence="assumed", doc="that agents are divided over, each with its own lines"
    )
    follows_calls: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="how far agents on duty follow the contacts of the day: 0 = always as many, 1 = in proportion",
    )  # fmt: skip
    self_service: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="part of what a machine can contain that it does contain, before an agent is reached",
    )  # fmt: skip
    cti: bool = param(
        False, unit="true/false", evidence="assumed", doc="whether agents see at once who calls (telephony integration)"
    )
    knowledge: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed", doc="effort on a knowledge base for agents"
    )
    quality_target: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="how far agents are held to finishing a matter, by coaching and by taking the time",
    )  # fmt: skip
    wait_announced: float = param(
        0.0, unit="ratio", bounds=(0, 3), evidence="assumed",
        doc="of the expected wait, that is announced to who has to wait, with her position; 0 = nothing is",
    )  # fmt: skip
    best_first: bool = param(
        False, unit="true/false", evidence="assumed", doc="whether class A is answered before others"
    )
    call_back: float = param(
        0.0, unit="share", bounds=(0, 0.99), evidence="assumed",
        doc="who would have to wait long and is offered to be called back when nobody is on the telephone",
    )  # fmt: skip
    messages: bool = param(
        False, unit="true/false", evidence="assumed",
        doc="whether written contacts are answered in writing, when nobody is on the telephone; otherwise they call",
    )  # fmt: skip
    ownership: Literal["own", "outsourced", "hosted"] = param(
        "own", unit="name", evidence="assumed",
        doc="own agents and system; a provider's, by the contact; own agents at a provider's system, by the seat",
    )  # fmt: skip
    agent_wage: float = param(18.0, unit="cu/agent/hour", bounds=(0, 1e4), evidence="assumed", doc="cost of an agent")
    expert_premium: float = param(
        0.2, unit="share", bounds=(0, 10), evidence="assumed", doc="of specialists and dedicated agents, on the wage"
    )
    call_flexibility_scale: float = param(
        0.05, unit="share of wage", bounds=(0, 10), evidence="assumed", doc="scale of -ln(1 - follows_calls)"
    )
    site_cost: float = param(
        60.0, unit="cu/site/day", bounds=(0, 1e6), evidence="assumed", doc="rooms and lines of a site that is not let"
    )
    system_cost: float = param(
        150.0, unit="cu/site/day", bounds=(0, 1e6), evidence="assumed", doc="of a system of one's own"
    )
    seat_fee: float = param(
        3.0, unit="cu/agent/hour", bounds=(0, 1e4), evidence="assumed", doc="for a seat in a hosted system"
    )
    reserve_fee: float = param(
        6.0, unit="cu/agent/hour", bounds=(0, 1e4), evidence="assumed", doc="for agents that a provider keeps ready"
    )
    contact_fee: float = param(
        3.0, unit="cu/contact", bounds=(0, 1e4), evidence="assumed",
        doc="for a contact that a provider's agent answers, or a customer whom she reaches",
    )  # fmt: skip
    cti_cost: float = param(1.5, unit="cu/agent/hour", bounds=(0, 1e4), evidence="assumed", doc="cost of `cti`")
    message_cost: float = param(
        0.5, unit="cu/agent/hour", bounds=(0, 1e4), evidence="assumed", doc="cost of `messages`"
    )
    self_service_scale: float = param(
        0.3, unit="cu/contact", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - self_service)"
    )
    call_back_scale: float = param(
        0.1, unit="cu/contact", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - call_back)"
    )
    knowledge_scale: float = param(
        0.2, unit="cu/contact", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - knowledge)"
    )
    quality_scale: float = param(
        0.3, unit="cu/contact", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - quality_target)"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return whether there is a centre for customers, whether anybody calls them, and what it costs.

        agent_hour, expert_hour : cents of an agent, and more of an expert      answer_fee : cents of an answer
        centre_contact_expense : 1/100 cent of a contact      site_day : cents of all sites
        """
        there, bought = self.agents > 0 or self.self_service > 0, self.ownership == "outsourced"
        pay = self.reserve_fee if bought else self.agent_wage
        tools = self.cti_cost * self.cti + self.message_cost * self.messages
        tools += self.seat_fee if self.ownership == "hosted" else 0.0
        efforts = (
            (self.self_service_scale, self.self_service), (self.call_back_scale, self.call_back),
            (self.knowledge_scale, self.knowledge), (self.quality_scale, self.quality_target),
        )  # fmt: skip
        rooms = (0.0 if bought else self.site_cost) + (self.system_cost if self.ownership == "own" else 0.0)
        flexible = 1.0 + _effort(self.call_flexibility_scale, self.follows_calls)
        return {
            "has_centre": (WHOLE, int(there)),
            "calls_out": (WHOLE, int(self.calls)),
            "agent_hour": (CENTS, pay * flexible + tools),
            "expert_hour": (CENTS, pay * flexible * self.expert_premium),
            "answer_fee": (CENTS, self.contact_fee if bought else 0.0),
            "centre_contact_expense": (CENTS, 100.0 * sum(_effort(scale, level) for scale, level in efforts)),
            "site_day": (CENTS, rooms * self.sites if there or self.calls else 0.0),
        }

    @property
    def calls(self) -> bool:
        """Whether anybody makes calls of the firm."""
        return self.outbound_agents > 0 or (self.blended and self.agents > 0)

    @model_validator(mode="after")
    def _has_generalists(self) -> Self:
        apart = self.specialists + self.dedicated_agents
        if apart and self.agents < apart + self.sites:
            few = f"= {self.agents} leaves no generalist at some site beside {apart} specialists and dedicated agents"
            raise Refusal(f"{few}; state at least {apart + self.sites}", place="agents")
        if 0 < self.agents < self.sites:
            raise Refusal(f"= {self.agents} is too few for {self.sites} sites; state at least one each", place="agents")
        return self

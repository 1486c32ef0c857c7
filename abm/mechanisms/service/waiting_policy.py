"""What a firm sets for its waiting lines: how many serve, how people stand, who is served first."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from abm.core.errors import Refusal
from abm.core.spec import param
from abm.mechanisms.policy import CENTS, Held, Policy
from abm.queues.rules import MOST_LINES

MOST_SERVERS = 1000  # of a branch


class WaitingLinePolicy(Policy):
    """How many serve, how people stand, who is served first."""

    name = "waiting_line"
    given: ClassVar = {
        "wage": "wages are those of the labour market",
        "appointment_scale": "what a book of appointments costs is given to a firm",
        "flexibility_scale": "what flexible hours cost is given to a firm",
    }
    free: ClassVar = {
        "lines": "a rope, or a machine for numbers, costs next to nothing",
        "discipline": "who is served first is served before another, who waits the longer",
        "express_servers": "they are taken from the other visitors",
        "express_limit": "whom the express line takes it takes from the other line, and the other way round",
        "room": "a smaller room turns people away, and a larger one makes them wait",
        "announcement": "a board that says how long is cheap; who is told of a long wait leaves",
    }
    servers: int = param(
        0, unit="servers", bounds=(0, MOST_SERVERS), evidence="assumed",
        doc="on duty in a branch of `branch_visits`; 0 = enough for everybody",
    )  # fmt: skip
    wage: float = param(15.0, unit="cu/server/hour", bounds=(0, 1e4), evidence="assumed", doc="cost of a server")
    follows_profile: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="how far servers on duty follow the arrivals of the day: 0 = always as many, 1 = in proportion",
    )  # fmt: skip
    flexibility_scale: float = param(
        0.05, unit="share of wage", bounds=(0, 10), evidence="assumed",
        doc="scale of -ln(1 - follows_profile) and of -ln(1 - follows_forecast)",
    )  # fmt: skip
    follows_forecast: float = param(
        0.0, unit="0-1", bounds=(0, 0.99), evidence="assumed",
        doc="how far servers on duty follow the visitors that the firm foretells, against an equal share of occasions",
    )  # fmt: skip
    lines: Literal["single", "parallel", "numbers"] = param(
        "single", unit="name", evidence="assumed", doc="one line for all servers, one for each, or numbers drawn"
    )
    discipline: Literal["fcfs", "priority", "express"] = param(
        "fcfs", unit="name", evidence="assumed",
        doc="in the order of arrival, class A first, or few minutes at servers of their own",
    )  # fmt: skip
    express_servers: int = param(
        1, unit="servers", bounds=(1, MOST_SERVERS), evidence="assumed", doc="of the servers, with `express`"
    )
    express_limit: float = param(
        5.0, unit="minutes", bounds=(0, 1e4), evidence="assumed", doc="longest service at an express server"
    )
    room: int = param(
        0, unit="visitors", bounds=(0, 100_000), evidence="assumed", doc="there at most, in service too; 0 = no limit"
    )
    announcement: float = param(
        0.0, unit="ratio", bounds=(0, 3), evidence="assumed",
        doc="of the expected wait, that is announced to who has to wait; 0 = nothing is",
    )  # fmt: skip
    appointments: float = param(
        0.0, unit="share", bounds=(0, 0.99), evidence="assumed", doc="visitors who come by appointment"
    )
    appointment_scale: float = param(
        0.3, unit="cu/visit", bounds=(0, 1e4), evidence="assumed", doc="scale of -ln(1 - appointments), its cost"
    )

    def worked_out(self, firm: Any) -> dict[str, tuple[Held, Any]]:
        """Return what an hour of a server costs, in cents, and what appointments cost a visit, in 1/100 cent."""
        flexible = math.log1p(-self.follows_profile) + math.log1p(-self.follows_forecast)
        hour = self.wage * (1.0 - self.flexibility_scale * flexible)
        return {
            "server_hour": (CENTS, hour),
            "appointment_expense": (CENTS, -100.0 * self.appointment_scale * math.log1p(-self.appointments)),
        }

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        parallel = self.lines == "parallel"
        most = MOST_LINES - (self.discipline == "priority")
        if parallel and self.servers > most:
            raise Refusal(f"= {self.servers} is too many for parallel lines, at most {most}", place="servers")
        for name in ("follows_profile", "follows_forecast"):
            if parallel and getattr(self, name) > 0:
                raise Refusal("= 0 is needed with parallel lines, each of which has its server", place=name)
        if self.discipline == "express" and 0 < self.servers <= self.express_servers:
            few = f"= {self.express_servers} leaves none of {self.servers} servers for the other visitors"
            raise Refusal(few, place="express_servers")
        if 0 < self.room < self.servers:
            raise Refusal(f"= {self.room} has no place for all of {self.servers} servers' visitors", place="room")
        return self

"""The M/M/1 of queues.py as Cimba has it; its annotations are read when it runs, so that they cannot be put off."""

import cimba as cb
from cimba import inputs

RATE = 0.8


class MM1(cb.Model):
    """Arrivals put into a container what a server gets."""

    interarrival: cb.Input[float] = inputs.dist.exponential(mean=1 / RATE)
    service_time: cb.Input[float] = inputs.dist.exponential(mean=1.0)
    line: cb.Container
    mean_line: cb.Output[float]

    @cb.process
    def arrivals(self):
        """Let customers come."""
        while True:
            cb.hold(self.interarrival.next())
            self.line.put(1)

    @cb.process
    def server(self):
        """Serve them."""
        while True:
            self.line.get(1)
            cb.hold(self.service_time.next())

    @cb.on_end
    def measure(self):
        """Tell the mean length of the line."""
        self.mean_line = self.line.mean_level()

"""The door opens on this machine alone, and on the next port where one is taken."""

import socket

import pytest

import abm
from abm.view.page.door import listening


def test_a_taken_port_leads_to_the_next():
    with listening(0) as first:
        taken = first.getsockname()[1]
        with listening(taken) as second:
            assert taken < second.getsockname()[1] < taken + 20
            assert second.getsockname()[0] == "127.0.0.1"


def test_nobody_gets_in_from_another_address():
    with listening(0) as door:
        port = door.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
        with pytest.raises(OSError, match=r"refused|timed out"):
            socket.create_connection(("127.0.0.2", port), timeout=2)


@pytest.mark.parametrize("port", [-1, 65536])
def test_no_port(port):
    with pytest.raises(abm.Refusal, match=r"^--port = -?\d+ is no port"):
        listening(port)


def test_no_port_is_free():
    with listening(65535), pytest.raises(abm.Refusal, match="none of the ports from 65535 to 65535 is free"):
        listening(65535)

"""A real Valkey for the few tests that need one; started when the first asks for it."""

import shutil
from collections.abc import Iterator

import pytest

from servicebilling.embedded import binaries, processes, server_user, valkey


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """The REDIS_URL of a server that belongs to this test process alone."""
    sockets = server_user.socket_folder(user=None, prefix="servicebilling-test-broker-")
    program = valkey.program(
        binaries.find_valkey(), sockets=sockets, log=sockets / "valkey.log"
    )
    process = processes.start(program)
    valkey.wait_until_ready(sockets, check=lambda: None)
    yield valkey.url(sockets)
    processes.stop(process, program)
    shutil.rmtree(sockets)

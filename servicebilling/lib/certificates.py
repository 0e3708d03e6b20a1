"""The certificates that outgoing requests trust, read once per process.

Reading them takes some 60 ms of processor time, more than all else that a request costs;
httpx does it anew for every request that brings no context. Threads may share one.
"""

import functools
import ssl

import httpx


@functools.cache
def trusted() -> ssl.SSLContext:
    """For `verify=`: the usual authorities; the environment cannot add or take away any."""
    return httpx.create_ssl_context(trust_env=False)

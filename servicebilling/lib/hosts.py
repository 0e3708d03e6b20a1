"""Which addresses are of this machine alone."""

from urllib.parse import urlsplit

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def is_this_machine(url: str) -> bool:
    """Whether a URL leads to this machine, so that nobody else can be meant or hurt."""
    return urlsplit(url).hostname in THIS_MACHINE

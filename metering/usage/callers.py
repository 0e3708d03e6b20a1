"""Which number of a call is the caller's, and who is shown it. Pure."""

from servicebilling.lib import phone_numbers


def numbers_shown(
    direction: str, call_from: str, call_to: str, *, sees_callers: bool
) -> tuple[str, str]:
    """Return both numbers of a call; without the right, the one that is not the
    organization's own is masked."""
    if sees_callers:
        return call_from, call_to
    if direction == "outbound":
        return call_from, phone_numbers.masked(call_to)
    return phone_numbers.masked(call_from), call_to

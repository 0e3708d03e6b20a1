"""Which reported minutes the invoices of a subscription have left out. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from billing.models import OverageDelivery
from billing.providers.answers import MeteredLine

State = OverageDelivery.State


@dataclass(slots=True)
class Found:
    """`differing` are the periods whose sum fits no set of our rows, in words: ours and
    theirs."""

    asked_for: list[OverageDelivery] = field(default_factory=list)
    left_out: list[OverageDelivery] = field(default_factory=list)
    differing: list[tuple[str, str, str]] = field(default_factory=list)


def compare(rows: Iterable[OverageDelivery], lines: Sequence[MeteredLine]) -> Found:
    """Tell the rows that invoices ask for from those that none does.

    A period's line asks for all of its rows, for those that are certainly there, for none,
    or for those that came before it was made; anything else staff must look at.
    """
    found = Found()
    by_line: dict[MeteredLine, list[OverageDelivery]] = {line: [] for line in lines}
    for row in rows:
        its = next(
            (one for one in lines if one.starts_at <= row.occurred_at < one.ends_at), None
        )
        (found.left_out if its is None else by_line[its]).append(row)
    for line, there in by_line.items():
        _compare_one(line, there, found)
    return found


def _compare_one(line: MeteredLine, rows: list[OverageDelivery], found: Found) -> None:
    came = sorted(
        (row for row in rows if row.state == State.DELIVERED),
        key=lambda row: (row.delivered_at, row.pk),
    )
    doubtful = [row for row in rows if row.state != State.DELIVERED]
    candidates = [came + doubtful, *(came[:end] for end in range(len(came), -1, -1))]
    for asked_for in candidates:
        # A sum below nothing is invoiced as nothing.
        if max(0, sum(row.minutes for row in asked_for)) == line.minutes:
            found.asked_for += asked_for
            taken = {row.pk for row in asked_for}
            found.left_out += [row for row in rows if row.pk not in taken]
            return
    period = f"{line.starts_at:%Y-%m-%d %H:%M}"
    sure, unsure = (sum(row.minutes for row in some) for some in (came, doubtful))
    ours = f"{sure} minutes delivered, {unsure} in doubt"
    found.differing.append((period, ours, f"{line.minutes} minutes on its invoice"))

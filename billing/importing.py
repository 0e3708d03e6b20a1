"""Organizations from another system: read and checked whole, then brought in whole or not at
all, with opening entries in both ledgers."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts import organizations, people
from accounts.models import Organization
from billing import plans
from billing.models import Plan
from metering.balances import ledger
from metering.calls import numbers
from servicebilling.lib import money
from servicebilling.lib.errors import DomainError

COLUMNS = (
    "name",
    "owner_email",
    "plan",
    "timezone",
    "phone_number",
    "phone_number_id",
    "credit_minutes",
    "wallet_balance",
)
REQUIRED = ("name", "owner_email", "plan")
ROWS_MAX = 10_000
MINUTES_MAX = 100_000_000
ACTOR = "command import_organizations"


@dataclass(frozen=True, slots=True)
class RowError:
    """`row` counts lines of data from 1; 0 is the heading."""

    row: int
    column: str
    message: str


@dataclass(slots=True)
class Imported:
    organizations: list[str] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wanted:
    row: int
    name: str
    owner_email: str
    plan: Plan
    timezone: str
    phone_number: str
    phone_number_id: str
    credit_minutes: int
    wallet_balance: Decimal


def run(
    lines: Iterable[str],
    *,
    dry_run: bool,
    now: datetime,
    show: Callable[[int, int], None] = lambda done, total: None,
) -> Imported:
    """Bring in what a CSV file says. With any error, and in a dry run, nothing is changed.

    A dry run does everything and takes it back, so it finds what the real run would.
    """
    done = Imported()
    wanted = _read(lines, done)
    if done.errors:
        return done
    with transaction.atomic():
        for number, one in enumerate(wanted, start=1):
            try:
                with transaction.atomic():
                    done.organizations.append(_bring_in(one, now))
            except (DomainError, ledger.LedgerError, ValidationError) as error:
                done.errors.append(RowError(one.row, "", _told(error)))
            except IntegrityError:
                done.errors.append(RowError(one.row, "", "This contradicts what is here."))
            show(number, len(wanted))
        if dry_run or done.errors:
            transaction.set_rollback(True)
    return done


def _read(lines: Iterable[str], done: Imported) -> Sequence[Wanted]:
    reader = csv.DictReader(lines)
    heading = [name.strip() for name in reader.fieldnames or []]
    reader.fieldnames = heading
    for column in REQUIRED:
        if column not in heading:
            done.errors.append(RowError(0, column, "This column is missing."))
    for column in heading:
        if column not in COLUMNS:
            done.errors.append(RowError(0, column, "This column is not known."))
    if done.errors:
        return []
    known = {plan.code: plan for plan in Plan.objects.filter(is_active=True)}
    wanted = []
    for row, given in enumerate(reader, start=1):
        if row > ROWS_MAX:
            done.errors.append(RowError(row, "", f"More than {ROWS_MAX} rows."))
            break
        values = {key: (given.get(key) or "").strip() for key in COLUMNS}
        errors = _errors(row, values, known, is_long=None in given)
        done.errors += errors
        if not errors:
            wanted.append(_wanted(row, values, known))
    done.errors += _twice(wanted)
    return wanted


def _errors(
    row: int, values: dict[str, str], known: dict[str, Plan], *, is_long: bool
) -> list[RowError]:
    errors = [
        RowError(row, column, "This is missing.")
        for column in REQUIRED
        if not values[column]
    ]
    if is_long:
        errors.append(RowError(row, "", "This row has more values than columns."))
    if values["plan"] and values["plan"] not in known:
        errors.append(RowError(row, "plan", f"There is no plan {values['plan']!r}."))
    if bool(values["phone_number"]) != bool(values["phone_number_id"]):
        errors.append(RowError(row, "phone_number", "Number and its id go together."))
    minutes = values["credit_minutes"] or "0"
    if not re.fullmatch(r"[0-9]{1,9}", minutes, re.ASCII) or int(minutes) > MINUTES_MAX:
        errors.append(RowError(row, "credit_minutes", "This must be whole minutes."))
    try:
        if money.amount(values["wallet_balance"] or "0") < 0:
            errors.append(RowError(row, "wallet_balance", "This must not be negative."))
    except money.InvalidAmount as error:
        errors.append(RowError(row, "wallet_balance", f"{error}."))
    return errors


def _wanted(row: int, values: dict[str, str], known: dict[str, Plan]) -> Wanted:
    return Wanted(
        row=row,
        name=values["name"],
        owner_email=values["owner_email"],
        plan=known[values["plan"]],
        timezone=values["timezone"] or "UTC",
        phone_number=values["phone_number"],
        phone_number_id=values["phone_number_id"],
        credit_minutes=int(values["credit_minutes"] or "0"),
        wallet_balance=money.amount(values["wallet_balance"] or "0"),
    )


def _twice(wanted: Sequence[Wanted]) -> list[RowError]:
    ids = Counter(one.phone_number_id for one in wanted if one.phone_number_id)
    names = Counter((one.name, one.owner_email.lower()) for one in wanted)
    return [
        RowError(one.row, "phone_number_id", "This stands in another row, too.")
        for one in wanted
        if ids[one.phone_number_id] > 1
    ] + [
        RowError(one.row, "name", "The same organization stands in another row.")
        for one in wanted
        if names[one.name, one.owner_email.lower()] > 1
    ]


def _bring_in(one: Wanted, now: datetime) -> str:
    owner = people.find(one.owner_email) or people.create_verified(
        email=one.owner_email, password=people.new_password(), now=now
    )
    if Organization.objects.filter(name=one.name, owner=owner).exists():
        raise DomainError("This owner has an organization of that name already.")
    organization = organizations.create(
        name=one.name,
        owner=owner,
        now=now,
        timezone=one.timezone,
        currency=one.plan.currency,
        actor=ACTOR,
    )
    plans.open_organization(organization=organization, plan=one.plan, now=now)
    _open_balances(organization, one, now)
    if one.phone_number:
        if taken_from := numbers.owner(one.phone_number_id):
            raise DomainError(f"{one.phone_number} is {taken_from.slug}'s already.")
        numbers.map_number(
            organization=organization,
            e164=one.phone_number,
            provider_number_id=one.phone_number_id,
            agent=None,
            actor=ACTOR,
            now=now,
        )
    return organization.slug


def _open_balances(organization: Organization, one: Wanted, now: datetime) -> None:
    if one.credit_minutes:
        ledger.add_credit_minutes(
            organization_id=organization.pk,
            minutes=one.credit_minutes,
            kind="opening_balance",
            reference="opening_balance",
            reason="Brought over from another system",
            now=now,
        )
    if one.wallet_balance:
        ledger.move_money(
            organization_id=organization.pk,
            amount=one.wallet_balance,
            kind="opening_balance",
            reference="opening_balance",
            reason="Brought over from another system",
            now=now,
        )


def _told(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    return str(error)

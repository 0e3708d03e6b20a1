"""Wallets for old organizations, and organizations from elsewhere."""

import contextlib
import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Organization
from billing import backfilling, catalogue_loading
from metering.models import Allowance, MinuteTransaction, Wallet, WalletTransaction
from metering.verification.run import verify
from tests.factories import accounts as make

pytestmark = pytest.mark.django_db

HEADING = "name,owner_email,plan,timezone,phone_number,phone_number_id,credit_minutes,wallet_balance\n"  # noqa: E501
GOOD = "Ann,ann@example.com,wallet-starter,Europe/Berlin,+15550001,num_1,30,12.50\n"


@pytest.fixture(autouse=True)
def catalogue(now):
    catalogue_loading.load(now=now)
    yield
    assert verify(now=now).findings == []


@pytest.fixture
def brought(tmp_path, capsys):
    def run(text: str, *options: str):
        path = tmp_path / "organizations.csv"
        path.write_text(text)
        # A refusal is an exit code; what was wrong is printed.
        with contextlib.suppress(CommandError):
            call_command("import_organizations", str(path), "--json", *options)
        return json.loads(capsys.readouterr().out)

    return run


def test_wallets_are_made_once_with_a_bonus(now):
    dollars, naira = make.make_organization(), make.make_organization(currency="NGN")
    wanted = {"welcome_bonus": Decimal(5), "now": now}
    assert len(backfilling.run(**wanted, dry_run=True)) == 2
    assert not Wallet.objects.exists()
    assert backfilling.run(**wanted, dry_run=False) == [dollars.slug, naira.slug]
    assert backfilling.run(**wanted, dry_run=False) == []
    assert {row.currency: row.balance for row in Wallet.objects.all()} == {
        "USD": 5,
        "NGN": 5,
    }
    allowance = Allowance.objects.get(organization=dollars)
    assert allowance.rate_card.code.startswith("free-legacy")
    assert set(WalletTransaction.objects.values_list("kind", flat=True)) == {"bonus"}


def test_the_command_tells_who_gets_one(capsys):
    slug = make.make_organization().slug
    call_command("backfill_wallets", "--dry-run", "--json")
    assert json.loads(capsys.readouterr().out) == {"made": [slug], "dry_run": True}


def test_organizations_come_with_numbers_and_opening_entries(brought):
    assert brought(HEADING + GOOD) == {
        "organizations": ["ann"],
        "errors": [],
        "dry_run": False,
    }
    organization = Organization.objects.get()
    assert organization.timezone == "Europe/Berlin"
    assert organization.wallet.balance == Decimal("12.50")
    assert MinuteTransaction.objects.get().kind == "opening_balance"
    assert WalletTransaction.objects.get().kind == "opening_balance"


def test_a_dry_run_does_all_of_it_and_takes_it_back(brought):
    assert brought(HEADING + GOOD, "--dry-run")["organizations"] == ["ann"]
    assert not Organization.objects.exists()


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("Bob,bob@example.com,no-such-plan,,,,,", "plan"),
        ("Bob,,cutoff,,,,,", "owner_email"),
        ("Bob,bob@example.com,cutoff,,+15550002,,,", "phone_number"),
        ("Bob,bob@example.com,cutoff,,,,1.5,", "credit_minutes"),
        ("Bob,bob@example.com,cutoff,,,,٣,", "credit_minutes"),
        ("Bob,bob@example.com,cutoff,,,,,1e3", "wallet_balance"),
        ("Bob,bob@example.com,cutoff,,,,,-1", "wallet_balance"),
        ("Bob,bob@example.com,cutoff,,+15550001,num_1,,", "phone_number_id"),
        ("Ann,ann@example.com,cutoff,,,,,", "name"),
        ("Bob,bob@example.com,cutoff,Mars/Base,,,,", ""),
        ("Bob,not an address,cutoff,,,,,", ""),
    ],
)
def test_one_wrong_row_keeps_all_of_them_out_and_is_named(brought, row, column):
    told = brought(HEADING + GOOD + row + "\n")
    assert [2, column] in [[one["row"], one["column"]] for one in told["errors"]]
    assert not Organization.objects.exists()


def test_brought_in_twice_is_refused(brought):
    brought(HEADING + GOOD)
    told = brought(HEADING + GOOD)
    assert "already" in told["errors"][0]["message"]
    assert Organization.objects.count() == 1


def test_a_file_without_its_columns_is_refused(brought):
    told = brought("name,colour\nAnn,red\n")
    assert {one["column"] for one in told["errors"]} == {"owner_email", "plan", "colour"}

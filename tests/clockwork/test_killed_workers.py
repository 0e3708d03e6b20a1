"""Real workers over a real broker, both killed without warning in the middle of their work:
what is in the database is done, once in effect.

This starts processes and takes minutes, so it runs with LONG=1 only.
"""

import random
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Organization, PeriodicRun
from billing import catalogue_loading, checkout, plans, tasks
from billing.letters import writing
from billing.letters.wording import Words
from billing.models import (
    Letter,
    OverageDelivery,
    Payment,
    PaymentEvent,
    Plan,
    Subscription,
    SubscriptionItem,
    TopUp,
)
from billing.providers.base import Config, Customer
from billing.providers.stripe import meters
from billing.providers.stripe.client import Gateway
from billing.providers.stripe.journal import Journal
from billing.providers.stripe.provider import StripeProvider
from metering.models import OverageCharge
from metering.verification.run import verify
from servicebilling.embedded import binaries, processes, server_user, valkey
from tests.billing.flutterwave import conftest as naira
from tests.billing.stripe import conftest as euro
from tests.factories import accounts as make
from tests.length import IS_LONG
from tests.workers import Worker, sends_to, until

__all__ = ["sends_to"]
running, running_sandbox = naira.running, euro.running_sandbox
flutterwave, stripe = naira.flutterwave, euro.stripe

LETTERS, PAYMENTS, CHARGES, KILLS = 200, 60, 60, 8
AMOUNT, DELIVERIES_MAX = Decimal(15000), 5
SWEEPS = (tasks.post_letters, tasks.process_due_events, tasks.deliver_overage)
LIKE_IN_PRODUCTION = ("--pool=prefork", "--concurrency=4")

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not IS_LONG, reason="starts processes, kills them"),
]


@dataclass
class Broker:
    """A Valkey of the test's own, which may die."""

    folder: Path
    process: subprocess.Popen | None = None

    @property
    def url(self) -> str:
        return valkey.url(self.folder)

    def start(self) -> None:
        log = self.folder / "valkey.log"
        program = valkey.program(binaries.find_valkey(), sockets=self.folder, log=log)
        self.process = processes.start(program)
        valkey.wait_until_ready(self.folder, check=lambda: None)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@pytest.fixture
def broker(sends_to) -> Iterator[Broker]:
    made = Broker(server_user.socket_folder(user=None, prefix="servicebilling-killed-"))
    made.start()
    sends_to(made.url)
    yield made
    made.kill()
    shutil.rmtree(made.folder)


@pytest.fixture
def lagos(flutterwave) -> Organization:
    """Pays into a wallet in naira."""
    flutterwave.at(timezone.now())
    catalogue_loading.load(now=timezone.now())
    made = make.make_organization(name="Lagos Dental", currency="NGN", now=timezone.now())
    made.billing_email = "ada@example.org"
    made.save(update_fields=["billing_email"])
    card = Plan.objects.get(code="wallet-starter-ngn")
    plans.open_organization(organization=made, plan=card, now=timezone.now())
    return made


@pytest.fixture
def europe(stripe, lagos) -> tuple[Organization, StripeProvider]:
    """On a plan whose overage goes to a meter at Stripe."""
    now = timezone.now()
    stripe.control(
        "reset", at=str(int(time.time())), frozen="false", keep_endpoints="false"
    )
    config = Config(euro.KEY, ("whsec_test",), stripe.url, "http://localhost:8000")
    provider = StripeProvider(config)
    meters.ensure(Journal(Gateway(config)))
    made = make.make_organization(name="Berlin Dental", currency="EUR", now=now)
    customer = Customer(made.pk, name=made.name, email="berlin@example.org")
    made.stripe_customer_id = provider.create_customer(customer)
    made.save(update_fields=["stripe_customer_id"])
    plan = plans.get("starter")
    plans.open_organization(organization=made, plan=plan, now=now)
    subscription = Subscription.objects.create(
        organization=made,
        plan=plan,
        rate_card=plan.rate_card,
        price=Decimal(204),
        currency="EUR",
        billing_period="monthly",
        provider="stripe",
        provider_subscription_id="sub_1",
        status="active",
        created_at=now,
    )
    for is_metered in (False, True):
        SubscriptionItem.objects.create(
            subscription=subscription,
            provider_item_id=f"si_{is_metered}",
            provider_price_id="price",
            is_metered=is_metered,
            period_starts_at=now,
            period_ends_at=now + timedelta(days=28),
        )
    return made, provider


@pytest.fixture
def workers(broker, stripe, flutterwave, tmp_path) -> Iterator[Worker]:
    """A worker to start and kill, with a database and providers that are there."""
    made = Worker(
        broker.url,
        tmp_path,
        {
            "EMAIL_URL": f"filemail:///{tmp_path / 'mail'}",
            "STRIPE_SECRET_KEY": euro.KEY,
            "STRIPE_API_BASE": stripe.url,
            "FLUTTERWAVE_SECRET_KEY": "FLWSECK_TEST-sandbox-X",
            "FLUTTERWAVE_WEBHOOK_HASH": naira.HASH,
            "FLUTTERWAVE_API_BASE": f"{flutterwave.sandbox.url}/v3",
        },
        LIKE_IN_PRODUCTION,
    )
    yield made
    made.stop()


def test_workers_and_the_broker_are_killed_and_all_is_done_once(
    lagos, europe, flutterwave, workers, broker, tmp_path, capsys
):
    began = time.monotonic()
    berlin, provider = europe
    letters = _write_letters(lagos)
    charged = _charge(berlin)
    for number in range(PAYMENTS):
        _pay(lagos, flutterwave, number=number)

    for number in range(KILLS):
        workers.start()
        before = _done()
        _next_minute()
        until(lambda before=before: _done() > before or _is_all_done(), 300)
        time.sleep(random.uniform(0, 1.5))
        workers.kill()
        if number == KILLS // 2:
            # What was woken, and is now known to the database alone.
            broker.kill()
            _pay(lagos, flutterwave, number=PAYMENTS)
            broker.start()
    left = letters + CHARGES + PAYMENTS + 1 - _done()
    workers.start()
    _next_minute()
    until(_is_all_done, 600)

    sent = _sent(tmp_path / "mail")
    twice = sum(sent.values()) - len(sent)
    with capsys.disabled():
        print(
            f"\n{letters} letters, {PAYMENTS + 1} payments, {CHARGES} deliveries of overage; "
            f"{KILLS} workers and the broker killed, {left} left for the last: "
            f"{twice} letters twice, nothing lost, in {time.monotonic() - began:.0f} s"
        )
    assert len(sent) == letters
    # One letter each was under way.
    assert twice <= KILLS
    assert naira.balance(lagos) == sum(AMOUNT + number for number in range(PAYMENTS + 1))
    assert Payment.objects.count() == PAYMENTS + 1
    # Stripe counts by whole minutes.
    now = timezone.now().replace(second=0, microsecond=0)
    at_stripe = provider.usage_total(
        berlin.stripe_customer_id,
        starts_at=now - timedelta(days=1),
        ends_at=now + timedelta(days=1),
    )
    assert at_stripe == charged
    # Overage was charged for no calls here, which the books would not let pass.
    found = verify(now=now).findings
    assert [one for one in found if one.organization == lagos.slug] == []


@pytest.mark.parametrize("how", ["a child of the worker", "the worker"])
def test_a_daily_task_that_was_cut_off_goes_on_the_same_day(
    how, lagos, workers, tmp_path, monkeypatch, staff
):
    """Its period is claimed already, by a message that comes again."""
    PaymentEvent.objects.create(
        provider="stripe", external_id="one", state="parked", received_at=timezone.now()
    )
    workers.options = ("--pool=prefork", "--concurrency=1")
    workers.environment["DJANGO_SETTINGS_MODULE"] = _impatient_settings(tmp_path)
    workers.environment["PYTHONPATH"] = str(tmp_path)
    workers.start()
    with _held_up(Letter._meta.db_table):
        tasks.write_staff_digest.delay()
        until(PeriodicRun.objects.filter(task="write_staff_digest").exists, 10)
        if how == "the worker":
            workers.kill()
        else:
            workers.kill_child()
    if how == "the worker":
        workers.start()
    until(Letter.objects.filter(kind=Letter.Kind.STAFF_DIGEST).exists, 60)
    assert PeriodicRun.objects.filter(task="write_staff_digest").count() == 1


def _write_letters(organization: Organization) -> int:
    words = Words("News", "Something happened", ("It did.",))
    for number in range(LETTERS):
        writing.write(
            "payment_failed",
            words,
            organization=organization,
            about=str(number),
            now=timezone.now(),
        )
    # To each of its recipients.
    return Letter.objects.count()


def _charge(organization: Organization) -> int:
    """Return the minutes that are to arrive."""
    cycle, now = organization.allowance.cycle, timezone.now()
    for number in range(CHARGES):
        OverageCharge.objects.create(
            organization=organization,
            cycle=cycle,
            rate_card=cycle.rate_card,
            reference=f"call:{number}",
            minutes=number + 1,
            amount=(number + 1) * Decimal("0.50"),
            currency="EUR",
            occurred_at=now,
            created_at=now,
        )
    return sum(range(CHARGES + 1))


def _pay(
    organization: Organization, flutterwave: naira.Flutterwave, *, number: int
) -> None:
    """A customer pays; the webhook is stored, and a worker woken if the broker is there."""
    checkout.top_up(
        organization=organization,
        # Of the same amount, it would be the page that is open already.
        amount=AMOUNT + number,
        currency="NGN",
        provider="flutterwave",
        started_by=None,
        now=timezone.now(),
    )
    flutterwave.pay(TopUp.objects.get(amount=AMOUNT + number))
    # Turned away by a busy machine, the provider sends it again.
    answers = (naira.deliver(flutterwave.last_hook()) for _ in range(DELIVERIES_MAX))
    assert next(filter(lambda status: status != 503, answers)) == 200


def _next_minute() -> None:
    """All sweeps are asked for anew, and leases of who was killed have ended."""
    now = timezone.now()
    PeriodicRun.objects.all().delete()
    for rows in (
        Letter.objects.filter(state="waiting"),
        OverageDelivery.objects.filter(state="waiting"),
        PaymentEvent.objects.filter(state="received"),
    ):
        rows.update(next_attempt_at=now)
    for sweep in SWEEPS:
        sweep.delay()


def _states() -> tuple[Counter[str], ...]:
    return tuple(
        Counter(kind.objects.values_list("state", flat=True))
        for kind in (Letter, OverageDelivery, PaymentEvent)
    )


def _done() -> int:
    letters, overage, events = _states()
    return letters["delivered"] + overage["delivered"] + events["processed"]


def _is_all_done() -> bool:
    letters, overage, events = _states()
    is_collected = overage.total() == CHARGES
    return is_collected and set(letters) | set(overage) | set(events) == {
        "delivered",
        "processed",
    }


def _sent(folder: Path) -> Counter[str]:
    texts = [file.read_text() for file in folder.glob("*.log")]
    return Counter(re.findall(r"^Message-ID: (\S+)", "".join(texts), re.M))


def _impatient_settings(folder: Path) -> str:
    """The settings, but the broker gives out again after seconds what nobody acknowledged."""
    (folder / "impatient.py").write_text(
        "from servicebilling.settings import *\n"
        'CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3, '
        '"unacked_restore_throttle": 1}\n'
    )
    return "impatient"


@contextmanager
def _held_up(table: str) -> Iterator[None]:
    """Whoever would write to the table waits, for as long as the product's time limits let."""
    with transaction.atomic(using="default"), connection.cursor() as cursor:
        cursor.execute(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE')
        yield

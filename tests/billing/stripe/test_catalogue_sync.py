"""`sync_stripe_catalog` against the sandbox."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from billing import catalogue_loading, catalogue_telling, provider_runs
from billing.models import Plan, ProviderRun
from billing.providers import registry
from tests.billing.conftest import NOW
from tests.billing.stripe.conftest import KEY
from tests.factories import accounts as make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def plans(settings, spoken_to) -> None:
    settings.STRIPE_SECRET_KEY = KEY
    settings.STRIPE_API_BASE = spoken_to
    catalogue_loading.load(now=NOW)


def sync(*words: str) -> dict:
    out = StringIO()
    call_command("sync_stripe_catalog", "--json", *words, stdout=out)
    return json.loads(out.getvalue())


def price(stripe, key: str) -> dict:
    [found] = stripe.get("prices", **{"lookup_keys[0]": key})["data"]
    return found


def test_every_price_of_a_plan_is_made_as_the_plan_says(stripe) -> None:
    sync()
    monthly = price(stripe, "starter_monthly")
    assert (monthly["unit_amount"], monthly["currency"]) == (20400, "eur")
    assert monthly["recurring"]["interval"] == "month"
    assert monthly["metadata"] == {"plan": "starter", "period": "monthly", "kind": "flat"}
    yearly = price(stripe, "starter_yearly")
    assert (yearly["unit_amount"], yearly["recurring"]["interval"]) == (220320, "year")
    setup = price(stripe, "starter_setup")
    assert (setup["unit_amount"], setup["recurring"]) == (24900, None)
    overage = price(stripe, "starter_overage")
    [meter] = stripe.every("billing.meter")
    assert meter["event_name"] == "voice_call_minutes"
    assert overage["unit_amount"] == 50
    assert overage["recurring"]["usage_type"] == "metered"
    assert overage["recurring"]["meter"] == meter["id"]


def test_taxes_come_on_top_also_of_prices_that_said_nothing(stripe) -> None:
    """Stripe takes a price in euros that says nothing for one with taxes."""
    stripe.post(
        "prices",
        **{
            "currency": "eur",
            "unit_amount": 20400,
            "recurring[interval]": "month",
            "product_data[name]": "Made by hand",
            "lookup_key": "starter_monthly",
        },
    )
    sync()
    assert {row["tax_behavior"] for row in stripe.every("price")} == {"exclusive"}


def test_the_ids_are_written_down(stripe) -> None:
    sync()
    assert Plan.objects.get(code="starter").provider_ids == {
        "stripe": {
            "product": "prod_starter",
            **{
                kind: price(stripe, f"starter_{kind}")["id"]
                for kind in ("monthly", "yearly", "setup", "overage")
            },
        }
    }
    assert Plan.objects.get(code="none").provider_ids == {}
    assert set(Plan.objects.get(code="cutoff").provider_ids["stripe"]) == {
        "product",
        "monthly",
    }


def test_a_second_run_changes_nothing(stripe) -> None:
    first = sync()
    assert first["changes"]
    events = len(stripe.every("event"))
    second = sync()
    assert second == {"changes": [], "notes": [], "webhook_secret": None}
    assert len(stripe.every("event")) == events


def test_a_dry_run_tells_the_same_and_makes_nothing(stripe) -> None:
    told = sync("--dry-run")["changes"]
    assert stripe.every("product") == stripe.every("webhook_endpoint") == []
    assert Plan.objects.get(code="starter").provider_ids == {}
    assert sync()["changes"] == told


def test_another_amount_is_another_price_and_the_old_one_is_closed(stripe) -> None:
    sync()
    old = price(stripe, "growth_monthly")
    Plan.objects.filter(code="growth").update(price_monthly="399")
    changes = sync()["changes"]
    new = price(stripe, "growth_monthly")
    assert new["unit_amount"] == 39900
    assert new["id"] != old["id"]
    assert not stripe.get(f"prices/{old['id']}")["active"]
    assert Plan.objects.get(code="growth").provider_ids["stripe"]["monthly"] == new["id"]
    assert [change["what"] for change in changes] == ["price", "price", "plan"]
    assert sync()["changes"] == []


def test_an_amount_that_comes_back_gets_a_price_that_is_offered(stripe) -> None:
    sync()
    for amount in ("399", "366"):
        Plan.objects.filter(code="growth").update(price_monthly=amount)
        sync()
    again = price(stripe, "growth_monthly")
    assert (again["unit_amount"], again["active"]) == (36600, True)


def test_a_plan_that_is_called_otherwise_is_called_so_there(stripe) -> None:
    sync()
    Plan.objects.filter(code="starter").update(name="First steps")
    told = {change["key"] for change in sync()["changes"]}
    assert told == {"prod_starter", "prod_starter_setup", "prod_starter_overage"}
    assert stripe.get("products/prod_starter")["name"] == "First steps"


def test_the_endpoint_speaks_our_version_and_its_secret_is_told_once(stripe) -> None:
    secret, _ = sync()["webhook_secret"].split(",")
    [endpoint] = stripe.every("webhook_endpoint")
    assert secret.startswith("whsec_")
    assert endpoint["url"] == "http://localhost:8000/api/webhooks/stripe"
    assert endpoint["api_version"] == "2026-10-28.endive"
    assert "invoice.paid" in endpoint["enabled_events"]
    assert sync()["webhook_secret"] is None


def test_an_endpoint_that_misses_types_of_events_gets_them(stripe) -> None:
    sync()
    [endpoint] = stripe.every("webhook_endpoint")
    stripe.post(
        f"webhook_endpoints/{endpoint['id']}", **{"enabled_events[0]": "customer.updated"}
    )
    sync()
    [mended] = stripe.every("webhook_endpoint")
    assert {"customer.updated", "invoice.paid"} <= set(mended["enabled_events"])


def test_endpoints_are_left_alone_when_asked_to(stripe) -> None:
    assert sync("--without-webhook")["webhook_secret"] is None
    assert stripe.every("webhook_endpoint") == []


def test_the_portal_offers_cards_and_invoices_but_no_change_of_plan(stripe) -> None:
    sync()
    [portal] = stripe.every("billing_portal.configuration")
    assert portal["features"]["payment_method_update"]["enabled"]
    assert not portal["features"]["subscription_update"]["enabled"]


def make_price(stripe, **params: str) -> str:
    product = stripe.post("products", name="An old plan")["id"]
    return stripe.post("prices", currency="eur", product=product, **params)["id"]


def test_an_existing_price_is_adopted_and_kept(stripe) -> None:
    old = make_price(stripe, unit_amount="20400", **{"recurring[interval]": "month"})
    sync("--adopt", f"starter_monthly={old}")
    adopted = price(stripe, "starter_monthly")
    assert adopted["id"] == old
    assert adopted["metadata"]["plan"] == "starter"
    ids = Plan.objects.get(code="starter").provider_ids["stripe"]
    assert (ids["monthly"], ids["product"]) == (old, adopted["product"])
    assert sync()["changes"] == []
    assert sync("--adopt", f"starter_monthly={old}")["changes"] == []


def test_an_adopted_price_with_a_free_tier_is_refused_and_told_why(stripe) -> None:
    meter = stripe.post(
        "billing/meters",
        display_name="Minutes",
        event_name="voice_call_minutes",
        **{"default_aggregation[formula]": "sum"},
    )["id"]
    free = make_price(
        stripe,
        billing_scheme="tiered",
        tiers_mode="graduated",
        **{
            "recurring[interval]": "month",
            "recurring[usage_type]": "metered",
            "recurring[meter]": meter,
            "tiers[0][up_to]": "500",
            "tiers[0][unit_amount]": "0",
            "tiers[1][up_to]": "inf",
            "tiers[1][unit_amount]": "50",
        },
    )
    with pytest.raises(CommandError, match="free tier .up to 500.*a second time"):
        sync("--adopt", f"starter_overage={free}")


def test_an_adopted_price_of_another_amount_is_refused(stripe) -> None:
    dear = make_price(stripe, unit_amount="99900", **{"recurring[interval]": "month"})
    with pytest.raises(CommandError, match="differs in amount"):
        sync("--adopt", f"starter_monthly={dear}")


@pytest.mark.parametrize("word", ["starter_monthly", "=price_1", "starter_monthly="])
def test_a_malformed_adoption_is_refused(word) -> None:
    with pytest.raises(CommandError, match="KEY=ID"):
        sync("--adopt", word)


def test_nothing_is_adopted_for_what_is_not_sold() -> None:
    with pytest.raises(CommandError, match="Nothing is sold as nonsense_monthly"):
        sync("--adopt", "nonsense_monthly=price_1")


def test_a_live_key_must_be_meant(settings) -> None:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = "sk_live_x", ""
    with pytest.raises(CommandError, match="--live"):
        sync()


def test_a_live_key_never_goes_to_a_stand_in(settings) -> None:
    settings.STRIPE_SECRET_KEY = "rk_live_x"
    with pytest.raises(CommandError, match="STRIPE_API_BASE"):
        sync("--live")


def test_people_read_what_was_changed() -> None:
    out = StringIO()
    call_command("sync_stripe_catalog", stdout=out)
    assert "price starter_monthly: made: EUR 204.00" in out.getvalue()
    assert "It is shown this once:\nwhsec_" in out.getvalue()
    again = StringIO()
    call_command("sync_stripe_catalog", stdout=again)
    assert again.getvalue() == "Stripe has the catalogue as it is here.\n"


def destinations(stripe) -> list[dict]:
    asked = {"include[0]": "webhook_endpoint.url"}
    return stripe.get_v2("core/event_destinations", **asked)["data"]


def test_what_meters_could_not_count_is_told_to_us_and_asked_for_once(stripe) -> None:
    first = sync()
    [there] = destinations(stripe)
    assert there["webhook_endpoint"]["url"].endswith("/api/webhooks/stripe")
    assert there["event_payload"] == "thin"
    assert set(there["enabled_events"]) == {
        "v1.billing.meter.error_report_triggered",
        "v1.billing.meter.no_meter_found",
    }
    assert "event destination" in {change["what"] for change in first["changes"]}
    assert len(set(first["webhook_secret"].split(","))) == 2
    assert sync()["changes"] == []
    assert destinations(stripe) == [there]


def test_a_destination_that_was_narrowed_is_mended_and_one_switched_off_replaced(
    stripe,
) -> None:
    sync()
    [there] = destinations(stripe)
    place = f"core/event_destinations/{there['id']}"
    stripe.post_v2(place, enabled_events=["v1.billing.meter.no_meter_found"])
    told = [(one["what"], one["detail"]) for one in sync()["changes"]]
    assert told == [("event destination", "also v1.billing.meter.error_report_triggered")]
    stripe.post_v2(f"{place}/disable")
    assert sync()["webhook_secret"].startswith("whsec_")
    assert sync()["changes"] == []
    assert [one["status"] for one in destinations(stripe)] == ["disabled", "enabled"]


def test_a_dry_run_and_a_site_without_webhooks_make_no_destination(stripe) -> None:
    sync("--dry-run")
    sync("--without-webhook")
    assert destinations(stripe) == []


def test_worker_tells_what_staff_asked_for_and_leaves_endpoints_alone(
    stripe, settings, now
) -> None:
    registry.get.cache_clear()
    asked = provider_runs.ask(provider="stripe", actor=make.make_user(), now=now)
    catalogue_telling.tell(asked.pk, now=now)
    registry.get.cache_clear()

    run = ProviderRun.objects.get()
    assert run.error == ""
    assert run.found_count > run.looked_at_count > 0
    assert price(stripe, "starter_monthly")["unit_amount"] == 20400
    assert "monthly" in Plan.objects.get(code="starter").provider_ids["stripe"]
    assert stripe.every("webhook_endpoint") == []
    assert sync("--without-webhook")["changes"] == []

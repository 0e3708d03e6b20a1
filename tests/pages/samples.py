"""What the matrix cannot find out by itself: values for the parts of URLs that vary, and the
exact lists of what is open and what is about no organization.

A new URL with a varying part is added to SAMPLES; an object of an organization needs all
three: one's own, a stranger's, and one that does not exist.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.timezone import now

from accounts.models import Organization, User
from billing.models import Document
from metering.models import Call, Export, UsageEvent, WebhookDelivery, WebhookEndpoint
from metering.outgoing import endpoints
from metering.usage import holds, record

Kwargs = dict[str, Any]


@dataclass(frozen=True)
class Cast:
    """Two organizations with everything that pages may show, and who asks."""

    organization: Organization
    other_organization: Organization
    people: dict[str, User]


@dataclass(frozen=True)
class Sample:
    """`own` and `foreign` make an object of either organization and return its kwargs."""

    missing: Kwargs
    own: Callable[[Cast], Kwargs] | None = None
    foreign: Callable[[Cast], Kwargs] | None = field(default=None)


NO_ID = UUID("00000000-0000-7000-8000-000000000000")


def _call(organization: Organization) -> Kwargs:
    moment = now()
    made, _ = Call.objects.get_or_create(
        organization=organization,
        provider="vapi",
        provider_call_id="sample",
        defaults={
            "direction": "inbound",
            "occurred_at": moment,
            "currency": organization.currency,
            "status": Call.Status.REFUSED,
            "refusal": "no_minutes",
            "created_at": moment,
        },
    )
    return {"call_id": made.pk}


def _event(organization: Organization) -> Kwargs:
    """An event of that organization, with a key that nobody else has."""
    key = f"sample-of-{organization.slug}"
    record.record_api_call(organization, key=key, now=now())
    return {"key": key}


def _event_id(organization: Organization) -> Kwargs:
    key = _event(organization)["key"]
    return {"event_id": UsageEvent.objects.get(idempotency_key=key).pk}


def _usage_hold(organization: Organization) -> Kwargs:
    made = holds.hold(
        organization,
        meter="api_call",
        quantity=Decimal(1),
        reference="sample",
        now=now(),
    )
    return {"hold_id": made.hold_id}


def _export(organization: Organization) -> Kwargs:
    moment = now()
    made, _ = Export.objects.get_or_create(
        organization=organization,
        kind=Export.Kind.CALLS,
        defaults={
            "format": Export.Format.CSV,
            "first_day": moment.date(),
            "last_day": moment.date(),
            "state": Export.State.DONE,
            "created_at": moment,
            "expires_at": moment + timedelta(days=1),
        },
    )
    return {"export_id": made.pk}


def _document(organization: Organization) -> Kwargs:
    moment = now()
    made, _ = Document.objects.get_or_create(
        organization=organization,
        provider="manual",
        provider_document_id=f"sample-{organization.slug}",
        defaults={
            "kind": Document.Kind.RECEIPT,
            "state": Document.State.PAID,
            "currency": organization.currency,
            "subtotal": Decimal(1),
            "total": Decimal(1),
            "issued_at": moment,
            "created_at": moment,
        },
    )
    return {"document_id": made.pk}


def _endpoint(organization: Organization) -> Kwargs:
    url = f"https://{organization.slug}.example.com/"
    made = WebhookEndpoint.objects.filter(organization=organization, url=url).first()
    if made is None:
        made, _ = endpoints.add(
            organization, url=url, kinds=["minutes.low"], actor="test", now=now()
        )
    return {"endpoint_id": made.id}


def _delivery(organization: Organization) -> Kwargs:
    made, _ = WebhookDelivery.objects.get_or_create(
        organization=organization,
        endpoint_id=_endpoint(organization)["endpoint_id"],
        event_id=NO_ID,
        defaults={"kind": "minutes.low", "data": {}, "occurred_at": now()},
    )
    return {"delivery_id": made.pk}


SAMPLES: dict[str, Sample] = {
    **{
        name: Sample(
            missing={"endpoint_id": NO_ID},
            own=lambda cast: _endpoint(cast.organization),
            foreign=lambda cast: _endpoint(cast.other_organization),
        )
        for name in ("metering:webhook-endpoint", "metering:webhook-endpoint-rotate")
    },
    "metering:webhook-delivery-resend": Sample(
        missing={"delivery_id": NO_ID},
        own=lambda cast: _delivery(cast.organization),
        foreign=lambda cast: _delivery(cast.other_organization),
    ),
    "website:document": Sample(
        missing={"document_id": NO_ID},
        own=lambda cast: _document(cast.organization),
        foreign=lambda cast: _document(cast.other_organization),
    ),
    "website:export-file": Sample(
        missing={"export_id": NO_ID},
        own=lambda cast: _export(cast.organization),
        foreign=lambda cast: _export(cast.other_organization),
    ),
    "website:statement": Sample(
        missing={"month": "2099-12"}, own=lambda cast: {"month": f"{now():%Y-%m}"}
    ),
    "metering:usage-event-void": Sample(
        missing={"key": "no-such-key"},
        own=lambda cast: _event(cast.organization),
        foreign=lambda cast: _event(cast.other_organization),
    ),
    **{
        name: Sample(
            missing={"hold_id": NO_ID},
            own=lambda cast: _usage_hold(cast.organization),
            foreign=lambda cast: _usage_hold(cast.other_organization),
        )
        for name in ("metering:usage-hold-settle", "metering:usage-hold-release")
    },
    "website:usage-event": Sample(
        missing={"event_id": NO_ID},
        own=lambda cast: _event_id(cast.organization),
        foreign=lambda cast: _event_id(cast.other_organization),
    ),
    "website:call": Sample(
        missing={"call_id": NO_ID},
        own=lambda cast: _call(cast.organization),
        foreign=lambda cast: _call(cast.other_organization),
    ),
    "website:invitation": Sample(missing={"token": "no-such-token"}),
    "website:letters-choice": Sample(missing={"token": "no-such-token"}),
    "staff-api:adjustments": Sample(
        missing={"organization": "no-such-organization"},
        own=lambda cast: {"organization": cast.organization.slug},
    ),
    "staff-api:webhook-replay": Sample(missing={"message_id": "1"}),
    "billing:mail-webhook": Sample(missing={"service": "no-such-service"}),
    "billing:webhook": Sample(missing={"provider": "stripe"}),
    "account_confirm_email": Sample(missing={"key": "no-such-key"}),
    "account_reset_password_from_key": Sample(missing={"uidb36": "1", "key": "no-key"}),
}

# Whoever asks is answered here: each is a decision, and the test pins the list.
OPEN = {
    "website:home",
    "website:pricing",
    "website:api-docs",
    "website:api-schema",
    "website:invitation",
    "website:letters-choice",
    "website:livez",
    "website:metrics",
    "website:readyz",
    "metering:vapi-webhook",
    "billing:webhook",
    "billing:mail-webhook",
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_email_verification_sent",
    "account_confirm_email",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_confirm_login_code",
    "mfa_authenticate",
}

# Signed-in pages about the person, or about all organizations; none shows one by name.
ABOUT_NO_ORGANIZATION = {
    "account_reauthenticate",
    "account_email",
    "account_change_password",
    "account_set_password",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_download_recovery_codes",
    "website:organization-new",
    "usersessions_list",
    "website:sign-ins",
    "website:sign-in-end",
    "website:sign-ins-end-others",
}

"""The customer portal: configurations, sessions, and what a customer does there."""

from servicebilling.sandbox.stripe import (
    listing,
    payment_methods,
    payments,
    routing,
)
from servicebilling.sandbox.stripe.box import Box, Row, new_id, refused
from servicebilling.sandbox.stripe.cards import Card
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.parameters import (
    ID,
    LISTING,
    Anything,
    Choice,
    Clearable,
    Flag,
    Hash,
    Metadata,
    Rows,
    Text,
    merged,
)
from servicebilling.sandbox.stripe.presenting import presents
from servicebilling.sandbox.stripe.subscriptions import rows

CONFIGURATIONS = "/v1/billing_portal/configurations"
SESSIONS = "/v1/billing_portal/sessions"
REASONS = (
    "too_expensive",
    "missing_features",
    "switched_service",
    "unused",
    "customer_service",
    "too_complex",
    "low_quality",
    "other",
)
PRORATION = Choice("always_invoice", "create_prorations", "none")
FEATURES = Hash(
    customer_update=Hash(
        allowed_updates=Rows(
            Choice("address", "email", "name", "phone", "shipping", "tax_id")
        ),
        enabled=Flag(),
    ),
    invoice_history=Hash(must=["enabled"], enabled=Flag()),
    payment_method_update=Hash(must=["enabled"], enabled=Flag()),
    subscription_cancel=Hash(
        must=["enabled"],
        cancellation_reason=Hash(
            must=["enabled"], enabled=Flag(), options=Rows(Choice(*REASONS))
        ),
        enabled=Flag(),
        mode=Choice("at_period_end", "immediately"),
        proration_behavior=PRORATION,
    ),
    subscription_update=Hash(
        billing_cycle_anchor=Choice("now", "unchanged"),
        default_allowed_updates=Rows(Choice("price", "promotion_code", "quantity")),
        enabled=Flag(),
        products=Anything(),
        proration_behavior=PRORATION,
        schedule_at_period_end=Anything(),
        trial_update_behavior=Choice("continue_trial", "end_trial"),
    ),
)
UPDATE = Hash(
    active=Flag(),
    business_profile=Hash(
        headline=Clearable(Text(60)), privacy_policy_url=Text(), terms_of_service_url=Text()
    ),
    default_return_url=Clearable(Text()),
    features=FEATURES,
    login_page=Hash(must=["enabled"], enabled=Flag()),
    metadata=Metadata(),
    name=Clearable(Text()),
)
CREATE = Hash(
    must=["features"],
    **{key: kind for key, kind in UPDATE.fields.items() if key != "active"},
)
OFF: Row = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "options": list(REASONS)},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": None,
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}
ALL_ON = {
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True},
}
FLOW = Hash(
    must=["type"],
    after_completion=Anything(),
    subscription_cancel=Hash(must=["subscription"], retention=Anything(), subscription=ID),
    subscription_update=Hash(must=["subscription"], subscription=ID),
    type=Choice("payment_method_update", "subscription_cancel", "subscription_update"),
)


def configuration_of(box: Box, session: Row) -> Row:
    return box.get("billing_portal.configuration", session["configuration"])


def change_card(box: Box, customer: Row, card: Card, *, is_authenticated: bool) -> None:
    """Charge another card from now on: for the customer and for every live subscription.

    Raises ApiError where the card is refused, `NeedsAuthentication` where its bank asks.
    """
    method = payment_methods.make(box, card)
    if payments.asks(method, off_session=False) and not is_authenticated:
        box.drop(method)
        raise NeedsAuthentication
    payment_methods.attach(box, method, customer)
    method["_is_set_up"] = True
    payment_methods.make_default(box, method, customer)
    for subscription in box.every("subscription"):
        is_theirs = subscription["customer"] == customer["id"]
        if is_theirs and subscription["status"] in rows.ALIVE:
            with changing(box, subscription, "customer.subscription.updated"):
                subscription["default_payment_method"] = method["id"]


class NeedsAuthentication(Exception):
    """The card's bank wants to hear from its owner first."""


def cancel(box: Box, subscription: Row, *, feedback: str | None = None) -> None:
    """Cancel with the period, as the API's flag does: the shortest one. In flexible billing
    mode the portal names the moment and leaves the flag alone, so that readers of the flag
    alone see nothing."""
    at = box.now(subscription["customer"])
    is_flexible = subscription["billing_mode"]["type"] == "flexible"
    with changing(box, subscription, "customer.subscription.updated"):
        subscription |= {
            "cancel_at": rows.first_period_end(box, subscription),
            "cancel_at_period_end": not is_flexible,
            "canceled_at": at,
            "cancellation_details": {
                "comment": None,
                "feedback": feedback or None,
                "reason": "cancellation_requested",
            },
        }


def undo_cancel(box: Box, subscription: Row) -> None:
    with changing(box, subscription, "customer.subscription.updated"):
        subscription |= {
            "cancel_at": None,
            "cancel_at_period_end": False,
            "canceled_at": None,
            "cancellation_details": dict(NO_DETAILS),
        }


NO_DETAILS: Row = {"comment": None, "feedback": None, "reason": None}


@routing.post(CONFIGURATIONS, CREATE)
def create_configuration(box: Box, params: Row) -> Row:
    return _add_configuration(box, params, is_default=False)


@routing.get(CONFIGURATIONS, LISTING.also(active=Flag(), is_default=Flag()))
def list_configurations(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "active", "is_default")
    return listing.page(
        box, "billing_portal.configuration", params, url=CONFIGURATIONS, where=fits
    )


@routing.get(CONFIGURATIONS + "/{configuration}")
def retrieve_configuration(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("billing_portal.configuration", id)


@routing.post(CONFIGURATIONS + "/{configuration}", UPDATE)
def update_configuration(box: Box, params: Row, id: str) -> Row:
    configuration = box.named_in_path("billing_portal.configuration", id)
    with changing(box, configuration, "billing_portal.configuration.updated"):
        if "metadata" in params:
            configuration["metadata"] = merged(
                configuration["metadata"], params["metadata"]
            )
        if "features" in params:
            configuration["features"] = _features(
                configuration["features"], params["features"]
            )
        if "business_profile" in params:
            profile = configuration["business_profile"] | params["business_profile"]
            configuration["business_profile"] = profile
        for key in ("active", "default_return_url", "name"):
            configuration[key] = params.get(key, configuration[key])
        configuration["updated"] = box.now()
    return configuration


@routing.post(
    SESSIONS,
    Hash(
        must=["customer"],
        configuration=ID,
        customer=ID,
        flow_data=FLOW,
        locale=Text(10),
        return_url=Text(),
    ),
)
def create_session(box: Box, params: Row) -> Row:
    box.named("customer", params["customer"], param="customer")
    if "configuration" in params:
        configuration = box.named(
            "billing_portal.configuration", params["configuration"], param="configuration"
        )
    else:
        configuration = _default_configuration(box)
    if not configuration["active"]:
        raise refused("This portal configuration is not active.", param="configuration")
    session = box.add(
        "billing_portal.session",
        {
            "configuration": configuration["id"],
            "customer": params["customer"],
            "customer_account": None,
            "flow": _flow(params.get("flow_data")),
            "locale": params.get("locale"),
            "on_behalf_of": None,
            "return_url": params.get("return_url") or configuration["default_return_url"],
            "_token": new_id("", 40),
        },
    )
    emit(box, "billing_portal.session.created", session)
    return session


@presents("billing_portal.session")
def _with_url(box: Box, session: Row) -> Row:
    return {"url": f"{box.base_url}/portal/{session['_token']}"}


def _add_configuration(box: Box, params: Row, *, is_default: bool) -> Row:
    profile = {
        "headline": None,
        "privacy_policy_url": None,
        "terms_of_service_url": None,
    }
    configuration = box.add(
        "billing_portal.configuration",
        {
            "active": True,
            "application": None,
            "business_profile": profile | params.get("business_profile", {}),
            "default_return_url": params.get("default_return_url"),
            "features": _features(OFF, params["features"]),
            "is_default": is_default,
            "login_page": {"enabled": False, "url": None},
            "metadata": merged({}, params.get("metadata", {})),
            "name": params.get("name"),
            "updated": box.now(),
        },
    )
    emit(box, "billing_portal.configuration.created", configuration)
    return configuration


def _default_configuration(box: Box) -> Row:
    for row in box.every("billing_portal.configuration"):
        if row["is_default"]:
            return row
    return _add_configuration(box, {"features": ALL_ON}, is_default=True)


def _features(old: Row, new: Row) -> Row:
    return {key: old[key] | new.get(key, {}) for key in old}


def _flow(data: Row | None) -> Row | None:
    if data is None:
        return None
    completion = data.get("after_completion", {})
    parts: Row = {
        "subscription_cancel": None,
        "subscription_update": None,
        "subscription_update_confirm": None,
    }
    for key in ("subscription_cancel", "subscription_update"):
        if key in data:
            parts[key] = {"subscription": data[key]["subscription"]}
    if parts["subscription_cancel"]:
        parts["subscription_cancel"]["retention"] = None
    return {
        "type": data["type"],
        "after_completion": {
            "type": completion.get("type", "portal_homepage"),
            "hosted_confirmation": completion.get("hosted_confirmation"),
            "redirect": completion.get("redirect"),
        },
        **parts,
    }

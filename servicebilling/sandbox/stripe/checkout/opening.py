"""Open a checkout session, and close it when nobody came."""

from servicebilling.sandbox.stripe import clock, discounts
from servicebilling.sandbox.stripe.box import Box, Row, new_id, refused
from servicebilling.sandbox.stripe.checkout import amounts, places
from servicebilling.sandbox.stripe.events import emit
from servicebilling.sandbox.stripe.parameters import merged
from servicebilling.sandbox.stripe.presenting import includes, listed, presents
from servicebilling.sandbox.stripe.subscriptions.ordering import item_price

LIFE_SECONDS = 24 * 3600
LIFE_SECONDS_MIN = 30 * 60
# What a caller may still be under way with when it says half an hour.
SLACK_SECONDS = 60
TRIAL_AHEAD_SECONDS = 48 * 3600
LINES_OF_A_KIND_MAX = 20
METHODS = ["card", "sepa_debit"]
EMPTY: Row = {
    "adaptive_pricing": {"enabled": False},
    "after_expiration": None,
    "allow_promotion_codes": None,
    "amount_subtotal": None,
    "amount_total": None,
    "billing_address_collection": None,
    "cancel_url": None,
    "client_reference_id": None,
    "client_secret": None,
    "collected_information": None,
    "consent": None,
    "consent_collection": None,
    "currency": None,
    "currency_conversion": None,
    "custom_fields": [],
    "custom_text": {
        "after_submit": None,
        "shipping_address": None,
        "submit": None,
        "terms_of_service_acceptance": None,
    },
    "customer": None,
    "customer_account": None,
    "customer_creation": None,
    "customer_details": None,
    "customer_email": None,
    "discounts": [],
    "excluded_payment_method_types": [],
    "integration_identifier": None,
    "invoice": None,
    "invoice_creation": None,
    "locale": None,
    "metadata": {},
    "origin_context": None,
    "payment_intent": None,
    "payment_link": None,
    "payment_method_collection": None,
    "payment_method_configuration_details": None,
    "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
    "payment_method_types": ["card", "sepa_debit"],
    "payment_status": "unpaid",
    "permissions": None,
    "phone_number_collection": {"enabled": False},
    "recovered_from": None,
    "saved_payment_method_options": None,
    "setup_intent": None,
    "shipping_address_collection": None,
    "shipping_cost": None,
    "shipping_options": [],
    "status": "open",
    "submit_type": None,
    "subscription": None,
    "success_url": None,
    "tax_id_collection": {"enabled": False, "required": "never"},
    "total_details": None,
    "ui_mode": "hosted_page",
    "wallet_options": None,
}
AS_GIVEN = (
    "adaptive_pricing",
    "allow_promotion_codes",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "customer",
    "customer_creation",
    "customer_email",
    "locale",
    "origin_context",
    "payment_method_collection",
    "phone_number_collection",
    "submit_type",
    "success_url",
)


def open_session(box: Box, params: Row) -> Row:
    """Return a new session; raise ApiError where its parameters do not go together."""
    mode = params.get("mode") or "payment"
    lines = _lines(box, params.get("line_items", []))
    _check_mode(params, mode)
    _check_lines(lines, mode)
    _check_customer(box, params)
    places.demand(box, params)
    at = box.now(params.get("customer"))
    expires_at = _expiry(params, at)
    tax = params.get("automatic_tax", {}).get("enabled", False)
    session = box.add("checkout.session", EMPTY | _given(params))
    session |= {
        "automatic_tax": {
            "enabled": tax,
            "liability": {"type": "self"} if tax else None,
            "provider": "stripe" if tax else None,
            "status": "complete" if tax else None,
        },
        "currency": _currency(params, lines),
        "expires_at": expires_at,
        "mode": mode,
        "_lines": lines,
        "_keeps_address": places.is_kept(params),
        "_discount_ids": [],
        "_payment_intent_data": params.get("payment_intent_data", {}),
        "_setup_intent_data": params.get("setup_intent_data", {}),
        "_subscription_data": _subscription_data(params, at),
    }
    _set_details(box, session, params)
    if "discounts" in params:
        redeem(box, session, params["discounts"] or [])
    if mode != "setup":
        amounts.add_up(box, session)
    clock.plan(
        box,
        "checkout.expire",
        session["id"],
        at=expires_at,
        customer=session["customer"],
    )
    return session


def redeem(box: Box, session: Row, given: list[Row]) -> None:
    """Put discounts on a session in place of those it had."""
    session["_discount_ids"] = discounts.make_all(
        box,
        given,
        customer=session["customer"],
        checkout_session=session["id"],
        amount=sum(row["price"]["unit_amount"] or 0 for row in session["_lines"]),
        currency=session["currency"] or "",
    )
    session["discounts"] = [
        {
            "coupon": box.get("discount", id)["source"]["coupon"],
            "promotion_code": box.get("discount", id)["promotion_code"],
        }
        for id in session["_discount_ids"]
    ]


def expire(box: Box, session: Row) -> Row:
    if session["status"] != "open":
        raise refused(
            'Only Checkout Sessions with a status in ["open"] can be expired. This'
            f" Checkout Session has a status of {session['status']}."
        )
    session["status"] = "expired"
    emit(box, "checkout.session.expired", session)
    return session


@clock.does("checkout.expire")
def expire_when_due(box: Box, id: str) -> None:
    session = box.find("checkout.session", id)
    if session is not None and session["status"] == "open":
        expire(box, session)


@presents("checkout.session")
def _with_url(box: Box, session: Row) -> Row:
    is_open = session["status"] == "open"
    return {"url": f"{box.base_url}/pay/{session['id']}" if is_open else None}


@includes("checkout.session", "line_items")
def _line_items(box: Box, session: Row) -> Row:
    return listed(session["_lines"], f"/v1/checkout/sessions/{session['id']}/line_items")


def _lines(box: Box, given: list[Row]) -> list[Row]:
    made = []
    for number, row in enumerate(given):
        where = f"line_items[{number}]"
        if ("price" in row) == ("price_data" in row):
            raise refused("Exactly one of price and price_data is needed.", param=where)
        price = item_price(box, row, where=where)
        is_metered = (price["recurring"] or {}).get("usage_type") == "metered"
        if is_metered and "quantity" in row:
            raise refused(
                "Quantity should not be specified where usage_type is `metered`.",
                param=f"{where}[quantity]",
            )
        if not is_metered and "quantity" not in row:
            raise refused("Quantity is required.", param=f"{where}[quantity]")
        metadata = merged({}, row.get("metadata", {}))
        made.append(
            amounts.line(box, price, quantity=row.get("quantity"), metadata=metadata)
        )
    return made


def _check_mode(params: Row, mode: str) -> None:
    wrong = {
        "subscription": (
            "payment_intent_data",
            "invoice_creation",
            "customer_creation",
            "submit_type",
            "setup_intent_data",
        ),
        "payment": ("subscription_data", "payment_method_collection", "setup_intent_data"),
        "setup": (
            "subscription_data",
            "payment_intent_data",
            "invoice_creation",
            "line_items",
            "discounts",
            "allow_promotion_codes",
        ),
    }[mode]
    for key in wrong:
        if key in params:
            raise refused(f"You can not pass `{key}` in `{mode}` mode.", param=key)
    if mode != "setup" and not params.get("line_items"):
        raise refused("Missing required param: line_items.", param="line_items")
    if mode == "setup" and "currency" not in params:
        raise refused("Missing required param: currency.", param="currency")
    if "success_url" not in params:
        raise refused("Missing required param: success_url.", param="success_url")
    if "allow_promotion_codes" in params and "discounts" in params:
        raise refused(
            "You may only specify one of these parameters: allow_promotion_codes,"
            " discounts.",
            param="discounts",
        )


def _check_lines(lines: list[Row], mode: str) -> None:
    recurring = [row for row in lines if row["price"]["recurring"]]
    if mode == "payment" and recurring:
        raise refused(
            "You specified `payment` mode but passed a recurring price. Either switch to"
            " `subscription` mode or use only one-time prices.",
            param="line_items",
        )
    if mode == "subscription" and not recurring:
        raise refused(
            "You must provide at least one recurring price in `subscription` mode when using"
            " prices.",
            param="line_items",
        )
    if max(len(recurring), len(lines) - len(recurring)) > LINES_OF_A_KIND_MAX:
        raise refused("Too many line items.", param="line_items")
    # Subscriptions can mix intervals; no page of Stripe says that Checkout can, and projects
    # report that it refuses. So does this.
    every = {
        (row["price"]["recurring"]["interval"], row["price"]["recurring"]["interval_count"])
        for row in recurring
    }
    if len(every) > 1:
        raise refused(
            "Checkout does not support multiple prices with different billing intervals.",
            param="line_items",
        )
    if len({row["currency"] for row in lines}) > 1:
        raise refused(
            "All prices in a session must have the same currency.", param="line_items"
        )


def _check_customer(box: Box, params: Row) -> None:
    if "customer" in params:
        box.named("customer", params["customer"], param="customer")
        if "customer_email" in params:
            raise refused(
                "You may only specify one of these parameters: customer, customer_email.",
                param="customer_email",
            )
    elif "customer_update" in params:
        raise refused("customer_update needs a customer.", param="customer_update")


def _expiry(params: Row, at: int) -> int:
    expires_at = int(params.get("expires_at", at + LIFE_SECONDS))
    if not at + LIFE_SECONDS_MIN - SLACK_SECONDS <= expires_at <= at + LIFE_SECONDS:
        raise refused(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from"
            " Checkout Session creation.",
            param="expires_at",
        )
    return expires_at


def _given(params: Row) -> Row:
    fields = {key: params[key] for key in AS_GIVEN if key in params}
    fields["metadata"] = merged({}, params.get("metadata", {}))
    fields["payment_method_types"] = _methods(params)
    if "tax_id_collection" in params:
        fields["tax_id_collection"] = {"required": "never", **params["tax_id_collection"]}
    if "excluded_payment_method_types" in params:
        fields["excluded_payment_method_types"] = params["excluded_payment_method_types"]
    return fields


def _methods(params: Row) -> list[str]:
    allowed = params.get("allowed_payment_method_types", METHODS)
    barred = params.get("excluded_payment_method_types", [])
    found = [way for way in METHODS if way in allowed and way not in barred]
    if not found:
        raise refused("No payment method is left that the sandbox can take.")
    return found


def _currency(params: Row, lines: list[Row]) -> str | None:
    if lines:
        return str(lines[0]["currency"])
    currency = params.get("currency")
    return currency.lower() if currency else None


def _subscription_data(params: Row, at: int) -> Row:
    """Return what the subscription will be told, with the length of its trial in seconds."""
    data = dict(params.get("subscription_data", {}))
    if "trial_period_days" in data and "trial_end" in data:
        raise refused(
            "You may only specify one of these parameters: trial_period_days, trial_end.",
            param="subscription_data",
        )
    if "trial_end" in data and data["trial_end"] < at + TRIAL_AHEAD_SECONDS:
        raise refused(
            "The `trial_end` date has to be at least 2 days in the future.",
            param="subscription_data[trial_end]",
        )
    data["_trial"] = "trial_period_days" in data or "trial_end" in data
    return data


def _set_details(box: Box, session: Row, params: Row) -> None:
    """Fill in what depends on the mode and on who the customer is."""
    customer = box.find("customer", session["customer"]) or {}
    email = customer.get("email") or session["customer_email"]
    if email:
        session["customer_details"] = details(customer, email=email)
    if session["mode"] == "payment":
        session["customer_creation"] = params.get("customer_creation") or (
            None if session["customer"] else "if_required"
        )
        session["invoice_creation"] = _invoice_creation(params.get("invoice_creation"))
    if session["mode"] == "subscription":
        session["payment_method_collection"] = params.get(
            "payment_method_collection", "always"
        )
    if session["mode"] == "setup":
        intent_data = session["_setup_intent_data"]
        session["payment_status"] = "no_payment_required"
        session["_setup_metadata"] = merged({}, intent_data.get("metadata", {}))
    session["client_secret"] = None
    session["_token"] = new_id("", 16)


def details(customer: Row, *, email: str | None, name: str | None = None) -> Row:
    return {
        "address": customer.get("address"),
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name or customer.get("name"),
        "phone": customer.get("phone"),
        "tax_exempt": customer.get("tax_exempt", "none"),
        "tax_ids": [dict(row) for row in customer.get("_tax_ids", [])],
    }


def _invoice_creation(given: Row | None) -> Row:
    data = (given or {}).get("invoice_data", {})
    return {
        "enabled": (given or {}).get("enabled", False),
        "invoice_data": {
            "account_tax_ids": None,
            "custom_fields": data.get("custom_fields"),
            "description": data.get("description"),
            "footer": data.get("footer"),
            "issuer": None,
            "metadata": merged({}, data.get("metadata", {})),
            "rendering_options": None,
        },
    }

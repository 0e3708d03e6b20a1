"""Who may do what: roles, API scopes and staff groups, in one table each.

Pure data: every check in the product asks `accounts.access`, which reads these tables and
nothing else. A capability is named `subject.verb`; those that end in `.view` change nothing.
"""

OWNER, ADMIN, ACCOUNTANT, MEMBER = "owner", "admin", "accountant", "member"

# capability -> (roles of people, scopes of keys). Either side may be empty: nobody of that
# kind has it. Closing and handing over an organization is for its owner in person.
TABLE: dict[str, tuple[set[str], set[str]]] = {
    "usage.view": (
        {OWNER, ADMIN, ACCOUNTANT, MEMBER},
        {"usage:read", "admin"},
    ),
    # Whole numbers of callers, in files and over the API; pages mask them for everybody.
    "callers.view": ({OWNER, ADMIN}, {"usage:read", "admin"}),
    "usage.report": ({OWNER, ADMIN}, {"usage:write", "admin"}),
    "calls.create": ({OWNER, ADMIN, MEMBER}, {"calls:create", "admin"}),
    "billing.view": ({OWNER, ADMIN, ACCOUNTANT}, {"billing:read", "admin"}),
    "billing.manage": ({OWNER, ADMIN}, {"billing:write", "admin"}),
    "alerts.view": ({OWNER, ADMIN, ACCOUNTANT, MEMBER}, {"usage:read", "admin"}),
    "alerts.manage": ({OWNER, ADMIN}, {"admin"}),
    "settings.view": ({OWNER, ADMIN, ACCOUNTANT, MEMBER}, {"admin"}),
    "settings.manage": ({OWNER, ADMIN}, {"admin"}),
    "team.view": ({OWNER, ADMIN, ACCOUNTANT, MEMBER}, {"admin"}),
    "team.manage": ({OWNER, ADMIN}, {"admin"}),
    "keys.view": ({OWNER, ADMIN}, set()),
    "keys.manage": ({OWNER, ADMIN}, set()),
    "webhooks.view": ({OWNER, ADMIN}, {"admin"}),
    "webhooks.manage": ({OWNER, ADMIN}, {"admin"}),
    "audit.view": ({OWNER, ADMIN}, {"admin"}),
    "organization.transfer": ({OWNER}, set()),
    "organization.close": ({OWNER}, set()),
    "organization.take_away": ({OWNER}, set()),
    "organization.erase": ({OWNER}, set()),
}

# What an owner may still do once the organization is closed, beside looking.
AFTER_CLOSING = {"organization.take_away", "organization.erase"}

ROLES = [OWNER, ADMIN, ACCOUNTANT, MEMBER]
SCOPES = [
    "usage:read",
    "usage:write",
    "calls:create",
    "billing:read",
    "billing:write",
    "admin",
]
READ_ONLY_SCOPES = ["usage:read", "billing:read"]

# Rows that are money and nothing else: their very names are amounts.
MONEY_ROWS = {
    "billing.autotopup",
    "billing.discrepancy",
    "billing.dispute",
    "billing.document",
    "billing.exchangerate",
    "billing.minutebundle",
    "billing.overagedelivery",
    "billing.payment",
    "billing.plan",
    "billing.plancheckout",
    "billing.planversion",
    "billing.providerrun",
    "billing.purchase",
    "billing.refund",
    "billing.topup",
    "metering.cyclecharge",
    "metering.overagecharge",
    "metering.rate",
    "metering.ratecard",
    "metering.usagecharge",
    "metering.wallet",
    "metering.wallettransaction",
}

# Platform staff. "view" means every model of the app but those in "unseen"; single rights are
# named in full. Amounts on other rows are for those who have `metering.see_money`. Superusers
# need no group.
STAFF_GROUPS: dict[str, dict[str, set[str]]] = {
    "admin": {
        "view": {"accounts", "metering", "billing", "account"},
        "rights": {
            "accounts.change_user",
            "accounts.change_organization",
            "accounts.change_apikey",
            "accounts.look_as_organization",
            "accounts.add_setting",
            "billing.change_bouncedaddress",
            "billing.add_exchangerate",
            "billing.edit_catalogue",
            # No event changes by hand: this is the right to process it again.
            "billing.change_paymentevent",
            "billing.move_money",
            "metering.change_agent",
            "metering.change_phonenumber",
            "metering.adjust_balances",
            "metering.set_enforcement",
            "metering.see_money",
            "metering.see_numbers",
            "metering.replay_messages",
        },
    },
    "finance": {
        "view": {"accounts", "metering", "billing"},
        "rights": {
            "accounts.look_as_organization",
            "accounts.add_setting",
            "billing.add_exchangerate",
            # No event changes by hand: this is the right to process it again.
            "billing.change_paymentevent",
            "billing.move_money",
            "metering.adjust_balances",
            "metering.set_enforcement",
            "metering.see_money",
            "metering.replay_messages",
        },
    },
    "support": {
        "view": {"accounts", "metering", "billing"},
        "unseen": MONEY_ROWS,
        # Callers complain by number; whoever looks after money has no use for them.
        "rights": {
            "accounts.look_as_organization",
            "billing.change_bouncedaddress",
            "metering.replay_messages",
            "metering.see_numbers",
        },
    },
}

# What a group may adjust by hand at once: minutes, and units of the wallet's currency.
# Superusers have no limit.
ADJUSTMENT_LIMITS: dict[str, tuple[int, int]] = {
    "admin": (100_000, 100_000),
    "finance": (5_000, 5_000),
}


def group_has(group: str, right: str) -> bool:
    """Return whether a staff group has a right, named `app.codename`."""
    granted = STAFF_GROUPS[group]
    app, codename = right.split(".")
    is_unseen = f"{app}.{codename.removeprefix('view_')}" in granted.get("unseen", set())
    sees = codename.startswith("view_") and app in granted["view"] and not is_unseen
    return sees or right in granted["rights"]


def of_role(role: str) -> frozenset[str]:
    """Return the capabilities of a person with that role."""
    return frozenset(name for name, (roles, _) in TABLE.items() if role in roles)


def of_scopes(scopes: list[str]) -> frozenset[str]:
    """Return the capabilities of a key with those scopes."""
    return frozenset(name for name, (_, opens) in TABLE.items() if opens & set(scopes))


def scopes_of(capability: str) -> list[str]:
    """Return the scopes that open a capability, the narrowest first."""
    return [scope for scope in SCOPES if scope in TABLE[capability][1]]


def only_views(capabilities: frozenset[str]) -> frozenset[str]:
    """Return what is left of them in a closed organization: to look, and for its owner to
    take everything away and to have it erased."""
    return frozenset(
        name for name in capabilities if name.endswith(".view") or name in AFTER_CLOSING
    )

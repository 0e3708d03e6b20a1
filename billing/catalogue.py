"""The catalogue that ships with the product, as data. `load_catalogue` puts it in place.

Amounts are decimal texts in the plan's currency. Where a limit is not a matter of price, it
bounds what can be run up: the overage limit is twice the included minutes, the credit limit
of postpaid plans stands beside them.
"""

from dataclasses import dataclass, field

TIERS_GRADUATED: tuple[dict[str, object], ...] = (
    {"up_to": 500, "unit_price": "0.06"},
    {"up_to": 2000, "unit_price": "0.04"},
    {"up_to": None, "unit_price": "0.02"},
)


@dataclass(frozen=True, slots=True)
class RateTerms:
    """The price of one meter: `unit_price`, or graduated `tiers`."""

    meter: str
    unit_price: str | None = None
    tiers: tuple[dict[str, object], ...] = ()
    included_quantity: str | None = None
    quota_limit: str | None = None


@dataclass(frozen=True, slots=True)
class CardTerms:
    when_exhausted: str
    currency: str
    included_minutes: int = 0
    overage_limit_minutes: int | None = None
    postpaid_limit_amount: str | None = None
    increment_seconds: tuple[int, int] = (60, 60)
    rates: tuple[RateTerms, ...] = ()
    grace_minutes: int = 0
    call_minutes_max: int = 14
    slice_minutes: int = 3
    calls_at_once_max: int = 20


@dataclass(frozen=True, slots=True)
class PlanTerms:
    code: str
    name: str
    card: CardTerms
    price_monthly: str | None = None
    price_yearly: str | None = None
    setup_fee: str = "0"
    monthly_wallet_grant: str = "0"
    trial_days: int = 0
    # What the first month of a trial includes; 0: what the plan does.
    trial_minutes: int = 0
    is_public: bool = True
    # Codes of further cards that stand by, such as `none` in the other currencies.
    other_cards: dict[str, CardTerms] = field(default_factory=dict)


def _voice(unit_price: str) -> tuple[RateTerms, ...]:
    return (RateTerms("voice_minute", unit_price),)


def _overage(
    code: str,
    name: str,
    currency: str,
    prices: tuple[str, str | None],
    minutes: int,
    rate: str,
) -> PlanTerms:
    return PlanTerms(
        code,
        name,
        CardTerms(
            "overage",
            currency,
            included_minutes=minutes,
            overage_limit_minutes=2 * minutes,
            rates=_voice(rate),
        ),
        price_monthly=prices[0],
        price_yearly=prices[1],
        setup_fee="249" if currency == "EUR" else "0",
    )


def _postpaid(currency: str, limit: str, rates: tuple[RateTerms, ...]) -> CardTerms:
    return CardTerms(
        "postpaid",
        currency,
        postpaid_limit_amount=limit,
        increment_seconds=(1, 1),
        rates=rates,
    )


def _wallet(currency: str, rates: tuple[RateTerms, ...], *, minutes: int = 0) -> CardTerms:
    return CardTerms(
        "wallet",
        currency,
        included_minutes=minutes,
        increment_seconds=(1, 1),
        rates=rates,
    )


def _prepaid(code: str, name: str, currency: str, price: str, rate: str) -> PlanTerms:
    """The fee comes back as the month's wallet grant."""
    return PlanTerms(
        code,
        name,
        _wallet(currency, _voice(rate)),
        price_monthly=price,
        monthly_wallet_grant=price,
    )


def nothing(currency: str) -> CardTerms:
    """Return what holds without a plan in a currency: no minutes, and none to be had."""
    return CardTerms("cut_off", currency)


PLANS = (
    _overage("starter", "Starter", "EUR", ("204", "2203.20"), 500, "0.50"),
    _overage("growth", "Growth", "EUR", ("366", "3952.80"), 1000, "0.50"),
    _overage("enterprise", "Enterprise", "EUR", ("624", "6739.20"), 2000, "0.50"),
    PlanTerms(
        "cutoff",
        "Cut-off",
        CardTerms("cut_off", "USD", included_minutes=100),
        price_monthly="49",
    ),
    PlanTerms("payg", "Pay as you go", _postpaid("USD", "500", _voice("0.05")), "0"),
    PlanTerms(
        "graduated",
        "Graduated",
        _postpaid("USD", "500", (RateTerms("voice_minute", tiers=TIERS_GRADUATED),)),
        "0",
    ),
    _overage("hybrid", "Hybrid", "USD", ("49", None), 1000, "0.05"),
    _prepaid("wallet-starter", "Wallet Starter", "USD", "49", "0.10"),
    _prepaid("wallet-growth", "Wallet Growth", "USD", "199", "0.09"),
    _prepaid("wallet-scale", "Wallet Scale", "USD", "499", "0.08"),
    PlanTerms(
        "wallet-enterprise",
        "Wallet Enterprise",
        _postpaid("USD", "5000", _voice("0.08")),
        is_public=False,
    ),
    _prepaid("wallet-starter-ngn", "Wallet Starter", "NGN", "75000", "150"),
    _prepaid("wallet-growth-ngn", "Wallet Growth", "NGN", "300000", "135"),
    PlanTerms(
        "basic",
        "Basic",
        _wallet(
            "USD",
            (
                RateTerms("voice_minute", "0.02"),
                RateTerms("api_call", "0.01", included_quantity="1000"),
                RateTerms("ai_query", "0.05", included_quantity="100"),
                RateTerms("storage_mb", "0.001", included_quantity="1000"),
            ),
            minutes=60,
        ),
        price_monthly="0",
    ),
    PlanTerms("free-legacy", "Free", _wallet("USD", _voice("0.10")), is_public=False),
    PlanTerms(
        "none",
        "No plan",
        nothing("USD"),
        is_public=False,
        other_cards={"none-eur": nothing("EUR"), "none-ngn": nothing("NGN")},
    ),
)

# Minutes of the bundles, and the currencies they are sold in.
BUNDLE_MINUTES = (50, 100, 250, 500, 1000)
BUNDLE_CURRENCIES = ("USD",)

# Platform settings that the prices above rest on.
SETTINGS: dict[str, object] = {
    "markup_percent": "25",
    "base_minute_cost": {"USD": "0.20"},
}

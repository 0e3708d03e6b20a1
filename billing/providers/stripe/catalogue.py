"""Our plans at Stripe: found, or made where they are missing. A second run changes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from billing.providers.base import Config, ProviderError
from billing.providers.offers import Change, Offer
from billing.providers.stripe import (
    destinations,
    endpoints,
    meters,
    portal,
    prices,
    products,
)
from billing.providers.stripe.client import NAME, Gateway, Row, is_live
from billing.providers.stripe.journal import Journal
from billing.providers.stripe.prices import Wanted

__all__ = ["NAME", "Synced", "sync"]


@dataclass(frozen=True, slots=True)
class Synced:
    changes: list[Change]
    notes: list[str]
    # By plan code: product, monthly, yearly, setup, overage, as far as it is sold that way.
    ids: dict[str, dict[str, str]]
    # Of a new webhook endpoint, and of a new destination of thin events; Stripe tells them
    # this once.
    signing_secrets: tuple[str, ...]


def sync(
    config: Config,
    offers: Iterable[Offer],
    *,
    adopt: Mapping[str, str],
    live: bool,
    with_webhook: bool,
    dry_run: bool,
) -> Synced:
    """Make Stripe's catalogue as the offers say; `adopt` maps lookup keys to price ids.

    Raises `ProviderError`, also for a live key that was not meant.
    """
    if is_live(config.secret_key) and not live:
        raise ProviderError(
            "STRIPE_SECRET_KEY is a live key: say --live if that is meant.", retry=False
        )
    journal = Journal(Gateway(config), dry_run)
    wanted = [one for offer in offers for one in prices.wanted_of(offer)]
    _refuse_strange(adopt, wanted)
    standing = _prices(journal, wanted, adopt)
    portal.ensure(journal, return_url=f"{config.website_url}/dashboard/billing")
    secrets: tuple[str, ...] = ()
    if with_webhook:
        secrets = tuple(
            ensure(
                journal, website_url=config.website_url, is_stand_in=bool(config.api_base)
            )
            for ensure in (endpoints.ensure, destinations.ensure)
        )
    ids = _ids(wanted, standing)
    return Synced(journal.changes, journal.notes, ids, tuple(filter(None, secrets)))


def _prices(
    journal: Journal, wanted: list[Wanted], adopt: Mapping[str, str]
) -> dict[str, Row]:
    """Return the price that stands for each lookup key."""
    meter = meters.ensure(journal) if any(one.is_metered for one in wanted) else ""
    adopted = {
        one.key: prices.adopt(journal, one, adopt[one.key], meter=meter)
        for one in wanted
        if one.key in adopt
    }
    own = [one for one in wanted if one.key not in adopted]
    found = prices.find(journal.gateway, [one.key for one in own])
    # Those that an adopted price brought along keep the name that they have.
    ours = [one for one in own if _is_of_own_product(one, found.get(one.key))]
    products.ensure_all(journal, dict(one.product for one in ours))
    made = {
        one.key: prices.ensure(journal, one, found.get(one.key), meter=meter) for one in own
    }
    return adopted | made


def _is_of_own_product(wanted: Wanted, found: Row | None) -> bool:
    return found is None or found["product"] == wanted.product[0]


def _ids(wanted: list[Wanted], standing: Mapping[str, Row]) -> dict[str, dict[str, str]]:
    ids: dict[str, dict[str, str]] = {}
    for one in wanted:
        price = standing[one.key]
        known = ids.setdefault(one.offer.code, {})
        if one.kind in ("monthly", "yearly"):
            known.setdefault("product", str(price.get("product", one.product[0])))
        known[one.kind] = str(price["id"])
    return ids


def _refuse_strange(adopt: Mapping[str, str], wanted: list[Wanted]) -> None:
    unknown = sorted(adopt.keys() - {one.key for one in wanted})
    if unknown:
        raise ProviderError(
            f"Nothing is sold as {', '.join(unknown)}; prices are named like"
            f" {wanted[0].key if wanted else 'starter_monthly'}.",
            retry=False,
        )

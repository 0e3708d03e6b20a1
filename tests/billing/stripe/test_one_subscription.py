"""A second subscription while one lives: refused, also where its news has not come yet, and
however many tabs are open."""

import pytest

from billing import checkout
from billing.errors import AlreadySubscribed
from tests.billing.stripe.customers import GOOD
from tests.crowd import Crowd

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(paying):
    """Press "Subscribe"; returns the id of the page that opens."""

    def press(plan_code: str, period: str = "monthly") -> str:
        url = checkout.subscribe(
            organization=paying.organization,
            plan_code=plan_code,
            billing_period=period,
            provider="stripe",
            now=paying.now,
        )
        return url.rsplit("/", 1)[1]

    return press


def open_pages(paying) -> list[str]:
    pages = paying.stripe.every("checkout.session")
    return [page["id"] for page in pages if page["status"] == "open"]


def test_of_two_tabs_the_last_page_can_be_paid_and_no_other(paying, ask):
    first = ask("starter")
    second = ask("growth")
    assert open_pages(paying) == [second]
    assert paying.stripe.control_fails(f"checkout/{first}/pay", card=GOOD) == 400

    again = ask("starter")
    assert again not in (first, second)
    assert open_pages(paying) == [again]
    assert ask("starter") == again
    paying.stripe.pay(again, card=GOOD)
    paying.hear()
    assert paying.subscription.plan.code == "starter"


def test_what_lives_at_stripe_is_refused_before_its_news_has_come(paying, ask):
    paying.stripe.pay(ask("starter"), card=GOOD)
    for plan in ("starter", "growth"):
        with pytest.raises(AlreadySubscribed):
            ask(plan)
    assert open_pages(paying) == []

    paying.hear()
    with pytest.raises(AlreadySubscribed):
        ask("growth")
    assert len(paying.stripe.every("subscription")) == 1


def test_who_has_left_may_come_back_within_the_hour(paying, ask):
    paying.stripe.pay(ask("starter"), card=GOOD)
    paying.hear()
    paying.stripe.delete(f"subscriptions/{paying.at_stripe['id']}")
    paying.hear()

    page = ask("starter")

    assert open_pages(paying) == [page]


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_clicks_at_once_make_one_customer_and_one_page(paying, ask):
    with Crowd(4) as crowd:
        pages = crowd.at_once(lambda _: ask("starter"))
    assert len(set(pages)) == 1
    assert open_pages(paying) == [pages[0]]
    (customer,) = paying.stripe.every("customer")
    paying.organization.refresh_from_db()
    assert paying.organization.stripe_customer_id == customer["id"]

"""The papers of an organization, one on paper, and the details that stand on the next."""

from decimal import Decimal

import pytest

from billing.documents import details, numbering
from billing.models import BillingDetails, Document
from servicebilling.website import countries
from tests.website.reading import cheaply, seen

pytestmark = pytest.mark.django_db

BILLING = "/dashboard/billing"


@pytest.fixture
def mine(client_of, owner, number):
    return client_of(owner)


def receipt_of(organization, *, now, text="100 call minutes") -> Document:
    document = Document(
        organization=organization,
        kind=Document.Kind.RECEIPT,
        state=Document.State.PAID,
        provider="flutterwave",
        currency="USD",
        subtotal=Decimal(25),
        tax=Decimal("4.75"),
        total=Decimal("29.75"),
        amount_paid=Decimal("29.75"),
        lines=[{"text": text, "quantity": "1", "amount": "25"}],
        customer=details.copied(organization),
        seller=details.seller(),
        issued_at=now,
        paid_at=now,
        created_at=now,
    )
    numbering.give(document)
    document.save(force_insert=True)
    return document


def said(**changes) -> dict[str, str]:
    return {
        "name": "Acme Dental GmbH",
        "email": "bills@acme.example",
        "line1": "Hauptstr. 1",
        "postal_code": "10115",
        "city": "Berlin",
        "country": "DE",
        "tax_id_type": "eu_vat",
        "tax_id": "DE123456789",
    } | changes


def test_documents_are_listed_on_billing_and_on_their_own_page(mine, organization, now):
    receipt = receipt_of(organization, now=now)

    for url in (BILLING, f"{BILLING}/documents"):
        assert f"Receipt {receipt.number}" in cheaply(mine, url)


def test_a_providers_own_invoice_is_linked_with_its_pdf(mine, organization, now):
    document = receipt_of(organization, now=now)
    Document.objects.filter(pk=document.pk).update(
        provider="stripe",
        provider_document_id="in_1",
        url="https://invoice.stripe.example/in_1",
        pdf_url="https://pay.stripe.example/in_1.pdf",
    )
    shown = mine.get(f"{BILLING}/documents").content.decode()
    assert 'href="https://pay.stripe.example/in_1.pdf"' in shown


def test_pages_of_documents_follow_each_other(mine, organization, now):
    for _ in range(52):
        receipt_of(organization, now=now)

    first = mine.get(f"{BILLING}/documents")
    older = mine.get(f"{BILLING}/documents", {"before": first.context["next_before"]})

    shown = [row.id for page in (first, older) for row in page.context["documents"]]
    assert len(shown) == len(set(shown)) == 52
    assert older.context["next_before"] == ""
    assert mine.get(f"{BILLING}/documents?before=x").status_code == 404


def test_paper_shows_parties_lines_and_sums_as_they_were(mine, organization, now):
    mine.post(f"{BILLING}/details", said())
    organization.refresh_from_db()
    receipt = receipt_of(organization, now=now, text="<b>Minutes</b>")
    mine.post(f"{BILLING}/details", said(name="Another name"))

    page = cheaply(mine, f"{BILLING}/documents/{receipt.pk}")

    for part in (
        "Acme Dental GmbH Hauptstr. 1 10115 Berlin DE bills@acme.example",
        "Tax id DE123456789",
        "Without tax $25.00 Tax $4.75 Total $29.75",
        "&lt;b&gt;Minutes",
    ):
        assert part in page
    assert "Another name" not in page


def test_details_are_kept_and_shown_again(mine, organization):
    answer = mine.post(f"{BILLING}/details", said())

    assert answer.status_code == 302
    organization.refresh_from_db()
    assert organization.billing_email == "bills@acme.example"
    assert "bills@acme.example" in cheaply(mine, BILLING)
    page = mine.get(f"{BILLING}/details").content.decode()
    for kept in ('value="DE123456789"', 'value="Hauptstr. 1"', 'value="DE" selected'):
        assert kept in page


def test_countries_are_offered_by_their_names(mine, organization):
    page = mine.get(f"{BILLING}/details").content.decode()
    for code, name in (("DE", "Germany"), ("NG", "Nigeria"), ("US", "United States")):
        assert f'<option value="{code}">{name}</option>' in page
    assert len(countries.NAMES) == len(set(countries.NAMES.values())) == 250


@pytest.mark.parametrize(
    "bad",
    [
        {"name": ""},
        {"email": "x"},
        {"country": "XX"},
        {"tax_id_type": ""},
        {"tax_id": ""},
        {"city": "x" * 101},
    ],
)
def test_bad_details_change_nothing_and_lose_nothing(mine, organization, bad):
    answer = mine.post(f"{BILLING}/details", said(line1="Kept street") | bad)

    assert answer.status_code == 200
    assert "field-errors" in answer.content.decode()
    assert "Kept street" in answer.content.decode()
    assert not BillingDetails.objects.exists()


def test_member_sees_no_papers(client_of, member, organization, number, now):
    browser = client_of(member)
    receipt = receipt_of(organization, now=now)

    for path in ("documents", f"documents/{receipt.pk}", "details"):
        assert browser.get(f"{BILLING}/{path}").status_code == 403
    assert "No document yet" not in seen(browser.get("/dashboard"))

"""Invoices, receipts and credit notes of every provider in one list, and for whom they are."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from accounts.models import Organization
from metering.balances.models import MONEY
from metering.models import BillingCycle
from servicebilling.lib.ids import new_id


class BillingDetails(models.Model):
    """Who is to stand on an organization's documents, and its tax id. A document copies
    them: later changes touch none that was issued."""

    organization = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="billing_details"
    )
    name = models.CharField(max_length=200)
    line1 = models.CharField(max_length=200, blank=True)
    line2 = models.CharField(max_length=200, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=100, blank=True)
    region = models.CharField(max_length=100, blank=True)
    # ISO 3166-1 alpha-2.
    country = models.CharField(max_length=2, blank=True)
    # The kind as the provider names it (`eu_vat`, `gb_vat`, …), empty for none.
    tax_id_type = models.CharField(max_length=20, blank=True)
    tax_id = models.CharField(max_length=40, blank=True)
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "billing_details"
        verbose_name_plural = "billing details"
        constraints = [
            models.CheckConstraint(
                condition=Q(country="") | Q(country__regex=r"^[A-Z]{2}$"),
                name="billing_country_is_iso_3166",
            ),
            models.CheckConstraint(
                condition=Q(tax_id="", tax_id_type="")
                | (~Q(tax_id="") & ~Q(tax_id_type="")),
                name="tax_id_has_a_type",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ToldCustomer(models.Model):
    """What a provider was last told of a customer's details; it is told again when they are
    others."""

    organization = models.OneToOneField(
        Organization, models.PROTECT, primary_key=True, related_name="+"
    )
    name = models.CharField(max_length=200)
    email = models.EmailField(max_length=254, blank=True)
    # Of the billing details, if there are any.
    details_updated_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField()
    # Why the provider did not take them; asked again when they change, or at this time.
    error = models.CharField(max_length=300, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "told_customers"

    def __str__(self) -> str:
        return f"{self.name}: {self.error or 'told'}"


class DocumentSeries(models.Model):
    """Counts our own documents of one kind; locked while the next number is given, so that
    none is left out."""

    name = models.CharField(max_length=20, primary_key=True)
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "document_series"
        verbose_name_plural = "document series"

    def __str__(self) -> str:
        return self.name


class Document(models.Model):
    """One paper: a provider's own, linked, or ours, numbered without gaps and printable."""

    class Kind(models.TextChoices):
        INVOICE = "invoice"
        RECEIPT = "receipt"
        CREDIT_NOTE = "credit_note"

    class State(models.TextChoices):
        # Ours: being made at the provider. It has a number only once it is issued.
        PREPARED = "prepared"
        OPEN = "open"
        PAID = "paid"
        VOID = "void"
        UNCOLLECTIBLE = "uncollectible"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    state = models.CharField(max_length=14, choices=State.choices)
    provider = models.CharField(max_length=20)
    # Empty: the provider made none, the paper is ours.
    provider_document_id = models.CharField(max_length=255, blank=True)
    series = models.ForeignKey(
        DocumentSeries, models.PROTECT, related_name="+", null=True, blank=True
    )
    number_in_series = models.PositiveIntegerField(null=True, blank=True)
    number = models.CharField(max_length=60, blank=True)
    currency = models.CharField(max_length=3)
    # Without tax; `total` is with it. A credit note's are positive.
    subtotal = models.DecimalField(**MONEY)
    tax = models.DecimalField(**MONEY, default=0)
    total = models.DecimalField(**MONEY)
    amount_paid = models.DecimalField(**MONEY, default=0)
    # `[{"text", "quantity", "amount"}]`, amounts as texts.
    lines = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    # Of a pay-as-you-go invoice: `[{"cycle", "source", "amount"}]`, what it asks for; kept
    # whatever the provider makes of the lines.
    own_lines = models.JSONField(default=list)
    # Copied when it was issued: `{"name", "address": [...], "email", "tax_id"}`.
    customer = models.JSONField(default=dict)
    seller = models.JSONField(default=dict)
    period_starts_at = models.DateTimeField(null=True, blank=True)
    period_ends_at = models.DateTimeField(null=True, blank=True)
    # Pages of the provider; those of ours are made when they are looked at.
    url = models.TextField(blank=True)
    pdf_url = models.TextField(blank=True)
    # The payment that it documents; an invoice's comes when it is paid.
    payment = models.OneToOneField(
        "billing.Payment", models.PROTECT, related_name="document", null=True, blank=True
    )
    # The month that a pay-as-you-go invoice is for.
    cycle = models.OneToOneField(
        BillingCycle, models.PROTECT, related_name="invoice", null=True, blank=True
    )
    refund = models.OneToOneField(
        "billing.Refund", models.PROTECT, related_name="document", null=True, blank=True
    )
    # What a credit note takes back.
    corrects = models.ForeignKey(
        "self", models.PROTECT, related_name="corrections", null=True, blank=True
    )
    issued_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "documents"
        constraints = [
            models.UniqueConstraint(
                "provider",
                "provider_document_id",
                condition=~Q(provider_document_id=""),
                name="provider_document_once",
            ),
            models.UniqueConstraint(
                "series", "number_in_series", name="document_number_once"
            ),
            models.CheckConstraint(
                condition=Q(series__isnull=True, number_in_series__isnull=True)
                | Q(series__isnull=False, number_in_series__gte=1),
                name="own_document_has_a_number",
            ),
            models.CheckConstraint(
                condition=Q(total=models.F("subtotal") + models.F("tax")),
                name="document_total_is_subtotal_and_tax",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "-issued_at"], name="documents_newest_first"
            ),
            models.Index(
                fields=["paid_at"], condition=Q(state="paid"), name="documents_by_payment"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number or self.pk}"

    @property
    def is_ours(self) -> bool:
        return self.series_id is not None

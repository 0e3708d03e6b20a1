"""Who is to stand on invoices, and the tax id beside it."""

from functools import cache
from typing import Any

from django import forms

from billing.documents.details import Details
from servicebilling.website import countries
from servicebilling.website.long_select import LongSelect

# As the payment providers name them.
TAX_ID_TYPES = {
    "": "None",
    "eu_vat": "EU VAT number",
    "gb_vat": "UK VAT number",
    "ch_vat": "Swiss VAT number",
    "no_vat": "Norwegian VAT number",
    "us_ein": "US EIN",
    "ca_bn": "Canadian BN",
    "ng_tin": "Nigerian TIN",
    "za_vat": "South African VAT number",
    "in_gst": "Indian GST number",
    "au_abn": "Australian ABN",
    "nz_gst": "New Zealand GST number",
}


@cache
def _text(label: str, length: int, complete: str, *, required: bool = False) -> Any:
    return forms.CharField(
        label=label,
        max_length=length,
        required=required,
        widget=forms.TextInput(attrs={"autocomplete": f"billing {complete}"}),
    )


class BillingDetailsForm(forms.Form):
    """What stands on documents; everything but name and e-mail may stay empty."""

    name = _text("Name on documents", 200, "organization", required=True)
    email = forms.EmailField(
        label="Bills go to",
        max_length=254,
        help_text="Invoices, receipts and warnings are sent here.",
        widget=forms.EmailInput(attrs={"autocomplete": "billing email"}),
    )
    line1 = _text("Street and number", 200, "address-line1")
    line2 = _text("Further address line", 200, "address-line2")
    postal_code = _text("Postal code", 20, "postal-code")
    city = _text("City", 100, "address-level2")
    region = _text("State or region", 100, "address-level1")
    country = forms.ChoiceField(
        label="Country",
        required=False,
        choices=[("", "Not said"), *countries.NAMES.items()],
        widget=LongSelect(attrs={"autocomplete": "billing country"}),
    )
    tax_id_type = forms.ChoiceField(
        label="Kind of tax id", required=False, choices=list(TAX_ID_TYPES.items())
    )
    tax_id = forms.CharField(
        label="Tax id",
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("tax_id") and not said.get("tax_id_type"):
            self.add_error("tax_id_type", "Say what kind of tax id this is.")
        if said.get("tax_id_type") and not said.get("tax_id"):
            self.add_error("tax_id", "Write the tax id, or choose none.")
        return said

    @property
    def details(self) -> Details:
        return Details(
            **{field: self.cleaned_data[field] for field in Details.__dataclass_fields__}
        )

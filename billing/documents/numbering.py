"""Numbers without gaps for our own documents."""

from billing.models import Document, DocumentSeries

PREFIXES = {"invoice": "INV", "receipt": "REC", "credit_note": "CN"}


def give(document: Document) -> None:
    """Give a document the next number of its kind.

    To be called in the transaction that issues it, and last: whoever issues next waits for
    its end, so a number that was not used in the end is given again.
    """
    DocumentSeries.objects.get_or_create(name=document.kind)
    series = DocumentSeries.objects.select_for_update().get(name=document.kind)
    series.last_number += 1
    series.save(update_fields=["last_number"])
    document.series = series
    document.number_in_series = series.last_number
    document.number = f"{PREFIXES[document.kind]}-{series.last_number:06}"

"""Invoices, receipts and credit notes for programs and for our own pages."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access
from billing.documents import reports


class Documents(APIView):
    """Newest first; `next` of one page is the `cursor` of the following one."""

    def get(self, request: Request) -> Response:
        organization = access.organization_for(request, "billing.view")
        cursor = request.query_params.get("cursor", "")
        rows = reports.documents_of(organization, before=_read(cursor) if cursor else None)
        last = rows[-1] if len(rows) == reports.PAGE else None
        return Response(
            {
                "documents": [asdict(row) for row in rows],
                "next": f"{last.issued_at.isoformat()}_{last.id}" if last else None,
            }
        )


def _read(cursor: str) -> tuple[datetime, UUID]:
    moment, _, id = cursor.partition("_")
    try:
        issued_at = datetime.fromisoformat(moment)
        if issued_at.tzinfo is None:
            raise ValueError(cursor)
        return issued_at, UUID(id)
    except ValueError as error:
        raise ValidationError({"cursor": "This is not a cursor."}) from error

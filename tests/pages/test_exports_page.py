"""Files and statements as pages: who may have which, and what comes out."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from metering.models import Export
from metering.usage import exports

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(cast):
    today = timezone.now().date()
    return {
        "organization": cast.organization.slug,
        "kind": "calls",
        "format": "csv",
        "first_day": str(today - timedelta(days=2)),
        "last_day": str(today),
    }


def test_small_file_is_ready_at_once(cast, client_of, asked, owner):
    browser = client_of(owner)

    reply = browser.post(reverse("website:exports"), asked, follow=True)
    [file] = reply.context["files"]
    body = browser.get(reverse("website:export-file", kwargs={"export_id": file.pk}))

    assert file.state == "done"
    assert body["Content-Disposition"].startswith(
        'attachment; filename="acme-dental-calls-'
    )
    content = b"".join(body.streaming_content)
    assert content.startswith(b"id,direction,agent")
    assert body["Content-Length"] == str(len(content))


def test_large_file_is_left_to_the_worker(
    cast, client_of, asked, owner, monkeypatch, django_capture_on_commit_callbacks
):
    begun = []
    monkeypatch.setattr(exports, "is_small", lambda export: False)
    monkeypatch.setattr("metering.tasks.make_export.delay", begun.append)

    with django_capture_on_commit_callbacks(execute=True):
        reply = client_of(owner).post(reverse("website:exports"), asked, follow=True)

    [file] = reply.context["files"]
    assert begun == [str(file.pk)]
    assert b"Waiting" in reply.content


def test_member_has_calls_and_no_bills(cast, client_of, asked, member):
    browser = client_of(member)

    refused = browser.post(reverse("website:exports"), asked | {"kind": "wallet"})
    browser.post(reverse("website:exports"), asked)

    assert refused.context["form"].errors["kind"]
    assert Export.objects.get().kind == "calls"
    Export.objects.update(kind="wallet")
    [file] = Export.objects.all()
    url = reverse("website:export-file", kwargs={"export_id": file.pk})
    assert browser.get(url).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"last_day": "2020-01-01"}, "last_day"),
        ({"first_day": "1990-01-01"}, "last_day"),
        ({"first_day": "soon"}, "first_day"),
        ({"kind": "secrets"}, "kind"),
        ({"format": "exe"}, "format"),
        ({"kind": "statement", "first_day": "2026-01-01"}, "last_day"),
    ],
)
def test_what_cannot_be_made_is_named(cast, client_of, asked, owner, changes, field):
    reply = client_of(owner).post(reverse("website:exports"), asked | changes)

    assert reply.status_code == 200
    assert field in reply.context["form"].errors
    assert not Export.objects.exists()


def test_statement_is_a_page_to_print(cast, client_of, owner):
    now = timezone.now()
    url = reverse("website:statement", kwargs={"month": f"{now:%Y-%m}"})

    page = client_of(owner).get(url).content.decode()

    assert f"Statement for {now:%B %Y}" in page
    assert "Nothing was used." in page
    assert client_of(owner).get("/dashboard/statements/2099-01").status_code == 404
    assert client_of(owner).get("/dashboard/statements/2026-13").status_code == 404

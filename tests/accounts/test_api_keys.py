import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from accounts import api_keys
from accounts.errors import InvalidDetail
from accounts.models import ApiKey, AuditEntry
from tests.factories import accounts as make

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def issued(organization, owner):
    return api_keys.issue(organization=organization, name="CRM", actor=owner, now=NOW)


def test_new_key_is_read_only_and_only_its_hash_is_kept(issued, organization, owner):
    kept = ApiKey.objects.values().get()

    assert kept["scopes"] == ["usage:read", "billing:read"]
    assert (kept["organization_id"], kept["created_by_id"]) == (organization.pk, owner.pk)
    secret = issued.key.split(".")[1]
    assert secret not in str(kept)
    assert secret not in repr(issued)


def test_issuing_and_revoking_leave_one_trace_each(issued, owner):
    for _ in range(2):
        api_keys.revoke(issued.api_key, actor=owner, now=NOW)

    trail = AuditEntry.objects.filter(action__startswith="api_key").order_by("id")
    assert [entry.action for entry in trail] == ["api_key.issued", "api_key.revoked"]
    assert trail[0].detail["prefix"] == issued.api_key.prefix


def test_key_is_known_by_its_text_alone(issued):
    assert api_keys.verify(issued.key, now=NOW) == issued.api_key


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key[:-1],
        lambda key: key[:-1] + ("a" if key[-1] != "a" else "b"),
        lambda key: key.split(".")[0],
        lambda key: key.split(".")[0] + ".",
        lambda key: "x" + key[1:] if key[0] != "x" else "y" + key[1:],
        lambda key: key + "\x00",
        lambda key: "\x00.\x00",
        lambda key: key + ".more",
        lambda key: "é.é",
        lambda key: "",
    ],
)
def test_anything_but_the_whole_text_is_nobody(issued, change):
    assert api_keys.verify(change(issued.key), now=NOW) is None


def test_revoked_key_is_nobody(issued, owner):
    api_keys.revoke(issued.api_key, actor=owner, now=NOW)

    assert api_keys.verify(issued.key, now=NOW) is None


def test_key_lives_until_its_end_and_not_longer(organization):
    end = NOW + timedelta(days=1)
    issued = make.make_key(organization=organization, expires_at=end, now=NOW)

    assert api_keys.verify(issued.key, now=end - timedelta(microseconds=1))
    assert api_keys.verify(issued.key, now=end) is None


def test_key_that_would_be_born_dead_is_refused(organization):
    with pytest.raises(InvalidDetail):
        make.make_key(organization=organization, expires_at=NOW, now=NOW)


def test_use_is_remembered_once_a_minute(issued, django_assert_num_queries):
    with django_assert_num_queries(2):
        api_keys.verify(issued.key, now=NOW)
    with django_assert_num_queries(1):
        api_keys.verify(issued.key, now=NOW + timedelta(seconds=59))
    assert ApiKey.objects.get().last_used_at == NOW

    api_keys.verify(issued.key, now=NOW + timedelta(seconds=60))

    assert ApiKey.objects.get().last_used_at == NOW + timedelta(seconds=60)


@pytest.mark.parametrize("scopes", [[], ["usage:read", "root"], ["Usage:Read"]])
def test_scopes_are_those_of_the_table_and_at_least_one(organization, scopes):
    with pytest.raises(InvalidDetail, match="Scopes are: usage:read"):
        make.make_key(organization=organization, scopes=scopes)


def test_scopes_are_kept_once_each(organization):
    scopes = ["billing:read", "usage:read", "billing:read"]

    issued = make.make_key(organization=organization, scopes=scopes)

    assert issued.api_key.scopes == ["usage:read", "billing:read"]


@pytest.mark.parametrize("scopes", [[], ["root"]])
def test_database_refuses_scopes_that_mean_nothing(issued, scopes):
    with pytest.raises(IntegrityError, match="api_key_scopes"), transaction.atomic():
        ApiKey.objects.update(scopes=scopes)


def test_command_prints_a_key_of_an_organization_that_works(organization, capsys):
    call_command(
        "create_api_key",
        organization=organization.slug,
        scopes="calls:create, usage:read",
        json=True,
    )

    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == {"key", "prefix", "scopes"}
    assert printed["scopes"] == ["usage:read", "calls:create"]
    found = api_keys.verify(printed["key"], now=NOW)
    assert (found.organization, found.prefix) == (organization, printed["prefix"])


def test_command_prints_a_service_key_read_only_unless_said(db, capsys):
    call_command("create_api_key", service=True, json=True)

    printed = json.loads(capsys.readouterr().out)
    assert printed["scopes"] == ["usage:read", "billing:read"]
    assert api_keys.verify(printed["key"], now=NOW).is_service


def test_command_prints_the_bare_key_for_people(organization, capsys):
    call_command("create_api_key", organization=organization.slug)

    out, err = capsys.readouterr()
    assert api_keys.verify(out.strip(), now=NOW)
    assert "usage:read, billing:read" in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"organization": "nowhere"}, "There is no organization 'nowhere'."),
        ({"service": True, "scopes": "root"}, "root: no such scope."),
        ({}, "required"),
        ({"service": True, "organization": "acme"}, "not allowed with"),
    ],
)
def test_command_fails_in_words(db, options, said):
    with pytest.raises(CommandError, match=said):
        call_command("create_api_key", *_as_arguments(options))
    assert not ApiKey.objects.exists()


def _as_arguments(options) -> list[str]:
    given = []
    for name, value in options.items():
        given += [f"--{name}"] if value is True else [f"--{name}", value]
    return given

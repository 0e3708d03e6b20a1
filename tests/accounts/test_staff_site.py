"""What staff see and may change under /admin/, and the one door to it."""

from datetime import timedelta

import pyotp
import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from accounts import second_factor
from accounts.capabilities import STAFF_GROUPS
from accounts.models import ApiKey, AuditEntry, Organization, Setting, User
from tests.factories import accounts as make

pytestmark = pytest.mark.django_db


SECRET = "ASECRETOFTHETESTSALONEASECRETOFT"


@pytest.fixture
def root(db) -> User:
    return User.objects.create_superuser("root@example.org", make.PASSWORD)


@pytest.fixture
def in_group(staff):
    def join(name: str) -> User:
        staff.groups.set([Group.objects.get(name=name)])
        return staff

    return join


def test_anonymous_is_sent_through_the_products_own_door(client):
    reply = client.get("/admin/accounts/user/", follow=True)

    last, _ = reply.redirect_chain[-1]
    assert last == "/accounts/login/?next=/admin/accounts/user/"


def test_admins_own_form_lets_nobody_in(client, root):
    reply = client.post(
        "/admin/login/", {"username": root.email, "password": make.PASSWORD}
    )

    assert reply.status_code == 302
    assert reply.url.startswith("/accounts/login/")
    assert client.get("/admin/").status_code == 302


def test_customer_is_refused_and_not_sent_in_circles(owner, client_of):
    reply = client_of(owner).get("/admin/", follow=True)

    assert reply.status_code == 403
    assert len(reply.redirect_chain) == 1


def test_password_is_changed_at_the_products_own_page(root, client_of):
    assert client_of(root).get("/admin/password_change/").url == reverse(
        "account_change_password"
    )


def test_staff_of_no_organization_land_on_their_own_pages(client, root):
    reply = client.post(
        "/accounts/login/", {"login": root.email, "password": make.PASSWORD}
    )

    assert (reply.status_code, reply.url) == (302, "/admin/")


def test_superuser_of_the_command_line_can_sign_in(client, root):
    reply = client.post(
        "/accounts/login/?next=/admin/", {"login": root.email, "password": make.PASSWORD}
    )

    assert reply.url == "/admin/"
    assert client.get("/admin/").url.startswith("/admin/login/")


def test_staff_without_a_second_factor_are_led_to_set_one_up(client, root):
    client.force_login(root)

    led = client.get("/admin/login/?next=/admin/accounts/user/", follow=True)

    assert led.redirect_chain[0][0].startswith(reverse("mfa_activate_totp"))
    assert client.get("/admin/accounts/user/").status_code == 302


def test_staff_who_did_not_show_their_second_factor_are_asked_for_it(root, client_of):
    second_factor.enrol(root, secret=SECRET)
    browser = client_of(root, second_factor=False)

    asked = browser.get("/admin/", follow=True)
    reached = browser.post(
        asked.redirect_chain[-1][0], {"code": pyotp.TOTP(SECRET).now()}, follow=True
    )

    assert asked.redirect_chain[-1][0].startswith(reverse("mfa_reauthenticate"))
    assert reached.redirect_chain[-1][0] == "/admin/"
    assert reached.status_code == 200


def test_second_factor_of_another_person_opens_nothing(root, staff, client_of):
    browser = client_of(staff)
    session = browser.session
    session["account_authentication_methods_user"] = str(root.pk)
    session.save()

    assert browser.get("/admin/").status_code == 302


@pytest.mark.parametrize("name", STAFF_GROUPS)
def test_groups_have_the_rights_of_the_table_after_migrating(name):
    held = Group.objects.get(name=name).permissions
    rights = {
        f"{app}.{code}"
        for app, code in held.values_list("content_type__app_label", "codename")
    }

    assert STAFF_GROUPS[name]["rights"] <= rights
    assert "accounts.view_auditentry" in rights
    changing = {right for right in rights if ".view_" not in right}
    assert changing == STAFF_GROUPS[name]["rights"]


def test_right_that_crept_in_is_gone_after_the_next_migrate(in_group):
    group = in_group("support").groups.get()
    before = set(group.permissions.all())
    group.permissions.add(*Group.objects.get(name="admin").permissions.all())

    call_command("migrate", verbosity=0)

    assert set(group.permissions.all()) == before


@pytest.mark.parametrize("name", STAFF_GROUPS)
def test_every_list_and_page_opens_for_staff_of_each_group(
    in_group, client_of, organization, other_organization, member, name
):
    make.make_key(organization=organization)
    browser = client_of(in_group(name))

    for model in (User, Organization, ApiKey, Setting, AuditEntry):
        listed = browser.get(reverse(f"admin:accounts_{model._meta.model_name}_changelist"))
        assert listed.status_code == 200
    one = browser.get(reverse("admin:accounts_organization_change", args=[organization.pk]))
    assert member.email in one.content.decode()


@pytest.mark.parametrize(
    "model", ["user", "organization", "apikey", "auditentry", "setting"]
)
def test_lists_cost_the_same_however_many_rows(
    root, client_of, model, django_assert_max_num_queries
):
    for _ in range(15):
        make.make_key(organization=make.make_organization())
    for number in range(15):
        Setting.objects.create(
            key="markup_percent",
            value="25",
            organization=Organization.objects.all()[number],
            created_by=root,
            valid_from=timezone.now(),
        )
    browser = client_of(root)

    with django_assert_max_num_queries(12):
        reply = browser.get(reverse(f"admin:accounts_{model}_changelist"))

    assert reply.content.decode().count("<tr") >= 15


@pytest.mark.parametrize(
    "hidden", ["mfa/authenticator", "auth/group", "account/emailaddress"]
)
def test_models_that_would_open_doors_are_not_on_the_site(root, client_of, hidden):
    assert client_of(root).get(f"/admin/{hidden}/").status_code == 404


def test_no_model_of_accounts_can_be_deleted_there(root, rf):
    request = rf.get("/")
    request.user = root
    for model, page in admin.site._registry.items():
        if model._meta.app_label == "accounts":
            assert not page.has_delete_permission(request), model


def test_key_shows_no_hash_in_the_list(root, organization, client_of):
    issued = make.make_key(organization=organization)

    listed = client_of(root).get("/admin/accounts/apikey/").content.decode()

    assert issued.api_key.prefix in listed
    assert issued.api_key.hashed_key[:20] not in listed.replace(
        f'value="{issued.api_key.pk}"', ""
    )


def test_staff_withdraw_a_key_and_support_does_not(in_group, organization, client_of):
    issued = make.make_key(organization=organization)
    form = {"action": "revoke", "_selected_action": [issued.api_key.pk]}

    client_of(in_group("support")).post("/admin/accounts/apikey/", form)
    assert not ApiKey.objects.get(pk=issued.api_key.pk).revoked
    client_of(in_group("admin")).post("/admin/accounts/apikey/", form)

    assert ApiKey.objects.get(pk=issued.api_key.pk).revoked
    assert AuditEntry.objects.filter(action="api_key.revoked").count() == 1


def test_staff_suspend_an_organization_with_a_trace(in_group, organization, client_of):
    client_of(in_group("admin")).post(
        "/admin/accounts/organization/",
        {"action": "suspend", "_selected_action": [organization.pk]},
    )

    organization.refresh_from_db()
    assert organization.status == "suspended"
    assert AuditEntry.objects.filter(action="organization.suspended").exists()


def organization_form(organization, **changes) -> dict:
    return {
        "name": organization.name,
        "billing_email": organization.billing_email,
        "timezone": organization.timezone,
        "memberships-TOTAL_FORMS": 0,
        "memberships-INITIAL_FORMS": 0,
    } | changes


def test_staff_describe_an_organization_and_cannot_touch_the_rest(
    in_group, organization, client_of
):
    url = reverse("admin:accounts_organization_change", args=[organization.pk])
    changed = organization_form(organization, timezone="Africa/Lagos", currency="NGN")

    reply = client_of(in_group("admin")).post(url, changed | {"status": "closed"})

    assert reply.status_code == 302
    organization.refresh_from_db()
    assert (organization.timezone, organization.currency, organization.status) == (
        "Africa/Lagos",
        "USD",
        "active",
    )
    assert AuditEntry.objects.filter(action="organization.described").exists()


def test_time_zone_that_is_none_is_said_in_the_form(in_group, organization, client_of):
    url = reverse("admin:accounts_organization_change", args=[organization.pk])

    reply = client_of(in_group("admin")).post(
        url, organization_form(organization, timezone="Mars/Olympus")
    )

    assert "is not a time zone" in reply.content.decode()


def test_staff_member_cannot_raise_themselves_or_another(in_group, owner, client_of):
    staff = in_group("admin")
    browser = client_of(staff)
    raised = {"name": "X", "is_active": "on", "is_staff": "on", "email": "x@example.com"}

    own = browser.post(f"/admin/accounts/user/{staff.pk}/change/", raised)
    others = browser.post(f"/admin/accounts/user/{owner.pk}/change/", raised)

    assert (own.status_code, others.status_code) == (403, 302)
    owner.refresh_from_db()
    assert (owner.name, owner.is_staff, owner.email) == ("X", False, "owner@example.com")
    assert AuditEntry.objects.get(action="person.changed").detail["fields"] == ["name"]


def setting_form(**changes) -> dict:
    return {
        "key": "markup_percent",
        "organization": "",
        "value": '"30"',
        "valid_from_0": "",
        "valid_from_1": "",
    } | changes


def test_staff_put_a_setting_in_force_with_a_trace(in_group, client_of):
    reply = client_of(in_group("finance")).post(
        "/admin/accounts/setting/add/", setting_form()
    )

    assert reply.status_code == 302
    assert Setting.objects.get().value == "30"
    assert AuditEntry.objects.filter(action="setting.set").exists()


def test_staff_give_up_an_organizations_own_value(in_group, organization, client_of):
    client_of(in_group("finance")).post(
        "/admin/accounts/setting/add/", setting_form(organization=organization.pk, value="")
    )

    assert Setting.objects.get().value is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"value": '"-1"'}, "This must be from 0"),
        ({"value": "{"}, "Enter a valid JSON"),
        ({"key": "markup"}, "Select a valid choice"),
        ({"key": "retention_days", "value": "7", "organization": "own"}, "platform&#x27;s"),
        (
            {"valid_from_0": "2020-01-01", "valid_from_1": "00:00"},
            "only change from now on",
        ),
    ],
)
def test_setting_that_cannot_be_is_said_in_the_form(
    in_group, organization, client_of, wrong, said
):
    if wrong.get("organization"):
        wrong = wrong | {"organization": organization.pk}

    reply = client_of(in_group("finance")).post(
        "/admin/accounts/setting/add/", setting_form(**wrong)
    )

    assert reply.status_code == 200
    assert said in reply.content.decode()
    assert not Setting.objects.exists()


def test_two_changes_announced_for_one_moment_are_said_in_the_form(in_group, client_of):
    browser = client_of(in_group("finance"))
    tomorrow = (timezone.now() + timedelta(days=1)).date().isoformat()
    form = setting_form(valid_from_0=tomorrow, valid_from_1="00:00")

    first = browser.post("/admin/accounts/setting/add/", form)
    second = browser.post("/admin/accounts/setting/add/", form)

    assert (first.status_code, second.status_code) == (302, 200)
    assert Setting.objects.count() == 1


def test_support_reads_settings_and_sets_none(in_group, client_of):
    reply = client_of(in_group("support")).post(
        "/admin/accounts/setting/add/", setting_form()
    )

    assert reply.status_code == 403

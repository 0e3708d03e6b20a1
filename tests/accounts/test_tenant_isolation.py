"""No request reaches, or learns of, an organization that is not its own."""

import pytest

from accounts import access, capabilities
from accounts.models import Membership, Organization
from tests.factories import accounts as make

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.probes")]


@pytest.fixture
def both(organization, other_organization) -> None:
    """Two organizations that could be mistaken for each other."""


@pytest.mark.parametrize("name", ["organization", "businessId", "org_id"])
def test_service_key_reaches_the_organization_it_names(
    both, organization, service_key, key_client, name
):
    program = key_client(service_key)

    for reference in (organization.slug, str(organization.pk), organization.pk.hex):
        reply = program.get("/api/usage", {name: reference})
        assert reply.json() == {"slug": "acme-dental"}


def test_service_key_may_name_it_in_the_body(both, organization, service_key, key_client):
    reply = key_client(service_key).post(
        "/api/usage", {"org_id": str(organization.pk)}, content_type="application/json"
    )

    assert reply.json() == {"slug": "acme-dental"}


def test_service_key_that_names_none_is_400(both, service_key, key_client):
    reply = key_client(service_key).get("/api/usage")

    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "organization_required"


def test_naming_two_organizations_is_400_and_one_twice_is_fine(
    both, organization, other_organization, service_key, key_client
):
    program = key_client(service_key)
    body = {"org_id": organization.slug}
    as_json = {"content_type": "application/json"}

    two = program.post(
        f"/api/usage?organization={other_organization.slug}", body, **as_json
    )
    same = program.post(f"/api/usage?organization={organization.slug}", body, **as_json)

    assert (two.status_code, same.status_code) == (400, 200)


@pytest.mark.parametrize("asks", ["key", "owner"])
def test_foreign_organization_looks_exactly_like_none(
    both, organization, other_organization, owner, client_of, key_client, asks
):
    issued = make.make_key(organization=organization)
    client = key_client(issued) if asks == "key" else client_of(owner)

    foreign = client.get("/api/usage", {"organization": other_organization.slug})
    by_id = client.get("/api/usage", {"organization": str(other_organization.pk)})
    nowhere = client.get("/api/usage", {"organization": "nowhere"})

    assert foreign.status_code == by_id.status_code == nowhere.status_code == 404
    assert foreign.content == by_id.content == nowhere.content
    # Each answer names its own request.
    ids = [reply.headers.pop("X-Request-ID") for reply in (foreign, nowhere)]
    assert ids[0] != ids[1]
    assert foreign.headers == nowhere.headers


@pytest.mark.parametrize(
    "reference", ["\x00", "a b", "'; drop", "x" * 5000, "../acme", "ａcme", "%00"]
)
def test_nonsense_as_a_name_is_404_and_never_an_error_of_ours(
    both, service_key, owner, client_of, key_client, reference
):
    for client in (key_client(service_key), client_of(owner)):
        assert client.get("/api/usage", {"organization": reference}).status_code == 404


@pytest.mark.parametrize("reference", [["acme-dental"], {"slug": "acme-dental"}, 7, True])
def test_name_that_is_no_text_is_404(both, service_key, key_client, reference):
    reply = key_client(service_key).post(
        "/api/usage", {"organization": reference}, content_type="application/json"
    )

    assert reply.status_code == 404


def test_slug_that_imitates_an_id_leads_nobody_astray(
    organization, service_key, key_client
):
    imitation = make.make_organization(name=organization.pk.hex)
    assert imitation.slug == organization.pk.hex

    reply = key_client(service_key).get("/api/usage", {"organization": imitation.slug})

    assert reply.json() == {"slug": "acme-dental"}


def test_row_of_another_organization_is_not_found_like_a_missing_one(
    both, owner, stranger, client_of
):
    browser = client_of(owner)

    assert browser.get(f"/api/team/{owner.pk}").json() == {"role": "owner"}
    foreign = browser.get(f"/api/team/{stranger.pk}")
    missing = browser.get("/api/team/99999999999999999999")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content


def test_stranger_and_staff_find_nothing_on_the_customers_side(
    both, organization, stranger, staff, client_of
):
    for person in (stranger, staff):
        reply = client_of(person).get("/page", {"organization": organization.slug})
        assert reply.status_code == 404


@pytest.mark.parametrize(
    ("person", "status", "said"),
    [
        ("owner", 200, "acme-dental may buy"),
        ("accountant", 200, "acme-dental may not buy"),
        ("member", 403, ""),
    ],
)
def test_page_is_for_the_roles_of_the_table(
    request, organization, client_of, person, status, said
):
    reply = client_of(request.getfixturevalue(person)).get("/page")

    assert reply.status_code == status
    assert said in reply.content.decode()


def test_removed_member_is_out_at_the_next_request(organization, accountant, client_of):
    browser = client_of(accountant)
    assert browser.get("/page").status_code == 200

    Membership.objects.filter(user=accountant).delete()

    assert browser.get("/page", {"organization": organization.slug}).status_code == 404
    assert browser.get("/page").status_code == 404


def test_person_in_several_switches_and_the_last_choice_is_remembered(
    owner, organization, client_of
):
    second = make.make_organization(name="Second", owner=owner)
    browser = client_of(owner)

    assert "acme-dental" in browser.get("/page").content.decode()
    assert "second" in browser.get("/page", {"organization": second.slug}).content.decode()
    assert "second" in browser.get("/page").content.decode()


def test_remembered_organization_that_was_left_gives_way(owner, organization, client_of):
    second = make.make_organization(name="Second")
    membership = Membership.objects.create(organization=second, user=owner, role="admin")
    browser = client_of(owner)
    browser.get("/page", {"organization": second.slug})
    membership.delete()

    assert "acme-dental" in browser.get("/page").content.decode()


def test_person_in_several_must_name_the_one_to_change(owner, organization, client_of):
    make.make_organization(name="Second", owner=owner)
    browser = client_of(owner)
    as_json = {"content_type": "application/json"}

    unnamed = browser.post("/api/usage", {}, **as_json)
    named = browser.post("/api/usage", {"organization": "second"}, **as_json)

    assert unnamed.json()["error"]["code"] == "organization_required"
    assert named.json() == {"slug": "second"}
    assert browser.post("/page").status_code == 400
    assert browser.post("/page", {"organization": "second"}).status_code == 200


def test_organization_costs_one_query(
    owner, organization, client_of, django_assert_num_queries
):
    browser = client_of(owner)
    with django_assert_num_queries(3):  # session, person, memberships
        browser.get("/api/usage")


def test_every_capability_is_somebodys_and_every_scope_opens_something():
    for name, (roles, scopes) in capabilities.TABLE.items():
        assert "owner" in roles, name
        assert roles <= set(capabilities.ROLES), name
        assert scopes <= set(capabilities.SCOPES), name
    for scope in capabilities.SCOPES:
        assert capabilities.of_scopes([scope])


def test_read_only_scopes_only_view():
    opened = capabilities.of_scopes(capabilities.READ_ONLY_SCOPES)

    assert opened
    assert opened == capabilities.only_views(opened)


def test_roles_of_the_table_are_those_of_the_database():
    assert set(Membership.Role.values) == set(capabilities.ROLES)
    assert Organization.Status.CLOSED in Organization.Status.values


def test_misspelt_capability_is_a_defect_and_not_a_refusal(rf, owner, organization):
    request = rf.get("/")
    request.user, request.session = owner, {}

    with pytest.raises(KeyError):
        access.organization_for(request, "usage.veiw")

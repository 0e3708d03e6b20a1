"""Makes the demo's people and organizations, as they would have been made on their first day."""

from datetime import datetime

from django.contrib.auth.models import Group

from accounts import audit, invitations, organizations, people, second_factor
from accounts.models import Organization, User
from billing import plans
from billing.demo import cast
from billing.demo.logins import STAFF, TOTP_SECRET, Login
from metering.calls import numbers
from metering.simulation.messages import Line

ACTOR = "command seed_demo"


def hire_staff(*, password_hash: str, now: datetime) -> list[User]:
    """Make the platform's staff, one per group, each with a second factor; they belong to no
    organization."""
    staff = []
    for login in STAFF:
        user = _person(login, password_hash, now=now, is_staff=True)
        user.groups.add(Group.objects.get(name=login.role))
        second_factor.enrol(user, secret=TOTP_SECRET)
        audit.record(
            organization=None,
            actor=ACTOR,
            action="staff.hired",
            detail={"user": user.pk, "group": login.role},
            now=now,
        )
        staff.append(user)
    return staff


def open_organization(
    demo: cast.Organization, *, password_hash: str, now: datetime
) -> tuple[Organization, list[Line]]:
    """Return a new organization on its plan, its team invited and its lines mapped."""
    plan = plans.get(demo.plan)
    owner = _person(demo.owner, password_hash, now=now)
    organization = organizations.create(
        name=demo.name,
        owner=owner,
        now=now,
        timezone=demo.timezone,
        currency=plan.currency,
        actor=ACTOR,
    )
    plans.open_organization(organization=organization, plan=plan, now=now)
    for login in demo.people[1:]:
        invited = invitations.invite(
            organization, email=login.email, role=login.role, invited_by=owner, now=now
        )
        user = _person(login, password_hash, now=now)
        invitations.accept(invited.token, user=user, now=now)
    return organization, _map_lines(demo, organization, now)


def _person(
    login: Login, password_hash: str, *, now: datetime, is_staff: bool = False
) -> User:
    """One hash does for all: the password is public, and hashing it well takes long."""
    if known := people.find(login.email):
        return known
    user = people.create_verified(
        email=login.email, password=None, now=now, name=login.name, is_staff=is_staff
    )
    user.password = password_hash
    user.save(update_fields=["password"])
    return user


def _map_lines(
    demo: cast.Organization, organization: Organization, now: datetime
) -> list[Line]:
    """One line per agent: its own number, or for those without one the first."""
    lines = []
    for index, name in enumerate(demo.agents):
        agent = numbers.map_agent(
            organization=organization,
            provider_assistant_id=f"demo-assistant-{organization.slug}-{index + 1}",
            name=name,
            actor=ACTOR,
            now=now,
        )
        own = index if index < len(demo.numbers) else 0
        number_id = f"demo-number-{organization.slug}-{own + 1}"
        if own == index:
            numbers.map_number(
                organization=organization,
                e164=demo.numbers[index],
                provider_number_id=number_id,
                agent=agent,
                actor=ACTOR,
                now=now,
            )
        lines.append(
            Line(number_id, demo.numbers[own], agent.provider_assistant_id, agent.name)
        )
    return lines

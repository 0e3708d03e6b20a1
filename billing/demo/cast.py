"""The organizations of the demo, their people, lines, habits and money. Pure data.

Between them they show every way in which minutes can be paid. All numbers are from ranges
that are kept for fiction (or cannot be dialled), so that nobody is ever called.
"""

from dataclasses import dataclass

from billing.demo.logins import Login


@dataclass(frozen=True, slots=True)
class Credit:
    """Minutes or money that came in `months_ago` cycles back, on a day of that cycle."""

    months_ago: int
    day: int
    kind: str
    reason: str
    minutes: int = 0
    amount: str = "0"
    # Of a purchase: what was given back of it at once.
    given_back: str = ""


@dataclass(frozen=True, slots=True)
class Habits:
    """How an organization is called. Shares of inbound, outbound, web add up to one."""

    calls_per_weekday: float
    shares: tuple[float, float, float] = (0.75, 0.17, 0.08)
    is_always_open: bool = False
    # Of the running cycle: callers stop asking for more than this.
    minutes_this_cycle: int | None = None


@dataclass(frozen=True, slots=True)
class Organization:
    name: str
    plan: str
    timezone: str
    people: tuple[Login, ...]
    agents: tuple[str, ...]
    numbers: tuple[str, ...]
    callers: tuple[str, ...]
    habits: Habits
    # How long the running cycle runs by now.
    days_into_cycle: int
    credits: tuple[Credit, ...] = ()
    # Renewed only until this many cycles ago; then it owes.
    unpaid_since_months_ago: int | None = None

    @property
    def owner(self) -> Login:
        return self.people[0]


def _people(name: str, domain: str, **people: str) -> tuple[Login, ...]:
    return tuple(
        Login(f"{role}@{domain}.example", person, role, name)
        for role, person in people.items()
    )


# Beginnings; two digits more make a number.
US_CALLERS = tuple(f"+1{area}55501" for area in (202, 303, 212, 415, 617))
UK_CALLERS = ("+4420794608", "+4411349602", "+4416149603")
DE_CALLERS = ("+4930231252", "+4989999981")
NG_CALLERS = ("+234100002", "+234100003")

_DENTAL, _VETS, _PLUMBING = "Bright Smile Dental", "Northgate Vets", "Maple Street Plumbing"
_GARAGE, _FOODS, _STUDIO = "Summit Auto Repair", "Lagos Fresh Foods", "Pixel and Pine"
_HOTEL = "Seaview Hotel"

ORGANIZATIONS = (
    Organization(
        name=_DENTAL,
        plan="starter",
        timezone="Europe/Berlin",
        people=_people(
            _DENTAL,
            "bright-smile",
            owner="Dr. Dana Zahn",
            accountant="Anton Kasse",
            member="Mia Empfang",
        ),
        agents=("Reception", "Recall calls"),
        numbers=("+493023125101", "+493023125102"),
        callers=DE_CALLERS,
        habits=Habits(calls_per_weekday=14.5),
        days_into_cycle=24,
        credits=(Credit(1, 20, "adjustment", "Goodwill for an outage", minutes=15),),
    ),
    Organization(
        name=_VETS,
        plan="growth",
        timezone="Europe/London",
        people=_people(_VETS, "northgate", owner="Nora North", admin="Arthur Gate"),
        agents=("Front desk", "Emergency line", "Reminders"),
        numbers=("+442079460101", "+442079460102", "+442079460103"),
        callers=UK_CALLERS,
        habits=Habits(calls_per_weekday=17, shares=(0.7, 0.25, 0.05), is_always_open=True),
        days_into_cycle=17,
    ),
    Organization(
        name=_PLUMBING,
        plan="cutoff",
        timezone="America/New_York",
        people=_people(_PLUMBING, "maple-street", owner="Mario Maple"),
        agents=("Dispatcher", "After hours"),
        numbers=("+12025550141",),
        callers=US_CALLERS,
        # 100 of the plan and 50 bought, but for a handful.
        habits=Habits(
            calls_per_weekday=4.6, shares=(0.95, 0.05, 0.0), minutes_this_cycle=144
        ),
        days_into_cycle=25,
        credits=(
            Credit(2, 10, "purchase", "50 minutes", minutes=50),
            Credit(2, 21, "purchase", "50 minutes", minutes=50),
            Credit(0, 14, "purchase", "50 minutes", minutes=50),
        ),
    ),
    Organization(
        name=_GARAGE,
        plan="hybrid",
        timezone="America/Denver",
        people=_people(_GARAGE, "summit-auto", owner="Sam Summit", member="Greta Gear"),
        agents=("Service desk", "Pick-up reminders"),
        numbers=("+13035550121", "+13035550122"),
        callers=US_CALLERS,
        habits=Habits(calls_per_weekday=17.5),
        days_into_cycle=11,
        credits=(
            Credit(3, 0, "bonus", "Welcome", minutes=25),
            Credit(1, 26, "purchase", "100 minutes", minutes=100, given_back="5"),
        ),
    ),
    Organization(
        name=_FOODS,
        plan="wallet-starter-ngn",
        timezone="Africa/Lagos",
        people=_people(_FOODS, "lagos-fresh", owner="Adaeze Obi", accountant="Tunde Bello"),
        agents=("Orders", "Delivery updates"),
        numbers=("+23410000101", "+23410000102"),
        callers=NG_CALLERS,
        habits=Habits(calls_per_weekday=13, shares=(0.6, 0.4, 0.0)),
        days_into_cycle=20,
        credits=(
            *(
                Credit(months, 0, "monthly_grant", "Wallet Starter", amount="75000")
                for months in (3, 2, 1, 0)
            ),
            Credit(2, 21, "top_up", "Card payment", amount="30000"),
            Credit(1, 19, "top_up", "Bank transfer", amount="20000"),
        ),
    ),
    Organization(
        name=_STUDIO,
        plan="payg",
        timezone="America/Los_Angeles",
        people=_people(_STUDIO, "pixel-and-pine", owner="Pia Pine", admin="Max Pixel"),
        agents=("Website guide", "Project intake"),
        numbers=("+12135550161",),
        callers=US_CALLERS,
        habits=Habits(calls_per_weekday=8, shares=(0.3, 0.05, 0.65)),
        days_into_cycle=14,
    ),
    Organization(
        name=_HOTEL,
        plan="starter",
        timezone="Europe/London",
        people=(
            *_people(_HOTEL, "seaview", owner="Harry Haven", member="Cora Coast"),
            # Somebody who belongs to two organizations.
            Login("accountant@bright-smile.example", "Anton Kasse", "accountant", _HOTEL),
        ),
        agents=("Bookings", "Concierge"),
        numbers=("+442079460151",),
        callers=UK_CALLERS,
        habits=Habits(calls_per_weekday=7, is_always_open=True),
        days_into_cycle=9,
        unpaid_since_months_ago=0,
    ),
)

"""The one thing to know about an organization now."""

from datetime import timedelta
from decimal import Decimal

import pytest

from servicebilling.website import banners
from tests.pages.cycle_reports import NOW, make_report

OVERAGE = {"when_exhausted": "overage", "overage_limit_minutes": 50}
WALLET = {"when_exhausted": "wallet", "plan_minutes": 0}
POSTPAID = {
    "when_exhausted": "postpaid",
    "plan_minutes": 0,
    "postpaid_limit_amount": Decimal(100),
}


def banner_of(*, status="active", **facts):
    return banners.of_organization(
        make_report(**facts), status=status, day=lambda moment: f"{moment:%d %B}"
    )


@pytest.mark.parametrize(
    ("facts", "state", "tone"),
    [
        ({}, "ok", "good"),
        ({"status": "closed"}, "closed", "bad"),
        ({"status": "suspended"}, "suspended", "bad"),
        ({"standing": "past_due"}, "past_due", "bad"),
        ({"standing": "grace"}, "grace", "warn"),
        (
            {"standing": "no_plan", "plan_minutes": 0, "minutes_ceiling": 0},
            "no_plan",
            "bad",
        ),
        ({"standing": "no_plan", "credit_minutes": 9, "plan_minutes": 0}, "ok", "good"),
        ({"minutes_used_this_cycle": 79, "minutes_ceiling": 21}, "ok", "good"),
        ({"minutes_used_this_cycle": 80, "minutes_ceiling": 20}, "low", "warn"),
        ({"minutes_used_this_cycle": 100, "minutes_ceiling": 0}, "out", "bad"),
        ({"minutes_held": 100}, "busy", "warn"),
        (
            {"minutes_used_this_cycle": 102, "grace_minutes": 5, "minutes_ceiling": 3},
            "grace_minutes",
            "warn",
        ),
        (OVERAGE | {"minutes_used_this_cycle": 90, "minutes_ceiling": 60}, "ok", "good"),
        (
            OVERAGE
            | {
                "minutes_used_this_cycle": 110,
                "minutes_paid_otherwise": 10,
                "minutes_ceiling": 40,
            },
            "overage",
            "note",
        ),
        (
            OVERAGE
            | {
                "minutes_used_this_cycle": 141,
                "minutes_paid_otherwise": 41,
                "minutes_ceiling": 9,
            },
            "low",
            "warn",
        ),
        (
            OVERAGE
            | {
                "minutes_used_this_cycle": 150,
                "minutes_paid_otherwise": 50,
                "minutes_ceiling": 0,
            },
            "out",
            "bad",
        ),
        (WALLET | {"minutes_ceiling": 30}, "ok", "good"),
        (WALLET | {"minutes_ceiling": 29}, "low", "warn"),
        (WALLET | {"minutes_ceiling": 0}, "out", "bad"),
        (POSTPAID | {"minutes_ceiling": 900, "amount_charged": Decimal(80)}, "ok", "good"),
        (POSTPAID | {"minutes_ceiling": 90, "amount_charged": Decimal(81)}, "low", "warn"),
        (POSTPAID | {"minutes_ceiling": 0, "amount_charged": Decimal(100)}, "out", "bad"),
    ],
)
def test_each_state_has_its_banner(facts, state, tone):
    banner = banner_of(**facts)

    assert (banner.state, banner.tone) == (state, tone)
    assert banner.title
    assert banner.text


def test_what_refuses_calls_says_so_and_how_to_mend_it():
    """Closing is for good; everything else has a way out."""
    for facts in (
        {"status": "suspended"},
        {"standing": "past_due"},
        {"minutes_ceiling": 0, "minutes_used_this_cycle": 100},
        {"minutes_held": 100},
        WALLET | {"minutes_ceiling": 0},
    ):
        banner = banner_of(**facts)
        assert "refused" in banner.text
        assert banner.mend
    assert not banner_of(status="closed").mend


def test_order_is_that_of_the_gate():
    """Whoever is suspended, overdue and out of minutes is told what must be mended first."""
    worst = {"standing": "past_due", "minutes_ceiling": 0}

    assert banner_of(status="suspended", **worst).state == "suspended"
    assert banner_of(**worst).state == "past_due"
    assert banner_of(minutes_ceiling=0, standing="grace").state == "out"


def test_out_of_minutes_names_the_day_on_which_new_ones_come():
    end = NOW + timedelta(days=31)

    out = banner_of(minutes_used_this_cycle=100, minutes_ceiling=0)
    assert f"begins on {end:%d %B}" in out.text
    # A cycle without plan minutes brings nothing new, so no hope is raised.
    bought = banner_of(plan_minutes=0, standing="good", minutes_ceiling=0)
    assert "begins on" not in bought.text


def test_debt_is_told_with_the_minutes_that_are_gone():
    owing = banner_of(minutes_used_this_cycle=107, minutes_ceiling=-7)

    assert "7 minutes are owed" in owing.text


def test_watched_limits_refuse_nobody():
    watched = banner_of(
        enforcement="shadow", minutes_used_this_cycle=100, minutes_ceiling=0
    )
    assert watched.tone == "warn"
    assert "still connect" in watched.text
    assert banner_of(status="suspended", enforcement="shadow").tone == "bad"


def test_running_calls_are_counted():
    assert "No call" in banner_of().text
    assert "1 call is running" in banner_of(calls_open=1).text
    assert "2 calls are running" in banner_of(calls_open=2).text


def test_a_cap_of_ones_own_is_raised_by_oneself():
    used = {
        "minutes_used_this_cycle": 150,
        "minutes_paid_otherwise": 50,
        "minutes_ceiling": 0,
    }
    ours = banner_of(**OVERAGE | used)
    theirs = banner_of(**OVERAGE | used | {"is_overage_capped": True})

    assert (ours.mend, ours.way) == ("Ask for a higher limit", "mail")
    assert (theirs.mend, theirs.way) == ("Raise the cap", "cap")
    assert theirs.title == "Your cap on overage is reached"

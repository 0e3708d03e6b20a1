"""What pages that sell say while payments are play money."""

import pytest
from django.template.loader import render_to_string

PARTIAL = "components/payments_rehearsed.html"


def notice(rf, settings, *, key: str, base: str = "") -> str:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE = key, base
    return render_to_string(PARTIAL, request=rf.get("/pricing"))


def test_a_stand_in_is_named_with_the_card_to_pay_with(rf, settings):
    said = notice(rf, settings, key="sk_test_x", base="http://127.0.0.1:8420")
    assert "rehearsal" in said
    assert "4242 4242 4242 4242" in said
    assert "stand-in" in said


def test_stripes_own_test_mode_is_a_rehearsal_too_but_no_stand_in(rf, settings):
    said = notice(rf, settings, key="rk_test_x")
    assert "rehearsal" in said
    assert "stand-in" not in said


@pytest.mark.parametrize("key", ["", "sk_live_x", "rk_live_x"])
def test_nothing_is_said_where_no_play_money_is_taken(rf, settings, key):
    assert notice(rf, settings, key=key).strip() == ""

"""Which database gets the demo, and what ./run says about it."""

import json
from pathlib import Path

import pyotp

from billing.demo import logins, seeding
from servicebilling.embedded import banner, demo
from servicebilling.embedded.banner import Facts
from servicebilling.embedded.demo import Found

PEOPLE = [
    {
        "email": "s@demo.example",
        "password": "pw",
        "role": "staff:admin",
        "organization": "",
    },
    {"email": "o@acme.example", "password": "pw", "role": "owner", "organization": "Acme"},
    {"email": "m@acme.example", "password": "pw", "role": "member", "organization": "Acme"},
]


def test_supervisor_knows_the_words_that_the_demo_leaves_in_the_trail():
    """It cannot import them: it knows no app."""
    assert (demo.BEGUN, demo.MADE) == (seeding.BEGUN, seeding.MADE)


def test_only_a_demo_without_its_end_is_half():
    assert Found(is_begun=True, has_data=True).is_half
    assert not Found(is_begun=True, is_made=True, has_data=True).is_half
    assert not Found(has_data=True).is_half


def test_logins_are_those_of_staff_and_owners(tmp_path):
    (tmp_path / "demo.json").write_text(json.dumps({"logins": PEOPLE, "calls": 1}))
    assert demo.read_logins(tmp_path / "demo.json") == [
        ("s@demo.example", "pw", "staff, sees everything at /admin/"),
        ("o@acme.example", "pw", "owner of Acme"),
    ]


def test_without_a_demo_there_are_no_logins(tmp_path):
    assert demo.read_logins(tmp_path / "demo.json") == []


FACTS = Facts(url="http://127.0.0.1:8000", var=Path("/var"), data="/data", has_mail=True)


def test_banner_names_everything_there_is():
    people = [("o@acme.example", "pw", "owner of Acme")]
    shown = banner.text(Facts(**vars(FACTS) | {"logins": people}))
    assert "Sign in       o@acme.example  pw  owner of Acme" in shown
    assert "POST http://127.0.0.1:8000/api/webhooks/vapi" in shown
    for place in ("/var/secrets/VAPI_WEBHOOK_SECRET", "/data", "/var/mail", "/var/log"):
        assert place in shown
    assert "Ctrl-C" in shown


def test_code_of_the_staff_is_one_that_their_sign_in_takes(tmp_path):
    people = [{"totp_secret": ""}, {"totp_secret": logins.TOTP_SECRET}]
    (tmp_path / "demo.json").write_text(json.dumps({"logins": people}))
    code = demo.staff_code(tmp_path / "demo.json")
    assert pyotp.TOTP(logins.TOTP_SECRET).verify(code, valid_window=1)
    assert code in banner.text(Facts(**vars(FACTS) | {"staff_code": code}))
    assert demo.staff_code(tmp_path / "none.json") == ""


def test_banner_leaves_out_what_there_is_not():
    shown = banner.text(Facts(**vars(FACTS) | {"has_mail": False}))
    assert "mail" not in shown
    assert "accounts/signup/ makes a login" in shown

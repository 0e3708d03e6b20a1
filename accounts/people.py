"""People who did not sign up by themselves: made by commands, invitations and demos."""

import secrets
from datetime import datetime

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from accounts.errors import EmailTaken, InvalidDetail
from accounts.models import User


def find(email: str) -> User | None:
    """Return the person with that address, however it is typed; None if there is nobody."""
    return User.objects.filter(email=email.strip().lower()).first()


def create_verified(
    *,
    email: str,
    password: str | None,
    now: datetime,
    name: str = "",
    is_staff: bool = False,
) -> User:
    """Return a new person who can sign in at once, without the letter of a sign-up.

    Sign-in demands a verified address, so one is written too. Without a password they get
    in by the "forgotten password" letter. The caller vouches for the address.
    Raises InvalidDetail, EmailTaken.
    """
    address = clean_email(email)
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                address, password, name=name, is_staff=is_staff, date_joined=now
            )
            EmailAddress.objects.create(
                user=user, email=address, verified=True, primary=True
            )
    except IntegrityError as error:
        raise EmailTaken from error
    return user


def clean_email(email: str) -> str:
    """Return the address as it is kept, in lower case. Raises InvalidDetail."""
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidDetail(f"{email!r} is not an e-mail address.") from error
    return address


def verified_emails(user: User) -> set[str]:
    """Return the addresses that this person has proved to be theirs, in lower case."""
    addresses = EmailAddress.objects.filter(user=user, verified=True)
    return {email.lower() for email in addresses.values_list("email", flat=True)}


def new_password() -> str:
    """Return a random password that is strong enough to be printed once and used for good."""
    return secrets.token_urlsafe(15)

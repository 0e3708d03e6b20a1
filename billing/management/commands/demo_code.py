from typing import Any

import pyotp
from django.core.management.base import BaseCommand

from billing.demo.logins import TOTP_SECRET


class Command(BaseCommand):
    help = "Print the code that the demo's staff are asked for when they sign in."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(pyotp.TOTP(TOTP_SECRET).now())

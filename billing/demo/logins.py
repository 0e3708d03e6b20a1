"""Who can sign in to the demo. Pure data.

The passwords are public, so the demo is only ever put where nobody else can come.
"""

from dataclasses import dataclass

PASSWORD = "only-for-the-demo"  # noqa: S105
# Of the staff's second factor: base 32, as authenticator apps take it.
TOTP_SECRET = "ONLYFORTHEDEMOONLYFORTHEDEMOONLY"  # noqa: S105


# What the audit trail says before and after the demo is made.
BEGUN, MADE = "demo.begun", "demo.made"


@dataclass(frozen=True, slots=True)
class Login:
    """`organization` is a name; empty for the platform's staff, whose role is their group."""

    email: str
    name: str
    role: str
    organization: str = ""


STAFF = (
    Login("staff@demo.example", "Sana Staff", "admin"),
    Login("finance@demo.example", "Femi Finance", "finance"),
    Login("support@demo.example", "Suki Support", "support"),
)

"""Who uses the product: people, organizations, roles, keys, dated settings, the trail."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import OpClass
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models.functions import Lower, Upper
from django.utils.timezone import now
from rest_framework_api_key.models import AbstractAPIKey

from accounts.capabilities import SCOPES
from servicebilling.lib.ids import new_id


class UserManager(BaseUserManager["User"]):
    use_in_migrations = True

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str, **fields: Any) -> "User":
        """Make somebody who can sign in at once: whoever has the command line is believed
        that the address is theirs."""
        # Its models need ours to be loaded.
        from allauth.account.models import EmailAddress

        with transaction.atomic(using=self._db):
            user = self.create_user(
                email, password, is_staff=True, is_superuser=True, **fields
            )
            EmailAddress.objects.using(self._db).create(
                user=user, email=user.email, verified=True, primary=True
            )
        return user

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email=(email or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person, known by e-mail address; not deletable while a row names them as actor."""

    # Kept in lower case, so that one address is one person however it is typed.
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=150, blank=True)
    # What the sign-up form said; offered as the name of their first organization.
    organization_wanted = models.CharField(max_length=200, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="user_email_is_lower_case"
            )
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.lower()

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email.split("@")[0]


class Organization(models.Model):
    class Status(models.TextChoices):
        """Set by staff alone; what a customer owes is the allowance's `standing`."""

        ACTIVE = "active"
        SUSPENDED = "suspended"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=80, unique=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="owned_organizations"
    )
    billing_email = models.EmailField(max_length=254)
    timezone = models.CharField(max_length=63, default="UTC")
    # Zones that days were counted in before, oldest first: `{"timezone", "until"}`. So a call
    # keeps its day, whenever its report comes.
    timezones_before = models.JSONField(default=list, db_default=[], blank=True)
    # Of every amount of this organization; set with the first plan, then fixed.
    currency = models.CharField(max_length=3, default="USD")
    stripe_customer_id = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        db_table = "organizations"
        permissions = [("look_as_organization", "Can look at an organization's own pages")]
        constraints = [
            models.UniqueConstraint(
                "stripe_customer_id",
                condition=~models.Q(stripe_customer_id=""),
                name="organization_stripe_customer_once",
            ),
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"),
                name="organization_currency_is_iso_4217",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "suspended", "closed"]),
                name="organization_status_is_known",
            ),
        ]
        indexes = [
            models.Index(fields=["name", "id"], name="organizations_by_name"),
            models.Index(fields=["-created_at", "-id"], name="organizations_newest_first"),
            # As `istartswith` asks.
            models.Index(
                OpClass(Upper("name"), name="varchar_pattern_ops"),
                name="organizations_by_name_prefix",
            ),
            # As `iexact` asks.
            models.Index(Upper("billing_email"), name="organizations_by_bill_address"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def minutes_used_this_cycle(self) -> int:
        return self.allowance.minutes_used_this_cycle

    @property
    def credit_minutes(self) -> int:
        return self.allowance.credit_minutes


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "owner"
        ADMIN = "admin"
        ACCOUNTANT = "accountant"
        MEMBER = "member"

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=Role.choices)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "organization", "user", name="membership_once_per_organization"
            ),
            models.UniqueConstraint(
                "organization",
                condition=models.Q(role="owner"),
                name="organization_has_one_owner",
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=["owner", "admin", "accountant", "member"]),
                name="membership_role_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.organization} as {self.role}"


class Invitation(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="invitations"
    )
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=10, choices=Membership.Role.choices)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    # SHA-256 of the token in the letter: the table alone lets nobody in.
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=now, editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "organization",
                Lower("email"),
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="one_open_invitation_per_address",
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=["admin", "accountant", "member"]),
                name="invitation_role_is_known_and_not_owner",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at=None) | models.Q(revoked_at=None),
                name="invitation_is_accepted_or_revoked_not_both",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.organization}"


class ApiKey(AbstractAPIKey):
    """A program's way in: of one organization, or (organization empty) of a service that
    names the organization in each request."""

    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="api_keys", null=True, blank=True
    )
    scopes = ArrayField(models.CharField(max_length=20), default=list)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta(AbstractAPIKey.Meta):
        abstract = False
        verbose_name = "API key"
        verbose_name_plural = "API keys"
        ordering = ("-created",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=SCOPES) & ~models.Q(scopes=[]),
                name="api_key_scopes_are_known_and_not_empty",
            )
        ]

    @property
    def is_service(self) -> bool:
        return self.organization_id is None

    def is_live(self, now: datetime) -> bool:
        return not self.revoked and (self.expiry_date is None or now < self.expiry_date)


class Setting(models.Model):
    """A dated value: the row in force is the newest with `valid_from` not in the future.

    `organization` empty means the platform's value. Append-only by database trigger.
    """

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="+", null=True, blank=True
    )
    key = models.CharField(max_length=80)
    value = models.JSONField()
    valid_from = models.DateTimeField()
    created_at = models.DateTimeField(default=now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "organization",
                "key",
                "valid_from",
                name="setting_one_value_per_moment",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} from {self.valid_from:%Y-%m-%d}"


class AuditEntry(models.Model):
    """Who did what to which organization. Append-only by database trigger."""

    id = models.BigAutoField(primary_key=True)
    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="audit_entries", null=True, blank=True
    )
    # Empty for a command or the system itself; `actor_label` then says which.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True
    )
    actor_label = models.CharField(max_length=254)
    action = models.CharField(max_length=80)
    detail = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        db_table = "audit_entries"
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(
                fields=["organization", "-id"], name="audit_by_organization_newest"
            )
        ]

    def __str__(self) -> str:
        return f"{self.actor_label} {self.action}"


class PeriodicRun(models.Model):
    """One run of a periodic task for one period: two schedulers do the work once."""

    task = models.CharField(max_length=120)
    period = models.CharField(max_length=40)
    started_at = models.DateTimeField(default=now, editable=False)
    # The broker's message that began it; when it is delivered again, it goes on.
    message_id = models.CharField(max_length=64, blank=True, db_default="")

    class Meta:
        constraints = [models.UniqueConstraint("task", "period", name="periodic_run_once")]
        indexes = [models.Index(fields=["-started_at"], name="periodic_runs_newest_first")]

    def __str__(self) -> str:
        return f"{self.task} {self.period}"


class IdempotentRequest(models.Model):
    """A request that came with a key, and its answer once it has one."""

    id = models.BigAutoField(primary_key=True)
    # Empty for what staff ask of the platform itself.
    organization = models.ForeignKey(
        Organization, models.CASCADE, related_name="+", null=True, blank=True
    )
    key = models.CharField(max_length=255)
    # Of method, path and body: the same key with another one is a mistake.
    fingerprint = models.CharField(max_length=64)
    claimed_at = models.DateTimeField()
    # Empty while the first request runs.
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.JSONField(null=True, blank=True)

    class Meta:
        db_table = "idempotent_requests"
        constraints = [
            models.UniqueConstraint(
                "organization", "key", name="idempotency_key_once_per_organization"
            ),
            models.UniqueConstraint(
                "key",
                condition=models.Q(organization=None),
                name="idempotency_key_once_on_the_platform",
            ),
        ]
        indexes = [models.Index(fields=["claimed_at"], name="idempotent_requests_by_age")]

    def __str__(self) -> str:
        return self.key

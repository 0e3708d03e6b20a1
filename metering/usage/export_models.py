"""Files that somebody asked for. Their bytes lie in the database, so any web process can hand
out what any worker made; they go away again by themselves."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Organization
from servicebilling.lib.ids import new_id


class Export(models.Model):
    class Kind(models.TextChoices):
        CALLS = "calls", "Calls"
        MINUTES = "minutes", "Minute transactions"
        WALLET = "wallet", "Wallet transactions"
        STATEMENT = "statement", "Monthly statement"
        # Made by the app that knows every table, `billing.archives`.
        EVERYTHING = "everything", "Everything"

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "Excel (XLSX)"
        ZIP = "zip", "ZIP of CSV and JSON"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Being made"
        DONE = "done", "Ready"
        FAILED = "failed", "Failed"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    format = models.CharField(max_length=4, choices=Format.choices)
    # Whether callers' numbers stand in it whole: then it is for those alone who may see them.
    shows_callers = models.BooleanField(default=True)
    # Local days of the organization, both included.
    first_day = models.DateField()
    last_day = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    size_bytes = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "exports"
        constraints = [
            models.CheckConstraint(
                condition=Q(last_day__gte=models.F("first_day")),
                name="export_ends_after_it_starts",
            )
        ]
        indexes = [
            models.Index(
                fields=["organization", "-created_at"], name="exports_newest_first"
            ),
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["waiting", "running"]),
                name="exports_to_be_made",
            ),
            models.Index(fields=["expires_at"], name="exports_by_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.first_day} to {self.last_day}"

    @property
    def file_name(self) -> str:
        days = f"{self.first_day:%Y-%m-%d}-to-{self.last_day:%Y-%m-%d}"
        return f"{self.organization.slug}-{self.kind}-{days}.{self.format}"


class ExportPart(models.Model):
    """A piece of a file; the pieces in their order are the file."""

    id = models.BigAutoField(primary_key=True)
    export = models.ForeignKey(Export, models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        db_table = "export_parts"
        constraints = [models.UniqueConstraint("export", "number", name="export_part_once")]

    def __str__(self) -> str:
        return f"part {self.number}"

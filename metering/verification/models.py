"""What checking all books found, each time the clock or somebody of staff did it."""

from django.db import models


class BookCheck(models.Model):
    """One check of everybody's books. Without `finished_at` it broke off."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    # Who of staff asked for it; empty: the clock.
    asked_by = models.CharField(max_length=100, blank=True)
    # Rows by rule; one that checked none proves nothing.
    checked = models.JSONField(default=dict, blank=True)
    rows_checked = models.PositiveBigIntegerField(default=0)
    # Broken rows, counted up to a hundred per rule, and the first of them.
    findings_count = models.PositiveIntegerField(default=0)
    findings = models.JSONField(default=list, blank=True)

    class Meta:
        db_table = "book_checks"
        indexes = [models.Index(fields=["-started_at"], name="book_checks_newest")]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}: {self.findings_count} findings"

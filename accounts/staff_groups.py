"""The groups of the platform's staff, kept equal to the table in `accounts.capabilities`.

After every migrate, not in a migration: a migration runs before the permissions exist, so its
groups would come out empty.
"""

from typing import Any

from django.apps import AppConfig
from django.apps import apps as current_apps
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db.models import Q

from accounts.capabilities import STAFF_GROUPS


def sync(sender: AppConfig, *, using: str, apps: Apps = current_apps, **rest: Any) -> None:
    """Give each group exactly the rights in `sender` that the table names (post_migrate)."""
    try:
        Group = apps.get_model("auth", "Group")
        Permission = apps.get_model("auth", "Permission")
    except LookupError:
        # Migrating back to before these tables.
        return
    # Django makes them on the same signal, perhaps only after this.
    create_permissions(sender, verbosity=0, using=using, apps=apps)
    there = Permission.objects.using(using).filter(content_type__app_label=sender.label)
    for name, granted in STAFF_GROUPS.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        wanted = set(there.filter(_rights(sender.label, granted)))
        held = set(group.permissions.filter(content_type__app_label=sender.label))
        group.permissions.remove(*held - wanted)
        group.permissions.add(*wanted - held)


def _rights(app_label: str, granted: dict[str, set[str]]) -> Q:
    named = [
        right.split(".")[1]
        for right in granted["rights"]
        if right.split(".")[0] == app_label
    ]
    rights = Q(codename__in=named)
    if app_label in granted["view"]:
        unseen = [
            f"view_{model.split('.')[1]}"
            for model in granted.get("unseen", set())
            if model.split(".")[0] == app_label
        ]
        rights |= Q(codename__startswith="view_") & ~Q(codename__in=unseen)
    return rights

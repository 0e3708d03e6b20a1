from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    default = True

    def ready(self) -> None:
        from accounts import staff_groups

        post_migrate.connect(staff_groups.sync, dispatch_uid="accounts.staff_groups")


class StaffSiteConfig(admin_apps.AdminConfig):
    """Django's admin with our site in it."""

    default = False
    default_site = "accounts.staff_site.StaffSite"

"""Django's PostgreSQL backend over `driver`: the same in all but the client-side deadline."""

from django.db.backends.postgresql import base

from servicebilling.lib.postgresql import driver


class DatabaseWrapper(base.DatabaseWrapper):
    Database = driver

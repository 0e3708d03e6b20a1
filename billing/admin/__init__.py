"""Staff pages over what is sold, what was paid, and what follows from it."""

from billing.admin import following, selling

__all__ = ["following", "selling"]

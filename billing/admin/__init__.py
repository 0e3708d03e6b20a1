"""Staff pages over what is sold, what was paid, and what follows from it."""

from billing.admin import following, letters, selling

__all__ = ["following", "letters", "selling"]

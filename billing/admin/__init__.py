"""Staff pages over what is sold, what was paid, and what follows from it."""

from billing.admin import filling, following, letters, selling

__all__ = ["filling", "following", "letters", "selling"]

"""Staff pages over calls, balances and ledgers. Everything that happened is read-only; staff
edit only who answers a number, and what callers hear."""

from metering.admin import balances, calls, ledgers, numbers

__all__ = ["balances", "calls", "ledgers", "numbers"]

"""Invoices that we make: what pay-as-you-go organizations used, month by month, once."""

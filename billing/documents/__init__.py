"""Invoices, receipts and credit notes: the provider's own, linked, else ours, numbered."""

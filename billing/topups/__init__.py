"""Filling wallets: by hand on a provider's page, or by a standing order."""

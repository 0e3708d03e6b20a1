"""Money that goes back takes back what it had given, in the same part, and only that."""

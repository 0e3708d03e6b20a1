"""What a provider has, against what we have: missed news is caught up, the rest told."""

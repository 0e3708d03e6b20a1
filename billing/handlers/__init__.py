"""From a provider's signed event to what it changes here; one module per family of facts."""

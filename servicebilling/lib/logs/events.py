"""Says that something happened, with named facts instead of a sentence."""

import logging

# What a fact may be: ids, words of ours, and figures. Decimals go as their text.
Fact = object


def tell(log: logging.Logger, event: str, **facts: Fact) -> None:
    """Log an event by its name, such as `call_settled`; facts that are None are left out.

    Callers name what they tell; numbers, texts of people and bodies are never among it.
    """
    told = {name: value for name, value in facts.items() if value is not None}
    log.info(event, extra={"fields": told})

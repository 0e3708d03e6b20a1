"""What a browser says of itself, in words that its owner recognises."""

# The first that occurs names it: each of these also claims to be some of those below.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
)
_DEVICES = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)


def name_of(user_agent: str) -> str:
    """Return "Firefox on Windows", as much of it as can be told, else "A browser"."""
    browser = next((name for part, name in _BROWSERS if part in user_agent), "")
    device = next((name for part, name in _DEVICES if part in user_agent), "")
    if browser and device:
        return f"{browser} on {device}"
    return browser or (f"A browser on {device}" if device else "A browser")

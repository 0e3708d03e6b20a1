import re

from servicebilling.embedded.state import BASE_DIR


def test_env_example_lists_what_the_settings_read_and_nothing_else():
    settings = (BASE_DIR / "servicebilling" / "settings.py").read_text()
    read = re.findall(r'(?:env\.\w+|_secrets)\(\s*"([A-Z_]+)"', settings)
    listed = re.findall(
        r"^#([A-Z_]+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE
    )
    assert sorted(listed) == sorted(set(read))


def test_no_value_in_env_example_has_a_comment_behind_it():
    """They would become part of the value."""
    for line in (BASE_DIR / ".env.example").read_text().splitlines():
        assert not re.match(r"#[A-Z_]+=.*#", line), line

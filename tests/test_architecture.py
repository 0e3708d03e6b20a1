"""The house rules that a machine can hold. Each import contract is also seen to fail."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["accounts", "adminpanel", "billing", "metering", "servicebilling"]
PURE = [
    "billing.events",
    "billing.plan_costs",
    "billing.pricing",
    "metering.balances.allocation",
    "metering.balances.book",
    "metering.balances.months",
    "metering.calls.charging",
    "metering.providers.base",
    "metering.rating",
    "metering.usage.forecast",
    "servicebilling.lib.ids",
    "servicebilling.lib.money",
]
LINES_OF_A_FILE_MAX = 400
LINES_OF_A_FUNCTION_MAX = 70
NAMES_THAT_SAY_NOTHING = {
    *("util", "utils", "helper", "helpers", "service", "services", "manager", "managers")
}
MONEY_MODULES = [
    "billing/plan_costs.py",
    "billing/pricing.py",
    "billing/purchases",
    "billing/subscriptions",
    "metering/balances",
    "metering/calls/charging.py",
    "metering/calls/settle.py",
    "metering/rating.py",
    "servicebilling/lib/money.py",
]

# A contract, a file, and a line in it that must break the contract.
VIOLATIONS = [
    ("apps", "metering/rating.py", "import billing.pricing"),
    ("apps", "servicebilling/lib/money.py", "import accounts.models"),
    ("metering", "metering/balances/months.py", "import metering.calls.gate"),
    ("metering", "metering/rating.py", "import metering.balances.months"),
    ("meters", "metering/usage/reports.py", "import metering.calls.gate"),
    ("pure", "billing/pricing.py", "import django"),
    ("pure", "metering/rating.py", "import metering.models"),
    ("pure", "servicebilling/lib/money.py", "import celery"),
    ("stripe", "billing/plans.py", "import stripe"),
    ("sandbox", "billing/plans.py", "import servicebilling.sandbox"),
    ("sandbox", "metering/tasks.py", "import servicebilling.embedded.state"),
    ("stand-ins", "servicebilling/embedded/ports.py", "import accounts.models"),
]


def _modules() -> Iterator[Path]:
    for package in [*PACKAGES, "tests"]:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path


def _run(*words: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)


def _lint(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    return _run(program, "--no-cache", *words, cwd=folder)


@pytest.fixture(scope="module")
def said_of_a_broken_copy(tmp_path_factory) -> str:
    """What is said of the project's packages with every violation in them."""
    folder = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    for _, name, line in VIOLATIONS:
        with (folder / name).open("a") as file:
            file.write(f"\n\n{line}\n")
    broken = _lint(folder)
    assert broken.returncode == 1
    return broken.stdout.partition("\nBroken contracts\n")[2]


def _contracts() -> dict[str, str]:
    """Each contract's title by its id."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    return {one["id"]: one["name"] for one in declared["contracts"]}


def test_imports_go_one_way() -> None:
    kept = _lint(ROOT)
    assert kept.returncode == 0, kept.stdout


@pytest.mark.parametrize(("contract", "name", "line"), VIOLATIONS)
def test_an_import_contract_is_seen_to_fail(
    contract, name, line, said_of_a_broken_copy
) -> None:
    titles = "|".join(map(re.escape, _contracts().values()))
    parts = re.split(rf"^({titles})$", said_of_a_broken_copy, flags=re.M)
    said = dict(zip(parts[1::2], parts[2::2], strict=True))[_contracts()[contract]]
    module, imported = name.removesuffix(".py").replace("/", "."), line.split()[1]
    assert f"{module} -> {imported} " in said


def test_every_contract_has_its_violation() -> None:
    assert set(_contracts()) == {contract for contract, _, _ in VIOLATIONS}


def _loaded_by(modules: list[str]) -> set[str]:
    """The frameworks that a fresh process has loaded after importing the modules."""
    program = (
        f"import sys, importlib\nfor name in {modules!r}: importlib.import_module(name)\n"
        "heavy = {'django', 'celery', 'psycopg', 'stripe', 'redis', 'httpx'}\n"
        "print(*heavy & set(sys.modules))"
    )
    done = _run(sys.executable, "-c", program)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("module", PURE)
def test_importing_what_is_pure_loads_no_framework(module) -> None:
    assert _loaded_by([module]) == set()


def test_a_framework_that_is_loaded_is_noticed() -> None:
    assert "django" in _loaded_by(["billing.errors", "servicebilling.lib.capped_paginator"])


def test_files_and_functions_stay_short() -> None:
    too_long = []
    for path in _modules():
        text = path.read_text()
        if text.count("\n") > LINES_OF_A_FILE_MAX:
            too_long.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
        if text.count("\n") <= LINES_OF_A_FUNCTION_MAX:
            continue
        for node in _functions(ast.parse(text)):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > LINES_OF_A_FUNCTION_MAX:
                too_long.append(f"{path.relative_to(ROOT)}: {node.name} {length}")
    assert too_long == [], "split these by subject"


def _functions(node: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Those within a statement, at any depth; expressions hold none and are not gone through."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            yield inner
        if not isinstance(inner, ast.expr):
            yield from _functions(inner)


def test_functions_are_found_however_deep_they_lie() -> None:
    text = """
class A:
    def b(self):
        try:
            with c:
                async def d(): ...
        except E:
            for _ in f:
                match g:
                    case 1:
                        def h(): ...
"""
    assert [one.name for one in _functions(ast.parse(text))] == ["b", "d", "h"]


def test_modules_are_named_for_a_subject() -> None:
    unnamed = [
        path.relative_to(ROOT)
        for path in _modules()
        if NAMES_THAT_SAY_NOTHING & {path.stem, *path.relative_to(ROOT).parts}
    ]
    assert unnamed == [], "name these for what they are about"


def test_nothing_is_left_as_a_note_to_self() -> None:
    words = re.compile(r"\b(TODO|FIXME|HACK)\b")
    found = [
        path.relative_to(ROOT)
        for path in _modules()
        if path != Path(__file__) and words.search(path.read_text())
    ]
    assert found == [], "do it, or do not mention it"


def test_money_never_meets_a_float() -> None:
    files = [
        path
        for name in MONEY_MODULES
        for path in ([ROOT / name] if name.endswith(".py") else (ROOT / name).rglob("*.py"))
    ]
    assert len(files) > 20
    floats = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float")
    ]
    assert floats == [], "amounts are Decimal"


def test_every_direct_dependency_is_pinned_and_has_a_reason() -> None:
    reasons = (ROOT / "docs/dependencies.md").read_text().lower()
    for name in ("requirements", "requirements-test"):
        lock = (ROOT / f"{name}.txt").read_text()
        pins = re.findall(r"^([a-z0-9-]+)==", lock, re.M)
        for pin in pins:
            block = lock.split(f"\n{pin}==")[1].split("\n\n")[0]
            assert "--hash=sha256:" in block, pin
        direct = re.findall(r"^([A-Za-z0-9-]+)", (ROOT / f"{name}.in").read_text(), re.M)
        for package in (one.lower() for one in direct if not one.startswith("-")):
            assert package in pins
            assert f"| {package} |" in reasons, package


def test_locks_name_no_place_that_packages_come_from() -> None:
    for name in ("requirements.txt", "requirements-test.txt"):
        assert "://" not in (ROOT / name).read_text()


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


@pytest.mark.parametrize("words", [["check"], ["format", "--check"]], ids=" ".join)
def test_the_linter_finds_nothing(words) -> None:
    program = Path(sys.executable).parent / "ruff"
    done = _run(program, *words, ".")
    assert done.returncode == 0, done.stdout


@pytest.mark.long
def test_types_are_sound() -> None:
    done = _run(sys.executable, "-m", "mypy", *PACKAGES)
    assert done.returncode == 0, done.stdout

"""A migration leaves the program of the version before what it uses; one that does not is marked, and comes a version later.

docs/adr/0010 has the reasons. `works_with` is the oldest revision whose program goes on beside the new tables: that of the
step before while a step only adds; raised, at most to that step, by one that takes away what the last program no longer uses.
"""

from __future__ import annotations

import ast
import re

import pytest
from support.sources import Source, dotted, sources

FOLDER = "yinling/migrations/versions/"
BEFORE_THE_RULE = {"0001", "0002"}
TAKES_AWAY = {"drop_table", "drop_column", "drop_constraint", "rename_table"}
KEEPS_WRITERS_OUT = {
    "create_index": "add_index of yinling.migrations.online",
    "drop_index": "drop_index of yinling.migrations.online",
    "create_check_constraint": "add_check of yinling.migrations.online",
    "create_unique_constraint": "a unique add_index of yinling.migrations.online",
    "create_foreign_key": "postgresql_not_valid=True, and a VALIDATE of its own",
}
SQL_THAT_TAKES_AWAY = re.compile(
    r"\b(DROP|RENAME|TRUNCATE|SET\s+NOT\s+NULL|ALTER\s+COLUMN\s+\S+\s+(SET\s+DATA\s+)?TYPE|DELETE\s+FROM)\b", re.IGNORECASE
)


def flaws(source: Source) -> list[str]:
    """What the program before would stumble over, and what would keep writers waiting."""
    new_tables = {_text(call.args[0]) for call in _calls(source) if _operation(call) == "create_table" and call.args}
    found = []
    for call in _calls(source):
        operation, table = _operation(call), _table(call)
        if table in new_tables:
            continue
        if operation in KEEPS_WRITERS_OUT and not _is_true(call, "postgresql_not_valid"):
            found.append(f"{source.at(call)} {operation}: use {KEEPS_WRITERS_OUT[operation]}")
        if not _raises(source) and (why := _takes_away(call, operation)):
            found.append(f"{source.at(call)} {why}")
    return found


def _takes_away(call: ast.Call, operation: str) -> str | None:
    if operation in TAKES_AWAY:
        return operation
    if operation == "alter_column" and not _is_true(call, "nullable"):
        return "alter_column that does more than allow NULL"
    if operation == "add_column" and _is_required(call):
        return "add_column that the program before does not fill: give it a server_default, or allow NULL"
    if operation == "execute" and call.args and SQL_THAT_TAKES_AWAY.search(ast.unparse(call.args[0])):
        return f"execute {ast.unparse(call.args[0])[:60]}"
    return None


def _calls(source: Source) -> list[ast.Call]:
    return [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]


def _operation(call: ast.Call) -> str:
    name = dotted(call.func)
    return name.rpartition(".")[2] if "." in name else ""


def _table(call: ast.Call) -> str | None:
    """The table an operation is about; Alembic takes it first or second."""
    place = 1 if _operation(call) in {"create_index", "drop_index", "create_foreign_key", "create_check_constraint"} else 0
    return _text(call.args[place]) if len(call.args) > place else None


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_true(call: ast.Call, keyword: str) -> bool:
    return any(one.arg == keyword and isinstance(one.value, ast.Constant) and one.value.value is True for one in call.keywords)


def _is_required(call: ast.Call) -> bool:
    columns = [one for one in call.args if isinstance(one, ast.Call)]
    return any(_is_false(one, "nullable") and all(word.arg != "server_default" for word in one.keywords) for one in columns)


def _is_false(call: ast.Call, keyword: str) -> bool:
    return any(one.arg == keyword and isinstance(one.value, ast.Constant) and one.value.value is False for one in call.keywords)


def _constant(source: Source, name: str) -> str | None:
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == name for one in node.targets):
            return _text(node.value)
    return None


def _raises(source: Source) -> bool:
    """Whether the step says that the program before the one before it is not served any more."""
    before = next((one for one in versions() if _constant(one, "revision") == _constant(source, "down_revision")), None)
    if before is None:
        return False
    return _constant(source, "works_with") != (_constant(before, "works_with") or _constant(before, "revision"))


def versions() -> list[Source]:
    return [source for source in sources() if source.path.startswith(FOLDER)]


def ruled() -> list[Source]:
    return [source for source in versions() if _constant(source, "revision") not in BEFORE_THE_RULE]


def test_no_migration_takes_away_what_the_program_before_uses() -> None:
    assert [flaw for source in ruled() for flaw in flaws(source)] == []


def test_every_migration_says_what_it_works_with() -> None:
    revisions = [_constant(source, "revision") for source in versions()]
    for source in ruled():
        works_with, own = _constant(source, "works_with"), _constant(source, "revision")
        assert works_with in revisions, source.path
        assert works_with != own, f"{source.path}: not even the version before would work; do it in two steps"


def read(body: str) -> Source:
    text = f'revision = "0009"\ndown_revision = "0003"\nworks_with = "0002"\ndef upgrade():\n    {body}\n'
    return Source(f"{FOLDER}0009_x.py", text, ast.parse(text))


@pytest.mark.parametrize(
    "body",
    [
        'op.drop_column("incidents", "lane")',
        'op.drop_table("pages")',
        'op.rename_table("pages", "messages")',
        'op.alter_column("incidents", "lane", new_column_name="row")',
        'op.alter_column("incidents", "lane", nullable=False)',
        'op.add_column("incidents", sa.Column("x", sa.String(), nullable=False))',
        'op.execute("ALTER TABLE incidents RENAME COLUMN a TO b")',
        'op.execute("ALTER TABLE incidents DROP COLUMN a")',
        'op.create_index("ix", "incidents", ["lane"])',
        'op.create_check_constraint("ck", "incidents", "x > 0")',
        'op.create_foreign_key("fk", "incidents", "areas", ["a"], ["id"])',
    ],
)
def test_the_lint_sees_what_takes_away(body: str) -> None:
    assert flaws(read(body))


@pytest.mark.parametrize(
    "body",
    [
        'op.add_column("incidents", sa.Column("x", sa.String(), nullable=True))',
        'op.add_column("incidents", sa.Column("x", sa.Boolean(), server_default=sa.false(), nullable=False))',
        'op.alter_column("incidents", "lane", nullable=True)',
        'add_index("ix", "incidents", ["lane"])',
        'op.create_table("of_next", sa.Column("id", sa.BigInteger(), nullable=False)); op.create_index("ix", "of_next", ["id"])',
    ],
)
def test_the_lint_lets_additions_pass(body: str) -> None:
    assert flaws(read(body)) == []


def test_a_step_that_is_marked_may_take_away() -> None:
    text = read('op.drop_column("incidents", "lane")').text.replace('works_with = "0002"', 'works_with = "0003"')
    assert flaws(Source(f"{FOLDER}0009_x.py", text, ast.parse(text))) == []

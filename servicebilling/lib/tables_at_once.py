"""A migration operation that creates the tables of a whole app together.

Django's migrations build every model class anew for each `CreateModel` that has relations,
together with all classes related to it. Where most tables lead to one organization those are
nearly all classes each time, and they cost more than the tables.
"""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import CreateModel
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState


class CreateTables(Operation):
    """Do what the given `CreateModel` operations do, and build the model classes once.

    The models may refer to each other in any order, and in circles: PostgreSQL is told of the
    foreign keys after all tables are there.
    """

    category = OperationCategory.ADDITION

    def __init__(self, creations: list[CreateModel]) -> None:
        self.creations = creations

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        # What was built so far would be renewed at each step. Without it, all classes are
        # built when they are next asked for: once.
        state.__dict__.pop("apps", None)
        for creation in self.creations:
            creation.state_forwards(app_label, state)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for creation in self.creations:
            creation.database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        for creation in reversed(self.creations):
            creation.database_backwards(app_label, schema_editor, from_state, to_state)

    def references_model(self, name: str, app_label: str) -> bool:
        return any(
            creation.references_model(name, app_label) for creation in self.creations
        )

    def describe(self) -> str:
        return "Create tables " + ", ".join(creation.name for creation in self.creations)

"""Which rows belong to a project that is there: what belonged to a deleted one is found no more.

Deleting a project is one small transaction; its rows go later, bit by bit (`store.catalog.remains`). Until
then each look-up that does not come by way of the project asks here.
"""


def by_project(table: str) -> str:
    """The condition for a table that has a project_id."""
    return (
        f"EXISTS (SELECT 1 FROM projects WHERE projects.id = {table}.project_id"
        " AND projects.entity_id IS NOT NULL)"
    )


def by_fileset(table: str) -> str:
    """The condition for a table that has a fileset_id."""
    return (
        "EXISTS (SELECT 1 FROM filesets JOIN projects ON projects.id = filesets.project_id"
        f" WHERE filesets.id = {table}.fileset_id AND projects.entity_id IS NOT NULL)"
    )

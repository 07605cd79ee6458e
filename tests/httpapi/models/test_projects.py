"""The JSON of projects."""

from httpapi.models.projects import Project
from store.catalog import rows


def test_the_document_of_a_row() -> None:
    row = rows.Project(7, 1, "vision", "d", 10**9, 2 * 10**9, 3 * 10**9, 0, 0)
    project = Project.of(row, "team", 5, True)
    assert Project.model_validate_json(project.model_dump_json()) == project
    assert (project.path, project.runs, project.is_default) == ("team/vision", 5, True)
    assert (project.created_at[17:20], project.updated_at[17:20]) == ("01.", "03.")

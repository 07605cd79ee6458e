"""The JSON of sweeps."""

from httpapi.models.sweeps import Sweep
from store.catalog import rows


def test_the_document_of_a_row() -> None:
    row = rows.Sweep(1, 2, "s1", "S", "running", "grid", '{"a": [1]}', 10**9, 2 * 10**9, 3 * 10**9)
    sweep = Sweep.of(row, "team/vision", {"finished": 2}, ("r1", 0.5))
    assert Sweep.model_validate_json(sweep.model_dump_json()) == sweep
    assert (sweep.id, sweep.config, sweep.runs, sweep.updated_at[17:19]) == (
        "s1",
        {"a": [1]},
        {"finished": 2},
        "03",
    )
    assert sweep.best_run is not None
    assert (sweep.best_run.run, sweep.best_run.value) == ("r1", 0.5)
    assert Sweep.of(row, "team/vision", {}, None).best_run is None

from httpapi.models.collecting import Collected, Collecting
from store.uploads.collect import Collected as Counts


def test_every_count_is_told() -> None:
    counts = Counts(*range(1, len(Counts._fields) + 1))
    document = Collected.of(counts)
    assert document.model_dump() == counts._asdict()
    assert Collected.model_validate(document.model_dump()) == document
    assert Collecting().now is False

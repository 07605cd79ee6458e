"""What was typed, as a filter. Ticked and found files are tested with what is done to them."""

from httpapi.page.selection import as_filter
from store.catalog.listing import Filter


def test_what_was_typed() -> None:
    assert as_filter("loss") == Filter(text="loss")
    assert as_filter("[x]") == Filter(text="[x]")
    assert as_filter("*.pt") == Filter(glob="**/*.pt")
    assert as_filter("a/*.pt") == Filter(glob="a/*.pt")

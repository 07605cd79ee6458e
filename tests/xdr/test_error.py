import xdr


def test_the_error_is_a_value_error_so_that_callers_without_the_package_can_catch_it() -> None:
    assert issubclass(xdr.Error, ValueError)

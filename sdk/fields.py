"""config and summary of a run: dictionaries that tell the run of each change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .errors import UsageError
from .values import encode, plain

VALUE_MAX_BYTES = 256 << 10  # of one value of config or summary, as JSON
Tell = Callable[[dict[str, Any], list[str]], None]  # keys that were set, and keys that went


def as_mapping(given: Any) -> dict[str, Any]:
    """What can be a config: a mapping, an argparse.Namespace, a dataclass instance, or pairs."""
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return {str(key): value for key, value in given.items()}
    fields = getattr(type(given), "__dataclass_fields__", None)
    if fields is not None:
        return {name: getattr(given, name) for name in fields}
    if type(given).__name__ == "Namespace":
        return dict(vars(given))
    try:
        return {str(key): value for key, value in given}
    except (TypeError, ValueError):
        raise TypeError(
            f"a config is a dictionary, a Namespace or a dataclass, not {type(given).__name__}"
        ) from None


def checked(what: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Values for config or summary as plain JSON; ValueError for one that is too long."""
    made_plain: dict[str, Any] = plain(dict(changes))
    for key, value in made_plain.items():
        if len(encode(value)) > VALUE_MAX_BYTES:
            raise ValueError(f"{what}[{key!r}] is over {VALUE_MAX_BYTES} bytes as JSON: save a file instead")
    return made_plain


class Fields(dict[str, Any]):
    """A dictionary with keys as attributes; `tell` is called with each change."""

    def __init__(self, tell: Tell, initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(initial or {})
        object.__setattr__(self, "_tell", tell)

    def __setitem__(self, key: str, value: Any) -> None:
        key = str(key)
        super().__setitem__(key, value)
        self._told({key: value})

    def __delitem__(self, key: str) -> None:
        super().__delitem__(key)
        self._told({}, [key])

    def __ior__(self, given: Any) -> Fields:  # type: ignore[override,misc]
        self.update(given)
        return self

    def _told(self, changes: dict[str, Any], gone: Iterable[str] = ()) -> None:
        object.__getattribute__(self, "_tell")(changes, list(gone))

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no {name!r} here") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def update(self, *given: Any, allow_val_change: bool | None = None, **more: Any) -> None:
        """Set many keys at once; values may always change (`allow_val_change` is taken for compatibility)."""
        changes = {**(as_mapping(given[0]) if given else {}), **more}
        super().update(changes)
        self._told(changes)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """As in dict."""
        if key not in self:
            self[key] = default
        return self[key]

    def setdefaults(self, given: Any) -> None:
        """Set those keys that are not there yet."""
        self.update({key: value for key, value in as_mapping(given).items() if key not in self})

    def pop(self, key: str, *default: Any) -> Any:
        """As in dict."""
        if key in self:
            self._told({}, [key])
        return super().pop(key, *default)

    def popitem(self) -> tuple[str, Any]:
        """As in dict."""
        key, value = super().popitem()
        self._told({}, [key])
        return key, value

    def clear(self) -> None:
        """As in dict."""
        gone = list(self)
        super().clear()
        self._told({}, gone)

    def follow(self, changes: Mapping[str, Any]) -> None:
        """Take changes that the run already knows of."""
        super().update(changes)

    def as_dict(self) -> dict[str, Any]:
        """A plain copy."""
        return dict(self)


class Kept:
    """An attribute that holds Fields for good: another dictionary in their place would tell nobody."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, of: object, owner: type) -> Fields:
        fields: Fields = vars(of)[self._name]
        return fields

    def __set__(self, of: object, given: object) -> None:
        if given is not vars(of)[self._name]:  # as it is after `|=`
            raise AttributeError(f"{self._name} cannot be replaced: call {self._name}.update(...)")


class BeforeInit:
    """Stands for config and summary while there is no run: every use says what to do."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise UsageError(f"You must call sdk.init() before sdk.{object.__getattribute__(self, '_name')}")

    __getattr__ = __setattr__ = __getitem__ = __setitem__ = __delitem__ = __iter__ = __len__ = (
        __contains__
    ) = _refuse

    def __repr__(self) -> str:
        return f"<sdk.{object.__getattribute__(self, '_name')}: no run yet>"

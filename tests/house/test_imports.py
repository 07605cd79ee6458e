"""Who may import whom: the arrows of ARCHITECTURE.md, read from the sources."""

from __future__ import annotations

from typing import Any

# For each part of the house, what else of the house it may import. A part is the longest of these names that
# is a prefix of the module. Calls go along the arrows; facts come back through the catalog's changes alone.
ARROWS: dict[str, set[str]] = {
    "xdr": set(),
    "nfsd.rpc": {"xdr"},
    "nfsd.portmap": {"xdr", "nfsd.rpc"},
    "nfsd.mount3": {"xdr", "nfsd.rpc", "nfsd.tree"},
    "nfsd.nfs3": {"xdr", "nfsd.rpc", "nfsd.tree"},
    "nfsd.nsm": {"xdr", "nfsd.rpc", "nfsd.portmap"},
    "nfsd.nlm4": {"xdr", "nfsd.rpc", "nfsd.portmap", "nfsd.nsm", "nfsd.tree"},
    "nfsd.tree": {"store"},
    "nfsd.client": {"xdr", "nfsd.rpc", "nfsd.portmap", "nfsd.mount3", "nfsd.nfs3"},
    "nfsd": set(),
    "store.errors": set(),
    "store.names": {"store.errors"},
    "store.strict_json": {"store.errors"},
    "store.catalog": {"store.errors", "store.names", "store.strict_json"},
    "store.blobs": {"store.errors"},
    "store.uploads": {"store.errors", "store.names", "store.catalog", "store.blobs"},
    "store": set(),
    "httpapi": {"store"},
    "sdk": set(),
    "runfs": {"xdr", "nfsd", "store", "httpapi", "sdk"},
}

# What each part may import that is neither ours nor the standard library's.
OUTSIDE: dict[str, set[str]] = {
    "xdr": set(),
    "nfsd": set(),
    "store": {"aiosqlite", "boto3", "botocore", "urllib3", "asyncpg", "pydantic_core"},
    "sdk": {"urllib3"},
}

# Modules with no I/O and no clock: they are given bytes, rows and times, and give values back.
PURE = (
    "xdr",
    "nfsd.rpc.record",
    "nfsd.rpc.message",
    "nfsd.rpc.auth",
    "nfsd.rpc.program",
    "nfsd.nfs3.convert",
    "nfsd.nfs3.status",
    "nfsd.nfs3.listing",
    "nfsd.tree.handle",
)
SOCKETS = {"socket", "select", "ssl", "subprocess", "threading", "sqlite3", "aiosqlite"}
IO_MODULES = SOCKETS | {"asyncio", "os", "pathlib", "time"}

# Modules that await but own no socket, file or thread: testable with a dict.
SOCKETLESS = ("nfsd.rpc.dispatch", "nfsd.portmap", "nfsd.mount3", "nfsd.nfs3", "nfsd.nlm4", "nfsd.tree")

# Slow to import, so imported by the function that needs them.
LAZY = {"boto3", "botocore"}


def within(module: str, prefix: str) -> bool:
    return module == prefix or module.startswith(prefix + ".")


def part_of(module: str) -> str | None:
    return max((part for part in ARROWS if within(module, part)), key=len, default=None)


def test_arrows(sources: Any) -> None:
    wrong = []
    for source in sources:
        part = part_of(source.module)
        assert part is not None, f"{source.name}: give its part a line in ARROWS"
        for name, line, _ in source.imports():
            other = part_of(name)
            if other is None or other == part or any(within(other, allowed) for allowed in ARROWS[part]):
                continue
            wrong.append(f"{source.name}:{line}: {part} may not import {name}")
    assert not wrong, "\n".join(wrong)


def test_servers_never_import_each_other(sources: Any) -> None:
    for source in sources:
        names = {name.split(".")[0] for name, _, _ in source.imports()}
        if within(source.module, "nfsd"):
            assert not names & {"httpapi", "sdk", "runfs"}, source.name
        if within(source.module, "httpapi"):
            assert not names & {"nfsd", "xdr", "sdk", "runfs"}, source.name


def test_outside_packages(sources: Any, standard_library: frozenset[str]) -> None:
    wrong = []
    for source in sources:
        top = source.module.split(".")[0]
        if top not in OUTSIDE:
            continue
        for name, line, _ in source.imports():
            first = name.split(".")[0]
            if first not in standard_library and first not in OUTSIDE[top] and part_of(name) is None:
                wrong.append(f"{source.name}:{line}: {top} may not import {first}")
    assert not wrong, "\n".join(wrong)


def test_pure_modules_do_no_io(sources: Any) -> None:
    wrong = []
    for source in sources:
        is_types = source.path.name == "types.py" and within(source.module, "nfsd")
        if is_types or any(within(source.module, pure) for pure in PURE):
            for name, line, runs in source.imports():
                if runs and name.split(".")[0] in IO_MODULES:
                    wrong.append(f"{source.name}:{line}: a pure module imports {name}")
    assert not wrong, "\n".join(wrong)


def test_socketless_modules(sources: Any) -> None:
    wrong = []
    for source in sources:
        if any(within(source.module, module) for module in SOCKETLESS):
            for name, line, _ in source.imports():
                if name.split(".")[0] in SOCKETS:
                    wrong.append(f"{source.name}:{line}: imports {name}")
    assert not wrong, "\n".join(wrong)


def test_slow_packages_are_imported_when_needed(sources: Any) -> None:
    wrong = [
        f"{source.name}:{line}: import {name} in the function that needs it"
        for source in sources
        for name, line, runs in source.imports()
        if runs and name.split(".")[0] in LAZY
    ]
    assert not wrong, "\n".join(wrong)

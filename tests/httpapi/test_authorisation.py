"""Every route, with every kind of key: who may, and what a stranger learns (nothing).

The table below must name each declared route, so a new one cannot be forgotten.
"""

from __future__ import annotations

from typing import Any

import pytest

from httpapi import app as apps

# For each route an address of things that belong to team/a, and a body that would do something.
REQUESTS: dict[str, tuple[str, Any]] = {
    "list_projects": ("/projects", None),
    "create_project": ("/projects", {"project": "team/a"}),
    "get_project": ("/projects/team/a", None),
    "change_project": ("/projects/team/a", {"description": "changed"}),
    "delete_project": ("/projects/team/a", None),
    "create_run": ("/runs", {"project": "team/a", "id": "new"}),
    "list_runs": ("/runs?project=team/a", None),
    "get_run": ("/runs/r1", None),
    "change_run": ("/runs/r1", {"notes": "changed"}),
    "delete_run": ("/runs/r1", None),
    "heartbeat": ("/runs/r1/heartbeat", None),
    "finish_run": ("/runs/r1/finish", None),
    "append_history": ("/runs/r1/history", {"first_line": 0, "lines": []}),
    "append_console": ("/runs/r1/console", {"first_line": 0, "lines": ["changed"]}),
    "read_history": ("/runs/r1/history", None),
    "read_console": ("/runs/r1/console", None),
    "request_upload": ("/runs/r1/files/upload-url", {"path": "new", "size": 1}),
    "register_file": ("/runs/r1/files", {"upload_id": "{upload}"}),
    "request_uploads": ("/runs/r1/files:upload-urls", {"files": [{"path": "new"}]}),
    "register_files": ("/runs/r1/files:register", {"uploads": [{"upload_id": "{upload}"}]}),
    "put_files": ("/runs/r1/files:put", None),
    "put_file": ("/runs/r1/files?path=new", None),
    "get_upload": ("/uploads/{upload}", None),
    "tell_upload": ("/uploads/{upload}", {"sha256": "0" * 64}),
    "abort_upload": ("/uploads/{upload}", None),
    "list_files": ("/runs/r1/files", None),
    "get_file": ("/runs/files/{file}", None),
    "change_file": ("/runs/files/{file}", {"description": "changed"}),
    "list_versions": ("/runs/files/{file}/versions", None),
    "restore_version": ("/runs/files/{file}/versions/1:restore", None),
    "append_file": ("/runs/files/{file}:append", {"offset": 6, "bytes": "eA=="}),
    "delete_file": ("/runs/files/{file}", None),
    "delete_files": ("/runs/r1/files:delete", {"glob": "**"}),
    "get_content": ("/runs/files/{file}/content", None),
    "get_download_url": ("/runs/files/{file}/download-url", None),
    "get_archive": ("/runs/r1/files.zip", None),
    "create_sweep": ("/sweeps", {"project": "team/a", "id": "new"}),
    "list_sweeps": ("/sweeps?project=team/a", None),
    "get_sweep": ("/sweeps/s1", None),
    "change_sweep": ("/sweeps/s1", {"display_name": "changed"}),
    "delete_sweep": ("/sweeps/s1", None),
    "create_artifact": ("/artifacts", {"project": "team/a", "type": "model", "name": "new"}),
    "get_artifact": ("/artifacts/{artifact}", None),
    "change_artifact": ("/artifacts/{artifact}", {"description": "changed"}),
    "delete_artifact": ("/artifacts/{artifact}", None),
    "commit_artifact": ("/artifacts/{artifact}/commit", None),
    "use_artifact": ("/artifacts/{artifact}/use", {"run": "r1"}),
    "list_artifact_files": ("/artifacts/{artifact}/files", None),
    "get_artifact_archive": ("/artifacts/{artifact}/files.zip", None),
    "request_artifact_upload": ("/artifacts/{artifact}/files/upload-url", {"path": "new", "size": 1}),
    "register_artifact_file": ("/artifacts/{artifact}/files", {"upload_id": "{upload}"}),
    "put_artifact_files": ("/artifacts/{artifact}/files:put", None),
    "put_artifact_file": ("/artifacts/{artifact}/files?path=new", None),
    "list_artifact_types": ("/artifacts/types?project=team/a", None),
    "list_collections": ("/artifacts/collections?project=team/a", None),
    "get_collection": ("/artifacts/collections/secret-model?project=team/a", None),
    "change_collection": ("/artifacts/collections/secret-model?project=team/a", {"description": "changed"}),
    "delete_collection": ("/artifacts/collections/secret-model?project=team/a", None),
    "list_artifacts": ("/artifacts/collections/secret-model/versions?project=team/a", None),
    "get_artifact_version": ("/artifacts/collections/secret-model/versions/v0?project=team/a", None),
    "point_alias": (
        "/artifacts/collections/secret-model/aliases/changed?project=team/a",
        {"artifact_id": "{artifact}"},
    ),
    "remove_alias": ("/artifacts/collections/secret-model/aliases/latest?project=team/a", None),
    "list_keys": ("/keys", None),
    "create_key": ("/keys", {"name": "changed", "project": "team/a"}),
    "revoke_key": ("/keys/1", None),
    "create_sign_in_link": ("/sign-in-links", None),
    "collect": ("/collect", None),
    "openapi": ("/openapi.json", None),
    "metrics": ("/metrics", None),
}
# Open to everyone; or signed, where a key changes nothing (tests/httpapi/signed).
KEYLESS = {"healthz", "readyz", "put_upload", "get_version"}
# What a stranger may do without touching team/a: see its own lists, this API's description, itself.
HARMLESS = {"list_projects", "list_keys", "create_sign_in_link", "openapi", "metrics"}
SECRETS = ("team/a", "secret")


@pytest.fixture
async def ids(api: Any) -> dict[str, Any]:
    """One of everything in team/a."""
    await api.good("POST", "/runs", {"project": "team/a", "id": "r1", "notes": "secret notes"})
    await api.good("POST", "/sweeps", {"project": "team/a", "id": "s1", "display_name": "secret sweep"})
    file = await api.save("r1", "secret.txt", b"secret")
    upload = await api.good("POST", "/runs/r1/files/upload-url", {"path": "waiting", "size": 1})
    artifact = await api.good("POST", "/artifacts", {"type": "secret", "name": "secret-model"})
    await api.good("POST", f"/artifacts/{artifact['id']}/commit")
    return {"file": file["id"], "upload": upload["upload_id"], "artifact": artifact["id"]}


def filled(value: Any, ids: dict[str, Any]) -> Any:
    """A path or a body with the ids in their places."""
    if isinstance(value, dict):
        return {name: filled(item, ids) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, ids) for item in value]
    if isinstance(value, str):
        whole = value.strip("{}")
        if value == f"{{{whole}}}" and whole in ids:
            return ids[whole]
        for name, number in ids.items():
            value = value.replace(f"{{{name}}}", str(number))
    return value


async def ask_all(api: Any, ids: dict[str, Any], key: str | None) -> dict[str, tuple[int, str]]:
    """What each route answers to this key: the status and the body."""
    answers = {}
    for operation in apps.all_operations():
        if operation.name in KEYLESS:
            continue
        path, body = REQUESTS[operation.name]
        answer = await api.with_key(key).raw(operation.method, filled(path, ids), json=filled(body, ids))
        answers[operation.name] = answer.status, await answer.text(errors="replace")
    return answers


async def everything(catalog: Any) -> dict[str, Any]:
    """All rows that a request could have changed."""
    tables = (
        "projects",
        "runs",
        "sweeps",
        "entries",
        "versions",
        "uploads",
        "lines",
        "artifacts",
        "aliases",
        "keys",
    )
    return {table: await catalog.direct.all(f"SELECT * FROM {table}") for table in tables}


def test_no_route_is_forgotten() -> None:
    names = {operation.name for operation in apps.all_operations()}
    assert names == REQUESTS.keys() | KEYLESS
    assert {each.name for each in apps.all_operations() if each.access is None} == KEYLESS


async def test_without_a_key(api: Any, ids: dict[str, Any], catalog: Any) -> None:
    before = await everything(catalog)
    for name, (status, body) in (await ask_all(api, ids, None)).items():
        assert status == 401, name
        assert not any(secret in body for secret in SECRETS), name
    assert await everything(catalog) == before


async def test_a_stranger(api: Any, ids: dict[str, Any], make_key: Any, catalog: Any) -> None:
    """An admin of another project finds nothing of this one and changes nothing in it."""
    key = await make_key("admin", "team/b")
    before = await everything(catalog)
    for name, (status, body) in (await ask_all(api, ids, key)).items():
        if name in ("create_project", "collect"):  # only for keys for all projects
            assert status == 403, name
        elif name in HARMLESS:
            assert status in (200, 201), name
        else:
            assert status == 404, (name, body)
        if name != "openapi" and status < 300:
            assert not any(secret in body for secret in SECRETS), name
    assert await everything(catalog) == before


async def test_a_reader(api: Any, ids: dict[str, Any], make_key: Any, catalog: Any) -> None:
    key = await make_key("read", "team/a")
    before = await everything(catalog)
    answers = await ask_all(api, ids, key)
    for operation in apps.all_operations():
        if operation.name not in KEYLESS:
            status, _ = answers[operation.name]
            assert (status < 300) is (operation.access == "read"), operation.name
            assert status < 300 or status == 403, operation.name
    assert await everything(catalog) == before


async def test_a_writer_is_no_admin(api: Any, ids: dict[str, Any], make_key: Any, catalog: Any) -> None:
    key = await make_key("write", "team/a")
    before = await everything(catalog)
    for operation in apps.all_operations():
        if operation.access == "admin":
            path, body = REQUESTS[operation.name]
            assert (await api.with_key(key).raw(operation.method, filled(path, ids), json=body)).status == 403
    assert await everything(catalog) == before


async def test_the_owner_may(api: Any, ids: dict[str, Any], make_key: Any) -> None:
    """The table's requests would work: so the refusals above are for the key, and not for the request."""
    key = await make_key("admin", "team/a")
    last = {"delete_run", "delete_file", "delete_files", "abort_upload", "delete_sweep", "delete_collection"}
    last |= {"delete_artifact", "remove_alias", "delete_project"}
    # Refused for what they ask, and not for who asks: a project that is there, a version in use, a sealed
    # artifact, an upload without its bytes, a key that is not this project's, a body without its first line.
    known = {"create_project": 403, "register_file": 409, "register_artifact_file": 404, "revoke_key": 404}
    known |= {"request_artifact_upload": 409, "put_artifact_file": 409, "collect": 403}
    known |= {"put_files": 400, "put_artifact_files": 400}
    for operation in apps.all_operations():
        if operation.name in KEYLESS or operation.name in last:
            continue
        path, body = REQUESTS[operation.name]
        answer = await api.with_key(key).raw(operation.method, filled(path, ids), json=filled(body, ids))
        expected = known.get(operation.name, 200)
        assert answer.status // 100 == expected // 100, (operation.name, await answer.text())
        assert expected == 200 or answer.status == expected, operation.name

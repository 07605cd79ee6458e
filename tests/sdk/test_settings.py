"""Settings come from arguments, RUNFS_... and WANDB_..., in this order, and a wrong one names its origin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sdk.errors import Error, SettingsError
from sdk.settings import DEFAULT_URL, connection, is_loopback, resolve, spool_root

KEY = "runfs_" + "k" * 43
OTHER = "runfs_" + "o" * 43


def test_defaults() -> None:
    settings = resolve({}, {"HOME": "/home/a"})
    assert settings.url == DEFAULT_URL == "http://127.0.0.1:8080"
    assert settings.root == "/home/a/.local/state/runfs"
    assert (settings.mode, settings.resume, settings.console) == ("online", None, "wrap")
    assert (settings.key, settings.entity, settings.project, settings.tags) == (None, None, None, ())


PAIRS = [
    ("project", "project", "p"),
    ("entity", "entity", "e"),
    ("run_id", "run_id", "r1"),
    ("mode", "mode", "offline"),
    ("resume", "resume", "must"),
    ("name", "name", "n"),
    ("notes", "notes", "words"),
    ("run_group", "group", "g"),
    ("job_type", "job_type", "train"),
    ("sweep_id", "sweep", "s1"),
    ("console", "console", "off"),
]


@pytest.mark.parametrize(("variable", "field", "value"), PAIRS)
def test_the_environment_is_read_ours_before_theirs(variable: str, field: str, value: str) -> None:
    name = variable.upper()
    assert getattr(resolve({}, {f"RUNFS_{name}": value}), field) == value
    assert getattr(resolve({}, {f"WANDB_{name}": value}), field) == value
    both = {f"RUNFS_{name}": value, f"WANDB_{name}": "never" if field == "resume" else "online"}
    assert getattr(resolve({}, both), field) == value


def test_arguments_win() -> None:
    settings = resolve({"project": "mine", "id": "x", "mode": "disabled"}, {"RUNFS_PROJECT": "theirs"})
    assert (settings.project, settings.run_id, settings.mode) == ("mine", "x", "disabled")


def test_a_project_may_bring_its_entity() -> None:
    settings = resolve({"project": "team/vision"}, {"RUNFS_ENTITY": "other"})
    assert (settings.entity, settings.project) == ("team", "vision")


@pytest.mark.parametrize(("given", "meant"), [(True, "allow"), (False, "never"), ("auto", "allow")])
def test_words_for_resume(given: Any, meant: str) -> None:
    assert resolve({"resume": given}, {}).resume == meant


@pytest.mark.parametrize(
    ("given", "meant"), [(True, True), (False, False), (1, True), (0, False), ("Yes", True), ("off", False)]
)
def test_words_for_quiet(given: Any, meant: bool) -> None:
    assert resolve({"quiet": given}, {}).quiet is meant
    assert resolve({}, {"RUNFS_QUIET": str(given)}).quiet is meant


def test_wandbs_words_for_mode() -> None:
    assert resolve({}, {"WANDB_MODE": "dryrun"}).mode == "offline"


@pytest.mark.parametrize(
    ("arguments", "environ", "said"),
    [
        (
            {"mode": "onlien"},
            {},
            r"init\(mode=...\) is 'onlien'; it must be one of online, offline, disabled",
        ),
        ({}, {"RUNFS_MODE": "of"}, "RUNFS_MODE"),
        ({}, {"WANDB_MODE": "of"}, "WANDB_MODE"),
        ({"resume": "maybe"}, {}, "never, allow, must"),
        ({}, {"RUNFS_URL": "localhost:8080"}, "http://HOST:PORT"),
        ({}, {"RUNFS_URL": "http://"}, "http://HOST:PORT"),
        ({}, {"RUNFS_URL": "http://h:99999"}, "http://HOST:PORT"),
        ({}, {"RUNFS_URL": "http://h/?a=b"}, "http://HOST:PORT"),
        ({"url": 7}, {}, "http://HOST:PORT"),
        ({}, {"RUNFS_API_KEY": "abc"}, "RUNFS_API_KEY is no key of runfs"),
        ({"project": 5}, {}, "must be text, not int"),
        ({"project": "a/b/c"}, {}, "slash"),
        ({"project": ".."}, {}, "the project's name"),
        ({"entity": "a\nb"}, {}, "control character"),
        ({"id": "a/b"}, {}, "the run's id"),
        ({"tags": [1]}, {}, "list of texts"),
        ({"tags": 5}, {}, "list of texts"),
        ({"dir": 5}, {}, "must be a path"),
        ({"finish_timeout": "soon"}, {}, "must be a number"),
        ({}, {"RUNFS_FINISH_TIMEOUT": "-1"}, "negative"),
        ({}, {"RUNFS_FINISH_TIMEOUT": "nan"}, "negative or infinite"),
        ({"console": "loud"}, {}, "wrap, off"),
        ({}, {"RUNFS_QUIET": "maybe"}, "RUNFS_QUIET is 'maybe'; it must be one of 1, true"),
    ],
)
def test_wrong_settings_name_their_origin(
    arguments: dict[str, Any], environ: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        resolve(arguments, environ)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, Error)


def test_a_key_is_never_in_an_error() -> None:
    with pytest.raises(SettingsError) as caught:
        resolve({"api_key": "secret-of-someone"}, {})
    assert "secret" not in str(caught.value)


def test_the_key_of_this_account_is_found_for_this_machine_only(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    environ = {"RUNFS_DATA": str(tmp_path)}
    assert resolve({}, environ).key == KEY
    assert resolve({}, {**environ, "RUNFS_URL": "http://localhost:1"}).key == KEY
    assert resolve({}, {**environ, "RUNFS_URL": "http://example.org:8080"}).key is None
    assert resolve({}, {**environ, "RUNFS_API_KEY": OTHER}).key == OTHER
    (tmp_path / "runfs").mkdir()
    (tmp_path / "runfs" / "key").write_text(OTHER)
    assert resolve({}, {"XDG_DATA_HOME": str(tmp_path)}).key == OTHER
    home = tmp_path / "home"
    (home / ".local/share/runfs").mkdir(parents=True)
    (home / ".local/share/runfs/key").write_text(KEY)
    assert resolve({}, {"HOME": str(home)}).key == KEY


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ('{"http": "http://127.0.0.1:9091", "nfs": "127.0.0.1:2049"}', "http://127.0.0.1:9091"),
        ('{"http": "http://runfs.example:80"}', DEFAULT_URL),
        ('{"http": 8080}', DEFAULT_URL),
        ("{}", DEFAULT_URL),
        ("[]", DEFAULT_URL),
        ('{"http": "http://127', DEFAULT_URL),
    ],
)
def test_the_daemon_of_this_account_is_found_where_it_serves(tmp_path: Path, written: str, url: str) -> None:
    (tmp_path / "serving.json").write_text(written)
    environ = {"RUNFS_DATA": str(tmp_path)}
    assert resolve({}, environ).url == url
    assert resolve({}, {**environ, "RUNFS_URL": "http://localhost:1"}).url == "http://localhost:1"


def test_another_products_key_and_address_are_left_alone() -> None:
    environ = {"WANDB_API_KEY": "0" * 40, "WANDB_BASE_URL": "https://api.wandb.ai"}
    settings = resolve({}, environ)
    assert (settings.key, settings.url) == (None, DEFAULT_URL)
    environ = {"WANDB_API_KEY": KEY, "WANDB_BASE_URL": "http://runfs.example:80/"}
    settings = resolve({}, environ)
    assert (settings.key, settings.url) == (KEY, "http://runfs.example:80")


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("http://localhost:1", True),
        ("http://127.8.8.8", True),
        ("http://[::1]:8080", True),
        ("http://127.example.org", True),
        ("http://10.0.0.1", False),
        ("http://localhost.example.org", False),
    ],
)
def test_loopback(url: str, near: bool) -> None:
    if "127.example" in url:
        assert not is_loopback(url)  # a name is not an address
    else:
        assert is_loopback(url) is near


def test_lists() -> None:
    settings = resolve({}, {"RUNFS_TAGS": "a, b,", "WANDB_IGNORE_GLOBS": "*.tmp,x/**"})
    assert (settings.tags, settings.ignore) == (("a", "b"), ("*.tmp", "x/**"))
    assert resolve({"tags": ("c,d",)}, {}).tags == ("c,d",)
    assert resolve({"tags": "one"}, {}).tags == ("one",)


def test_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve({"dir": "d"}, {}).root == str(tmp_path / "d" / ".runfs")
    assert resolve({"dir": Path("d")}, {"RUNFS_DIR": "/x"}).root == str(tmp_path / "d" / ".runfs")
    assert resolve({}, {"RUNFS_DIR": "/x", "WANDB_DIR": "/y"}).root == "/x/.runfs"
    assert resolve({}, {"XDG_STATE_HOME": "/s"}).root == "/s/runfs"
    assert spool_root("/z") == "/z/.runfs"


def test_calls_without_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNFS_URL", "http://example.org")
    monkeypatch.setenv("RUNFS_API_KEY", KEY)
    assert connection() == ("http://example.org", KEY)
    assert connection("http://[::1]:9", OTHER) == ("http://[::1]:9", OTHER)

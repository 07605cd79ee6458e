"""Settings: an argument of init, else RUNFS_..., else its WANDB_... equivalent, else a default.

They are read once, at init. A value that cannot be used is a SettingsError that names where it came from.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from .bounds import LINE_MAX_CHARS, TAG_MAX_CHARS, TAGS_MAX, TEXT_MAX_CHARS, check_length
from .errors import SettingsError
from .names import check_component

DEFAULT_URL = "http://127.0.0.1:8080"
MODES = ("online", "offline", "disabled")
RESUMES = ("never", "allow", "must")
CONSOLES = ("wrap", "off")
YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
KEY_PREFIX = "runfs_"
FINISH_PATIENCE_S = (
    20.0  # finish waits as long as work is done, and so long for a server that does not answer
)
INIT_PATIENCE_S = 10.0  # init waits so long for the server's first answer, then the run goes on without it
SPOOL_MAX_BYTES = 16 << 30


class Settings(NamedTuple):
    """What one run was started with; see `resolve` for where each value comes from."""

    url: str
    key: str | None
    entity: str | None
    project: str | None
    run_id: str | None
    root: str  # the folder that holds the spools of all runs
    mode: str
    resume: str | None
    sweep: str | None
    name: str | None
    notes: str | None
    group: str | None
    job_type: str | None
    tags: tuple[str, ...]
    console: str
    ignore: tuple[str, ...]
    quiet: bool
    finish_patience_s: float
    init_patience_s: float
    spool_max_bytes: int


class _Values:
    """One value at a time, with the name of its origin for error messages."""

    def __init__(self, arguments: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        self.arguments = arguments
        self.environ = environ

    def find(self, argument: str, *variables: str) -> tuple[Any, str]:
        given = self.arguments.get(argument)
        if given is not None:
            return given, f"init({argument}=...)"
        for variable in variables:
            if self.environ.get(variable):
                return self.environ[variable], variable
        return None, ""

    def text(self, argument: str, *variables: str, max_chars: int | None = None) -> str | None:
        value, origin = self.find(argument, *variables)
        if value is not None and not isinstance(value, str):
            raise SettingsError(f"{origin} must be text, not {type(value).__name__}")
        if value and max_chars is not None:
            _fits(origin, value, max_chars)
        return value or None

    def choice(
        self, allowed: tuple[str, ...], synonyms: Mapping[Any, str], argument: str, *variables: str
    ) -> str | None:
        value, origin = self.find(argument, *variables)
        if value is None:
            return None
        value = synonyms.get(value, value)
        if value not in allowed:
            raise SettingsError(f"{origin} is {value!r}; it must be one of {', '.join(allowed)}")
        return str(value)

    def number(self, default: float, argument: str, *variables: str) -> float:
        value, origin = self.find(argument, *variables)
        if value is None:
            return default
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise SettingsError(f"{origin} is {value!r}; it must be a number") from None
        if not 0 <= number < float("inf"):
            raise SettingsError(f"{origin} is {value!r}; it must not be negative or infinite")
        return number


def resolve(arguments: Mapping[str, Any], environ: Mapping[str, str] | None = None) -> Settings:
    """The settings that `arguments` (None: not given) and the environment give together."""
    values = _Values(arguments, os.environ if environ is None else environ)
    entity, project = _project(values)
    url = _url(values)
    run_id = values.text("id", "RUNFS_RUN_ID", "WANDB_RUN_ID")
    sweep = values.text("sweep", "RUNFS_SWEEP_ID", "WANDB_SWEEP_ID")
    for what, name in (("the run's id", run_id), ("the sweep's id", sweep)):
        if name is not None:
            _checked(what, name)
    resume_words = {True: "allow", False: "never", "auto": "allow"}
    return Settings(
        url=url,
        key=_key(values, url),
        entity=entity,
        project=project,
        run_id=run_id,
        root=_root(values),
        mode=values.choice(MODES, {"dryrun": "offline"}, "mode", "RUNFS_MODE", "WANDB_MODE") or "online",
        resume=values.choice(RESUMES, resume_words, "resume", "RUNFS_RESUME", "WANDB_RESUME"),
        sweep=sweep,
        name=values.text("name", "RUNFS_NAME", "WANDB_NAME", max_chars=LINE_MAX_CHARS),
        notes=values.text("notes", "RUNFS_NOTES", "WANDB_NOTES", max_chars=TEXT_MAX_CHARS),
        group=values.text("group", "RUNFS_RUN_GROUP", "WANDB_RUN_GROUP", max_chars=LINE_MAX_CHARS),
        job_type=values.text("job_type", "RUNFS_JOB_TYPE", "WANDB_JOB_TYPE", max_chars=LINE_MAX_CHARS),
        tags=_tags(values),
        console=_console(values),
        ignore=_list(values.text("ignore_globs", "RUNFS_IGNORE_GLOBS", "WANDB_IGNORE_GLOBS")),
        quiet=_flag(values, "quiet", "RUNFS_QUIET", "WANDB_SILENT"),
        finish_patience_s=values.number(FINISH_PATIENCE_S, "finish_timeout", "RUNFS_FINISH_TIMEOUT"),
        init_patience_s=values.number(INIT_PATIENCE_S, "init_timeout", "RUNFS_INIT_TIMEOUT"),
        spool_max_bytes=int(values.number(SPOOL_MAX_BYTES, "spool_bytes", "RUNFS_SPOOL_BYTES")),
    )


def connection(url: str | None = None, key: str | None = None) -> tuple[str, str | None]:
    """The server's URL and this account's key for it, for calls that have no run."""
    values = _Values({"url": url, "api_key": key}, os.environ)
    resolved = _url(values)
    return resolved, _key(values, resolved)


def spool_root(folder: str | os.PathLike[str] | None = None) -> str:
    """The folder that holds the spools of all runs."""
    return _root(_Values({"dir": folder}, os.environ))


def _checked(what: str, name: str) -> None:
    try:
        check_component(name)
    except ValueError as error:
        raise SettingsError(f"{what} cannot be used: {error}") from None


def _fits(origin: str, text: str, max_chars: int) -> None:
    try:
        check_length(text, max_chars)
    except ValueError as error:
        raise SettingsError(f"{origin} cannot be used: {error}") from None


def _project(values: _Values) -> tuple[str | None, str | None]:
    entity = values.text("entity", "RUNFS_ENTITY", "WANDB_ENTITY")
    project = values.text("project", "RUNFS_PROJECT", "WANDB_PROJECT")
    if project is not None and project.count("/") == 1:
        entity, project = project.split("/")
    for what, name in (("the entity", entity), ("the project", project)):
        if name is not None:
            _checked(f"{what}'s name", name)
    return entity, project


def _url(values: _Values) -> str:
    url, origin = values.find("url", "RUNFS_URL")
    if url is None:
        url, origin = values.find("url", "WANDB_BASE_URL")
        if url is not None and str(url).rstrip("/").endswith("wandb.ai"):
            url = None  # the hosted product's address says nothing about where our server is
    if url is None:
        return _local_url(values.environ)
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except (TypeError, ValueError, AttributeError):
        usable = False
    if not usable or parts.query or parts.fragment:
        raise SettingsError(f"{origin} is {url!r}; it must look like http://HOST:PORT")
    return str(url).rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether `url` names this machine, so that the key in this account's data folder may be shown to it."""
    from urllib.parse import urlsplit

    host = urlsplit(url).hostname or ""
    is_address = host.replace(".", "").isdigit()
    return host in ("localhost", "::1") or (host.startswith("127.") and is_address)


def _key(values: _Values, url: str) -> str | None:
    key, origin = values.find("api_key", "RUNFS_API_KEY")
    if key is None:
        key, origin = values.find("api_key", "WANDB_API_KEY")
        if key is not None and not str(key).startswith(KEY_PREFIX):
            key = None  # a key for another product: never shown to our server
    if key is None:
        return _local_key(values.environ) if is_loopback(url) else None
    key = str(key).strip()
    if not key.startswith(KEY_PREFIX) or not key.isascii() or not key.isprintable():
        raise SettingsError(f"{origin} is no key of runfs: a key starts with {KEY_PREFIX!r}")
    return key


def _local_url(environ: Mapping[str, str]) -> str:
    """Where the daemon of this account says that it serves, as long as it runs; else the usual address."""
    import json

    try:
        with open(os.path.join(_data(environ), "serving.json"), encoding="utf-8") as file:
            url = json.load(file)["http"]
        return url if is_loopback(url) else DEFAULT_URL
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return DEFAULT_URL


def _data(environ: Mapping[str, str]) -> str:
    return environ.get("RUNFS_DATA") or os.path.join(_xdg(environ, "XDG_DATA_HOME", ".local/share"), "runfs")


def _local_key(environ: Mapping[str, str]) -> str | None:
    """The key that the daemon of this account wrote into its data folder at first start."""
    try:
        with open(os.path.join(_data(environ), "key"), encoding="ascii") as file:
            return file.read().strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def _root(values: _Values) -> str:
    given, origin = values.find("dir", "RUNFS_DIR", "WANDB_DIR")
    if given is None:
        return os.path.join(_xdg(values.environ, "XDG_STATE_HOME", ".local/state"), "runfs")
    try:
        return os.path.join(os.path.abspath(os.fsdecode(given)), ".runfs")
    except TypeError:
        raise SettingsError(f"{origin} must be a path, not {type(given).__name__}") from None


def _xdg(environ: Mapping[str, str], variable: str, below_home: str) -> str:
    given = environ.get(variable, "")
    home = environ.get("HOME") or os.path.expanduser("~")
    return given if os.path.isabs(given) else os.path.join(home, below_home)


def _list(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _tags(values: _Values) -> tuple[str, ...]:
    given, origin = values.find("tags", "RUNFS_TAGS", "WANDB_TAGS")
    if given is None:
        return ()
    if isinstance(given, str):
        given = _list(given) if origin != "init(tags=...)" else (given,)
    try:
        tags = tuple(given)
    except TypeError:
        tags = (None,)
    if not all(isinstance(tag, str) for tag in tags):
        raise SettingsError(f"{origin} must be a list of texts")
    if "" in tags or len(tags) > TAGS_MAX:
        raise SettingsError(f"{origin} must be at most {TAGS_MAX} tags, and none of them empty")
    for tag in tags:
        _fits(origin, tag, TAG_MAX_CHARS)
    return tags


def _console(values: _Values) -> str:
    synonyms = {"auto": "wrap", "redirect": "wrap", "wrap_raw": "wrap", "wrap_emu": "wrap", False: "off"}
    return values.choice(CONSOLES, synonyms, "console", "RUNFS_CONSOLE", "WANDB_CONSOLE") or "wrap"


def _flag(values: _Values, argument: str, *variables: str) -> bool:
    value, origin = values.find(argument, *variables)
    if value is None:
        return False
    word = str(value).lower()
    if word not in YES + NO:
        raise SettingsError(f"{origin} is {value!r}; it must be one of {', '.join(YES + NO)}")
    return word in YES

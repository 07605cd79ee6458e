import asyncio
import os
from pathlib import Path

import pytest

from nfsd.nsm import Client, Monitored
from nfsd.nsm import monitored as module
from nfsd.nsm.monitored import Monitor

A, B = Client("127.0.0.1", "a"), Client("10.0.0.1", "b\udcff")
MONITOR = Monitor("127.0.0.1", "localhost", 100021, 3, 16, "00" * 16)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "locks.json"


def loaded(file: Path) -> Monitored:
    made = Monitored(file)
    made.load()
    return made


async def test_everything_outlives_a_restart_and_the_state_number_grows_and_stays_odd(
    file: Path,
) -> None:
    first = loaded(file)
    assert first.state == 1
    await first.watch(A)
    await first.watch(B)
    await first.monitor(MONITOR)
    first.callbacks = [("127.0.0.1", 100021, 4, 6, 900)]
    await first.save()
    second = loaded(file)
    assert (list(second.clients), list(second.monitors)) == ([A, B], [MONITOR])
    assert second.callbacks == first.callbacks
    assert second.state == 3
    await second.save()
    assert loaded(file).state == 5


async def test_what_is_known_already_is_not_written_again(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Monitored(file)
    await first.watch(A)
    await first.monitor(MONITOR)
    written: list[Path] = []
    monkeypatch.setattr(module, "_replace", lambda path, text: written.append(path))
    await first.watch(A)
    await first.monitor(MONITOR)
    await first.unmonitor([])
    assert written == []
    await first.unmonitor([MONITOR])
    assert written == [file]
    assert list(first.monitors) == []


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"state": "x"}', "\0"])
def test_an_unreadable_file_is_a_warning(file: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    file.write_text(text)
    assert loaded(file).clients == {}
    assert "not readable" in caplog.text


async def test_the_file_and_its_folder_are_synced_before_save_returns(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    await Monitored(file).save()
    assert synced == [file.name + ".new", file.parent.name]
    assert [each.name for each in file.parent.iterdir()] == [file.name]


async def test_both_lists_are_bounded(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLIENTS_MAX", 1)
    monkeypatch.setattr(module, "MONITORS_MAX", 0)
    monitored = Monitored(file)
    await monitored.watch(A)
    await monitored.watch(B)
    assert list(monitored.clients) == [B]
    assert not await monitored.monitor(MONITOR)


async def test_a_client_that_could_not_be_written_is_written_by_the_next_try(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitored = Monitored(file)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError("disk")))
        with pytest.raises(OSError, match="disk"):
            await monitored.watch(A)
    await monitored.watch(A)
    assert list(loaded(file).clients) == [A]


async def test_a_program_that_could_not_be_written_is_written_by_the_next_try(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monitored = Monitored(file)
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError("disk")))
        with pytest.raises(OSError, match="disk"):
            await monitored.monitor(MONITOR)
    assert await monitored.monitor(MONITOR)
    assert list(loaded(file).monitors) == [MONITOR]


async def test_whoever_asks_while_a_client_is_written_waits_too(file: Path) -> None:
    monitored = Monitored(file)

    async def watched() -> list[Client]:
        await monitored.watch(A)
        return list(loaded(file).clients)

    assert await asyncio.gather(watched(), watched()) == [[A], [A]]


async def test_whoever_asks_while_a_program_is_written_waits_too(file: Path) -> None:
    monitored = Monitored(file)

    async def watching() -> list[Monitor]:
        assert await monitored.monitor(MONITOR)
        return list(loaded(file).monitors)

    assert await asyncio.gather(watching(), watching()) == [[MONITOR], [MONITOR]]


async def test_who_is_kept(file: Path) -> None:
    monitored = Monitored(file)
    await monitored.watch(A)
    await monitored.keep({B}, and_earlier=True)
    assert set(loaded(file).clients) == {A, B}
    await monitored.keep({B}, and_earlier=False)
    assert set(loaded(file).clients) == {B}

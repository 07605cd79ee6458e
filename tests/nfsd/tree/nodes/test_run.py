import json
from typing import Any

from store.catalog import lines, runs


async def test_history_and_console_appear_with_their_first_line(world: Any) -> None:
    run = await world.run()
    assert await world.names("runs/r1") == ["metadata.json", "files"]
    before = (await world.walk("runs/r1")).changed_ns
    await world.catalog.write(lambda tx: lines.append(tx, run.id, lines.CONSOLE, 0, [b"hello"]))
    assert await world.names("runs/r1") == ["metadata.json", "output.log", "files"]
    await world.catalog.write(lambda tx: lines.append(tx, run.id, lines.HISTORY, 0, [b"{}"]))
    assert await world.names("runs/r1") == ["metadata.json", "history.jsonl", "output.log", "files"]
    assert (await world.walk("runs/r1")).changed_ns > before
    assert await world.read("runs/r1/output.log") == b"hello\n"


async def test_history_grows(world: Any) -> None:
    run = await world.run()
    sizes = []
    for number in range(3):
        await world.catalog.write(
            lambda tx, number=number: lines.append(tx, run.id, lines.HISTORY, number, [b'{"n":%d}' % number])
        )
        sizes.append(((node := await world.walk("runs/r1/history.jsonl")).size, node.changed_ns))
    assert sizes == sorted(set(sizes))
    assert await world.read("runs/r1/history.jsonl") == b'{"n":0}\n{"n":1}\n{"n":2}\n'
    directory = await world.walk("runs/r1")
    await world.catalog.write(lambda tx: lines.append(tx, run.id, lines.HISTORY, 3, [b"{}"]))
    assert (await world.walk("runs/r1")).changed_ns == directory.changed_ns  # no name appeared


async def test_metadata_counts_files(world: Any) -> None:
    sweep = await world.sweep()
    run = await world.run(sweep_id=sweep.id, config='{"lr":1}')
    await world.file(run.fileset_id, "a", b"123")
    world.tree.forget_everything()
    value = json.loads(await world.read("runs/r1/metadata.json"))
    assert (value["files"], value["bytes"], value["sweep"], value["path"]) == (1, 3, "s1", "team/vision/r1")
    assert value["config"] == {"lr": 1}


async def test_a_deleted_run_s_lines_are_gone(world: Any) -> None:
    run = await world.run()
    await world.catalog.write(lambda tx: lines.append(tx, run.id, lines.HISTORY, 0, [b"{}"]))
    node = await world.walk("runs/r1/history.jsonl")
    await world.catalog.write(lambda tx: runs.delete(tx, run.id))
    assert node.fileid not in world.tree.nodes


async def test_what_is_over_is_settled(world: Any) -> None:
    run = await world.run()
    assert not (await world.walk("runs/r1")).settled
    await world.catalog.write(lambda tx: runs.finish(tx, run.id, 0))
    world.tree.forget_everything()
    assert (await world.walk("runs/r1")).settled
    assert (await world.walk("runs/r1/files")).settled


async def test_much_history_is_read_off_the_loop(world: Any) -> None:
    run = await world.run()
    logged = [b'{"n":%06d}' % number for number in range(12_000)]
    await world.catalog.write(lambda tx: lines.append(tx, run.id, lines.HISTORY, 0, logged))
    whole = b"".join(line + b"\n" for line in logged)
    node = await world.walk("runs/r1/history.jsonl")
    assert node.size == len(whole)
    for offset, count in ((0, 1 << 20), (5, 65_537), (70_000, 65_536), (len(whole) - 3, 1 << 20)):
        assert await world.tree.read(node, offset, count) == whole[offset : offset + count]
    world.tree.db = None  # what is read now is not asked of the loop's session
    assert await world.tree.read(node, 0, 1 << 20) == whole

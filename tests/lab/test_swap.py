import random
import shutil

from terminal.store.members import Members, build_members
from tests.lab.bench import Scratch, cuts
from tests.lab.disk import lay_out
from tests.lab.recording import read, run
from tests.lab.swap import tables

SEED = 20261121


def test_a_cut_while_members_are_replaced_leaves_the_old_or_the_new_ones_whole():
    draw, images, found = random.Random(SEED), 0, set()
    with Scratch() as scratch:
        folder, log = scratch.folder(), scratch.path / "swap.log"
        build_members(folder / "members.db", tables("1"))
        start = {"members.db": (folder / "members.db").read_bytes()}
        ended = run("tests.lab.swap", str(folder), folder=folder, log=log)
        assert ended.returncode == 0, ended.stderr
        for _, disk, _ in cuts(list(read(log)), start):
            for kind, image in disk.images(draw, 12):
                images += 1
                remains = scratch.folder()
                lay_out(image, remains)
                found.add(_whole(remains / "members.db", kind))
                shutil.rmtree(remains)
    print(f"seed {SEED}: {images} images")
    assert found == {"1", "2"}
    assert images > 100


def _whole(path, kind: str) -> str:
    members = Members.open(path, lambda _: {})
    try:
        assert members._run("PRAGMA integrity_check").fetchone() == ("ok",), kind
        old, new = members.by_account("1"), members.by_account("2")
        assert (old is None) != (new is None), kind
        account = "1" if old else "2"
        assert members.by_medium("uid:00000007").account == f"{account}-7"
        return account
    finally:
        members.close()

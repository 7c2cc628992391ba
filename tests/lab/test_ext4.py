import random

from tests.lab.ext4 import cut_once, why_not

SEED = 20261121
KNOWN = ("not root", "no ext4 in a loop file")


def test_a_real_file_system_whose_power_is_cut_has_every_sale_that_was_posted(tmp_path):
    """Where a machine gives no loop device, the laboratory's own disks have to do, and this says so."""
    if reason := why_not():
        print(reason)
        assert reason.startswith(KNOWN)
        return
    draw = random.Random(SEED)
    for round_ in range(4):
        (tmp_path / str(round_)).mkdir()
        said, kept = cut_once(tmp_path / str(round_), draw)
        print(f"seed {SEED}: posted {said}, kept {kept}")
        assert kept in {said, said + 1}


def test_a_real_cut_finds_a_till_that_does_not_sync(tmp_path):
    if reason := why_not():
        assert reason.startswith(KNOWN)
        return
    said, kept = cut_once(tmp_path, random.Random(SEED), "synchronous normal")
    print(f"posted {said}, kept {kept}")
    assert kept < said

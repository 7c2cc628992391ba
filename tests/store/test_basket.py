import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.store.basket import BASKET_BYTES_MAX, BasketFile


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return BasketFile.open(tmp_path_factory.mktemp("basket") / "basket")


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_the_newest_basket_comes_back(file, baskets):
    for basket in baskets:
        file.write(basket)
    assert file.read() == baskets[-1]


@given(st.binary(min_size=1, max_size=64), st.data())
def test_a_basket_that_is_not_whole_is_none(tmp_path_factory, basket, data):
    path = tmp_path_factory.mktemp("torn") / "basket"
    file = BasketFile.open(path)
    file.write(basket)
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(whole)
    assert file.read() == b""
    path.write_bytes(bytes(whole[:place]))
    assert BasketFile.open(path).read() == b""
    file.close()


def test_a_restarted_till_reads_the_basket_of_the_one_before(tmp_path):
    BasketFile.open(tmp_path / "basket").write(b"three apples")
    assert BasketFile.open(tmp_path / "basket").read() == b"three apples"


def test_a_new_file_holds_no_basket_and_too_large_a_basket_is_a_bug(tmp_path):
    file = BasketFile.open(tmp_path / "basket")
    assert file.read() == b""
    file.write(bytes(BASKET_BYTES_MAX))
    assert file.read() == bytes(BASKET_BYTES_MAX)
    with pytest.raises(AssertionError):
        file.write(bytes(BASKET_BYTES_MAX + 1))

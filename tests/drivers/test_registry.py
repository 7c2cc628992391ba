"""Settings become drivers, and a missing library costs one device, not the till."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from config import schema
from drivers.api import DeviceLostError, Watched
from drivers.cards.pcsc import PcscReader
from drivers.registry import Absent, make_printer, make_reader, make_readers, make_scanner
from drivers.scanners.serial import SerialScanner
from drivers.virtual.reader import VirtualReader
from drivers.virtual.scanner import VirtualScanner

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("make", "settings", "kind"),
    [
        (make_reader, schema.PcscReader(name="a", match="ACR"), PcscReader),
        (make_reader, schema.VirtualReader(name="a"), VirtualReader),
        (make_scanner, schema.SerialScanner(name="a", port="/dev/ttyACM0"), SerialScanner),
        (make_scanner, schema.VirtualScanner(name="a"), VirtualScanner),
    ],
)
def test_each_section_has_its_driver(make, settings, kind):
    driver = make(settings)

    assert type(driver) is kind
    assert driver.device == "a"


@pytest.mark.parametrize(
    "settings",
    [
        schema.NetworkPrinter(name="a", host="192.0.2.10"),
        schema.FilePrinter(name="a", path="receipts.bin"),
        schema.VirtualPrinter(name="a"),
    ],
)
def test_each_printer_section_has_its_driver(settings):
    printer = make_printer(settings)

    assert type(printer).__name__ == type(settings).__name__
    assert printer.device == "a"


def test_only_the_card_reader_is_watched_for_hanging():
    assert isinstance(make_reader(schema.PcscReader(name="a", match="ACR")), Watched)
    assert not isinstance(make_reader(schema.VirtualReader(name="a")), Watched)


def test_a_missing_smart_card_library_costs_the_reader_only(monkeypatch):
    monkeypatch.delitem(sys.modules, "drivers.cards.pcsc")
    monkeypatch.delitem(sys.modules, "drivers.cards.service")
    monkeypatch.setitem(sys.modules, "smartcard", None)

    reader = make_reader(schema.PcscReader(name="counter", match="ACR"))

    assert isinstance(reader, Absent)
    with pytest.raises(DeviceLostError, match="the smart card library is missing"):
        reader.run(lambda _: None, threading.Event())


READERS = (schema.PcscReader(name="a", match="ACR"), schema.VirtualReader(name="b"))
SECRET = "00112233445566778899aabbccddeeff"


def test_readers_of_a_shop_with_keys_are_there(tmp_path):
    keys = tmp_path / "cards.keys"
    keys.write_text(f"1 {SECRET}\n")
    cards = schema.Cards(keys=str(keys), sun=("https://example.com/m?e={picc}&c={mac}",))

    made = [type(reader) for reader in make_readers(READERS, cards)]

    assert made == [PcscReader, VirtualReader]


@pytest.mark.parametrize(
    ("content", "sun", "reason"),
    [
        (None, (), "the cards' keys: No such file or directory: cards.keys"),
        ("", (), "the cards' keys: cards.keys: 0 keys; there must be 1 to 8"),
        (f"1 {SECRET}0\n", (), "the cards' keys: cards.keys, line 1: not a version"),
        (f"1 {SECRET}\n" * 200, (), "the cards' keys: cards.keys: larger than 4096 bytes"),
        (f"1 {SECRET}\n", ("https://example.com/",), "the cards' keys: each place may stand once"),
    ],
    ids=["no file", "empty", "a digit too many", "too large", "an address that proves nothing"],
)
def test_keys_that_cannot_be_used_cost_the_real_readers_only(tmp_path, content, sun, reason):
    keys = tmp_path / "cards.keys"
    if content is not None:
        keys.write_text(content)

    real, virtual = make_readers(READERS, schema.Cards(keys=str(keys), sun=sun))

    assert isinstance(virtual, VirtualReader)
    assert isinstance(real, Absent)
    with pytest.raises(DeviceLostError, match=reason) as lost:
        real.run(lambda _: None, threading.Event())
    assert SECRET not in str(lost.value)


def test_a_till_with_virtual_devices_loads_no_device_library():
    program = (
        "import sys\n"
        "from config import schema\n"
        "from drivers.registry import make_reader, make_scanner\n"
        "make_reader(schema.VirtualReader(name='a'))\n"
        "make_scanner(schema.VirtualScanner(name='b'))\n"
        "print(sorted({'smartcard', 'serial', 'escpos', 'usb', 'PIL'} & set(sys.modules)))\n"
    )

    loaded = subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True)

    assert loaded == "[]\n"

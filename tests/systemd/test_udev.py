"""The udev rules, judged by udev itself on a machine made of files."""

import shutil
from pathlib import Path

import pytest

from tests.systemd.machine import KEYBOARD, PRINTER, READER, SERIAL, Machine

RULES = Path(__file__).parents[2] / "systemd" / "udev"
OURS = ("70-tallypoint.rules", "95-tallypoint-readers.rules")
LIBCCID = 'ENV{ID_USB_INTERFACES}==":0b0000:", TEST=="power/control", ATTR{power/control}="auto"\n'
"""The line by which Debian's libccid 1.5.2 lets every card reader fall asleep."""
IGNORED = "ID_MM_DEVICE_IGNORE=1"


@pytest.fixture
def rules(tmp_path):
    folder = tmp_path / "rules.d"
    shutil.copytree(RULES, folder)
    (folder / "92-libccid.rules").write_text(LIBCCID)
    return folder


@pytest.fixture
def machine(tmp_path, rules):
    return Machine(tmp_path, rules)


def complaints(said: str) -> list[str]:
    """What udev has to say about our file apart from reading it and following it."""
    about = [line for line in said.splitlines() if any(name in line for name in OURS)]
    followed = (" GROUP ", " MODE ", " ATTR ", "Writing")
    return [
        line
        for line in about
        if not line.startswith("Reading rules file") and not any(word in line for word in followed)
    ]


def acted(said: str) -> str:
    """What udev did, without the list of files that it read."""
    lines = said.splitlines()
    return "\n".join(line for line in lines if not line.startswith("Reading rules file"))


def test_udev_finds_no_fault_in_the_rules(machine):
    said = machine.verdict(machine.usb(PRINTER))

    assert all(f"Reading rules file: /etc/udev/rules.d/{name}\n" in said for name in OURS)
    assert complaints(said) == []


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize(
    ("right", "wrong"), [("ENV{DEVTYPE}", "EVN{DEVTYPE}"), ('=="usb"', "==usb")]
)
def test_a_typing_error_in_a_rule_would_be_found(machine, rules, name, right, wrong):
    text = (rules / name).read_text()
    assert right in text
    (rules / name).write_text(text.replace(right, wrong))

    assert complaints(machine.verdict(machine.usb(PRINTER))) != []


def test_a_usb_printer_belongs_to_the_group_of_printers_and_to_nobody_else(machine):
    assert "node lp 660" in machine.verdict(machine.usb(PRINTER))


def test_the_kernels_printer_file_belongs_to_the_group_of_printers(machine):
    assert "node lp 660" in machine.verdict(machine.line_printer())


@pytest.mark.parametrize(("name", "numbers"), [("ttyACM0", (166, 0)), ("ttyUSB0", (188, 0))])
def test_a_serial_scanner_is_the_tills_and_is_left_alone_by_modem_manager(machine, name, numbers):
    said = machine.verdict(machine.serial(name, numbers, machine.usb(SERIAL).path))

    assert "node dialout 660" in said
    assert IGNORED in said.splitlines()


def test_a_serial_line_of_the_machine_itself_is_left_as_it_is(machine):
    said = machine.verdict(machine.serial("ttyS0", (4, 64), "devices/platform"))

    assert IGNORED not in said
    assert "tallypoint" not in acted(said)


def test_a_card_reader_is_kept_awake_whatever_libccid_says(machine):
    reader = machine.usb(READER)

    said = machine.verdict(reader)

    assert "92-libccid.rules:1 ATTR" in said

    # "auto" overwritten: a file keeps its tail, the kernel's attribute does not.
    assert (machine.sys / reader.path / "power/control").read_text() == "onto"


def test_a_keyboard_is_none_of_the_tills_devices(machine):
    keyboard = machine.usb(KEYBOARD)
    said = machine.verdict(keyboard)

    assert "tallypoint" not in acted(said)
    assert (machine.sys / keyboard.path / "power/control").read_text() == "auto"

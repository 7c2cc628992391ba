"""A machine that udev believes in: a tree as of /sys with the devices of a shop, and udev's verdict on each.

What ``udevadm test`` does to a device node it does here to nodes of a file system in memory, in a mount
namespace of its own. The trees follow what the kernel shows of a real device; a USB device is told by the
descriptors that it would send (USB 2.0 specification, 9.6).
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.systemd.boot import AT_THE_TOP

PRINTER, READER, KEYBOARD, SERIAL = (7, 1, 2), (11, 0, 0), (3, 1, 1), (2, 2, 1)
"""Class, subclass and protocol of a USB interface."""
_SCRIPT = """set -e
mount -t tmpfs tmpfs /run && mkdir /run/udev
mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3
mount --bind "$1" /etc/udev/rules.d
mount --bind "$2" /sys
mkdir -p "$(dirname "/dev/$4")" && mknod -m 600 "/dev/$4" c $5
SYSTEMD_DEVICE_VERIFY_SYSFS=0 udevadm test --action=add "/sys/$3" 2>&1
stat --format='node %G %a' "/dev/$4"
"""


@dataclass(frozen=True, slots=True)
class Device:
    """Something plugged in."""

    path: str
    """Below /sys."""
    node: str
    """Below /dev."""
    numbers: tuple[int, int]
    """Major and minor."""


class Machine:
    """The tree, in a folder of the test's."""

    def __init__(self, folder: Path, rules: Path) -> None:
        self._rules = rules
        self.sys = folder / "sys"
        for each in ("bus/usb/devices", "class/tty", "class/usbmisc", "dev", "devices"):
            (self.sys / each).mkdir(parents=True)

    def usb(self, kind: tuple[int, int, int]) -> Device:
        """Plug in a USB device with one interface."""
        device = Device("devices/pci0/usb1/1-1", "bus/usb/001/002", (189, 1))
        folder = self._made(device, "bus/usb", "usb_device")
        (folder / "power").mkdir()
        (folder / "power/control").write_text("auto")
        (folder / "descriptors").write_bytes(_descriptors(kind))
        for name, text in (("idVendor", "04b8"), ("idProduct", "0202")):
            (folder / name).write_text(text)
        return device

    def serial(self, name: str, numbers: tuple[int, int], parent: str) -> Device:
        """Add a serial line, below ``parent``: a USB device, or a chip of the machine."""
        device = Device(f"{parent}/{name}", name, numbers)
        self._made(device, "class/tty")
        return device

    def line_printer(self) -> Device:
        """Add the kernel's own printer file of a USB printer that is plugged in."""
        device = Device(f"{self.usb(PRINTER).path}/lp0", "usb/lp0", (180, 0))
        self._made(device, "class/usbmisc")
        return device

    def verdict(self, device: Device) -> str:
        """Return what udev says and does when ``device`` is added, and the node it leaves."""
        asked = subprocess.run(
            [
                *AT_THE_TOP, "unshare", "--mount", "sh", "-c", _SCRIPT, "udev",
                str(self._rules), str(self.sys), device.path, device.node,
                f"{device.numbers[0]} {device.numbers[1]}",
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert asked.returncode == 0, f"it needs root with the right to mount: {asked}"
        return asked.stdout

    def _made(self, device: Device, kind: str, type_: str = "") -> Path:
        folder = self.sys / device.path
        folder.mkdir(parents=True)
        major, minor = device.numbers
        lines = [f"MAJOR={major}", f"MINOR={minor}", f"DEVNAME={device.node}"]
        lines += [f"DEVTYPE={type_}"] if type_ else []
        (folder / "uevent").write_text("\n".join(lines) + "\n")
        (folder / "subsystem").symlink_to("../" * len(Path(device.path).parts) + kind)
        return folder


def _descriptors(kind: tuple[int, int, int]) -> bytes:
    """A device, its configuration, one interface of this kind and its end point."""
    device = bytes.fromhex("1201000200000040b804020200010000 0001")
    interface = bytes((9, 4, 0, 0, 1, *kind, 0)) + bytes.fromhex("07050102400000")
    return device + bytes((9, 2, 9 + len(interface), 0, 1, 1, 0, 128, 50)) + interface

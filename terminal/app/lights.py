"""The lights of the page: what each device's last words mean for the cashier."""

from drivers.api import (
    CardArrived,
    CardUnreadable,
    Cover,
    DeviceDown,
    DeviceEvent,
    DeviceUp,
    Paper,
    PrinterStatus,
    Scanned,
)
from terminal.counter.desk import DeviceLight

CARD_HUNG = "take the card away"
"""The words in which the supervisor reports a card that never answers."""


def starting(name: str, kind: str) -> DeviceLight:
    """Return the light of a device that has not spoken yet."""
    return DeviceLight(name, kind, "warn", "starting", "")


def after(light: DeviceLight, event: DeviceEvent) -> DeviceLight:
    """Return ``light`` after its device said ``event``."""
    match event:
        case DeviceDown(reason=reason):
            key = "card-hung" if CARD_HUNG in reason else "lost"
            return _with(light, "down", key, reason)
        case PrinterStatus():
            return _printer(light, event)
        case DeviceUp() | CardArrived() | CardUnreadable() | Scanned():
            return _with(light, "up", "ok", "") if light.kind != "printer" else light
        case _:
            return light


def _printer(light: DeviceLight, status: PrinterStatus) -> DeviceLight:
    rows = (
        (status.cover is Cover.OPEN, "down", "cover-open"),
        (status.paper is Paper.OUT, "down", "paper-out"),
        (status.online is False, "down", "offline"),
        (status.online is None, "warn", "silent"),
        (status.paper is Paper.LOW, "warn", "paper-low"),
    )
    for applies, state, key in rows:
        if applies:
            return _with(light, state, key, "")
    return _with(light, "up", "ok", "")


def _with(light: DeviceLight, state: str, key: str, detail: str) -> DeviceLight:
    return DeviceLight(light.name, light.kind, state, key, detail)

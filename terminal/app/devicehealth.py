"""How the devices have been: the supervisor's ups and downs as the page and programs see them."""

from collections.abc import Sequence

from drivers.supervise import DeviceHealth


def history(
    devices: Sequence[DeviceHealth], now_ms: int, monotonic_s: float
) -> list[dict[str, object]]:
    """Return every device with how often it was started again and its newest ups and downs.

    ``monotonic_s`` is now on the supervisor's clock, ``now_ms`` on the wall: moments become those of today's
    wall clock, even if that was set meanwhile.
    """
    return [
        {
            "name": each.device,
            "up": each.up,
            "restarts": each.restarts,
            "history": [
                {
                    "at": now_ms - round(1000 * (monotonic_s - change.at_s)),
                    "up": change.up,
                    "reason": change.reason,
                }
                for change in each.history
            ],
        }
        for each in devices
    ]

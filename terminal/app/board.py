"""What every device last said: its light on the page, and the printer's own word for the print desk."""

from collections.abc import Iterable

from drivers import api
from terminal.app import lights
from terminal.app.printing import PrintDesk


class Board:
    """The loop's."""

    def __init__(self, devices: Iterable[tuple[str, str]], printing: PrintDesk) -> None:
        """Begin with nothing heard; ``devices`` are names and kinds."""
        self.lights = {name: lights.starting(name, kind) for name, kind in devices}
        self.printing = printing

    def take_over(self, before: "Board") -> None:
        """Know what was known over the ledger before: devices tell only news."""
        self.lights = before.lights
        self.printing.able = before.printing.able

    def heard(self, event: api.DeviceEvent) -> None:
        """Take in what a device said of itself."""
        light = self.lights.get(event.device)
        if light is not None:
            self.lights[event.device] = lights.after(light, event)
        printer = self.printing.printer
        if printer is None or event.device != printer.device:
            return
        if isinstance(event, api.PrinterStatus | api.DeviceUp | api.DeviceDown):
            self.printing.heard(event)

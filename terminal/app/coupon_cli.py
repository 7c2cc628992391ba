"""``tallypoint coupon key|issue``: an issuer's key, and coupons for a mailing, made away from any till.

What is issued here stands in no ledger: the head office sees such coupons when they are redeemed. A till with
a key of its own issues with ``POST /coupons``, and then they are counted as issued too.
"""

import argparse
import sys
from datetime import date
from pathlib import Path

from drivers.printers.pictures import to_png
from sync.protocol.keys import BadKeyError, load_or_make, load_secret
from terminal.app.coupons import new_serial, signed
from terminal.core.pricing.coupons import Coupon, parse
from terminal.core.slip import QrCode, TextLine

COUNT_MAX = 100_000
PICTURE_COLUMNS = 32


def run_coupon(asked: argparse.Namespace) -> int:
    """Carry out ``asked`` and return the exit code."""
    try:
        if asked.action == "key":
            print(load_or_make(Path(asked.file)).public.pem().decode(), end="")
            return 0
        return _issue(asked)
    except (BadKeyError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1


def _issue(asked: argparse.Namespace) -> int:
    """Print codes, a line each; and pictures where a folder is given.

    Raises:
        BadKeyError, OSError: The key cannot be read, or a picture not be written.
        ValueError: There is no such day, or a name is not one.
    """
    key = load_secret(Path(asked.key))
    until = int(date.fromisoformat(asked.until).strftime("%Y%m%d"))
    if not 0 < asked.count <= COUNT_MAX:
        raise ValueError(f"--count is from 1 to {COUNT_MAX}")
    for _ in range(asked.count):
        coupon = Coupon(
            asked.issuer, asked.campaign, new_serial(), until, asked.holder, asked.place
        )
        code = signed(coupon, key)
        if parse(code) != (coupon, code.rpartition(".")[2]):
            raise ValueError("issuer, campaign, holder and place are letters, digits and hyphens")
        print(code)
        if asked.qr:
            _draw(Path(asked.qr), coupon, code)
    return 0


def _draw(folder: Path, coupon: Coupon, code: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    parts = (
        TextLine(coupon.campaign, bold=True, centred=True),
        QrCode(code),
        TextLine(coupon.serial),
    )
    (folder / f"{coupon.serial}.png").write_bytes(to_png(parts, PICTURE_COLUMNS))

"""Settings files for tests: a small good one of each kind, and where the examples lie."""

from pathlib import Path

from config.faults import ConfigError, Fault
from config.load import load, load_hq, load_shop

EXAMPLES = Path(__file__).parents[2] / "config" / "examples"

TILL = '[terminal]\nid = "S01-T1"\nstore = "S01"\ncurrency = "CNY"\n'
HQ = (
    '[hq]\ndata = "sqlite:///hq.db"\nbroker = "mqtt://127.0.0.1:1883"\n'
    'signing_key = "hq.key"\ntrust_tills = "first"\n'
)
SHOP = (
    "[versions]\ncatalogue = 1\nrules = 1\n"
    '[[tiers]]\nid = "gold"\nname = "金卡"\npercent = 95\n'
    '[[categories]]\nid = "food"\nname = "食品"\n'
    '[[goods]]\ncode = "1"\nname = "面"\nprice = 480\ncategory = "food"\n'
    'barcodes = ["6901234567892"]\n'
    '[[members]]\nid = "100001"\nname = "陈"\ntier = "gold"\nphone = "13800000001"\n'
    'cards = [{ uid = "04A1B2C3D4E5F6" }]\n'
)
_LOADERS = {"terminal": load, "hq": load_hq, "shop": load_shop}


def faults(folder: Path, text: str | bytes, kind: str = "terminal") -> tuple[Fault, ...]:
    """The faults that loading this text reports; none if it loads."""
    path = folder / f"{kind}.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    try:
        _LOADERS[kind](path)
    except ConfigError as error:
        return error.faults
    return ()


def places(found: tuple[Fault, ...]) -> list[tuple[int, int, str]]:
    """Line, column and key of each fault."""
    return [(fault.line, fault.column, fault.key) for fault in found]

"""Every setting on one page: the terminal's file and the head office's file, as they are written.

Unknown keys are faults. A relative path counts from the folder of the file it stands in. Secrets
are never written here, only the path of the file that holds them.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from config.words import (
    Broker,
    Columns,
    Currency,
    DatabaseUrl,
    Encoding,
    FilePath,
    HostName,
    Id,
    Listen,
    Name,
    Port,
    Text,
    TimeOfDay,
    Trust,
)

DEVICES_MAX = 16
RECEIPT_LINES_MAX = 20
HOSTS_MAX = 20
SUN_MAX = 4
PURSE_MAX = 10_000_000
PurseFen = Annotated[
    int, Meta(ge=0, le=PURSE_MAX, description=f"minor units (fen), 0 to {PURSE_MAX}")
]
Locale = Literal["zh-CN", "en"]
FIRST = "first"
"""The word instead of a path of keys: trust the key that is seen first, then that one only."""
ENROLLED = "enrolled"
"""The word instead of a folder of keys: only a token of `tallypoint hq enrol` lets a till in."""


class Section(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a settings file."""


class Till(Section, frozen=True, kw_only=True):
    """`[terminal]`: who this till is and where it keeps its ledger."""

    id: Id
    """Name of this till, unique in the whole company; part of every record and MQTT topic."""
    store: Id
    """Name of the shop this till stands in."""
    currency: Currency
    """Currency of every amount."""
    locale: Locale = "zh-CN"
    """Language of the page and the receipt."""
    data_dir: FilePath = "/var/lib/tallypoint"
    """Folder of `ledger.db`, `catalog.db`, `members.db` and `backup/`."""
    timezone: Name = "Asia/Shanghai"
    """Time zone of the shop (IANA name); business days are counted in it."""
    business_day_starts: TimeOfDay = "04:00"
    """A sale before this time belongs to the day before."""


class Receipt(Section, frozen=True, kw_only=True):
    """`[receipt]`: what stands above and below the lines of a sale."""

    title: Name = "Tallypoint"
    """Name of the shop, printed large."""
    lines: Annotated[tuple[Text, ...], Meta(max_length=RECEIPT_LINES_MAX)] = ()
    """Address, phone and the like, one string a line."""
    footer: Annotated[tuple[Text, ...], Meta(max_length=RECEIPT_LINES_MAX)] = ()
    """What stands below the sale, one string a line."""
    qr: bool = True
    """Whether the receipt number is also printed as a QR code."""


class PcscReader(Section, frozen=True, kw_only=True, tag_field="driver", tag="pcsc"):
    """A card reader that pcscd knows."""

    name: Name
    """What the page and the log call it."""
    match: Name
    """Part of the PC/SC reader's name; the first reader that contains it is taken."""
    passage: Literal["none", "pn532", "pcsc"] = "none"
    """How a tag's password reaches it: "pn532" (ACR122U), "pcsc" (PC/SC 2.02); "none": not tried."""
    signal: Literal["none", "acr122"] = "none"
    """Whether the reader blinks and beeps when a card was read or refused: "acr122" (ACR122U)."""
    power: FilePath | None = None
    """Switch of its USB port, as `/sys/bus/usb/devices/1-1.2/authorized`: off and on when it fails often."""


class VirtualReader(Section, frozen=True, kw_only=True, tag_field="driver", tag="virtual"):
    """A card reader without hardware, tapped through the API."""

    name: Name
    """What the page and the log call it."""
    purses: FilePath | None = None
    """File in which virtual cards keep their money; without it they have none."""


Reader = PcscReader | VirtualReader


class SerialScanner(Section, frozen=True, kw_only=True, tag_field="driver", tag="serial"):
    """A bar-code scanner on a serial port or USB in serial mode."""

    name: Name
    """What the page and the log call it."""
    port: FilePath
    """Device file; `/dev/serial/by-id/…` stays the same when plugged elsewhere."""
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    """Speed of the line in bits per second."""
    suffix: Literal["auto", "cr", "lf", "crlf", "tab", "none"] = "auto"
    """What the scanner sends after a code; "none" ends a code by a pause."""
    repeat_ms: Annotated[int, Meta(ge=0, le=10_000, description="milliseconds from 0 to 10000")] = (
        500
    )
    """The same code again within this time is one scan; 0 counts every one."""


class VirtualScanner(Section, frozen=True, kw_only=True, tag_field="driver", tag="virtual"):
    """A scanner without hardware, fed through the API."""

    name: Name
    """What the page and the log call it."""


Scanner = SerialScanner | VirtualScanner


class _Paper(Section, frozen=True, kw_only=True):
    """What every receipt printer has."""

    name: Name
    """What the page and the log call it."""
    columns: Columns = 48
    """Characters a line: 48 on 80 mm paper, 32 on 58 mm; a Chinese character takes two."""
    encoding: Encoding = "gb18030"
    """How text reaches the printer; "picture" draws it."""
    profile: Name = "default"
    """The printer's profile in python-escpos, such as "TM-T88V"."""
    drawer: bool = False
    """Whether a cash drawer hangs on this printer."""
    answers: bool = True
    """Whether it answers when asked; without, it is believed when it has taken every byte."""


class NetworkPrinter(_Paper, frozen=True, kw_only=True, tag_field="driver", tag="network"):
    """A receipt printer on the network."""

    host: HostName
    """Name or address of the printer."""
    port: Port = 9100
    """Port for raw printing."""


class FilePrinter(_Paper, frozen=True, kw_only=True, tag_field="driver", tag="file"):
    """A receipt printer behind a device file, such as `/dev/usb/lp0`, or a plain file."""

    path: FilePath
    """The file the bytes are written to."""


class VirtualPrinter(_Paper, frozen=True, kw_only=True, tag_field="driver", tag="virtual"):
    """A printer without hardware, whose paper the API can show and take out."""


Printer = NetworkPrinter | FilePrinter | VirtualPrinter


class Counter(Section, frozen=True, kw_only=True):
    """`[counter]`: the cashier's page and the API."""

    listen: Listen = "127.0.0.1:8080"
    """Address of this machine only; for the network put a TLS proxy before it (see `hosts`)."""
    hosts: Annotated[tuple[HostName, ...], Meta(max_length=HOSTS_MAX)] = ()
    """Further names under which the page may be asked for (a proxy's); all others are refused."""


class Link(Section, frozen=True, kw_only=True):
    """How a program reaches the MQTT broker."""

    broker: Broker
    """Address of the broker; `mqtts://` is encrypted."""
    ca: FilePath | None = None
    """Certificates that vouch for the broker; without it those of the system."""
    certificate: FilePath | None = None
    """Our own certificate, if the broker wants one; together with `key`."""
    key: FilePath | None = None
    """File of the private key to `certificate`."""
    username: Name | None = None
    """Name to sign in at the broker; together with `password_file`."""
    password_file: FilePath | None = None
    """File that holds the password, and nothing else."""
    keepalive_s: Annotated[int, Meta(ge=5, le=3600, description="seconds from 5 to 3600")] = 60
    """Seconds of silence after which the broker counts us as gone."""


class Sync(Link, frozen=True, kw_only=True):
    """`[sync]`: the way to the head office; without this table the ledger stays here."""

    trust_hq: Trust
    """File of the head office's public key, or "first" (keeps the first it sees; demo, tests)."""


class Shop(Section, frozen=True, kw_only=True):
    """`[shop]`: goods, members and rules from a file, where no head office sends them."""

    data: FilePath
    """The shop file, see `examples/shop.toml`."""
    rules: FilePath | None = None
    """The rules file, see `examples/rules.toml`; without it only prices by tier and category."""


class Coupons(Section, frozen=True, kw_only=True):
    """`[coupons]`: whose coupons are taken, and what this till signs its own with."""

    issuers: FilePath | None = None
    """Folder of the issuers' public keys, a file `ISSUER.pub` each."""
    issuer: Id = "shop"
    """Name under which this till issues coupons."""
    key: FilePath | None = None
    """File of the private Ed25519 key it signs coupons with; without it, it issues none."""


class Keys(Section, frozen=True, kw_only=True):
    """`[keys]`: files of secrets; both are made at the first start if they do not exist."""

    till_key: FilePath | None = None
    """File of this till's private Ed25519 key; without it `till.key` in `data_dir`."""
    pepper: FilePath | None = None
    """File of the secret mixed into PIN hashes; without it `pepper` in `data_dir`."""


_Fen = Annotated[int, Meta(ge=0, le=10**12, description="minor units (fen), 0 or more")]
_Hours = Annotated[int, Meta(ge=0, le=8760, description="hours from 0 to 8760")]


class Value(Section, frozen=True, kw_only=True):
    """`[value]`: stored value at this till: who may pay with it, and what the law allows."""

    order: Literal["together", "bonus-first", "principal-first"] = "together"
    """What of a top-up is used first: principal and bonus in proportion, or one before the other."""
    pay_by: Annotated[tuple[Literal["card", "uid", "phone", "number"], ...], Meta(max_length=4)] = (
        "card",
        "uid",
        "phone",
        "number",
    )
    """What may name who pays: "uid" can be copied, "phone" and "number" are known to others."""
    confirm_from: _Fen = 0
    """From this much on the last 4 digits of the phone number are asked for; 0: never."""
    named_max: _Fen = 500_000
    """The most on a named account (law for prepaid cards: 5,000 yuan); 0: no limit."""
    anonymous_max: _Fen = 100_000
    """The most on an account without a name (1,000 yuan); 0: no limit."""
    cash_from: _Fen = 5_000_000
    """From this much on a top-up is not taken in cash (50,000 yuan); 0: no limit."""
    topup_role: Literal["cashier", "supervisor"] = "cashier"
    """Who may top up."""
    topup_hours: _Hours = 24
    """So long what was topped up here may be spent here while the head office is not reached."""
    old_hours: _Hours = 24
    """After so long without the head office's word a payment is limited to `old_max`; 0: never."""
    old_max: _Fen = 20_000
    """The most per payment then."""
    stop_hours: _Hours = 168
    """After so long without its word nothing is paid with stored value; 0: never."""


class Cards(Section, frozen=True, kw_only=True):
    """`[cards]`: what the till must know of cards that were issued with keys."""

    keys: FilePath | None = None
    """File of master keys, a version and 32 hex digits a line; without it cards are known by UID."""
    sam: Name | None = None
    """Part of the PC/SC name of the slot with a SAM that holds the master keys, in place of `keys`."""
    sam_key: FilePath | None = None
    """File of the key that the till shows itself to the SAM with: its version and 32 hex digits."""
    sam_host: Annotated[int, Meta(ge=0, le=127, description="a number from 0 to 127")] = 0
    """Entry of the SAM that holds the till's key."""
    sam_entry: Annotated[int, Meta(ge=0, le=127, description="a number from 0 to 127")] = 1
    """Entry of the SAM that holds the master keys, AES-128, up to three versions."""
    sun: Annotated[tuple[Text, ...], Meta(max_length=SUN_MAX)] = ()
    """Addresses that the shop's NTAG 424 write, as `https://example.com/m?e={picc}&c={mac}`."""
    wallets: bool = False
    """Whether CPU cards with our wallet are looked for; other chip cards take longer then."""
    purses: bool = False
    """Whether money on cards is taken here; needs `keys`."""
    purse_named_max: PurseFen = 500_000
    """Most that a card with a known holder may hold, in fen: the rule for named prepaid cards."""
    purse_anonymous_max: PurseFen = 100_000
    """Most that any other card may hold, in fen: the rule for anonymous prepaid cards."""
    purse_top_up_max: PurseFen = 50_000
    """Most that a cashier loads at once, in fen; a supervisor up to what the card may hold."""


class Terminal(Section, frozen=True, kw_only=True):
    """The terminal's file, `/etc/tallypoint/terminal.toml`."""

    terminal: Till
    receipt: Receipt = Receipt()
    readers: Annotated[tuple[Reader, ...], Meta(max_length=DEVICES_MAX)] = ()
    scanners: Annotated[tuple[Scanner, ...], Meta(max_length=DEVICES_MAX)] = ()
    printers: Annotated[tuple[Printer, ...], Meta(max_length=DEVICES_MAX)] = ()
    counter: Counter = Counter()
    sync: Sync | None = None
    shop: Shop | None = None
    keys: Keys = Keys()
    cards: Cards = Cards()
    coupons: Coupons = Coupons()
    value: Value = Value()

    def till_key(self) -> str:
        """Path of the till's private key."""
        return self.keys.till_key or f"{self.terminal.data_dir}/till.key"

    def pepper(self) -> str:
        """Path of the secret mixed into PIN hashes."""
        return self.keys.pepper or f"{self.terminal.data_dir}/pepper"


class Ahead(Section, frozen=True, kw_only=True):
    """`[[hq.ahead]]`: stored value set aside for when a till is cut off; the first that fits counts."""

    store: Id | None = None
    """Only for tills of this shop; without it for all."""
    tier: Id | None = None
    """Only for members of this tier; without it for all."""
    most: _Fen
    """The most for each member who bought there lately, in minor units; 0: nothing."""
    hours: Annotated[int, Meta(ge=1, le=720, description="hours from 1 to 720")] = 12
    """So long the till may spend it."""


class Hq(Link, frozen=True, kw_only=True):
    """`[hq]`: the head office."""

    data: DatabaseUrl
    """The database that holds every till's records and the books: an SQLite file, or a PostgreSQL server."""
    data_password_file: FilePath | None = None
    """File that holds PostgreSQL's password, and nothing else; not needed with peer or certificate."""
    listen: Listen = "127.0.0.1:8090"
    """Address of the page, on this machine only."""
    hosts: Annotated[tuple[HostName, ...], Meta(max_length=HOSTS_MAX)] = ()
    """Further names under which the page may be asked for; all others are refused."""
    workers: Annotated[int, Meta(ge=1, le=64, description="a number from 1 to 64")] = 1
    """Processes that store batches; more than one needs PostgreSQL, and MQTT 5's shared subscriptions."""
    signing_key: FilePath
    """File of the private Ed25519 key that signs acknowledgements; made at the first start."""
    trust_tills: Trust
    """Folder of the tills' public keys, "enrolled" (by token only) or "first" (keeps the first; tests)."""
    pki: FilePath | None = None
    """Folder of the head office's certificates, made by `tallypoint hq certify`; needed to enrol tills."""
    reached_as: HostName | None = None
    """Name or address under which tills reach the broker; stands in tokens."""
    till_port: Port = 8883
    """Port of the broker for tills, with TLS and certificates."""
    enrol_port: Port = 8884
    """Port of the broker for machines that are not enrolled yet; they can do nothing else there."""
    shop: FilePath | None = None
    """A shop file: goods, members, rules and operators for tills without one, and names for the page."""
    ahead: Annotated[tuple[Ahead, ...], Meta(max_length=50)] = ()
    """What of members' stored value tills may spend while they are cut off."""
    locale: Locale = "zh-CN"
    """Language of the page."""
    timezone: Name = "Asia/Shanghai"
    """Time zone of days on the page (IANA name)."""


class HeadOffice(Section, frozen=True, kw_only=True):
    """The head office's file, `/etc/tallypoint/hq.toml`."""

    hq: Hq

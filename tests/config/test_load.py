import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.faults import ConfigError, render
from config.load import listen_of, load, load_hq, load_shop
from config.schema import FilePrinter, NetworkPrinter, PcscReader, SerialScanner, VirtualReader
from sync.hq.database import StoreError
from sync.hq.opening import address_of
from tests.config.files import EXAMPLES, HQ, SHOP, TILL, faults, places


def test_the_example_of_a_till_loads():
    settings = load(EXAMPLES / "terminal.toml")
    assert isinstance(settings.readers[0], PcscReader)
    assert isinstance(settings.scanners[0], SerialScanner)
    assert isinstance(settings.printers[0], NetworkPrinter)
    assert settings.printers[0].port == 9100
    assert settings.till_key() == "/var/lib/tallypoint/till.key"


def test_the_example_without_hardware_loads_and_finds_its_shop():
    settings = load(EXAMPLES / "terminal-virtual.toml")
    assert settings.readers == (VirtualReader(name="counter"),)
    assert settings.shop is not None
    assert load_shop(settings.shop.data).versions.catalogue == 1


def test_the_example_of_a_head_office_loads():
    assert load_hq(EXAMPLES / "hq-postgresql.toml").hq.workers == 2
    settings = load_hq(EXAMPLES / "hq.toml")
    assert settings.hq.data == "sqlite:////var/lib/tallypoint-hq/hq.db"
    assert settings.hq.shop == str(EXAMPLES / "shop.toml")


def test_the_demo_shop_loads_and_has_something_of_everything():
    shop = load_shop(EXAMPLES / "shop.toml")
    assert [tier.name for tier in shop.tiers] == ["普卡", "银卡", "金卡"]
    assert len(shop.goods) >= 24
    assert len(shop.members) == 12
    assert {good.unit for good in shop.goods} == {"piece", "kg"}
    assert {operator.id: operator.role for operator in shop.operators} == {
        "1001": "cashier",
        "9001": "supervisor",
    }


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    text = TILL + 'data_dir = "data"\n[[printers]]\nname = "p"\ndriver = "file"\npath = "out.bin"\n'
    assert not faults(tmp_path, text)
    settings = load(tmp_path / "terminal.toml")
    assert settings.terminal.data_dir == str(tmp_path / "data")
    assert settings.pepper() == str(tmp_path / "data" / "pepper")
    assert isinstance(settings.printers[0], FilePrinter)
    assert settings.printers[0].path == str(tmp_path / "out.bin")


def test_the_word_first_is_no_path(tmp_path):
    assert not faults(tmp_path, HQ, "hq")
    settings = load_hq(tmp_path / "hq.toml").hq
    assert settings.trust_tills == "first"
    assert settings.data == f"sqlite:///{tmp_path}/hq.db"


def test_all_faults_are_told_at_once_with_line_and_column(tmp_path):
    text = (
        '[terminal]\nid = "S 01"\nstore = 5\ncurency = "CNY"\ntimezone = "Asia/Shangai"\n\n'
        '[[printers]]\nname = "r"\ndriver = "netwrk"\n[[printers]]\nname = "r"\n'
        'driver = "network"\nhost = "10.0.0.1"\ncolumns = "48"\n[[readers]]\ndriver = "pcsc"\n'
        'name = "c"\n[counter]\nlisten = "0.0.0.0:80"\n'
    )
    found = faults(tmp_path, text)
    assert places(found) == [
        (1, 1, "terminal.currency"),
        (2, 6, "terminal.id"),
        (3, 9, "terminal.store"),
        (4, 1, "terminal.curency"),
        (5, 12, "terminal.timezone"),
        (9, 10, "printers[1].driver"),
        (11, 8, "printers[2].name"),
        (14, 11, "printers[2].columns"),
        (15, 1, "readers[1].match"),
        (19, 10, "counter.listen"),
    ]


def test_a_typing_error_is_met_with_a_guess(tmp_path):
    text = TILL + 'timezone = "Asia/Shangai"\n[[printers]]\nname = "p"\ndriver = "netwrk"\n'
    zone, driver = faults(tmp_path, text)
    assert zone.hint == 'did you mean "Asia/Shanghai"?'
    assert driver.hint == 'did you mean "network"?'
    (unknown,) = faults(tmp_path, TILL + "[countr]\n")
    assert unknown.hint == 'did you mean "counter"?'


def test_several_broken_lines_are_all_told(tmp_path):
    found = faults(tmp_path, '[terminal]\nid = S01\nid = "A"\nstore = "S01\ncolour = 1\n')
    assert places(found)[:2] == [(2, 6, ""), (4, 13, "")]
    assert found[0].message == "this is no TOML value"
    assert "terminal.colour" in [fault.key for fault in found]
    assert "terminal.store" not in [fault.key for fault in found]


def test_a_key_given_twice_is_told_at_its_second_line(tmp_path):
    (fault,) = faults(tmp_path, TILL + 'id = "S01-T2"\n')
    assert (fault.line, fault.message) == (5, "this key was given before")


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ('[[readers]]\nname = "x"\ndriver = "virtual"\n' * 2, "readers[2].name"),
        ('[sync]\nbroker = "mqtt://h:99999"\ntrust_hq = "first"\n', "sync.broker"),
        ('[sync]\nbroker = "http://h"\ntrust_hq = "first"\n', "sync.broker"),
        ('[sync]\nbroker = "mqtt://h"\n', "sync.trust_hq"),
        ('[sync]\nbroker = "mqtts://h"\ntrust_hq = "f"\nkey = "k"\n', "sync.key"),
        ('[sync]\nbroker = "mqtts://h"\ntrust_hq = "f"\nusername = "u"\n', "sync.username"),
        ('[counter]\nlisten = "192.0.2.1:8080"\n', "counter.listen"),
        ('[counter]\nlisten = "127.0.0.1:0"\n', "counter.listen"),
        ('[[scanners]]\nname = "g"\ndriver = "serial"\nport = "/dev/x"\nbaud = 9601\n', None),
        ('[receipt]\ntitle = "a\\u001b@"\n', "receipt.title"),
        ('[receipt]\ntitle = "a\\u202Eb"\n', "receipt.title"),
        ('[receipt]\nlines = "one"\n', "receipt.lines"),
        ("[receipt]\nqr = 1\n", "receipt.qr"),
        ('[printers]\nname = "p"\n', "printers"),
        ("readers = 1979-05-27\n", "terminal.readers"),
        ('business_day_starts = "24:00"\n', "terminal.business_day_starts"),
        ('timezone = "../../etc/passwd"\n', "terminal.timezone"),
        ('timezone = "Asia"\n', "terminal.timezone"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_key(tmp_path, more, key):
    (fault,) = faults(tmp_path, TILL + more)
    assert fault.key == (key or "scanners[1].baud")
    assert fault.line > 0
    assert fault.source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"\xff\xfe[\x00t\x00", "this is not UTF-8 text"),
        (b"#" + b"x" * 5000, "a line is longer than 4096 characters"),
        (b"a." * 1000 + b"b = 1", "a key has more than 9 parts"),
        (b"a = " + b"[" * 4000, "lists or tables are nested too deeply"),
        (b"# \x00", "Found invalid character '\\x00'"),
        (b"#" * 80 + b"\n", None),
        (b"x\n" * 600_000, "is larger than 1 MB"),
    ],
)
def test_hostile_files_are_refused_and_never_crash(tmp_path, text, message):
    found = faults(tmp_path, text)
    assert found
    assert message is None or found[0].message == message


def test_a_file_that_is_absent_a_folder_or_a_pipe_is_named(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none.toml", tmp_path, tmp_path / "pipe"):
        with pytest.raises(ConfigError) as refused:
            load(path)
        assert refused.value.faults[0].file == str(path)
        assert refused.value.faults[0].line == 0


def test_windows_line_ends_and_a_byte_order_mark_are_fine(tmp_path):
    text = ("\ufeff" + TILL + "colour = 1\n").replace("\n", "\r\n")
    (fault,) = faults(tmp_path, text)
    assert (fault.line, fault.column) == (5, 1)


@pytest.mark.parametrize(
    ("more", "key", "words"),
    [
        ('[[tiers]]\nid = "gold"\nname = "x"\npercent = 95\n', "tiers[2].id", "is taken"),
        (
            '[[goods]]\ncode = "2"\nname = "x"\nprice = 1\ncategory = "fod"\n',
            "goods[2].category",
            'there is no "fod" in [[categories]]',
        ),
        (
            (
                '[[goods]]\ncode = "2"\nname = "x"\nprice = 1\ncategory = "food"\n'
                'barcodes = ["6901234567893"]\n'
            ),
            "goods[2].barcodes[1]",
            "wrong check digit",
        ),
        (
            (
                '[[goods]]\ncode = "2"\nname = "x"\nprice = 1\ncategory = "food"\n'
                'barcodes = ["06901234567892"]\n'
            ),
            "goods[2].barcodes[1]",
            "is taken",
        ),
        (
            '[[goods]]\ncode = "2"\nname = "x"\nprice = 1.5\ncategory = "food"\n',
            "goods[2].price",
            "an amount in minor units (fen), a whole number, not 1.5",
        ),
        (
            '[[members]]\nid = "2"\nname = "x"\ntier = "gold"\nbirthday = "02-30"\n',
            "members[2].birthday",
            "no such day",
        ),
        (
            (
                '[[members]]\nid = "2"\nname = "x"\ntier = "gold"\n'
                'cards = [{ uid = "04A1B2C3D4E5F6" }]\n'
            ),
            "members[2].cards[1].uid",
            "is taken",
        ),
        (
            '[[members]]\nid = "2"\nname = "x"\ntier = "gold"\ncards = [{ uid = "08112233" }]\n',
            "members[2].cards[1].uid",
            "random",
        ),
        (
            '[[members]]\nid = "2"\nname = "x"\ntier = "gold"\ncards = [{}]\n',
            "members[2].cards[1]",
            "either",
        ),
        (
            '[[operators]]\nid = "1"\nname = "x"\npin = "246810"\n',
            "operators[1].pin",
            "must be changed",
        ),
        ('[[operators]]\nid = "1"\nname = "x"\n', "operators[1]", "either"),
        (
            '[[rules]]\nkind = "earn"\nid = "e"\nname = "x"\namount = 100\ncategory = "food"\n',
            "rules[1].category",
            "points by category are not known",
        ),
        (
            (
                '[[rules]]\nkind = "earn"\nid = "e"\nname = "x"\namount = 100\n'
                '[[rules]]\nkind = "earn"\nid = "f"\nname = "x"\namount = 200\n'
            ),
            "rules[2]",
            "second earn rule beside rules[1]",
        ),
        (
            (
                '[[members]]\nid = "2"\nname = "x"\ntier = "gold"\ncards = [{ number = "ab12" }]\n'
                '[[members]]\nid = "3"\nname = "x"\ntier = "gold"\ncards = [{ number = "AB12" }]\n'
            ),
            "members[3].cards[1].number",
            "is taken",
        ),
    ],
)
def test_what_does_not_fit_together_in_a_shop_is_refused(tmp_path, more, key, words):
    (fault,) = faults(tmp_path, SHOP + more, "shop")
    assert fault.key == key
    assert words in fault.message
    assert fault.line > SHOP.count("\n")


@pytest.mark.parametrize(
    ("data", "more", "key", "words"),
    [
        ("sqlite:///hq.db", "workers = 2\n", "hq.workers", "one writer"),
        ("sqlite:///hq.db", 'data_password_file = "p"\n', "hq.data_password_file", "no password"),
        ("postgresql://me:geheim@db/shop", "", "hq.data", "holds a password"),
        ("postgresql://db/shop?password=geheim", "", "hq.data", "holds a password"),
        ("postgresql://", "", "hq.data", "must be a database"),
        ("mysql://db/shop", "", "hq.data", "must be a database"),
    ],
)
def test_what_does_not_fit_a_database_is_refused_without_showing_its_password(
    tmp_path, data, more, key, words
):
    text = HQ.replace("sqlite:///hq.db", data) + more
    (fault,) = faults(tmp_path, text, "hq")
    assert (fault.key, words in fault.message) == (key, True), fault
    assert "geheim" not in render(fault)


def test_a_server_may_have_workers_and_its_password_is_a_file_beside_the_settings(tmp_path):
    text = HQ.replace("sqlite:///hq.db", "postgresql://me@db:5433/shop?sslmode=verify-full")
    assert not faults(tmp_path, text + 'workers = 8\ndata_password_file = "p"\n', "hq")
    settings = load_hq(tmp_path / "hq.toml").hq
    assert (settings.workers, settings.data_password_file) == (8, str(tmp_path / "p"))
    (tmp_path / "p").write_text("a b&c\n")
    assert address_of(settings).endswith("?sslmode=verify-full&password=a%20b%26c")
    (tmp_path / "p").write_text("\n")
    with pytest.raises(StoreError, match="no password"):
        address_of(settings)


@pytest.mark.parametrize("name", ["hq", "HQ", "Hq"])
def test_no_till_is_called_like_the_head_office(tmp_path, name):
    (fault,) = faults(tmp_path, TILL.replace('"S01-T1"', f'"{name}"'))

    assert (fault.line, fault.column, fault.key) == (2, 6, "terminal.id")
    assert "is the name of the head office itself" in fault.message
    assert "S01-T1" in fault.hint
    assert faults(tmp_path, TILL.replace('"S01-T1"', '"hq-1"')) == ()


def test_a_good_settings_file_never_loads_what_only_faults_need():
    code = (
        f"import sys; from config.load import load; load({str(EXAMPLES / 'terminal.toml')!r});"
        "print([m for m in ('difflib', 'spanned_toml', 'config.walk') if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=root, check=True)
    assert answer.stdout.strip() == b"[]"


@pytest.mark.parametrize(
    ("text", "listen"),
    [
        ('[counter]\nlisten = "127.0.0.1:8123"\nno_such_key = 1', "127.0.0.1:8123"),
        ("[counter]\nlisten = 8123", "127.0.0.1:8080"),
        ('[counter]\nlisten = "0.0.0.0:80"', "127.0.0.1:8080"),
        ("counter = []", "127.0.0.1:8080"),
        ("[counter", "127.0.0.1:8080"),
        ("\0", "127.0.0.1:8080"),
    ],
)
def test_the_fault_page_of_broken_settings_listens_where_they_say_if_they_do(
    tmp_path: Path, text: str, listen: str
):
    (tmp_path / "terminal.toml").write_text(text)

    assert listen_of(tmp_path / "terminal.toml") == listen
    assert listen_of(tmp_path / "missing.toml") == "127.0.0.1:8080"

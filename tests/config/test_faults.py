from config.faults import Fault, masked, one_line, render, render_all
from tests.config.files import SHOP, TILL, faults


def test_a_fault_is_one_line_that_an_editor_can_follow():
    fault = Fault("t.toml", 3, 9, "terminal.store", "must be text", "write S01", "store = 5")
    assert one_line(fault) == "t.toml:3:9: terminal.store: must be text (write S01)"


def test_the_caret_stands_below_the_place_even_after_chinese():
    fault = Fault("t.toml", 3, 8, "k", "wrong", "", "小票 = 1; x")
    caret = render(fault).splitlines()[-1]
    assert caret == "      | " + " " * 9 + "^"


def test_a_long_line_is_shown_around_the_place():
    line = "x" * 3000 + "!" + "y" * 900
    shown = render(Fault("t", 1, 3001, "k", "wrong", "", line)).splitlines()
    assert shown[1][shown[2].index("^")] == "!"
    assert len(shown[1]) < 120


def test_no_secret_is_shown_in_message_line_or_error(tmp_path):
    text = TILL + '[sync]\nbroker = "mqtt://h"\npassword = "hunter2"\npin = "hunter2" x\n'
    for broken in (text, text.replace(" x", "")):
        assert "hunter2" not in render_all(faults(tmp_path, broken))
    operator = '[[operators]]\nid = "1"\nname = "x"\nmust_change = true\npin = "hunter2"\n'
    found = faults(tmp_path, SHOP + operator, "shop")
    assert [fault.key for fault in found] == ["operators[1].pin"]
    assert "hunter2" not in render_all(found)


def test_a_file_cannot_move_the_cursor_of_the_one_who_reads_its_faults(tmp_path):
    found = faults(tmp_path, TILL + "\x1b[2J = 1\n")
    assert "\x1b" not in render_all(found)
    (fault,) = faults(tmp_path, TILL + '"\\u001B[2J" = 1\n')
    assert "\x1b" not in render_all((fault,))


def test_an_inline_secret_is_masked_to_the_end_of_its_line():
    assert masked('o = { pin = "1", x = 2 }') == "o = { pin = ***"

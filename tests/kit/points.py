"""A points programme with a rule of every kind, and a till that goes by it."""

from tests.kit.rules import with_rules
from tests.kit.till import TillProcess

RULES = """
version = 7

[[points]]
id = "base"
name = "每元一分"
bands = [{ per = 100, points = 1 }]
factors = [{ name = "饮料双倍", percent = 200, on.categories = ["drink"] }]
lapse = "months"
after = 12

[[points]]
id = "slow"
name = "七天后到账"
bands = [{ per = 100, points = 1 }]
pending_days = 7

[[points]]
id = "growth"
name = "成长值"
kind = "standing"
bands = [{ per = 100, points = 3 }]

[[points]]
id = "month"
name = "月满加赠"
bands = [{ start = 1000, per = 100, points = 2 }]
ladder = "whole"
every = "year"
together = true
lapse = "months"
after = 6

[burn]
name = "积分抵现"
points = 100
money = 100
points_min = 100
step = 100
percent_max = 50

[awards]
lapse = "months"
after = 1
registration = { id = "join", name = "入会礼", points = 50, total = 1 }
referral = { name = "推荐有礼", levels = [100, 10] }
check_in = { name = "签到", table = [1, 2, 5] }
top_up = { name = "充值送积分", bands = [{ per = 10000, points = 20 }] }

[[awards.events]]
id = "share"
name = "分享"
points = 5
per_day = 1

[[gifts]]
id = "mug"
name = "马克杯"
points = 60
money = 990
stock = 3
per_member = 2

[[gifts]]
id = "park"
name = "停车两小时"
what = "virtual"
points = 10

[[gifts]]
id = "gold"
name = "升级金卡"
what = "upgrade"
grants = "gold"
days = 365
points = 1

[[lotteries]]
id = "wheel"
name = "转盘"
points = 10
draws = 3
prizes = [{ id = "tissue", name = "纸巾", odds = 1000000, stock = 2 }]
"""


def with_points(till: TillProcess, rules: str = RULES) -> TillProcess:
    """Return ``till`` with these rules in force from its next start."""
    return with_rules(till, rules)

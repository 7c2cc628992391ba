"""Members' names for the page, from the shop file, where the settings name one."""

from collections.abc import Callable

from config.load import load_shop


def member_names(shop: str | None) -> Callable[[str], str]:
    """Return a function from account numbers to names, empty for those that are not known here.

    Raises:
        ConfigError: The shop file has faults.
    """
    if shop is None:
        return lambda _account: ""
    names = {member.id: member.name for member in load_shop(shop).members}
    return lambda account: names.get(account, "")

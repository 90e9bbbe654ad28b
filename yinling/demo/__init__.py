"""The demonstration centre: an invented town of two hundred homes with its people, devices and past week."""

from yinling.demo.accounts import ACCOUNTS, ADMINISTRATOR_PASSWORD, COLLEAGUE, FAMILY_HOME, HOMES
from yinling.demo.centre import FirstSos, ensure_centre

__all__ = ["ACCOUNTS", "ADMINISTRATOR_PASSWORD", "COLLEAGUE", "FAMILY_HOME", "HOMES", "FirstSos", "ensure_centre"]

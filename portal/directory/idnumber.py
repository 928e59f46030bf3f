"""公民身份号码, GB 11643-1999: eighteen characters with a check digit. Places are not checked: old counties are genuine."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK = "10X98765432"
FORM = re.compile(r"[1-9]\d{16}[\dX]")


class IdNumberError(ValueError):
    """Why an identity number is refused: ``code`` for programs, the text for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def check_digit(first17: str) -> str:
    """ISO 7064 MOD 11-2 over the first seventeen digits."""
    return CHECK[sum(int(digit) * weight for digit, weight in zip(first17, WEIGHTS, strict=True)) % 11]


def check_id_number(text: str) -> str:
    """The number in its normal form (half width, no blanks, capital X); raises IdNumberError."""
    number = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()
    if not FORM.fullmatch(number):
        raise IdNumberError("id_form", "身份号码应为 18 位，前 17 位为数字，末位为数字或 X")
    if check_digit(number[:17]) != number[17]:
        raise IdNumberError("id_check_digit", "身份号码校验位不符，请核对")
    try:
        dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise IdNumberError("id_birth_date", "身份号码中的出生日期不存在") from None
    return number


def mask_id_number(number: str) -> str:
    """The form for screens: six digits, eight stars, four characters."""
    return f"{number[:6]}********{number[-4:]}" if len(number) == 18 else ""

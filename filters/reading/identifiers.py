"""Personal data that can be told by its form: e-mail addresses, telephone, payment card and bank account numbers.

Every function counts in one text. What is reserved for examples (example.com, 555-0100, 4242 4242 4242 4242)
is nobody's and does not count.
"""

from __future__ import annotations

import re

_EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,5}[A-Za-z]{2,24})(?![\w-])"
)
# RFC 2606, and the domains that writers of examples make up.
_EXAMPLE_DOMAIN = re.compile(
    r"(?:^|\.)(?:example\.\w+|test|invalid|localhost|(?:domain|yourdomain|email|mail|company|somecompany|abc|xyz)\.com)$"
)
# Digits in groups as numbers are dialled; which of them are telephone numbers is for `_is_phone` to say.
_DIGITS = re.compile(r"(?<![\w.,/=+$€£¥-])(\+|00)?\(?\d(?:[\d ().-]|/(?=\d)){5,22}\d(?![\w%]|[.,]\d|-\d)")
_LABEL = re.compile(
    r"(?:tel(?:ephone|éfono)?|phone|mobile|cell|fax|call(?: us| me)?(?: at| on)?|whats ?app|hp|hotline|contact"
    r"(?: no| number)?|电话|手机|传真|電話|telefon|handy)[\s.:：()#]*(?:no\.?|number|at|is)?[\s.:：()#+]*$",
    re.IGNORECASE,
)
_NORTH_AMERICAN = re.compile(r"(?:1[ .-]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[.-])[2-9]\d{2}[ .-]\d{4}(?!\d|[.-]\d)")
_NATIONAL = re.compile(r"\(?0[1-9]\d{0,3}\)?[ /-](?:\d{2,8})(?:[ -]\d{2,4}){0,4}")  # Europe, Asia: a 0, then groups
_CHINESE_MOBILE = re.compile(r"1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d|[.-]\d)")
_DATE = re.compile(r"(?:19|20)\d{2}[-/. ]\d{1,2}[-/. ]\d{1,2}|\d{1,2}[-/. ]\d{1,2}[-/. ](?:19|20)?\d{2}(?!\d)")
_FICTIONAL = re.compile(r"55501\d{2}$|123456789|(\d)\1{6}")

_CARD = re.compile(r"(?<![\w.,+-])[2-6]\d{3}(?:([ -]?)\d{4}\1\d{4}\1\d{1,7}|[ -]?\d{6}[ -]?\d{5})(?![\w-]|[.,]\d)")
# First digits -> lengths of the networks in use: Visa, Mastercard, American Express, JCB, Discover, UnionPay.
_NETWORKS = re.compile(
    r"4\d{15}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|3[47]\d{13}|35\d{14}|6(?:011|5\d\d|4[4-9]\d)\d{12}|62\d{14,17}"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,34}")
_IBAN_LENGTHS = {
    country: int(length)
    for length, countries in {
        "15": "NO",
        "16": "BE",
        "18": "DK FI NL FO GL",
        "19": "MK SI",
        "20": "AT BA EE KZ LT LU XK",
        "21": "CH HR LI LV",
        "22": "BG BH CR DE GB GE IE ME RS VA",
        "23": "AE GI IL TL",
        "24": "AD CZ ES MD PK RO SA SE SK TN VG",
        "25": "PT",
        "26": "IS TR",
        "27": "FR GR IT MC MR SM",
        "28": "AL AZ BY CY DO GT HU LB PL SV",
        "29": "BR EG PS QA UA",
        "30": "JO KW MU",
        "31": "MT SC",
    }.items()
    for country in countries.split()
}


def emails(text: str) -> int:
    """E-mail addresses at domains that may be somebody's."""
    return sum(not _EXAMPLE_DOMAIN.search(domain.lower()) for domain in _EMAIL.findall(text))


def phones(text: str) -> int:
    """Telephone numbers: international with +, North American, national with a 0 and groups, Chinese mobile ones, and
    any after a word such as "Tel". Dates, sums, order numbers and coordinates have other forms."""
    return sum(_is_phone(found, text[max(0, found.start() - 24) : found.start()]) for found in _DIGITS.finditer(text))


def cards(text: str) -> int:
    """Payment card numbers: a network's first digits and length, and a right check digit (Luhn)."""
    found = (re.sub(r"\D", "", match[0]) for match in _CARD.finditer(text))
    return sum(_NETWORKS.fullmatch(digits) is not None and luhn(digits) and len(set(digits)) > 3 for digits in found)


def ibans(text: str) -> int:
    """International bank account numbers of a country's length with right check digits."""
    return sum(is_iban(_of_length(match[0], text[match.end() : match.end() + 1])) for match in _IBAN.finditer(text))


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(int(digit) for digit in digits[::-2])) % 10 == 0


def is_iban(text: str) -> bool:
    """Whether the length is the country's and the check digits are right (ISO 13616, modulo 97)."""
    compact = text.replace(" ", "")
    if _IBAN_LENGTHS.get(compact[:2]) != len(compact):
        return False
    return int("".join(str(int(sign, 36)) for sign in compact[4:] + compact[:4])) % 97 == 1


def _of_length(found: str, after: str) -> str:
    """As much of a find as a number of its country has; "" where the number would end within a word."""
    compact, end = "", 0
    for end, sign in enumerate(found, 1):  # noqa: B007 -- where it stopped
        compact += sign.strip()
        if len(compact) == _IBAN_LENGTHS.get(compact[:2], 0):
            break
    return "" if (found[end : end + 1] or after).isalnum() else compact


def _is_phone(found: re.Match[str], before: str) -> bool:
    shown = found[0].strip()
    digits = re.sub(r"\D", "", shown)
    if not 7 <= len(digits) <= 15 or _DATE.match(shown.lstrip("(")) or _FICTIONAL.search(digits):
        return False
    if _LABEL.search(before):
        return True
    if found[1] == "+":
        return len(digits) >= 8 and digits[0] != "0"
    if _NORTH_AMERICAN.match(shown) or _CHINESE_MOBILE.match(shown):
        return True
    return 9 <= len(digits) <= 12 and _NATIONAL.fullmatch(shown) is not None

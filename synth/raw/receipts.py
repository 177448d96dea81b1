"""Receipts: lines of text with their quads, and the four fields that a reader looks for."""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import cos, radians, sin

from PIL import Image, ImageDraw, ImageFilter

from synth.drawing import Colour, paper, put_text, text_width

Quad = tuple[float, float, float, float, float, float, float, float]

_FIRST = ("MARLOW", "TIDEWELL", "OAKHURST", "PEBBLE", "LARKSPUR", "HOLLOWAY", "BRINDLE", "FENWICK", "COPPER", "ASTER")
_SECOND = ("& FINCH", "BROTHERS", "AND DAUGHTERS", "STREET", "HOUSE", "& CO", "CORNER", "BRIDGE")
_TRADE = ("BAKERY", "STATIONERS", "HARDWARE", "GROCERS", "CAFE", "BOOKS", "PHARMACY", "GARDEN SHOP", "TOOLS LTD")
_ROADS = ("QUARRY LANE", "MILL ROAD", "HARBOUR STREET", "STATION APPROACH", "ORCHARD CLOSE", "KILN WALK", "THE PARADE")
_TOWNS = ("NETHERBY", "WESTERFORD", "GRANGE-ON-SEA", "OLD SALTLEY", "PORT ELWICK", "HIGH BECKTON", "STONEFOLD")
_GOODS = (
    "RYE BREAD", "OAT MILK 1L", "GREEN TEA", "PENCILS HB X12", "NOTEBOOK A5", "AA BATTERIES", "LIGHT BULB", "APPLES KG",
    "OLIVE OIL", "PAINT BRUSH", "WOOD SCREWS", "HAND SOAP", "TOMATO SEEDS", "FLAT WHITE", "CHEESE ROLL", "MAP OF COAST",
    "STRING 50M", "ENVELOPES", "PLANT POT", "BLACK INK", "DISH CLOTH", "HONEY JAR", "CARROT CAKE", "GLUE STICK",
)  # fmt: skip
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_FOOTERS = (
    "THANK YOU",
    "PLEASE COME AGAIN",
    "GOODS MAY BE RETURNED",
    "WITHIN 14 DAYS",
    "KEEP THIS RECEIPT",
    "HAVE A NICE DAY",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLine:
    """A piece of text; `quad` is clockwise from its upper left corner, in pixels."""

    quad: Quad
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """`fields` has company, date, address and total, spelled as on the paper (the address on one line)."""

    image: Image.Image
    lines: tuple[TextLine, ...]
    fields: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A line still to be drawn: text at the left, in the middle, and at the right; `size` in pixels per em."""

    left: str = ""
    middle: str = ""
    right: str = ""
    size: int = 12
    gap: int = 0  # pixels left empty above


def draw_receipt(rng: random.Random, note: str = "") -> Receipt:
    """A receipt 252 to 308 pixels wide, sometimes a little turned; `note` is printed below the total, as it is."""
    fields, rows = _compose(rng, note)
    width = rng.choice((252, 280, 308))
    height = 24 + sum(row.size + 6 + row.gap for row in rows)
    desk = paper(rng, (width, height), rng.choice(((92, 84, 76), (60, 70, 82), (150, 140, 126))), grain=0.08)
    sheet = paper(rng, (width - 12, height - 8), (250, 249, 244), grain=0.04)
    desk.paste(sheet, (6, 4))
    ink = rng.choice(((30, 30, 34), (52, 48, 60), (24, 30, 66)))
    lines = _write(ImageDraw.Draw(desk), rows, width, ink)
    if rng.random() < 0.4:
        return _turn(desk, lines, fields, rng.uniform(-1.6, 1.6))
    return Receipt(image=desk, lines=tuple(lines), fields=fields)


def _compose(rng: random.Random, note: str) -> tuple[dict[str, str], list[_Row]]:
    """What stands on the receipt: the fields, and every line from top to bottom."""
    company = f"{rng.choice(_FIRST)} {rng.choice(_SECOND)} {rng.choice(_TRADE)}"
    street, town = f"{rng.randint(1, 199)} {rng.choice(_ROADS)}", f"{rng.choice(_TOWNS)} {_postcode(rng)}"
    date = _date(rng)
    goods, total = _goods(rng)
    fields = {"company": company, "date": date, "address": f"{street} {town}", "total": total}
    name_size = 14 if len(company) < 26 else 12
    rows = [_Row(middle=company, size=name_size), _Row(middle=street), _Row(middle=town)]
    rows.append(_Row(left=date, right=f"{rng.randint(8, 20):02}:{rng.randint(0, 59):02}", gap=8))
    rows += [_Row(left=f"RECEIPT NO {rng.randint(1000, 99999)}"), *goods]
    if note:
        rows.append(_Row(left=note, gap=6))
    rows.append(_Row(middle=rng.choice(_FOOTERS), gap=8))
    return fields, rows


def _postcode(rng: random.Random) -> str:
    a, b, c, d = (rng.choice("ABDEFGHJLNPQRSTUWXY") for _ in range(4))
    return f"{a}{b}{rng.randint(1, 29)} {rng.randint(1, 9)}{c}{d}"


def _date(rng: random.Random) -> str:
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(2015, 2025)
    forms = (f"{day:02}/{month:02}/{year}", f"{day:02}-{month:02}-{year}", f"{day:02} {_MONTHS[month - 1]} {year}")
    return rng.choice(forms)


def _goods(rng: random.Random) -> tuple[list[_Row], str]:
    """Two to six goods with prices, what they add up to, and how it was paid. The total has two decimals."""
    rows, pence = [], 0
    for index, name in enumerate(rng.sample(_GOODS, rng.randint(2, 6))):
        number, price = rng.choice((1, 1, 1, 2, 3)), rng.randint(45, 1999)
        pence += number * price
        left = name if number == 1 else f"{number} X {name}"
        rows.append(_Row(left=left, right=money(number * price), gap=8 if index == 0 else 0))
    rows.append(_Row(left="TOTAL", right=money(pence), size=15, gap=6))
    if rng.random() < 0.5:
        paid = (pence // 500 + 1) * 500
        rows += [_Row(left="CASH", right=money(paid)), _Row(left="CHANGE", right=money(paid - pence))]
    else:
        rows.append(_Row(left="CARD", right=f"**** {rng.randint(1000, 9999)}"))
    return rows, money(pence)


def money(pence: int) -> str:
    """Hundredths as a plain number with two decimals: 1205 is `12.05`."""
    return f"{pence // 100}.{pence % 100:02}"


def _write(draw: ImageDraw.ImageDraw, rows: list[_Row], width: int, ink: Colour) -> list[TextLine]:
    lines, baseline = [], 12
    for row in rows:
        baseline += row.gap + row.size + 6
        middle, right = text_width(row.middle, row.size), text_width(row.right, row.size)
        placed = ((row.left, 16), (row.middle, (width - middle) // 2), (row.right, width - 16 - right))
        for text, x in placed:
            if text:
                x1, y1, x2, y2 = put_text(draw, x, baseline - 4, text, row.size, ink)
                lines.append(TextLine(quad=(x1, y1, x2, y1, x2, y2, x1, y2), text=text))
    return lines


def _turn(image: Image.Image, lines: list[TextLine], fields: dict[str, str], degrees: float) -> Receipt:
    """The receipt turned counter-clockwise about its middle, size unchanged, its quads with it."""
    middle = (image.width / 2, image.height / 2)
    turned = image.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=image.getpixel((0, 0)))
    quads = [TextLine(quad=turn_quad(line.quad, degrees, middle), text=line.text) for line in lines]
    return Receipt(image=turned.filter(ImageFilter.SHARPEN), lines=tuple(quads), fields=fields)


def turn_quad(quad: Quad, degrees: float, middle: tuple[float, float]) -> Quad:
    """`quad` turned counter-clockwise (as seen, y pointing down) by `degrees` about `middle`, to 0.1 pixel."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    turned: list[float] = []
    for x, y in zip(quad[0::2], quad[1::2], strict=True):
        dx, dy = x - middle[0], y - middle[1]
        turned += [round(middle[0] + c * dx + s * dy, 1), round(middle[1] - s * dx + c * dy, 1)]
    x1, y1, x2, y2, x3, y3, x4, y4 = turned
    return x1, y1, x2, y2, x3, y3, x4, y4

"""Invoices, receipts, forms and letters."""

from __future__ import annotations

import random
import string

from synth.documents.blocks import Block, Check, Rule, Side, Text
from synth.documents.language import Language
from synth.documents.page import SIDE, Page, drawn_theme
from synth.documents.reports import drawn_stamp
from synth.documents.table import Cell, Table, plain_table

_TRAVELS = ("post", "bus", "bicycle", "foot")


def draw_invoice(rng: random.Random, language: Language) -> Page:
    """Who sells what to whom: two addresses, a table of goods, the sums, and when to pay."""
    width = SIDE * rng.randint(22, 28)
    supplier, customer, number = language.company(rng), language.person(rng), _code(rng)
    year, first = rng.randint(1995, 2026), rng.randint(1, 10)
    date = language.written_day(rng.randint(1, 28), first, year)
    due = language.written_day(rng.randint(1, 28), rng.randint(first + 1, 12), year)
    seller = Text(lines=(supplier, language.street(rng), language.place(rng)), keep=True)
    buyer = Text(lines=(language.label("customer"), customer, language.street(rng), language.place(rng)), keep=True)
    about = [("number", number), ("date", date), ("due", due)]
    details = tuple(_pair(language, key, value) for key, value in about)
    title = Text(tag="h1", lines=(language.label("invoice"),), style=f"text-align:{rng.choice(('start', 'end'))}")
    goods, sums, total = _goods(rng, language, rng.randint(2, 9))
    end: list[Block] = [Text(lines=(language.written(rng),), style="font-size:13px")] if rng.random() < 0.5 else []
    if rng.random() < 0.4:
        end.append(drawn_stamp(rng, language))
    sides = (seller,), details
    top = Side(sides, (3, 2)) if rng.random() < 0.6 else Side((details, (seller,)), (1, 1))
    return Page(
        kind="invoice",
        language=language,
        theme=drawn_theme(rng, language, (13.5, 16)),
        width=width,
        height=0,
        margin=rng.choice((36, 48)),
        flow=(title, top, buyer, goods, Rule("height:4px"), *sums, *end),
        fields={"invoice_number": number, "date": date, "due_date": due, "supplier": supplier, "customer": customer}
        | {"total": total},
    )


def _code(rng: random.Random) -> str:
    letters = "".join(rng.choices(string.ascii_uppercase, k=rng.randint(1, 3)))
    return f"{letters}-{rng.randint(1000, 999999)}"


def _pair(language: Language, key: str, value: str, style: str = "") -> Text:
    return Text(lead=language.label(key) + language.colon, lines=(value,), style=style, keep=True)


def _goods(rng: random.Random, language: Language, count: int) -> tuple[Table, list[Block], str]:
    """The table, its sums as lines at the end of the page, and the total as written."""
    rows, whole = [], 0
    for name in rng.sample(language.goods, count):
        pieces, price = rng.randint(1, 20), rng.randint(50, 50000)
        whole += pieces * price
        rows.append((name, str(pieces), language.price(price), language.price(pieces * price)))
    header = tuple(language.label(key) for key in ("item", "quantity", "price", "amount"))
    tax = round(whole * rng.choice((0.05, 0.07, 0.1, 0.19, 0.2)))
    total = language.price(whole + tax)
    written = (("subtotal", language.price(whole)), ("tax", language.price(tax)), ("total", total))
    sums = [_pair(language, key, value, "text-align:end") for key, value in written]
    rules, wide = rng.choice(("grid", "rows", "frame", "none")), rng.random() < 0.7
    return plain_table(header, rows, rules, wide), list(sums), total


def draw_receipt(rng: random.Random, language: Language) -> Page:
    """A strip of a shop's paper."""
    shop, date, number = language.company(rng), language.day(rng), str(rng.randint(10000, 9999999))
    hour = f"{rng.randint(7, 21):02}:{rng.randint(0, 59):02}"
    rows, whole = [], 0
    for name in rng.sample(language.goods, rng.randint(2, 10)):
        price = rng.randint(30, 9000)
        whole += price
        rows.append((Cell(name), Cell(language.price(price), number=True)))
    paid = whole + rng.randint(1, 5000)
    total = language.price(whole)
    sums = (("total", total), ("paid", language.price(paid)), ("change", language.price(paid - whole)))
    centred = "text-align:center"
    line = Rule("border-top:2px dashed currentColor;height:2px;margin:6px 0")
    end: list[Block] = [Text(lines=(language.label("thanks"),), style=centred)] if rng.random() < 0.8 else []
    return Page(
        kind="receipt",
        language=language,
        theme=drawn_theme(rng, language, (15, 19)),
        width=SIDE * rng.randint(16, 19),
        height=0,
        margin=rng.choice((28, 40)),
        flow=(
            Text(tag="h2", lines=(shop,), style=centred),
            Text(lines=(language.street(rng), language.place(rng)), style=centred, keep=True),
            _pair(language, "number", number),
            _pair(language, "date", f"{date} {hour}"),
            line,
            Table(tuple(rows), "none", wide=True),
            line,
            *(_pair(language, key, value, "text-align:end") for key, value in sums),
            *end,
        ),
        fields={"shop": shop, "number": number, "date": date, "time": hour, "total": total, "paid": sums[1][1]},
    )


def draw_form(rng: random.Random, language: Language) -> Page:
    """A form that somebody has filled in by machine, in lines or as a table, with boxes to tick."""
    name, date, born = language.person(rng), language.day(rng), language.day(rng)
    city, phone = rng.choice(language.cities), f"0{rng.randint(100, 999)}-{rng.randint(10000, 999999)}"
    title = language.label(rng.choice(("application", "registration", "questionnaire")))
    filled = [("name", name), ("birth", born), ("city", city), ("phone", phone)]
    filled += [("email", f"{rng.choice('abcdefgh')}{rng.randint(10, 9999)}@post.test")] if rng.random() < 0.6 else []
    rng.shuffle(filled)
    ticked = {way for way in _TRAVELS if rng.random() < 0.4}
    boxes = tuple(Check(language.label(way), way in ticked) for way in _TRAVELS)
    keys = {"name": "full_name", "birth": "date_of_birth"}
    fields: dict[str, str | list[str]] = {keys.get(key, key): value for key, value in filled}
    fields["means_of_travel"] = [language.label(way) for way in _TRAVELS if way in ticked]
    return Page(
        kind="form",
        language=language,
        theme=drawn_theme(rng, language, (14, 17)),
        width=SIDE * rng.randint(20, 27),
        height=0,
        margin=44,
        flow=(
            Text(tag="h1", lines=(title,)),
            *([Text(lines=(language.prose(rng, 2),))] if rng.random() < 0.6 else []),
            *_filled(rng, language, filled),
            Text(tag="h3", lines=(language.label("options"),)),
            *(boxes if rng.random() < 0.5 else (Side((boxes[:2], boxes[2:]), (1, 1)),)),
            Rule("height:14px"),
            Side(((_pair(language, "date", date),), (_signature(language),)), (1, 1)),
        ),
        fields={"form": title} | fields | {"date": date},
    )


def _filled(rng: random.Random, language: Language, filled: list[tuple[str, str]]) -> list[Block]:
    line = "border-bottom:1px solid currentColor;padding-bottom:2px"
    if rng.random() < 0.5:
        return [_pair(language, key, value, line) for key, value in filled]
    rows: list[tuple[Cell, ...]] = [(Cell(language.label(key), heading=True), Cell(value)) for key, value in filled]
    rows.append((Cell(language.label("job"), heading=True), Cell("")))
    if rng.random() < 0.5:
        rows.append((Cell(f"{language.label('note')}{language.colon}{language.written(rng)}", columns=2),))
    return [Table(tuple(rows), rng.choice(("grid", "rows")), wide=rng.random() < 0.5)]


def _signature(language: Language) -> Text:
    return Text(lines=(language.label("signature") + language.colon.strip(),), style="border-bottom:1px solid")


def draw_letter(rng: random.Random, language: Language) -> Page:
    """A letter with its sender, addressee, date, subject and signature."""
    sender, addressee, date = language.company(rng), language.person(rng), language.day(rng)
    subject, writer = language.heading(rng), language.person(rng)
    head = Text(lines=(sender, language.street(rng), language.place(rng)), style=f"text-align:{_side(rng)}", keep=True)
    to = Text(lines=(addressee, language.street(rng), language.place(rng)), keep=True)
    body = [Text(lines=(language.prose(rng, rng.randint(2, 5)),)) for _ in range(rng.randint(1, 3))]
    greeting = language.label("dear").format(name=addressee)
    end: list[Block] = [drawn_stamp(rng, language)] if rng.random() < 0.3 else []
    return Page(
        kind="letter",
        language=language,
        theme=drawn_theme(rng, language, (14, 17)),
        width=SIDE * rng.randint(20, 27),
        height=0,
        margin=rng.choice((44, 56)),
        flow=(
            head,
            Rule("height:10px"),
            to,
            Text(lines=(date,), style=f"text-align:{_side(rng)}"),
            Text(tag="h3", lines=(f"{language.label('subject')}{language.colon}{subject}",)),
            Text(lines=(greeting,)),
            *body,
            Text(lines=(language.label("regards"),)),
            Text(lines=(writer,)),
            *end,
        ),
        fields={"sender": sender, "addressee": addressee, "date": date, "subject": subject, "signed_by": writer},
    )


def _side(rng: random.Random) -> str:
    return rng.choice(("start", "end"))

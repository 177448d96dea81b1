"""What a page needs of a language: parts of sentences, names, labels, and how numbers, money and dates are written."""

from __future__ import annotations

import random
from dataclasses import dataclass

LATIN_SERIF = ("Noto Serif", "DejaVu Serif", "Noto Serif Display")
LATIN_SANS = ("Noto Sans", "DejaVu Sans", "Noto Sans Display")


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """`sentences` are made of {when}, {who}, {did}, {what} and {where}; `whens` may hold {year} and {count}. The first
    of `families` suits text, the last may be a display face. `larger` makes up for scripts that are small for their em.
    """

    code: str
    script: str
    families: tuple[str, ...]
    sentences: tuple[str, ...]
    whens: tuple[str, ...]
    whos: tuple[str, ...]
    dids: tuple[str, ...]
    whats: tuple[str, ...]
    wheres: tuple[str, ...]
    topics: tuple[str, ...]
    aspects: tuple[str, ...]
    title: str  # of {topic} and {aspect}
    given: tuple[str, ...]
    family: tuple[str, ...]
    name: str  # of {given} and {family}
    firms: tuple[str, ...]
    firm: str  # of {family} and {firm}
    cities: tuple[str, ...]
    streets: tuple[str, ...]
    address: str  # of {street}, {number}
    town: str  # of {postcode}, {city}
    goods: tuple[str, ...]
    money: str  # of {amount}
    cents: bool
    comma: str
    thousands: str
    months: tuple[str, ...]
    date: str  # of {day}, {month} (a name), {number} (of the month) and {year}
    labels: dict[str, str]
    colon: str = ": "
    space: str = " "
    leftwards: bool = False
    larger: float = 1.0

    def label(self, key: str) -> str:
        return self.labels[key]

    def written(self, rng: random.Random) -> str:
        """A sentence."""
        when = rng.choice(self.whens).format(year=rng.randint(1861, 2025), count=rng.randint(2, 90))
        said = rng.choice(self.sentences).format(
            when=when,
            who=rng.choice(self.whos),
            did=rng.choice(self.dids),
            what=rng.choice(self.whats),
            where=rng.choice(self.wheres),
        )
        return said[0].upper() + said[1:]

    def prose(self, rng: random.Random, sentences: int) -> str:
        return self.space.join(self.written(rng) for _ in range(sentences))

    def heading(self, rng: random.Random) -> str:
        title = self.title.format(topic=rng.choice(self.topics), aspect=rng.choice(self.aspects))
        return title[0].upper() + title[1:]

    def person(self, rng: random.Random) -> str:
        return self.name.format(given=rng.choice(self.given), family=rng.choice(self.family))

    def company(self, rng: random.Random) -> str:
        return self.firm.format(family=rng.choice(self.family), firm=rng.choice(self.firms))

    def street(self, rng: random.Random) -> str:
        return self.address.format(street=rng.choice(self.streets), number=rng.randint(1, 199))

    def place(self, rng: random.Random) -> str:
        return self.town.format(postcode=rng.randint(10000, 99999), city=rng.choice(self.cities))

    def number(self, value: float, decimals: int = 0) -> str:
        """`value` with the separators of the language."""
        plain = f"{value:,.{decimals}f}"
        return plain.translate({ord(","): self.thousands, ord("."): self.comma})

    def price(self, hundredths: int) -> str:
        """An amount of money; currencies without a small coin show `hundredths` as their whole units."""
        amount = self.number(hundredths / 100, 2) if self.cents else self.number(hundredths)
        return self.money.format(amount=amount)

    def day(self, rng: random.Random) -> str:
        return self.written_day(rng.randint(1, 28), rng.randint(1, 12), rng.randint(1990, 2026))

    def written_day(self, day: int, month: int, year: int) -> str:
        return self.date.format(day=day, month=self.months[month - 1], number=month, year=year)


def listed(text: str) -> tuple[str, ...]:
    """`a | b | c` as its parts."""
    return tuple(part.strip() for part in text.split("|"))


def labelled(text: str) -> dict[str, str]:
    """Labels in the order of `KEYS`, between bars. Raises ValueError where their number is another."""
    return dict(zip(KEYS, listed(text), strict=True))


KEYS = listed(
    "invoice | receipt | number | date | due | customer | supplier | item | quantity | price | amount | subtotal | tax"
    " | total | paid | change | thanks | application | registration | questionnaire | name | birth | city | phone"
    " | email | job | signature | options | post | bus | bicycle | foot | subject | dear | regards | page | table"
    " | figure | place | mean | low | high | share | contents | note | phrase_paid | phrase_copy | phrase_received"
    " | phrase_urgent"
)

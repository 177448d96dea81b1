"""Defects of content: what must not stand in a text. Leaked markup, wrong decodings, personal data, unsafe terms.

Each is put into the prompt or the answer, at any place between two words; where the answer is regions or actions
alone, into the prompt or the text of a region.
"""

from __future__ import annotations

import html
import random
import re
import string
from collections.abc import Callable
from dataclasses import replace

from curation.contract.sample import Task
from filters.reading.identifiers import luhn
from filters.reading.lexicon import terms
from synth.defects.planting import Defect, answer_of, prompt_of, with_answer, with_prompt
from synth.specimen import Specimen

Change = Callable[[str, random.Random], str]
_ALL: tuple[Task, ...] = ("caption", "vqa", "ocr", "document", "grounding", "agent", "text")
_READ: tuple[Task, ...] = ("caption", "vqa", "ocr", "document", "text")

_TOKENS = (
    "<|im_end|>", "<|im_start|>assistant", "<|endoftext|>", "<|image_pad|>", "<|vision_start|>", "<image>", "<video>",
    "[INST]", "[/INST]", "</tool_call>", "<ref>", "</box>", "<quad>", "[IMG]", "<|eot_id|>",
)  # fmt: skip
_TEMPLATES = (
    "\n### Response:\n", "\n### Instruction: Describe it.", "\n## Human: and now?", "<<SYS>>", "<</SYS>>", "<eos>",
    "<start_of_turn>", "<pad><pad>", "<unk>", "<｜end▁of▁sentence｜>", "\n14. Instruction: Name three colours.",
)  # fmt: skip
_FOREIGN = (
    "café",
    "naïve",
    "it’s",
    "“quoted”",
    "a – b",
    "Müller",
    "5 °C",
    "10 €",
    "señor",
    "图像",
    "Привет",
    "résumé…",
)
_UNSEEN = ("\u200b", "\ufeff", "\u2060", "\u202e", "\u2066", "\u00ad", "\u202a")
_CONTROLS = ("\x00", "\x07", "\x08", "\x0c", "\x1b[31m", "\x7f", "\x85", "\x02")
_ENTITIES = ("&nbsp;", "&amp;", "&quot;", "&#39;", "&lt;3", "&hellip;", "&#x27;", "&rsquo;", "&mdash;")
_PEOPLE = (
    "anna.schmidt",
    "j.doe84",
    "wang_lei",
    "maria-luisa",
    "info",
    "k.oneill",
    "li.na+news",
    "m.k",
)
_HOSTS = (
    "gmail.com",
    "outlook.com",
    "web.de",
    "qq.com",
    "163.com",
    "uni-bonn.de",
    "acme.co.uk",
    "shop.com.my",
    "mail.ru",
)
_EMAIL_SAYINGS = ("Contact {}", "write to {} for more.", "{}", "Photo by {}.", "(mail: {})", "E-mail: {}", "联系 {}")
_PHONE_SAYINGS = (
    "Call {} today.",
    "Tel: {}",
    "phone {}",
    "Reach me at {} after six.",
    "{}",
    "Fax: {}",
    "电话：{}",
    "WhatsApp {}",
)
_CARD_SAYINGS = ("Card {}", "VISA {} exp 09/27", "paid with {}.", "card number: {}", "{}")
_IBAN_SAYINGS = ("IBAN {}", "Transfer to {}.", "account {} please", "{}")
_UNSAFE_SAYINGS = (
    "{}",
    "watch free {} here",
    "He said {}.",
    "this is about {}, again",
    "{}!!!",
    "Search results for {}",
)
_ACCOUNTS = {"DE": 18, "GB": 18, "FR": 23, "ES": 20, "IT": 23, "NL": 14, "PL": 24, "CH": 17, "AT": 16, "NO": 11}


def _somewhere(change: Change) -> Callable[[Specimen, random.Random], Specimen | None]:
    """A plant that changes the answer's text, the prompt's, or that of one region."""

    def plant(specimen: Specimen, rng: random.Random) -> Specimen | None:
        answer, prompt = answer_of(specimen.sample), prompt_of(specimen.sample)
        read = [index for index, region in enumerate(specimen.sample.regions) if region.text]
        places = ["answer"] * 2 * bool(answer) + ["region"] * bool(read) + ["prompt"]
        place = rng.choice(places)
        if place == "region":
            regions, chosen = list(specimen.sample.regions), rng.choice(read)
            regions[chosen] = replace(regions[chosen], text=change(regions[chosen].text, rng))
            return replace(specimen, sample=replace(specimen.sample, regions=tuple(regions)))
        if place == "answer":
            return with_answer(specimen, change(answer, rng))
        return with_prompt(specimen, change(prompt, rng))

    return plant


def _insert(text: str, piece: str, rng: random.Random, glue: str = " ") -> str:
    """`piece` between two words of `text`, before the first or after the last."""
    places = [0, *(match.start() for match in re.finditer(r"(?<=\S)\s", text)), len(text)]
    place = rng.choice(places)
    return text[:place] + (glue if place else "") + piece + (glue if place == 0 else "") + text[place:]


def _said(sayings: tuple[str, ...], piece: Callable[[random.Random], str]) -> Change:
    return lambda text, rng: _insert(text, rng.choice(sayings).format(piece(rng)), rng)


def _some_of(pieces: tuple[str, ...], glue: str) -> Change:
    """One to three of these, each at its own place."""

    def change(text: str, rng: random.Random) -> str:
        for _ in range(rng.choice([1, 1, 2, 3])):
            text = _insert(text, rng.choice(pieces), rng, glue)
        return text

    return change


def _misread(text: str, rng: random.Random) -> str:
    """UTF-8 read as Windows-1252, or as Latin-1 where that has no sign for a byte; a text of plain ASCII gets a word
    first that is not."""
    if text.isascii():
        text = _insert(text, rng.choice(_FOREIGN), rng)
    data = text.encode("utf-8")
    if rng.random() < 0.5:
        return data.decode("latin-1")
    return "".join(
        bytes([byte]).decode("cp1252" if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else "latin-1") for byte in data
    )


def _lose_characters(text: str, rng: random.Random) -> str:
    """Some characters gone to U+FFFD, as a strict decoder leaves them."""
    if not text:
        return "\ufffd"
    lost = rng.sample(range(len(text)), min(len(text), rng.choice([1, 1, 2, 5])))
    return "".join("\ufffd" if index in lost else character for index, character in enumerate(text))


def _private(text: str, rng: random.Random) -> str:
    icons = "".join(
        chr(rng.choice([rng.randint(0xE000, 0xF8FF), rng.randint(0xF0000, 0xF0FFF)])) for _ in range(rng.randint(1, 3))
    )
    return _insert(text, icons, rng, rng.choice(["", " "]))


def _escape(text: str, rng: random.Random) -> str:
    """Escaped as for a web page, or with an entity between two words."""
    escaped = html.escape(text)
    return escaped if escaped != text and rng.random() < 0.5 else _insert(text, rng.choice(_ENTITIES), rng)


def _email(rng: random.Random) -> str:
    name = rng.choice([*_PEOPLE, f"user{rng.randint(10, 9999)}"])
    address = f"{name}@{rng.choice(_HOSTS)}"
    return address.upper() if rng.random() < 0.1 else address


def _digits(count: int, rng: random.Random) -> str:
    return "".join(rng.choices(string.digits, k=count))


def _phone(rng: random.Random) -> str:
    first = str(rng.randint(2, 9))
    forms = (
        f"+1 {first}{_digits(2, rng)}-{first}{_digits(2, rng)}-{_digits(4, rng)}",
        f"({first}{_digits(2, rng)}) {first}{_digits(2, rng)}-{_digits(4, rng)}",
        f"{first}{_digits(2, rng)}-{first}{_digits(2, rng)}-{_digits(4, rng)}",
        f"+49 {rng.randint(30, 999)} {_digits(7, rng)}",
        f"+86 1{rng.randint(3, 9)}{_digits(9, rng)}",
        f"1{rng.randint(3, 9)}{_digits(9, rng)}",
        f"+44 20 {_digits(4, rng)} {_digits(4, rng)}",
        f"03-{rng.randint(2, 9)}{_digits(3, rng)} {_digits(4, rng)}",
        f"0{rng.randint(10, 999)} {rng.randint(10, 99)} {_digits(2, rng)} {_digits(2, rng)} {_digits(2, rng)}",
        f"+33 6 {_digits(2, rng)} {_digits(2, rng)} {_digits(2, rng)} {_digits(2, rng)}",
    )
    return rng.choice(forms)


def _card(rng: random.Random) -> str:
    """A number of a network's form whose last digit is right."""
    start, length = rng.choice(
        [("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("37", 15), ("6011", 16), ("3530", 16)]
    )
    while True:
        body = start + _digits(length - len(start) - 1, rng)
        number = next(body + last for last in string.digits if luhn(body + last))
        if len(set(number)) > 4:
            break
    glue = rng.choice([" ", "-", ""])
    groups = [number[:4], number[4:10], number[10:]] if length == 15 else re.findall("....", number)
    return glue.join(groups)


def _iban(rng: random.Random) -> str:
    """An account number whose check digits are right, in groups of four or in one."""
    country, length = rng.choice(sorted(_ACCOUNTS.items()))
    bank = "".join(rng.choices(string.ascii_uppercase, k=4)) if country in ("GB", "NL") else ""
    account = bank + _digits(length - len(bank), rng)
    check = 98 - int("".join(str(int(sign, 36)) for sign in f"{account}{country}00")) % 97
    whole = f"{country}{check:02d}{account}"
    return " ".join(re.findall(".{1,4}", whole)) if rng.random() < 0.6 else whole


def _unsafe(rng: random.Random) -> str:
    term = rng.choice(terms(""))
    return rng.choice([term, term, term.upper(), term.title()])


DEFECTS: tuple[Defect, ...] = (
    Defect(name="chat_markup", rule="no_control_tokens", tasks=_ALL, plant=_somewhere(_some_of(_TOKENS, ""))),
    Defect(name="template_marks", rule="no_template_marks", tasks=_ALL, plant=_somewhere(_some_of(_TEMPLATES, ""))),
    Defect(name="wrong_decoding", rule="no_mojibake", tasks=_ALL, plant=_somewhere(_misread)),
    Defect(name="lost_characters", rule="no_replacement_characters", tasks=_ALL, plant=_somewhere(_lose_characters)),
    Defect(
        name="control_characters", rule="no_control_characters", tasks=_ALL, plant=_somewhere(_some_of(_CONTROLS, ""))
    ),
    Defect(
        name="unseen_characters", rule="no_invisible_characters", tasks=_ALL, plant=_somewhere(_some_of(_UNSEEN, ""))
    ),
    Defect(name="icon_characters", rule="no_private_use_characters", tasks=_READ, plant=_somewhere(_private)),
    Defect(
        name="left_entities",
        rule="no_html_entities",
        tasks=("caption", "vqa", "ocr", "text"),
        plant=_somewhere(_escape),
    ),
    Defect(name="card_number", rule="no_card_numbers", tasks=_ALL, plant=_somewhere(_said(_CARD_SAYINGS, _card))),
    Defect(name="bank_account", rule="no_bank_accounts", tasks=_ALL, plant=_somewhere(_said(_IBAN_SAYINGS, _iban))),
    Defect(name="email", rule="no_emails", tasks=("caption", "text"), plant=_somewhere(_said(_EMAIL_SAYINGS, _email))),
    Defect(
        name="phone",
        rule="no_phone_numbers",
        tasks=("caption", "text"),
        plant=_somewhere(_said(_PHONE_SAYINGS, _phone)),
    ),
    Defect(name="unsafe_term", rule="no_unsafe_words", tasks=_ALL, plant=_somewhere(_said(_UNSAFE_SAYINGS, _unsafe))),
)

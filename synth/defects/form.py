"""Defects of form: answers that are cut or malformed, and answers that are none.

An answer is cut only where a reader could see it: of a single word, a name or a label nobody can say that more was
meant to follow.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from functools import partial

from curation.contract.sample import Task
from synth.defects import sayings
from synth.defects.planting import Defect, answer_of, prompt_of, with_answer, with_prompt
from synth.specimen import Specimen

Change = Callable[[str, random.Random], str | None]
_WORDED: tuple[Task, ...] = ("caption", "vqa", "text")
_ALL: tuple[Task, ...] = ("caption", "vqa", "ocr", "document", "grounding", "agent", "text")


def _on_answer(change: Change) -> Callable[[Specimen, random.Random], Specimen | None]:
    """A plant that rewrites the answer; one of regions becomes the text that it stands for."""

    def plant(specimen: Specimen, rng: random.Random) -> Specimen | None:
        answer = answer_of(specimen.sample) or specimen.sample.answer.text
        changed = change(answer, rng) if answer.strip() else None
        return None if changed is None else with_answer(specimen, changed)

    return plant


def _cut_sentence(answer: str, rng: random.Random, in_words: bool, lone: bool) -> str | None:
    """Stops somewhere in the last sentence of a line, after two of its words or more; `lone` where it is the only one,
    which then must be long. An answer that has no such sentence gets one first."""
    text = answer.rstrip()
    least = 10 if lone else 2
    if (cuttable := _last_sentence(text, lone, least)) is None:
        short = text if re.fullmatch(r"[\w ']{1,40}", text) else "the last one"
        text = rng.choice(sayings.LONE).format(short) if lone else _worded(text, rng)
        cuttable = _last_sentence(text, lone, least)
    if cuttable is None:
        return None
    words = cuttable.split(" ")
    kept = " ".join(words[: rng.randint(least, len(words) - 1)])
    if not in_words:
        shortest = len(" ".join(words[:least])) + 1
        kept = cuttable[: rng.randint(shortest, max(shortest, len(cuttable) - 3))].rstrip()
    return None if kept[-1:] in (".", '"', ")", "'", ":") else text[: len(text) - len(cuttable)] + kept


def _worded(answer: str, rng: random.Random) -> str:
    said = answer if answer.endswith((".", "!", "?", "。")) else f"{rng.choice(sayings.LEADS)} {answer.rstrip('.:;,')}."
    return f"{said} {rng.choice(sayings.FURTHER)}"


def _last_sentence(text: str, lone: bool, least: int) -> str | None:
    """The last sentence of the last line, where enough of it can be cut; with `lone`, where it is plain and all."""
    head, _, line = text.rpartition("\n")
    *before, last = re.split(r"(?<=[a-z]{2}[.!?])\s+(?=[A-Z])", line)
    plain = last[-1:] in (".", "!") and len(last.split(" ")) >= least + 2
    if lone:
        return last if plain and not before and not head and not re.search(r"[,:\"“–—-]|^\W", last) else None
    return last if plain and before else None


def _open_code(answer: str, rng: random.Random) -> str:
    """The last fence gone, or a snippet that stops after some lines."""
    if answer.count("```") >= 2 and answer.count("```") % 2 == 0:
        start = answer.rindex("```")
        return (answer[:start] + answer[start + 3 :]).rstrip()
    lines = rng.choice(sayings.SNIPPETS).split("\n")
    return f"{answer}\n\n" + "\n".join(lines[: rng.randint(1, len(lines))])


def _open_aside(answer: str, rng: random.Random) -> str:
    return f"{answer.rstrip()} {rng.choice(sayings.ASIDES)}"


def _open_quote(answer: str, rng: random.Random) -> str:
    return f"{answer.rstrip()} {rng.choice(sayings.SAYINGS)}"


def _json_of(answer: str, rng: random.Random) -> str:
    """The answer where it is a JSON object, else one made of its words."""
    try:
        value = json.loads(answer)
    except ValueError:
        value = None
    if not isinstance(value, dict) or len(value) < 2:
        words = re.findall(r"\w+", answer)[:12] or ["empty"]
        value = {"answer": answer, "words": words, "count": len(words), "sure": rng.choice([True, False, None])}
    return json.dumps(value, ensure_ascii=False, indent=rng.choice([None, None, 2]))


def _break_json(answer: str, rng: random.Random) -> str:
    text = _json_of(answer, rng)
    broken = rng.choice(
        [
            text[: rng.randint(len(text) // 4, len(text) - 1)],
            text.replace('":', '"', 1),
            text[:-1].rstrip() + ",}",
            text.replace('", "', '" "', 1) if '", "' in text else text[:-1],
        ]
    )
    return f"```json\n{broken}\n```" if rng.random() < 0.4 else broken


def _repeat_key(answer: str, rng: random.Random) -> str:
    pairs = list(json.loads(_json_of(answer, rng)).items())
    pairs.insert(rng.randint(1, len(pairs)), (rng.choice(pairs)[0], rng.choice(["", "?", 0, None, "other"])))
    written = ", ".join(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in pairs)
    return "{" + written + "}"


def _break_table(answer: str, rng: random.Random) -> str:
    words = (re.findall(r"[^\W\d_]+", answer) or ["a"]) * 20
    columns, rows = rng.randint(2, 5), rng.randint(2, 6)
    cells = [[rng.choice(words) for _ in range(columns)] for _ in range(rows + 1)]
    if rng.random() < 0.75:
        row = cells[rng.randint(1, rows)]
        row.pop(rng.randrange(columns)) if rng.random() < 0.6 else row.append("x")
        dashes = ["|" + " --- |" * columns]
    else:
        dashes = []
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join([lines[0], *dashes, *lines[1:]])


def _break_latex(answer: str, rng: random.Random) -> str:
    """A formula without one of the marks that close something."""
    formula = rng.choice(sayings.FORMULAS)
    closers = [
        match.span()
        for match in re.finditer(
            r"(?<!\\begin)(?<!align)(?<!itemize)\}|\\[)\]]|\$\$?(?=\s|$)|\\end\{\w+\}|\\right \)", formula
        )
    ]
    start, end = rng.choice(closers)
    return f"{answer.rstrip()}\n{formula[:start]}{formula[end:]}"


def _open_tag(answer: str, rng: random.Random) -> str:
    markup = rng.choice(sayings.MARKUP).format(answer.replace("<", "")[:200])
    closers = [match.span() for match in re.finditer(r"</(?:div|span|table|ul|h2|a|body)>", markup)]
    start, end = rng.choice(closers)
    return markup[:start] if rng.random() < 0.5 else markup[:start] + markup[end:]


def _blank(specimen: Specimen, rng: random.Random) -> Specimen:
    return with_answer(specimen, rng.choice(["", " ", "\n", "\n\n  ", "\t", "\u200b", "\u3000"]))


def _refuse(specimen: Specimen, rng: random.Random) -> Specimen:
    return with_answer(specimen, rng.choice(sayings.REFUSALS) + rng.choice(sayings.AFTERWORDS))


def _say_one_of(texts: Sequence[str]) -> Callable[[Specimen, random.Random], Specimen]:
    return lambda specimen, rng: with_answer(specimen, rng.choice(texts))


def _fill_prompt(specimen: Specimen, rng: random.Random) -> Specimen:
    return with_prompt(
        specimen, f"{prompt_of(specimen.sample)}\n{rng.choice(['', chr(10)])}{rng.choice(sayings.NO_INPUTS)}"
    )


def _echo(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """The question again, as it stands or with other case, spaces and full stops."""
    prompt = prompt_of(specimen.sample).strip()
    if len(re.findall(r"\w+", prompt)) < 3:
        return None
    forms = (
        prompt,
        prompt.lower(),
        prompt.rstrip("?.!"),
        f'"{prompt}"',
        prompt.rstrip(".?") + ".",
        prompt.replace(" ", "  "),
    )
    return with_answer(specimen, rng.choice(forms))


DEFECTS: tuple[Defect, ...] = (
    *(
        Defect(
            name=name, rule=rule, tasks=tasks, plant=_on_answer(partial(_cut_sentence, in_words=in_words, lone=lone))
        )
        for name, rule, tasks, in_words, lone in (
            ("cut_between_words", "sentences_finished", _WORDED, True, False),
            ("cut_in_a_word", "sentences_finished", _WORDED, False, False),
            ("lone_sentence_cut_between_words", "long_sentences_end", ("vqa", "text"), True, True),
            ("lone_sentence_cut_in_a_word", "long_sentences_end", ("vqa", "text"), False, True),
        )
    ),
    Defect(
        name="open_code",
        rule="code_fences_closed",
        tasks=("caption", "vqa", "ocr", "document", "text"),
        plant=_on_answer(_open_code),
    ),
    Defect(name="open_bracket", rule="brackets_closed", tasks=_WORDED, plant=_on_answer(_open_aside)),
    Defect(name="open_quote", rule="quotes_closed", tasks=_WORDED, plant=_on_answer(_open_quote)),
    Defect(name="open_tag", rule="tags_closed", tasks=("vqa", "text"), plant=_on_answer(_open_tag)),
    Defect(
        name="broken_json", rule="json_can_be_read", tasks=("vqa", "document", "text"), plant=_on_answer(_break_json)
    ),
    Defect(
        name="repeated_json_key",
        rule="json_keys_unique",
        tasks=("vqa", "document", "text"),
        plant=_on_answer(_repeat_key),
    ),
    Defect(
        name="ragged_table",
        rule="tables_rectangular",
        tasks=("vqa", "ocr", "document", "text"),
        plant=_on_answer(_break_table),
    ),
    Defect(
        name="broken_latex",
        rule="latex_balanced",
        tasks=("vqa", "ocr", "document", "text"),
        plant=_on_answer(_break_latex),
    ),
    Defect(name="blank_answer", rule="something_is_answered", tasks=_ALL, plant=_blank),
    Defect(name="refusal", rule="no_refusals", tasks=_ALL, plant=_refuse),
    Defect(
        name="filler_answer",
        rule="no_filler_answers",
        tasks=("caption", "vqa", "document", "text"),
        plant=_say_one_of(sayings.FILLERS),
    ),
    Defect(name="filler_prompt", rule="no_filler_prompts", tasks=("vqa", "text"), plant=_fill_prompt),
    Defect(name="echo", rule="no_echoes", tasks=_WORDED, plant=_echo),
)

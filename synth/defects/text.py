"""Defects of how text is distributed: too little, too much, over and over, in the wrong script, said of everything."""

from __future__ import annotations

import json
import random
import re
import string
from collections.abc import Callable, Sequence
from dataclasses import replace

from curation.contract.sample import Task
from synth.defects import alttext
from synth.defects.alttext import NOUNS, Write, number
from synth.defects.planting import Defect, answer_of, prompt_of, with_answer
from synth.specimen import Specimen

_TALK: tuple[Task, ...] = ("caption", "vqa", "text")
_SYMBOLS = "*#=~|+-_/\\<>{}[]^%$&@!?;:°§¬•·"
_EMOJI = "😍🔥😂🎉✨🙌💯🌅🐶🍕🚀💖👏🌈😎"
_MAY_ASK = r"translat|languages?|spanish|french|german|chinese|japanese|\bread|\bsay|written|transcri|spell"
_HAN = ("但是", "这个", "因此我们", "可以看到", "结果", "需要注意的是", "然后", "图中", "非常重要", "所以答案是")
_OTHERS = ("однако", "потому что", "그러나", "따라서 우리는", "つまり", "しかし", "لكن", "लेकिन", "однажды", "ですから")
_SCRIPTS = (
    "根据图片中的内容，可以看到一个非常清楚的物体。", "我认为这个问题的答案是第二个选项。",
    "对不起，我需要更多的信息。",
    "Я думаю, что правильный ответ находится справа.", "На рисунке показан большой предмет.",
    "画像には大きな物が写っています。", "この質問の答えは二番目です。", "그림에는 커다란 물체가 보입니다.",
    "أعتقد أن الإجابة الصحيحة هي الثانية.", "चित्र में एक बड़ी वस्तु दिखाई दे रही है।", "Η σωστή απάντηση είναι η δεύτερη.",
)  # fmt: skip
_LANGUAGES = (
    "Ich denke, dass die richtige Antwort auf diese Frage im mittleren Teil zu finden ist und nicht am Rand.",
    "Auf dem Bild ist ein großer Gegenstand zu sehen, der neben einem kleineren steht.",
    "Creo que la respuesta correcta a esta pregunta es la segunda, porque la primera no es posible.",
    "En la imagen se puede ver un objeto muy grande al lado de otro más pequeño.",
    "Je pense que la bonne réponse à cette question est la deuxième, parce que la première n'est pas possible.",
    "Sur cette image, on peut voir un grand objet à côté d'un autre qui est plus petit.",
    "Penso che la risposta giusta a questa domanda sia la seconda, perché la prima non è possibile.",
    "Ik denk dat het juiste antwoord op deze vraag het tweede is, omdat het eerste niet mogelijk is.",
    "Acho que a resposta certa para esta pergunta é a segunda, porque a primeira não é possível.",
    "Myślę, że prawidłowa odpowiedź na to pytanie jest druga, ponieważ pierwsza nie jest możliwa.",
)


def _stuffed(rng: random.Random, count: int) -> str:
    """Sentences of made-up words, as long as a page or a book, without repeating itself."""
    words = ["".join(rng.choices(string.ascii_lowercase, k=rng.randint(2, 9))) for _ in range(count)]
    return " ".join(f"{word}." if rng.random() < 0.08 else word for word in words)


def _few_words(answer: str, rng: random.Random) -> str:
    own = re.findall(r"[^\W\d_]+", answer) or ["picture"]
    return rng.choice([rng.choice(own), " ".join(rng.sample(own, min(2, len(own)))), rng.choice(NOUNS).title()])


def _symbols(answer: str, rng: random.Random) -> str:
    words = answer.split()[: rng.randint(3, 8)]
    return " ".join(word + "".join(rng.choices(_SYMBOLS, k=rng.randint(6, 15))) for word in words)


def _digits(answer: str, rng: random.Random) -> str:
    groups = ["".join(rng.choices(string.digits, k=rng.randint(3, 8))) for _ in range(rng.randint(3, 8))]
    return rng.choice(["", "No. ", "SKU ", "Tel "]) + rng.choice([" ", "-", " / "]).join(groups)


def _emoji(answer: str, rng: random.Random) -> str:
    said = rng.choice(["wow", "so cute", "love it", "vibes", ""])
    return said + " " + "".join(rng.choices(_EMOJI, k=rng.randint(8, 30)))


def _linked(answer: str, rng: random.Random) -> str:
    links = [
        f"https://shop.example.com/{rng.choice(NOUNS)}/{number(rng)}/{rng.choice(NOUNS)}"
        for _ in range(rng.randint(2, 5))
    ]
    return " ".join([*answer.split()[: rng.randint(2, 12)], *links])


def _spaced(answer: str, rng: random.Random) -> str | None:
    letters = " ".join(answer.replace(" ", "  "))
    return letters if len(answer) > 12 else None


def _glued(answer: str, rng: random.Random) -> str | None:
    words, size = answer.split(), rng.randint(6, 9)
    if len(words) < 3 * size:
        return None
    return " ".join("".join(words[start : start + size]) for start in range(0, len(words), size))


def _again(answer: str, rng: random.Random) -> str | None:
    words = answer.split()
    times = rng.randint(4, 40) if len(words) >= 3 else rng.randint(12, 80)
    return " ".join([answer] * times) if words else None


def _stuck(low: int, high: int) -> Write:
    """The answer ends in a loop over its last words."""

    def write(answer: str, rng: random.Random) -> str | None:
        words = answer.split()
        tail = words[-min(rng.randint(1, 8), len(words)) :]
        return " ".join([*words, *tail * rng.randint(low, high)]) if words else None

    return write


def _held_key(answer: str, rng: random.Random) -> str:
    return answer.rstrip(".") + rng.choice("aeosxh0139") * rng.randint(30, 500)


def _lines(answer: str, rng: random.Random) -> str | None:
    return "\n".join([rng.choice(["", "- ", "* "]) + answer] * rng.randint(7, 40)) if answer.strip() else None


def _sentences(answer: str, rng: random.Random) -> str | None:
    said = [each for each in re.split(r"(?<=[.!?])\s+|\n+", answer) if len(each) > 14]
    if not said:
        return None
    again = rng.choice(said).rstrip(".!?") + "."
    return " ".join([answer.rstrip(".!? ") + ".", *[again] * rng.randint(len(said) + 1, 4 * len(said) + 4)])


def _in_json(write: Write) -> Write:
    """Spoils one value of a JSON object, or else the text."""

    def spoil(answer: str, rng: random.Random) -> str | None:
        try:
            fields = json.loads(answer)
        except json.JSONDecodeError:
            return write(answer, rng)
        named = (
            [key for key, value in fields.items() if isinstance(value, str) and value]
            if isinstance(fields, dict)
            else []
        )
        if not named:
            return None
        key = rng.choice(named)
        return json.dumps({**fields, key: write(fields[key], rng)}, ensure_ascii=False)

    return spoil


def _lapses(fragments: Sequence[str]) -> Write:
    def write(answer: str, rng: random.Random) -> str | None:
        words = answer.split()
        if sum(letter.isalpha() for letter in answer) < 20 or len(words) < 3:
            return None
        for _ in range(rng.randint(1, 4)):
            words.insert(rng.randint(1, len(words)), rng.choice(fragments))
        return " ".join(words)

    return write


def _mixed(answer: str, rng: random.Random) -> str | None:
    words = answer.split()
    if len(words) < 8:
        return None
    share = rng.uniform(0.3, 0.7)
    return (
        " ".join(rng.choice(_HAN + _OTHERS) if rng.random() < share else word for word in words)
        + " "
        + rng.choice(_HAN)
    )


def _mashed(answer: str, rng: random.Random) -> str:
    words = ["".join(rng.choices("sdfghjklqwrtzxcvbnmpyiou", k=rng.randint(4, 10))) for _ in range(rng.randint(5, 14))]
    return " ".join(words)


def _keywords(answer: str, rng: random.Random) -> str:
    return rng.choice([", ", " ", " | "]).join(rng.choices(NOUNS, k=rng.randint(16, 40)))


def _say(write: Write) -> Callable[[Specimen, random.Random], Specimen | None]:
    def plant(specimen: Specimen, rng: random.Random) -> Specimen | None:
        worse = write(answer_of(specimen.sample), rng)
        return None if worse is None else with_answer(specimen, worse)

    return plant


def _switch(answers: Sequence[str]) -> Callable[[Specimen, random.Random], Specimen | None]:
    """Another answer, unless the prompt may well ask for one in another language, or to have something read out."""

    def plant(specimen: Specimen, rng: random.Random) -> Specimen | None:
        asks = re.search(_MAY_ASK, prompt_of(specimen.sample), re.I)
        return None if asks else with_answer(specimen, rng.choice(answers))

    return plant


def _boilerplate(specimen: Specimen, rng: random.Random) -> Specimen:
    text = "Image from our latest product catalogue"
    return with_answer(specimen, rng.choice([text, f"{text}.", text.lower(), text.upper(), text.replace(" ", "  ")]))


def _stuck_region(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """One region's text, or else its label, over and over."""
    regions = list(specimen.sample.regions)
    named = [index for index, each in enumerate(regions) if (each.text or each.label).strip()]
    if not named:
        return None
    index, times = rng.choice(named), rng.randint(10, 80)
    each = regions[index]
    field = "text" if each.text.strip() else "label"
    regions[index] = replace(each, **{field: " ".join([getattr(each, field)] * times)})  # type: ignore[arg-type]
    return replace(specimen, sample=replace(specimen.sample, regions=tuple(regions)))


def _stuck_transcript(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """From some line on, each region says the same."""
    regions = list(specimen.sample.regions)
    if len(regions) < 8 or not any(each.text for each in regions):
        return None
    first = rng.randint(1, len(regions) // 3)
    said = max((each.text for each in regions[: first + 1]), key=len)
    regions = [replace(each, text=said) if index >= first else each for index, each in enumerate(regions)]
    return replace(specimen, sample=replace(specimen.sample, regions=tuple(regions)))


def _stuck_thought(specimen: Specimen, rng: random.Random) -> Specimen | None:
    """A step's thought ends in a loop; where steps have none, one that says what is to be done."""
    steps = list(specimen.sample.steps)
    if not steps:
        return None
    index = rng.choice([at for at, step in enumerate(steps) if step.thought] or range(len(steps)))
    thought = steps[index].thought or f"I should {prompt_of(specimen.sample)[:80].lower()} So the next thing is to"
    steps[index] = replace(steps[index], thought=_stuck(10, 60)(thought, rng) or "")
    return replace(specimen, sample=replace(specimen.sample, steps=tuple(steps)))


def _of(name: str, rule: str, write: Write, *tasks: Task) -> Defect:
    return Defect(name=name, rule=rule, tasks=tasks or ("caption",), plant=_say(write))


_STANDS_IN = "describes_instead_of_standing_in"

DEFECTS: tuple[Defect, ...] = (
    _of("few_words", "says_something", _few_words),
    _of("whole_file", "not_endless", lambda answer, rng: _stuffed(rng, rng.randint(8_500, 20_000)), *_TALK, "document"),
    _of("whole_page_as_caption", "caption_not_endless", lambda answer, rng: _stuffed(rng, rng.randint(1100, 4000))),
    _of("file_name_as_caption", _STANDS_IN, alttext.FILE_NAMES),
    _of("camera_name_as_caption", _STANDS_IN, alttext.CAMERA_NAMES),
    _of("generic_name_as_caption", _STANDS_IN, alttext.GENERIC_NAMES),
    _of("placeholder_as_caption", _STANDS_IN, alttext.PLACEHOLDERS),
    _of("credit_as_caption", _STANDS_IN, alttext.CREDITS),
    _of("page_control_as_caption", _STANDS_IN, alttext.CONTROLS),
    _of("address_as_caption", _STANDS_IN, alttext.ADDRESSES),
    _of("markup_in_caption", _STANDS_IN, alttext.markup),
    _of("symbols_as_caption", "words_rather_than_symbols", _symbols),
    _of("numbers_as_caption", "words_rather_than_digits", _digits),
    _of("emoji_as_caption", "words_rather_than_emoji", _emoji),
    _of("links_in_caption", "words_rather_than_addresses", _linked),
    _of("letters_set_apart", "words_of_normal_length", _spaced),
    _of("words_glued_together", "words_of_normal_length", _glued),
    _of("said_again_and_again", "no_repetition", _again, *_TALK),
    _of("ends_in_a_loop", "no_stuck_phrase", _stuck(12, 90), *_TALK),
    _of("field_in_a_loop", "no_stuck_phrase_in_document", _in_json(_stuck(25, 200)), "document"),
    _of("key_held_down", "no_stuck_key", _in_json(_held_key), *_TALK, "document"),
    _of("same_line_again", "few_repeated_lines", _lines, *_TALK),
    _of("same_sentence_again", "few_repeated_sentences", _sentences, *_TALK),
    Defect(name="region_in_a_loop", rule="no_looping_region", tasks=("ocr", "grounding", "agent"), plant=_stuck_region),
    Defect(name="transcript_in_a_loop", rule="no_looping_transcript", tasks=("ocr",), plant=_stuck_transcript),
    Defect(name="thought_in_a_loop", rule="no_looping_thought", tasks=("agent",), plant=_stuck_thought),
    Defect(name="other_script", rule="answers_in_the_prompts_script", tasks=("vqa", "text"), plant=_switch(_SCRIPTS)),
    Defect(
        name="other_language", rule="answers_in_the_prompts_language", tasks=("vqa", "text"), plant=_switch(_LANGUAGES)
    ),
    _of("lapse_of_script", "no_lapse_into_another_script", _lapses(_HAN + _OTHERS), "text"),
    _of("scripts_mixed", "no_mixture_of_scripts", _mixed, "caption", "vqa"),
    _of("keyboard_noise", "words_of_a_language", _mashed),
    _of("keywords_as_caption", "not_a_list_of_keywords", _keywords),
    Defect(name="one_caption_for_many", rule="not_boilerplate", tasks=("caption",), plant=_boilerplate),
)

"""Plain instructions with answers that are right by construction."""

from __future__ import annotations

import random
from dataclasses import dataclass

_WORDS = (
    "river", "lantern", "copper", "window", "garden", "winter", "pepper", "signal", "meadow", "anchor", "bottle",
    "candle", "harbour", "ladder", "mirror", "needle", "orchard", "pillow", "rabbit", "saddle", "tunnel", "valley",
    "walnut", "basket", "cotton", "dragon", "engine", "feather", "guitar", "helmet", "island", "jacket", "kettle",
    "lemon", "magnet", "napkin", "oyster", "pencil", "quarry", "ribbon", "silver", "thunder", "umbrella", "violin",
)  # fmt: skip
_NAMES = ("Mira", "Tomas", "Ines", "Jonas", "Priya", "Owen", "Leila", "Pavel", "Nora", "Hugo", "Sana", "Felix")
_THINGS = ("marbles", "stamps", "apples", "tickets", "pencils", "shells", "coins", "postcards", "buttons", "seeds")
_PLACES = ("the market", "a friend's house", "the school fair", "the library", "the station", "the harbour")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_OPPOSITES = {
    "hot": "cold", "early": "late", "empty": "full", "loud": "quiet", "narrow": "wide", "rough": "smooth",
    "shallow": "deep", "heavy": "light", "bright": "dim", "sharp": "blunt", "ancient": "modern", "generous": "mean",
}  # fmt: skip
_CLASSES = {
    "animal": ("heron", "badger", "trout", "beetle", "otter", "magpie", "lizard", "weasel", "donkey", "moth"),
    "tool": ("chisel", "pliers", "spanner", "hammer", "saw", "trowel", "mallet", "file", "rake", "spade"),
    "fruit": ("quince", "cherry", "apricot", "melon", "fig", "plum", "papaya", "lime", "grape", "damson"),
    "vehicle": ("tram", "ferry", "lorry", "scooter", "barge", "tractor", "canoe", "glider", "taxi", "sledge"),
    "garment": ("scarf", "mitten", "waistcoat", "sandal", "apron", "tunic", "sock", "beret", "cardigan", "shawl"),
}
_UNITS = (("metres", "centimetres", 100), ("kilograms", "grams", 1000), ("hours", "minutes", 60), ("weeks", "days", 7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One turn of text: what to do, what to do it with (may be empty), and the right answer."""

    instruction: str
    input: str
    output: str


def write_instruction(rng: random.Random) -> Instruction:
    """One of a dozen small tasks."""
    return rng.choice(
        (_sum, _story, _reverse, _sort_words, _sort_numbers, _count, _longest)
        + (_weekday, _opposite, _odd_one_out, _convert, _invite, _capitals)
    )(rng)


def _form(rng: random.Random, *forms: str) -> str:
    return rng.choice(forms)


def _sum(rng: random.Random) -> Instruction:
    a, b, c = rng.randint(11, 99), rng.randint(11, 99), rng.randint(2, 9)
    sign, value = rng.choice((("+", a + b + c), ("-", a + b - c)))
    ask = _form(rng, "Work out the value of this expression.", "Calculate.", "What does this come to?")
    return Instruction(instruction=ask, input=f"{a} + {b} {sign} {c}", output=str(value))


def _story(rng: random.Random) -> Instruction:
    name, thing, place = rng.choice(_NAMES), rng.choice(_THINGS), rng.choice(_PLACES)
    start, change = rng.randint(20, 60), rng.randint(3, 19)
    gains = rng.random() < 0.5
    verb, end = ("is given", start + change) if gains else ("loses", start - change)
    text = f"{name} has {start} {thing} and {verb} {change} of them at {place}. How many {thing} does {name} have then?"
    sign = "+" if gains else "-"
    return Instruction(
        instruction=text, input="", output=f"{start} {sign} {change} = {end}, so {name} has {end} {thing}."
    )


def _reverse(rng: random.Random) -> Instruction:
    words = rng.sample(_WORDS, rng.randint(1, 2))
    ask = _form(
        rng, "Write each word backwards.", "Reverse the letters of every word, but keep the order of the words."
    )
    return Instruction(instruction=ask, input=" ".join(words), output=" ".join(word[::-1] for word in words))


def _sort_words(rng: random.Random) -> Instruction:
    words = rng.sample(_WORDS, rng.randint(3, 6))
    ask = _form(rng, "Put these words in alphabetical order.", "Sort the list from A to Z.")
    return Instruction(instruction=ask, input=", ".join(words), output=", ".join(sorted(words)))


def _sort_numbers(rng: random.Random) -> Instruction:
    numbers = rng.sample(range(1, 500), rng.randint(4, 6))
    falling = rng.random() < 0.5
    ask = f"Sort the numbers from the {'largest to the smallest' if falling else 'smallest to the largest'}."
    ordered = sorted(numbers, reverse=falling)
    return Instruction(instruction=ask, input=", ".join(map(str, numbers)), output=", ".join(map(str, ordered)))


def _count(rng: random.Random) -> Instruction:
    words = rng.sample(_WORDS, rng.randint(2, 4))
    letter = rng.choice(rng.choice(words))
    ask = _form(
        rng, f'How often does the letter "{letter}" occur in this text?', f'Count every "{letter}" in these words.'
    )
    return Instruction(instruction=ask, input=" ".join(words), output=str("".join(words).count(letter)))


def _longest(rng: random.Random) -> Instruction:
    longest = rng.choice([word for word in _WORDS if len(word) > 6])
    words = [longest, *rng.sample([word for word in _WORDS if len(word) < len(longest)], 3)]
    rng.shuffle(words)
    return Instruction(instruction="Which of these words is the longest?", input=", ".join(words), output=longest)


def _weekday(rng: random.Random) -> Instruction:
    start, days, name = rng.randrange(7), rng.randint(2, 12), rng.choice(_NAMES)
    place, thing = rng.choice(_PLACES), rng.choice(_THINGS)
    text = _form(
        rng,
        f"Today is {_DAYS[start]}, and {name} goes to {place} in {days} days. Which day of the week will that be?",
        f"{name} ordered some {thing} on a {_DAYS[start]}, and they came {days} days later. On which weekday was that?",
        f"If it is {_DAYS[start]} now, what day of the week will it be after {days} days?",
    )
    return Instruction(instruction=text, input="", output=f"{_DAYS[(start + days) % 7]}.")


def _opposite(rng: random.Random) -> Instruction:
    words = rng.sample(list(_OPPOSITES), rng.randint(1, 3))
    ask = _form(rng, "Give the opposite of each word.", "Name a word that means the contrary of each one listed.")
    return Instruction(instruction=ask, input=", ".join(words), output=", ".join(_OPPOSITES[word] for word in words))


def _odd_one_out(rng: random.Random) -> Instruction:
    main, other = rng.sample(list(_CLASSES), 2)
    odd = rng.choice(_CLASSES[other])
    words = [*rng.sample(_CLASSES[main], 3), odd]
    rng.shuffle(words)
    ask = _form(rng, "Find the word that doesn't belong.", "One of these is unlike the rest. Which, and why?")
    answer = f"{odd.capitalize()}: it is {_a(other)}, and each of the others is {_a(main)}."
    return Instruction(instruction=ask, input=", ".join(words), output=answer)


def _a(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _convert(rng: random.Random) -> Instruction:
    large, small, factor = rng.choice(_UNITS)
    number = rng.randint(2, 40)
    ask = _form(rng, f"Convert {number} {large} to {small}.", f"How many {small} are there in {number} {large}?")
    return Instruction(instruction=ask, input="", output=f"{number} {large} are {number * factor} {small}.")


def _invite(rng: random.Random) -> Instruction:
    host, guest = rng.sample(_NAMES, 2)
    day, place, thing = rng.choice(_DAYS), rng.choice(_PLACES), rng.choice(_THINGS)
    ask = f"Write two sentences in which {host} asks {guest} to come to {place} on {day} and to bring some {thing}."
    answer = (
        f"Dear {guest}, would you like to come with me to {place} on {day}? Please bring some {thing}. Yours, {host}"
    )
    return Instruction(instruction=ask, input="", output=answer)


def _capitals(rng: random.Random) -> Instruction:
    words = rng.sample(_WORDS, 4)
    ask = _form(
        rng, "Rewrite the words in capital letters, joined by hyphens.", "Shout these words, with hyphens between."
    )
    return Instruction(instruction=ask, input=" ".join(words), output="-".join(words).upper())

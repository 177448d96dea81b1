"""Questions about a table, in the table's language; names of rows and columns stand in quotation marks."""

from __future__ import annotations

import random
from dataclasses import dataclass

from curation.contract.sample import Verifier
from synth.tables.content import Content


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    answer: str
    verifier: Verifier


# What stands in row {r}, column {c}? Which row has the highest or lowest value in column {c}? What do {a} and {b} of
# column {c} add up to, and how much do they differ? Where is the cell in row {r}, column {c}?
_FORMS = {
    "en": ("What is “{c}” for “{r}”?", "Which row has the highest value of “{c}”?",
           "Which row has the lowest value of “{c}”?", "What is “{c}” of “{a}” and “{b}” together?",
           "By how much do “{a}” and “{b}” differ in “{c}”?", "Locate the cell of row “{r}” and column “{c}”."),
    "de": ("Was steht bei „{r}“ unter „{c}“?", "Welche Zeile hat den höchsten Wert bei „{c}“?",
           "Welche Zeile hat den niedrigsten Wert bei „{c}“?", "Wie viel ergeben „{a}“ und „{b}“ bei „{c}“ zusammen?",
           "Um wie viel unterscheiden sich „{a}“ und „{b}“ bei „{c}“?",
           "Wo ist die Zelle in Zeile „{r}“, Spalte „{c}“?"),
    "fr": ("Que lit-on sous « {c} » pour « {r} » ?", "Quelle ligne a la valeur la plus élevée pour « {c} » ?",
           "Quelle ligne a la valeur la plus basse pour « {c} » ?",
           "Combien font « {a} » et « {b} » ensemble pour « {c} » ?",
           "De combien « {a} » et « {b} » diffèrent-ils pour « {c} » ?",
           "Où est la cellule de la ligne « {r} », colonne « {c} » ?"),
    "es": ("¿Qué figura en «{c}» para «{r}»?", "¿Qué fila tiene el valor más alto de «{c}»?",
           "¿Qué fila tiene el valor más bajo de «{c}»?", "¿Cuánto suman «{a}» y «{b}» en «{c}»?",
           "¿En cuánto difieren «{a}» y «{b}» en «{c}»?", "¿Dónde está la celda de la fila «{r}» y la columna «{c}»?"),
    "ru": ("Что указано в столбце «{c}» для строки «{r}»?", "В какой строке самое большое значение «{c}»?",
           "В какой строке самое маленькое значение «{c}»?", "Сколько составляют вместе «{a}» и «{b}» в столбце «{c}»?",
           "На сколько различаются «{a}» и «{b}» в столбце «{c}»?", "Где ячейка в строке «{r}», столбец «{c}»?"),
    "zh": ("“{r}”的“{c}”是什么？", "哪一行的“{c}”最高？", "哪一行的“{c}”最低？", "“{a}”和“{b}”的“{c}”合计多少？",
           "“{a}”和“{b}”的“{c}”相差多少？", "“{r}”行“{c}”列的单元格在哪里？"),
    "ja": ("「{r}」の「{c}」は何ですか。", "「{c}」が最も大きい行はどれですか。", "「{c}」が最も小さい行はどれですか。",
           "「{a}」と「{b}」の「{c}」は合わせていくつですか。", "「{a}」と「{b}」の「{c}」の差はいくつですか。",
           "「{r}」の行、「{c}」の列のセルはどこですか。"),
    "ko": ("‘{r}’의 ‘{c}’은(는) 무엇입니까?", "‘{c}’이(가) 가장 큰 행은 무엇입니까?",
           "‘{c}’이(가) 가장 작은 행은 무엇입니까?",
           "‘{a}’와 ‘{b}’의 ‘{c}’을(를) 더하면 얼마입니까?", "‘{a}’와 ‘{b}’의 ‘{c}’ 차이는 얼마입니까?",
           "‘{r}’ 행, ‘{c}’ 열의 칸은 어디입니까?"),
    "ar": ("ما قيمة «{c}» في صف «{r}»؟", "أي صف فيه أعلى قيمة في عمود «{c}»؟", "أي صف فيه أدنى قيمة في عمود «{c}»؟",
           "كم مجموع «{a}» و«{b}» في عمود «{c}»؟", "كم الفرق بين «{a}» و«{b}» في عمود «{c}»؟",
           "أين الخلية في صف «{r}» وعمود «{c}»؟"),
    "hi": ("“{r}” के लिए “{c}” क्या है?", "किस पंक्ति में “{c}” सबसे अधिक है?", "किस पंक्ति में “{c}” सबसे कम है?",
           "“{c}” में “{a}” और “{b}” का योग कितना है?", "“{c}” में “{a}” और “{b}” का अंतर कितना है?",
           "पंक्ति “{r}” और स्तंभ “{c}” का खाना कहाँ है?"),
}  # fmt: skip


def ask_cell(rng: random.Random, content: Content, asked: str = "") -> Question:
    """What stands in a cell, exactly as it stands there. Never an empty one, nor the one that was `asked` for."""
    while True:
        row, column = filled(rng, content)
        text = _FORMS[content.words.language][0].format(r=content.rows[row], c=content.columns[column])
        if text != asked:
            return Question(text, content.values[row][column].text, "exact")


def ask_numbers(rng: random.Random, content: Content, asked_cell: str) -> Question:
    """The highest or lowest value of a column, or the sum or difference of two, as a plain number; where no column has
    numbers to compare, another cell than the one that was asked for."""
    columns = [index for index in range(len(content.columns)) if len(set(_numbers(content, index).values())) > 1]
    if not columns:
        return ask_cell(rng, content, asked_cell)
    column = rng.choice(columns)
    numbers = _numbers(content, column)
    order = sorted(numbers, key=numbers.__getitem__)
    forms, named = _FORMS[content.words.language], {"c": content.columns[column]}
    asked = rng.choice(("high", "low", "sum", "difference"))
    if asked == "high" and numbers[order[-1]] > numbers[order[-2]]:
        return Question(forms[1].format(**named), content.rows[order[-1]], "exact")
    if asked == "low" and numbers[order[0]] < numbers[order[1]]:
        return Question(forms[2].format(**named), content.rows[order[0]], "exact")
    a, b = rng.choice([(a, b) for a in numbers for b in numbers if numbers[a] != numbers[b]])
    pair = {**named, "a": content.rows[a], "b": content.rows[b]}
    percent = "%" if content.sorts[column] == "percent" else ""
    if asked == "difference":
        return Question(forms[4].format(**pair), plain(abs(numbers[a] - numbers[b])) + percent, "relaxed")
    return Question(forms[3].format(**pair), plain(numbers[a] + numbers[b]) + percent, "relaxed")


def ask_place(content: Content, row: int, column: int) -> str:
    return _FORMS[content.words.language][5].format(r=content.rows[row], c=content.columns[column])


def filled(rng: random.Random, content: Content) -> tuple[int, int]:
    """The row and column of some value that is not empty."""
    places = [(r, c) for r, row in enumerate(content.values) for c, value in enumerate(row) if value.text]
    return rng.choice(places)


def plain(number: float) -> str:
    """A number as `relaxed` reads it."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _numbers(content: Content, column: int) -> dict[int, float]:
    return {r: row[column].number or 0.0 for r, row in enumerate(content.values) if row[column].number is not None}

"""Made-up programs, first half: settings, mail, shop, calendar, files, a form."""

from __future__ import annotations

from html import escape

from synth.agents.draft import Draft, marks
from synth.agents.layout import Parts, assorted, face, fact, picture, way
from synth.agents.words import CHOICES, FIELDS, SECTIONS, TOGGLES


def settings(draft: Draft) -> Parts:
    rng, words = draft.rng, draft.words
    parts = Parts("settings page", words("Settings"), {})
    sections = rng.sample(SECTIONS, rng.randint(4, 8))
    rows = []
    for number, english in enumerate(sections):
        name, view = words(english), f"s{number}"
        told = marks(act="go", to=view, kind="row", name=name)
        rows.append(
            f'<button class="row" {told}><span class="grow">{escape(name)}</span><span class="soft">›</span></button>'
        )
        if number < 4:
            way(draft, parts, view, f"[data-view=main] [data-to={view}]", name)
    toggles = rng.sample(TOGGLES, rng.randint(2, 5))
    top = "".join(draft.toggle_row(each) for each in toggles) + draft.slider(rng.choice(("Volume", "Brightness")))
    choice = f'<div class="row">{draft.choice(rng.choice(CHOICES))}</div>'
    groups = [top, "".join(rows), choice]
    rng.shuffle(groups)
    parts.views["main"] = (parts.title, "".join(f'<div class="group">{each}</div>' for each in groups))
    for number, english in enumerate(sections):
        draft.view = f"s{number}"
        parts.views[draft.view] = (words(english), assorted(draft, rng.randint(3, 9)))
    parts.icons = [draft.icon(each) for each in rng.sample(("search", "help", "more", "person"), rng.randint(1, 2))]
    return parts


def mail(draft: Draft) -> Parts:
    rng, words = draft.rng, draft.words
    parts = Parts("mail program", words("Inbox"), {})
    rows, people = [], []
    for _ in range(rng.randint(5, 14)):
        person, topic, hour = words.person(), words.topic(), words.time()
        people.append(person)
        attributes, _ = draft.held(
            topic, rng.choice(((("Archive", "gone"), ("Pin", "pinned")), (("Delete", "gone"), ("Pin", "pinned"))))
        )
        star = draft.star(rng.choice(("star", "heart")), topic, f'mark the message "{topic}" with its icon')
        rows.append(
            f'<div class="row" role="listitem" {attributes} {marks(kind="row", name=topic)}>'
            f'{face(draft, person)}<span class="grow">'
            f'<b class="cut"{fact(f"Who sent the message “{topic}”?", person).join((" ", ""))}>{escape(person)}</b>'
            f'<small class="cut">{escape(topic)} <span data-mark></span></small></span>'
            f"<small {fact(f'At what time did the message “{topic}” come?', hour)}>{hour}</small>{star}</div>"
        )
    search = draft.field("Search", "", hint=words("Search"), filters="list") if rng.random() < 0.5 else ""
    compose = draft.push("Compose", True, "go", "compose")
    parts.views["main"] = (
        parts.title,
        f'<div class="line">{compose}</div>{search}<div class="group" id="list">{"".join(rows)}</div>',
    )
    way(draft, parts, "compose", "[data-view=main] [data-to=compose]", words("Compose"))
    draft.view = "compose"
    inner = draft.field("To", "") + draft.field("Subject", "") + draft.field("Message", "")
    sent = draft.sender("Send", f'send it with "{words("Send")}"')
    parts.views["compose"] = (
        words("Compose"),
        f'{inner}<div class="line">{sent}{draft.push("Cancel", act="back")}</div>',
    )
    parts.places = [
        ("Inbox", "main"),
        *(
            (each, f"p{n}")
            for n, each in enumerate(rng.sample(("Sent", "Drafts", "Trash", "Settings"), rng.randint(2, 4)))
        ),
    ]
    parts.icons = [draft.icon(each) for each in rng.sample(("search", "refresh", "filter", "more"), rng.randint(1, 3))]
    return parts


def shop(draft: Draft) -> Parts:
    rng, words = draft.rng, draft.words
    parts = Parts("shop", words("Shop"), {}, wide=True)
    cards, names = [], []
    for _ in range(rng.randint(4, 9)):
        name, price = words.product(), words.price()
        names.append(name)
        add = draft.sender("Add to cart", f'put "{name}" into the cart', within=name, busy=False, small=True)
        heart = draft.star("heart", name, f'mark "{name}" with the heart')
        cards.append(
            f'<div class="card">{picture(draft, rng.choice((60, 80, 100)))}<b class="cut">{escape(name)}</b>'
            f'<div class="line" style="margin:0"><span {fact(f"What does “{name}” cost?", price)}>{price}'
            f"</span>{heart}</div>{add}</div>"
        )
    tools = f'<div class="line">{draft.choice("Sort by")}{draft.choice("Colour") if rng.random() < 0.5 else ""}</div>'
    parts.views["main"] = (parts.title, f'{tools}<div class="grid">{"".join(cards)}</div>')
    parts.places = [
        ("Shop", "main"),
        ("Cart", "cart"),
        *rng.sample([("Favourites", "fav"), ("Profile", "me"), ("Settings", "set")], 2),
    ]
    draft.view = "cart"
    inner = draft.stepper("Quantity") + draft.toggle_row("Weekly report", "box")
    end = draft.sender("Checkout", f'go on with "{words("Checkout")}"')
    parts.views["cart"] = (
        words("Cart"),
        f'<div class="group">{inner}</div>{draft.field("City")}{draft.field("Street")}<div class="line">{end}</div>',
    )
    parts.icons = [draft.icon("search"), draft.icon("cart", "go", "cart")]
    return parts


def calendar(draft: Draft) -> Parts:
    rng, words = draft.rng, draft.words
    parts = Parts("calendar", words("Calendar"), {})
    own, start, length, chosen = draft.key(), rng.randrange(7), rng.choice((28, 30, 31)), rng.randrange(1, 29)
    days = ["<span></span>" for _ in range(start)]
    for day in range(1, length + 1):
        key = draft.key()
        told = marks(id=key, group=own, act="radio", kind="day", name=str(day), value=str(day))
        days.append(
            f'<button class="day" role="radio" aria-checked="{str(day == chosen).lower()}" {told}>{day}</button>'
        )
        if day != chosen:
            tap = draft.move("tap", f"[data-id={key}]", str(day), "item", f"Chose day {day}")
            draft.job(f"choose day {day} of the month", f"day {day} is chosen", [tap], {own: str(day)})
    events = []
    for _ in range(rng.randint(2, 5)):
        topic, hour, place = words.topic(), words.time(), words.city()
        attributes, _ = draft.held(topic, (("Delete", "gone"), ("Pin", "pinned")))
        events.append(
            f'<div class="row" {attributes} {marks(kind="row", name=topic)}><b '
            f"{fact(f'When does “{topic}” begin?', hour)}>{hour}</b>"
            f'<span class="grow"><span class="cut">{escape(topic)} <span data-mark></span></span><small '
            f"{fact(f'Where is “{topic}”?', place)}>{place}</small></span></div>"
        )
    new = draft.push("New event", True, "go", "new")
    grid = f'<div class="month" data-key="{own}" data-value="{chosen}">{"".join(days)}</div>'
    parts.views["main"] = (
        parts.title,
        f'{grid}<div class="group">{"".join(events)}</div><div class="line">{new}</div>',
    )
    way(draft, parts, "new", "[data-view=main] [data-to=new]", words("New event"))
    draft.view = "new"
    inner = draft.field("Title", "") + draft.field("City", "") + f'<div class="line">{draft.choice("Reminder")}</div>'
    group = f'<div class="group">{draft.toggle_row("Notifications")}{draft.toggle_row("Location")}</div>'
    parts.views["new"] = (
        words("New event"),
        f'{inner}{group}<div class="line">{draft.sender("Save", "save the event")}'
        f"{draft.push('Cancel', act='back')}</div>",
    )
    parts.icons = [draft.icon(each) for each in rng.sample(("search", "calendar", "more", "gear"), 2)]
    return parts


def files(draft: Draft) -> Parts:
    rng, words = draft.rng, draft.words
    parts = Parts("file list", words("Files"), {}, wide=True)
    rows, names = [], []
    for _ in range(rng.randint(6, 16)):
        name, size, day = words.file(), f"{rng.randrange(2, 990)} {rng.choice(('KB', 'MB'))}", words.day()
        names.append(name)
        attributes, _ = draft.held(name, (("Delete", "gone"), ("Pin", "pinned")))
        rows.append(
            f'<div class="row" {attributes} {marks(kind="row", name=name)}><span class="grow cut">'
            f"{escape(name)} <span data-mark></span></span>"
            f"<small {fact(f'How large is the file {name}?', size)}>{size}</small>"
            f'<small style="min-width:52px" {fact(f"What is the date of the file {name}?", day)}>{day}</small>'
            f"{draft.icon(rng.choice(('download', 'share')), within=name)}</div>"
        )
    search = draft.field("Search", "", hint=words("Search"), filters="list")
    _search_job(draft, rng.choice(names))
    parts.views["main"] = (
        parts.title,
        f'{search}<div class="line">{draft.choice("Sort by")}</div><div class="group" id="list">{"".join(rows)}</div>',
    )
    parts.places = [
        ("Files", "main"),
        *(
            (each, f"p{n}")
            for n, each in enumerate(rng.sample(("Recent", "Shared", "Trash", "Settings"), rng.randint(2, 4)))
        ),
    ]
    parts.icons = [draft.icon(each) for each in rng.sample(("add", "refresh", "filter", "more"), rng.randint(1, 3))]
    return parts


def _search_job(draft: Draft, wanted: str) -> None:
    """Typing into the search field that was drawn last, and Enter."""
    key, name = f"k{draft._keys}", draft.words("Search")
    at = f"[data-key={key}]"
    tap = draft.move("tap", at, name, "focus", f"Put the cursor into “{name}”")
    typed = draft.move("type", at, name, "type", f"Filled in the “{name}” field", text=wanted)
    enter = draft.move("enter", at, name, "enter", "Pressed Enter")
    draft.job(
        f'search for "{wanted}"', f"the list shows what fits “{wanted}”", [tap, typed, enter], {key: wanted}, last=True
    )


def form(draft: Draft) -> Parts:
    rng, words = draft.rng, draft.words
    parts = Parts("form", words(rng.choice(("Sign-up", "Profile", "Account"))), {})
    fields = rng.sample(FIELDS, rng.randint(3, 5))
    pieces = [draft.field(each) for each in fields]
    pieces.append(draft.radios(rng.choice(("Priority", "Travel class", "Theme"))))
    pieces.append(
        '<div class="group">'
        f"{''.join(draft.toggle_row(each, 'box') for each in rng.sample(TOGGLES, rng.randint(2, 3)))}</div>"
    )
    pieces.append(f'<div class="line">{draft.choice(rng.choice(("Status", "Quality", "Font size")))}</div>')
    english = rng.choice(("Save", "Send", "Continue"))
    ends = (
        draft.sender(english, f'press "{words(english)}"')
        + draft.push("Cancel")
        + (draft.push("Reset") if rng.random() < 0.4 else "")
    )
    parts.views["main"] = (parts.title, f'{"".join(pieces)}<div class="line">{ends}</div>')
    parts.icons = [draft.icon(each) for each in rng.sample(("help", "close", "camera", "lock"), rng.randint(1, 2))]
    return parts

"""Made-up programs, second half: dashboard, music, chat, travel, a table, notes; and the list of all."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from synth.agents.draft import Draft, marks
from synth.agents.icons import svg
from synth.agents.layout import Parts, face, fact, picture, way
from synth.agents.programs import calendar, files, form, mail, settings, shop
from synth.agents.words import TOGGLES


def dashboard(draft: Draft) -> Parts:
    rng, words = draft.rng, draft.words
    parts = Parts("dashboard", words("Dashboard"), {}, wide=True)
    names = [
        words(each)
        for each in rng.sample(("Customers", "Invoices", "Offers", "Trips", "Calls", "Reports"), rng.randint(2, 4))
    ]
    cards = []
    for name in names:
        figure = f"{rng.randrange(20, 9999):,}"
        told = fact(f"What number stands under “{name}”?", figure)
        cards.append(
            f'<div class="card"><span class="soft">{escape(name)}</span><span class="figure" {told}>{figure}'
            "</span></div>"
        )
    heights = [rng.randrange(10, 90) for _ in range(rng.randint(6, 12))]
    bars = "".join(f'<rect x="{n * 12 + 2}" y="{90 - h}" width="8" height="{h}"/>' for n, h in enumerate(heights))
    chart = (
        f'<div class="card" style="margin-bottom:12px"><svg viewBox="0 0 {len(heights) * 12} 92" '
        f'style="height:130px;fill:var(--accent)" preserveAspectRatio="none">{bars}</svg></div>'
    )
    tools = (
        f'<div class="line">{draft.choice("Period")}'
        f"{draft.sender('Export', 'export the figures', busy=True)}{draft.push('Print')}</div>"
    )
    group = f'<div class="group">{"".join(draft.toggle_row(each) for each in rng.sample(TOGGLES, 2))}</div>'
    pieces = [tools, f'<div class="grid">{"".join(cards)}</div>', chart, group]
    parts.views["main"] = (parts.title, "".join(pieces if rng.random() < 0.5 else [pieces[1], pieces[0], *pieces[2:]]))
    parts.places = [
        ("Dashboard", "main"),
        *(
            (each, f"p{n}")
            for n, each in enumerate(rng.sample(("Reports", "Settings", "Profile", "Shared"), rng.randint(2, 4)))
        ),
    ]
    parts.icons = [draft.icon(each) for each in rng.sample(("bell", "refresh", "person", "help"), 2)]
    return parts


def music(draft: Draft) -> Parts:
    rng, words = draft.rng, draft.words
    parts = Parts("music player", words("Music"), {})
    now, singer = words.topic(), words.person()
    song = (
        f'<b {fact("Which track is playing?", now)}>{escape(now)}</b><small class="soft" '
        f"{fact('Whose music is playing?', singer)}>{escape(singer)}</small>"
    )
    keys = (
        draft.icon("shuffle")
        + draft.icon("rewind")
        + draft.icon(rng.choice(("play", "pause")))
        + draft.icon("forward")
        + draft.icon("repeat")
    )
    rows, tracks = [], []
    for _ in range(rng.randint(4, 9)):
        track, length = words.topic(), f"{rng.randrange(1, 7)}:{rng.randrange(60):02}"
        tracks.append(track)
        heart = draft.star("heart", track, f'mark the track "{track}" with the heart')
        attributes, _ = draft.held(track, (("Delete", "gone"), ("Pin", "pinned")))
        rows.append(
            f'<div class="row" {attributes} {marks(kind="row", name=track)}><span class="grow cut">'
            f"{escape(track)} <span data-mark></span></span>"
            f"<small {fact(f'How long is the track “{track}”?', length)}>{length}</small>{heart}</div>"
        )
    top = (
        f'<div class="cover">{picture(draft, 150)}</div><div style="text-align:center;display:grid;gap:3px">'
        f"{song}</div>"
    )
    sliders = f'<div class="group">{draft.slider("Volume")}</div>'
    parts.views["main"] = (
        parts.title,
        f'{top}<div class="line" style="justify-content:center">{keys}</div>{sliders}<div class="group">'
        f"{''.join(rows)}</div>",
    )
    parts.places = [
        ("Music", "main"),
        *(
            (each, f"p{n}")
            for n, each in enumerate(rng.sample(("Library", "Favourites", "Settings", "Profile"), rng.randint(2, 3)))
        ),
    ]
    parts.icons = [draft.icon(each) for each in rng.sample(("search", "more", "share"), rng.randint(1, 2))]
    return parts


def chat(draft: Draft) -> Parts:
    rng, words = draft.rng, draft.words
    person = words.person()
    parts = Parts("chat", person, {})
    bubbles = []
    for number in range(rng.randint(4, 9)):
        mine, said = rng.random() < 0.45, words.topic()
        if words.language == "en":
            said = rng.choice(
                (
                    "Did you see the {}?",
                    "I will send the {} tonight.",
                    "The {} is ready.",
                    "Thanks for the {}!",
                    "Let us talk about the {}.",
                )
            ).format(said.lower())
        told = fact(f"What does message number {number + 1} from the top say?", said) if number < 3 else ""
        bubbles.append(f'<div class="bubble{" mine" if mine else ""}" {told}>{escape(said)}</div>')
    send_key = draft.key()
    message = draft.field("Message", "", hint=words("Message"))
    field_job = draft.jobs.pop()
    sender = marks(id=send_key, act="send", to=send_key, kind="icon", name="sends the message", does="send", done="✓")
    plane = svg("send")
    line = (
        f'<div class="line" style="flex-wrap:nowrap">{draft.icon("clip")}{message}<button class="icon" '
        f"{sender}>{plane}</button></div>"
    )
    press = draft.move("tap", f"[data-id={send_key}]", "send", "press", "Sent the message")
    text = field_job.moves[1].text
    draft.job(
        f'write "{text}" to {person} and send it',
        f"the message “{text}” is on its way",
        [*field_job.moves, press],
        {**field_job.goal, "sent": send_key},
        last=True,
    )
    parts.views["main"] = (person, f"{''.join(bubbles)}{line}")
    parts.places = [
        ("Chats", "main"),
        *((each, f"p{n}") for n, each in enumerate(rng.sample(("Calls", "Profile", "Settings"), rng.randint(1, 3)))),
    ]
    parts.icons = [draft.icon(each) for each in rng.sample(("phone", "camera", "search", "more"), rng.randint(1, 3))]
    return parts


def travel(draft: Draft) -> Parts:
    rng, words = draft.rng, draft.words
    parts = Parts("travel booking", words("Travel"), {})
    places = (
        draft.field("From")
        + draft.field("To")
        + f'<div class="line">{draft.icon("swap")}{draft.icon("calendar")}</div>'
    )
    counts = (
        '<div class="group">'
        f"{''.join(draft.stepper(each) for each in rng.sample(('Adults', 'Children', 'Bags'), rng.randint(1, 3)))}"
        "</div>"
    )
    kind = (
        draft.radios("Travel class")
        if rng.random() < 0.5
        else f'<div class="line">{draft.choice("Travel class")}</div>'
    )
    search = f'<div class="line">{draft.sender("Search", "start the search for trips")}</div>'
    trips, cards = [], []
    for _ in range(rng.randint(2, 4)):
        start, end, price = words.city(), words.city(), words.price()
        trips.append(f"{start} – {end}")
        book = draft.sender("Book", f'book the trip "{start} – {end}"', within=f"{start} – {end}", small=True)
        told = fact(f"What does the trip “{start} – {end}” cost?", price)
        cards.append(
            f'<div class="row"><span class="grow"><b>{start} – {end}</b><br><small>{words.day()}, '
            f"{words.time()}</small></span><span {told}>{price}</span>{book}</div>"
        )
    parts.views["main"] = (parts.title, f'{places}{counts}{kind}{search}<div class="group">{"".join(cards)}</div>')
    parts.places = [
        ("Travel", "main"),
        *(
            (each, f"p{n}")
            for n, each in enumerate(rng.sample(("Trips", "Offers", "Profile", "Settings"), rng.randint(2, 4)))
        ),
    ]
    parts.icons = [draft.icon(each) for each in rng.sample(("help", "bell", "heart"), rng.randint(1, 2))]
    return parts


def invoices(draft: Draft) -> Parts:
    rng, words = draft.rng, draft.words
    parts = Parts("table of invoices", words("Invoices"), {}, wide=True)
    rows, people = [], []
    for _ in range(rng.randint(5, 12)):
        number, person, price, day = (
            f"{rng.choice('ABKR')}-{rng.randrange(1000, 9999)}",
            words.person(),
            words.price(),
            words.day(),
        )
        people.append(person)
        box = draft.toggle(number, "box")
        cells = [
            f"<td>{box}</td><td {fact(f'Which invoice is for {person}?', number)}>{number}</td><td>"
            f"{escape(person)}</td>",
            f"<td {fact(f'What is the amount of invoice {number}?', price)}>{price}</td>",
            f"<td {fact(f'What is the date of invoice {number}?', day)}>{day}</td>"
            if draft.look.profile.device != "phone"
            else "",
        ]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    heads = [
        "",
        "№",
        words("Name"),
        words("Amount"),
        *([words("Date")] if draft.look.profile.device != "phone" else []),
    ]
    table = f"<table><tr>{''.join(f'<th>{escape(each)}</th>' for each in heads)}</tr>{''.join(rows)}</table>"
    tools = (
        f'<div class="line">{draft.choice("Status")}{draft.sender("Export", "export the chosen invoices")}'
        f"{draft.push('Print')}</div>"
    )
    pages = f'<div class="line">{draft.push("Previous")}{draft.push("Next")}</div>'
    parts.views["main"] = (parts.title, f"{tools}{table}{pages}")
    parts.places = [
        ("Invoices", "main"),
        *(
            (each, f"p{n}")
            for n, each in enumerate(rng.sample(("Customers", "Reports", "Settings"), rng.randint(1, 3)))
        ),
    ]
    parts.icons = [draft.icon(each) for each in rng.sample(("search", "filter", "download", "bell"), rng.randint(1, 3))]
    return parts


def notes(draft: Draft) -> Parts:
    rng, words = draft.rng, draft.words
    parts = Parts("notes program", words("Notes"), {}, wide=True)
    cards, titles = [], []
    for _ in range(rng.randint(4, 8)):
        title, lines = words.topic(), [words.product() for _ in range(rng.randint(1, 3))]
        titles.append(title)
        attributes, _ = draft.held(title, (("Delete", "gone"), ("Pin", "pinned")))
        star = draft.star("star", title, f'mark the note "{title}" with the star')
        told = fact(f"What is the first line of the note “{title}”?", lines[0])
        rest = "".join(f"<span>{escape(line)}</span>" for line in lines[1:])
        cards.append(
            f'<div class="card" {attributes} {marks(kind="card", name=title)}><div class="line" '
            f'style="margin:0;flex-wrap:nowrap"><b class="grow cut" style="flex:1">{escape(title)}</b>'
            f"<span data-mark></span>{star}</div><span {told}>{escape(lines[0])}</span>{rest}<small "
            f'class="soft">{words.day()}</small></div>'
        )
    new = draft.push("New note", True, "go", "new")
    parts.views["main"] = (
        parts.title,
        f'<div class="line">{new}{draft.choice("Sort by")}</div><div class="grid">{"".join(cards)}</div>',
    )
    way(draft, parts, "new", "[data-view=main] [data-to=new]", words("New note"))
    draft.view = "new"
    inner = draft.field("Title", "") + draft.field("Note", "") + f'<div class="line">{draft.choice("Colour")}</div>'
    parts.views["new"] = (
        words("New note"),
        f'{inner}<div class="group">{draft.toggle_row("Save history")}</div><div class="line">'
        f"{draft.sender('Save', 'save the note')}</div>",
    )
    parts.icons = [draft.icon(each) for each in rng.sample(("search", "add", "bin", "more"), rng.randint(1, 3))]
    return parts


def contacts(draft: Draft) -> Parts:
    rng, words = draft.rng, draft.words
    parts = Parts("list of contacts", words("Customers"), {})
    rows, people = [], []
    for _ in range(rng.randint(6, 14)):
        person, number = words.person(), f"0555 {rng.randrange(1000, 9999)}"
        people.append(person)
        attributes, _ = draft.held(person, (("Delete", "gone"), ("Pin", "pinned")))
        told = fact(f"What is the phone number of {person}?", number)
        rows.append(
            f'<div class="row" {attributes} {marks(kind="row", name=person)}>{face(draft, person)}<span '
            f'class="grow cut">{escape(person)} <span data-mark></span></span>'
            f"<small {told}>{number}</small>{draft.icon(rng.choice(('phone', 'send')), within=person)}</div>"
        )
    parts.views["main"] = (parts.title, f'<div class="group">{"".join(rows)}</div>')
    parts.places = [("Customers", "main"), ("Favourites", "fav"), ("Settings", "set")]
    parts.icons = [draft.icon(each) for each in rng.sample(("search", "add", "more"), rng.randint(1, 2))]
    return parts


PROGRAMS: tuple[Callable[[Draft], Parts], ...] = (
    settings,
    mail,
    shop,
    calendar,
    files,
    form,
    dashboard,
    music,
    chat,
    travel,
    invoices,
    notes,
    contacts,
)

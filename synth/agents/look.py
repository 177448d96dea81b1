"""How a screen looks: device, size, colours, letters; and the style sheet that all pages share."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Device = Literal["phone", "tablet", "desktop"]


@dataclass(frozen=True, slots=True)
class Profile:
    """A screen: width and height in CSS pixels, and the pixels of the picture for each of them."""

    device: Device
    width: int
    height: int
    scale: float


_PROFILES = (
    *(
        Profile("phone", *size, scale)
        for size in ((360, 800), (390, 844), (412, 732), (360, 640))
        for scale in (1, 1.5)
    ),
    Profile("phone", 360, 800, 2),
    Profile("tablet", 768, 1024, 1),
    Profile("tablet", 1024, 768, 1),
    Profile("tablet", 600, 960, 1.25),
    Profile("desktop", 1280, 800, 1),
    Profile("desktop", 1024, 768, 1),
    Profile("desktop", 1366, 768, 1),
    Profile("desktop", 1152, 720, 1.25),
)
_SHARES: tuple[tuple[Device, int], ...] = (("phone", 50), ("tablet", 15), ("desktop", 35))
_ACCENTS = "#1f6feb #0a7d5a #8a3ffc #c2410c #b3261e #00677f #374151 #7a5c00 #ad1457 #2e5aac".split()
_FONTS = ("Noto Sans", "DejaVu Sans", "Noto Serif", "Noto Sans Display", "DejaVu Sans Condensed")


@dataclass(frozen=True, slots=True)
class Look:
    """The choices of one screen: accent colour, dark or light, font, corner radius and the height of a row in CSS
    pixels, and whether rows stand on cards."""

    profile: Profile
    accent: str
    dark: bool
    font: str
    radius: int
    row: int
    cards: bool


def draw_look(rng: random.Random, device: Device | None = None) -> Look:
    kinds, shares = zip(*_SHARES, strict=True)
    wanted = device or rng.choices(kinds, shares)[0]
    return Look(
        profile=rng.choice([each for each in _PROFILES if each.device == wanted]),
        accent=rng.choice(_ACCENTS),
        dark=rng.random() < 0.35,
        font=rng.choice(_FONTS),
        radius=rng.choice((0, 3, 6, 10, 16)),
        row=rng.choice((44, 48, 54, 60)),
        cards=rng.random() < 0.5,
    )


def style(look: Look) -> str:
    """The style sheet of a screen."""
    light = ("#f6f7f9", "#ffffff", "#1c1f24", "#5b6470", "#c9ced6", "#e8ebf0")
    dark = ("#101216", "#1c2026", "#f1f3f5", "#a3adb9", "#454c57", "#2b313a")
    names = ("ground", "panel", "ink", "soft", "line", "fill")
    colours = ";".join(f"--{name}:{value}" for name, value in zip(names, dark if look.dark else light, strict=True))
    accent = f"color-mix(in srgb, {look.accent} 55%, white)" if look.dark else look.accent
    on_accent = "#0b0d10" if look.dark else "#ffffff"
    base = 15 if look.profile.device == "phone" else 14
    return (
        f":root{{{colours};--accent:{accent};--on:{on_accent};--radius:{look.radius}px;--row:{look.row}px}}"
        f"html{{font:{base}px '{look.font}','Noto Sans CJK SC',sans-serif}}{_SHEET}"
    )


_SHEET = """
*{box-sizing:border-box;margin:0;transition:none!important;animation:none!important;caret-color:transparent}
[hidden]{display:none!important}
body{background:var(--ground);color:var(--ink);height:100vh;overflow:hidden;user-select:none;line-height:1.3}
button,input,textarea{font:inherit;color:inherit;background:none;border:0;outline:0;padding:0;text-align:left}
button{cursor:default}
.app{height:100vh;display:flex;flex-direction:column}
.bar{display:flex;align-items:center;gap:4px;padding:6px 8px;min-height:54px;background:var(--accent);color:var(--on)}
.plain .bar{background:var(--panel);color:var(--ink);border-bottom:1px solid var(--line)}
.bar h1{font-size:1.25em;flex:1;padding:0 8px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.icon{width:40px;height:40px;display:flex;align-items:center;justify-content:center;border-radius:50%;flex:none}
.icon[aria-checked=true] svg path{fill:currentColor}
.icon[aria-checked=true]{background:color-mix(in srgb,var(--accent) 30%,transparent)}
.middle{flex:1;display:flex;min-height:0}
.side{width:210px;flex:none;padding:10px 8px;background:var(--panel);border-right:1px solid var(--line)}
.place{display:flex;align-items:center;gap:10px;width:100%;padding:9px 12px;border-radius:var(--radius);
color:var(--soft)}
.place[aria-selected=true]{background:var(--fill);color:var(--accent);font-weight:600}
.tabs{display:flex;background:var(--panel);border-top:1px solid var(--line)}
.tabs .place{flex:1;flex-direction:column;gap:2px;font-size:.8em;padding:7px 2px;text-align:center;min-width:0}
main{flex:1;min-width:0;position:relative}
.view{position:absolute;inset:0;overflow:hidden;padding:12px 14px}
.view>*{max-width:860px}.wide .view>*{max-width:none}
.group{background:var(--panel);margin-bottom:12px;border:1px solid var(--line);border-radius:var(--radius);
overflow:hidden}
.flat .group{border-width:1px 0;border-radius:0}
.head{font-size:.85em;font-weight:600;color:var(--accent);padding:4px 4px 6px}
.row{display:flex;align-items:center;gap:10px;min-height:var(--row);padding:6px 12px;width:100%;
border-bottom:1px solid var(--line)}
.row:last-child{border-bottom:0}
.row .grow{flex:1;min-width:0}.row small,.soft{color:var(--soft);font-size:.86em}
.cut{white-space:nowrap;overflow:hidden;text-overflow:ellipsis;display:block}
.switch{width:44px;height:24px;border-radius:12px;background:var(--soft);flex:none;position:relative}
.switch:after{content:"";position:absolute;left:3px;top:3px;width:18px;height:18px;border-radius:9px;
background:var(--panel)}
.switch[aria-checked=true]{background:var(--accent)}.switch[aria-checked=true]:after{left:23px}
.box,.dot{width:22px;height:22px;border:2px solid var(--soft);border-radius:min(var(--radius),5px);flex:none;
position:relative}
.dot{border-radius:50%}
.box[aria-checked=true]{background:var(--accent);border-color:var(--accent)}
.box[aria-checked=true]:after{content:"";position:absolute;left:5px;top:1px;width:5px;height:10px;
border:solid var(--on);border-width:0 2.5px 2.5px 0;transform:rotate(42deg)}
.dot[aria-checked=true]{border-color:var(--accent)}
.dot[aria-checked=true]:after{content:"";position:absolute;inset:3px;border-radius:50%;background:var(--accent)}
.field{width:100%;min-height:40px;padding:8px 10px;border:1px solid var(--soft);border-radius:var(--radius);
background:var(--panel)}
.field:focus{border:3px solid var(--accent);padding:6px 8px;background:var(--fill)}
.field::placeholder{color:var(--soft);opacity:1}
.label{display:block;font-size:.86em;color:var(--soft);margin:8px 0 3px}
.push{padding:9px 16px;border:1px solid var(--soft);border-radius:var(--radius);background:var(--panel);
min-height:38px;text-align:center}
.push.first{background:var(--accent);border-color:var(--accent);color:var(--on);font-weight:600}
.push.small{padding:5px 10px;min-height:30px;font-size:.88em}
.line{display:flex;gap:8px;align-items:center;flex-wrap:wrap;margin:10px 0}
.chip{padding:5px 12px;border:1px solid var(--soft);border-radius:16px}
.chip[aria-checked=true],.day[aria-checked=true]{background:var(--accent);border-color:var(--accent);color:var(--on)}
.pick{display:inline-flex;gap:8px;align-items:center;padding:7px 10px;border:1px solid var(--soft);
border-radius:var(--radius);background:var(--panel);min-width:110px}
.pick i{margin-left:auto;border:5px solid transparent;border-top:6px solid var(--soft);transform:translateY(3px)}
.slider{height:28px;flex:1;min-width:150px;margin:0 12px;position:relative}
.slider:before{content:"";position:absolute;left:0;right:0;top:12px;height:4px;border-radius:2px;background:var(--soft)}
.thumb{position:absolute;top:4px;width:20px;height:20px;margin-left:-10px;border-radius:50%;background:var(--accent)}
.thumb.over{outline:7px solid color-mix(in srgb,var(--accent) 40%,var(--panel))}
.step{width:34px;height:34px;border:1px solid var(--soft);border-radius:50%;text-align:center;flex:none;
font-size:1.2em;line-height:1}
.count{min-width:30px;text-align:center;font-weight:600}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(158px,1fr));gap:12px;margin-bottom:12px}
.card{background:var(--panel);border:1px solid var(--line);border-radius:var(--radius);padding:10px;display:flex;
flex-direction:column;gap:6px;overflow:hidden}
.card .cut{white-space:normal}
.figure{font-size:1.7em;font-weight:700}
.face{width:36px;height:36px;border-radius:50%;flex:none;display:flex;align-items:center;justify-content:center;
color:#fff;font-weight:600}
.bubble{max-width:75%;padding:8px 12px;border-radius:14px;background:var(--fill);margin:6px 0;width:fit-content}
.bubble.mine{margin-left:auto;background:var(--accent);color:var(--on)}
.month{display:grid;grid-template-columns:repeat(7,1fr);gap:3px;margin:8px 0}
.day{min-height:38px;text-align:center;border-radius:var(--radius);border:1px solid transparent}
table{border-collapse:collapse;width:100%;background:var(--panel);margin-bottom:12px}
th,td{padding:8px 9px;border-bottom:1px solid var(--line);text-align:left;white-space:nowrap}
th{font-size:.86em;color:var(--soft);background:var(--fill)}
.sheet{position:fixed;inset:0;background:rgb(0 0 0/.55);display:flex;align-items:center;justify-content:center;
z-index:5}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:calc(var(--radius) + 4px);padding:14px;
width:min(84vw,360px)}
.sheet.low{align-items:flex-end}.sheet.low .panel{width:100%;border-radius:16px 16px 0 0}
.sheet.left{justify-content:flex-start;align-items:stretch}.sheet.left .panel{width:min(76vw,280px);border-radius:0;
padding:14px 8px}
.panel h2{font-size:1.1em;padding:2px 4px 8px}
.option{display:flex;align-items:center;gap:10px;width:100%;padding:11px 10px;border-radius:var(--radius)}
.option[aria-selected=true]{color:var(--accent);font-weight:700;background:var(--fill)}
.toast{position:fixed;inset:auto 0 76px;margin:0 auto;width:fit-content;background:var(--ink);color:var(--ground);
padding:10px 18px;border-radius:var(--radius);z-index:4;white-space:nowrap}
.cover{width:min(60vw,260px);margin:8px auto;border-radius:var(--radius)}
"""

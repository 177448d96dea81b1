"""What a reviewer sees: the page of each kind, and an item as the task that fills it.

All texts of an item are data. They stand in `Text` and `TextArea`, which show them as they are; never in `HyperText`.
Images travel inside the task as data URIs of small JPEGs made here, so that a server on any machine can show them and
nothing of the original file but its pixels leaves the store. That makes tasks heavy: a batch has at most `MOST_ITEMS`.
"""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from curation.media import MediaStore
from curation.review.state import Item, Kind
from curation.visible import visible
from model.geometry import scale_points
from model.image import ImageError, decode

VERSION = 1
MOST_ITEMS = 500  # platform default: about 100 kB a task, and the server's lists carry every task whole
MOST_SIDE = 1024  # pixels of an image's longer side, platform default
ANSWERS = ("accept", "edit", "reject")
SIDES = {"left is better": "left", "right is better": "right", "tie": "tie", "both bad": "both_bad"}
_COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#d55e00", "#cc79a7", "#0072b2")  # Okabe and Ito (2008)

# `valueList` takes one image or several. The choices belong to the question, which every task has.
_FRAME = """<View style="display: flex; gap: 1.5em">
<View style="flex: 1 1 55%; min-width: 0"><Image name="image" valueList="$images" zoom="true" zoomControl="true"
 rotateControl="false"/></View>
<View style="flex: 1 1 45%; min-width: 0">
<Header value="Question" size="5"/><Text name="question" value="$question"/>
{body}
</View></View>"""
_ANSWER = """<Header value="Answer: mend it, then choose edit; with boxes, accept or reject" size="5"/>
<TextArea name="answer" toName="question" value="$answer" editable="true" maxSubmissions="1" rows="6"/>
<Choices name="verdict" toName="question" choice="single" required="true"><Choice value="accept" hotkey="a"/>
<Choice value="edit" hotkey="e"/><Choice value="reject" hotkey="r"/></Choices>"""
_PREFERENCE = """<View style="display: flex; gap: 1.5em">
<View style="flex: 1; min-width: 0"><Header value="Left" size="5"/><Text name="left" value="$left"/></View>
<View style="flex: 1; min-width: 0"><Header value="Right" size="5"/><Text name="right" value="$right"/></View></View>
<Choices name="verdict" toName="question" choice="single" required="true"><Choice value="left is better" hotkey="1"/>
<Choice value="right is better" hotkey="2"/><Choice value="tie" hotkey="3"/><Choice value="both bad" hotkey="4"/>
</Choices>"""


def label_config(kind: Kind) -> str:
    """Label Studio's description of the page. A `Pairwise` tag could not say that two answers tie."""
    return _FRAME.format(body=_ANSWER if kind == "answer" else _PREFERENCE)


def sides(item: Item) -> tuple[str, str]:
    """The texts of a preference as (left, right)."""
    return (item["b"], item["a"]) if item["flipped"] else (item["a"], item["b"])


def texts(item: Item) -> dict[str, str]:
    """What a task says, and a pull finds unchanged; without the images."""
    if "answer" in item:
        shown = {"answer": item["answer"]}
    else:
        shown = dict(zip(("left", "right"), sides(item), strict=True))
    return {"item": item["item"], "question": item["question"], **shown}


def task(item: Item, media: MediaStore) -> dict[str, Any]:
    """The item as Label Studio imports it."""
    images = [_image(item, index, media) for index in range(len(item["media"]))]
    # The page never finishes loading with an empty list of images.
    return {"data": {**texts(item), "images": [_uri(image) for image in images or [_note("no image")]]}}


def _image(item: Item, index: int, media: MediaStore) -> Image.Image:
    """One image, upright and small, with the regions on it; a note where it can't be shown."""
    medium = item["media"][index]
    try:
        image = Image.fromarray(decode(media.get(medium["sha256"]), medium["orientation"]))
    except (ImageError, FileNotFoundError) as error:
        return _note(f"this image can't be shown: {error}")
    image.thumbnail((MOST_SIDE, MOST_SIDE))
    draw = ImageDraw.Draw(image)
    for number, region in enumerate(region for region in item["regions"] if region["media"] == index):
        points = scale_points(tuple(region["points"]), (medium["width"], medium["height"]), image.size)
        _draw(draw, max(image.size), region, points, _COLOURS[number % len(_COLOURS)])
    return image


def _draw(draw: ImageDraw.ImageDraw, side: int, region: dict[str, Any], points: tuple[float, ...], colour: str) -> None:
    x, y = points[:2]
    width, letters = max(2, side // 300), max(11, side // 40)  # the page shows a picture some 450 pixels wide
    if region["shape"] == "point":
        draw.circle((x, y), 3 * width, outline=colour, width=width)
    elif region["shape"] == "quad":
        draw.polygon(points, outline=colour, width=width)
    else:
        (left, right), (top, bottom) = sorted(points[0::2]), sorted(points[1::2])
        draw.rectangle((left, top, right, bottom), outline=colour, width=width)
    font, name = ImageFont.load_default(letters), visible(region["name"])[:40]
    at = (max(0.0, x), max(0.0, y - 1.3 * letters))
    draw.rectangle(draw.textbbox(at, name, font=font), fill=colour)
    draw.text(at, name, fill="black", font=font)


def _note(text: str) -> Image.Image:
    image = Image.new("RGB", (640, 60), "#eeeeee")
    ImageDraw.Draw(image).text((12, 20), visible(text)[:90], fill="#555555", font=ImageFont.load_default(14))
    return image


def _uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()

"""The most frequent function words of twelve languages, as patterns that find each occurrence.

Short lists on purpose: in running text of each language they make up a fifth of the words or more. Chinese and Japanese
are written without spaces; there, single characters that are nearly always grammar are counted.
"""

from __future__ import annotations

_WORDS = {
    "en": (
        "the a an and or of to in on at by for with from as is are was were be been it its this that these those "
        "he she they his her their you your i we our not no but if so which who what there has have had can will "
        "would"
    ),
    "de": (
        "der die das den dem des ein eine einen einem einer und oder in im an am auf aus bei mit nach von vom zu "
        "zum zur ist sind war wird werden hat haben es er sie wir ich nicht auch als wie für über durch dass sich"
    ),
    "fr": (
        "le la les l un une des du de d et ou à au aux en dans sur pour par avec sans est sont était il elle ils "
        "on nous vous je ce cette ces qui que qu ne pas plus se sa son ses leur"
    ),
    "es": (
        "el la los las un una unos unas de del y e o a al en con por para sin sobre es son está están fue que se "
        "su sus no lo le les más como este esta hay muy"
    ),
    "it": (
        "il lo la i gli le l un uno una di del della dei delle dell e o a al alla ai in nel nella con su sul per "
        "da dal che è sono era non si come più ha hanno questo questa"
    ),
    "pt": (
        "o a os as um uma de do da dos das e ou em no na nos nas ao à com por para sem que é são foi está não se "
        "seu sua mais como este esta há"
    ),
    "nl": (
        "de het een en of van in op aan bij met naar voor door uit is zijn was wordt worden heeft hebben dat die "
        "dit deze er niet ook als te om je ik we ze hij"
    ),
    "ru": (
        "и в во не на я он она они мы вы с со что как это а но по к ко из у за от для о об до или так же был была "
        "было были его её их есть"
    ),
    "tr": "ve bir bu da de için ile çok ne daha gibi o olarak olan en mi ama var kadar sonra değil ya her",
    "ar": "في من على إلى عن مع أن إن هذا هذه التي الذي كان كانت هو هي و أو ما لا لم قد كل بعد قبل بين",
}
_GRAMMAR = {
    "zh": "的了是在和有不这那我你他她它们也与及着就都而或被把从对",
    "ja": "のはがをにでとものもへやかたてだすれるい",
}

STOP_WORDS = {
    **{code: rf"\b(?:{'|'.join(words.split())})\b" for code, words in _WORDS.items()},
    **{code: f"[{signs}]" for code, signs in _GRAMMAR.items()},
}

"""Answers that are none: refusals, fillers, echoes of the question. Patterns are for lower-case text with straight
apostrophes."""

from __future__ import annotations

import re

# Words of which a refusal has at least one; a cheap first look.
REFUSAL_HINTS = (
    "sorry",
    "apolog",
    "unfortunately",
    "i regret",
    " ai ",
    " ai,",
    "ai assistant",
    "language model",
    "language-based",
    "text-based",
    "gpt",
    "i can't",
    "i cannot",
    "i can not",
    "unable to",
    "not able to",
    "i don't have",
    "i do not have",
    "i won't",
    "i will not",
    "image",
    "photo",
    "picture",
    "attach",
    "抱歉",
    "对不起",
    "不好意思",
    "人工智能",
    "语言模型",
    "我无法",
    "我不能",
    "申し訳",
    "죄송",
    "lo siento",
    "désolé",
    "tut mir leid",
    "desculpe",
    "извините",
)
_SORRY = (
    r"(?:(?:i'm|i am|we're|we are)?\s*(?:so |very |really |truly |terribly )?sorry|(?:i|we) (?:sincerely )?apologi[sz]e"
    r"|(?:my|our) apologies|apologies|unfortunately|regrettably|(?:i|we) regret(?: to (?:say|inform you))?)"
)
_CANNOT = (
    r"(?:can't|cannot|can not|unable|not able|won't|will not|am not capable|do not have|don't have|am not programmed"
    r"|am not allowed|must decline|have to decline|isn't possible|is not possible|not possible|impossible|can't be"
    r"|not provided|isn't provided|not visible|no image)"
)
_ABLE = (
    r"(?:assist|help|comply|fulfil|provide|answer|respond|create|generate|produce|complete|perform|process|display|draw"
    r"|play|render|analy[sz]e|describe|recogni[sz]e|identify|browse|access|open|view|see|read|show|share|discuss"
    r"|engage|continue|support|execute|output|search|interpret|translate|transcribe|extract|do (?:that|this)|satisfy)"
)
_MEDIA = r"(?:images?|pictures?|photos?|photographs?|screenshots?|attachments?|documents?|files?|visuals?|links?|urls?)"
_MODEL = r"(?:ai|a\.i\.|artificial intelligence|gpt(?:-\d)?|(?:large )?language|text-based)"
_STARTS = (
    # I'm sorry, but I can't ...: an apology, the assistant as the subject, what cannot be done.
    rf"{_SORRY}[\s,.!;:–—-]*(?:but |for (?:the|any) (?:inconvenience|confusion)[,.]? (?:but )?|however,? |that )?"
    rf"(?:(?:as|being) an? {_MODEL}[^.!?]{{0,60}}?)?(?:i|we|this|the (?:task|request|image|question|model)|there|it)\b"
    rf"[^.!?\n]{{0,80}}?{_CANNOT}\b",
    # As an AI language model, ...
    rf"(?:as|being|since i am|since i'm|i am|i'm) (?:just |only |merely )?an? {_MODEL}\b[^.!?\n]{{0,100}}?"
    r"(?:\b(?:not|no|cannot|unable)\b|n't\b)",
    # I cannot assist with that; I'm unable to view images
    rf"(?:i|we)(?:'m| am| are)? ?(?:can't|cannot|can not|unable to|not able to|won't|will not)(?: be able to)?(?: to)?"
    rf" (?:directly |actually |physically )?(?:(?:assist|help) (?:you )?with|comply|fulfil|provide (?:any |you with )?"
    rf"(?:assistance|information|help|an? answer)|answer (?:this|that|your)|do (?:that|this) (?:task|request|for you)"
    rf"|{_ABLE} (?:the |an |a |any |your |this |that |to |actual )*{_MEDIA})",
    # There is no image; the image was not provided; please upload the image
    rf"(?:there (?:is|was|appears to be|seems to be) no|no) {_MEDIA} (?:(?:is|was|has been|were|are) )?"
    r"(?:provided|attached|uploaded|included|shared|given|found|available)",
    rf"(?:it (?:seems|looks like|appears)(?: that| like)? )?(?:the |your )?{_MEDIA} (?:is|was|has|were|are)"
    r"(?: not|n't) (?:been )?(?:provided|attached|uploaded|included|visible|available|loading|loaded|shared|displayed)",
    rf"(?:please|could you(?: please)?|can you(?: please)?|kindly) (?:provide|upload|share|attach|send)(?: me)?"
    rf"(?: with)? (?:the|an|a|your) {_MEDIA}",
    # Chinese: 抱歉，我无法……; 作为一个人工智能语言模型……
    r"(?:很|非常|真的?)?(?:抱歉|对不起|不好意思|遗憾)[^。！？\n]{0,30}?(?:无法|不能|没有办法|没办法|不会|没有能力|不可以)",
    r"作为(?:一个|一名|一款)?(?:人工智能|ai|大?语言模型)",
    r"我(?:目前|暂时)?(?:无法|不能|没有办法|没办法)(?:查看|看到|识别|回答|提供|完成|处理|访问|协助|满足|帮助|打开|读取"
    r"|显示|生成|创建|描述)",
    # Japanese, Korean, Spanish, French, German, Portuguese, Russian
    r"申し訳(?:ありません|ございません)[^。\n]{0,40}?(?:できません|出来ません|できかねます|お答え)",
    r"죄송(?:합니다|하지만)[^.\n]{0,40}?(?:없습니다|어렵습니다|못합니다)",
    r"lo siento,? (?:pero )?(?:yo )?no (?:puedo|tengo|es posible)",
    r"(?:je suis )?désolée?,? (?:mais )?je ne (?:peux|suis|dispose)",
    r"(?:es )?tut mir leid,? (?:aber )?(?:ich|das) (?:kann|bin|ist)",
    r"desculpe,? (?:mas )?(?:eu )?não (?:posso|consigo|tenho)",
    r"извините,? (?:но )?я не (?:могу|умею|имею)",
)
_REFUSAL = re.compile(r"[\s\"'<>\[\]*_`#>-]*(?:no ?output\W+)?(?:" + "|".join(_STARTS) + ")")
# In a short answer this is its essence wherever it stands.
_ESSENCE = re.compile(
    rf"(?:can't|cannot|not|unable)\b[^.\n]{{0,60}}\b(?:by|for|of|as) (?:the|an?|this) (?:{_MODEL}[ -])?"
    r"(?:gpt|model|ai|chatbot)\b"
    r"|(?:can't|cannot|unable to) (?:complete|fulfil|perform|do) th(?:is|e) (?:task|request|instruction)"
    rf"|\b(?:that|which) {_MODEL} models? (?:are|is) not|\bas an? {_MODEL}(?:[ -]language)?[ -]model"
)
_SHORT = 220  # characters
_LOOKED_AT = 500  # characters: an answer that declines says so at once
# To transform a given text is to say what it says, refusals too.
_TRANSFORMS = re.compile(
    r"\b(?:translat|rewrit|re-?writ|rephras|paraphras|reword|edit|correct|convert|chang|modif|transform|fix|summari[sz]"
    r"|make the|combin|punctuat|contraction|repeat)"
)
_SAID = re.compile(rf"\b(?:{_CANNOT}|sorry|apologi)\b")
# A message that says no is asked for.
_WANTED = re.compile(r"\b(?:apolog|declin|reject|refus|excus|cancel|unavailab)")
_WRITES = re.compile(r"\b(?:writ|compos|draft|creat|generat|repl|respon|messag|letter|e-?mail|note\b|sentence|say\b)")
_BY_A_MODEL = re.compile(rf"\b{_MODEL}\b")

_FILLERS = (
    r"no[ _-]?(?:input|output|response|answer|data|content|text|caption|description|context)s?(?: (?:provided|needed"
    r"|required|given|available|necessary))?|<?no[ _]?(?:input|output)s?>?|n\.?/a\.?|not applicable|null|nan|undefined"
    r"|none|nil|tbd|to be (?:determined|done|added)|todo|empty|blank|lorem ipsum[^\n]{0,200}|placeholder(?: text)?|xxx+"
    r"|(?:insert|your|enter|add|type) (?:answer|response|text|caption|description)s?(?: here)?|same as above|see above"
    r"|无|暂无|没有|无输入|没有输入|无输出|无内容|暂无数据|空|略|不适用"
)
FILLER = rf"^[\s\"'`<>\[\](){{}}*_.-]*(?:{_FILLERS})[\s\"'`<>\[\](){{}}*_.!。-]*$"
_FILLER = re.compile(FILLER)
# Words that answer many a question by themselves: fillers only where nothing is asked and the prompt has no such word.
_TELLS = re.compile(r"(?:none|nil|empty|blank|无|没有|空)\b")
_ASKS = re.compile(
    r"[?？]|\b(?:what|which|who|how|where|when|is|are|does|do|any|identify|find|list|name|determine|classify|extract)\b"
    r"|吗|什么|哪|多少|几|是否"
)
# Values of programs, and what forms are to be filled in with.
_VALUE = re.compile(r"null|nan|undefined|n\.?/a|not applicable|same as above|see above")
_OF_A_PROGRAM = re.compile(
    r"\b(?:return|function|print|code|program|python|javascript|java|sql|variable|divi|expression)"
)


def is_refusal(answer: str, prompt: str) -> bool:
    """Whether an answer declines instead of answering: at its start, or as all that a short answer says.

    Not where the prompt gives a text to transform that says so itself, or wants a message that declines.
    """
    if not (_REFUSAL.match(answer[:_LOOKED_AT]) or (len(answer) <= _SHORT and _ESSENCE.search(answer))):
        return False
    if _TRANSFORMS.search(prompt) and _SAID.search(prompt):
        return False
    wanted = _WANTED.search(prompt) and _WRITES.search(prompt)
    return not wanted or _BY_A_MODEL.search(answer) is not None


def is_filler(answer: str, prompt: str) -> bool:
    """Whether an answer that matches FILLER says nothing, given what was asked."""
    said = answer.strip("\"'`<>[](){}*_.!。- \n")
    lines = "\n".join(line for line in prompt.splitlines() if not _FILLER.match(line))
    if said in lines:
        return False
    if _TELLS.match(said):
        return not _ASKS.search(lines)
    return not (_VALUE.match(said) and _OF_A_PROGRAM.search(lines))

"""What differs between languages: script, direction, digits, option letters, labels, and folding for matching.

The only module of code that holds letters of another script (data files and prompts aside). A new language is a new `Language`
in `LANGUAGES`; nothing else branches on a language code. Folding is for look-ups and comparisons, never for text that is kept.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from qantara.errors import QantaraError


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language: `code` is BCP 47, `script` a Unicode script name as in `script_of`, `option_letters` label options in order.

    `exam_instruction` opens a benchmark question, `reply_instruction` asks for a written reply that ends with a label.
    `decimal_separators` and `thousands_separators` are the signs that its readers take so inside a number, the usual one first;
    a sign in both ("," in Arabic) is a thousands separator before exactly three digits and a decimal separator elsewhere.
    """

    code: str
    name: str
    native_name: str
    script: str
    direction: Literal["ltr", "rtl"]
    option_letters: tuple[str, ...]
    question_label: str
    options_label: str
    answer_label: str
    context_label: str
    explanation_label: str
    system_prompt: str
    exam_instruction: str
    reply_instruction: str
    digit_scripts: tuple[str, ...]
    decimal_separators: str
    thousands_separators: str
    foreign_letters: str = ""


LANGUAGES = {
    "en": Language(
        code="en",
        name="English",
        native_name="English",
        script="LATIN",
        direction="ltr",
        option_letters=("A", "B", "C", "D", "E", "F", "G", "H"),
        question_label="Question",
        options_label="Options",
        answer_label="Answer",
        context_label="Context",
        explanation_label="Explanation",
        system_prompt="You are a careful medical assistant. Answer in English.",
        exam_instruction="Answer the following multiple-choice question about medicine.",
        reply_instruction="Think if you need to, then end with one line of this form: Answer: the label of the right option.",
        digit_scripts=("western",),
        decimal_separators=".",
        thousands_separators=",'\u00a0",
    ),
    "fr": Language(
        code="fr",
        name="French",
        native_name="français",
        script="LATIN",
        direction="ltr",
        option_letters=("A", "B", "C", "D", "E", "F", "G", "H"),
        question_label="Question",
        options_label="Options",
        answer_label="Réponse",
        context_label="Contexte",
        explanation_label="Explication",
        system_prompt="Vous êtes un assistant médical rigoureux. Répondez en français.",
        exam_instruction="Répondez à la question médicale à choix multiple suivante.",
        reply_instruction=(
            "Réfléchissez si nécessaire, puis terminez par une seule ligne de cette forme : "
            "Réponse : l'étiquette de la bonne option."
        ),
        digit_scripts=("western",),
        decimal_separators=",",
        thousands_separators=" \u00a0.'",
    ),
    "ar": Language(
        code="ar",
        name="Arabic",
        native_name="العربية",
        script="ARABIC",
        direction="rtl",
        option_letters=("أ", "ب", "ج", "د", "هـ", "و", "ز", "ح"),
        question_label="السؤال",
        options_label="الخيارات",
        answer_label="الإجابة",
        context_label="السياق",
        explanation_label="الشرح",
        system_prompt="أنت مساعد طبي دقيق. أجب باللغة العربية.",
        exam_instruction="أجب عن السؤال الطبي الآتي باختيار الإجابة الصحيحة من بين الخيارات.",
        reply_instruction="فكّر إن احتجت إلى ذلك، ثم اختم بسطر واحد على هذه الصورة: الإجابة: رمز الخيار الصحيح.",
        digit_scripts=("western", "arabic-indic"),
        decimal_separators="٫.,،",
        thousands_separators="٬,،'\u00a0",
        foreign_letters="یکگچپژےۀہھڈٹڑں",  # Persian and Urdu letters: the wrong model speaking
    ),
}

WESTERN_DIGITS = "0123456789"
ARABIC_INDIC_DIGITS = "٠١٢٣٤٥٦٧٨٩"
PERSIAN_DIGITS = "۰۱۲۳۴۵۶۷۸۹"
DIGIT_SCRIPTS = {"western": WESTERN_DIGITS, "arabic-indic": ARABIC_INDIC_DIGITS, "persian": PERSIAN_DIGITS}
DECIMAL_SEPARATOR = "٫"
THOUSANDS_SEPARATOR = "٬"
ARABIC_COMMA = "،"
PERCENT_SIGN = "٪"

INVISIBLE = re.compile("[\u200b-\u200f\u061c\u202a-\u202e\u2060-\u2069\ufeff]")
_TASHKEEL_AND_TATWEEL = re.compile("[\u0640\u064b-\u065f\u0670\u06d6-\u06ed]")
_LETTER_FOLDS = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ة": "ه", "ؤ": "و", "ئ": "ي", "ی": "ي", "ک": "ك"}
)
_WESTERN = {ord(digit): str(i) for digits in (ARABIC_INDIC_DIGITS, PERSIAN_DIGITS) for i, digit in enumerate(digits)}


def language(code: str) -> Language:
    """Return the language of a BCP 47 code, or raise QantaraError that names the known ones."""
    if code not in LANGUAGES:
        raise QantaraError(f"language {code!r} is not known; known: {', '.join(sorted(LANGUAGES))}")
    return LANGUAGES[code]


def western_digits(text: str) -> str:
    """Return `text` with Arabic-Indic and Persian digits as 0-9; same length, so offsets stay."""
    return text.translate(_WESTERN)


def fold(text: str) -> str:
    """Return `text` folded for matching: NFKC, lower case, one space, no invisible marks, no tashkeel, folded letters and digits.

    Punctuation inside numbers stays: without it 9.3 would equal 93.
    """
    text = unicodedata.normalize("NFKC", INVISIBLE.sub("", text))
    text = _TASHKEEL_AND_TATWEEL.sub("", text).translate(_LETTER_FOLDS)
    text = western_digits(text).replace(DECIMAL_SEPARATOR, ".").replace(THOUSANDS_SEPARATOR, ",")
    return " ".join(text.replace(PERCENT_SIGN, "%").casefold().split())


def is_written(text: str, word: str) -> bool:
    """Tell whether a text ends in a word as it is written, but for tashkeel, tatweel and invisible marks."""
    return _TASHKEEL_AND_TATWEEL.sub("", INVISIBLE.sub("", text)).endswith(word)


def is_blank(text: str) -> bool:
    """Tell whether a text shows nothing: empty, or spaces and invisible marks alone."""
    return not INVISIBLE.sub("", text).strip()


def script_of(character: str) -> str:
    """Return the script of a letter as the first word of its Unicode name ("LATIN", "ARABIC", ...), "" for what is no letter."""
    if not character.isalpha():
        return ""
    return unicodedata.name(character, "UNKNOWN").split()[0]


def script_shares(text: str) -> dict[str, float]:
    """Return each script's share of the letters of `text`, 0..1; empty for text without letters."""
    counts: dict[str, int] = {}
    for character in text:
        if script := script_of(character):
            counts[script] = counts.get(script, 0) + 1
    total = sum(counts.values())
    return {script: count / total for script, count in counts.items()}


def looks_like(text: str, code: str, least_share: float = 0.5) -> bool:
    """Tell whether at least `least_share` of the letters of `text` are of the language's script (text without letters is fine)."""
    shares = script_shares(text)
    return not shares or shares.get(language(code).script, 0.0) >= least_share

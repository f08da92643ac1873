"""File names of corpora that no shipped model uses; the README has their sources and licences."""

import re

from model_training.corpora.file_names import Label

SAVEE_NAME = re.compile(r"(DC|JE|JK|KL)_(a|d|f|h|n|sa|su)(\d\d)")
SAVEE_EMOTIONS = {
    "a": "angry",
    "d": "disgust",
    "f": "fearful",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprised",
}


def parse_savee(stem: str) -> Label | None:
    """Speaker_emotion and sentence, of four men: "DC_sa01", or in a folder DC, "sa01"."""
    match = SAVEE_NAME.fullmatch(stem)
    if not match:
        return None
    return _label("SAVEE", match[1], "male", SAVEE_EMOTIONS[match[2]], match[3])


EMO_DB_NAME = re.compile(r"(03|08|09|1[0-6])([ab]\d\d)([AEFLNTW])([a-z]?)")
EMO_DB_WOMEN = ("08", "09", "13", "14", "16")
EMO_DB_EMOTIONS = {
    "A": "fearful",
    "E": "disgust",
    "F": "happy",
    "L": "bored",
    "N": "neutral",
    "T": "sad",
    "W": "angry",
}


def parse_emo_db(stem: str) -> Label | None:
    """Speaker, sentence, German initial of the emotion and version: "03a01Wa"."""
    match = EMO_DB_NAME.fullmatch(stem)
    if not match:
        return None
    sex = "female" if match[1] in EMO_DB_WOMEN else "male"
    take = f"{match[2]}-{match[4]}"
    return _label("EMO-DB", match[1], sex, EMO_DB_EMOTIONS[match[3]], take)


JL_NAME = re.compile(r"((?:fe)?male)(\d)_([a-z]+)_(\d+[ab])_(\d)")
JL_EMOTIONS = frozenset(
    {"angry", "anxious", "apologetic", "assertive", "concerned", "encouraging", "excited"}
    | {"happy", "neutral", "sad"}
)


def parse_jl_corpus(stem: str) -> Label | None:
    """Speaker_emotion_sentence_repetition: "female1_excited_3b_2"."""
    match = JL_NAME.fullmatch(stem)
    if not match or match[3] not in JL_EMOTIONS:
        return None
    sex, number, emotion, sentence, repetition = match.groups()
    return _label("JL-Corpus", f"{sex}{number}", sex, emotion, f"{sentence}-{repetition}")


ESD_NAME = re.compile(r"00(0[1-9]|1\d|20)_(\d{6})")
ESD_EMOTIONS = ("neutral", "angry", "happy", "sad", "surprised")  # 350 sentences of each
ESD_SENTENCES = 350
ESD_WOMEN = ("01", "02", "03", "07", "09", "15", "16", "17", "18", "19")


def parse_esd(stem: str) -> Label | None:
    """Speaker_number; the number gives the emotion: "0011_000351" is the first angry one."""
    match = ESD_NAME.fullmatch(stem)
    if not match:
        return None
    emotion, sentence = divmod(int(match[2]) - 1, ESD_SENTENCES)
    if not 0 <= emotion < len(ESD_EMOTIONS):
        return None
    sex = "female" if match[1] in ESD_WOMEN else "male"
    return _label("ESD", f"00{match[1]}", sex, ESD_EMOTIONS[emotion], str(sentence))


EMOVO_NAME = re.compile(r"(dis|gio|neu|pau|rab|sor|tri)-([fm])([1-3])-([a-z]+\d?)")
EMOVO_EMOTIONS = {
    "dis": "disgust",
    "gio": "happy",
    "neu": "neutral",
    "pau": "fearful",
    "rab": "angry",
    "sor": "surprised",
    "tri": "sad",
}


def parse_emovo(stem: str) -> Label | None:
    """Italian emotion-speaker-sentence: "gio-f1-b2"."""
    match = EMOVO_NAME.fullmatch(stem)
    if not match:
        return None
    sex = {"f": "female", "m": "male"}[match[2]]
    return _label("EMOVO", f"{match[2]}{match[3]}", sex, EMOVO_EMOTIONS[match[1]], match[4])


def _label(corpus: str, speaker: str, sex: str, emotion: str, take: str) -> Label:
    return Label(corpus, f"{corpus}-{speaker}", sex, emotion, "unspecified", "speech", take)


MORE_PARSERS = {
    "SAVEE": parse_savee,
    "EMO-DB": parse_emo_db,
    "JL-Corpus": parse_jl_corpus,
    "ESD": parse_esd,
    "EMOVO": parse_emovo,
}

"""What the samples train on when a download is not to be had: data that come with the package or are made here."""

import itertools
import random
from pathlib import Path

import numpy as np

from rindow_math.exceptions import RuntimeException

UNREACHABLE = (OSError, RuntimeException)


def enlarged_digits(mo, nn):
    """The 1,797 digits of the package as images of 28 by 28 pixels: each pixel becomes a square of nine."""

    def enlarge(images):
        large = np.repeat(np.repeat(np.asarray(images) * 15, 3, axis=1), 3, axis=2)
        return mo.array(np.pad(large, ((0, 0), (2, 2), (2, 2))).astype(np.uint8))

    return [(enlarge(images), labels) for images, labels in nn.datasets.digits().loadData()]


def images(mo, nn, load, name):
    """``load()`` as train and test data and the name, or the digits where the download fails."""
    try:
        return load(), name
    except UNREACHABLE as error:
        print(f"{name} is not to be had: {error}")
        print("training on the digits that come with the package")
        return enlarged_digits(mo, nn), "digits"


def _elided(word, following):
    return word[:-1] + "'" + following if following[0] in "aeiouéêh" else f"{word} {following}"


def sentence_pairs(count=None):
    """English sentences and their French translations, in an order that is always the same.

    Args:
        count: how many; all of them by default.
    """
    people = {"i": "je", "you": "tu", "she": "elle", "we": "nous", "they": "ils", "my friend": "mon ami"}
    verbs = {
        "see": ("vois", "vois", "voit", "voyons", "voient", "voit"),
        "like": ("aime", "aimes", "aime", "aimons", "aiment", "aime"),
        "want": ("veux", "veux", "veut", "voulons", "veulent", "veut"),
        "find": ("trouve", "trouves", "trouve", "trouvons", "trouvent", "trouve"),
        "buy": ("achète", "achètes", "achète", "achetons", "achètent", "achète"),
        "know": ("connais", "connais", "connaît", "connaissons", "connaissent", "connaît"),
        "draw": ("dessine", "dessines", "dessine", "dessinons", "dessinent", "dessine"),
        "forget": ("oublie", "oublies", "oublie", "oublions", "oublient", "oublie"),
    }
    things = {
        "dog": "le chien",
        "house": "la maison",
        "book": "le livre",
        "tree": "l'arbre",
        "town": "la ville",
        "bread": "le pain",
        "song": "la chanson",
        "door": "la porte",
        "garden": "le jardin",
        "water": "l'eau",
        "train": "le train",
        "letter": "la lettre",
    }
    pairs = []
    for (verb, forms), thing, (person, (who, qui)), negated in itertools.product(
        verbs.items(), things, enumerate(people.items()), (False, True)
    ):
        third = who in ("she", "my friend")
        form = forms[person]
        if negated:
            english = f"{who} {'does' if third else 'do'} not {verb} the {thing} ."
            french = f"{qui} {_elided('ne', form)} pas {things[thing]} ."
        else:
            english = f"{who} {verb}{'s' if third else ''} the {thing} ."
            french = f"{_elided(qui, form) if qui == 'je' else f'{qui} {form}'} {things[thing]} ."
        pairs.append((english, french))
    random.Random(1).shuffle(pairs)
    return pairs[:count]


def write_sentence_pairs(path):
    """Writes the pairs as a file of lines with a tab between the languages."""
    Path(path).write_text("".join(f"{english}\t{french}\n" for english, french in sentence_pairs()), encoding="utf-8")


def write_reviews(folder, count):
    """Writes short reviews of films: ``folder/pos`` and ``folder/neg``, ``count`` files each.

    Most sentences of a review say what it thinks, some say nothing, and a few say the opposite.
    """
    opinions = {
        "pos": (
            ["wonderful", "brilliant", "moving", "charming", "gripping", "excellent", "funny", "beautiful"],
            ["I would watch it again", "it kept me awake", "a joy from start to end", "do not miss it"],
        ),
        "neg": (
            ["dull", "clumsy", "boring", "awful", "lifeless", "terrible", "annoying", "pointless"],
            ["I left before the end", "it put me to sleep", "a waste of time", "stay at home instead"],
        ),
    }
    parts = ["plot", "music", "acting", "ending", "camera work", "script", "cast", "first half"]
    neutral = ["it runs for two hours", "it was filmed in the north", "I saw it on a Sunday", "it has three parts"]
    draw = random.Random(count)
    for opinion, other in (("pos", "neg"), ("neg", "pos")):
        target = Path(folder, opinion)
        target.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            sentences = []
            for _ in range(draw.randint(3, 7)):
                chance = draw.random()
                words, phrases = opinions[opinion if chance < 0.7 else other]
                if 0.7 <= chance < 0.9:
                    sentences.append(draw.choice(neutral))
                elif draw.random() < 0.3:
                    sentences.append(draw.choice(phrases))
                else:
                    sentences.append(f"the {draw.choice(parts)} is {draw.choice(words)}")
            score = draw.randint(7, 10) if opinion == "pos" else draw.randint(1, 4)
            (target / f"{number}_{score}.txt").write_text(". ".join(sentences) + ".", encoding="utf-8")

"""What titles are made of: common words of ten languages, and names of nobody."""

from dataclasses import dataclass

import numpy as np

COUNTRIES = {
    "en": "US GB CA AU IE NZ",
    "fr": "FR BE CA CH",
    "de": "DE AT CH",
    "es": "ES MX AR CO",
    "it": "IT",
    "pt": "BR PT",
    "sv": "SE",
    "pl": "PL",
    "ru": "RU",
    "ja": "JP",
}
NOUNS = {
    "en": "night day love heart river house road garden shadow light king queen"
    " city winter summer storm stranger mother father brother sister"
    " daughter son child war peace dream secret song dance ghost island"
    " mountain sea moon star sun fire water stone bird wolf dog horse train"
    " letter window door mirror memory silence promise game murder crime law"
    " money blood bone hand eye face voice kiss wedding funeral journey"
    " return escape revenge truth lie fear hope faith sin angel devil witch"
    " doctor teacher soldier captain detective thief dancer painter writer"
    " boxer",
    "fr": "nuit jour amour cœur rivière maison route jardin ombre lumière roi"
    " reine ville hiver été orage étrangère mère père frère sœur fille fils"
    " enfant guerre paix rêve secret chanson danse fantôme île montagne mer"
    " lune étoile soleil feu eau pierre oiseau loup chien cheval train"
    " lettre fenêtre porte miroir mémoire silence",
    "de": "Nacht Tag Liebe Herz Fluss Haus Straße Garten Schatten Licht König"
    " Königin Stadt Winter Sommer Sturm Fremde Mutter Vater Bruder Schwester"
    " Tochter Sohn Kind Krieg Frieden Traum Geheimnis Lied Tanz Geist Insel"
    " Berg Meer Mond Stern Sonne Feuer Wasser Stein Vogel Wolf Hund Pferd"
    " Zug Brief Fenster Tür Spiegel Mädchen",
    "es": "noche día amor corazón río casa camino jardín sombra luz rey reina"
    " ciudad invierno verano tormenta extraño madre padre hermano hermana"
    " hija hijo niño guerra paz sueño secreto canción baile fantasma isla"
    " montaña mar luna estrella sol fuego agua piedra pájaro lobo perro"
    " caballo tren carta ventana puerta espejo memoria",
    "it": "notte giorno amore cuore fiume casa strada giardino ombra luce re"
    " regina città inverno estate tempesta straniero madre padre fratello"
    " sorella figlia figlio bambino guerra pace sogno segreto canzone ballo"
    " fantasma isola montagna mare luna",
    "pt": "noite dia amor coração rio casa estrada jardim sombra luz rei rainha"
    " cidade inverno verão tempestade estranho mãe pai irmão irmã filha"
    " filho criança guerra paz sonho segredo canção dança fantasma ilha"
    " montanha mar lua estrela sol fogo",
    "sv": "natt dag kärlek hjärta flod hus väg trädgård skugga ljus kung"
    " drottning stad vinter sommar storm främling mor far bror syster dotter"
    " son barn krig fred dröm hemlighet sång dans spöke ö berg hav måne"
    " stjärna sol eld vatten sten fågel varg",
    "pl": "noc dzień miłość serce rzeka dom droga ogród cień światło król królowa"
    " miasto zima lato burza obcy matka ojciec brat siostra córka syn"
    " dziecko wojna pokój sen tajemnica pieśń taniec duch wyspa góra morze"
    " księżyc gwiazda słońce ogień woda",
    "ru": "ночь день любовь сердце река дом дорога сад тень свет король королева"
    " город зима лето буря чужой мать отец брат сестра дочь сын дитя война"
    " мир сон тайна песня",
    "ja": "夜 日 愛 心 川 家 道 庭 影 光 王 町 冬 夏 母 父 兄 姉 娘 息子 子供 夢",
}
ADJECTIVES = {
    "en": "last first long dark white black red blue golden silent broken lost"
    " hidden little great old young wild sweet cold burning forgotten"
    " beautiful dangerous empty perfect strange invisible impossible happy"
    " lonely endless american",
    "fr": "dernière première longue noire blanche rouge bleue dorée silencieuse"
    " brisée perdue cachée petite grande vieille jeune sauvage douce froide"
    " oubliée étrange",
    "de": "letzte erste lange dunkle weiße schwarze rote blaue goldene stille"
    " verlorene kleine große alte junge wilde süße kalte vergessene schöne"
    " gefährliche",
    "es": "última primera larga oscura blanca negra roja azul dorada perdida"
    " pequeña grande vieja joven salvaje dulce fría olvidada hermosa extraña",
    "it": "ultima prima lunga oscura bianca nera rossa azzurra perduta piccola"
    " grande vecchia giovane selvaggia dolce fredda",
    "pt": "última primeira longa escura branca preta vermelha azul perdida"
    " pequena grande velha jovem selvagem doce fria",
    "sv": "sista första långa mörka vita svarta röda blå gyllene förlorade lilla stora",
    "pl": "ostatnia pierwsza długa ciemna biała czarna czerwona złota zagubiona mała",
    "ru": "последняя первая долгая тёмная белая чёрная красная золотая маленькая",
    "ja": "最後の 最初の 長い 暗い 白い 黒い 赤い 青い 小さな",
}
ARTICLES = {
    "en": "The",
    "fr": "La",
    "de": "Die",
    "es": "La",
    "it": "La",
    "pt": "A",
    "sv": "",
    "pl": "",
    "ru": "",
    "ja": "",
}
OF = {
    "en": "of",
    "fr": "de",
    "de": "von",
    "es": "de",
    "it": "di",
    "pt": "de",
    "sv": "från",
    "pl": "z",
    "ru": "из",
    "ja": "の",
}
ONSETS = [
    "b",
    "br",
    "c",
    "ch",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kl",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "qu",
    "r",
    "s",
    "sh",
    "st",
    "t",
    "th",
    "tr",
    "v",
    "w",
    "z",
]
VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "ia", "io", "ou", "é", "ö", "á"]
CODAS = ["n", "r", "s", "l", "m", "t", "nd", "rk", "ll", "ss", "ck", "th", "x"]
SENTENCES = (
    "A {a} {n} changes everything for a family that wanted to forget.",
    "Years after the {n}, two strangers meet in a {a} town by the sea.",
    "When a {n} disappears, a {a} teacher begins to doubt her own memory.",
    "He promised never to return; then came the letter about the {n}.",
    "The {a} {n} of a small valley becomes the talk of the whole country.",
    "They have one night to find the {n}, and nobody to trust but each other.",
    "What begins as a joke between friends ends in front of a {a} judge.",
    "A film about the {n}, and about those who stayed when it was {a}.",
)


@dataclass(frozen=True, slots=True)
class Words:
    """All that titles draw from, common things first."""

    nouns: dict[str, list[str]]
    adjectives: dict[str, list[str]]
    names: list[str]
    sentences: list[str]


def make_words(random: np.random.Generator, *, names: int) -> Words:
    nouns = {language: text.split() for language, text in NOUNS.items()}
    adjectives = {language: text.split() for language, text in ADJECTIVES.items()}
    return Words(
        nouns=nouns,
        adjectives=adjectives,
        names=make_names(random, names),
        sentences=make_sentences(random, nouns["en"], adjectives["en"]),
    )


def make_names(random: np.random.Generator, count: int) -> list[str]:
    """Return different words of two to four syllables."""
    found: dict[str, None] = {}
    while len(found) < count:
        onsets = random.integers(len(ONSETS), size=4)
        vowels = random.integers(len(VOWELS), size=4)
        coda, syllables = random.integers(len(CODAS)), random.integers(2, 5)
        body = "".join(
            ONSETS[onset] + VOWELS[vowel]
            for onset, vowel in zip(onsets[:syllables], vowels[:syllables], strict=True)
        )
        found[(body + CODAS[coda]).capitalize()] = None
    return list(found)


def make_sentences(
    random: np.random.Generator, nouns: list[str], adjectives: list[str]
) -> list[str]:
    return [
        sentence.format(n=random.choice(nouns), a=random.choice(adjectives))
        for sentence in SENTENCES
        for _ in range(50)
    ]

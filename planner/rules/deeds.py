"""Deeds no stage here performs: booking, sending, playing; told from nouns that look like them.

A deed stands where a request begins: at a clause's start, after "can you" and
its like, or, in German, as the last word of such a clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from planner.rules.lexicon import GENERIC, NOUN_TRIGGERS, Words
from planner.rules.text import MARKS, URL_MARK, Text, Word

_ENGLISH: Final = (
    "book buy purchase send email mail delete erase remove pay reserve order subscribe unsubscribe "
    "register login sign cancel "
    "install uninstall sell call phone ring dial text message tweet post publish upload share invite "
    "schedule remind wake play sing "
    "dance drive fly ship deliver hire rent transfer wire donate lend turn switch lock unlock dim "
    "open-the close-the paint draw "
    "sketch cook bake clean wash repair fix water feed walk vote apply enroll transcribe translate "
    "summarise summarize paraphrase "
    "rewrite proofread compose write compile execute deploy reboot restart shut format encrypt decrypt "
    "hack record film shoot "
    "photograph edit crop resize rotate print scan sing whistle set start launch predict forecast guess "
    "invent imagine design build "
    "create generate make animate render-a negotiate bid outbid offer follow like unfollow block "
    "report-to mute ping notify alert "
    "tell log solve prove teach explain recommend advise chat"
)
_GERMAN: Final = (
    "buche buch buchen kaufe kauf kaufen sende schick schicke schicken senden bestelle bestell bestellen "
    "reserviere reservieren "
    "ubersetze ubersetzen ruf rufe anrufen bezahle bezahl bezahlen zahle uberweise uberweisen losche "
    "loschen spiel spiele spielen "
    "fahr fahre fahren male mal malen zeichne zeichnen koch koche kochen putze putzen poste posten "
    "veroffentliche storniere stornieren "
    "kundige kundigen melde anmelden abonniere abonnieren installiere installieren verkaufe verkaufen "
    "vereinbare schalte schalt "
    "einschalten ausschalten mach erinnere erinnern weck wecke singe sing dichte schreibe schreib "
    "schreiben verfasse fasse "
    "zusammenfassen drucke drucken starte starten lade hochladen buchst erzahl erzahle erstelle erstellen"
)
_SPANISH: Final = (
    "compra comprar compre reserva reservar reserve envia enviar envie manda mandar traduce traducir "
    "traduzca llama llamar llame "
    "paga pagar borra borrar elimina eliminar publica publicar pinta pintar dibuja dibujar toca tocar "
    "reproduce reproducir pon conduce "
    "conducir cocina cocinar cancela cancelar suscribe suscribirme instala instalar vende vender pide "
    "pedir enciende encender apaga "
    "apagar resume resumir escribe escribir redacta redactar programa recuerdame avisame canta cantar "
    "transfiere transferir contrata "
    "cuentame genera crea crear haz"
)
_FRENCH: Final = (
    "achete acheter achetez reserve reserver reservez envoie envoyer envoyez traduis traduire traduisez "
    "appelle appeler appelez paie "
    "payer payez supprime supprimer efface publie publier poste poster peins peindre dessine dessiner "
    "joue jouer jouez conduis conduire "
    "cuisine cuisiner annule annuler abonne installe installer vends vendre commande commander allume "
    "allumer eteins eteindre resume "
    "resumer redige rediger ecris ecrire rappelle rappelle-moi chante chanter imprime imprimer transfere "
    "reveille lance mets genere "
    "cree creer raconte fais"
)
DEEDS: Final = Words(f"{_ENGLISH} {_GERMAN} {_SPANISH} {_FRENCH}")
SOFT: Final = Words(
    "write compose make create generate print render-a text tell set format report-to report explain "
    "draw start open-the solve "
    "schreibe schreib schreiben erstelle erstellen mach drucke drucken zahle verfasse "
    "escribe escribir redacta genera crea crear haz ecris ecrire genere cree creer fais mets imprime "
    "imprimer pon call call-it "
    "build turn edit rewrite translate ubersetze traduce traduis summarise summarize resume fasse share offer bid order "
    "scan predict forecast guess"
)
"""Deeds that an agent's own call may be worded as: "write the rows as CSV", "make a table"."""
_TOLD: Final = Words(
    "joke jokes story stories poem poems secret witz witze geschichte chiste cuento blague histoire"
)
"""What "tell me" asks for where nothing here can tell it."""
_SKIPPED: Final = Words(
    "and then please also now just first next finally afterwards so can could would will you u kindly i "
    "want need to like id i'd "
    "we let's lets go ahead me my help hey hi hello ok okay dear would-you d ll "
    "und dann bitte danach auch jetzt mal kannst konntest wurdest kann du sie ich mochte will mir uns "
    "doch gerne hallo mich konnen "
    "konnten soll sollst ausserdem y luego por favor tambien ahora puedes podrias puede quiero que "
    "necesito hola despues ademas me "
    "et puis ensuite aussi maintenant s'il te plait vous plait peux peux-tu pouvez pourrais tu je veux "
    "voudrais bonjour s il faut "
    "for after before that one two thing things separately try"
)
_NOUN_AFTER: Final = Words(
    "the a an my me us him her them it this that these those some all to up off on out for at with in "
    "into your our his their one two "
    "three somebody someone everyone bob alice mum mom dad "
    "den die das der dem ein eine einen einer mir mich uns ihm ihr meine meinen mein dieses diesen diese "
    "bitte an ab auf "
    "el la los las un una unos unas mi mis me nos le al este esta estos "
    "le les l' un une des du de mon ma mes moi nous lui ce cette ces au"
)
LISTED: Final = Words(
    "list lists report reports table tables overview rows ranking csv statistics row values liste listen "
    "bericht tabelle ubersicht zeilen lista informe "
    "tabla filas rapport tableau lignes"
)
"""What may be made of rows without any other agent: "make a list of"."""
_PRONOUNS: Final = frozenset(["moi", "nous", "lui", "leur", "le", "la", "les", "en", "y", "toi"])
_MODAL: Final = Words("kannst konntest konnten konnen mochte will wurdest soll sollst bitte")
_TELLING: Final = Words("tell say erzahl erzahle cuentame raconte explain")
_ABLE: Final = re.compile(r"\b(?:and|then|also|please|und|y|et|,|;)\s*$")


@dataclass(frozen=True, slots=True)
class Deed:
    """A verb of a deed where a request begins."""

    verb: str
    clause: int
    start: int
    end: int
    """Of the clause it begins."""

    @property
    def is_soft(self) -> bool:
        """Whether an agent called for in the same clause may be what it means."""
        return self.verb in SOFT


def deeds_in(text: Text) -> Iterator[Deed]:
    """Yield each deed that a clause of the text asks for."""
    clauses: dict[int, list[Word]] = {}
    for word in text.words:
        clauses.setdefault(word.clause, []).append(word)
    for number, words in clauses.items():
        end = words[-1].end
        verb = _verb_of(text, words)
        if verb is not None:
            yield Deed(verb.text, number, verb.start, end)


def _verb_of(text: Text, words: list[Word]) -> Word | None:
    at = 0
    while at < len(words) and (words[at].text in _SKIPPED or words[at].text in MARKS):
        if words[at].text == URL_MARK and at == len(words) - 1:
            return None
        at += 1
    if at == len(words):
        return None
    first = words[at]
    base, _, pronoun = first.text.partition("-")
    if pronoun in _PRONOUNS and base in DEEDS:
        return replace(first, text=base)  # joue-moi
    if first.text in DEEDS and _is_verb(text, words, at):
        return first
    last = words[-1]
    is_asked = any(w.text in _MODAL for w in words[:at])
    if is_asked and last.text in DEEDS and last.text.endswith("en"):
        return last
    return None


def _is_verb(text: Text, words: list[Word], at: int) -> bool:
    """Say whether the word at a clause's start is a verb: "book a room", not "book prices on"."""
    verb, after = words[at].text, words[at + 1].text if at + 1 < len(words) else ""
    if verb in _TELLING:
        return any(w.text in _TOLD for w in words[at + 1 :])
    if verb == "remove":
        return bool(text.images or text.files) and not text.csvs
    if verb in {"log", "sign"}:
        return after in {"in", "into", "on", "out", "off", "up", "me", "the", "a", "this"}
    if verb in {"set", "turn", "make", "call", "like", "order", "text", "print", "format", "start"}:
        return _is_common_verb(text, words, at)
    if after in _NOUN_AFTER:
        return True
    if after == "":
        return at > 0 or (len(words) == 1 and len(text.words) < 8)
    if after in MARKS:
        return after != URL_MARK or not _is_of_rows(text)
    # "Book listings under $5 on ...", "Post drivers, cheapest first ...": nouns of a listing
    return not (text.urls and (_is_of_rows(text) or _names_rows(words[at + 1 :])))


def _is_common_verb(text: Text, words: list[Word], at: int) -> bool:
    verb = words[at].text
    said = [w.text for w in words[at + 1 : at + 7]]
    rest = set(said)
    if verb == "order":
        return not rest & {
            "by",
            "them",
            "rows",
            "numbers",
            "prices",
            "these",
            "those",
            "from",
            "ascending",
            "descending",
            "it",
        } or ("book" in rest)
    if verb == "turn":
        return bool(rest & {"on", "off", "up", "down", "left", "right", "around"}) and not rest & {"into"}
    if verb == "make":
        return not (rest & {"csv", "table", "rows", "list", "report", "template", "sure"})
    if verb == "set":
        return bool(rest & {"the", "a", "an", "my", "up"}) and not text.urls
    if verb == "call":
        return (
            bool(said)
            and (said[0] in _NOUN_AFTER or bool(re.match(r"\d", said[0])))
            and not rest & {"agent", "module", "guest", "wasm"}
        )
    if verb in {"print", "text", "format", "start"}:
        return verb in {"start", "format"} or bool(
            rest & {"poster", "flyer", "label", "photo", "him", "her", "mum", "document", "message"}
        )
    return bool(said) and said[0] in _NOUN_AFTER and not rest & {"csv"}


def _names_rows(words: list[Word]) -> bool:
    return any(w.text in GENERIC and w.text.endswith("s") for w in words[:3])


def _is_of_rows(text: Text) -> bool:
    """Say whether the rest of an objective speaks of rows: a limit, an order, a verb of finding."""
    return text.has(NOUN_TRIGGERS) or text.matches(
        r"\b(?:under|below|over|cheapest|top \d|between|sorted|sort|average|median|price)\b"
    )

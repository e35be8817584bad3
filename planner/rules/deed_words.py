"""Verbs of deeds that nothing here performs, in English, German, Spanish and French, and phrases that ask for one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from planner.rules.lexicon import Words


def _forms(stems: str, endings: Iterable[str]) -> str:
    return " ".join(stem + ending for stem in stems.split() for ending in endings)


_ENGLISH: Final = (
    "book buy purchase send email mail delete erase remove pay reserve order subscribe unsubscribe "
    "register login sign cancel e-mail "
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
    "tell log solve prove teach explain recommend advise chat "
    "transcode watermark enlarge upscale shrink compress zip unzip retouch haggle forward reply rebook reschedule mow"
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
    "zusammenfassen drucke drucken starte starten lade hochladen buchst erzahl erzahle erstelle erstellen "
    "biete biet bieten mitbieten uberbiete uberbieten dreh drehe drehen rotiere rotieren spiegle schneid "
    "schneide schneiden "
    "zuschneiden vergrossere vergrossern verkleinere verkleinern druck ausdrucken reservier ubersetz "
    "transkodiere transkodieren komprimiere komprimieren verschicke verschicken abschicken "
    "benachrichtige benachrichtigen verstandige bestatige unterschreibe unterschreiben ersteigere ersteigern"
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
    "cuentame genera crea crear haz gire girar gira inscribe inscribir recuerda avisa alquila apunta apuntar "
) + _forms("puj rot recort ampli comprim transcodific firm cancel imprim", ("a", "ar", "e", "es"))
_FRENCH: Final = (
    "achete acheter achetez reserve reserver reservez envoie envoyer envoyez traduis traduire traduisez "
    "appelle appeler appelez paie "
    "payer payez supprime supprimer efface publie publier poste poster peins peindre dessine dessiner "
    "joue jouer jouez conduis conduire "
    "cuisine cuisiner annule annuler abonne installe installer vends vendre commande commander allume "
    "allumer eteins eteindre resume "
    "resumer redige rediger ecris ecrire rappelle rappelle-moi chante chanter imprime imprimer transfere "
    "reveille lance mets genere "
    "cree creer raconte fais encheris encherir encherissez inscris inscrire inscrivez previens prevenir prevenez "
    "agrandis agrandir retrecis imprimez louez "
) + _forms("pivot recadr tourn compress transcod", ("e", "er", "ez"))
DEEDS: Final = Words(f"{_ENGLISH} {_GERMAN} {_SPANISH} {_FRENCH}")
SOFT: Final = Words(
    "write compose make create generate print render-a text tell set format report-to report explain "
    "draw start open-the solve "
    "schreibe schreib schreiben erstelle erstellen mach drucke drucken druck zahle verfasse "
    "escribe escribir redacta genera crea crear haz ecris ecrire genere cree creer fais mets imprime "
    "imprimer imprima imprimez pon call call-it "
    "build turn edit rewrite translate ubersetze traduce traduis summarise summarize resume fasse share offer "
    "bid order "
    "scan predict forecast guess"
)
"""Deeds that an agent's own call may be worded as: "write the rows as CSV", "make a table"."""
_CLITIC: Final = re.compile(r"(?:[mt]e|nos|les?)?(?:l[aoe]s?)?$")
_PRONOUNS: Final = frozenset(["moi", "nous", "lui", "leur", "le", "la", "les", "en", "y", "toi"])


def base_of(word: str) -> str:
    """Return the verb of a word that has pronouns behind it, `joue-moi` or `mandaselo`, else the word itself."""
    base, _, pronoun = word.partition("-")
    if pronoun in _PRONOUNS and base in DEEDS:
        return base
    if word in DEEDS or len(word) < _SHORTEST:
        return word
    bases = (word[:-cut] for cut in range(2, 6) if _is_clitic(word[-cut:]))
    return next((b for b in bases if b in _TAKES_CLITICS), word)


_SHORTEST: Final = 6
_TAKES_CLITICS: Final = Words(_SPANISH)


def _is_clitic(ending: str) -> bool:
    return _CLITIC.fullmatch(ending) is not None or ending in {"selo", "sela", "selos", "selas"}


_OWN: Final = (
    r"(?:(?:an?|another|my|the|un|una|une|la|le|el|mi|ma|mon|ein|eine|einen|das|die|den|mein|meine[nrsm]?|ese"
    r"|esta|este)\s+)"
)
_SOON: Final = r"[^.;!?\n]{0,60}?"
PHRASED: Final = re.compile(
    rf"\b(?:place|put in|make|submit|enter|raise|leave|put down)\s+(?:me\s+)?{_OWN}(?:\w+\s+)?"
    r"(?:bid|offer|order|reservation|booking|appointment|payment|phone call|complaint|deposit)\b"
    rf"|\bgib\b{_SOON}\b(?:gebot|bestellung|bewertung|anzeige)\b{_SOON}\bab\b"
    rf"|\b(?:haz|hazme|hacer|haga|pon|ponme|realiza|coloca)\s+{_OWN}(?:\w+\s+)?"
    r"(?:puja|oferta|reserva|pedido|compra|llamada|transferencia|cita|recordatorio|alarma)\b"
    rf"|\b(?:fais|faites|faire|passe|passez|depose|place|mets|pose)(?:-moi)?\s+{_OWN}(?:\w+\s+)?"
    r"(?:offre|enchere|reservation|commande|virement|appel|alarme|rappel)\b"
    rf"|\b(?:add|put|leg|lege|pack|packe|ajoute[rz]?|mets|anade|anadir|agrega|mete|pon)\b{_SOON}"
    r"\b(?:basket|cart|trolley|warenkorb|einkaufswagen|carrito|cesta|panier)\b"
    rf"|\b(?:set|stelle?|pon|ponme|mets|regle|programa)\s+(?:me\s+|mir\s+|moi\s+)?{_OWN}?(?:\w+\s+)?"
    r"(?:alarm|reminder|timer|wecker|alarma|recordatorio|temporizador|alarme|rappel|minuteur)\b"
    r"|\b(?:let me know|tell me|alert me|ping me)\s+(?:as soon as|the moment|once|whenever)\b"
    r"|\b(?:sag|gib)\w*\s+(?:mir|uns)\s+bescheid\b(?=,?\s+(?:sobald|wenn|falls))|\bhazme saber (?:en cuanto|cuando)\b"
    r"|\b(?:fill (?:in|out)|complete|submit)\s+(?:the|this|that|an?)\s+(?:\w+\s+)?(?:form|application|survey"
    r"|questionnaire)\b"
    rf"|\bfull\w*\b{_SOON}\b(?:formular|antrag|fragebogen)\b{_SOON}\baus\b"
    r"|\b(?:rellena|remplis|remplissez|completa)\w*\s+(?:el|la|le)\s+(?:formulario|solicitud|formulaire"
    r"|questionnaire)\b"
    rf"|\bprint\b{_SOON}\bon (?:my|the) printer\b|\bcheck ?out\b(?= (?:with|using|for me|my)|\W*$)"
    r"|\b(?:change|cancel)\s+(?:my|the)\s+(?:password|address|subscription|booking|order)\b"
)
"""A deed of several words: "place a bid", "add it to my basket", "gib ein Gebot ab"."""
NOUNS_TOO: Final = Words(
    "e-mail bid reserve post message book order play call phone ring text print mail email rent ship water record film "
    "walk design sign share register offer build repair schedule puja reserva compra firma enchere offre commande rota"
)
"""Verbs that are nouns as well."""
HEADS: Final = Words(
    "history histories price prices value values number numbers office offices board boards time times list lists "
    "label labels shop shops store stores title titles review reviews cover covers rate rates date dates status id "
    "ids code codes address addresses centre centres center centers increment increments fee fees cost costs form "
    "forms page pages total totals mas minima minimo maxima maximo actual inicial plus minimale level levels amount "
    "amounts count counts"
)
"""What stands after a verb that is only part of its name: "bid history", "reserve prices", "post offices"."""

"""The words the rules know, in English and the basics of German, Spanish and French.

Words stand folded: lower case, no accents. One that ends in `*` stands for
every word that begins so, one that begins with `*` for every word that ends
so: `*durchschnitt` is Notendurchschnitt too.
"""

from __future__ import annotations

from typing import Final


class Words:
    """A set of words to look a folded word up in."""

    def __init__(self, listing: str) -> None:
        listed = listing.split()
        self.exact = frozenset(w for w in listed if "*" not in w)
        self._starts = tuple(w[:-1] for w in listed if w.endswith("*"))
        self._ends = tuple(w[1:] for w in listed if w.startswith("*"))

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and (
            word in self.exact or word.startswith(self._starts) or word.endswith(self._ends)
        )


PHOTO: Final = Words(
    "photo photos picture pictures pic pics image images photograph* foto fotos fotograf* bild bilder "
    "bildern bildes imagen "
    "imagenes snapshot snapshots screenshot screenshots cliche cliches aufnahme aufnahmen"
)
BLUR: Final = Words(
    "blur* unscharf* verschwommen* borros* desenfocad* flou floue flous floues sharp sharpness scharf nitid* nette"
)
DUPLICATE: Final = Words("duplicate* reuse* duplik* doppelt* duplicad* repetid* doublon* reutilis*")
COLOUR: Final = Words("colour* color colors colored colores farbe farben couleur* lackfarbe")
DEADLINE: Final = Words(
    "end ends ending close closes closing expire expires expiring expiry deadline* "
    "endet enden endend* auslauf* ablauf* auktionsende ende termina* acaba* finaliza* vence* vencim* "
    "termine* terminent expiren* expirent expirant finissent finit finira finissant cierra cierran cierre "
    "schliesst schliessen schliest schließt schließen ends-in "
    "endend finish finishes due caduca* acaben acabe echeance* plazo* cloture* ferme ferment"
)
STARTS: Final = Words(
    "starts starting begin begins beginning depart departs departing departure departures leaving arriving arrivals "
    "kickoff boarding opens beginnt beginnen startet starten abfahrt* abfahren abfliegen abflug* anfangen "
    "empieza* empiece* comienza* comience* salen salida* llegan commence* commencent debute debutent partent depart* "
)
"""That something begins or leaves, which is a time of its own; a mere start ("start price") is none."""
CLOCK: Final = Words(
    "remain remains remaining countdown until till epoch quedan faltan falta restant restante restantes verbleib*"
)
DATE: Final = Words("date dates datum daten termine fecha fechas")
UNDERPRICED: Final = Words(
    "underpriced undervalued bargain bargains unterbewertet* schnappchen chollo* ganga* infravalorad* "
    "sous-evalue* sousevalue* "
    "undervalue*"
)
CHEAP: Final = Words(
    "cheap cheaper cheapest lowest billig* gunstig* preiswert* barat* least-expensive niedrigste* tiefste "
    "tiefster tiefstes tiefsten tiefstpreis* tiefstwert* kleinstpreis*"
)
DEAR: Final = Words(
    "expensive priciest dearest highest teuer* teur* caro cara caros caras hochste hochster hochstes hochsten "
    "hochstpreis* hochstwert* hochstgebot* hochstbetrag costliest"
)
SORT: Final = Words(
    "sort sorted sorting rank ranked ranking sortier* ordne ordnen ordnet geordnet ordena* ordene* ordenad* trie "
    "triez tries trier triees triee trie-* trier-* triez-* classe* arrange"
)
GROUP: Final = Words("group grouped grouping gruppier* agrupa* agrupe* regroupe*")
RECKON: Final = Words(
    "compute calculate filter filtered flag aggregate berechne* filtere* filtern calcula* calcule* "
    "filtra* filtrer filtre* "
    "deduplicate dedupe distinct unique dedup* eindeutig* unicos unicas uniques"
)
ECHO_LIKE: Final = Words(
    "wasm module modules guest guests modul modulo agent agents tool plugin gast echo-modul"
)
TEXT: Final = Words(
    "text texts description descriptions words wording beschreibung* descripcion* texto textos texte textes"
)
WORDING: Final = Words("wordy wordiness wordcount word-count")
COMPARE: Final = Words(
    "compare comparing compares match matches check checks verify whether vergleich* compara* comprueb* "
    "comparez verifi*"
)

STATISTICS: Final[dict[str, Words]] = {
    "median": Words("median mediana mediane medianpreis medianwert *median"),
    "mean": Words(
        "mean average averages avg durchschnitt* *durchschnitt mittelwert* *mittelwert promedio* moyenne* moyen "
        "moyens schnitt mittlere mittlerer mittleren mittleres"
    ),
    "sum": Words(
        "sum sums total totals totale summe summen *summe summier* addier* suma sumar sume suman sumados "
        "somme additionn* insgesamt gesamtbetrag gesamtpreis gesamtkosten gesamtwert gesamtmenge "
        "gesamtgewicht gesamtumsatz gesamtausgaben"
    ),
    "min": Words("minimum min smallest least kleinste* minimo minimos minima minimas"),
    "max": Words(
        "maximum max largest biggest greatest grosste* größte* großte* maximo maximos maxima maximas"
    ),
}

GENERIC: Final = Words(
    "lot lots listing listings auction auctions item items offer offers ad ads product products deal deals result "
    "results entry entries sale sales thing things vehicle vehicles machine machines equipment article articles "
    "event events angebot angebote auktion auktionen artikel los lose subasta subastas anuncio anuncios oferta "
    "ofertas producto productos enchere encheres annonce annonces offre offres produit produits lote lotes lots"
)
"""Nouns every row of a listing page answers to."""

PAGE_PARTS: Final = Words(
    "fact facts detail details link links image images heading headings headline headlines paragraph "
    "paragraphs json-ld jsonld metadata "
    "contact contacts e-mail mail fax opening hours address addresses phone email description descriptions summary "
    "content contents text texts "
    "word words sentence sentences letter letters character characters number numbers line lines section "
    "sections menu author footer "
    "news article story imprint impressum kontakt beschreibung inhalt worter satze uberschrift "
    "uberschriften datos contacto descripcion "
    "contenido palabras frases mots phrases contenu coordonnees titulares info information specs "
    "specification specifications mileage "
    "vin currency language sprache idioma langue colour color"
)
"""Nouns for a part of one page, not for rows of a list."""

COLUMNS: Final[dict[str, Words]] = {
    "title": Words("title titles name names titel titulo* nombre* titre* nom noms"),
    "price": Words("price prices bid bids cost costs preis* precio* prix gebot* puja*"),
    "url": Words("link links url urls enlace* lien liens"),
    "text": TEXT,
    "image": PHOTO,
    "ends_text": Words("deadline deadlines date dates datum fecha fechas time times end ends"),
}
"""What one may ask of each row, by the row's column."""

ADJECTIVES: Final = Words(
    "underpriced undervalued cheap cheaper cheapest lowest highest best expensive priciest dearest blurry blurred "
    "duplicate duplicated reused similar current new latest good great top fair available listed current "
    "billig* gunstig* unterbewertet* teur* barat* infravalorad* sous-evalue* most least first all every "
    "ascending descending aufsteigend absteigend ascendente* descendente* croissant* decroissant*"
)

SUPERLATIVES: Final = Words("cheapest lowest highest expensive dearest priciest best newest latest")
"""One thing is meant when a singular follows."""

NOUN_TRIGGERS: Final = Words(
    "find list collect show get gather extract crawl pull which what all every search looking many "
    "group sort rank count compare give finde suche zeige welche alle "
    "liste encuentra busca muestra cuales todos todas trouve trouvez cherche montre quels quelles tous toutes"
)
NOUN_FILLERS: Final = Words(
    "me us all any every each the a an of for out some their its these those der die das den alle los las el la "
    "todos todas les des du de un une le mir nach"
)
PRONOUNS: Final = Words(
    "one ones it them they those that this of is are page pages site website seite pagina way"
)
STOPS: Final = Words(
    "ademas despues entonces thanks gracias always perhaps does do did on at from in within with under "
    "below over above to by and or that which who whose where when is are was were "
    "has have having end ends ending close closes closing for using via per than as then but without between around "
    "near among not only into less more cheaper priced costing up "
    "auf von aus mit unter uber und oder die bis im endet enden fur bei bis weniger hochstens "
    "en de con por y o que bajo menos hasta hay sur dans avec et ou qui sous moins a se"
)

UNITS_TIME: Final[dict[str, float]] = {
    **dict.fromkeys(("minute", "minutes", "min", "mins", "minuten", "minuto", "minutos"), 1 / 60),
    **dict.fromkeys(
        ("hour", "hours", "hr", "hrs", "h", "stunde", "stunden", "std", "hora", "horas", "heure", "heures"),
        1.0,
    ),
    **dict.fromkeys(("day", "days", "d", "tag", "tage", "tagen", "dia", "dias", "jour", "jours"), 24.0),
    **dict.fromkeys(("week", "weeks", "woche", "wochen", "semana", "semanas", "semaine", "semaines"), 168.0),
}
"""Hours in one."""

UNITS_FACT: Final[dict[str, str]] = {
    **dict.fromkeys(("hour", "hours", "hrs", "h", "stunden", "betriebsstunden", "horas", "heures"), "Hours"),
    **dict.fromkeys(("mile", "miles", "mi", "km", "kilometers", "kilometres", "kilometer"), "Mileage"),
    **dict.fromkeys(("hp", "ps", "horsepower"), "Power"),
    **dict.fromkeys(("kg", "lbs", "tons", "tonnes"), "Weight"),
}
"""A unit after a limit -> the fact of a listing that the limit is on."""

NUMBERS: Final[dict[str, float]] = {
    **dict.fromkeys(
        ("a", "an", "one", "ein", "eine", "einem", "einer", "eines", "un", "una", "une", "uno"), 1
    ),
    **dict.fromkeys(("two", "zwei", "dos", "deux"), 2),
    **dict.fromkeys(("three", "drei", "tres", "trois"), 3),
    **dict.fromkeys(("four", "vier", "cuatro", "quatre"), 4),
    **dict.fromkeys(("five", "funf", "cinco", "cinq"), 5),
    **dict.fromkeys(("six", "sechs", "seis"), 6),
    **dict.fromkeys(("ten", "zehn", "diez", "dix"), 10),
    **dict.fromkeys(("twelve", "zwolf", "doce", "douze"), 12),
    **dict.fromkeys(("half", "halben", "halbe", "media", "demi"), 0.5),
    **dict.fromkeys(("anderthalb", "eineinhalb"), 1.5),
    "zweieinhalb": 2.5,
    "twenty-four": 24,
    "forty-eight": 48,
}

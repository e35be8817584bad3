"""The words of time in several languages, written without accents and in lower case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final


def word_set(words: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(words.split())


def _numbered(rows: Sequence[str], *, first: int) -> dict[str, int]:
    return {word: i for i, row in enumerate(rows, first) for word in row.split()}


MONTHS: Final = _numbered(
    (
        "january jan januar janner janvier janv enero ene gennaio janeiro januari stycznia",
        "february feb februar fevrier fevr fev febrero febbraio fevereiro februari lutego",
        "march mar mars marz maerz mrz marzo marco maart marca",
        "april apr avril avr abril abr aprile kwietnia",
        "may mai mayo maggio maio mei maj maja",
        "june jun juni juin junio giugno junho czerwca",
        "july jul juli juillet juil julio luglio julho lipca",
        "august aug aout agosto augustus augusti sierpnia",
        "september sep sept septembre septiembre settembre setembro wrzesnia",
        "october oct oktober okt octobre octubre ottobre outubro pazdziernika",
        "november nov novembre noviembre novembro listopada",
        "december dec dezember dez decembre diciembre dic dicembre dezembro grudnia",
    ),
    first=1,
)

WEEKDAYS: Final = _numbered(
    (
        "monday mon montag lundi lun lunes lunedi segunda-feira maandag mandag poniedzialek",
        "tuesday tue tues dienstag mardi martes martedi terca-feira dinsdag tisdag tirsdag wtorek",
        "wednesday wed weds mittwoch mercredi mer miercoles mie mercoledi quarta-feira woensdag onsdag sroda streda",
        "thursday thu thur thurs donnerstag jeudi jeu jueves jue giovedi quinta-feira donderdag torsdag czwartek ctvrtek",
        "friday fri freitag vendredi ven viernes vie venerdi sexta-feira vrijdag fredag piatek patek",
        "saturday sat samstag sonnabend samedi sam sabado sab sabato zaterdag lordag sobota",
        "sunday sun sonntag dimanche dim domingo dom domenica zondag sondag niedziela",
    ),
    first=0,
)

RELATIVE_DAYS: Final = {
    "today": 0, "tonight": 0, "heute": 0, "aujourd'hui": 0, "ce soir": 0, "hoy": 0, "esta noche": 0,
    "esta tarde": 0, "oggi": 0, "stasera": 0, "hoje": 0, "vandaag": 0, "vanavond": 0, "dzisiaj": 0, "idag": 0,
    "this morning": 0, "this afternoon": 0, "this evening": 0,
    "tomorrow": 1, "tmrw": 1, "morgen": 1, "demain": 1, "manana": 1, "domani": 1, "amanha": 1, "jutro": 1,
    "imorgon": 1, "day after tomorrow": 2, "ubermorgen": 2, "uebermorgen": 2, "apres-demain": 2,
    "pasado manana": 2, "dopodomani": 2, "overmorgen": 2,
    "yesterday": -1, "gestern": -1, "hier": -1, "ayer": -1, "ieri": -1, "ontem": -1, "gisteren": -1,
}  # fmt: skip

UNIT_SECONDS: Final = {
    word: seconds
    for seconds, words in (
        (
            604_800,
            "w wk wks week weeks woche wochen semaine semaines sem semana semanas settimana settimane weken",
        ),
        (
            86_400,
            "d day days tag tage tagen t j jour jours dia dias giorno giorni g dag dagen dagar dni",
        ),
        (
            3_600,
            "h hr hrs hour hours std stunde stunden heure heures hora horas ora ore uur uren godz timmar",
        ),
        (60, "m min mins minute minutes minuten mn minuto minutos minuti minuter minut"),
        (
            1,
            "s sec secs second seconds sek sekunde sekunden seconde secondes seg segundo segundos secondi secondo",
        ),
    )
    for word in words.split()
}

MONTH_UNITS: Final = word_set("month months mo mos monat monate monaten mois mes meses mese mesi maand")

NUMBERS: Final = _numbered(
    (
        "a an one ein eine einem einer un une una uno um uma een",
        "two zwei deux dos due dois duas twee",
        "three drei trois tres tre drie",
        "four vier quatre cuatro quattro quatro",
        "five funf cinq cinco cinque vijf",
        "six sechs seis sei zes",
        "seven sieben sept siete sette sete zeven",
        "eight acht huit ocho otto oito",
        "nine neun neuf nueve nove negen",
        "ten zehn dix diez dieci dez tien",
    ),
    first=1,
)

MORNING: Final = word_set("morning morgens fruh vormittags vormittag matin mattina ochtend")
EVENING: Final = word_set(
    "afternoon evening night tonight nachmittag nachmittags abend abends apres-midi soir tarde noche"
    " sera pomeriggio noite avond vanavond stasera"
)

FILLERS: Final = word_set(
    "at on the of and by from is time local um am an den der dem the le la les a las el de del du dia uhr il"
    " alle ore om op kl os as at vers por pour och klo t h s date to ab dans en in e y et und o clock sharp"
    " until till through bis to au al hasta before promptly approximately nachsten next this coming"
)
"""Words that may stand between a date, its clock time and its zone."""

RANGE_WORDS: Final = word_set("to bis au al hasta through until till a tot fino ate")

TELLTALES: Final = word_set(
    "endet auktion uhr heute noch restzeit beendet gebotsschluss enchere termine cloture demain jusqu'au aujourd'hui"
    " heure heures subasta termina finaliza cierra quedan manana scade scadenza chiude giorni encerra leilao amanha"
    " eindigt veiling sluit uur stunden tage"
)
"""Words of which one is enough to say that a text is not English, so that its dates begin with the day."""

FOREIGN: Final = word_set(
    "endet ende auktion uhr heute morgen noch tage stunden januar februar marz juni juli oktober dezember"
    " montag dienstag mittwoch donnerstag freitag samstag sonntag bis schliesst um restzeit am beendet"
    " enchere termine fin cloture jusqu'au le janvier fevrier mars avril mai juin juillet aout octobre"
    " lundi mardi mercredi jeudi vendredi samedi dimanche demain aujourd'hui reste jours heures dans vente"
    " subasta termina finaliza cierra cierre el hasta enero febrero marzo abril mayo junio julio agosto lunes"
    " martes miercoles jueves viernes sabado domingo manana hoy quedan dias horas asta scade chiude ore"
    " lunedi martedi mercoledi giovedi venerdi domani oggi giorni encerra leilao ate amanha hoje eindigt"
    " veiling sluit maandag dinsdag woensdag donderdag vrijdag zaterdag zondag dagen uur maart"
) - {"am"}
"""Words that hint at it; two of them say so."""

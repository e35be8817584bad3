"""Phrases of several words that say what is wanted, over folded text."""

from __future__ import annotations

import re
from typing import Final

_COUNTED: Final = (
    r"(?:words?|sentences?|letters|characters|worter|worte|satze|buchstaben|zeichen|palabras?|frases|letras|caracteres"
    r"|mots?|phrases|lettres|caracteres)"
)


PHRASES: Final[dict[str, re.Pattern[str]]] = {
    "deadline": re.compile(
        r"\b(?:bidding|auction|sale|offer|bid)s? (?:stop|finish|close|start|begin|open|is over|are over|runs? out)"
        r"|\btime (?:left|remaining|to go)\b|\b(?:hours?|days?|minutes?|weeks?|time) (?:are |is "
        r"|do i have )?(?:left|remain\w*|to go)\b"
        r"|\bhow (?:much (?:time|longer)|soon|long(?! (?:is|are) (?:the |this |that )?(?:text|article|page|story"
        r"|post|description|entry|essay|letter)))\b|\bwie ?(?:lang(?:e)?|viel zeit)\b|\bending\b|\buntil when\b"
        r"|\bbis wann\b|\b(?:still|gerade) in time\b|\bschaff\w* (?:ich|wir|man) (?:das|es)\b|\b(?:still have"
        r"|have left)\b"
        r"|\b(?:me|nos|te) (?:queda|quedan|falta|faltan)\b|\b(?:il me|me|nous) restent?\b|\bam i too late\b"
        r"|\bin time for\b"
        r"|\bwie ?viele (?:stunden|tage|minuten|wochen)\b[^.;?!\n]{0,30}\bnoch\b|\bcuanto tiempo\b"
        r"|\bllego a tiempo\b|\bruns? out\b|\blauf(?:t|en)\b[^.;?!\n]{0,80}\bab\b"
        r"|\bwann\b[^.;?!\n]{0,60}\b(?:beginnt|startet|offnet|fahrt|geht es los|fangt)\b"
        r"|\b(?:quand|a quelle heure)\b[^.;?!\n]{0,60}\b(?:commence|part|ouvre|debute|arrive)\b"
        r"|\b(?:cuando|a que hora)\b[^.;?!\n]{0,60}\b(?:empieza|comienza|sale|abre|llega)\b"
        r"|\b(?:wann|ab wann) (?:beginnt|startet|offnet|fahrt)\b|\bwann\b.{0,60}\b"
        r"(?:lauft|endet|ende|schliesst|schlie.t|vorbei)\b|\bjusqu'a quand\b|\bhasta cuando\b"
        r"|\bcombien de temps\b|\bcuanto (?:tiempo )?(?:falta|queda|quedan|faltan)\b"
        r"|\bquand\b.{0,60}\b(?:finit|termine\w*|ferme|fin)\b"
        r"|\bcuando\b.{0,60}\b(?:cierra\w*|acaba\w*|termina\w*|fin)\b|\b(?:still|noch) (?:running|open"
        r"|offen)\b|\b(?:die|der|eine|welche|zur) frist(?:en)?\b"
        r"|\bwhen\b.{0,60}\b(?:over|due|sold)\b|\bnoch bis\b|\b(?:heures|jours|minutes|semaines) avant\b"
        r"|\b(?:stunden|tage|minuten|wochen) (?:bis|vor)\b|\brest\w*(?:-t-il)?\b.{0,24}\b(?:avant"
        r"|jusqu)|\b(?:hours?|days?|minutes?|weeks?) (?:until|till|to go|before)\b|\b(?:dias|horas"
        r"|minutos|semanas) (?:para|hasta)\b"
        r"|\brestzeit\b|\btiempo restante\b|\btemps restant\b"
    ),
    "zone": re.compile(
        r"\b(?:utc|gmt)\b|\btime ?zone|\bzeitzone|\bfuseau|\bzona horaria\b|\b(?:unix |posix )?epoch\b"
        r"|\btimestamps?\b|\bzeitstempel\b|\bmarca de tiempo\b|\bhorodat\w*|\biso[- ]?8601\b"
        r"|\biso (?:date|time|format)"
        r"|\bunix (?:time|timestamp|zeit)"
        r"|\b(?:in|to|into|as|nach|en|a) (?:cest?|[ecmp][sd]?t|b?st|ist|jst|aest|[a-z]+ time|ortszeit|weltzeit)\b"
    ),
    "between_dates": re.compile(
        r"\b(?:how many|how long|number of|count the|wie viele|wieviele|cuant[oa]s|combien de) ?(?:hours?"
        r"|days?|weeks?|months?|minutes?"
        r"|stunden|tage|wochen|dias|horas|semanas|jours|heures|semaines)?\b.{0,60}\b(?:between|from"
        r"|zwischen|entre|von|desde|du|de)\b"
        r".{1,40}\d.{1,60}\b(?:and|to|until|und|bis|y|hasta|et|au)\b.{1,40}\d"
    ),
    "underpriced": re.compile(
        r"\b(?:below|under|beneath|cheaper than|less than) (?:the |its |their )?(?:market|typical|usual"
        r"|fair|going|normal|average|median|mean) "
        r"(?:price|value|worth|rate)?|\bbelow (?:its|their) (?:price|value|worth)|\bgood deals?\b"
        r"|\bunter (?:dem )?(?:marktwert|marktpreis|wert|ublichen preis)\b|\bbonnes? affaires?\b"
        r"|\bsous le prix (?:du marche|habituel)\b"
        r"|\bpor debajo del (?:valor|precio)"
    ),
    "duplicates": re.compile(
        r"\bsame (?:photo|picture|image)|\b(?:photo|picture"
        r"|image)s? (?:\w+ )?(?:used|appear\w*|shown) (?:twice|more|again)"
        r"|\b(?:stolen|copied|reused|recycled) (?:photo|picture|image)|\b(?:photo|picture|image)s? (?:of|from) another"
        r"|\b(?:gleiche[nrs]?|dasselbe|selbe[nrs]?|geklaute[nrs]?) (?:foto|bild)|\bmeme photo|\bmisma foto"
    ),
    "wording": re.compile(
        rf"\ue001\s*:?\s*{_COUNTED}\W*$|\b{_COUNTED}\s+(?:in|of|von|im|en|de|dans)\s+\ue001|"
        rf"\b(?:how many|count|number of|anzahl|zahle?|wie ?viele|cuant[oa]s|cuenta|combien (?:de|d')"
        rf"|compte[rz]?|nombre de|numero de)"
        rf"\W+(?:(?!\d)\w+\W+){{0,4}}?{_COUNTED}\b(?!\W+(?:i|we|you|he|she|they) )"
        r"|\b(?:word|letter|character|sentence)[ -]?counts?\b|\bword frequenc\w+|\bin words\b"
        r"|\bworterzahl\b|\bwortzahl\b|\bnombre de mots\b"
        r"|\b(?:commonest|most (?:common|frequent|used)|haufigste[nrs]?"
        r"|frequent(?:est)?) (?:\w+ )?(?:words?|worter|worte)\b"
        r"|\b(?:words?|wort|worter|palabras?|mots?)\b[^.;?!\n\ue000-\ue005]{0,40}\b(?:most (?:frequent|common"
        r"|often)|commonest"
        r"|haufigste\w*|plus (?:souvent|frequent|courant)|le plus(?= dans| de | \ue001)|mas (?:frecuente|repetida"
        r"|comun|usada))\b"
        r"|\btop (?:\d{1,2}|three|five|ten) words\b"
        rf"|\b(?:which|welche\w*|wo|cual|que texto|quel(?:le)?|lequel|laquelle)\b[^.;?!\n]{{0,60}}\b"
        rf"(?:more|most|fewer|fewest|mehr|meisten|weniger|mas|menos|(?:plus|moins) de) {_COUNTED}\b"
        r"|\bpalabras mas (?:frecuentes|comunes|usadas)\b|\bmots (?:les )?plus (?:frequents|courants|utilises)\b"
        r"|\b(?:length|longest|shortest) (?:of )?(?:the |each )?(?:text|description)|\btext statistics\b"
        r"|\bunique words\b"
        rf"|\blength in {_COUNTED}\b"
    ),
    "against_text": re.compile(
        r"\bcompar\w+ (?:what )?(?:the |their |its )?photos (?:show )?with (?:the |their |its )?(?:text"
        r"|words|wording)\b"
    ),
    "count": re.compile(
        r"\bhow many (?!(?:\w+ )?(?:hours?|minutes?|seconds?|days?|weeks?|words?|sentences?|letters|characters)\b)"
        r"|\bcount (?:the |all |of |how many )*+(?!words|sentences|letters)\w|\bcompte-l"
        r"|\bcompte[rz]? (?:les|le nombre de) (?!mots|phrases|lettres|caracteres|voyelles)\w"
        r"|\bcuenta (?:las|los|el numero de) (?!palabras|frases|letras|caracteres|vocales)\w"
        r"|(?<!serial )(?<!model )(?<!lot )(?<!phone )(?<!part )\bnumber of\b|\banzahl\b"
        r"|\bwie ?viele\b(?! (?:worter|satze|stunden|tage|minuten))"
        r"|\bcuant[oa]s\b(?! (?:palabras|horas|dias|minutos|frases))|\bcombien\b(?! (?:de )?(?:mots|temps"
        r"|jours|heures|phrases|coute|font|fait|vaut|valent|me))"
        r"|\bzahle\b(?! die (?:worter|satze))"
    ),
    "reckon": re.compile(
        r"\b(?:which|who|what|welche\w*|wer|quel\w*|que)\b.{1,60}\b(?:most|least|fewest|meisten"
        r"|wenigsten)\b|\bwork out\b(?! (?:when|the (?:utc|time)))|\bkeep (?:only|those|the|what|just)\b"
        r"|\b(?:quien|cual|que \w+|qui|quel(?:le)? \w+) (?:\w+ )?(?:tiene|tienen|hizo|gano|saco|logro"
        r"|vendio|a|ont|fait|compte) (?:mas|menos|(?:le )?(?:plus|moins) (?:de |d'))"
        r"|\bfair price\b"
        r"|\bprice difference"
        r"|\bdifference (?:in|between|of)\b|\bbehalte\b|\bgarde[rz]?\b|\bqueda(?:te)? (?:con|solo)\b|\bconserva\b"
        r"|\bcompare (?:the )?prices?\b|\bnur die\b|\bmost frequent\b|\bmore than \w+ (?:lots|rows|items|bids|orders)\b"
        r"|\b(?:drop|remove|without|skip|leave out|exclude) (?:the |any |all )?(?:repeat\w*|duplicate\w*"
        r"|doubles|empty|rows|lots|those|listings|ones)"
        r"|\bonly (?:the |those |rows |ones |lots |listings )|\bsolo (?:los|las)\b|\bseulement (?:les|ceux)\b"
    ),
    "soonest": re.compile(
        r"\b(?:earliest|soonest)\b|\bcomes? (?:first|last|sooner|earlier|later)\b|\b(?:is|are) (?:earlier"
        r"|sooner|later)\b|\bending soon|\bchronolog|\b(?:ends?|close[sd]?|finish\w*"
        r"|expires?) (?:first|next|sooner|earlier|last|soon)\b"
        r"|\bzuerst (?:endet|ab)|\bendet (?:zuerst|als erste\w*)|\bse termine en premier|\b(?:termina"
        r"|acaba|cierra) (?:primero|antes)\b"
    ),
    "descending": re.compile(
        r"\bdescending\b|\bhigh(?:est)? to low|\blarge(?:st)? to small"
        r"|\b(?:highest|latest|newest|largest|biggest|dearest|most expensive|priciest) first\b"
        r"|\babsteigend|\bdescendente|\bdecroissant|\bmayor a menor\b|\bplus (?:cher|grand)s? (?:au|d'abord)"
    ),
    "ascending": re.compile(
        r"\bascending\b|\blow(?:est)? to high|\bsmall(?:est)? to large|\baufsteigend|\bascendente"
        r"|\bcroissant|\bmenor a mayor\b"
        r"|\b(?:lowest|smallest|cheapest) first\b"
    ),
    "difference": re.compile(r"\bdifferen(?:ce|z|cia)|\bunterschied|\bcompare\b|\bvergleich"),
    "mean": re.compile(
        r"\b\w{0,30}durchschnitt\w*|\b(?:la|una|nota|edad) media\b(?! (?:hora|docena|noche|jornada))"
        r"|\b(?:el|un) \w+ medio\b"
    ),
    "sum": re.compile(
        r"\b(?:gesamt|end|teil|zwischen|rechnungs)?summen?\b|\bgesamt(?:betrag|preis|kosten|wert|menge|umsatz)\w*|"
        r"\badd (?:up|together)\b|\badd\b.{1,60}\b(?:up|together)\b|\bzahl\w*\b.{1,40}\bzusammen\b|\bzusammenzahl\w*"
    ),
    "join": re.compile(
        r"\b(?:join|merge|combine|verbinde|une|fusionne)\b.{0,40}\b(?:tables?|rows|lists?|tabellen|listas?|tablas)\b"
    ),
    "one_row": re.compile(
        r"\bwhich (?:row|one|line|lot|item|entry) (?:has|is|costs?|shows?) (?:the )?"
        r"(?:highest|lowest|cheapest|dearest|most expensive|largest|smallest|most|least)\b"
    ),
    "moment": re.compile(
        r"\b(?:what|which) (?:time|instant|moment)\b|\b(?:what|which) (?:date|day) (?:is|was)\b"
        r"|\bwhen (?:is|was|will|does|do|exactly)\b|\bwhen\?"
        r"|\bquelle heure\b|\bque hora\b|\bwie spat\b|\bwieviel uhr\b"
        r"|\bwelche[rm]? (?:zeitpunkt|uhrzeit)\b|\bwann (?:ist|war|genau)\b|\bcuando es\b|\bquand est\b"
    ),
}
COMMONEST: Final = re.compile(
    r"\b(?:(?:and|und|y|et) )?(?:(?:say|tell me|dime|sag mir|dis) )?(?:which|what|welche[sr]?|cual(?:es)?|quels?"
    r"|lequel)"
    r"(?: (?:one|ones|word|words|wort|worter|palabras?|mots?|of|them|these|those|the|is|are|comes|come|up|appears?"
    r"|occurs?|turns|it|uses|used|ist|sind|das|die|davon|darin|kommt|kommen|vor|es|son|la|las|que|mas|se|est|sont|le|les|revient"
    r"|apparait|its|their|sus|ses|\d{1,2}|two|three|five|ten|zwei|drei|funf|zehn|dos|tres|cinco|diez|deux|trois|cinq|dix"
    r"))*? (?:(?:the )?(?:most (?:frequent(?:ly)?|common|often|used)|commonest)|haufigste[nr]?|am haufigsten"
    r"|mas (?:frecuentes?|comun|comunes|repetidas?|usadas?|veces)|se repite mas|plus (?:frequents?|courants?|souvent"
    r"|utilises?|repetes?))\b"
)
"""Which word comes up most: told with the count of words."""
SORT_BY: Final = re.compile(
    r"\b(?:sort|rank|order|arrange|orden|ordne|trie|trier"
    r"|classe)\w*(?:-\w+)?\s+(?:[\w\ue000-\ue005]+\s+){0,6}?(?:by|nach|por|par|buy)\s+"
    r"(?:the |their |its |le |el |ihrem |dem )?([a-z][\w-]*)"
)
GROUP_BY: Final = re.compile(
    r"\b(?:group|gruppier|agrup|regroup|count|sum|total|average|mean|median|moyen|promedio|durchschnitt)\w*\s+"
    r"(?:[\w\ue000-\ue005]+\s+){0,6}?"
    r"(?:by|per|for each|nach|pro|je|por|par)\s+(?:the |their |each )?([a-z][\w-]*)|\bper ([a-z][\w-]+)"
    r"|\b(?:pro|je) ([a-z][\w-]+)"
)
A_LINE: Final = re.compile(
    r"\b(?:line|row|bullet|entry|zeile|linea|fila|ligne)s?\s+(?:per|pro|je|por|par|for each|for every)\s+[^\W\d_]"
)
"""Each row by itself, no groups: "one line per job"."""
SAY_WHICH: Final = re.compile(
    r"\b(?:say|tell(?: me| us)?|show|note|mark|flag|report|indicate|state|sage?|zeige?|di|dime|dis|indique)\s+"
    r"(?:me |us |mir )?(?:which|whether|if|when|welche|ob|wann|cuales|lesquel\w*|quel\w*)\b"
    r"|\bwhich (?:ones|of (?:them|those|these))\b"
    r"|(?:^|[;,.!?]|\band|\bund|\bet|\by)\s*(?:which|welche|cuales|lesquel\w*)\b"
)
SPOKEN_OF: Final = re.compile(
    r"\b(?:supplied|provided|attached|pasted|enclosed|uploaded|i (?:gave|give|sent|have given|am giving"
    r"|handed|shared|pass)|given|gave you|as input"
    r"|mitgegeben\w*|ubergeben\w*|angehangt\w*|beigefugt\w*|gegebene[nrsm]?|beiliegend\w*|anbei"
    r"|mitgeliefert\w*|bereitgestellt\w*"
    r"|fourni\w*|donnee?s?|(?:ci-)?joint(?:e|s|es)?|transmis\w*|t'ai donne\w*"
    r"|adjunt[oa]s?|dad[oa]s?|te (?:di|doy|he dado|paso|envie)|proporcionad\w*|suministrad\w*|entregad\w*)\b"
    r"|\b(?:my|mein(?:e[nrsm]?)?|mon|ma|mes|mis?) (?:\w+ )?(?:own )?(?:text|rows|table|tables|csv|json"
    r"|schema|template|data|list|values?|numbers|letter"
    r"|tabelle|zeilen|vorlage|liste|texte|tableau|modele|texto|tabla|plantilla|esquema|datos)\b"
)
"""Material that the caller gives beside the objective."""

"""Units by their names, in English, German, Spanish and French, with the symbols they are converted by."""

from __future__ import annotations

from typing import Final

from planner.rules.lexicon import Words

_NAMED: Final[dict[str, str]] = {
    "length": (
        "m: metre metres meter meters metern metro metros m; km: kilometre kilometres kilometer kilometers kilometern "
        "kilometro kilometros km kms; cm: centimetre centimetres centimeter centimeters zentimeter "
        "centimetro centimetros cm cms; "
        "mm: millimetre millimetres millimeter millimeters milimetro milimetros mm; in: inch inches zoll "
        "pulgada pulgadas "
        "pouce pouces; ft: foot feet fuss fuß pie pies pied pieds ft; yd: yard yards yd yarda yardas; mi: "
        "mile miles meile meilen "
        "milla millas mi; nmi: nmi seemeile seemeilen; um: micron microns mikrometer"
    ),
    "mass": (
        "kg: kilogram kilograms kilogramm kilogramme kilogrammes kilo kilos kilogramo kilogramos kg kgs; g: "
        "gram grams gramm "
        "gramme grammes gramo gramos g; mg: milligram milligrams milligramm mg; t: tonne tonnes tonnen "
        "tonelada toneladas; lb: "
        "pound pounds lbs lb pfund libra libras livre livres; oz: ounce ounces oz unze unzen onza onzas "
        "once onces; st: stone"
    ),
    "volume": (
        "l: litre litres liter liters litern litro litros l; ml: millilitre millilitres milliliter "
        "milliliters mililitros ml; "
        "cl: centilitre centiliter cl; m3: m3 kubikmeter; gal_us: gallon gallons gallons_us gallone gallonen galon "
        "galones gal gals gal_us; "
        "gal_uk: gal_uk gallons_uk; "
        "pt_us: pint pints pinta pintas pinte pintes pt_us; qt_us: quart quarts; cup_us: cup cups; bbl: barrel barrels"
    ),
    "temperature": (
        "C: celsius centigrade c °c; F: fahrenheit f °f; K: kelvin"
    ),
    "area": (
        "m2: m2 qm sqm quadratmeter quadratmetern; km2: km2 quadratkilometer; ha: hectare hectares hektar hectarea "
        "hectareas ha; acre: acre acres "
        "acres morgen_land; ft2: sqft ft2"
    ),
    "speed": "km/h: km/h kmh kph; mph: mph mi/h; m/s: m/s mps; kn: knot knots knoten nudos noeuds",
    "time": (
        "s: second seconds sekunde sekunden segundo segundos seconde secondes; min: minute minutes "
        "minuten minuto minutos; "
        "h: hour hours stunde stunden hora horas heure heures; d: day days tag tage tagen dia dias jour jours; "
        "wk: week weeks woche wochen semana semanas semaine semaines"
    ),
    "energy": (
        "J: joule joules; kJ: kilojoule kilojoules kj; kWh: kwh kilowattstunde kilowattstunden;"
        " kcal: kcal kilocalorie kilocalories; cal: calorie calories kalorien; BTU: btu btus"
    ),
    "power": (
        "W: watt watts; kW: kilowatt kilowatts kw kilovatio kilovatios; MW: megawatt megawatts;"
        " hp: hp bhp horsepower; PS: ps ch cv pferdestarke pferdestarken caballos chevaux"
    ),
    "pressure": "Pa: pascal pascals; kPa: kpa; bar: bar bars; psi: psi; atm: atm; mbar: mbar millibar; hPa: hpa",
    "data": (
        "B: byte bytes octets; kB: kb kilobyte kilobytes; MB: mb megabyte megabytes; GB: gb gigabyte "
        "gigabytes; TB: tb terabyte "
        "terabytes; KiB: kib; MiB: mib; GiB: gib; bit: bit bits"
    ),
    "fuel": "l/100km: l/100km l/100 l/100_km; mpg_us: mpg_us mpg; mpg_uk: mpg_uk; km/l: km/l kml",
    "currency": (
        "USD: usd dollar dollars dolar dolares us$ $; EUR: eur euro euros €; GBP: gbp sterling £; CHF: "
        "chf franken; JPY: jpy yen ¥; "
        "CAD: cad; AUD: aud; PLN: pln zloty; SEK: sek; NOK: nok; DKK: dkk; CNY: cny yuan; INR: inr "
        "rupees; MXN: mxn; CZK: czk; BRL: brl"
    ),
}  # fmt: skip
KINDS: Final[dict[str, tuple[str, str]]] = {
    name: (kind, symbol.strip())
    for kind, listing in _NAMED.items()
    for entry in listing.split(";")
    for symbol, _, names in (entry.partition(":"),)
    for name in names.split()
}
"""Name, folded -> its kind and its symbol."""
_PHRASES: Final = (
    "gal_us: us gallon, us gallons; gal_uk: imperial gallon, imperial gallons, uk gallons; pt_us: us pint, us pints; "
    "mph: miles per hour, miles an hour, millas por hora, meilen pro stunde; m/s: metres per second, meters per second; "
    "km/h: kilometres per hour, kilometers per hour, kilometres an hour, kilometros por hora, kilometres par heure, "
    "kilometres heure, kilometer pro stunde, stundenkilometer; "
    "l/100km: litres per 100 km, liters per 100 km, litres per 100 kilometres, liters per 100 kilometers, "
    "litres per 100, "
    "l pro 100 km, l auf 100 km, l/100 km, liter auf 100 km, liter pro 100 km, liter auf 100 kilometer, "
    "liter pro 100 kilometer, liter auf 100, litros a los 100 km, litros a los 100, litros por 100 km, "
    "litros cada 100 km, litros por cada 100 km, litres aux 100 km, litres aux 100, litres pour 100 km; "
    "mpg_us: us mpg, mpg us, miles per gallon, us miles per gallon; mpg_uk: uk mpg, mpg uk, imperial mpg; "
    "m2: square metres, square metre, square meters, square meter, metros cuadrados, metro cuadrado, metres carres, "
    "metre carre, sq m; ft2: square feet, square foot, sq ft, pies cuadrados, pieds carres, quadratfuß, quadratfuss; "
    "nmi: nautical miles, millas nauticas, milles marins, milles nautiques; t: metric tons, metric tonnes; "
    "USD: us dollars, us dollar, us-dollar, american dollars; CAD: canadian dollars; AUD: australian dollars; "
    "GBP: pounds sterling, british pounds, pound sterling, libras esterlinas, livres sterling, pfund sterling; "
    "CHF: swiss francs, schweizer franken, francs suisses, francos suizos; psi: pounds per square inch"
)
PHRASED: Final = {
    name.strip(): symbol.strip()
    for entry in _PHRASES.split(";")
    for symbol, _, names in (entry.partition(":"),)
    for name in names.split(",")
}
"""Names of more than one word, folded -> symbol."""
SHORT: Final = Words("m g l h s c f k d w b t in ft ch $ € £ ¥ once second minute bar cup stone pie").exact
"""Only beside a number, or where an amount is at hand."""


UNIT: Final = rf"(?:{'|'.join(sorted(PHRASED, key=len, reverse=True))}|[^\W\d_$][\w/]*|[°$€£¥][a-z]?)"
"""What may be a unit's name, for a pattern; whether it is one is looked up."""
_POUNDS: Final = frozenset(["pound", "pounds", "pfund", "libra", "libras", "livre", "livres"])
"""Money too."""


def is_unit(name: str) -> bool:
    """Say whether a folded name is a unit's."""
    return name in KINDS or name in PHRASED


def kind_of(name: str) -> tuple[str, str]:
    """Return the kind and the symbol of a unit's name."""
    if name in PHRASED:
        symbol = PHRASED[name]
        kind = next((k for k, s in KINDS.values() if s == symbol), "length")
        return kind, symbol
    return KINDS.get(name, ("length", "in"))


def symbols_of(name: str) -> dict[str, str]:
    """Return kind -> symbol of what a folded name may stand for; pounds are a weight and money."""
    if not is_unit(name):
        return {}
    kind, symbol = kind_of(name)
    return {kind: symbol, "currency": "GBP"} if name in _POUNDS else {kind: symbol}

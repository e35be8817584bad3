"""Everyday words of what agents do and of what they do it with: English, and what other languages say for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_LISTED: Final = """
summarize: fasse fass fassen zusammenfass* kurzfassung resume resumir resumen resuma resumez resumer resumelo abstract
shorten: kurze kurzen verkurz* acorta acortar raccourci*
translate: ubersetz* traduc* traduz* traduis* traduction traduit
weather: wetter* klima tiempo clima meteo
forecast: vorhersag* prognos* prevision* pronostic*
rain: regn* regen* llueve llover lluvia pleut pleuvoir pluie
snow: schne* nieve nevar neige neiger
temperature: temperatur* temperatura
wind: windig viento vent
sunrise: sonnenaufgang* amanecer
sunset: sonnenuntergang* atardecer
address: adress* anschrift* direccion adresse
place: ort orte ortes lugar lieu endroit
city: stadt stadte ciudad ville
country: land landes pais pays
street: strasse* calle rue
coordinates: koordinat* coordenad* coordonnees
latitude: breitengrad* latitud
longitude: langengrad* longitud
map: karte landkarte mapa carte
distance: entfernung* abstand distanz distancia
far: weit lejos loin
route: strecke fahrstrecke ruta itineraire trajet
drive: fahrt fahrzeit fahrdauer fahren conducir conduire trayecto
travel: reise* viaje voyage
flight: flug* vuelo vol vols
train: zug bahn zugverbindung* tren
invoice: rechnung* factura* facture*
receipt: quittung* beleg kassenbon recibo recu
contract: vertrag* contrato contrat
vat: umsatzsteuer* mehrwertsteuer* ust ustid mwst iva tva
verify: pruf* uberpruf* verifiz* verific* verifi*
tax: steuer* impuesto* impot*
language: sprach* idioma lengua langue
sentiment: stimmung* sentimiento* gefuhl*
positive: positiv*
negative: negativ*
mood: laune animo humeur
currency: wahrung* moneda* divisa* devise*
rate: kurs kurse wechselkurs* tasa taux cambio
exchange: wechsel* umtausch* cambia cambiar echange*
money: geld dinero argent
price: preis* precio* prix
stock: aktie* aktien* borse* accion acciones
image: bild* foto* imagen* photo* picture*
scan: scanne* escanea* numeris*
recognize: erkenn* reconoc* reconnai*
detect: erkenne* detect* ermittle* feststell*
code: kod* codigo*
barcode: strichcode* codebarras
qr: qr-code qrcode
postcode: postleitzahl* plz
phone: telefon* rufnummer* handynummer* telefono telephone
email: e-mail* mail correo courriel
message: nachricht* mensaje*
letter: brief briefe carta lettre
check: pruf* uberpruf* check* comprueb* comprobar verific* verifi*
valid: gultig* valide* valido valida validez
validate: validier* validar valide
correct: korrekt* correcto correcta
spelling: rechtschreib* ortograf* orthograph*
grammar: grammatik* gramatica* grammaire
extract: extrahier* extrae extraer extrai* auszieh*
keyword: schlusselwort* schlusselbegriff* schlagwort* stichwort* palabras-clave mots-cles clave cles
topic: thema themen tema temas sujet sujets theme
category: kategorie* categoria* categorie*
classify: klassifizier* einordn* clasifica* classifie* classer
name: name namen nombre nom nombra nomme benenn*
person: person* personen persona personas personne personnes
company: firma firmen unternehmen empresa* entreprise* societe
password: passwort* kennwort* contrasena* mot-de-passe passe
strong: stark* fuerte* forte
safe: sicher* seguro segura sur-e
holiday: feiertag* festivo* feries ferie
year: jahr* ano anos annee
month: monat* mes meses mois
week: woche* semana* semaine*
day: tag tage tagen dia dias jour jours
hour: stunde* hora horas heure heures
minute: minute* minuto* minuten
tomorrow: morgen manana demain
calendar: kalender* calendario calendrier
event: termin veranstaltung* evento* evenement*
track: sendungsverfolg* verfolg* rastre* seguimiento suivi suis
parcel: paket* sendung* paquete* colis envio
delivery: lieferung* entrega livraison
book: buch bucher buches libro* livre*
author: autor* verfasser* auteur*
publisher: verlag* editorial editeur*
library: bibliothek* biblioteca bibliotheque
vehicle: fahrzeug* wagen auto autos vehicul* coche* voiture*
identification: fahrgestell* bastidor identifikation* identificacion
plate: kennzeichen* nummernschild* matricula* plaque*
make: marke marca marque
model: modell* modelo modele
manufacturer: hersteller* fabricante fabricant
color: farb* colour* couleur*
convert: umrechn* umwandl* wandle konvertier* convert*
calculate: berechn* rechne calcul*
compute: berechn* ausrechn*
measure: messen miss mide medir mesure*
number: nummer* zahl zahlen numero* nombre
account: konto* cuenta compte
bank: bank* banco banque
interest: zins* interes interet*
loan: kredit* darlehen prestamo* pret
recipe: rezept* receta* recette*
food: essen lebensmittel comida nourriture
calories: kalorien* calorias
nutrition: nahrwert* nutricion*
ingredient: zutat* ingrediente*
medicine: arznei* medikament* medicamento* medicament*
air: luft* aire
quality: qualitat* calidad qualite
water: wasser* agua eau
page: seite seiten pagina* page*
website: webseite* website sitio site
link: verweis* enlace* lien*
domain: domane* dominio* domaine*
network: netzwerk* red reseau
file: datei* archivo* fichier*
document: dokument* documento*
table: tabelle* tabla* tableau*
text: text texte texto* textes
word: wort worter worte palabra* mot mots
sentence: satz satze satzen frase* phrase*
title: titel titul* titre*
article: artikel articulo*
news: nachrichten noticia* nouvelles actualites
review: bewertung* rezension* resena* avis critique*
question: frage* pregunta*
answer: antwort* respuesta* reponse*
synonym: synonym* sinonimo*
meaning: bedeutung* bedeutet significa* signifi*
definition: definition* definicion*
dictionary: worterbuch* diccionario* dictionnaire
pronounce: aussprech* aussprache pronunci* prononc*
voice: stimme* voz voix
speech: sprache* habla parole
audio: ton tondatei audio*
transcribe: transkribier* transcri* verschrift*
music: musik* musica musique
song: lied lieder cancion* chanson*
film: film* pelicula*
game: spiel* juego* jeu
send: sende* schick* versend* envia* enviar envie* envoy*
remind: erinner* recuerda* rappel*
create: erstell* erzeug* crea crear cree creer cre-e
generate: generier* erzeug* genera* gener*
write: schreib* verfass* escrib* ecri* redact* redig*
draw: zeichn* dibuj* dessin*
compress: komprimier* comprim* compress*
encrypt: verschlussel* cifra* encript* chiffr*
decrypt: entschlussel* descifra* dechiffr*
decode: entschlussel* dekodier* decodier* decodific* decod*
encode: kodier* codier* codific* encod*
hash: prufsumm* hashwert*
random: zufall* aleatori* aleatoire*
compare: vergleich* compar*
similar: ahnlich* similar* parecid* semblable*
difference: unterschied* diferencia* difference*
find: finde* find such* busca* encuentra* trouv* cherch*
look: nachschlag* schau*
time: uhrzeit* zeit hora heure
timezone: zeitzone* huso fuseau
age: alter edad age
birthday: geburtstag* cumpleanos anniversaire
gender: geschlecht* genero genre
animal: tier tiere animal*
plant: pflanze* planta* plante*
star: stern* estrella* etoile*
health: gesundheit* salud sante
weight: gewicht* peso poids
height: grosse hohe altura taille hauteur
energy: energie* energia*
traffic: verkehr* trafico trafic
hotel: hotel* hotels
restaurant: restaurant* restaurante*
job: stelle stellen job* empleo* emploi*
salary: gehalt* sueldo* salaire*
customer: kund* cliente* client*
order: bestellung* pedido* commande*
status: status* estado statut
spam: spam* werbung unerwunscht*
hate: hass* odio haine
rude: unhoflich* grosero
anonymize: anonymisier* anonimiz* anonymis*
redact: schwarz* tacha* caviarde*
split: trenn* zerleg* divid* divis*
merge: zusammenfuhr* verein* combin* fusion*
resize: verkleiner* vergrosser* redimension*
rotate: dreh* gira* tourn*
crop: zuschneid* recort* recadr*
"""
_ALIKE: Final = """
parcel: package shipment
vehicle: car automobile auto
email: mail e-mail
phone: telephone
postcode: zipcode zip postal
summarize: summary summaries tldr
address: addresses
film: movie
stock: share shares
picture: photo photos image pictures images
drive: driving driven
rain: rainy raining rains
snow: snowy snowing snows
language: lang
barcode: barcodes
"""
"""English words for one thing."""


def _table(listing: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in listing.strip().splitlines():
        head, _, others = line.partition(":")
        for other in others.split():
            found[other] = (*found.get(other, ()), head)
    return found


_ALL: Final = _table(_LISTED)
ENGLISH: Final = {word: heads for word, heads in _ALL.items() if not word.endswith("*")}
"""Folded word -> English ones."""
STARTS: Final = {word[:-1]: heads for word, heads in _ALL.items() if word.endswith("*")}
"""What words begin with, or, of five letters and more, have within -> English ones."""
ONE_THING: Final = {word: heads[0] for word, heads in _table(_ALIKE).items()}
"""English word -> another for the same thing."""

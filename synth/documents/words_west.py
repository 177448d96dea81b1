"""English, German, French and Spanish."""

from __future__ import annotations

from synth.documents.language import LATIN_SANS, LATIN_SERIF, Language, labelled, listed

_LATIN = (*LATIN_SERIF[:2], *LATIN_SANS, LATIN_SERIF[2])

ENGLISH = Language(
    code="en",
    script="Latin",
    families=_LATIN,
    sentences=(
        "{when} {who} {did} {what} {where}.",
        "{who} {did} {what} {when}.",
        "{where}, {who} {did} {what}, and {when} {what} came back.",
    ),
    whens=listed("in {year} | after {count} days | before {year} | on day {count} | since {year} | for {count} weeks"),
    whos=listed(
        "the wardens | two clerks | a young surveyor | the harbour office | the council | every school"
        " | the night shift | a travelling inspector | the tram company | three farmers | the new librarian"
        " | our committee"
    ),
    dids=listed(
        "counted | questioned | published | corrected | compared | paid for | looked into | kept | copied out"
        " | refused | measured | returned"
    ),
    whats=listed(
        "the older ledgers | last year's figures | every second entry | the winter tables | a dozen letters"
        " | the size of each field | all late arrivals | its own books | the dry wells | bills from the quarry"
        " | the first draft | water levels at noon | unsigned reports | the railway plans"
    ),
    wheres=listed(
        "in the old town | near the river | at the northern gate | behind the market | on both islands"
        " | in the valley | along the coast | at the station"
    ),
    topics=listed(
        "rainfall | grain prices | tram traffic | library loans | bee colonies | harbour fees | school meals"
        " | street lighting | river levels | orchards | night trains | paper mills"
    ),
    aspects=listed(
        "in spring | since the flood | over ten years | by district | in the last quarter | after the harvest"
        " | in small towns | under new rules | compared | at a glance"
    ),
    title="{topic} {aspect}",
    given=listed("Ada | Owen | Clara | Hugh | Iris | Miles | Nora | Piers | Ruth | Simon | Tessa | Victor"),
    family=listed(
        "Brook | Hartley | Winslow | Marsh | Okafor | Penrose | Quill | Rowan | Sutton | Thorne | Vale | Yates"
    ),
    name="{given} {family}",
    firms=listed("& Sons | Trading Ltd | Supplies | Workshop | Stores | Partners | Print House | Foods"),
    firm="{family} {firm}",
    cities=listed("Netherby | Westerford | Old Saltley | Port Elwick | High Beckton | Stonefold | Marlow Green"),
    streets=listed("Mill Lane | Station Road | Castle Street | Orchard Way | Quay Street | Bridge Row | Chapel Hill"),
    address="{number} {street}",
    town="{city} {postcode}",
    goods=listed(
        "Oak shelf | Desk lamp | Garden hose | Paper, 500 sheets | Blue ink | Wool blanket | Steel bolts"
        " | Tea kettle | Rye bread | Green apples | Olive oil | Soap bar | Work gloves | Copper wire | Door handle"
        " | Notebook"
    ),
    money="£{amount}",
    cents=True,
    comma=".",
    thousands=",",
    months=listed(
        "January | February | March | April | May | June | July | August | September | October | November | December"
    ),
    date="{day} {month} {year}",
    labels=labelled(
        "Invoice | Receipt | Number | Date | Due date | Customer | Supplier | Item | Quantity | Price | Amount"
        " | Subtotal | Tax | Total | Paid | Change | Thank you for your visit! | Application for membership"
        " | Course registration | Questionnaire | Full name | Date of birth | City | Telephone | E-mail"
        " | Occupation | Signature | How do you travel? | By train | By bus | By bicycle | On foot | Subject"
        " | Dear {name}, | Yours sincerely, | Page | Table | Figure | Place | Mean | Lowest | Highest | Share"
        " | Contents | Note | PAID | COPY | RECEIVED | URGENT"
    ),
)

GERMAN = Language(
    code="de",
    script="Latin",
    families=_LATIN,
    sentences=(
        "{when} {did} {who} {where} {what}.",
        "{where} {did} {who} {when} {what}.",
        "{who} {did} {what}, und zwar {where} und {when}.",
    ),
    whens=listed("im Jahr {year} | nach {count} Tagen | vor dem Jahr {year} | am {count}. Tag | in {count} Wochen"),
    whos=listed(
        "der Stadtrat | die Hafenbehörde | ein junger Prüfer | die Nachtschicht | der Gärtner"
        " | die neue Bürgermeisterin | jede Schule | das Fährbüro | der Müller | die Straßenbahn | eine Schülerin"
        " | unser Verein"
    ),
    dids=listed(
        "zählte | prüfte | veröffentlichte | verglich | bezahlte | behielt | kopierte | maß | ordnete | erklärte"
        " | erhielt | übersah"
    ),
    whats=listed(
        "die älteren Bücher | das letzte Verzeichnis | jede zweite Zeile | die Wintertabellen | ein Dutzend Briefe"
        " | die Größe der Felder | die späten Züge | das eigene Archiv | die trockenen Brunnen"
        " | den ersten Entwurf | die Pegelstände | den Bericht über Äpfel und Öl"
    ),
    wheres=listed(
        "in der Altstadt | am Fluss | vor dem Nordtor | hinter dem Markt | auf beiden Inseln | im Tal"
        " | an der Küste | in der Bücherei"
    ),
    topics=listed(
        "Niederschläge | Getreidepreise | Straßenbahnen | Bienenvölker | Hafengebühren | Schulessen"
        " | Straßenlampen | Flusspegel | Obstgärten | Nachtzüge"
    ),
    aspects=listed(
        "im Frühjahr | seit der Flut | in zehn Jahren | nach Bezirken | im letzten Quartal | nach der Ernte"
        " | in kleinen Städten | im Überblick"
    ),
    title="{topic} {aspect}",
    given=listed("Anke | Bernd | Clara | Dörte | Emil | Frieda | Götz | Hanna | Jörg | Käthe | Lutz | Ulrike"),
    family=listed("Bäcker | Förster | Grün | Hofmann | Jäger | Köhler | Lindner | Möller | Schäfer | Weiß | Ziegler"),
    name="{given} {family}",
    firms=listed("GmbH | & Söhne | Handel AG | Werkstätten | Verlag | Möbel KG | Gärtnerei"),
    firm="{family} {firm}",
    cities=listed("Altmühl | Birkenau | Grünwald | Hohenstein | Niederbrück | Seefeld | Tannheim"),
    streets=listed("Mühlweg | Bahnhofstraße | Schlossgasse | Am Hafen | Gartenstraße | Brückenweg"),
    address="{street} {number}",
    town="{postcode} {city}",
    goods=listed(
        "Eichenregal | Schreibtischlampe | Gartenschlauch | Papier, 500 Blatt | Blaue Tinte | Wolldecke"
        " | Schrauben | Teekessel | Roggenbrot | Grüne Äpfel | Olivenöl | Seife | Arbeitshandschuhe | Kupferdraht"
        " | Türgriff"
    ),
    money="{amount} €",
    cents=True,
    comma=",",
    thousands=".",
    months=listed(
        "Januar | Februar | März | April | Mai | Juni | Juli | August | September | Oktober | November | Dezember"
    ),
    date="{day}. {month} {year}",
    labels=labelled(
        "Rechnung | Quittung | Nummer | Datum | Fällig am | Kunde | Lieferant | Artikel | Menge | Preis | Betrag"
        " | Zwischensumme | Steuer | Summe | Bezahlt | Rückgeld | Vielen Dank für Ihren Besuch! | Aufnahmeantrag"
        " | Kursanmeldung | Fragebogen | Vor- und Zuname | Geburtsdatum | Wohnort | Telefon | E-Mail | Beruf"
        " | Unterschrift | Wie reisen Sie? | Mit der Bahn | Mit dem Bus | Mit dem Fahrrad | Zu Fuß | Betreff"
        " | Guten Tag {name}, | Mit freundlichen Grüßen | Seite | Tabelle | Abbildung | Ort | Mittel | Tiefster"
        " | Höchster | Anteil | Inhalt | Anmerkung | BEZAHLT | KOPIE | EINGEGANGEN | EILT"
    ),
)

FRENCH = Language(
    code="fr",
    script="Latin",
    families=_LATIN,
    sentences=(
        "{when}, {who} a {did} {what} {where}.",
        "{who} a {did} {what} {when}.",
        "{where}, {who} a {did} {what}, sans attendre la fête.",
    ),
    whens=listed("en {year} | après {count} jours | avant {year} | depuis {year} | pendant {count} semaines"),
    whos=listed(
        "le conseil | la mairie | un jeune géomètre | le bureau du port | chaque école | l'équipe de nuit"
        " | un inspecteur | la société du tramway | le bibliothécaire | notre comité | un élève"
        " | le maître de forêt"
    ),
    dids=listed("compté | publié | corrigé | comparé | payé | étudié | gardé | copié | refusé | mesuré | rangé | reçu"),
    whats=listed(
        "les anciens registres | les chiffres de l'année passée | une ligne sur deux | les tableaux d'hiver"
        " | une douzaine de lettres | la taille des champs | les arrivées tardives | ses propres livres"
        " | les puits à sec | le premier brouillon | les niveaux d'eau relevés à midi"
    ),
    wheres=listed(
        "dans la vieille ville | près de la rivière | à la porte nord | derrière le marché | sur les deux îles"
        " | dans la vallée | le long de la côte | à la gare"
    ),
    topics=listed(
        "les pluies | le prix du blé | les tramways | les prêts de livres | les abeilles | les droits de port"
        " | les repas à l'école | les vergers | les trains de nuit"
    ),
    aspects=listed(
        "au printemps | depuis la crue | sur dix ans | par quartier | au dernier trimestre | après la récolte"
        " | dans les petites villes | en bref"
    ),
    title="{topic} {aspect}",
    given=listed("Aïcha | Benoît | Cécile | Didier | Élise | François | Gaëlle | Hélène | Loïc | Noémie | René | Zoé"),
    family=listed("Bérard | Chênevert | Dubois | Fabre | Lefèvre | Marchand | Noël | Périer | Rousseau | Verdier"),
    name="{given} {family}",
    firms=listed("et Fils | SARL | Frères | Imprimerie | Épicerie | Ateliers | Meubles"),
    firm="{family} {firm}",
    cities=listed("Beaulieu | Châteauvert | Montclair | Pont-l'Évêque | Saint-Rémy | Vaucelles"),
    streets=listed("rue du Moulin | avenue de la Gare | rue des Écoles | quai du Port | place du Marché"),
    address="{number}, {street}",
    town="{postcode} {city}",
    goods=listed(
        "Étagère en chêne | Lampe de bureau | Tuyau d'arrosage | Papier, 500 feuilles | Encre bleue | Couverture"
        " | Boulons | Bouilloire | Pain de seigle | Pommes vertes | Huile d'olive | Savon | Gants | Fil de cuivre"
    ),
    money="{amount} €",
    cents=True,
    comma=",",
    thousands=" ",
    months=listed(
        "janvier | février | mars | avril | mai | juin | juillet | août | septembre | octobre | novembre | décembre"
    ),
    date="{day} {month} {year}",
    labels=labelled(
        "Facture | Reçu | Numéro | Date | Échéance | Client | Fournisseur | Article | Quantité | Prix | Montant"
        " | Sous-total | TVA | Total | Payé | Rendu | Merci de votre visite ! | Demande d'adhésion"
        " | Inscription au cours | Questionnaire | Nom et prénom | Date de naissance | Ville | Téléphone"
        " | Courriel | Profession | Signature | Comment voyagez-vous ? | En train | En bus | À vélo | À pied"
        " | Objet | Bonjour {name}, | Salutations distinguées | Page | Tableau | Figure | Lieu | Moyenne | Minimum"
        " | Maximum | Part | Sommaire | Note | PAYÉ | COPIE | REÇU | URGENT"
    ),
)

SPANISH = Language(
    code="es",
    script="Latin",
    families=_LATIN,
    sentences=(
        "{when}, {who} {did} {what} {where}.",
        "{who} {did} {what} {when}.",
        "{where}, {who} {did} {what} hasta la mañana siguiente.",
    ),
    whens=listed("en {year} | después de {count} días | antes de {year} | desde {year} | durante {count} semanas"),
    whos=listed(
        "el concejo | la oficina del puerto | un joven topógrafo | cada escuela | el turno de noche"
        " | la inspectora | la compañía del tranvía | el bibliotecario | nuestra comisión | una niña"
        " | el señor Núñez"
    ),
    dids=listed(
        "contó | publicó | corrigió | comparó | pagó | estudió | guardó | copió | rechazó | midió | ordenó | devolvió"
    ),
    whats=listed(
        "los libros antiguos | las cifras del año pasado | una de cada dos líneas | las tablas de invierno"
        " | una docena de cartas | el tamaño de los campos | los últimos trenes | sus propios archivos"
        " | los pozos secos | el primer borrador | el nivel del agua"
    ),
    wheres=listed(
        "en el casco viejo | cerca del río | junto a la puerta norte | detrás del mercado | en ambas islas"
        " | en el valle | a lo largo de la costa | en la estación"
    ),
    topics=listed(
        "las lluvias | el precio del trigo | los tranvías | los préstamos de libros | las abejas"
        " | las tasas del puerto | los comedores escolares | los huertos | los trenes nocturnos"
    ),
    aspects=listed(
        "en primavera | desde la crecida | en diez años | por distritos | en el último trimestre | tras la cosecha"
        " | en los pueblos | en resumen"
    ),
    title="{topic} {aspect}",
    given=listed("Álvaro | Begoña | César | Dolores | Íñigo | Jesús | Lucía | María | Nuria | Óscar | Raúl | Sofía"),
    family=listed("Ibáñez | Castaño | Delgado | Fernández | Gómez | Herrera | Muñoz | Peña | Rincón | Zúñiga"),
    name="{given} {family}",
    firms=listed("e Hijos | S. L. | Hermanos | Papelería | Librería | Muebles | Talleres"),
    firm="{firm} {family}",
    cities=listed("Aldeanueva | Peñafuerte | Riofrío | San Ginés | Torrequemada | Villalba"),
    streets=listed("calle del Molino | avenida de la Estación | calle Mayor | paseo del Puerto | plaza de España"),
    address="{street}, {number}",
    town="{postcode} {city}",
    goods=listed(
        "Estante de roble | Lámpara de mesa | Manguera | Papel, 500 hojas | Tinta azul | Manta de lana | Tornillos"
        " | Tetera | Pan de centeno | Manzanas verdes | Aceite de oliva | Jabón | Guantes | Hilo de cobre"
        " | Cuaderno"
    ),
    money="{amount} €",
    cents=True,
    comma=",",
    thousands=".",
    months=listed(
        "enero | febrero | marzo | abril | mayo | junio | julio | agosto | septiembre | octubre | noviembre | diciembre"
    ),
    date="{day} de {month} de {year}",
    labels=labelled(
        "Factura | Recibo | Número | Fecha | Vencimiento | Cliente | Proveedor | Artículo | Cantidad | Precio"
        " | Importe | Subtotal | IVA | Total | Pagado | Cambio | ¡Gracias por su visita! | Solicitud de ingreso"
        " | Inscripción al curso | Cuestionario | Nombre y apellidos | Fecha de nacimiento | Ciudad | Teléfono"
        " | Correo | Profesión | Firma | ¿Cómo viaja usted? | En tren | En autobús | En bicicleta | A pie | Asunto"
        " | Hola, {name}: | Un cordial saludo | Página | Tabla | Figura | Lugar | Media | Mínimo | Máximo | Parte"
        " | Índice | Nota | PAGADO | COPIA | RECIBIDO | URGENTE"
    ),
)

"""Every word that is told in Italian, put together: here those of the record, the origin and the dossier.

`english` has the same keys.
"""

from __future__ import annotations

from datetime import date, datetime

from agi_gate.explaining.countries import COUNTRIES
from agi_gate.explaining.italian_law import FOUNDING_REASONS, LAWS, REASONS, REGIMES, REMEDIES, SOURCES
from agi_gate.explaining.italian_opposite import OPPOSITE
from agi_gate.explaining.italian_story import STORY
from agi_gate.explaining.language import Language, clock, offset

_MONTHS = ("gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre",
           "novembre", "dicembre")
_DAYS = ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica")
# form -> before a day, and before otto and undici
_ARTICLES = {"il": ("il ", "l'"), "al": ("al ", "all'"), "dal": ("dal ", "dall'"), "del": ("del ", "dell'"),
             "nel": ("nel ", "nell'")}


def _day(day: date, form: str) -> str:
    """
    >>> _day(date(2026, 10, 8), "dal"), _day(date(2026, 10, 1), "il")
    ("dall'8 ottobre 2026", 'il 1° ottobre 2026')
    """
    plain, elided = _ARTICLES.get(form, ("", ""))
    number = "1°" if day.day == 1 else str(day.day)
    return f"{elided if day.day in (8, 11) else plain}{number} {_MONTHS[day.month - 1]} {day.year}"


def _instant(at: datetime, form: str) -> str:
    if form == "long":
        return (f"{_DAYS[at.weekday()].capitalize()} {_day(at, '')}, alle ore {at:%H:%M:%S %Z} "
                f"(ora italiana, {offset(at)}),")
    if form == "dal":
        return f"dalle ore {clock(at)} {_day(at, 'del')}"
    return f"{_day(at, form)} alle ore {clock(at)}"


_TEXTS = {
    "title.ALLOW": "Decisione {id}: la chiamata è stata CONSENTITA.",
    "title.DENY": "Decisione {id}: la chiamata è stata NEGATA.",
    "section.call": "La chiamata",
    "section.known": "Che cosa risultava del numero",
    "section.decision": "La decisione",
    "section.policy": "Il ruolo della configurazione",
    "section.opposite": "Che cosa porterebbe alla decisione opposta",
    "section.record": "La registrazione",

    "record.place": "Registrazione n. {seq} della catena {chain}; hash della registrazione: {hash}.",
    "record.version_1": "La registrazione è della versione 1, scritta da una versione precedente del programma: non è "
                        "in alcuna catena ed è provata soltanto dal sigillo del suo file.",
    "record.changed": "LA REGISTRAZIONE È STATA ALTERATA: la parte personale (numero, testo composto, prove dei "
                      "consensi) non è quella che fu scritta.  Maggiori dettagli con `agi-gate log verify`.",
    "record.masked": "Nel frattempo mascherati, come previsto dalla configurazione: {what}.  Al posto del numero vi è "
                     "lo pseudonimo {pseudonym}, creato con la chiave `{key}`: chi possiede la chiave ritrova la "
                     "registrazione a partire dal numero.",
    "record.masked_no_key": "Nel frattempo mascherati: {what}.  Non vi è pseudonimo: la registrazione non può essere "
                            "ritrovata a partire da un numero.",
    "masked.destination": "il numero",
    "masked.dialled": "quanto composto",
    "masked.channel": "il canale Asterisk",
    "masked.unique_id": "il suo identificativo univoco",
    "masked.evidence": "origine, prova e informativa dei consensi",
    "record.masked_at": "Il mascheramento è avvenuto {at:il}.",
    "record.receipts": "Non è stato possibile leggere le ricevute delle verifiche: {why}.",
    "origin.title": "Provenienza del contatto {number} di {controller}, quale risulta {at:al}",
    "section.origin": "La risposta",
    "section.contact": "Il contatto",
    "section.consents": "I consensi",
    "section.objection": "Le opposizioni",
    "section.decision_of": "La decisione da cui risulta",
    "section.to_do": "Che cosa si può fare",
    "origin.from": "Il numero proviene da «{source}».",
    "origin.acquired": "È stato acquisito {day:il}.",
    "origin.not_acquired": "La data di acquisizione non è documentata.",
    "origin.consented": "L'interessato ha prestato un consenso {at:il}; origine: {origin}.",
    "origin.since": "La data più remota agli atti è {day:il}.",
    "origin.from_log": "L'archivio dei dati non riporta (più) la provenienza del numero; la riporta il registro delle "
                       "decisioni, nella decisione {id} {at:del}, campagna `{campaign}`.",
    "origin.from_log_only": "L'archivio dei dati non ha risposto; la provenienza risulta dalla decisione {id} {at:del}, "
                            "campagna `{campaign}`.",
    "origin.campaign": "È la lista dichiarata per la campagna `{campaign}`; nessuna riga propria del numero indica una "
                       "provenienza.",
    "origin.campaign_alone": "È la lista dichiarata per la campagna `{campaign}`.  La registrazione della decisione non "
                             "contiene nulla di quanto risultava del numero, del quale una riga propria potrebbe indicare "
                             "un'altra provenienza.",
    "origin.nothing": "Agli atti non risulta da dove provenga il numero: {store}, e {log}.",
    "origin.not_certain": "Non è stato possibile accertarlo: {store}, e {log}.",
    "origin.store_none": "l'archivio dei dati non contiene né un contatto né un consenso che ne indichi la provenienza",
    "origin.store_silent": "l'archivio dei dati non ha risposto",
    "origin.log_none": "nessuna decisione registrata indica da dove provenga il numero",
    "origin.log_in_part": "una parte del registro delle decisioni non ha potuto essere consultata",
    "origin.campaign_would": "Nella campagna `{campaign}` la provenienza sarebbe «{source}», la lista dichiarata per la "
                             "campagna.",
    "origin.ahead": "Agli atti è indicata «{source}», ma con la data {day:del}, che deve ancora venire: per ora non vale.",
    "origin.refused_others": "Nelle altre campagne del titolare le chiamate al numero per le quali occorre una "
                             "provenienza sono negate (SOURCE_UNKNOWN).",
    "origin.refused": "Le chiamate al numero per le quali occorre una provenienza sono negate (SOURCE_UNKNOWN).",
    "origin.load": "Se una lista lo contiene, caricare la lista con la sua provenienza: agi-gate load contacts FILE.",
    "origin.say_so": "Comunicare all'interessato che la provenienza non è documentata e non chiamarlo: una risposta "
                     "non documentata non va inventata.",
    "origin.hidden": "In alcune registrazioni mascherate non è stato possibile cercare il numero, perché la loro "
                     "chiave non è disponibile: ripristinarla e ripetere la richiesta.",
    "origin.unread": "Una parte del registro delle decisioni non è leggibile: quanto manca potrebbe trovarsi lì.",
    "load": "Dato caricato {at:il} dal file {file} (SHA-256 {sha256}).",
    "load.none": "Quando il dato sia stato caricato non è documentato.",
    "revocation_load": "Revoca caricata {at:il} dal file {file} (SHA-256 {sha256}).",
    "revocation_load.none": "Quando sia stata caricata la revoca non è documentato.",
    "state.in_order": "Di per sé è regolare.",
    "state.not_yet": "È datato nel futuro: per ora non vale.",
    "state.withdrawn": "Revocato insieme a quello {other:del}, {day:il}.",
    "state.CONSENT_REVOKED": "Revocato {day:il}.",
    "state.CONSENT_EXPIRED": "Scaduto {day:il}, termine fissato dal titolare stesso.",
    "state.CONSENT_NO_EVIDENCE": "Non vale per alcuna chiamata: non ne è documentata l'origine o la prova.",
    "state.CONSENT_GENERIC": "Non vale per alcuna chiamata: non indica alcuna categoria merceologica.",
    "state.CONSENT_VOIDED_BY_REGISTRY": "Annullato dall'iscrizione nel Registro, rilevata {day:il}.",
    "state.CONSENT_DATE_UNPROVEN": "Non vale per alcuna chiamata: l'iscrizione nel Registro è stata rilevata {day:il}, e "
                                   "non è possibile provare che il consenso sia successivo.",
    "state.OBJECTION_RECORDED": "Non vale per alcuna chiamata.  Vi è un'opposizione {day:del}.",
    "state.other": "Non vale per alcuna chiamata: {meaning}.",
    "state.by_channel": "Chiamate {channel}: {words}",

    "dossier.title": "Che cosa risulta agli atti di un numero telefonico",
    "dossier.number": "Numero",
    "dossier.controller": "Titolare del trattamento",
    "dossier.made_at": "Data",
    "dossier.program": "Redatto con",
    "dossier.digest": "Impronta (SHA-256)",
    "dossier.at": "{at}",
    "dossier.missing": "QUESTO FASCICOLO NON È COMPLETO.  {what}",
    "missing.unread": "Il file {file} del registro delle decisioni, o una sua parte, non è leggibile: le decisioni che vi si "
                      "trovano non sono qui riportate.",
    "missing.masked": "Nel file {file} del registro delle decisioni vi sono registrazioni mascherate con una chiave che non "
                      "è disponibile: non è stato possibile cercarvi il numero.",
    "missing.gone": "Il file {file} del registro delle decisioni manca.",
    "missing.no_seal": "Il file {file} del registro delle decisioni manca, e manca anche il suo sigillo.",
    "missing.receipts": "Non è stato possibile leggere le ricevute delle verifiche.",
    "dossier.source": "Provenienza del numero",
    "dossier.no_source": "Non è documentata alcuna provenienza di questo numero.",
    "dossier.source_of_decisions": "L'archivio dei dati non riporta (più) la provenienza del numero; le registrazioni delle "
                                   "decisioni sotto riportate indicano {sources}.",
    "dossier.masked_source": "l'origine di un consenso, nel frattempo mascherata",
    "dossier.checks": "Verifiche presso il Registro pubblico delle opposizioni",
    "dossier.no_checks": "Il numero non è mai stato verificato per questo titolare.",
    "dossier.check_id": "verifica {id}",
    "dossier.no_receipt": "verifica {id}; la ricevuta non è nell'archivio",
    "dossier.loaded": "; caricata {at:il}",
    "dossier.no_consents": "Non risulta alcun consenso.",
    "dossier.origin": "origine",
    "dossier.evidence": "prova",
    "dossier.notice": "informativa",
    "dossier.what": "{purpose}; categoria: {category}; chiamate {channel}",
    "dossier.contract": "Prestato nell'ambito di un contratto in essere.",
    "dossier.contract_ended": "Prestato nell'ambito di un contratto con cessazione {day:il}.",
    "dossier.expires_at": "Valido fino {at:al}.",
    "dossier.revoked_at": "Revoca {at:del}.",
    "dossier.others": "Opposizioni, richieste di essere chiamato, chiamate mute",
    "dossier.callback_used": "già utilizzata",
    "dossier.decisions": "Chiamate: tutte le decisioni registrate",
    "dossier.no_decisions": "Per quanto risulta dal registro delle decisioni, nessuna chiamata a questo numero è mai "
                            "stata decisa per questo titolare.",
    "dossier.counts": "Decisioni: {count}, di cui consentite: {allowed}, negate: {denied}.  File del registro delle "
                      "decisioni in cui si è cercato: {files}.",
    "dossier.removed": "Le decisioni {begun:dal} {ended:al} sono state eliminate {at:il}, oltre il termine di "
                       "conservazione; se ne conserva il sigillo.",
    "dossier.ownerless": "Decisioni di chiamate a questo numero senza una campagna nota, che non sono di alcun titolare e non "
                         "sono qui riportate: {count}.",
    "dossier.numberless": "Decisioni mascherate di questo titolare in cui un codice nascondeva il numero chiamante, e delle "
                          "quali nessuno può più dire a quale numero fossero dirette: {count}.",
    "dossier.caller_id": "numero chiamante {caller_id}",
    "dossier.category": "categoria: {category}",
    "dossier.statistics_basis": "base della rilevazione: «{basis}»",
    "dossier.agent": "chiamata {agent}",
    "dossier.call_source": "provenienza secondo la registrazione: «{source}»",
    "dossier.rested_on": ".  In base {ground}.",
    "dossier.ALLOW": "consentita",
    "dossier.DENY": "negata",
    "dossier.decision_id": "decisione {id}",
    "dossier.place": "; registrazione n. {seq} della catena {chain}, hash {hash}",
    "dossier.version_1": "; registrazione della versione 1, senza hash",
    "dossier.seal": "; file {file}, sigillo {seal}",
    "dossier.open": "; file {file}, non ancora sigillato",
    "dossier.masked": "; nel frattempo mascherata: ritrovata con lo pseudonimo",
    "dossier.changed": "; LA REGISTRAZIONE È STATA ALTERATA",
    "dossier.proof": "Come si verifica questo fascicolo",
    "dossier.how": "L'impronta {digest} è quella di tutto quanto qui riportato.  Chi conserva il registro delle "
                   "decisioni la verifica con `agi-gate dossier --verify FILE --expect IMPRONTA`: l'impronta è "
                   "ricalcolata e ogni decisione è confrontata con la sua registrazione.",
    "dossier.newest_seal": "Il sigillo più recente del registro delle decisioni era allora {seal}.",
    "dossier.unprintable": "Un carattere che i caratteri tipografici di questo PDF non hanno è riportato con il suo "
                           "numero, [U+...]; i dati allegati lo contengono com'è.",
    "column.check.at": "Verificato",
    "column.check.result": "Esito",
    "column.check.good_until": "Scadenza",
    "column.check.receipt": "Ricevuta",
    "column.consent.at": "Prestato",
    "column.consent.what": "Per che cosa",
    "column.consent.evidence": "In che modo",
    "column.consent.state": "Stato",
    "column.decision.at": "Quando",
    "column.decision.call": "Chiamata",
    "column.decision.verdict": "Decisione",
    "column.decision.why": "Perché, in base a quale norma",
    "column.decision.proof": "Prova",

    "list.and": "{first} e {last}",
}

_COUNTRIES = {f"country.{code}": names[1] for code, names in COUNTRIES.items()}

ITALIAN = Language(
    code="it", texts=_TEXTS | STORY | OPPOSITE | _COUNTRIES, reasons=REASONS, founding_reasons=FOUNDING_REASONS,
    remedies=REMEDIES, sources=SOURCES, laws=LAWS, regimes=REGIMES, write_instant=_instant, write_day=_day)

"""Every word that is told in Italian.  `english` has the same keys."""

from __future__ import annotations

from datetime import date, datetime

from agi_gate.explaining.countries import COUNTRIES
from agi_gate.explaining.italian_law import FOUNDING_REASONS, LAWS, REASONS, REGIMES, REMEDIES, SOURCES
from agi_gate.explaining.italian_opposite import OPPOSITE
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

    "call.asked": "{at:long} è stato chiesto al sistema se si potesse chiamare {number}.",
    "number.known": "il numero {number} ({kind})",
    "number.none": "`{dialled}`, che non è un numero telefonico",
    "number.behind_code": "`{dialled}`, un numero ({kind}) preceduto da un codice",
    "number.masked_code": "qualcosa di preceduto da un codice, nel frattempo mascherato",
    "number.empty": "un numero vuoto",
    "number.masked": "un numero ({kind}) nel frattempo mascherato",
    "number.masked_none": "qualcosa che non era un numero telefonico e che è stato nel frattempo mascherato",
    "class.emergency": "numero di emergenza o di pubblica utilità",
    "class.geographic": "rete fissa",
    "class.mobile": "rete mobile",
    "class.nomadic": "numerazione nomadica, non legata a un luogo",
    "class.commercial": "numero 0844 per chiamate commerciali",
    "class.statistical": "numero 0843 per rilevazioni statistiche",
    "class.freephone": "numero verde",
    "class.premium": "numero a sovrapprezzo",
    "class.short": "numero breve o di servizio",
    "class.foreign": "numero di un altro Paese: {country}",
    "call.for": "La chiamata era per conto di {controller}, nella campagna `{campaign}`.  Finalità: {purpose}.  "
                "Modalità: {agent}.  Categoria merceologica: {category}.",
    "call.no_category": "nessuna",
    "controller.named": "{name} (titolare `{id}`)",
    "controller.unnamed": "un titolare indicato come `{id}`",
    "call.no_campaign": "Non era indicata alcuna campagna: non è quindi noto per conto di chi si sarebbe chiamato.",
    "call.unknown_campaign": "La campagna indicata era `{campaign}`, che non era presente nella configurazione: non è "
                             "quindi noto per conto di chi si sarebbe chiamato.",
    "purpose.marketing": "marketing",
    "purpose.market_research": "ricerca di mercato",
    "purpose.statistics": "rilevazione statistica",
    "purpose.service": "servizio, per l'esecuzione di un contratto",
    "agent.human": "con operatore",
    "agent.automated": "automatizzata, senza operatore",
    "agent.ai": "con voce di intelligenza artificiale",
    "call.caller_id": "Numero chiamante da presentare: {caller_id}; {holder}; presentazione {presentation}.",
    "call.no_caller_id": "Nessun numero chiamante impostato; presentazione {presentation}.",
    "call.withholding": "Il numero composto chiedeva esso stesso di nascondere il numero chiamante (con un codice "
                        "come #31# o *67).",
    "holder.controller": "nella disponibilità del titolare stesso, {declared}",
    "holder.callcentre": "nella disponibilità del call center dichiarato, {declared}",
    "holder.other": "nella disponibilità di `{holder}`, {declared}",
    "holder.undeclared": "non compreso tra i numeri chiamanti dichiarati nella configurazione",
    "roc.yes": "dichiarato al ROC",
    "roc.no": "non dichiarato al ROC",
    "presentation.allowed": "consentita",
    "presentation.failed_screening": "consentita, ma per la rete il numero non è di chi chiama",
    "presentation.restricted": "limitata",
    "presentation.unavailable": "non disponibile",
    "call.trunk": "Linea (trunk): `{trunk}`; Paese di ingresso in rete: {country}.",
    "call.unknown_trunk": "Linea (trunk): `{trunk}`, che non era dichiarata nella configurazione.",
    "call.channel": "Canale Asterisk: {channel}; identificativo univoco: {unique_id}.",
    "call.not_said": "non indicato",

    "known.not_asked": "Non è stata consultata alcuna informazione sul numero: la decisione si fonda soltanto sulla "
                       "chiamata e sulla configurazione.",
    "known.store": "L'archivio dei dati non ha risposto in tempo: nulla di quanto risulta del numero è stato quindi "
                   "valutato.",
    "known.overload": "Troppe chiamate erano in attesa: l'archivio dei dati non è stato interrogato e nulla di quanto "
                      "risulta del numero è stato quindi valutato.",
    "known.error": "La registrazione non contiene nulla di quanto risultava del numero: un errore interno ha "
                   "interrotto la decisione.",
    "known.before_law": "Non è stata consultata alcuna informazione sul numero: l'orologio del sistema precedeva il "
                        "1° febbraio 2011, e per quei giorni non vi è alcuna disciplina in base alla quale decidere.",
    "contact": "Contatto: proviene da «{source}»{acquired}; {listed} negli elenchi telefonici pubblici.",
    "contact.acquired": ", acquisito {day:il}",
    "contact.listed": "il numero è presente",
    "contact.unlisted": "il numero non è presente",
    "contact.undated": "La data di acquisizione non è nota: la riga della lista non la riporta.",
    "contact.none": "Contatto: nessuna lista di contatti riporta il numero.",
    "contact.no_source": "Contatto: la lista non ne indica la provenienza{acquired}; {listed} negli elenchi "
                         "telefonici pubblici.",
    "source": "Provenienza del contatto: «{source}».",
    "source.told": "Provenienza del contatto, come comunicata all'operatore: «{source}».",
    "source.masked": "La provenienza del contatto è l'origine di un consenso, nel frattempo mascherata.",
    "source.none": "La provenienza del contatto non è documentata.",
    "registry.never": "Registro pubblico delle opposizioni (RPO): il numero non era mai stato verificato per questo "
                      "titolare.",
    "registry.last": "Registro pubblico delle opposizioni (RPO): ultima verifica {at:del}; esito: {result}; verifica "
                     "{id}{receipt}.",
    "registry.enrolled": "ISCRITTO",
    "registry.clear": "non iscritto",
    "registry.receipt": ", ricevuta {receipt}",
    "registry.file": ", file {file} (SHA-256 {sha256})",
    "registry.good": "La verifica è valida 15 giorni, fino {until:al}.",
    "registry.stale": "La verifica era valida 15 giorni, fino {until:al}: al momento della chiamata non lo era più.",
    "registry.first_enrolled": "L'iscrizione è stata rilevata per la prima volta dalla verifica {at:del}.",
    "registry.last_clear": "L'ultima verifica che non ha trovato il numero iscritto è quella {at:del}: l'iscrizione è "
                           "avvenuta tra le due.",
    "registry.never_clear": "Nessuna verifica di questo titolare ha mai trovato il numero non iscritto.",
    "consent.none": "Consenso: non ne risulta alcuno.",
    "consent": "Consenso {at:del}: finalità {purpose}; categoria merceologica: {category}; chiamate {channel}; "
               "origine: {origin}; prova: {evidence}{notice}{more}.  {covers}",
    "consent.notice": "; informativa: {notice}",
    "consent.no_category": "nessuna indicata",
    "consent.not_recorded": "non documentata",
    "consent.quoted": "«{text}»",
    "consent.masked": "documentata, nel frattempo mascherata",
    "consent.contract": "; prestato nell'ambito di un contratto in essere",
    "consent.contract_ended": "; prestato nell'ambito di un contratto cessato {day:il}",
    "consent.expires": "; valido fino {at:al}",
    "consent.revoked": "; revocato {at:il}",
    "consent.covers": "Copriva questa chiamata.",
    "consent.but_enrolled": "Di per sé copriva questa chiamata, ma vi osta l'iscrizione nel Registro.",
    "consent.covers_not": "Non copriva questa chiamata: {meaning} ({reason}).",
    "consent.covers_by_itself": "Di per sé copriva questa chiamata.",
    "later.contact": "Contatto: la riga di lista che riporta il numero è stata acquisita {when:il}, dopo la chiamata, e non è "
                     "stata considerata.",
    "later.check": "Una verifica presso il Registro {when:del} è successiva alla chiamata e non è stata considerata.",
    "later.consent": "Un consenso {when:del} è successivo alla chiamata e non è stato considerato.",
    "later.revocation": "La revoca {when:del} del consenso {of:del} è successiva alla chiamata e non è stata considerata.",
    "later.objection": "Un'opposizione {when:del} è successiva alla chiamata e non è stata considerata.",
    "later.callback": "Una richiesta di essere chiamato {when:del} è successiva alla chiamata e non è stata considerata.",
    "later.silent_call": "Una chiamata muta {when:del} è successiva alla chiamata e non è stata considerata.",
    "channel.human": "con operatore",
    "channel.automated": "automatizzate",
    "channel.both": "con operatore e automatizzate",
    "objection": "Opposizione: l'interessato si è opposto {at:il}{via}{repeated}.",
    "objection.via": " (tramite: {via})",
    "objection.repeated": ", e di nuovo {at:il}",
    "objection.none": "Opposizione: non ne risulta alcuna.",
    "callback": "Richiesta di essere chiamato: {at:del}, {until}; {state}.",
    "callback.until": "valida fino {at:al}",
    "callback.no_end": "senza scadenza",
    "callback.used": "già utilizzata da una chiamata precedente",
    "callback.used_now": "utilizzata da questa chiamata",
    "callback.unused": "non utilizzata",
    "callback.after_objection": "La richiesta di essere chiamato è successiva all'opposizione.",
    "callback.none": "Richiesta di essere chiamato: non ne risulta alcuna.",
    "rest": "Chiamata muta: {at:il}; il numero non può essere richiamato fino {until:al}.",
    "rest.none": "Chiamata muta: non ne risulta alcuna.",

    "unassigned": "il numero chiamante {conditions}",
    "unassigned.failed_screening": "per la rete non era di chi chiamava",
    "unassigned.not_the_campaigns": "non era tra i numeri della campagna `{campaign}`",
    "unassigned.not_declared": "non era dichiarato al ROC",
    "unassigned.other_holder": "era nella disponibilità di `{holder}`",
    "unassigned.call_centre": "era nella disponibilità del call center, mentre un numero breve o verde deve essere del "
                              "titolare stesso",
    "hours.holiday": "era un giorno festivo ({holiday}), in cui non si effettuano chiamate di marketing",
    "hours.closed": "si era fuori dalle fasce orarie consentite, che {on} sono: {window}",
    "hours.closed_own": "si era fuori dalle fasce orarie proprie del titolare, che {on} sono: {window}",
    "hours.none": "nessuna",
    "hours.never": "nessuna",
    "hours.within": "chiamare nelle fasce orarie consentite: {windows}",
    "hours.on.weekday": "dal lunedì al venerdì",
    "hours.on.saturday": "il sabato",
    "hours.on.before_holiday": "alla vigilia di una festività{holiday}",
    "hours.on.sunday": "la domenica",
    "hours.on.holiday": "nei giorni festivi{holiday}",
    "holiday.01-01": "Capodanno",
    "holiday.01-06": "Epifania",
    "holiday.03-17": "150 anni dell'Unità d'Italia",
    "holiday.easter": "Pasqua",
    "holiday.easter_monday": "Lunedì dell'Angelo",
    "holiday.04-25": "Festa della Liberazione",
    "holiday.05-01": "Festa del Lavoro",
    "holiday.06-02": "Festa della Repubblica",
    "holiday.08-15": "Assunzione",
    "holiday.10-04": "San Francesco",
    "holiday.11-01": "Ognissanti",
    "holiday.12-08": "Immacolata Concezione",
    "holiday.12-25": "Natale",
    "holiday.12-26": "Santo Stefano",

    "decision.ALLOW": "La chiamata è stata consentita perché {meaning} ({reason}).",
    "decision.DENY": "La chiamata è stata negata perché {meaning} ({reason}).",
    "decision.source": "Fonte: {source}.",
    "decision.later_parts": "  Più recenti della chiamata: {parts}.",
    "decision.source_later": "Una fonte successiva alla chiamata è quella in cui la regola si trova oggi; il sistema applica "
                             "tale regola in ogni tempo.",
    "decision.state": "Stato della disciplina alla data della chiamata: quello {day:del} (ultima modifica: "
                      "{name}{concerned}).",
    "decision.unconcerned": "; qui non rilevante",
    "decision.no_regime": "Nessuna disciplina era in vigore: la prima è del 1° febbraio 2011.",
    "decision.since": "La regola applicata era in vigore {day:dal}: {name}.",
    "decision.any_day": "La regola non è legata a una data: il sistema la applica sotto ogni disciplina.",
    "decision.own_hours": "Le fasce orarie erano quelle proprie del titolare, osservate in ogni tempo.",
    "decision.also": "Rilevato inoltre, {reason}: {meaning}.  Fonte: {source}.",
    "decision.otherwise": "Questa versione del programma deciderebbe diversamente sugli stessi dati: {reasons}.  "
                          "Quanto qui detto di consensi e date segue le regole di oggi.",

    "policy.store.deny": "L'archivio dei dati non ha risposto, e una chiamata per questa finalità è allora negata "
                         "([fail.store]).",
    "policy.overload.deny": "Troppe chiamate erano in attesa, e la chiamata è stata negata senza interrogare "
                            "l'archivio dei dati ([daemon] waiting).",
    "policy.fail": "Si è verificato un guasto ({cause}) ed è stato applicato quanto la configurazione prevede: "
                   "{applied}.",
    "policy.hours_off": "Le fasce orarie erano disattivate nella configurazione ([policy] hours).",
    "policy.hours_own": "Le fasce orarie erano quelle proprie del titolare e non quelle del Codice di condotta "
                        "([policy] hours): {windows}.",
    "policy.shadow": "La configurazione in prova ({config}) avrebbe deciso diversamente: {verdict}, {reasons}.",
    "policy.shadow_skipped.controller": "Non è noto che cosa avrebbe deciso la configurazione in prova ({config}): lì "
                                        "la campagna è di un altro titolare.",
    "policy.shadow_skipped.facts": "Non è noto che cosa avrebbe deciso la configurazione in prova ({config}): per "
                                   "questa chiamata non è stata consultata alcuna informazione sul numero.",
    "policy.none": "Nessun ruolo: non è stata applicata alcuna regola per i guasti e nessuna configurazione in prova ha "
                   "deciso diversamente.",

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
    "masked.evidence": "le prove dei consensi",
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
                       "decisioni: la decisione più recente che la indica è la {id} {at:del}, campagna `{campaign}`.",
    "origin.from_log_only": "L'archivio dei dati non ha risposto; la decisione più recente che indica una provenienza "
                            "è la {id} {at:del}, campagna `{campaign}`.",
    "origin.campaign": "È la lista dichiarata per la campagna `{campaign}`; nessuna riga propria riporta il numero.",
    "origin.nothing": "Agli atti non risulta da dove provenga il numero: {store}, e {log}.",
    "origin.not_certain": "Non è stato possibile accertarlo: {store}, e {log}.",
    "origin.store_none": "l'archivio dei dati non contiene né un contatto né un consenso che ne indichi la provenienza",
    "origin.store_silent": "l'archivio dei dati non ha risposto",
    "origin.log_none": "nessuna decisione registrata indica da dove provenga il numero",
    "origin.log_in_part": "una parte del registro delle decisioni non ha potuto essere consultata",
    "origin.campaign_would": "Nella campagna `{campaign}` la provenienza sarebbe «{source}», la lista dichiarata per la "
                             "campagna; nessuna riga propria riporta il numero.",
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
    "dossier.contract_ended": "Prestato nell'ambito di un contratto cessato {day:il}.",
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
    "dossier.agent": "chiamata {agent}",
    "dossier.told_source": "provenienza comunicata: «{source}»",
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
    code="it", texts=_TEXTS | OPPOSITE | _COUNTRIES, reasons=REASONS, founding_reasons=FOUNDING_REASONS, remedies=REMEDIES,
    sources=SOURCES, laws=LAWS, regimes=REGIMES, write_instant=_instant, write_day=_day)

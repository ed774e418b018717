"""Every word that is told in Italian.  `english` has the same keys."""

from __future__ import annotations

from datetime import date, datetime

from agi_gate.explaining.language import Language, clock, offset
from agi_gate.verdict import Reason

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
    return f"{_day(at, form)} alle ore {clock(at)}"


_REASONS = {
    Reason.EMERGENCY: "si tratta di un numero di emergenza o di pubblica utilità, che non viene mai bloccato",
    Reason.SERVICE: "si tratta di una chiamata di servizio, per l'esecuzione di un contratto, alla quale il Registro "
                    "non si applica",
    Reason.STATISTICS: "si tratta di una rilevazione statistica, alla quale il Registro non si applica",
    Reason.CALLBACK_REQUESTED: "l'interessato aveva chiesto di essere chiamato e la richiesta era ancora aperta",
    Reason.CONTRACT_CONSENT: "esisteva un consenso prestato nell'ambito di un contratto in essere o cessato da non "
                             "più di 30 giorni",
    Reason.CONSENT_AFTER_ENROLMENT: "il numero risultava iscritto nel Registro, ma esisteva un consenso valido "
                                    "prestato dopo l'iscrizione",
    Reason.CONSENT_VALID: "esisteva un consenso valido e il numero non risultava iscritto nel Registro",
    Reason.DIRECTORY_NOT_OPPOSED: "il numero era presente negli elenchi telefonici pubblici e una verifica in corso "
                                  "di validità non lo aveva trovato iscritto nel Registro",

    Reason.DESTINATION_INVALID: "quanto composto non è un numero telefonico",
    Reason.DESTINATION_PREMIUM: "il numero è a sovrapprezzo",
    Reason.DESTINATION_CLASS: "il numero è un numero verde, breve o di servizio, raggiungibile soltanto da chiamate "
                              "di servizio",
    Reason.DESTINATION_FOREIGN: "il numero non è italiano e il suo Paese non è tra quelli previsti dalla campagna",
    Reason.CAMPAIGN_UNKNOWN: "la campagna non era presente nella configurazione e nessun titolare rispondeva quindi "
                             "della chiamata",

    Reason.CALLER_ID_WITHHELD: "il numero chiamante era nascosto",
    Reason.CALLER_ID_MISSING: "il numero chiamante mancava",
    Reason.CALLER_ID_FOREIGN: "il numero chiamante era di un altro Paese",
    Reason.CALLER_ID_MALFORMED: "il numero chiamante non era tra quelli che possono essere presentati",
    Reason.CALLER_ID_NOT_ASSIGNED: "il numero chiamante non era della campagna, non era dichiarato o era nella "
                                   "disponibilità di altri",
    Reason.CALLER_ID_PURPOSE: "il numero chiamante non corrispondeva alla finalità: lo 0843 è riservato alle "
                              "rilevazioni statistiche, lo 0844 alle chiamate commerciali",
    Reason.CALLER_ID_TRUNK_FOREIGN: "un numero chiamante italiano sarebbe uscito su una linea che entra in rete "
                                    "dall'estero o che non è dichiarata",
    Reason.CALLER_ID_NOT_CONTROLLER: "per vendere luce e gas il numero chiamante deve essere nella disponibilità del "
                                     "titolare stesso, e questo era di altri",

    Reason.SOURCE_UNKNOWN: "la provenienza del contatto non era documentata",
    Reason.OBJECTION_RECORDED: "l'interessato si era opposto alle chiamate di questo titolare",
    Reason.HOURS_SUNDAY: "era domenica, giorno in cui non si effettuano chiamate di marketing",
    Reason.HOURS_HOLIDAY: "era un giorno festivo, in cui non si effettuano chiamate di marketing",
    Reason.HOURS_CLOSED: "si era fuori dalle fasce orarie consentite",
    Reason.REST_AFTER_SILENT_CALL: "il numero aveva ricevuto una chiamata muta da meno di cinque giorni e non poteva "
                                   "ancora essere richiamato",

    Reason.REGISTRY_UNKNOWN: "il numero non era mai stato confrontato con il Registro per questo titolare, e ciò che "
                             "non è noto non vale mai come assenza di iscrizione",
    Reason.REGISTRY_STALE: "l'ultimo confronto con il Registro risaliva a più di 15 giorni prima",
    Reason.REGISTRY_OPPOSED: "il numero risultava iscritto nel Registro e nessun consenso valido permetteva di "
                             "superare l'iscrizione",
    Reason.CONSENT_DATE_UNPROVEN: "il numero risultava iscritto nel Registro e non è possibile provare che il "
                                  "consenso fosse successivo all'iscrizione",
    Reason.CONSENT_VOIDED_BY_REGISTRY: "il numero risultava iscritto nel Registro e l'iscrizione aveva annullato il "
                                       "consenso prestato in precedenza",

    Reason.CONSENT_REVOKED: "il consenso era stato revocato",
    Reason.CONSENT_EXPIRED: "il consenso aveva superato la scadenza fissata dal titolare stesso",
    Reason.CONSENT_NO_EVIDENCE: "del consenso non era documentata l'origine o la prova",
    Reason.CONSENT_OTHER_PURPOSE: "il consenso era stato prestato per un'altra finalità",
    Reason.CONSENT_GENERIC: "il consenso non indicava alcuna categoria merceologica",
    Reason.CONSENT_OTHER_CATEGORY: "il consenso era stato prestato per un'altra categoria merceologica",
    Reason.CONSENT_OTHER_CHANNEL: "il consenso era stato prestato per un'altra modalità di chiamata",
    Reason.CONSENT_NONE: "non risultava alcun consenso né altra base giuridica per la chiamata",
    Reason.AUTOMATED_NEEDS_CONSENT: "le chiamate automatizzate o con intelligenza artificiale richiedono il consenso, "
                                    "che mancava",
    Reason.SECTOR_NEEDS_CONSENT: "le chiamate per vendere luce o gas richiedono il consenso o una richiesta "
                                 "dell'interessato, e mancavano entrambi",

    Reason.STORE_UNAVAILABLE: "non è stato possibile leggere i dati relativi al numero, e in tal caso il sistema nega "
                              "la chiamata",
    Reason.LOG_UNAVAILABLE: "non è stato possibile registrare la decisione, e in tal caso il sistema nega la chiamata",
    Reason.GATE_ERROR: "si è verificato un errore imprevisto nel sistema, che in tal caso nega la chiamata",
}

_FOUNDING_REASONS = {
    Reason.CONSENT_VALID: "esisteva un consenso valido, con il quale non era dovuto il confronto con il Registro",
    Reason.CONSENT_NONE: "il numero non è di rete fissa, sicché la chiamata era consentita soltanto con un consenso "
                         "valido, che mancava",
    Reason.DIRECTORY_NOT_OPPOSED: "il numero è di rete fissa e una verifica in corso di validità non lo aveva trovato "
                                  "iscritto nel Registro",
}

_EXPORT_AND_CHECK = ("esportare il numero e confrontarlo con il Registro: agi-gate export registry, quindi caricare l'esito")

_REMEDIES = {
    Reason.EMERGENCY: "nulla, perché un numero di emergenza non viene mai bloccato",
    Reason.SERVICE: "nulla di quanto si sa del numero, ma soltanto un altro numero chiamante, un'altra linea o "
                    "un'altra finalità",
    Reason.STATISTICS: "nulla di quanto si sa del numero, ma soltanto un altro numero chiamante, un'altra linea o "
                       "un'altra finalità",
    Reason.CALLBACK_REQUESTED: "la chiamata stessa, perché una richiesta ne consente una sola; oppure la sua scadenza "
                               "o un'opposizione successiva",
    Reason.CONTRACT_CONSENT: "la revoca o un'opposizione, oppure il trentunesimo giorno dalla fine del contratto",
    Reason.CONSENT_AFTER_ENROLMENT: "la revoca o un'opposizione, la scadenza del consenso, oppure una verifica più "
                                    "vecchia di 15 giorni",
    Reason.CONSENT_VALID: "la revoca o un'opposizione, la scadenza del consenso, l'iscrizione nel Registro, oppure "
                          "una verifica scaduta",
    Reason.DIRECTORY_NOT_OPPOSED: "un'opposizione, l'iscrizione nel Registro, oppure una verifica più vecchia di 15 "
                                  "giorni",

    Reason.DESTINATION_INVALID: "correggere il numero: formato E.164 o formato nazionale italiano",
    Reason.DESTINATION_PREMIUM: "nulla, perché un numero a sovrapprezzo non si chiama per alcuna finalità",
    Reason.DESTINATION_CLASS: "nulla per questa finalità: soltanto una campagna di servizio può chiamarlo",
    Reason.DESTINATION_FOREIGN: "indicare il Paese tra i `countries` della campagna, se la legge di quel Paese lo "
                                "consente",
    Reason.CAMPAIGN_UNKNOWN: "dichiarare la campagna in gate.toml o indicarne una dichiarata",

    Reason.CALLER_ID_WITHHELD: "mostrare il numero chiamante: nessun codice che lo nasconda (#31#, *67) e nessuna "
                               "restrizione sul canale",
    Reason.CALLER_ID_MISSING: "impostare sul canale il numero chiamante della campagna prima di interrogare il sistema",
    Reason.CALLER_ID_FOREIGN: "presentare un numero italiano dichiarato dalla campagna",
    Reason.CALLER_ID_MALFORMED: "presentare un numero completo dichiarato dalla campagna, non un interno",
    Reason.CALLER_ID_NOT_ASSIGNED: "presentare un numero dell'elenco della campagna, dichiarato al ROC, di chi ne ha "
                                   "la disponibilità",
    Reason.CALLER_ID_PURPOSE: "presentare lo 0843 per le statistiche, lo 0844 per le chiamate commerciali, oppure un "
                              "numero ordinario dichiarato",
    Reason.CALLER_ID_TRUNK_FOREIGN: "instradare la chiamata su una linea dichiarata che entra in rete in Italia",
    Reason.CALLER_ID_NOT_CONTROLLER: "presentare un numero nella disponibilità del titolare stesso e non del call "
                                     "center",

    Reason.SOURCE_UNKNOWN: "documentare la provenienza del contatto: agi-gate load contacts, oppure `source` della "
                           "campagna",
    Reason.OBJECTION_RECORDED: "nulla, perché l'interessato ha detto no: soltanto una sua richiesta successiva di "
                               "essere chiamato consente una chiamata",
    Reason.HOURS_SUNDAY: "chiamare in un altro giorno, nelle fasce orarie consentite",
    Reason.HOURS_HOLIDAY: "chiamare in un giorno feriale, nelle fasce orarie consentite",
    Reason.HOURS_CLOSED: "chiamare nelle fasce orarie consentite: dal lunedì al venerdì 9-20, il sabato e i "
                         "prefestivi 10-19, o quelle proprie del titolare",
    Reason.REST_AFTER_SILENT_CALL: "attendere: dopo una chiamata muta il numero non si richiama per cinque giorni",

    Reason.REGISTRY_UNKNOWN: _EXPORT_AND_CHECK,
    Reason.REGISTRY_STALE: _EXPORT_AND_CHECK,
    Reason.REGISTRY_OPPOSED: "soltanto l'interessato: un consenso prestato dopo l'iscrizione o una richiesta di "
                             "essere chiamato",
    Reason.CONSENT_DATE_UNPROVEN: "un nuovo consenso, prestato dopo la verifica che per prima ha rilevato l'iscrizione",
    Reason.CONSENT_VOIDED_BY_REGISTRY: "un nuovo consenso, prestato dopo l'iscrizione",

    Reason.CONSENT_REVOKED: "soltanto l'interessato: un nuovo consenso, prestato dopo la revoca",
    Reason.CONSENT_EXPIRED: "un nuovo consenso",
    Reason.CONSENT_NO_EVIDENCE: "caricare il consenso con la sua origine e la sua prova, se documentate",
    Reason.CONSENT_OTHER_PURPOSE: "un consenso che indichi la finalità della campagna",
    Reason.CONSENT_GENERIC: "un consenso che indichi la categoria merceologica della campagna",
    Reason.CONSENT_OTHER_CATEGORY: "un consenso che indichi la categoria merceologica della campagna",
    Reason.CONSENT_OTHER_CHANNEL: "un consenso per questa modalità di chiamata, oppure una chiamata della modalità "
                                  "per cui è stato prestato",
    Reason.CONSENT_NONE: "un consenso; oppure, dove la legge ammette chiamate senza consenso, la presenza negli "
                         "elenchi telefonici pubblici",
    Reason.AUTOMATED_NEEDS_CONSENT: "un consenso per le chiamate automatizzate, oppure un operatore",
    Reason.SECTOR_NEEDS_CONSENT: "un consenso alle chiamate per l'energia, oppure una richiesta dell'interessato",

    Reason.STORE_UNAVAILABLE: "ripristinare l'archivio dei dati (store): agi-gate status, [store] url",
    Reason.LOG_UNAVAILABLE: "rendere di nuovo scrivibile il registro delle decisioni: spazio su disco, [log] path",
    Reason.GATE_ERROR: "correggere quanto indicato dai messaggi del sistema; oppure l'orologio, se precede il 2011",
}

_SOURCES = {
    "numbering plan; never blocked": "piano nazionale di numerazione; mai bloccati",
    "numbering plan": "piano nazionale di numerazione",
    "L. 5/2018 art. 2; RPO operator FAQ": "L. 5/2018, art. 2; FAQ del RPO per gli operatori",
    "RPO operator FAQ": "FAQ del RPO per gli operatori",
    "L. 5/2018 art. 1 c. 5": "L. 5/2018, art. 1, c. 5",
    "L. 5/2018 art. 1 c. 6": "L. 5/2018, art. 1, c. 6",
    "L. 5/2018 art. 1 c. 5-6": "L. 5/2018, art. 1, cc. 5-6",
    "L. 5/2018 art. 1 c. 7-8": "L. 5/2018, art. 1, cc. 7-8",
    "L. 5/2018 art. 1 c. 7-8; art. 130 Codice privacy": "L. 5/2018, art. 1, cc. 7-8; art. 130 Codice privacy",
    "art. 130 c. 3-bis Codice privacy; DPR 26/2022 art. 8": "art. 130, c. 3-bis, Codice privacy; DPR 26/2022, art. 8",
    "art. 130 c. 3-bis Codice privacy; DPR 178/2010": "art. 130, c. 3-bis, Codice privacy; DPR 178/2010",
    "art. 7 Codice privacy": "art. 7 Codice privacy (testo allora vigente)",
    "L. 5/2018 art. 2; DPR 26/2022 art. 9": "L. 5/2018, art. 2; DPR 26/2022, art. 9",
    "AGCOM 156/18/CIR": "delibera AGCOM 156/18/CIR",
    "AGCOM 156/18/CIR, 21/26/CIR": "delibere AGCOM 156/18/CIR e 21/26/CIR",
    "Code of conduct art. 7": "Codice di condotta, art. 7",
    "AGCOM 156/18/CIR, 60/25/CIR": "delibere AGCOM 156/18/CIR e 60/25/CIR",
    "AGCOM 106/25/CONS, 271/25/CONS": "delibere AGCOM 106/25/CONS e 271/25/CONS",
    "energy law of 2026 (DL Bollette)": "normativa sull'energia del 2026 (DL Bollette)",
    "L. 5/2018 art. 1 c. 14; GDPR 14(2)(f)": "L. 5/2018, art. 1, c. 14; GDPR, art. 14, par. 2, lett. f)",
    "GDPR 21(3); Garante, Feb 2023": "GDPR, art. 21, par. 3; Garante, febbraio 2023",
    "Code of conduct, docweb 9993808": "Codice di condotta (Garante, doc. web 9993808)",
    "Code of conduct; L. 260/1949": "Codice di condotta; L. 260/1949",
    "Garante 83/2014": "Garante, provv. 83/2014",
    "DPR 26/2022 art. 8 c. 2-3": "DPR 26/2022, art. 8, cc. 2-3",
    "DPR 26/2022 art. 8 c. 2": "DPR 26/2022, art. 8, c. 2",
    "L. 5/2018 art. 1 c. 5; DPR 26/2022 art. 7": "L. 5/2018, art. 1, c. 5; DPR 26/2022, art. 7",
    "GDPR 7(3), 21(3)": "GDPR, artt. 7, par. 3, e 21, par. 3",
    "Garante, docweb 9486485": "Garante, doc. web 9486485",
    "Code of conduct art. 6": "Codice di condotta, art. 6",
    "Garante, docweb 10114967": "Garante, doc. web 10114967",
    "art. 130 c. 1-3 Codice privacy": "art. 130, cc. 1-3, Codice privacy",
    "art. 130 Codice privacy": "art. 130 Codice privacy",
    "art. 130 c. 1-2 Codice privacy": "art. 130, cc. 1-2, Codice privacy",
    "the gate fails closed": "regola del sistema: nel dubbio la chiamata è negata",
    "accountability, GDPR 5(2)": "responsabilizzazione, GDPR, art. 5, par. 2",
}

_REGIMES = {
    "2011-02-01": "Registro delle opposizioni per le utenze fisse in elenco (DPR 178/2010)",
    "2022-07-27": "nuovo Registro pubblico delle opposizioni (DPR 26/2022, L. 5/2018)",
    "2024-09-28": "Codice di condotta sul telemarketing (Garante, doc. web 9993808)",
    "2025-08-19": "delibera AGCOM 106/25/CONS",
    "2025-11-19": "delibere AGCOM 106/25/CONS e 271/25/CONS",
    "2026-06-19": "disciplina per l'energia (DL Bollette 2026)",
}

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
    "call.trunk": "Linea (trunk): `{trunk}`, che entra in rete in {country}.",
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
    "contact.none": "Contatto: nessuna lista di contatti riporta il numero.",
    "contact.no_source": "Contatto: la lista non ne indica la provenienza{acquired}; {listed} negli elenchi "
                         "telefonici pubblici.",
    "source": "Provenienza del contatto, come comunicata all'operatore: «{source}».",
    "source.none": "La provenienza del contatto non è documentata.",
    "registry.never": "Registro pubblico delle opposizioni (RPO): il numero non era mai stato verificato per questo "
                      "titolare.",
    "registry.last": "Registro pubblico delle opposizioni (RPO): ultima verifica {at:del}; esito: {result}; verifica "
                     "{id}{receipt}.",
    "registry.enrolled": "ISCRITTO",
    "registry.clear": "non iscritto",
    "registry.receipt": ", ricevuta {receipt}",
    "registry.file": ", file {file} (SHA-256 {sha256})",
    "registry.good": "La verifica era valida 15 giorni, fino {until:al}.",
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
    "consent.later": "Un consenso {at:del} è successivo alla chiamata e non è stato considerato.",
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
    "callback.none": "Richiesta di essere chiamato: non ne risulta alcuna.",
    "rest": "Chiamata muta: {at:il}; il numero non poteva essere richiamato fino {until:al}.",
    "rest.none": "Chiamata muta: non ne risulta alcuna.",

    "decision.ALLOW": "La chiamata è stata consentita perché {meaning} ({reason}).",
    "decision.DENY": "La chiamata è stata negata perché {meaning} ({reason}).",
    "decision.source": "Fonte: {source}.",
    "decision.source_later": "La fonte indicata è successiva alla chiamata: è quella in cui la regola si trova oggi, "
                             "e il sistema la applica in ogni tempo.",
    "decision.regime": "La disciplina applicata è quella in vigore {day:dal}: {name}.",
    "decision.no_regime": "Nessuna disciplina era in vigore: la prima è del 1° febbraio 2011.",
    "decision.since": "La regola è in vigore {day:dal}: {name}.",
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
                        "([policy] hours).",
    "policy.shadow": "La configurazione in prova ({config}) avrebbe deciso diversamente: {verdict}, {reasons}.",
    "policy.shadow_skipped.controller": "Non è noto che cosa avrebbe deciso la configurazione in prova ({config}): lì "
                                        "la campagna è di un altro titolare.",
    "policy.shadow_skipped.facts": "Non è noto che cosa avrebbe deciso la configurazione in prova ({config}): per "
                                   "questa chiamata non è stata consultata alcuna informazione sul numero.",
    "policy.none": "Null'altro: non è stata applicata alcuna regola per i guasti e nessuna configurazione in prova ha "
                   "deciso diversamente.",

    "opposite.all": "I motivi del diniego sono {count} e dovrebbero venire meno tutti:",
    "opposite.deny": "{reason}: {remedy}.",
    "opposite.not_examined": "Il sistema si è fermato a questo punto.  Rimosso tale motivo, esaminerebbe quanto "
                             "risulta del numero (Registro, consensi, opposizioni, fasce orarie), che in questa "
                             "decisione non è stato considerato.",
    "opposite.open_again": "La fascia oraria consentita successiva si apriva {at:il}.",
    "opposite.rest_ended": "Il numero poteva essere richiamato a partire {at:dal}.",
    "opposite.checked_clear": "Se una nuova verifica non avesse trovato il numero iscritto nel Registro, {then}",
    "opposite.then_allowed": "per questo aspetto non sarebbe occorso altro: {meaning} ({reason}).",
    "opposite.then_denied": "la chiamata sarebbe stata comunque negata: {meaning} ({reason}).  A tal fine: {remedy}.",
    "opposite.consent_after": "A questo fine vale un consenso prestato a partire {at:dal}.",
    "opposite.purpose": "La chiamata è consentita in ragione della sua finalità; la decisione cambierebbe così: "
                        "{remedy}.",
    "opposite.allow": "La chiamata è consentita in base {ground}.  La decisione cambierebbe con ciascuno di questi "
                      "eventi:",
    "ground.check": "alla verifica {at:del}",
    "ground.consent": "al consenso {at:del}",
    "ground.check_and_consent": "al consenso {consent_at:del} e alla verifica {at:del}",
    "ground.callback": "alla richiesta dell'interessato {at:del}, che consente una sola chiamata, questa",
    "ground.listing": "alla presenza negli elenchi telefonici pubblici e alla verifica {at:del}",
    "end.check": "la scadenza dei 15 giorni della verifica, {at:il};",
    "end.enrolment": "una verifica successiva che trovi il numero iscritto nel Registro;",
    "end.consent_expires": "la scadenza del consenso, {at:il};",
    "end.revocation": "la revoca del consenso;",
    "end.objection": "l'opposizione dell'interessato, dal momento in cui è registrata;",
    "end.contract": "la fine del contratto, trascorsi 30 giorni;",
    "end.contract_ended": "la fine dei 30 giorni successivi al contratto, il cui ultimo giorno era {day:il};",
    "end.callback_until": "la scadenza della richiesta, {at:il};",
    "end.callback_used": "una seconda chiamata: la richiesta è utilizzata da questa;",
    "end.callback_objection": "un'opposizione successiva alla richiesta;",
    "end.hours": "un orario fuori dalle fasce consentite, o meno di cinque giorni da una chiamata muta.",
    "end.caller_id": "un numero chiamante o una linea che non possono essere usati.",

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

ITALIAN = Language(
    code="it", texts=_TEXTS, reasons=_REASONS, founding_reasons=_FOUNDING_REASONS, remedies=_REMEDIES, sources=_SOURCES,
    regimes=_REGIMES, write_instant=_instant, write_day=_day)

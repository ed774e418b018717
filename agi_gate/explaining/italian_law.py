"""Reasons, remedies, legal sources and regimes in Italian: the words behind the codes.  `english_law` has the same keys."""

from __future__ import annotations

from agi_gate.verdict import Reason

REASONS = {
    Reason.EMERGENCY: "si tratta di un numero di emergenza o di pubblica utilità, che non viene mai bloccato",
    Reason.SERVICE: "si tratta di una chiamata di servizio, per l'esecuzione di un contratto, alla quale il Registro "
                    "non si applica",
    Reason.STATISTICS: "si tratta di una rilevazione statistica, sulla base dichiarata dalla campagna",
    Reason.CALLBACK_REQUESTED: "l'interessato aveva chiesto di essere chiamato e la richiesta era ancora aperta",
    Reason.CONTRACT_CONSENT: "esisteva un consenso prestato nell'ambito di un contratto in essere o cessato da non "
                             "più di 30 giorni (per energia elettrica e gas: in essere)",
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
    Reason.CALLER_ID_NOT_ASSIGNED: "il numero chiamante non era della campagna, non era dichiarato, era nella "
                                   "disponibilità di altri o per la rete non era di chi chiamava",
    Reason.CALLER_ID_PURPOSE: "il numero chiamante non corrispondeva alla finalità: lo 0843 è riservato alle "
                              "rilevazioni statistiche, lo 0844 alle chiamate commerciali",
    Reason.CALLER_ID_TRUNK_FOREIGN: "un numero chiamante italiano sarebbe uscito su una linea che entra in rete "
                                    "dall'estero o che non è dichiarata",
    Reason.CALLER_ID_NOT_CONTROLLER: "per vendere energia elettrica e gas il numero chiamante deve essere nella "
                                     "disponibilità del titolare stesso, e questo era di altri",

    Reason.AI_DISCLOSURE_MISSING: "avrebbe parlato un sistema di intelligenza artificiale e la campagna non dichiarava "
                                  "che esso si presenta subito come tale",

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
    Reason.CONSENT_DATE_UNPROVEN: "non è possibile provare che il consenso fosse successivo all'iscrizione del numero "
                                  "nel Registro",
    Reason.CONSENT_VOIDED_BY_REGISTRY: "l'iscrizione del numero nel Registro aveva annullato il consenso, prestato in "
                                       "precedenza",

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
    Reason.SECTOR_NEEDS_CONSENT: "le chiamate a un consumatore per vendere energia elettrica o gas richiedono il "
                                 "consenso di un cliente o una richiesta dell'interessato sul sito del venditore, e "
                                 "mancavano entrambi",
    Reason.SECTOR_CUSTOMERS_ONLY: "energia elettrica e gas si vendono per telefono soltanto ai clienti, e il consenso "
                                  "non era di un cliente con il contratto in essere in quel giorno",

    Reason.CLOCK_BEHIND: "l'orologio era indietro rispetto a quanto già registrato, e in tal caso il sistema nega la "
                         "chiamata",
    Reason.STORE_UNAVAILABLE: "non è stato possibile leggere i dati relativi al numero, e in tal caso il sistema nega "
                              "la chiamata",
    Reason.LOG_UNAVAILABLE: "non è stato possibile registrare la decisione, e in tal caso il sistema nega la chiamata",
    Reason.GATE_ERROR: "si è verificato un errore imprevisto nel sistema, che in tal caso nega la chiamata",
}

FOUNDING_REASONS = {
    Reason.CONSENT_VALID: "esisteva un consenso valido, con il quale non era dovuto il confronto con il Registro",
    Reason.CONSENT_NONE: "il numero non è di rete fissa, sicché la chiamata era consentita soltanto con un consenso "
                         "valido, che mancava",
    Reason.DIRECTORY_NOT_OPPOSED: "il numero è di rete fissa e una verifica in corso di validità non lo aveva trovato "
                                  "iscritto nel Registro",
}

_EXPORT_AND_CHECK = ("esportare il numero e confrontarlo con il Registro: agi-gate export registry, quindi caricare l'esito")

REMEDIES = {
    Reason.EMERGENCY: "nulla, perché un numero di emergenza non viene mai bloccato",
    Reason.SERVICE: "nulla di quanto si sa del numero, ma soltanto un altro numero chiamante, un'altra linea o "
                    "un'altra finalità",
    Reason.STATISTICS: "nulla di quanto si sa del numero, ma soltanto un altro numero chiamante, un'altra linea o "
                       "un'altra finalità",
    Reason.CALLBACK_REQUESTED: "la chiamata stessa, perché una richiesta ne consente una sola; oppure la sua scadenza "
                               "o un'opposizione successiva",
    Reason.CONTRACT_CONSENT: "la revoca o un'opposizione, oppure il trentunesimo giorno dalla fine del contratto (per "
                             "l'energia: il giorno dopo)",
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
    Reason.CALLER_ID_MALFORMED: "presentare un numero completo dichiarato dalla campagna, non un interno: cifre e al più "
                                "un + iniziale",
    Reason.CALLER_ID_NOT_ASSIGNED: "presentare un numero dell'elenco della campagna, dichiarato al ROC e nella "
                                   "disponibilità del titolare o del call center",
    Reason.CALLER_ID_PURPOSE: "presentare lo 0843 per le statistiche, lo 0844 per le chiamate commerciali, oppure un "
                              "numero ordinario dichiarato",
    Reason.CALLER_ID_TRUNK_FOREIGN: "instradare la chiamata su una linea dichiarata che entra in rete in Italia",
    Reason.CALLER_ID_NOT_CONTROLLER: "presentare un numero nella disponibilità del titolare stesso e non del call "
                                     "center",

    Reason.AI_DISCLOSURE_MISSING: "far sì che il sistema si presenti subito come intelligenza artificiale e dichiararlo "
                                  "nella campagna: ai_disclosure = true",

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

    Reason.CONSENT_REVOKED: "soltanto l'interessato: un nuovo consenso, prestato dopo la revoca, o una richiesta di "
                            "essere chiamato",
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
    Reason.SECTOR_NEEDS_CONSENT: "il consenso di un cliente, una richiesta sul sito del titolare (via=own_web), oppure, "
                                 "se il numero è di un'impresa, recipient=business",
    Reason.SECTOR_CUSTOMERS_ONLY: "un contratto in essere, una richiesta sul sito del titolare (via=own_web), oppure, se "
                                  "il numero è di un'impresa, recipient=business",

    Reason.CLOCK_BEHIND: "regolare l'orologio della macchina; se invece un caricamento o una registrazione porta una "
                         "data futura, [policy] clock_checked_at",
    Reason.STORE_UNAVAILABLE: "ripristinare l'archivio dei dati (store): agi-gate status, [store] url",
    Reason.LOG_UNAVAILABLE: "rendere di nuovo scrivibile il registro delle decisioni: spazio su disco, [log] path",
    Reason.GATE_ERROR: "correggere quanto indicato dai messaggi del sistema; oppure l'orologio, se precede il 2011",
}

SOURCES = {
    "numbering plan; never blocked": "piano nazionale di numerazione; mai bloccati",
    "numbering plan": "piano nazionale di numerazione",
    "L. 5/2018 art. 2; RPO operator FAQ": "L. 5/2018, art. 2; FAQ del RPO per gli operatori",
    "DPR 26/2022 arts. 1, 2 c. 3; RPO operator FAQ": "DPR 26/2022, artt. 1 e 2, c. 3; FAQ del RPO per gli operatori",
    "L. 5/2018 art. 1 c. 5": "L. 5/2018, art. 1, c. 5",
    "L. 5/2018 art. 1 c. 6": "L. 5/2018, art. 1, c. 6",
    "L. 5/2018 art. 1 c. 5-6; DPR 26/2022 art. 7 c. 4-5": "L. 5/2018, art. 1, cc. 5-6; DPR 26/2022, art. 7, cc. 4-5",
    "L. 5/2018 art. 1 c. 5; DPR 26/2022 art. 7 c. 4-5": "L. 5/2018, art. 1, c. 5; DPR 26/2022, art. 7, cc. 4-5",
    "L. 5/2018 art. 1 c. 7-8": "L. 5/2018, art. 1, cc. 7-8",
    "L. 5/2018 art. 1 c. 7-8; art. 130 Codice privacy": "L. 5/2018, art. 1, cc. 7-8; art. 130 Codice privacy",
    "art. 130 c. 3-bis Codice privacy; DPR 26/2022 arts. 7 c. 5, 8": "art. 130, c. 3-bis, Codice privacy; DPR 26/2022, "
                                                                     "artt. 7, c. 5, e 8",
    "art. 130 c. 3-bis Codice privacy; DPR 178/2010": "art. 130, c. 3-bis, Codice privacy; DPR 178/2010",
    "art. 7 Codice privacy": "art. 7 Codice privacy (testo allora vigente)",
    "L. 5/2018 art. 2; DPR 26/2022 art. 9": "L. 5/2018, art. 2; DPR 26/2022, art. 9",
    "AGCOM 156/18/CIR": "delibera AGCOM 156/18/CIR",
    "AGCOM 156/18/CIR, 21/26/CIR": "delibere AGCOM 156/18/CIR e 21/26/CIR",
    "Code of conduct art. 7": "Codice di condotta, art. 7",
    "AGCOM 156/18/CIR, 60/25/CIR": "delibere AGCOM 156/18/CIR e 60/25/CIR",
    "AGCOM 106/25/CONS, 271/25/CONS": "delibere AGCOM 106/25/CONS e 271/25/CONS",
    "Codice del consumo art. 51 c. 8-bis (DL 21/2026, L. 49/2026)": "Codice del consumo, art. 51, c. 8-bis (DL 21/2026, "
                                                                    "L. 49/2026)",
    "Codice del consumo art. 51 c. 8-ter (DL 21/2026, L. 49/2026)": "Codice del consumo, art. 51, c. 8-ter (DL 21/2026, "
                                                                    "L. 49/2026)",
    "AI Act (Reg. (EU) 2024/1689) art. 50(1)": "regolamento (UE) 2024/1689 sull'intelligenza artificiale, art. 50, par. 1",
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
    "a call is decided by the law of its own day": "nessuna; è una regola del sistema, che deve conoscere il giorno "
                                                   "della chiamata",
    "the gate fails closed": "nessuna; è una regola del sistema, che nel dubbio nega la chiamata",
    "the controller's own calling hours ([policy] hours)": "nessuna; sono le fasce orarie proprie del titolare "
                                                           "([policy] hours)",
    "accountability, GDPR 5(2)": "responsabilizzazione, GDPR, art. 5, par. 2",
}

LAWS = {
    "Garante 83/2014": "Garante, provv. 83/2014",
    "L. 5/2018": "L. 5/2018",
    "GDPR": "GDPR",
    "AGCOM 156/18/CIR": "delibera AGCOM 156/18/CIR",
    "Garante, docweb 9486485": "Garante, doc. web 9486485",
    "DPR 26/2022": "DPR 26/2022",
    "RPO operator FAQ": "FAQ del RPO per gli operatori",
    "Garante, Feb 2023": "Garante, febbraio 2023",
    "Code of conduct": "Codice di condotta",
    "Garante, docweb 10114967": "Garante, doc. web 10114967",
    "106/25/CONS": "delibera AGCOM 106/25/CONS",
    "60/25/CIR": "delibera AGCOM 60/25/CIR",
    "271/25/CONS": "delibera AGCOM 271/25/CONS",
    "21/26/CIR": "delibera AGCOM 21/26/CIR",
    "Codice del consumo art. 51": "Codice del consumo, art. 51, cc. da 8-bis a 8-quater",
    "AI Act": "regolamento sull'intelligenza artificiale",
}

REGIMES = {
    "2011-02-01": "Registro delle opposizioni per le utenze fisse in elenco (DPR 178/2010)",
    "2022-07-27": "nuovo Registro pubblico delle opposizioni (DPR 26/2022, L. 5/2018)",
    "2024-09-28": "Codice di condotta sul telemarketing (Garante, doc. web 9993808)",
    "2025-08-19": "delibera AGCOM 106/25/CONS",
    "2025-11-19": "delibere AGCOM 106/25/CONS e 271/25/CONS",
    "2026-06-19": "disciplina per l'energia (Codice del consumo, art. 51, cc. da 8-bis a 8-quater; DL 21/2026, L. 49/2026)",
    "2026-08-02": "regolamento (UE) 2024/1689 sull'intelligenza artificiale, art. 50, par. 1",
}

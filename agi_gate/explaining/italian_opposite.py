"""What would change a decision, in Italian.  `english_opposite` has the same keys."""

from __future__ import annotations

OPPOSITE = {
    "opposite.all": "I motivi del diniego sono {count}.  Salvo una richiesta dell'interessato di essere chiamato, dovrebbero "
                    "venire meno tutti:",
    "opposite.deny": "{reason}: {remedy}.",
    "opposite.request": "In ogni caso una richiesta dell'interessato di essere chiamato, successiva all'eventuale "
                        "opposizione, consentirebbe una chiamata.",
    "opposite.request_own_web": "In ogni caso una richiesta dell'interessato sul sito del titolare, successiva all'eventuale "
                                "opposizione, consentirebbe una chiamata.",
    "opposite.not_examined": "Il sistema si è fermato a questo punto.  Rimosso tale motivo, esaminerebbe {parts}, che in "
                             "questa decisione non ha considerato.",
    "opposite.not_examined_after": "Rimosso anche questo, il sistema esaminerebbe {parts}, che in questa decisione non ha "
                                   "considerato.",
    "beyond.campaign": "la campagna",
    "beyond.class": "il tipo di numero",
    "beyond.caller_id": "il numero chiamante con la linea",
    "beyond.caller_id_rest": "le altre condizioni del numero chiamante con la linea",
    "beyond.disclosure": "se il sistema di intelligenza artificiale si presenta come tale",
    "beyond.known": "quanto risulta del numero (Registro, consensi, opposizioni, fasce orarie)",
    "opposite.put_right": "Rimosso tale motivo, {then}",
    "opposite.open_again": "La fascia oraria consentita successiva si apre {at:il}.",
    "opposite.rest_ended": "Il numero può essere richiamato {at:dal}.",
    "opposite.checked_clear": "Se una nuova verifica non avesse trovato il numero iscritto nel Registro, {then}",
    "opposite.checked_enrolled": "Se invece l'avesse trovato ancora iscritto, {then}",
    "opposite.then_allowed": "per questo aspetto non sarebbe occorso altro: la chiamata sarebbe stata consentita in base "
                             "{ground} ({reason}).",
    "opposite.then_purpose": "la chiamata sarebbe stata consentita perché {meaning} ({reason}).",
    "opposite.then_denied": "la chiamata sarebbe stata comunque negata: {meaning} ({reason}).  Per rimuovere tale motivo: "
                            "{remedy}.",
    "ground.that_check": "a quella verifica",
    "ground.in_directory": "alla presenza negli elenchi telefonici pubblici",
    "way.consent": "un consenso documentato dell'interessato (finalità {purpose}, categoria `{category}`, chiamate "
                   "{channel}){since}",
    "way.since": ", prestato {at:dal} in poi",
    "way.after": ", prestato dopo {at:il}",
    "way.customer": "un consenso documentato dell'interessato quale cliente con il contratto in essere (finalità {purpose}, "
                    "categoria `{category}`, chiamate {channel}){since}",
    "way.business": "se il numero è di un'impresa, una riga di contatto che lo dica (recipient = business)",
    "way.evidence": "il caricamento del consenso con la sua origine e la sua prova, se documentate",
    "way.human": "una chiamata con operatore",
    "way.automated": "una chiamata automatizzata",
    "way.listing": "la presenza del numero negli elenchi telefonici pubblici",
    "way.or": "; oppure ",
    "way.screening": "presentare un numero che per la rete sia di chi chiama (`agi_callingpres` diverso da 2)",
    "opposite.purpose": "La chiamata è consentita in ragione della sua finalità.  A cambiarla non sarebbe nulla di "
                        "quanto si sa del numero, ma soltanto un altro numero chiamante, un'altra linea o un'altra "
                        "finalità.",
    "opposite.allow": "La chiamata è consentita in base {ground}.",
    "opposite.ends": "Ciascuno di questi eventi, da solo, avrebbe cambiato la decisione:",
    "opposite.still": "Non l'avrebbe cambiata {end}: la chiamata sarebbe stata comunque consentita perché {meaning} "
                      "({reason}).",
    "ground.check": "alla verifica {at:del}",
    "ground.consent": "al consenso {at:del}",
    "ground.check_and_consent": "al consenso {consent_at:del} e alla verifica {at:del}",
    "ground.callback": "alla richiesta dell'interessato {at:del}, che consente una sola chiamata, questa",
    "ground.listing": "alla presenza negli elenchi telefonici pubblici e alla verifica {at:del}",
    "end.check": "la scadenza dei 15 giorni della verifica, {when:il}",
    "end.enrolment": "una verifica successiva che trovi il numero iscritto nel Registro",
    "end.consent_expires": "la scadenza del consenso, {when:il}",
    "end.revocation": "la revoca del consenso",
    "end.revocation_of": "la revoca del consenso {when:del}",
    "end.listing": "l'uscita del numero dagli elenchi telefonici pubblici",
    "end.objection": "l'opposizione dell'interessato, dal momento in cui è registrata",
    "end.contract": "la fine del contratto, trascorsi 30 giorni",
    "end.contract_ended": "la fine dei 30 giorni successivi al contratto, il cui ultimo giorno è {when:il}",
    "end.contract_customer": "la fine del contratto, dal giorno successivo",
    "end.contract_last_day": "la fine del contratto, il cui ultimo giorno è {when:il}",
    "end.consumer": "una riga di contatto che non dica più che il numero è di un'impresa",
    "end.disclosure": "una campagna che non dichiari che il sistema di intelligenza artificiale si presenta come tale",
    "end.callback_until": "la scadenza della richiesta, {when:il}",
    "end.callback_used": "una seconda chiamata, perché questa utilizza la richiesta",
    "end.callback_objection": "un'opposizione successiva alla richiesta",
    "end.hours": "un orario fuori dalle fasce consentite",
    "end.rest": "una chiamata muta da meno di cinque giorni",
    "end.caller_id": "un numero chiamante o una linea che non possono essere usati",
}

"""What would change a decision, in Italian.  `english_opposite` has the same keys."""

from __future__ import annotations

OPPOSITE = {
    "opposite.all": "I motivi del diniego sono {count} e dovrebbero venire meno tutti:",
    "opposite.deny": "{reason}: {remedy}.",
    "opposite.not_examined": "Il sistema si è fermato a questo punto.  Rimosso tale motivo, esaminerebbe quanto "
                             "risulta del numero (Registro, consensi, opposizioni, fasce orarie), che in questa "
                             "decisione non è stato considerato.",
    "opposite.open_again": "La fascia oraria consentita successiva si apre {at:il}.",
    "opposite.rest_ended": "Il numero può essere richiamato {at:dal}.",
    "opposite.checked_clear": "Se una nuova verifica non avesse trovato il numero iscritto nel Registro, {then}",
    "opposite.then_allowed": "per questo aspetto non sarebbe occorso altro: {meaning} ({reason}).",
    "opposite.then_denied": "la chiamata sarebbe stata comunque negata: {meaning} ({reason}).  A tal fine: {remedy}.",
    "opposite.consent_after": "A questo fine vale un consenso prestato {at:dal}.",
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
    "end.callback_until": "la scadenza della richiesta, {when:il}",
    "end.callback_used": "una seconda chiamata, perché questa utilizza la richiesta",
    "end.callback_objection": "un'opposizione successiva alla richiesta",
    "end.hours": "un orario fuori dalle fasce consentite",
    "end.rest": "una chiamata muta da meno di cinque giorni",
    "end.caller_id": "un numero chiamante o una linea che non possono essere usati",
}

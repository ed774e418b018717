"""What would change a decision, in Italian.  `english_opposite` has the same keys."""

from __future__ import annotations

OPPOSITE = {
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
}

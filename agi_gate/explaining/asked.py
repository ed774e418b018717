"""Who called whom for whom: what the gate was asked, and what of it the configuration of then knew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agi_gate.call import Call
from agi_gate.explaining.language import Language
from agi_gate.number import Number, NumberClass, behind_code
from agi_gate.policy import CALL_CENTRE, Agent


class Asked:
    """Tells the call of one record in one language; `controllers` are names for records that have none."""

    def __init__(self, entry: dict[str, Any], call: Call, language: Language, controllers: Mapping[str, str]) -> None:
        self.entry, self.call, self.language, self.text, self.controllers = entry, call, language, language.text, controllers

    def tell(self) -> tuple[list[str], dict[str, Any]]:
        call, request, text = self.call, self.call.request, self.text
        words = [text("call.asked", at=call.at, number=self._number())]
        if call.withholding_code:
            words.append(text("call.withholding"))
        campaign = call.campaign
        if campaign is None:
            words.append(text("call.unknown_campaign", campaign=request.campaign) if request.campaign.strip()
                         else text("call.no_campaign"))
        else:
            words.append(text(
                "call.for", controller=self._controller(), campaign=campaign.id,
                purpose=self.language.name("purpose", campaign.purpose.value),
                agent=self.language.name("agent", campaign.agent.value),
                category=f"`{campaign.category}`" if campaign.category else text("call.no_category")))
            if campaign.agent is Agent.AI:
                words.append(text("call.discloses" if campaign.ai_disclosure else "call.does_not_disclose"))
            if campaign.statistics_basis:
                words.append(text("call.statistics_basis", basis=campaign.statistics_basis))
        presentation = self.language.name("presentation", request.presentation.value)
        words.append(text("call.caller_id", caller_id=request.caller_id, holder=self._holder(), presentation=presentation)
                     if request.caller_id.strip() else text("call.no_caller_id", presentation=presentation))
        if call.trunk is not None:
            words.append(text("call.trunk", trunk=call.trunk.id, country=self.language.name("country", call.trunk.country)))
        elif trunk := request.trunk or (campaign.trunk if campaign else ""):
            words.append(text("call.unknown_trunk", trunk=trunk))
        if request.channel or request.unique_id:
            words.append(text("call.channel", channel=request.channel or text("call.not_said"),
                              unique_id=request.unique_id or text("call.not_said")))
        return words, {
            "destination": self.entry["destination"], "dialled": request.destination if not self.entry["masked"] else None,
            "class": call.destination.number_class.value if call.destination else None,
            "country": call.destination.country if call.destination else None,
            "controller": self._controller_id(), "controller_name": self._controller_name(), "campaign": request.campaign,
            "purpose": campaign and campaign.purpose.value, "agent": campaign and campaign.agent.value,
            "category": campaign and campaign.category, "ai_disclosure": campaign and campaign.ai_disclosure,
            "statistics_basis": campaign and campaign.statistics_basis, "caller_id": request.caller_id,
            "caller_id_holder": call.declared_caller_id and call.declared_caller_id.holder,
            "caller_id_roc_declared": call.declared_caller_id and call.declared_caller_id.roc_declared,
            "presentation": request.presentation.value, "trunk": call.trunk.id if call.trunk else request.trunk or None,
            "trunk_country": call.trunk and call.trunk.country, "channel": request.channel, "unique_id": request.unique_id}

    def _number(self) -> str:
        number, text = self.call.destination, self.text
        if number is None:
            if self.entry["masked"]:
                return text("number.masked_code" if self.call.withholding_code else "number.masked_none")
            return self._no_number(self.call.request.destination)
        kind = self._kind(number)
        return text("number.masked", kind=kind) if self.entry["masked"] else text("number.known", number=number.e164,
                                                                                 kind=kind)

    def _no_number(self, dialled: str) -> str:
        if not dialled.strip():
            return self.text("number.empty")
        hidden = behind_code(dialled) if self.call.withholding_code else None
        return (self.text("number.none", dialled=dialled) if hidden is None
                else self.text("number.behind_code", dialled=dialled, kind=self._kind(hidden)))

    def _kind(self, number: Number) -> str:
        country = self.language.name("country", number.country)
        kind = self.text(f"class.{number.number_class.value}", country=country)
        if number.number_class is not NumberClass.FOREIGN and number.country != "IT":
            kind += ", " + self.text("class.foreign", country=country)
        return kind

    def _controller_id(self) -> str | None:
        return self.call.campaign.controller.id if self.call.campaign else None

    def _controller_name(self) -> str | None:
        """As it was at the time of the call; else as it is now."""
        if self.call.campaign is None:
            return None
        controller = self.call.campaign.controller
        return controller.name or self.controllers.get(controller.id) or None

    def _controller(self) -> str:
        name = self._controller_name()
        return (self.text("controller.named", name=name, id=self._controller_id()) if name
                else self.text("controller.unnamed", id=self._controller_id()))

    def _holder(self) -> str:
        declared = self.call.declared_caller_id
        if declared is None:
            return self.text("holder.undeclared")
        holder = ("callcentre" if declared.holder == CALL_CENTRE else "controller"
                  if declared.holder == self._controller_id() else "other")
        return self.text(f"holder.{holder}", holder=declared.holder,
                         declared=self.text("roc.yes" if declared.roc_declared else "roc.no"))

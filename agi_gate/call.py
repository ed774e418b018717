"""Call: who calls whom, for which campaign, presenting what, when.

Core.  `understand` resolves what Asterisk (or `agi-gate check`) said against the declared policy; names that are
not declared stay None and are denied by their rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from agi_gate.dialled import in_format
from agi_gate.number import Number, NumberClass, parse_caller_id, parse_destination, withholds_caller_id
from agi_gate.policy import CALLBACK_DAYS, CallerId, Campaign, Hours, Policy, Trunk


class Presentation(Enum):
    """Whether the caller ID is shown: the Q.931 presentation and screening of the channel."""

    ALLOWED = "allowed"
    FAILED_SCREENING = "failed_screening"  # allowed, but the network found that it is not the caller's
    RESTRICTED = "restricted"
    UNAVAILABLE = "unavailable"

    @classmethod
    def from_q931(cls, text: str) -> Presentation:
        """Read AGI's `agi_callingpres`; what is no presentation is UNAVAILABLE, which denies.

        >>> Presentation.from_q931("0"), Presentation.from_q931("35"), Presentation.from_q931("")
        (<Presentation.ALLOWED: 'allowed'>, <Presentation.RESTRICTED: 'restricted'>, <Presentation.UNAVAILABLE: 'unavailable'>)
        """
        if text in ("0", "1", "3"):
            return cls.ALLOWED
        if text == "2":
            return cls.FAILED_SCREENING
        if text in ("32", "33", "34", "35"):
            return cls.RESTRICTED
        return cls.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Request:
    """What a door was asked, word for word."""

    destination: str
    campaign: str
    caller_id: str
    presentation: Presentation
    trunk: str = ""  # empty: the campaign's
    channel: str = ""  # AGI: agi_channel
    unique_id: str = ""  # AGI: agi_uniqueid


@dataclass(frozen=True, slots=True)
class Call:
    request: Request
    at: datetime
    destination: Number | None
    withholding_code: bool  # the dialled string itself asks to hide the caller ID
    campaign: Campaign | None
    caller_id: Number | None
    declared_caller_id: CallerId | None
    trunk: Trunk | None
    hours: Hours | None = None  # the controller's own windows
    hours_off: bool = False
    callback_days: int = CALLBACK_DAYS
    not_before: datetime | None = None  # the newest load or record: the call cannot have been made before

    @property
    def known_campaign(self) -> Campaign:
        """The campaign, for the rules that come after the one which denies a call without."""
        if self.campaign is None:
            raise LookupError("asked of a call without a campaign, which an earlier rule denies")
        return self.campaign

    @property
    def sent_destination(self) -> str:
        """What the carrier is asked to call, if the call is allowed, in the trunk's format."""
        return self._sent(self.destination.e164) if self.destination else ""

    @property
    def sent_caller_id(self) -> str:
        """What the carrier is presented, if the call is allowed, in the trunk's format.

        An emergency call presents a declared number too: the channel's, else the campaign's first.  Empty where there is none.
        """
        number = self.caller_id.e164 if self.caller_id else ""
        is_emergency = self.destination is not None and self.destination.number_class is NumberClass.EMERGENCY
        if is_emergency and self.declared_caller_id is None:
            number = self.campaign.caller_ids[0] if self.campaign else ""
        return self._sent(number)

    def _sent(self, e164: str) -> str:
        return in_format(e164, self.trunk.number_format) if self.trunk else e164


def understand(request: Request, policy: Policy, at: datetime, not_before: datetime | None = None) -> Call:
    """Resolve a request against the policy.  `at` must be aware."""
    campaign = policy.campaigns.get(request.campaign)
    trunk = policy.trunks.get(request.trunk or (campaign.trunk if campaign else ""))
    caller_id = parse_caller_id(request.caller_id, trunk.number_format if trunk else "e164")
    return Call(
        request=request,
        at=at,
        destination=parse_destination(request.destination),
        withholding_code=withholds_caller_id(request.destination),
        campaign=campaign,
        caller_id=caller_id,
        declared_caller_id=None if caller_id is None else policy.caller_ids.get(caller_id.e164),
        trunk=trunk,
        hours=policy.hours,
        hours_off=policy.hours_off,
        callback_days=policy.callback_days,
        not_before=not_before,
    )

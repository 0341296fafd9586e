"""The catalogue of what can hold something up: its words, its remedy, and whether it stops booking.

The words name a thing, never a person's reasons; who is meant stands beside them by id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class BlockerKind:
    """What a code means. ``stops`` says that nothing is decided from calendars meanwhile."""

    words: str
    remedy: str
    stops: bool = True


BLOCKERS: Mapping[str, BlockerKind] = MappingProxyType(
    {
        # a person
        "account_disabled": BlockerKind(
            "the account is switched off or gone",
            "If the person has left, withdraw the pair; otherwise ask IT to enable the account.",
        ),
        "guest": BlockerKind(
            "the account is a guest of this tenant, so its calendar cannot be read",
            "Agree a time by hand, or enrol the person's account in this tenant.",
        ),
        "no_mailbox": BlockerKind(
            "there is no Exchange Online mailbox (none, on premises, or deleted)",
            "Ask IT for an Exchange Online licence or a migration of the mailbox.",
        ),
        "settings_forbidden": BlockerKind(
            "Tandem may not read the mailbox settings",
            "Ask IT to grant MailboxSettings.Read with this mailbox in its scope.",
        ),
        "calendar_unreadable": BlockerKind(
            "free/busy could not be read",
            "Usually passes by itself; if not, ask IT to check the mailbox and its sharing policy.",
        ),
        "zone_unknown": BlockerKind(
            "the mailbox names no time zone; the program's is used until it does",
            "Ask the person to open Outlook once, or set the zone by hand.",
            stops=False,
        ),
        "reader_refused": BlockerKind(
            "Microsoft 365 refused a mail to this address",
            "Ask IT whether the address still takes mail; the next mail that arrives clears this.",
            stops=False,
        ),
        # a pair
        "no_common_slot": BlockerKind(
            "the two calendars share too few free hours",
            "See the remedies listed, best first.",
        ),
        "dates_short": BlockerKind(
            "some dates have no common hour",
            "Those dates are left out; wider hours or more tolerance may win them back.",
            stops=False,
        ),
        "instances_differ": BlockerKind(
            "the dates Outlook made of the series are not the ones planned",
            "Look at the series in the program mailbox; then `tandem book --again`.",
        ),
        "no_join_link": BlockerKind(
            "the event was created without a Teams link",
            "See the program mailbox's blocker; the event stands and is not announced further.",
        ),
        "meeting_unknown": BlockerKind(
            "Teams does not show the online meeting behind the join link",
            "Ask IT to grant the Teams application access policy to the program mailbox.",
            stops=False,
        ),
        "changed_by_person": BlockerKind(
            "somebody changed the event while it was being booked",
            "Look at the series in the program mailbox; their change stands.",
        ),
        "refused": BlockerKind(
            "Microsoft Graph refused a write for this pair",
            "See `tandem doctor`; the code beside this says what was refused.",
        ),
        "trouble_lasts": BlockerKind(
            "Microsoft 365 or the sign-in could not be used for half an hour or more",
            "See `tandem doctor`; Tandem goes on trying, and clears this once it has been through.",
            stops=False,
        ),
        "work_put_aside": BlockerKind(
            "Tandem gave up after several tries",
            "Read the error code, mend the cause, then `tandem take-up`.",
        ),
        # a program mailbox
        "no_teams": BlockerKind(
            "the program mailbox may not create Teams meetings",
            "Ask IT for a Teams licence and meeting policy for the program mailbox.",
        ),
        "trial_without_link": BlockerKind(
            "a trial event of the program mailbox got no Teams link",
            "Ask IT to check the mailbox's Teams licence; nothing is booked until then.",
        ),
        "lobby_closed": BlockerKind(
            "people would wait in the lobby, because the program mailbox never joins",
            "Set AutoAdmittedUsers to InvitedUsers (or wider) in its Teams meeting policy.",
        ),
        "lobby_unverified": BlockerKind(
            "whether people wait in the lobby could not be read",
            "Grant OnlineMeetings.Read.All and the Teams application access policy.",
            stops=False,
        ),
        "mailbox_refused": BlockerKind(
            "Microsoft Graph refused Tandem's calls to the program mailbox",
            "Ask IT to check licence and mailbox scope; `tandem doctor` names the permission.",
        ),
        "mailbox_gone": BlockerKind(
            "the program mailbox is switched off, deleted or without licence",
            "Ask IT to give it back, or book its pairs' dates anew: `tandem mailbox move`.",
        ),
        "calendar_refused": BlockerKind(
            "the program mailbox's calendar may not be read, so changes there are not seen",
            "Ask IT to check licence and mailbox scope; the look is repeated by itself.",
        ),
        "sweep_fails": BlockerKind(
            "looking through the program mailbox's calendar keeps failing",
            "See `tandem doctor` and the error code; it is tried again every hour.",
            stops=False,
        ),
        "mails_fail": BlockerKind(
            "sending Tandem's own mails from the program mailbox keeps failing",
            "See `tandem doctor` and the error code; it is tried again every hour.",
            stops=False,
        ),
        "mail_refused": BlockerKind(
            "the program mailbox may not send Tandem's own mails",
            "Ask IT to grant Mail.Send with this mailbox in its scope; waiting mails then go out.",
            stops=False,
        ),
        "no_subscription": BlockerKind(
            "Microsoft Graph does not tell of changes in the program mailbox; sweeps find them",
            "Check that TANDEM_WEBHOOK_URL answers from the internet and that Calendars.Read is"
            " granted for the mailbox; or set TANDEM_WEBHOOKS=off.",
            stops=False,
        ),
        "attendance_refused": BlockerKind(
            "Microsoft Graph refuses the mailbox's attendance reports",
            "Grant OnlineMeetingArtifact.Read.All and the Teams application access policy for this"
            " mailbox; `tandem doctor` shows which is missing.",
            stops=False,
        ),
        "attendance_not_found": BlockerKind(
            "Microsoft Graph does not know the pair's online meeting",
            "Was the program mailbox exchanged? The two are asked whether they met meanwhile.",
            stops=False,
        ),
        # the whole installation
        "contact_refused": BlockerKind(
            "Microsoft 365 refused the daily list to a program's contact",
            "Correct the contact's address with `tandem program set`; rows stay open meanwhile.",
            stops=False,
        ),
        "no_links": BlockerKind(
            "nobody can be asked whether they met: there is no address or key for personal links",
            "Set TANDEM_PUBLIC_URL and TANDEM_SIGNING_KEYS; whoever is due is asked from then on.",
            stops=False,
        ),
        "attendance_fails": BlockerKind(
            "following sessions that are over keeps failing",
            "See the error code; it is tried again every hour, and nothing is judged meanwhile.",
            stops=False,
        ),
        "retention_fails": BlockerKind(
            "deleting what is kept no longer keeps failing",
            "See the error code; it is tried again every hour.",
            stops=False,
        ),
        "checks_not_well": BlockerKind(
            "what Tandem is granted or rests on is not as it should be",
            "The health page and `tandem status` say what it is and what helps.",
            stops=False,
        ),
        "checkup_fails": BlockerKind(
            "checking rights and parts keeps failing, so what is shown of them is old",
            "See the error code; it is tried again every hour.",
            stops=False,
        ),
        "standings_fail": BlockerKind(
            "working out how pairs stand keeps failing, so lists and overviews are old",
            "See the error code; it is tried again every hour.",
            stops=False,
        ),
        "planning_fails": BlockerKind(
            "planning enrolled pairs keeps failing",
            "See `tandem doctor` and the error code; it is tried again every hour.",
            stops=False,
        ),
        "watch_fails": BlockerKind(
            "looking for new appointments over dates keeps failing",
            "See `tandem doctor` and the error code; it is tried again every hour.",
            stops=False,
        ),
        "people_check_fails": BlockerKind(
            "asking the directory who has left keeps failing",
            "See `tandem doctor` and the error code; it is tried again every hour.",
            stops=False,
        ),
        "subscriptions_fail": BlockerKind(
            "keeping notifications of changes alive keeps failing; sweeps find changes meanwhile",
            "See `tandem doctor` and the error code; it is tried again every hour.",
            stops=False,
        ),
        "verdicts_not_taken": BlockerKind(
            "the firm's own system does not take verdicts; none is lost, all wait",
            "See the error code: does it answer 2xx at TANDEM_OUTBOUND_URL within ten seconds?",
            stops=False,
        ),
        "outbound_fails": BlockerKind(
            "sending verdicts to the firm's own system keeps failing",
            "See `tandem doctor` and the error code; it is tried again every hour.",
            stops=False,
        ),
    }
)
STOPPING = frozenset(code for code, kind in BLOCKERS.items() if kind.stops)
PASSING = frozenset({"calendar_unreadable", "no_mailbox", "settings_forbidden"})
"""What a new look may find gone; the others wait for a person's act."""

"""Why something is done or left: a code with facts, and the plain sentence made of them.

Facts hold ids, numbers, and ISO dates and times; never names, titles or free text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from scheduling.reasons import Facts
from scheduling.wording import counted


class ChangeCode(StrEnum):
    """The situations in which something is decided."""

    DATE_DECLINED = "date_declined"
    DATE_DECLINED_TWICE = "date_declined_twice"
    DECLINE_WAITS = "decline_waits"
    DECLINED_DATE_TAKEN_OUT = "declined_date_taken_out"
    DECLINED_AT_SHORT_NOTICE = "declined_at_short_notice"
    NO_OTHER_HOUR = "no_other_hour"
    SERIES_DECLINED = "series_declined"
    SERIES_DECLINE_WAITS = "series_decline_waits"
    SERIES_DECLINE_OFFERED = "series_decline_offered"
    SERIES_DECLINE_HANDLED = "series_decline_handled"
    SERIES_DECLINE_WITHDRAWN = "series_decline_withdrawn"
    NO_OTHER_SERIES = "no_other_series"
    PROPOSAL_ACCEPTED = "proposal_accepted"
    PROPOSAL_ASKED = "proposal_asked"
    PROPOSAL_NOT_POSSIBLE = "proposal_not_possible"
    PROPOSAL_TOO_LATE = "proposal_too_late"
    CONFLICT_SEEN = "conflict_seen"
    CONFLICT_WAITS = "conflict_waits"
    CONFLICT_GONE = "conflict_gone"
    CONFLICT_MOVED = "conflict_moved"
    CONFLICT_IN_FREEZE = "conflict_in_freeze"
    MOVES_USED_UP = "moves_used_up"
    MOVED_IN_CALENDAR = "moved_in_calendar"
    MOVED_OUTSIDE_TOLERANCE = "moved_outside_tolerance"
    CANCELLED_IN_CALENDAR = "cancelled_in_calendar"
    SERIES_DELETED = "series_deleted"
    UNEXPECTED_DATE = "unexpected_date"
    EXTRA_ATTENDEES = "extra_attendees"
    RESPACED = "respaced"
    TOO_CLOSE = "too_close"
    UNREADABLE = "unreadable"
    ORGANIZER_UNREADABLE = "organizer_unreadable"
    PAUSED = "paused"
    RESUMED = "resumed"
    WITHDRAWN = "withdrawn"
    LEAVER = "leaver"
    EXTERNAL = "external"
    EXTERNAL_OFFERED = "external_offered"
    PROGRAM_ENDED = "program_ended"
    COMPLETED = "completed"
    MAKE_UP = "make_up"
    SHORTFALL = "shortfall"
    NOTHING_ON_RECORD = "nothing_on_record"
    HOURS_OFFERED = "hours_offered"
    OFFER_WAITS = "offer_waits"
    OFFER_PICKED = "offer_picked"
    SENIOR_DID_NOT_PICK = "senior_did_not_pick"
    NOBODY_PICKED = "nobody_picked"
    RULE_CHANGED = "rule_changed"
    RULE_CHANGE_NEEDS_NOTHING = "rule_change_needs_nothing"
    RULE_CHANGE_DOES_NOT_FIT = "rule_change_does_not_fit"
    ORGANIZER_CHANGED = "organizer_changed"
    MAILBOX_GONE = "mailbox_gone"
    EXTENDED = "extended"
    ADOPTED = "adopted"
    ADOPTION_NOT_OURS = "adoption_not_ours"
    ADOPTION_UNFIT = "adoption_unfit"
    ADOPTION_GONE = "adoption_gone"
    ADOPTION_OTHERS = "adoption_others"
    ADOPTION_ENDLESS = "adoption_endless"
    ADOPTION_RHYTHM = "adoption_rhythm"
    ADOPTION_TOO_FEW = "adoption_too_few"
    ADOPTION_TOO_SHORT = "adoption_too_short"
    ADOPTION_WITHOUT_LINK = "adoption_without_link"
    LEFT_OUT = "left_out"
    MOVED_BY_ORDER = "moved_by_order"
    OFFERED_BY_ORDER = "offered_by_order"
    HOUR_CHANGED = "hour_changed"
    ORDER_CARRIED_OUT = "order_carried_out"
    ORDER_TOO_LATE = "order_too_late"
    ORDER_DOUBLE_BOOKS = "order_double_books"
    ORDER_FINDS_NO_HOUR = "order_finds_no_hour"
    ORDER_HOUR_TAKEN = "order_hour_taken"
    MAIL_CAP = "mail_cap"
    MAIL_HOURS = "mail_hours"
    WISHES_TO_STOP = "wishes_to_stop"
    LOW_PULSE = "low_pulse"
    CAUSE_GONE = "cause_gone"


WORDS: Mapping[ChangeCode, str] = MappingProxyType(
    {
        ChangeCode.DATE_DECLINED: "{person} declined this date, so it moves to {to}",
        ChangeCode.DATE_DECLINED_TWICE: (
            "the date was offered at two hours and neither suited; it stays until {until}"
        ),
        ChangeCode.DECLINE_WAITS: "declines wait longer in the first month: until {until}",
        ChangeCode.DECLINED_DATE_TAKEN_OUT: (
            "the declined date is about to begin and is taken out of both calendars"
        ),
        ChangeCode.DECLINED_AT_SHORT_NOTICE: (
            "{person} declined within the freeze: the hour is off, a make-up is planned"
        ),
        ChangeCode.NO_OTHER_HOUR: "no other hour in this window suits both; it stays until {until}",
        ChangeCode.SERIES_DECLINED: "{person} declined the whole series",
        ChangeCode.SERIES_DECLINE_WAITS: "nothing is sent about the declined series until {until}",
        ChangeCode.SERIES_DECLINE_OFFERED: (
            "nobody acted on the declined series, so {person} is offered {count} other hours"
        ),
        ChangeCode.SERIES_DECLINE_HANDLED: "a coordinator looks after the declined series",
        ChangeCode.SERIES_DECLINE_WITHDRAWN: "{person} does not decline the series any more",
        ChangeCode.NO_OTHER_SERIES: "no other regular hour suits both",
        ChangeCode.PROPOSAL_ACCEPTED: (
            "{person} proposed {to}, which is free for {other} and within their hours"
        ),
        ChangeCode.PROPOSAL_ASKED: (
            "{person} proposed {to}; {other} is asked, because it is {obstacle}"
        ),
        ChangeCode.PROPOSAL_NOT_POSSIBLE: (
            "{person} proposed {to}, which cannot be ({obstacle}); the nearest hour is offered"
        ),
        ChangeCode.PROPOSAL_TOO_LATE: "{person} proposed {to}, which has passed",
        ChangeCode.CONFLICT_SEEN: "{person} has a new appointment over this date; seen once",
        ChangeCode.CONFLICT_WAITS: (
            "the appointment of {person} over this date has not stood for four working hours yet"
        ),
        ChangeCode.CONFLICT_GONE: "the appointment of {person} over this date is gone",
        ChangeCode.CONFLICT_MOVED: (
            "an appointment of {person} has stood over this date, so it moves to {to}"
        ),
        ChangeCode.CONFLICT_IN_FREEZE: (
            "{person} has an appointment over this date; within the freeze nothing is moved "
            "unasked, so only they are told"
        ),
        ChangeCode.MOVES_USED_UP: "this date was moved {moves} times already",
        ChangeCode.MOVED_IN_CALENDAR: "the date was moved in the organizer's calendar to {to}",
        ChangeCode.MOVED_OUTSIDE_TOLERANCE: (
            "the date was moved in the organizer's calendar to {to}, beyond the tolerance; it stays"
        ),
        ChangeCode.CANCELLED_IN_CALENDAR: "the date was cancelled in the organizer's calendar",
        ChangeCode.SERIES_DELETED: "the series was deleted in the organizer's calendar",
        ChangeCode.UNEXPECTED_DATE: "the calendar shows a date that the program does not; it stays",
        ChangeCode.EXTRA_ATTENDEES: "{count} further attendee(s) added; they stay",
        ChangeCode.RESPACED: "a neighbouring date was moved too close, so this one moves to {to}",
        ChangeCode.TOO_CLOSE: "less than {days} days to a neighbouring date that was moved",
        ChangeCode.UNREADABLE: "nothing is decided from calendars while {person} cannot be read",
        ChangeCode.ORGANIZER_UNREADABLE: "the organizer's calendar cannot be read",
        ChangeCode.PAUSED: "the pair pauses until {until}",
        ChangeCode.RESUMED: "the pause is over; planning resumes",
        ChangeCode.WITHDRAWN: "the pair was withdrawn; future dates end, past ones stay",
        ChangeCode.LEAVER: "{person} is not with the firm any more; {other} is to be paired again",
        ChangeCode.EXTERNAL: (
            "{person} is outside the firm now; future dates end and hours are offered instead"
        ),
        ChangeCode.EXTERNAL_OFFERED: "{person} is offered {count} hours that suit the other",
        ChangeCode.PROGRAM_ENDED: "the program ends on {end}; later dates are taken out",
        ChangeCode.COMPLETED: "the last date has passed",
        ChangeCode.MAKE_UP: "a make-up for a lost date is planned for {to}",
        ChangeCode.SHORTFALL: "{missing} date(s) cannot be made up before {until}",
        ChangeCode.NOTHING_ON_RECORD: "no meeting is on record for {days} days",
        ChangeCode.HOURS_OFFERED: "{count} hours that suit both are offered; the first pick books",
        ChangeCode.OFFER_WAITS: "the offered hours may be picked until {until}",
        ChangeCode.OFFER_PICKED: "{weekday} {start} was picked from the offered hours",
        ChangeCode.SENIOR_DID_NOT_PICK: (
            "{person} had {days} working days to pick an hour; Tandem books now"
        ),
        ChangeCode.NOBODY_PICKED: "none of the offered hours was picked in {days} working days",
        ChangeCode.RULE_CHANGED: (
            "the rule changed: {changed} date(s) to change, {kept} to stay, {mails} mail(s) to each"
        ),
        ChangeCode.ORGANIZER_CHANGED: (
            "another program mailbox organizes the meetings: {changed} date(s) booked anew at the"
            " same hours, {kept} so near that they stay, {mails} mail(s) to each"
        ),
        ChangeCode.MAILBOX_GONE: (
            "the program mailbox of {pairs} pair(s) cannot be used: switched off, deleted or"
            " without licence. IT gives it back, or `tandem mailbox move` books their dates anew"
        ),
        ChangeCode.RULE_CHANGE_NEEDS_NOTHING: "every date fits the changed rule as it is",
        ChangeCode.RULE_CHANGE_DOES_NOT_FIT: "no hour under the new rule for {missing} date(s)",
        ChangeCode.EXTENDED: "the program was extended by {added} date(s)",
        ChangeCode.ADOPTED: "a series the two have already is taken over: {dates} date(s)",
        ChangeCode.ADOPTION_NOT_OURS: (
            "the series is another booking's, or the program mailbox does not organize it"
        ),
        ChangeCode.ADOPTION_UNFIT: "the series does not invite both, or the two are booked",
        ChangeCode.ADOPTION_GONE: "the series is not in the program mailbox any more",
        ChangeCode.ADOPTION_OTHERS: "the series invites others, too",
        ChangeCode.ADOPTION_ENDLESS: "the series has no end: give it a last date in Outlook first",
        ChangeCode.ADOPTION_RHYTHM: "the series keeps another rhythm than the rule",
        ChangeCode.ADOPTION_TOO_FEW: (
            "the series has dates to come in fewer than half of the rule's windows"
        ),
        ChangeCode.ADOPTION_TOO_SHORT: "dates of the series are shorter than the rule says",
        ChangeCode.ADOPTION_WITHOUT_LINK: (
            "the series has no Teams link: add one in Outlook first"
        ),
        ChangeCode.LEFT_OUT: "the date was left out as somebody asked",
        ChangeCode.MOVED_BY_ORDER: "the date was moved to {to} as somebody asked",
        ChangeCode.OFFERED_BY_ORDER: "{count} hours that suit both are offered as somebody asked",
        ChangeCode.HOUR_CHANGED: (
            "another regular hour as somebody asked: {weekday} {start} ({zone}), {dates} date(s)"
            " from {since} on"
        ),
        ChangeCode.ORDER_CARRIED_OUT: "it was done as somebody asked: {order}",
        ChangeCode.ORDER_TOO_LATE: "it was asked too late: {order}",
        ChangeCode.ORDER_DOUBLE_BOOKS: "it would book somebody twice: {order}",
        ChangeCode.ORDER_FINDS_NO_HOUR: "no hour was found that suits both: {order}",
        ChangeCode.ORDER_HOUR_TAKEN: "{to} was picked, which does not suit both any more",
        ChangeCode.MAIL_CAP: "{person} had {mails} mails this week; it waits until {until}",
        ChangeCode.MAIL_HOURS: "mails wait for working hours in both zones: until {until}",
        ChangeCode.WISHES_TO_STOP: "{person} asks to stop, in confidence",
        ChangeCode.LOW_PULSE: "{person} said twice in a row that a meeting gave them little",
        ChangeCode.CAUSE_GONE: "what needed the coordinator has settled itself",
    }
)


def _no_facts() -> Facts:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ChangeReason:
    """One situation and its facts by name."""

    code: ChangeCode
    facts: Facts = field(default_factory=_no_facts)

    @property
    def words(self) -> str:
        """The reason as a plain sentence without a full stop; people appear as ids."""
        return counted(WORDS[self.code].format_map(self.facts))

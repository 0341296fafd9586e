"""What Exchange and Teams do in more than one way, as switches.

Each default is what most tenants have shown; each other value has been seen too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

LobbyScope = Literal[
    "organizer",
    "invited",
    "organization",
    "organizationExcludingGuests",
    "organizationAndFederated",
    "everyone",
]

IdTokens = Literal[
    "right",
    "expired",
    "not_yet",
    "other_audience",
    "other_tenant",
    "other_issuer",
    "other_nonce",
    "other_key",
    "unsigned",
    "hmac",
    "no_person",
]


@dataclass(slots=True)
class Behaviour:
    """Switches of the tenant; they may be turned at any time and hold from the next call on.

    The tenant's state does not remember them.

    Lengths of time pass on the tenant's clock, ``latency`` on the event loop's.
    """

    # An unknown path, option or member, or a missing immutable-id preference, is a complaint.
    strict: bool = True
    latency: timedelta = timedelta(0)
    # Refuse the fifth call at once of an app to a mailbox, and 10,000 of them in ten minutes.
    concurrent_calls: int = 4
    concurrency_retry_after: int = 1
    calls_in_ten_minutes: int = 10_000
    page_size: int = 10
    # transactionId used again.
    duplicate_transaction_status: Literal[400, 409] = 409
    duplicate_names_existing_event: bool = True
    deleting_frees_transaction_id: bool = False
    # Exchange touches a new event some seconds after it was made; None: it does not.
    change_key_rotates_after: timedelta | None = timedelta(seconds=5)
    # How long a read goes on to show what stood before a write.
    stale_reads: timedelta = timedelta(0)
    free_busy_lag: timedelta = timedelta(0)
    # getSchedule.
    schedules_per_call: int = 100
    schedule_items: int = 1000
    unknown_mailbox_code: str = "ErrorMailRecipientNotFound"
    # What a reader without rights on a mailbox sees of it.
    default_sharing: Literal["availability", "details", "none"] = "availability"
    # Mailboxes (mail, lower case) whose working hours bear a zone of their own making.
    custom_hours_zone: set[str] = field(default_factory=set)
    custom_hours_zone_swapped: bool = False
    # What an invitation that nobody answered is in the free/busy of the one invited.
    unanswered_shown_as: Literal["tentative", "busy", "absent"] = "tentative"
    # Mails to each attendee of one change of an event or date.
    mails_per_update: int = 1
    # Whether moved and cancelled dates outlive a series that is only made shorter.
    truncating_keeps_exceptions: bool = False
    # An answer to one date makes it an exception.
    answer_makes_exception: bool = False
    unanswered: Literal["none", "notResponded"] = "none"
    # Where an answer to one date stands: on that date, or on the master alone, where it reads
    # like an answer to all dates.
    answers_to_dates: Literal["occurrence", "master"] = "occurrence"
    # Exchange renews the change key after every change, not only after the making.
    change_key_rotates_each_time: bool = False
    # Refuse a second subscription of an app to the same changes of the same mailbox.
    refuse_second_subscription: bool = True
    # The longest life of a subscription.
    longest_subscription: timedelta = timedelta(minutes=10_080)
    # The shortest; who asks for less gets this.
    shortest_subscription: timedelta = timedelta(minutes=45)
    # Live subscriptions of all apps to one mailbox.
    subscriptions_per_mailbox: int = 1000
    # Subscriptions on one page of their list.
    subscription_page: int = 100
    # An endpoint's time for the handshake and for each POST of notifications.
    webhook_answer_limit: timedelta = timedelta(seconds=10)
    # Whether endpoints on localhost may do without TLS; Graph itself takes none.
    plain_http_webhooks: bool = False
    # How long a subscription may read before it has to be reauthorized; none for good.
    authorization_lasts: timedelta | None = None
    # How late notifications are on average.
    notification_latency: timedelta = timedelta(seconds=20)
    # How late they are at most.
    notification_latency_most: timedelta = timedelta(minutes=3)
    # The most "updated" that follow a "created" or an "updated" without any further change.
    updates_that_follow: int = 2
    # Tell a change to one date of its master alone, not of the occurrence as well.
    dates_told_on_master_only: bool = True
    # Notifications due within so long go out together.
    coalescing: timedelta = timedelta(seconds=5)
    # Notifications in one POST.
    notifications_per_post: int = 50
    # Send them in any order.
    notifications_shuffled: bool = True
    # Write resource and expiry in each of the forms Graph has been seen to use.
    resource_forms_vary: bool = True
    # Notifications of a hundred that are never sent, and that nobody hears of.
    notifications_dropped: float = 0.0
    # Notifications of a hundred that are sent twice.
    notifications_doubled: float = 0.0
    # Notifications of a hundred that another with a wrong clientState goes along with.
    notifications_forged: float = 0.0
    # What is not taken is tried again with growing pauses for so long, then lost.
    notifications_retried_for: timedelta = timedelta(hours=4)
    # Answers in ten minutes from which on an endpoint is judged.
    answers_before_judging: int = 10
    # Late answers of a hundred above which later notifications are delayed.
    slow_above: float = 10.0
    # By how much a slow endpoint is told later.
    slow_delay: timedelta = timedelta(seconds=10)
    # Late answers of a hundred above which notifications are dropped for a while.
    drop_above: float = 15.0
    # For how long they are dropped.
    drop_for: timedelta = timedelta(minutes=10)
    # Whether the lifecycle event "missed" follows on notifications that were lost.
    missed_is_told: bool = True
    # Unchanged items of a hundred that a delta round tells again.
    delta_replays: float = 5.0
    # What becomes of every delta token: nothing, 410 with a way to start anew, or 400 by a code.
    delta_refusal: Literal["none", "gone", "syncStateNotFound", "resyncRequired"] = "none"
    # How long after a call its report is there: at least, and at most.
    report_delay: timedelta = timedelta(minutes=2)
    report_delay_most: timedelta = timedelta(minutes=20)
    # Reports in the list of a meeting, which shows the newest.
    reports_listed: int = 50
    # A record for each device somebody came with, not one for both.
    records_per_device: bool = False
    # Whether a report names the tenant of its own people.
    reports_name_own_tenant: bool = False
    # People (mail, lower case) who keep out of reports: counted, but without a record.
    hidden_from_reports: set[str] = field(default_factory=set)
    # Errors.
    inner_error_name: Literal["innerError", "innererror"] = "innerError"
    empty_error_codes: bool = False
    # How far the Date of Graph's answers is off the tenant's clock; none: they bear no Date.
    date_off_by: timedelta | None = None
    # Directory: clauses of one filter.
    filter_clauses: int = 15
    # ID tokens of people who sign in: right, or with that one thing wrong.
    id_tokens: IdTokens = "right"


@dataclass(frozen=True, slots=True)
class TeamsPolicy:
    """The Teams meeting policy of the organizers: who enters unasked, and whether Teams reports.

    The lobby is laid down in each meeting when the meeting is made. ``organizer`` is a
    tenant whose policy was never set up for meetings without their organizer. Of reports
    the policy is asked whenever people come together.
    """

    lobby: LobbyScope = "organization"
    dial_in_bypasses_lobby: bool = False
    attendance_reports: bool = True


# Exchange's own numbers.
MOST_ATTENDEES = 500
MOST_RECIPIENTS = 500
MOST_BATCH_ITEMS = 20
SCHEDULE_WINDOW = timedelta(days=62)

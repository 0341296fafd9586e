"""The triggers that Azure Functions runs: each parses, calls one workflow, and answers.

Names in percent signs are app settings, read by the host itself; it does not know the defaults
of ``integrations/settings.py``, so they have to be set (docs/reference/settings.md).
"""

from __future__ import annotations

import functools

from integrations.runtime import loading

with loading():
    import azure.functions as func

    # The package lists it among its names and does not import it.
    from azure.functions.warmup import WarmUpContext

    from integrations.hosting import SharedHost, missable, open_from_environment, reported
    from integrations.ports import WakeUp
    from integrations.queue.messages import from_message
    from integrations.workflows.app import App
    from integrations.workflows.rounds import (
        answer_message,
        planning_round,
        put_message_aside,
        standing_round,
        work_round,
    )

# The host's own storage account also carries the wake-ups.
STORAGE = "AzureWebJobsStorage"

tandem = SharedHost(open_from_environment)


async def _application() -> App:
    return (await tandem()).app


@functools.cache
def web() -> func.AsgiMiddleware:
    """The web application, made once by whoever asks first."""
    # Not above: timers and queues run on instances of their own, which answer nobody over HTTP.
    from integrations.web.app import asgi_app

    return func.AsgiMiddleware(asgi_app(_application))  # type: ignore[no-untyped-call]


app = func.FunctionApp()


# Graph has no function key: what arrives over HTTP is checked by the web application itself.
@app.route(
    route="webhooks/graph", methods=[func.HttpMethod.POST], auth_level=func.AuthLevel.ANONYMOUS
)
async def take_hints(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Take in what Microsoft Graph tells of changes; it answers for every failure itself."""
    answer: func.HttpResponse = await web().handle_async(req, context)
    return answer


@app.route(
    route="{*path}",
    methods=[
        func.HttpMethod.GET,
        func.HttpMethod.HEAD,
        func.HttpMethod.POST,
        func.HttpMethod.PUT,
    ],
    auth_level=func.AuthLevel.ANONYMOUS,
)
async def show_pages(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answer with the pages, the API, and the page behind a personal link."""
    answer: func.HttpResponse = await web().handle_async(req, context)
    return answer


# The host calls it by this name when it adds an instance, before it sends anything else there.
@app.warm_up_trigger(arg_name="instance")
@reported
async def warmup(instance: WarmUpContext) -> None:
    """Open the application, so that the first webhook on a new instance is answered at once."""
    web()
    await tandem()


@app.timer_trigger(schedule="%TANDEM_PLAN_SCHEDULE%", arg_name="timer")
@reported
async def plan_and_launch(timer: func.TimerRequest) -> None:
    """Plan whoever is enrolled and have the pairs of running programs booked."""
    host = await tandem()
    await planning_round(host.app)


@app.timer_trigger(schedule="%TANDEM_WORK_SCHEDULE%", arg_name="timer")
@reported
async def look_for_work(timer: func.TimerRequest) -> None:
    """Wake consumers for whatever is due and unclaimed; without a queue, do it here."""
    host = await tandem()
    await work_round(host.app, host.lone_worker)


@app.timer_trigger(schedule="%TANDEM_SWEEP_SCHEDULE%", arg_name="timer")
@reported
async def sweep_mailboxes(timer: func.TimerRequest) -> None:
    """Have the program mailboxes' calendars compared with the store."""
    await standing_round((await tandem()).app, "sweep")


@app.timer_trigger(schedule="%TANDEM_WATCH_SCHEDULE%", arg_name="timer")
@reported
async def watch_calendars(timer: func.TimerRequest) -> None:
    """Have people's calendars looked at for appointments over dates."""
    await standing_round((await tandem()).app, "watch")


@app.timer_trigger(schedule="%TANDEM_PEOPLE_SCHEDULE%", arg_name="timer")
@reported
async def check_people(timer: func.TimerRequest) -> None:
    """Have the directory asked who has left."""
    await standing_round((await tandem()).app, "check_people")


@app.timer_trigger(schedule="%TANDEM_MAIL_SCHEDULE%", arg_name="timer")
@reported
async def send_mails(timer: func.TimerRequest) -> None:
    """Have the mails sent that Tandem writes itself."""
    await standing_round((await tandem()).app, "send_mails")


@app.timer_trigger(schedule="%TANDEM_RENEW_SCHEDULE%", arg_name="timer")
@reported
async def renew_subscriptions(timer: func.TimerRequest) -> None:
    """Have the subscriptions to changes renewed before they end."""
    await standing_round((await tandem()).app, "keep_subscriptions")


@app.timer_trigger(schedule="%TANDEM_ATTENDANCE_SCHEDULE%", arg_name="timer")
@reported
async def follow_sessions(timer: func.TimerRequest) -> None:
    """Have sessions that are over judged, and their reports looked for."""
    await standing_round((await tandem()).app, "follow_sessions")


@app.timer_trigger(schedule="%TANDEM_OUTBOUND_SCHEDULE%", arg_name="timer")
@reported
async def send_verdicts(timer: func.TimerRequest) -> None:
    """Have verdicts sent to the firm's own system."""
    await standing_round((await tandem()).app, "send_verdicts")


@app.queue_trigger(arg_name="message", queue_name="%TANDEM_WORK_QUEUE%", connection=STORAGE)
@reported
@missable
async def do_work(message: func.QueueMessage) -> None:
    """Do the piece of due work that a message points to."""
    host = await tandem()
    await answer_message(host.app, host.worker, _wake_up_in(message), message.id)


@app.queue_trigger(arg_name="message", queue_name="%TANDEM_WORK_QUEUE%-poison", connection=STORAGE)
@reported
async def put_aside(message: func.QueueMessage) -> None:
    """Take in a message that failed too often: journalled, its work put aside for a person."""
    host = await tandem()
    await put_message_aside(host.app, _wake_up_in(message), message.id)


def _wake_up_in(message: func.QueueMessage) -> WakeUp | None:
    """The wake-up; None if the message is none of ours."""
    try:
        return from_message(message.get_body())
    except ValueError:
        return None

// Microsoft's own JavaScript client reads free/busy and books a series on a tenant.
//
//   NODE_EXTRA_CA_CERTS=CA.pem node book_a_series.mjs ORDER.json
//
// ORDER names the tenant (base_url, authority, tenant_id, client_id, client_secret), the organizer
// and the attendees; what was read and booked goes to stdout as JSON. Nothing of the client is
// replaced: it is told another base URL, and Node another authority to trust.

import { readFile } from "node:fs/promises";
import { Client, PageIterator } from "@microsoft/microsoft-graph-client";

const order = JSON.parse(await readFile(process.argv[2], "utf8"));
const root = new URL(order.base_url);

async function getAccessToken() {
  const answer = await fetch(`${order.authority}/${order.tenant_id}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: order.client_id,
      client_secret: order.client_secret,
      scope: "https://graph.microsoft.com/.default",
    }),
  });
  if (!answer.ok) throw new Error(`no token: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).access_token;
}

const graph = Client.initWithMiddleware({
  baseUrl: `${root.origin}/`,
  defaultVersion: root.pathname.replaceAll("/", ""),
  customHosts: new Set([root.hostname]),
  authProvider: { getAccessToken },
});

async function everyPage(path) {
  const found = [];
  const pages = new PageIterator(graph, await graph.api(path).get(), (item) => {
    found.push(item);
    return true;
  });
  await pages.iterate();
  return found;
}

const organizer = `/users/${order.organizer}`;
const zone = "GMT Standard Time";
const schedules = await graph.api(`${organizer}/calendar/getSchedule`).post({
  schedules: order.attendees,
  startTime: { dateTime: "2027-01-11T00:00:00", timeZone: zone },
  endTime: { dateTime: "2027-01-25T00:00:00", timeZone: zone },
  availabilityViewInterval: 30,
});

const created = await graph.api(`${organizer}/events`).post({
  subject: "Reverse mentoring",
  start: { dateTime: "2027-03-02T10:00:00", timeZone: zone },
  end: { dateTime: "2027-03-02T11:00:00", timeZone: zone },
  recurrence: {
    pattern: { type: "weekly", interval: 2, daysOfWeek: ["tuesday"], firstDayOfWeek: "monday" },
    range: {
      type: "numbered",
      startDate: "2027-03-02",
      numberOfOccurrences: 9,
      recurrenceTimeZone: zone,
    },
  },
  attendees: order.attendees.map((address) => ({ emailAddress: { address }, type: "required" })),
  isOnlineMeeting: true,
  onlineMeetingProvider: "teamsForBusiness",
  transactionId: "b3a0c2de-7d0e-4cf5-9a53-6c1f0e0c7a11",
});

const readBack = await graph.api(`${organizer}/events/${created.id}`).get();
const instances = await everyPage(
  `${organizer}/events/${created.id}/instances` +
    "?startDateTime=2027-03-01T00:00:00Z&endDateTime=2027-08-01T00:00:00Z",
);

let refusal = null;
try {
  await graph.api(`${organizer}/events/no-such-event`).get();
} catch (error) {
  refusal = { status: error.statusCode, code: error.code };
}

process.stdout.write(
  JSON.stringify({ schedules: schedules.value, created, readBack, instances, refusal }),
);

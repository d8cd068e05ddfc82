// The gateway's interface as the console uses it (gateway/api/openapi.json).

export type Level = "green" | "yellow" | "orange" | "red";
export type Family = "emergency" | "health" | "visitor" | "outing" | "fraud" | "coverage" | "fleet";
export type Action = "acknowledge" | "call" | "comment" | "close" | "assign" | "snooze" | "speak" | "hush" | "campaign" | "task_accept" | "task_arrive" | "task_finish"
  | "roster_override" | "roster_swap" | "roster_cancel" | "ledger_assign" | "ledger_handle" | "ledger_transfer" | "ledger_close" | "device_locate" | "device_interval" | "device_restart" | "test_window" | "handover_begin" | "handover_sign" | "rollout_abort" | "police";

export interface Finding {
  detector: string; level: Level; code: string; active: boolean; late: boolean; count: number;
  at?: string; found?: string; zone?: string; reason: string; reason_zh: string;
}
export interface Place { territories: { code: string; name: string }[]; name?: string; address?: string }
export interface Alert {
  id: string; subject: Record<string, string>; resident?: string; household?: string;
  family: Family; level: Level; state: "open" | "lapsed" | "closed" | "absorbed"; transitions: number;
  opened: string; changed: string; acknowledged?: string; acknowledged_by?: string; snoozed_until?: string; assigned_to?: string; cleared?: string; closed?: string;
  exercise?: true; verify_until?: string; disposition?: string; outcome?: string; police_sent: boolean; police?: "accepted" | "rejected" | "dispatched" | "on_scene" | "closed";
  findings: Finding[]; place: Place;
  since?: number; // `opened` as a number, set by the desk: lists are sorted by it
}
export interface Transition { number: number; t: string; kind: string; by: string; why: string }
export interface Job {
  id: string; kind: string; channel: string; role?: string; target?: string; created: string; expires: string;
  state: string; state_at: string; reason?: string; unpersisted?: boolean; history: { t: string; state: string; reason?: string }[];
}
export interface Contact { name: string; relation: string; phone: string }
export interface Person { id: string; name: string; contacts: Contact[] }
export interface Whole extends Omit<Alert, "transitions"> {
  transitions: Transition[]; jobs: Job[]; people?: Person[];
}
export interface Account { account: string; name: string; role: string; scope: string; disabled: boolean; version: number }
export interface Session { account: Account | null; may?: Action[]; parts?: string[]; csrf?: string; setup?: boolean }

/** What went wrong; status 0 = nothing answered. */
export class Problem extends Error {
  constructor(readonly status: number, readonly detail: string, readonly place?: string) { super(detail); }
}

let csrf = "";
let language = "zh-CN";
export function speak(lang: string) { language = lang; }

export function key(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function send<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}, heard?: (reply: Headers) => void): Promise<T> {
  const sent: Record<string, string> = { "Accept-Language": language, ...headers };
  if (method !== "GET") { sent["Content-Type"] = "application/json"; sent["X-CSRF-Token"] = csrf; }
  let reply: Response;
  try {
    reply = await fetch(path, {
      method, headers: sent, credentials: "same-origin", cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(path.endsWith("/preview") ? 120000 : 15000),
    });
  } catch {
    throw new Problem(0, "");
  }
  let data: unknown = null;
  try { data = await reply.json(); } catch { /* an answer without a body, or of a proxy */ }
  const problem = data as { detail?: string; place?: string } | null;
  if (!reply.ok) throw new Problem(reply.status, problem?.detail ?? reply.statusText, problem?.place);
  heard?.(reply.headers);
  return data as T;
}

function keep(session: Session): Session {
  csrf = session.csrf ?? "";
  return session;
}

export const whoami = () => send<Session>("GET", "/api/v1/session").then(keep);
export const signIn = (account: string, password: string) => send<Session>("POST", "/api/v1/session", { account, password }).then(keep);
export const signOut = () => send<Session>("DELETE", "/api/v1/session").then(keep);
export const setUp = (code: string, account: string, name: string, password: string) =>
  send<Session>("POST", "/api/v1/setup", { code, account, name, password }).then(keep);
export const changePassword = (password: string, replacement: string) =>
  send<Session>("POST", "/api/v1/session/password", { password, replacement }).then(keep);

/** Page after page; `begin` is shown the first, which is soon there. */
export async function alerts(state: Alert["state"], pages: number, begin?: (first: Alert[]) => void): Promise<Alert[]> {
  const all: Alert[] = [];
  let cursor = "";
  for (let page = 0; page < pages; page++) {
    const got = await send<{ alerts: Alert[]; next?: string }>("GET", `/api/v1/alerts?state=${state}&limit=200${cursor && "&cursor=" + cursor}`);
    all.push(...got.alerts);
    if (page === 0 && got.next) begin?.(got.alerts);
    if (!got.next) break;
    cursor = got.next;
  }
  return all;
}
export const alert = (id: string) => send<Whole>("GET", "/api/v1/alerts/" + id);

/** Under one key, so that trying again after a broken line does nothing twice. */
export async function act(id: string, action: Action, body: Record<string, string>): Promise<void> {
  const once = { "Idempotency-Key": key() };
  const path = `/api/v1/alerts/${id}/${action}`;
  try {
    await send("POST", path, body, once);
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 0) throw problem;
    await send("POST", path, body, once);
  }
}

export interface Task {
  id: string; alert: string; task: string; state: "open" | "accepted" | "arrived" | "done" | "cancelled"; subject: Record<string, string>; family: Family; level: Level;
  role: string; assignee?: string; opened: string; due?: string; changed: string; attempts: number; overdue: number; outcome?: string; place?: Place;
  history?: { t: string; kind: string; by: string; why: string }[];
}
export const task = (id: string) => send<Task>("GET", "/api/v1/tasks/" + id);
export interface Handover {
  id: string; state: "open" | "overdue" | "signed" | "replaced"; roster?: string; role: string; territory?: string; from: string; to: string; signed_by?: string;
  begun: string; due: string; changed: string; list: number; listed: string; since?: string; outgoing: string[];
  counts: { alerts: number; tasks: number; silences: number; statuses: number };
  alerts?: Alert[]; tasks?: Task[]; silences?: Silence[]; statuses?: { resident: string; name?: string; status: string; until?: string }[];
}
export const handover = (id: string) => send<Handover>("GET", "/api/v1/handovers/" + id);
export interface Territory { code: string; name: string; level: string }
export interface Announced { id: string; territory: string; announced: string; from: string; until: string; by: string; note: string; cancelled?: string }
export interface Prompt { id: string; manner: string; texts: Record<string, string> }
export interface Spoken { prompt: string; device?: string; kind?: string; manner: string; quiet_hours?: boolean }
export const speakPreview = (id: string, prompt: string) => send<{ preview: Spoken }>("POST", `/api/v1/alerts/${id}/prompts`, { prompt, preview: true }, { "Idempotency-Key": key() }).then((got) => got.preview);
export interface Campaign {
  id: string; t: string; by: string; note: string; prompt: string; category?: string; territory?: string; listed?: number; start: string; end: string; per_minute: number; state: string;
  people: Record<string, number>; reached?: { resident: string; state: string; t: string }[];
}
export const campaign = (id: string) => send<Campaign>("GET", "/api/v1/campaigns/" + id);
export interface ConsentLine { person: string; class: string; given: string; by: string; version?: string; evidence?: string; withdrawn?: string; recorded_by?: string }
export const consents = (person: string) => send<{ consents: ConsentLine[]; in_force?: string }>("GET", "/api/v1/consents?person=" + encodeURIComponent(person));

export const names = () => send<{ names: Record<string, string> }>("GET", "/api/v1/names").then((got) => got.names);
export const accounts = () => send<{ accounts: Account[] }>("GET", "/api/v1/accounts").then((got) => got.accounts);
export const addAccount = (account: { account: string; name: string; role: string; scope: string; password: string }) =>
  send<Account>("POST", "/api/v1/accounts", account);
export const changeAccount = ({ account, version, ...rest }: Account, password?: string) =>
  send<Account>("PUT", "/api/v1/accounts/" + account, password ? { ...rest, password } : rest, { "If-Match": `"${version}"` });

export type Status = "active" | "away" | "hospital" | "paused" | "moved" | "deceased";
export interface Device {
  id: string; kind: "wristband" | "camera"; view?: string; resident?: string; household?: string; trouble: string; heard?: string;
  report_interval_s: number; battery?: number; charging?: boolean; battery_days_left?: number; firmware?: string; connected?: boolean; worn?: boolean; test_until?: string;
}
export interface Rollout {
  id: string; t: string; by: string; note: string; stages: string; interval_s: number; state: string; stage: number; verdict: string; why: string;
  audience: number; members: number; asked: number; pending: number; acked: number; refused: number; judged: number; troubled: number; rest: number; rest_troubled: number;
}
export const rollouts = () => send<{ rollouts: Rollout[] }>("GET", "/api/v1/rollouts").then((got) => got.rollouts);
export interface FirmwareUse { kind: "wristband" | "camera"; firmware?: string; devices: number }
/** `beyond`: devices of versions that are not listed. */
export const firmware = () => send<{ versions: FirmwareUse[]; beyond?: number }>("GET", "/api/v1/firmware");
export interface Resident {
  id: string; name?: string; household?: string; address?: string; territories: { code: string; name: string }[];
  status: Status; status_until?: string; presence?: "home" | "out"; presence_since?: string; seen?: string;
}
export interface Card extends Resident {
  consent: string[]; coverage: { what: string; state: string }[]; devices: Device[]; paused_until?: string; alerts: Alert[];
  birth_year?: number; categories?: string[]; tags?: string[]; language?: string; hearing?: string; vision?: string; cognition?: string;
  people?: Person[]; visitors?: { id: string; name: string; windows: string }[];
}
export type Point = [lat: number, lon: number];
export interface Zone { id: string; name: string; kind: string; radius_m?: number; points: Point[] }
export interface Chart { id: string; home?: Point; zones?: Zone[]; fix?: { at: Point; accuracy_m: number; sharp: boolean; t: string } }
export interface Found { t: string; at: string; detector: string; code: string; family: Family; level: Level; record: boolean; clears: boolean; reason: string; reason_zh: string }
export interface Silence { id: string; t: string; until: string; by: string; note: string; family?: string; resident?: string; household?: string; territory?: string; device?: string; removed?: string; removed_by?: string }
export interface Suppression { t: string; alert: string; kind: string; level: Level; role?: string; what: string; who: string; rule: string; by: string; note: string }
export interface Change { t: string; alert: string; kind: string; by: string; why: string }
export interface View { t: string; by: string; what: string; about: string }
export interface Stranger { id: string; reason: string; first: string; last: string; times: number; dismissed?: string }
export interface Adoption { device: string; kind: string; name?: string; household?: string; version: string }
export interface Health {
  ready: boolean; core: boolean; broker: boolean; store: boolean; unpersisted: boolean; started?: string; last_commit?: string; last_input?: string; registry: string;
  residents: number; devices: number; inputs?: number; alerts_open?: number; alerts?: number; waiting?: number; gaps?: number; numbers: Record<string, number>;
}
export interface Page<T, Cursor = number> { rows: T[]; next?: Cursor }

/** A page of a list; `name` is the member that holds it. Words that are empty ask for nothing. */
export async function page<T, Cursor = number>(path: string, name: string, words: Record<string, string | number | undefined> = {}): Promise<Page<T, Cursor>> {
  const query = Object.entries(words).filter(([, word]) => word !== undefined && word !== "").map(([key, word]) => `${key}=${encodeURIComponent(String(word))}`).join("&");
  const got = await send<Record<string, unknown>>("GET", `/api/v1/${path}${query && "?" + query}`);
  return { rows: (got[name] ?? []) as T[], next: got["next"] as Cursor | undefined };
}
export const resident = (id: string) => send<Card>("GET", "/api/v1/residents/" + id);
export const chart = (id: string) => send<Chart>("GET", `/api/v1/residents/${id}/map`);
export const previewAdoption = (device: string, body: Record<string, string>) => send<Adoption>("POST", `/api/v1/quarantine/${device}/adopt`, { ...body, preview: true });
export const health = () => send<Health>("GET", "/api/v1/health");
/** Any other change that is done once, like an alert's. */
export const once = (path: string, body: Record<string, string>) => send("POST", "/api/v1/" + path, body, { "Idempotency-Key": key() });

export type Levels = Record<Level, number>;
export interface Report {
  from: string; made: string; alerts: number; urgent: number; unanswered: number; prompts: number; police: number; people_reached: number; residents: number; target_s: number;
  answers: { count: number; answered: number; in_time: number; p50_s?: number; p95_s?: number };
  days: { day: string; levels: Levels }[]; families: { family: string; levels: Levels }[]; dispositions: Record<string, number>;
  detectors: { detector: string; alerts: number; confirmed: number; wrong: number }[];
}
export const report = (days: number) => send<Report>("GET", `/api/v1/report?days=${days}`);

export interface Preview { version?: string; errors: string[]; changes?: { table: string; added: number; changed: number; removed: number; rows: { id: string; what: string }[] }[] }
export const preview = (files: Record<string, string>) => send<Preview>("POST", "/api/v1/registry/preview", { files });

export interface OnDuty { id: string; name?: string; missing?: boolean }
export interface Stretch { from: string; until: string }
export interface RosterChange extends Stretch { id: string; t: string; to: string; instead?: string; by: string; note: string; cancelled?: string; cancelled_by?: string }
export interface Roster {
  name: string; role: string; territory?: string; gaps: "told" | "meant"; handover: "free" | "required"; on: OnDuty[]; next_from?: string; next?: OnDuty[]; gap?: Stretch; changes: RosterChange[];
  layers?: { name: string; members: OnDuty[] }[]; shifts?: (Stretch & { on: OnDuty[] })[]; // of one roster only
}
export const roster = (name: string, days: number) => send<Roster>("GET", `/api/v1/rosters/${name}?days=${days}`);

export interface Clue {
  id: string; state: "open" | "handling" | "transferred" | "closed"; subject: Record<string, string>; family: Family; level: Level; disposition: string; responsible: string;
  opened: string; due: string; changed?: string; authority?: string; receipt?: string; transferred?: string; closed?: string; result?: string; steps?: number; overdue?: number; place?: Place;
  history?: { t: string; kind: string; by: string; why: string }[];
}
export const clue = (id: string) => send<Clue>("GET", "/api/v1/ledger/" + id);

export interface Command {
  id: string; t: string; command: "locate" | "interval" | "restart"; interval_s?: number; duration_s?: number; alert?: string; basis: string; by: string; note: string;
  state: "queued" | "sent" | "received" | "playing" | "played" | "failed" | "expired" | "cancelled"; changed?: string; reason?: string;
}

/** What is told of the past is whole from `since` on; `consent` false: there is nothing to show without it. */
export interface Past { from: string; to: string; since: string; consent: boolean }
export interface Fix { at: Point; accuracy_m: number; t: string }
export interface Track extends Past { sharp: boolean; one_in: number; fixes: Fix[] }
export interface Routine extends Past { weekdays: { day: string; days: number; out: (number | null)[] }[] }
export interface Visit { from: string; to: string; left: boolean; place: "doorstep" | "indoors"; device: string; people: number; who: string[]; visitors?: string[] }
export interface Outing { left: string; back?: string }
export const past = <T extends Past>(id: string, what: "track" | "routine" | "visits" | "outings", hours: number) =>
  send<T>("GET", `/api/v1/residents/${id}/${what}?from=${encodeURIComponent(new Date(Date.now() - hours * 3600000).toISOString())}`);

/** One row of the registry with the tag that a change of it must name. */
export interface Row { table: string; key: string; fields: Record<string, string>; tag: string }
export interface Edit { t: string; by: string; what: string; columns: string[] }
const rowPath = (table: string, row: string) => `/api/v1/registry/${table}/${encodeURIComponent(row)}`;
export async function row(table: string, id: string): Promise<Row> {
  let tag = "";
  const got = await send<Omit<Row, "tag">>("GET", rowPath(table, id), undefined, {}, (reply) => { tag = reply.get("ETag") ?? ""; });
  return { ...got, tag };
}
/** `tag` "" = there is no such row yet. */
export const setRow = (table: string, id: string, fields: Record<string, string>, tag: string) => send("PUT", rowPath(table, id), { fields }, { "Idempotency-Key": key(), ...(tag && { "If-Match": tag }) });
export const removeRow = (table: string, id: string, tag: string) => send("DELETE", rowPath(table, id), undefined, { "Idempotency-Key": key(), "If-Match": tag });

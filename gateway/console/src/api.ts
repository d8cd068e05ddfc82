// The gateway's interface as the console uses it (gateway/api/openapi.json).

export type Level = "green" | "yellow" | "orange" | "red";
export type Family = "emergency" | "health" | "visitor" | "outing" | "fraud" | "coverage" | "fleet";
export type Action = "acknowledge" | "call" | "comment" | "close";

export interface Finding {
  detector: string; level: Level; code: string; active: boolean; late: boolean; count: number;
  at?: string; found?: string; zone?: string; reason: string; reason_zh: string;
}
export interface Place { territories: { code: string; name: string }[]; name?: string; address?: string }
export interface Alert {
  id: string; subject: Record<string, string>; resident?: string; household?: string;
  family: Family; level: Level; state: "open" | "lapsed" | "closed" | "absorbed"; transitions: number;
  opened: string; changed: string; acknowledged?: string; acknowledged_by?: string; cleared?: string; closed?: string;
  verify_until?: string; disposition?: string; outcome?: string; police_sent: boolean;
  findings: Finding[]; place: Place;
}
export interface Transition { number: number; t: string; kind: string; by: string; why: string }
export interface Job {
  id: string; kind: string; channel: string; role?: string; target?: string; created: string; expires: string;
  state: string; state_at: string; reason?: string; unpersisted?: boolean; history: { t: string; state: string; reason?: string }[];
}
export interface Contact { name: string; relation: string; phone: string }
export interface Whole extends Omit<Alert, "transitions"> {
  transitions: Transition[]; jobs: Job[]; people?: { id: string; name: string; contacts: Contact[] }[];
}
export interface Account { account: string; name: string; role: string; scope: string; disabled: boolean; version: number }
export interface Session { account: Account | null; may?: Action[]; csrf?: string; setup?: boolean }

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

async function send<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  const sent: Record<string, string> = { "Accept-Language": language, ...headers };
  if (method !== "GET") { sent["Content-Type"] = "application/json"; sent["X-CSRF-Token"] = csrf; }
  let reply: Response;
  try {
    reply = await fetch(path, {
      method, headers: sent, credentials: "same-origin", cache: "no-store",
      body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(15000),
    });
  } catch {
    throw new Problem(0, "");
  }
  let data: unknown = null;
  try { data = await reply.json(); } catch { /* an answer without a body, or of a proxy */ }
  const problem = data as { detail?: string; place?: string } | null;
  if (!reply.ok) throw new Problem(reply.status, problem?.detail ?? reply.statusText, problem?.place);
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

export async function alerts(state: "open" | "closed", pages: number): Promise<Alert[]> {
  const all: Alert[] = [];
  let cursor = "";
  for (let page = 0; page < pages; page++) {
    const got = await send<{ alerts: Alert[]; next?: string }>("GET", `/api/v1/alerts?state=${state}&limit=200${cursor && "&cursor=" + cursor}`);
    all.push(...got.alerts);
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

export const names = () => send<{ names: Record<string, string> }>("GET", "/api/v1/names").then((got) => got.names);
export const accounts = () => send<{ accounts: Account[] }>("GET", "/api/v1/accounts").then((got) => got.accounts);
export const addAccount = (account: { account: string; name: string; role: string; scope: string; password: string }) =>
  send<Account>("POST", "/api/v1/accounts", account);
export const changeAccount = ({ account, version, ...rest }: Account, password?: string) =>
  send<Account>("PUT", "/api/v1/accounts/" + account, password ? { ...rest, password } : rest, { "If-Match": `"${version}"` });

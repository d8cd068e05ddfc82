// What the page knows: who is signed in, the open alerts, and whether the line stands. One object, told to whoever listens.
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import type { Alert, Session } from "./api";

export type Line = "connecting" | "live" | "lost";
const LEVELS = ["green", "yellow", "orange", "red"];
const SILENCE_MS = 15000; // the gateway says something every 5 s
const PAGES = 25; // of 200

export const rank = (alert: { level: string }) => LEVELS.indexOf(alert.level);
export const isWaiting = (alert: { state: string; acknowledged?: string }) => alert.state === "open" && !alert.acknowledged;

const dated = (alert: Alert): Alert => { alert.since = Date.parse(alert.opened); return alert; };

/** Most urgent first; among equals what nobody has taken, and what waits longest. */
export function byUrgency(a: Alert, b: Alert): number {
  return rank(b) - rank(a) || Number(isWaiting(b)) - Number(isWaiting(a)) || (a.since ?? 0) - (b.since ?? 0) || (a.id < b.id ? -1 : 1);
}

class Desk {
  session: Session | null = null; // null: not asked yet
  unreachable = false;
  open = new Map<string, Alert>();
  loaded = false;
  line: Line = "connecting";
  lostSince = 0;
  returns = 0; // counts up when the line stands again: what could not be loaded meanwhile is asked for anew
  alarm = 0; // counts up with each red alert that wants somebody
  news = 0; // counts up with everything the line tells
  changed = new Map<string, number>(); // how often an alert was told of, for whoever shows it whole

  private names: Record<string, string> = {}; // account -> the person's name

  private listeners = new Set<() => void>();
  private source: EventSource | null = null;
  private heard = 0;
  private watch = 0;
  private retry = 0;
  private touched: Set<string> | null = null; // while the list loads: what the stream told meanwhile

  listen(listener: () => void) {
    this.listeners.add(listener);
    return () => { this.listeners.delete(listener); };
  }
  private telling = 0;
  /** At most thirty times a second: a flood of alerts must leave the page time to be used. */
  private tell() {
    if (this.telling) return;
    this.telling = window.setTimeout(() => {
      this.telling = 0;
      for (const listener of this.listeners) listener();
    }, 33);
  }

  /** Whoever is behind an account, as far as we are told. */
  nameOf(account: string | undefined): string {
    return (account && this.names[account]) || account || "";
  }
  /** Everybody with an account, as choices. */
  people(): [id: string, name: string][] {
    return Object.entries(this.names).sort(([, a], [, b]) => a.localeCompare(b));
  }
  private async learnNames() {
    try {
      this.names = await api.names();
      this.tell();
    } catch { /* accounts are shown by their ids meanwhile */ }
  }

  async begin() {
    try {
      this.enter(await api.whoami());
      this.unreachable = false;
    } catch {
      this.unreachable = true;
      window.setTimeout(() => void this.begin(), 2000);
    }
    this.tell();
  }

  enter(session: Session) {
    this.session = session;
    if (session.account) this.connect();
    else this.leave(session);
    this.tell();
  }

  leave(session: Session) {
    this.source?.close();
    this.source = null;
    window.clearInterval(this.watch);
    window.clearTimeout(this.retry);
    this.open.clear();
    this.loaded = false;
    this.line = "connecting";
    this.session = session;
    this.tell();
  }

  private connect() {
    this.source?.close();
    window.clearInterval(this.watch);
    window.clearTimeout(this.retry);
    const source = new EventSource("/api/v1/stream");
    this.source = source;
    this.heard = Date.now();
    const hear = () => { this.heard = Date.now(); };
    source.addEventListener("hello", (event) => {
      hear();
      const resumed = (JSON.parse((event as MessageEvent<string>).data) as { resumed: boolean }).resumed;
      if (resumed && this.loaded) this.setLine("live");
      else void this.load();
    });
    source.addEventListener("alert", (event) => { hear(); this.take(JSON.parse((event as MessageEvent<string>).data) as Alert); });
    source.addEventListener("beat", hear);
    source.onerror = () => {
      this.setLine("lost");
      if (source.readyState === EventSource.CLOSED) this.again(source);
    };
    this.watch = window.setInterval(() => { if (Date.now() - this.heard > SILENCE_MS) this.again(source); }, 3000);
  }

  /** The browser gave up, or the line is silent: ask who we are, then begin anew. */
  private again(source: EventSource) {
    if (source !== this.source) return;
    source.close();
    this.setLine("lost");
    window.clearInterval(this.watch);
    window.clearTimeout(this.retry);
    this.retry = window.setTimeout(() => {
      api.whoami().then((session) => { if (source === this.source) this.enter(session); }, () => this.again(source));
    }, 1500);
  }

  private async load() {
    const touched = (this.touched = new Set<string>());
    const source = this.source; // whoever signs out meanwhile leaves nothing behind
    try {
      const first = !this.loaded;
      const list = await api.alerts("open", PAGES, (begin) => {
        if (!first || source !== this.source) return; // what is shown already is more
        for (const alert of begin) if (!touched.has(alert.id)) this.open.set(alert.id, dated(alert));
        this.loaded = true;
        this.tell();
      });
      if (source !== this.source) return;
      const before = this.open;
      this.open = new Map(list.map((alert) => [alert.id, dated(alert)]));
      for (const id of touched) {
        const newer = before.get(id);
        if (!newer) this.open.delete(id);
        else if (newer.transitions >= (this.open.get(id)?.transitions ?? 0)) this.open.set(id, newer);
      }
      if (!first) for (const alert of list) if (!before.has(alert.id)) this.raise(alert);
      for (const id of this.open.keys()) this.count(id);
      this.loaded = true;
      this.setLine("live");
      void this.learnNames();
    } catch (problem) {
      if (problem instanceof api.Problem && problem.status === 401) this.leave({ account: null });
      else if (this.source) this.again(this.source);
    } finally {
      if (this.touched === touched) this.touched = null;
    }
    this.tell();
  }

  private raise(alert: Alert) { if (alert.level === "red" && isWaiting(alert)) this.alarm++; }
  private count(id: string) { this.changed.set(id, (this.changed.get(id) ?? 0) + 1); }

  /** An alert as it is now; told twice or late, it changes nothing. */
  private take(alert: Alert) {
    const before = this.open.get(alert.id);
    this.news++;
    this.touched?.add(alert.id);
    this.count(alert.id);
    if (before && alert.transitions < before.transitions) return;
    if (alert.acknowledged_by && !before?.acknowledged_by && !this.names[alert.acknowledged_by]) void this.learnNames();
    if (alert.state === "open") {
      if (isWaiting(alert) && (!before || !isWaiting(before) || rank(alert) > rank(before))) this.raise(alert);
      this.open.set(alert.id, dated(alert));
    } else {
      this.open.delete(alert.id);
    }
    this.tell();
  }

  private setLine(line: Line) {
    if (line === "lost" && this.line !== "lost") this.lostSince = Date.now();
    if (line === "live" && this.line === "lost") this.returns++;
    this.line = line;
    this.tell();
  }
}

export const desk = new Desk();

/** Renders again with each change of the desk. */
export function useDesk(): Desk {
  const [, again] = useState(0);
  useEffect(() => desk.listen(() => again((n) => n + 1)), []);
  return desk;
}

/** A number that changes when the line stands again: lists and cards name it among what they are loaded by. */
export function useReturns(): number {
  const [returns, set] = useState(desk.returns);
  useEffect(() => desk.listen(() => set(desk.returns)), []);
  return returns;
}

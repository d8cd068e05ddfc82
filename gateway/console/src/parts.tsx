// Small pieces that several screens share.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, type Alert, type Level, type Person, type Whole } from "./api";
import { language, t, term } from "./words";

/** A level by colour, shape and word together: none of them stands alone. */
const SHAPES: Record<Level, string> = {
  red: "M7.5 1.5h9l6 6v9l-6 6h-9l-6-6v-9z", orange: "M12 2 23 21.5H1z", yellow: "M12 1.5 22.5 12 12 22.5 1.5 12z", green: "M12 2a10 10 0 1 0 0 20 10 10 0 1 0 0-20z",
};
const MARKS: Record<Level, string> = { red: "M12 6.5v7M12 16.5v.6", orange: "M12 9.5v5.6M12 17.8v.5", yellow: "M12 7v6M12 16v.6", green: "M12 11v6M12 7v.6" };

export function LevelShape({ level }: { level: Level }) {
  return (
    <svg class={"shape " + level} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path class="body" d={SHAPES[level]} />
      <path class="mark" d={MARKS[level]} />
    </svg>
  );
}
export function LevelTag({ level }: { level: Level }) {
  return <span class={"level " + level}><LevelShape level={level} /><span>{term("level", level)}</span></span>;
}

/** The time that runs: renders again every few seconds. */
export function useNow(everyMs = 5000): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs]);
  return now;
}

export const reason = (finding: { reason: string; reason_zh: string }) => (language() === "zh" ? finding.reason_zh : finding.reason);

/** Who or what an alert is about, as far as we are told. */
export function title(alert: Alert | Whole): string {
  return alert.place.name || alert.place.address || Object.values(alert.subject)[0] || "";
}
export const newest = (alert: Alert | Whole) => alert.findings.find((finding) => finding.active) ?? alert.findings[0];
export const where = (alert: Alert | Whole) => alert.place.territories.slice(0, 3).map((territory) => territory.name).reverse().join(" · ");

export function said(problem: unknown): string {
  if (!(problem instanceof Problem)) return String(problem);
  if (problem.status === 0) return t("e0");
  if (problem.status === 409) return t("e409", problem.detail);
  if (problem.status === 429) return t("e429");
  return t("eOther", problem.detail);
}

/** What stands above a list: why it could not be loaded, or that it is being loaded. */
export function Told({ what, fault }: { what: unknown; fault: string }) {
  if (fault) return <p class="fault" role="alert">{fault}</p>;
  return what ? null : <p role="status">{t("loading")}</p>;
}

export function Field({ label, help, children }: { label: string; help?: string; children: ComponentChildren }) {
  return <label class="field"><span class="label">{label}</span>{children}{help && <span class="help">{help}</span>}</label>;
}

/** A button that works on something: it says so, and cannot be pressed twice. */
export function Button({ work, children, kind = "", ...rest }: { work: () => Promise<void>; children: ComponentChildren; kind?: string; [attribute: string]: unknown }) {
  const [busy, setBusy] = useState(false);
  const press = () => { if (!busy) { setBusy(true); void work().finally(() => setBusy(false)); } };
  return <button type="button" class={"button " + kind} aria-disabled={busy} aria-busy={busy} onClick={press} {...rest}>{children}</button>;
}

const HOLD_MS = 1200;

/** A button that must be held: for what no slip of a thumb may do. Space and Enter are held alike. */
export function HoldButton({ work, children, pressed = false, kind = "" }: { work: () => Promise<void>; children: ComponentChildren; pressed?: boolean; kind?: string }) {
  const [held, setHeld] = useState(false);
  const timer = useRef(0);
  const begin = () => {
    if (timer.current) return;
    setHeld(true);
    timer.current = window.setTimeout(() => { end(); void work(); }, HOLD_MS);
  };
  const end = () => { window.clearTimeout(timer.current); timer.current = 0; setHeld(false); };
  useEffect(() => end, []);
  const key = (event: KeyboardEvent) => event.key === " " || event.key === "Enter";
  return (
    <button type="button" class={`button hold ${kind} ${held ? "held" : ""} ${pressed ? "primary" : ""}`} aria-pressed={pressed} aria-description={t("holdHow")}
      onPointerDown={begin} onPointerUp={end} onPointerLeave={end} onPointerCancel={end} onBlur={end} onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => { if (key(event)) { event.preventDefault(); begin(); } }} onKeyUp={(event) => { if (key(event)) end(); }}>{children}</button>
  );
}

/** The rest of a list. */
export function More({ next, work, count }: { next: number | undefined; work: () => Promise<void>; count?: number }) {
  return next === undefined ? null : <li class="more"><Button work={work}>{t("more")}{count !== undefined && ` (${count})`}</Button></li>;
}

/** Who lives there and whom to call. */
export function People({ people }: { people: Person[] }) {
  return (
    <>
      {people.map((person) => (
        <div key={person.id}>
          <p class="strong"><bdi>{person.name}</bdi></p>
          {person.contacts.length === 0 && <p class="quiet">{t("noContacts")}</p>}
          {person.contacts.map((contact) => (
            <p key={contact.phone + contact.name} class="contact">
              <span><bdi>{contact.name}</bdi> <span class="quiet">{term("relation", contact.relation)}</span></span>
              <a class="button small" href={"tel:" + contact.phone.replace(/[^0-9+*#]/g, "")} aria-label={`${t("call")} ${contact.name} ${contact.phone}`}>{contact.phone}</a>
            </p>
          ))}
        </div>
      ))}
    </>
  );
}

const OTHER = "\u0000";

/** One person of those that are known, or anybody else by id. */
export function Whom({ label, name, people, value, set, none }: { label: string; name: string; people: [id: string, name: string][]; value: string; set: (id: string) => void; none?: string }) {
  const [other, setOther] = useState(false);
  return (
    <>
      <Field label={label}>
        <select name={name} value={other ? OTHER : value} onChange={(event) => { const chosen = event.currentTarget.value; setOther(chosen === OTHER); set(chosen === OTHER ? "" : chosen); }}>
          <option value="">{none ?? ""}</option>
          {people.map(([id, person]) => <option key={id} value={id}>{person === id ? id : `${person} (${id})`}</option>)}
          <option value={OTHER}>{t("otherPerson")}</option>
        </select>
      </Field>
      {other && <Field label={`${label} · ${t("personId")}`}><input name={name + "-id"} pattern="[A-Za-z0-9_\-]{1,64}" maxLength={64} autocomplete="off" autocapitalize="none" value={value} onInput={(event) => set(event.currentTarget.value.trim())} /></Field>}
    </>
  );
}

import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "./api";
import type { Action, Whole } from "./api";
import { desk, isWaiting, useDesk } from "./desk";
import { Map } from "./map";
import { Locate } from "./orders";
import { Speak } from "./speak";
import { AlertTasks, CALLS, Outcome, SENDS } from "./tasks";
import { entriesOf } from "./said";
import { Button, LevelTag, People, Whom, reason, said, title, useNow, where } from "./parts";
import { age, clock, names, t, term } from "./words";

function Timeline({ whole }: { whole: Whole }) {
  const [all, setAll] = useState(false);
  const entries = entriesOf(whole);
  const shown = all ? entries : entries.slice(0, 10);
  return (
    <section class="block">
      <h3>{t("done")}</h3>
      <ol class="timeline">
        {shown.map((entry, i) => (
          <li key={`${entry.t}${entry.what}${entry.text}${i}`} class={entry.kind}>
            <time dateTime={entry.t}>{clock(entry.t)}</time>
            <span><b>{entry.what}</b>{entry.by && <> <bdi class="by">{desk.nameOf(entry.by)}</bdi></>}{entry.text && <bdi class="text">{entry.text}</bdi>}{entry.way && <span class="way">{entry.way.map((state) => `${term("delivery", state.state)} ${clock(state.t)}`).join(" → ")}</span>}</span>
          </li>
        ))}
      </ol>
      {shown.length < entries.length && <button type="button" class="link" onClick={() => setAll(true)}>{t("all")} ({entries.length})</button>}
    </section>
  );
}

function Place({ whole, seesResidents, toast }: { whole: Whole; seesResidents: boolean; toast: (text: string) => void }) {
  const people = whole.people ?? [];
  const resident = whole.subject["resident"] ?? whole.resident ?? people[0]?.id;
  if (!whole.place.address && !whole.place.name) return <section class="block"><h3>{t("where")}</h3><p><bdi>{where(whole)}</bdi></p><p class="quiet">{t("noAddress")}</p></section>;
  return (
    <>
      <section class="block two">
        <div><h3>{t("where")}</h3><p class="strong"><bdi>{whole.place.address}</bdi></p><p class="quiet"><bdi>{where(whole)}</bdi></p></div>
        <div>
          <h3>{t("who")}</h3>
          {people.length === 0 && <p class="strong"><bdi>{whole.place.name}</bdi></p>}
          <People people={people} />
          {seesResidents && resident && <p><a href={"#residents/" + resident}>{t("toCard")}</a></p>}
        </div>
      </section>
      {seesResidents && resident && <section class="block"><h3>{t("map")}</h3><Map id={resident} version={whole.transitions.length} live={whole.state === "open"} />{whole.state === "open" && <Locate resident={resident} toast={toast} />}</section>}
    </>
  );
}

const HOUR_MS = 3600000;
const SNOOZES = [0.5, 1, 2, 4]; // hours; the gateway allows four
const URGENT = ["emergency", "health"];
const HELP_LINES = ["120", "110"]; // ambulance, police

/** Whose it is; or not now, but not forgotten. What is red or an emergency cannot wait. */
function Later({ whole, may, run }: { whole: Whole; may: (action: Action) => boolean; run: (action: Action, body: Record<string, string>, done: string) => Promise<void> }) {
  const [to, setTo] = useState("");
  const waits = whole.level !== "red" && whole.family !== "emergency";
  return (
    <details class="later">
      <summary>{t("assignAlert")}</summary>
      <div class="step">
        {may("assign") && (
          <>
            <Whom label={t("toWhom")} name="assign-to" people={desk.people()} value={to} set={setTo} />
            <Button aria-disabled={!to} work={async () => { if (to) { await run("assign", { to }, t("savedAssign")); setTo(""); } }}>{t("assignButton")}</Button>
          </>
        )}
        {may("snooze") && waits && (
          <>
            <h4>{t("snoozeTitle")}</h4>
            <div class="choices">{SNOOZES.map((hours) => <Button key={hours} work={() => run("snooze", { until: new Date(Date.now() + hours * HOUR_MS - 1000).toISOString() }, t("savedSnooze"))}>{t("snoozeFor", hours < 1 ? t("minutes", hours * 60) : t("hoursShort", hours))}</Button>)}</div>
          </>
        )}
      </div>
    </details>
  );
}

/** Where the rule asks for several people: how many have taken it, by the record; nothing when one is enough. */
function severalOf(whole: Whole): string {
  if (!isWaiting(whole)) return "";
  for (const change of [...whole.transitions].reverse()) {
    const [, have, need] = /^acknowledged, (\d) of (\d)/.exec(change.why) ?? [];
    if (have && need) return t("moreNeeded", have, need, Number(need) - Number(have));
    if (change.kind === "opened" || change.kind === "acknowledged") break;
  }
  return "";
}

/** What the police say of the message to them; only what comes after what was said already. */
function PoliceWords({ whole, run }: { whole: Whole; run: (action: Action, body: Record<string, string>, done: string) => Promise<void> }) {
  const [reason, setReason] = useState("");
  const words = names("police");
  const left = words.slice(whole.police ? words.indexOf(whole.police) + 1 : 0);
  if (!left.length) return null;
  return (
    <>
      <h4>{t("policeTitle")}</h4>
      <label class="field"><span class="label">{t("policeNote")}</span><textarea rows={2} maxLength={80} value={reason} onInput={(event) => setReason(event.currentTarget.value)} /></label>
      <div class="choices">{left.map((state) => {
        const lacks = state === "rejected" && !reason.trim();
        return <Button key={state} kind="small" aria-disabled={lacks} work={async () => { if (!lacks) await run("police", reason.trim() ? { state, note: reason.trim() } : { state }, t("saved")); }}>{term("police", state)}</Button>;
      })}</div>
    </>
  );
}

function Steps({ whole, may, run, toast, load }: { toast: (text: string) => void; load: () => void; whole: Whole; may: (action: Action) => boolean; run: (action: Action, body: Record<string, string>, done: string) => Promise<void> }) {
  const [note, setNote] = useState("");
  const [comment, setComment] = useState("");
  const [disposition, setDisposition] = useState("");
  if (whole.state !== "open") return <section class="block"><h3>{t("next")}</h3><p>{t("nothingMore")}</p></section>;
  if (!may("acknowledge") && !may("comment")) return <section class="block"><h3>{t("next")}</h3><p>{t("readOnly")}</p></section>;
  const silent = whole.findings.some((finding) => finding.detector === "suspicion");
  return (
    <section class="block steps">
      <h3>{t("next")}</h3>
      <p class="advice">{term("advice", whole.family)}</p>
      {URGENT.includes(whole.family) && <p class="choices dial">{HELP_LINES.map((line) => <a key={line} class="button small" href={"tel:" + line}>{t("dial", line)}</a>)}</p>}
      {may("call") && (
        <div class="step">
          <h4>{t("callTitle")}</h4>
          {silent && <p class="warn">{t("callSilent")}</p>}
          {whole.verify_until && <p class="warn">{t("callVerify", clock(whole.verify_until))}</p>}
          <div class="choices">{CALLS.map((outcome) => <Outcome key={outcome} outcome={outcome} sends={Boolean(whole.verify_until) && SENDS.includes(outcome)} work={() => run("call", { outcome }, t("saved"))} />)}</div>
        </div>
      )}
      {may("close") && (
        <div class="step">
          <h4>{t("closeTitle")}</h4>
          <div class="choices" role="radiogroup" aria-label={t("disposition")}>
            {names("disposition").map((name) => (
              <label key={name} class="choice"><input type="radio" name="disposition" value={name} checked={disposition === name} onChange={() => setDisposition(name)} /><span>{term("disposition", name)}</span></label>
            ))}
          </div>
          <label class="field"><span class="label">{t("note")}</span><textarea rows={2} maxLength={80} value={note} onInput={(event) => setNote(event.currentTarget.value)} /></label>
          <Button kind={disposition ? "primary" : ""} aria-disabled={!disposition} work={async () => { if (disposition) await run("close", note ? { disposition, note } : { disposition }, t("savedClose")); }}>{disposition ? t("closeButton") : t("chooseDisposition")}</Button>
        </div>
      )}
      {(may("assign") || may("snooze")) && <div class="step"><Later whole={whole} may={may} run={run} /></div>}
      {may("speak") && <div class="step"><Speak id={whole.id} toast={toast} done={load} /></div>}
      {may("police") && whole.police_sent && <div class="step"><PoliceWords whole={whole} run={run} /></div>}
      {may("comment") && (
        <div class="step">
          <label class="field"><span class="label">{t("comment")}</span><textarea rows={2} maxLength={80} value={comment} onInput={(event) => setComment(event.currentTarget.value)} /></label>
          <Button work={async () => { if (comment.trim()) { await run("comment", { note: comment.trim() }, t("saved")); setComment(""); } }}>{t("commentButton")}</Button>
        </div>
      )}
    </section>
  );
}

function Head({ whole, take }: { whole: Whole; take: (() => Promise<void>) | null }) {
  const now = useNow();
  return (
    <header class={"alert-head " + whole.level}>
      <div class="row"><LevelTag level={whole.level} /><span>{term("family", whole.family)}</span>{whole.exercise && <span class="tag">{t("exercise")}</span>}{!whole.disposition && whole.outcome !== "needs_help" && <span class="tag">{t("verify")}</span>}<time class="age" dateTime={whole.opened}>{age(now - Date.parse(whole.opened))}</time></div>
      <h2 tabIndex={-1}><bdi>{title(whole)}</bdi></h2>
      <p class="state" role="status">
        {whole.state !== "open" ? t(`ended_${whole.state}` as "ended_closed") + (whole.disposition ? " · " + term("disposition", whole.disposition) : "") : isWaiting(whole) ? severalOf(whole) || t("waiting") : t("takenBy", desk.nameOf(whole.acknowledged_by))}
        {whole.state === "open" && whole.snoozed_until && " · " + t("snoozedUntil", clock(whole.snoozed_until))}
        {whole.state === "open" && whole.assigned_to && <> · <bdi>{t("assignedTo", desk.nameOf(whole.assigned_to))}</bdi></>}
        {whole.police && " · " + t("policeSaid", term("police", whole.police))}
        {whole.cleared && whole.state === "open" && " · " + t("cleared")}
      </p>
      {take && <div class="step wide-only"><Button kind="primary big" work={take} aria-keyshortcuts="a">{t("take")}</Button><p class="quiet">{t("takenNote")}</p></div>}
    </header>
  );
}

/** One alert: what happened and why, where, who, what was done, what to do next. */
export function AlertView({ id, back, toast }: { id: string; back: () => void; toast: (text: string) => void }) {
  const { session, changed } = useDesk();
  const [whole, setWhole] = useState<Whole | null>(null);
  const [fault, setFault] = useState("");
  const version = changed.get(id) ?? 0;
  const root = useRef<HTMLElement>(null);
  const may = (action: Action) => session?.may?.includes(action) ?? false;

  const wanted = useRef(id);
  wanted.current = id;
  const asked = useRef(0), shown = useRef(0); // answers may overtake each other: an older one never replaces a newer

  const load = async () => {
    const number = ++asked.current;
    const counts = () => wanted.current === id && number > shown.current;
    try {
      const got = await api.alert(id);
      if (counts()) { shown.current = number; setWhole(got); setFault(""); }
    } catch (problem) {
      if (counts()) setFault(said(problem));
    }
  };
  useEffect(() => { setWhole(null); setFault(""); root.current?.scrollTo(0, 0); }, [id]);
  useEffect(() => void load(), [id, version, desk.line === "live"]);
  useEffect(() => { if (whole) root.current?.querySelector<HTMLElement>("h2")?.focus({ preventScroll: true }); }, [whole?.id]);

  const run = async (action: Action, body: Record<string, string>, done: string) => {
    try {
      await api.act(id, action, body);
      toast(done);
    } catch (problem) {
      if (problem instanceof api.Problem && problem.status === 401) desk.leave({ account: null });
      toast(said(problem));
    }
    await load();
  };
  const take = whole && isWaiting(whole) && may("acknowledge") ? () => run("acknowledge", {}, t("savedTake")) : null;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== "a" || event.ctrlKey || event.metaKey || event.altKey || (event.target as HTMLElement).closest("input, textarea, select")) return;
      void take?.();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  });

  return (
    <article class="detail of-alert" ref={root} aria-label={whole ? title(whole) : t("loading")} aria-busy={!whole && !fault}>
      <button type="button" class="link back" onClick={back}>← {t("back")}</button>
      {fault && !whole && <div class="empty"><h2>{t("failed")}</h2><p>{fault}</p><button type="button" class="button" onClick={() => void load()}>{t("again")}</button></div>}
      {!fault && !whole && <div class="empty" role="status"><span class="spinner" aria-hidden="true" />{t("loading")}</div>}
      {whole && (
        <>
          <Head whole={whole} take={take} />
          <div class="facts-of">
          <section class="block">
            <h3>{t("what")}</h3>
            <ul class="findings">
              {whole.findings.map((finding) => (
                <li key={finding.detector} class={finding.active ? "" : "quiet"}>
                  <p class="strong">{reason(finding)}</p>
                  <p class="quiet">{[term("detector", finding.detector), finding.at && clock(finding.at), finding.count > 1 && t("times", finding.count), finding.late && t("late"), !finding.active && t("ended")].filter(Boolean).join(" · ")}</p>
                </li>
              ))}
            </ul>
          </section>
          <Place whole={whole} seesResidents={session?.parts?.includes("residents") ?? false} toast={toast} />
          </div>
          <div class="work-of">
            <Steps key={whole.id} whole={whole} may={may} run={run} toast={toast} load={() => void load()} />
            {may("task_accept") && <AlertTasks key={"k" + whole.id} id={whole.id} version={whole.transitions.length + whole.jobs.length} asks={may("call") && whole.state === "open"} toast={toast} />}
          </div>
          <Timeline key={"t" + whole.id} whole={whole} />
          {take && <div class="thumb"><Button kind="primary big" work={take}>{t("take")}</Button></div>}
        </>
      )}
    </article>
  );
}

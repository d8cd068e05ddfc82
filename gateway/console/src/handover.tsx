// One shift hands over to the next: what is open, and two signatures.
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "./api";
import type { Handover } from "./api";
import { desk, useDesk, useReturns } from "./desk";
import { Button, Field, HoldButton, LevelTag, Told, newest, reason, said, title } from "./parts";
import { clock, t, term } from "./words";

type Toast = (text: string) => void;
const isWaiting = (one: Handover) => one.state === "open" || one.state === "overdue";
const forWhat = (one: Handover) => one.roster ?? [term("role", one.role), one.territory].filter(Boolean).join(" · ");
const counted = (one: Handover) => t("handedCounts", one.counts.alerts, one.counts.tasks, one.counts.silences, one.counts.statuses);

function New({ came, since }: { came: string | undefined; since: string | undefined }) {
  return since && came && Date.parse(came) >= Date.parse(since) ? <span class="tag waiting">{t("handedNew")}</span> : null;
}

/** What is handed over, as it stands; what came after the list before is marked. */
function Handed({ whole }: { whole: Handover }) {
  const empty = !whole.alerts?.length && !whole.tasks?.length && !whole.silences?.length && !whole.statuses?.length;
  return (
    <ul class="records">
      {empty && <li class="quiet">{t("handedNothing")}</li>}
      {whole.alerts?.map((alert) => <li key={alert.id}><a href={"#open/" + alert.id}><LevelTag level={alert.level} /> <bdi>{title(alert)}</bdi></a> <New came={alert.changed} since={whole.since} /> <bdi class="quiet">{newest(alert) && reason(newest(alert)!)} {alert.acknowledged_by && desk.nameOf(alert.acknowledged_by)}</bdi></li>)}
      {whole.tasks?.map((task) => <li key={task.id}><a href={"#tasks/" + task.id}><b>{term("task", task.task)}</b> <bdi>{task.place?.name ?? Object.values(task.subject)[0]}</bdi></a> <New came={task.opened} since={whole.since} /> <bdi class="quiet">{task.assignee ? desk.nameOf(task.assignee) : term("role", task.role)}</bdi></li>)}
      {whole.silences?.map((silence) => <li key={silence.id}><b>{t("silences")}</b> <bdi>{silence.resident ?? silence.household ?? silence.territory ?? silence.device}</bdi> <New came={silence.t} since={whole.since} /> <span class="quiet">{desk.nameOf(silence.by)} → {clock(silence.until)} <bdi>{silence.note}</bdi></span></li>)}
      {whole.statuses?.map((one) => <li key={one.resident}><a href={"#residents/" + one.resident}><b>{term("status", one.status)}</b> <bdi>{one.name ?? one.resident}</bdi></a> {one.until && <span class="quiet">→ {clock(one.until)}</span>}</li>)}
    </ul>
  );
}

/** One that waits: who comes on looks at the list and signs that very list. */
function Waiting({ one, toast, done }: { one: Handover; toast: Toast; done: () => Promise<void> }) {
  const { session, news } = useDesk();
  const returns = useReturns();
  const [whole, setWhole] = useState<Handover | null>(null);
  const [fault, setFault] = useState("");
  const [note, setNote] = useState("");
  const asked = useRef(0);
  const me = session?.account?.account;
  const load = () => {
    const number = ++asked.current;
    return api.handover(one.id).then((got) => { if (number === asked.current) { setWhole(got); setFault(""); } return got; });
  };
  const refresh = () => void load().catch((problem: unknown) => setFault(said(problem)));
  useEffect(() => {
    const timer = window.setTimeout(refresh, 300); // a flood of news is one question
    return () => window.clearTimeout(timer);
  }, [one.id, one.changed, news, returns]);
  const sign = async () => {
    if (!whole) return;
    try {
      await api.once(`handovers/${one.id}/sign`, { list: String(whole.list), ...(note.trim() ? { note: note.trim() } : {}) });
      toast(t((await load()).state === "signed" ? "handoverSigned" : "handoverMore"));
    } catch (problem) {
      toast(said(problem));
      refresh();
    }
    await done();
  };
  const maySign = session?.may?.some((action) => action === "handover_sign") && me !== one.from && (me === one.to || one.state === "overdue");
  return (
    <section class="block handover">
      <h3><bdi>{forWhat(one)}</bdi> · {desk.nameOf(one.from)} → {desk.nameOf(one.to)}</h3>
      <p class="foot"><span class={"tag " + (one.state === "overdue" ? "waiting late" : "")}>{term("handoverState", one.state)}</span> <span class="quiet">{t("shiftEnd")} {clock(one.due)}</span></p>
      {one.state === "overdue" && <p class="advice">{t("staysOnCall", one.outgoing.map(desk.nameOf, desk).join("、"))}</p>}
      {fault && <p class="fault" role="alert">{fault}</p>}
      {!whole && !fault && <p role="status">{t("loading")}</p>}
      {whole && <><h4>{t("handedList", whole.list)} <span class="quiet">{counted(whole)}</span></h4><Handed whole={whole} /></>}
      {whole && maySign && <><Field label={t("note")}><input name="sign-note" maxLength={80} autocomplete="off" value={note} onInput={(event) => setNote(event.currentTarget.value)} /></Field><HoldButton pressed={false} work={sign}>{t("holdSign")}</HoldButton></>}
    </section>
  );
}

function Begin({ toast, done }: { toast: Toast; done: () => Promise<void> }) {
  const returns = useReturns();
  const { session } = useDesk();
  const [rosters, setRosters] = useState<string[]>([]);
  const [people, setPeople] = useState<[string, string][]>([]);
  const [fault, setFault] = useState("");
  const [order, setOrder] = useState<Record<string, string>>({ what: "", to: "", until: "", note: "" });
  const set = (name: string) => (event: Event) => setOrder({ ...order, [name]: (event.currentTarget as HTMLInputElement).value });
  const account = session?.account;
  useEffect(() => {
    api.page<{ name: string }>("rosters", "rosters").then((got) => setRosters(got.rows.map((one) => one.name)), (problem: unknown) => setFault(said(problem)));
    setFault("");
    api.names().then((names) => setPeople(Object.entries(names).filter(([id]) => id !== account?.account)), (problem: unknown) => setFault(said(problem)));
  }, [returns]);
  const to = order["to"] ?? ""; // never somebody by default: a signature is asked of whoever is named
  const begin = async () => {
    if (!to) return;
    const body: Record<string, string> = { to };
    if (order["what"]) body["roster"] = order["what"];
    else {
      body["role"] = account?.role ?? "";
      if (account?.scope) body["territory"] = account.scope;
    }
    if (order["until"]) body["until"] = new Date(order["until"]).toISOString();
    if (order["note"]?.trim()) body["note"] = order["note"].trim();
    try { await api.once("handovers/begin", body); toast(t("saved")); setOrder({ ...order, note: "" }); } catch (problem) { toast(said(problem)); }
    await done();
  };
  return (
    <section class="panel">
      <h3>{t("handOver")}</h3>
      <p class="quiet">{t("handoverHelp")}</p>
      {fault && <p class="fault" role="alert">{fault}</p>}
      <Field label={t("handoverWhat")}><select name="what" value={order["what"]} onChange={set("what")}><option value="">{[term("role", account?.role), account?.scope].filter(Boolean).join(" · ")}</option>{rosters.map((name) => <option key={name} value={name}>{name}</option>)}</select></Field>
      <Field label={t("handoverTo")}><select name="to" value={to} onChange={set("to")}><option value="">{t("choosePerson")}</option>{people.map(([id, name]) => <option key={id} value={id}>{name}</option>)}</select></Field>
      <Field label={t("shiftEnd")} help={t("shiftEndHelp")}><input name="until" type="datetime-local" value={order["until"]} onInput={set("until")} /></Field>
      <Field label={t("note")}><input name="note" maxLength={80} autocomplete="off" value={order["note"]} onInput={set("note")} /></Field>
      <Button kind={to ? "primary" : ""} aria-disabled={!to} work={begin}>{t("handOver")}</Button>
    </section>
  );
}

/** Handovers that wait, beginning one, and those of the last month. */
export function Handovers({ toast }: { toast: Toast }) {
  const { session } = useDesk();
  const [rows, setRows] = useState<Handover[] | null>(null);
  const [fault, setFault] = useState("");
  const load = () => api.page<Handover>("handovers", "handovers").then((got) => { setRows(got.rows); setFault(""); }, (problem: unknown) => setFault(said(problem)));
  useEffect(() => {
    void load();
    const timer = window.setInterval(() => void load(), 5000);
    return () => window.clearInterval(timer);
  }, []);
  const waiting = rows?.filter(isWaiting) ?? [], ended = rows?.filter((one) => !isWaiting(one)) ?? [];
  return (
    <>
      <Told what={rows} fault={fault} />
      {rows && waiting.length === 0 && <p class="quiet">{t("noHandovers")}</p>}
      {waiting.map((one) => <Waiting key={one.id} one={one} toast={toast} done={load} />)}
      {session?.may?.some((action) => action === "handover_begin") && <Begin toast={toast} done={load} />}
      {ended.length > 0 && <h3>{t("done")}</h3>}
      <ul class="records">{ended.map((one) => <li key={one.id}><time dateTime={one.changed}>{clock(one.changed)}</time> <b>{term("handoverState", one.state)}</b> <bdi>{forWhat(one)}</bdi> {desk.nameOf(one.from)} → {desk.nameOf(one.signed_by ?? one.to)} <span class="quiet">{counted(one)}</span></li>)}</ul>
    </>
  );
}

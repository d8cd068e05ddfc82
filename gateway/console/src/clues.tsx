// The ledger of clues: what alerts that were true or transferred leave to be done, whose it is and by when.
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "./api";
import type { Action, Clue, Page } from "./api";
import { desk, useDesk, useReturns } from "./desk";
import { Button, Field, LevelShape, More, Whom, said, useNow } from "./parts";
import { age, clock, names, t, term } from "./words";

type Toast = (text: string) => void;
const isOpen = (clue: Clue) => clue.state !== "closed";
const titleOf = (clue: Clue) => clue.place?.name || clue.place?.address || Object.values(clue.subject)[0] || "";

function Tags({ clue }: { clue: Clue }) {
  const now = useNow(15000);
  const left = Date.parse(clue.due) - now;
  return (
    <>
      <span class={"tag " + (isOpen(clue) ? "" : "taken")}>{term("clue", clue.state)}{clue.result && " · " + term("result", clue.result)}</span>
      {isOpen(clue) && <span class={"tag " + (left < 0 ? "waiting late" : "")}>{left < 0 ? t("overdueBy", age(-left)) : left < 60000 ? t("dueNow") : t("dueIn", age(left))}</span>}
      <span class="tag taken"><bdi>{desk.nameOf(clue.responsible)}</bdi></span>
      {clue.authority && <span class="tag"><bdi>{t("handedOver", clue.authority)}</bdi></span>}
    </>
  );
}

type Work = (verb: string, body: Record<string, string>) => Promise<boolean>;

/** Members with a text; times as the gateway wants them. */
function bodyOf(fields: Record<string, string>): Record<string, string> {
  const body: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) if (value.trim()) body[name] = name === "until" ? new Date(value).toISOString() : value.trim();
  return body;
}

/** A step that is opened when it is wanted: fields, and one button that waits for what is needed. */
function Step({ title, verb, needs, fields, button, work }: { title: string; verb: string; needs: string; fields: ("to" | "note" | "until" | "authority" | "receipt")[]; button: string; work: Work }) {
  const [values, setValues] = useState<Record<string, string>>({});
  const set = (name: string) => (value: string) => setValues((before) => ({ ...before, [name]: value }));
  const ready = Boolean(values[needs]?.trim());
  const box = useRef<HTMLDetailsElement>(null);
  const send = async () => {
    if (!ready || !(await work(verb, bodyOf(values)))) return;
    setValues({});
    if (box.current) box.current.open = verb === "handle";
  };
  const shown = (name: (typeof fields)[number]) => {
    const value = values[name] ?? "";
    switch (name) {
      case "to": return <Whom key={name} label={t("toWhom")} name={verb + "-to"} people={desk.people()} value={value} set={set(name)} />;
      case "until": return <Field key={name} label={t("newDue")}><input type="datetime-local" name={verb + "-until"} value={value} onInput={(event) => set(name)(event.currentTarget.value)} /></Field>;
      case "note": return <Field key={name} label={t(needs === "note" ? "handleTitle" : "note")}><textarea name={verb + "-note"} rows={2} maxLength={80} value={value} onInput={(event) => set(name)(event.currentTarget.value)} /></Field>;
      default: return <Field key={name} label={t(name)}><input name={verb + "-" + name} maxLength={name === "authority" ? 31 : 20} autocomplete="off" value={value} onInput={(event) => set(name)(event.currentTarget.value)} /></Field>;
    }
  };
  return (
    <details class={verb} ref={box} open={verb === "handle"}>
      <summary>{title}</summary>
      <div class="step">
        {fields.map(shown)}
        <Button kind={ready ? "primary" : ""} aria-disabled={!ready} work={send}>{button}</Button>
      </div>
    </details>
  );
}

function Close({ work }: { work: Work }) {
  const [result, setResult] = useState("");
  const [note, setNote] = useState("");
  return (
    <details class="close">
      <summary>{t("resultTitle")}</summary>
      <div class="step">
        <div class="choices" role="radiogroup" aria-label={t("resultTitle")}>
          {names("result").map((name) => <label key={name} class="choice"><input type="radio" name="result" value={name} checked={result === name} onChange={() => setResult(name)} /><span>{term("result", name)}</span></label>)}
        </div>
        <Field label={t("note")}><textarea name="close-note" rows={2} maxLength={80} value={note} onInput={(event) => setNote(event.currentTarget.value)} /></Field>
        <Button kind={result ? "primary" : ""} aria-disabled={!result} work={async () => { if (result) await work("close", bodyOf({ result, note })); }}>{result ? t("closeClue") : t("chooseResult")}</Button>
      </div>
    </details>
  );
}

function Steps({ clue, work }: { clue: Clue; work: Work }) {
  const { session } = useDesk();
  const may = (action: Action) => session?.may?.includes(action) ?? false;
  if (!isOpen(clue)) return null;
  return (
    <section class="block steps">
      <h3>{t("next")}</h3>
      {may("ledger_handle") && <Step title={t("handleTitle")} verb="handle" needs="note" fields={["note", "until"]} button={t("handleButton")} work={work} />}
      {may("ledger_assign") && <Step title={t("assignTitle")} verb="assign" needs="to" fields={["to", "until", "note"]} button={t("assignButton")} work={work} />}
      {may("ledger_transfer") && <Step title={t("transferTitle")} verb="transfer" needs="authority" fields={["authority", "receipt", "until", "note"]} button={t("transferButton")} work={work} />}
      {may("ledger_close") && <Close work={work} />}
    </section>
  );
}

function Facts({ clue }: { clue: Clue }) {
  const facts: [string, string | undefined][] = [
    [t("responsible"), desk.nameOf(clue.responsible)], [t("dueUntil"), clock(clue.due)], [t("disposition"), term("disposition", clue.disposition)],
    [t("authority"), clue.authority && [clue.authority, clue.receipt, clue.transferred && clock(clue.transferred)].filter(Boolean).join(" · ")],
    [t("cameOfIt"), clue.result && term("result", clue.result)],
  ];
  return <dl class="facts">{facts.filter(([, fact]) => fact).map(([name, fact]) => <div key={name}><dt>{name}</dt><dd><bdi>{fact}</bdi></dd></div>)}</dl>;
}

function ClueView({ id, tick, back, toast, changed }: { id: string; tick: number; back: () => void; toast: Toast; changed: () => void }) {
  const [clue, setClue] = useState<Clue | null>(null);
  const [fault, setFault] = useState("");
  const root = useRef<HTMLElement>(null);
  const asked = useRef(0);
  const load = async () => {
    const number = ++asked.current;
    try {
      const got = await api.clue(id);
      if (number === asked.current) { setClue(got); setFault(""); }
    } catch (problem) {
      if (number === asked.current) setFault(said(problem));
    }
  };
  useEffect(() => { setClue(null); setFault(""); root.current?.scrollTo(0, 0); }, [id]);
  const returns = useReturns();
  useEffect(() => void load(), [id, tick, returns]);
  useEffect(() => { if (clue) root.current?.querySelector<HTMLElement>("h2")?.focus({ preventScroll: true }); }, [clue?.id]);
  const work: Work = async (verb, body) => {
    let done = true;
    try { await api.once(`ledger/${id}/${verb}`, body); toast(t("saved")); } catch (problem) { toast(said(problem)); done = false; }
    await load();
    changed();
    return done;
  };
  return (
    <article class="detail" ref={root} aria-label={clue ? titleOf(clue) : t("loading")} aria-busy={!clue && !fault}>
      <button type="button" class="link back" onClick={back}>← {t("back")}</button>
      {fault && !clue && <div class="empty"><h2>{t("failed")}</h2><p>{fault}</p><button type="button" class="button" onClick={() => void load()}>{t("again")}</button></div>}
      {!fault && !clue && <div class="empty" role="status"><span class="spinner" aria-hidden="true" />{t("loading")}</div>}
      {clue && (
        <>
          <header class={"alert-head " + clue.level}>
            <div class="row"><LevelShape level={clue.level} /><span>{term("level", clue.level)} · {term("family", clue.family)}</span><time class="age" dateTime={clue.opened}>{clock(clue.opened)}</time></div>
            <h2 tabIndex={-1}><bdi>{titleOf(clue)}</bdi></h2>
            <p class="foot" role="status"><Tags clue={clue} /></p>
            <p>{clue.place?.name && clue.place.address && <><bdi>{clue.place.address}</bdi> · </>}<a href={"#past/" + clue.id}>{t("toAlert")}</a></p>
            <Facts clue={clue} />
          </header>
          <Steps key={clue.id} clue={clue} work={work} />
          <section class="block">
            <h3>{t("done")}</h3>
            <ol class="timeline">
              {[...(clue.history ?? [])].reverse().map((event, i) => (
                <li key={i} class={event.kind === "overdue" ? "job-failed" : event.kind}><time dateTime={event.t}>{clock(event.t)}</time><span><b>{term("clueEvent", event.kind)}</b>{event.by !== "policy" && <> <bdi class="by">{desk.nameOf(event.by)}</bdi></>}{event.why && <bdi class="text">{event.kind === "closed" ? event.why.replace(/^\w+/, (word) => term("result", word)) : event.kind === "assigned" ? event.why.replace(/^[\w-]+/, (word) => desk.nameOf(word)) : event.why}</bdi>}</span></li>
              ))}
            </ol>
          </section>
        </>
      )}
    </article>
  );
}

const VIEWS = ["clueOpen", "clueOverdue", "clueAll", ...(["open", "handling", "transferred", "closed"] as const)] as const;
type Shown = (typeof VIEWS)[number];
const isState = (shown: Shown): shown is Clue["state"] => !shown.startsWith("clue");

/** What is open, what is due first on top; one entry beside it. */
export function Clues({ id, choose, toast }: { id: string | null; choose: (id: string | null) => void; toast: Toast }) {
  const { session } = useDesk();
  const [shown, setShown] = useState<Shown>("clueOpen");
  const [whose, setWhose] = useState("");
  const [family, setFamily] = useState("");
  const [page, setPage] = useState<Page<Clue, string> | null>(null);
  const [fault, setFault] = useState("");
  const tick = useNow(15000); // the ledger is not on the live line
  const returns = useReturns();
  const asked = useRef(0), deep = useRef(false);
  const load = async (cursor?: string) => {
    const number = ++asked.current;
    const words = { family, responsible: whose && session?.account?.account, state: isState(shown) ? shown : "", all: shown === "clueAll" ? "yes" : "", overdue: shown === "clueOverdue" ? "yes" : "", cursor };
    try {
      const got = await api.page<Clue, string>("ledger", "ledger", words);
      if (number !== asked.current) return;
      deep.current = cursor !== undefined;
      setPage((before) => ({ rows: cursor ? [...(before?.rows ?? []), ...got.rows] : got.rows, next: got.next }));
      setFault("");
    } catch (problem) {
      if (number === asked.current) setFault(said(problem));
    }
  };
  useEffect(() => { deep.current = false; setPage(null); }, [shown, whose, family]);
  useEffect(() => { if (!deep.current) void load(); }, [shown, whose, family, tick, returns]); // whoever paged on keeps the pages
  return (
    <>
      <section class="board" aria-label={t("clues")}>
        <div class="filters">
          <select aria-label={t("filterState")} value={shown} onChange={(event) => setShown(event.currentTarget.value as Shown)}>{VIEWS.map((one) => <option key={one} value={one}>{isState(one) ? term("clue", one) : t(one)}</option>)}</select>
          <select aria-label={t("filterWhose")} value={whose} onChange={(event) => setWhose(event.currentTarget.value)}><option value="">{t("anybodys")}</option><option value="mine">{t("clueMine")}</option></select>
          <select aria-label={t("filterFamily")} value={family} onChange={(event) => setFamily(event.currentTarget.value)}><option value="">{t("allFamilies")}</option>{names("family").map((name) => <option key={name} value={name}>{term("family", name)}</option>)}</select>
        </div>
        {fault && <p class="fault" role="alert">{fault}</p>}
        {!page && !fault && <div class="empty" role="status"><span class="spinner" aria-hidden="true" />{t("loading")}</div>}
        {page?.rows.length === 0 && page.next === undefined && <div class="empty"><h2>{t("noClues")}</h2><p>{t("noCluesText")}</p></div>}
        <ul class="cards">
          {page?.rows.map((clue) => (
            <li key={clue.id}>
              <button type="button" class={`card ${clue.level}`} data-id={clue.id} aria-current={clue.id === id ? "true" : undefined} onClick={() => choose(clue.id)}>
                <LevelShape level={clue.level} />
                <span class="main">
                  <span class="head"><span class="word">{term("level", clue.level)}</span><span class="kind">{term("family", clue.family)}</span><time class="age" dateTime={clue.opened}>{clock(clue.opened)}</time></span>
                  <bdi class="title">{titleOf(clue)}</bdi>
                  <span class="foot"><Tags clue={clue} /></span>
                </span>
              </button>
            </li>
          ))}
          <More next={page?.next === undefined ? undefined : 1} work={() => load(page?.next)} />
        </ul>
      </section>
      {id ? <ClueView id={id} tick={tick} back={() => choose(null)} toast={toast} changed={() => void load()} /> : <div class="detail none"><p>{t("selectClue")}</p></div>}
    </>
  );
}

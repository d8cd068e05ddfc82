// What the office looks at by day: silences and their ledger, who did what, who looked at whom, how the gateway is.
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import type { Change, Health, Page, Silence, Suppression, View } from "./api";
import { desk, useDesk, useReturns } from "./desk";
import { Button, Field, LevelTag, More, Told, said } from "./parts";
import { Handovers } from "./handover";
import { Announcements, Campaigns } from "./planned";
import { Registry } from "./registry";
import { Reports } from "./reports";
import { Rosters } from "./rosters";
import { sentence } from "./said";
import { clock, language, names, t, term } from "./words";

type Toast = (text: string) => void;

/** Rows of a list that goes backwards, loaded page by page. */
function useBack<T>(path: string, name: string, words: Record<string, string>) {
  const [page, setPage] = useState<Page<T> | null>(null);
  const returns = useReturns();
  const [fault, setFault] = useState("");
  const load = (cursor?: number) => api.page<T>(path, name, { ...words, cursor }).then(
    (got) => { setPage((before) => ({ rows: cursor ? [...(before?.rows ?? []), ...got.rows] : got.rows, next: got.next })); setFault(""); },
    (problem: unknown) => setFault(said(problem)));
  useEffect(() => {
    const timer = window.setTimeout(() => void load(), 200);
    return () => window.clearTimeout(timer);
  }, [JSON.stringify(words), returns]);
  return { page, fault, load };
}

const subjectOf = (silence: Silence) => silence.resident ?? silence.household ?? silence.territory ?? silence.device ?? "?";

function AddSilence({ done, toast }: { done: () => void; toast: Toast }) {
  const add = async (event: Event) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement, data = new FormData(form);
    const text = (name: string) => String(data.get(name) ?? "").trim();
    const body: Record<string, string> = { [text("kind")]: text("id"), note: text("note"), until: new Date(text("until")).toISOString() };
    if (text("family")) body["family"] = text("family");
    try {
      await api.once("silences/add", body);
      form.reset();
      toast(t("saved"));
      done();
    } catch (problem) {
      toast(said(problem));
    }
  };
  return (
    <form class="panel" onSubmit={(event) => void add(event)}>
      <h3>{t("addSilence")}</h3>
      <p class="quiet">{t("silenceHelp")}</p>
      <Field label={t("silenceKind")}><select name="kind">{names("subject").map((kind) => <option key={kind} value={kind}>{term("subject", kind)}</option>)}</select></Field>
      <Field label={t("silenceId")}><input name="id" required pattern="[A-Za-z0-9_\-]{1,64}" autocomplete="off" autocapitalize="none" /></Field>
      <Field label={t("silenceFamily")}><select name="family"><option value="">{t("allFamilies")}</option>{names("family").filter((name) => name !== "emergency").map((name) => <option key={name} value={name}>{term("family", name)}</option>)}</select></Field>
      <Field label={t("silenceUntil")}><input name="until" type="datetime-local" required /></Field>
      <Field label={t("silenceWhy")}><input name="note" required maxLength={80} autocomplete="off" /></Field>
      <button class="button primary">{t("create")}</button>
    </form>
  );
}

function Silences({ toast }: { toast: Toast }) {
  const { page, fault, load } = useBack<Silence>("silences", "silences", {});
  const ledger = useBack<Suppression>("suppressions", "suppressions", {});
  const now = Date.now();
  const running = page?.rows.filter((silence) => !silence.removed && Date.parse(silence.until) > now) ?? [];
  const end = async (silence: Silence) => {
    try { await api.once(`silences/${silence.id}/remove`, {}); toast(t("saved")); } catch (problem) { toast(said(problem)); }
    await load();
  };
  return (
    <>
      <Told what={page && ledger.page} fault={fault || ledger.fault} />
      {page && running.length === 0 && <p class="quiet">{t("noSilences")}</p>}
      <ul class="accounts">
        {running.map((silence) => (
          <li key={silence.id}>
            <span><bdi class="strong">{subjectOf(silence)}</bdi> <span class="quiet">{silence.family ? term("family", silence.family) : t("allFamilies")}</span></span>
            <span><bdi>{silence.note}</bdi> <span class="quiet">{desk.nameOf(silence.by)} → {clock(silence.until)}</span></span>
            <Button kind="small" work={() => end(silence)}>{t("endSilence")}</Button>
          </li>
        ))}
      </ul>
      <AddSilence done={() => void load()} toast={toast} />
      <h3>{t("ledger")}</h3>
      {ledger.page?.rows.length === 0 && <p class="quiet">{t("nothingRecorded")}</p>}
      <ul class="records">{ledger.page?.rows.map((row, i) => <li key={i}><a href={"#past/" + row.alert}><time dateTime={row.t}>{clock(row.t)}</time> <LevelTag level={row.level} /> {term("job", row.kind)} {row.role && term("role", row.role)} <bdi>{row.who || row.what}</bdi></a> <span class="quiet">{term("rule", row.rule)} {row.by && desk.nameOf(row.by)} <bdi>{row.note}</bdi></span></li>)}</ul>
    </>
  );
}

/** By a detector: its sentence stands in the record in one language; the alert behind the row has both. */
const isFound = (row: Change) => term("detector", row.by) !== row.by;

function Audit() {
  const [by, setBy] = useState("");
  const { page, fault, load } = useBack<Change>("audit", "changes", { by: by.trim() });
  return (
    <>
      <div class="filters flat"><input type="search" aria-label={t("auditBy")} placeholder={t("auditBy")} maxLength={64} value={by} onInput={(event) => setBy(event.currentTarget.value)} /></div>
      <Told what={page} fault={fault} />
      {page?.rows.length === 0 && <p class="quiet">{t("nothingRecorded")}</p>}
      <ul class="records">{page?.rows.map((row, i) => <li key={i}><a href={"#past/" + row.alert}><time dateTime={row.t}>{clock(row.t)}</time> <b>{row.why.startsWith("call: ") ? t("called") : term("transition", row.kind)}</b></a> <bdi class="by">{isFound(row) ? term("detector", row.by) : desk.nameOf(row.by)}</bdi> <bdi class="quiet">{isFound(row) && language() === "zh" ? "" : sentence(row)}</bdi></li>)}</ul>
      <More next={page?.next} work={() => load(page?.next)} />
    </>
  );
}

function Views() {
  const [about, setAbout] = useState("");
  const { page, fault, load } = useBack<View>("views", "views", { about: about.trim() });
  return (
    <>
      <div class="filters flat"><input type="search" aria-label={t("viewsAbout")} placeholder={t("viewsAbout")} maxLength={64} value={about} onInput={(event) => setAbout(event.currentTarget.value)} /></div>
      <Told what={page} fault={fault} />
      {page?.rows.length === 0 && <p class="quiet">{t("nothingRecorded")}</p>}
      <ul class="records">{page?.rows.map((row, i) => <li key={i}><time dateTime={row.t}>{clock(row.t)}</time> <bdi class="by">{desk.nameOf(row.by)}</bdi> {term("viewed", row.what)} <bdi class="quiet">{row.about}</bdi></li>)}</ul>
      <More next={page?.next} work={() => load(page?.next)} />
    </>
  );
}

function Gateway() {
  const [health, setHealth] = useState<Health | null>(null);
  const [fault, setFault] = useState("");
  useEffect(() => {
    const load = () => api.health().then((got) => { setHealth(got); setFault(""); }, (problem: unknown) => setFault(said(problem)));
    void load();
    const timer = window.setInterval(() => void load(), 5000);
    return () => window.clearInterval(timer);
  }, []);
  if (fault && !health) return <p class="fault" role="alert">{fault}</p>;
  if (!health) return <p role="status">{t("loading")}</p>;
  const stands: [string, boolean][] = [[t("hReady"), health.ready], [t("hCore"), health.core], [t("hBroker"), health.broker], [t("hStore"), health.store && !health.unpersisted]];
  const counts: [string, string | number | undefined][] = [
    [t("hStarted"), health.started && clock(health.started)], [t("hInput"), health.last_input && clock(health.last_input)], [t("hCommit"), health.last_commit && clock(health.last_commit)],
    [t("residents"), health.residents], [t("devices"), health.devices], [t("hInputs"), health.inputs], [t("hOpen"), health.alerts_open], [t("hAlerts"), health.alerts], [t("hWaiting"), health.waiting], [t("hGaps"), health.gaps], [t("hRegistry"), health.registry.slice(0, 12)],
  ];
  return (
    <>
      {fault && <p class="fault" role="alert">{fault}</p>}
      <ul class="facts panelled">{stands.map(([name, well]) => <li key={name}><span>{name}</span><span class={"state " + (well ? "covered" : "not_heard")}><span aria-hidden="true">{well ? "✓" : "✗"}</span> {well ? t("hWell") : t("hIll")}</span></li>)}</ul>
      <dl class="facts panelled">{counts.filter(([, count]) => count !== undefined).map(([name, count]) => <div key={name}><dt>{name}</dt><dd><bdi>{count}</bdi></dd></div>)}</dl>
      <details class="panelled"><summary>{t("hNumbers")}</summary><dl class="facts">{Object.entries(health.numbers).map(([name, value]) => <div key={name}><dt><bdi class="quiet">{name}</bdi></dt><dd>{value}</dd></div>)}</dl></details>
    </>
  );
}

/** Name, word, and the right that brings it. */
const PARTS = [["silences", "silences", "silences"], ["announced", "announcements", "silences"], ["campaigns", "campaigns", "campaign"], ["rosters", "rosters", "rosters"], ["handovers", "handovers", "rosters"], ["reports", "reports", "reports"], ["audit", "audit", "audit"], ["views", "views", "views"], ["health", "gateway", "health"], ["registry", "registry", "registry"]] as const;
type Part = (typeof PARTS)[number][0];

export function Office({ part, toast }: { part: string | null; toast: Toast }) {
  const { session } = useDesk();
  const mine = PARTS.filter(([, , right]) => session?.parts?.includes(right) || session?.may?.some((one) => one === right));
  const chosen: Part | undefined = (mine.find(([name]) => name === part) ?? mine[0])?.[0];
  return (
    <section class="page" aria-label={t("office")}>
      <nav class="subnav" aria-label={t("office")}>{mine.map(([name, word]) => <a key={name} href={"#office/" + name} aria-current={name === chosen ? "page" : undefined}>{t(word)}</a>)}</nav>
      <h2>{chosen && t(PARTS.find(([name]) => name === chosen)![1])}</h2>
      {chosen === "silences" && <Silences toast={toast} />}
      {chosen === "announced" && <Announcements toast={toast} />}
      {chosen === "campaigns" && <Campaigns toast={toast} />}
      {chosen === "rosters" && <Rosters toast={toast} />}
      {chosen === "handovers" && <Handovers toast={toast} />}
      {chosen === "reports" && <Reports />}
      {chosen === "audit" && <Audit />}
      {chosen === "views" && <Views />}
      {chosen === "health" && <Gateway />}
      {chosen === "registry" && <Registry toast={toast} />}
    </section>
  );
}

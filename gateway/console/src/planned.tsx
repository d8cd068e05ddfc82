// What is arranged ahead: announced visits and events, and prompts to many.
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import type { Announced, Campaign, Prompt, Territory } from "./api";
import { desk, useReturns } from "./desk";
import { Button, Field, HoldButton, Told, said } from "./parts";
import { clock, language, names, t, term } from "./words";

type Toast = (text: string) => void;
const HOUR_MS = 3600000;

/** A list that is loaded once, and anew by whoever changed it. */
export function useList<T>(path: string, name: string) {
  const [rows, setRows] = useState<T[] | null>(null);
  const [fault, setFault] = useState("");
  const load = () => api.page<T>(path, name).then((got) => { setRows(got.rows); setFault(""); }, (problem: unknown) => setFault(said(problem)));
  const returns = useReturns();
  useEffect(() => void load(), [returns]);
  return { rows, fault, load };
}

const named = (territories: Territory[] | null, code: string) => territories?.find((one) => one.code === code)?.name ?? code;

/** A visit or event is announced with one tap: where, what, and how many hours from now. */
export function Announcements({ toast }: { toast: Toast }) {
  const { rows, fault, load } = useList<Announced>("announcements", "announcements");
  const territories = useList<Territory>("territories", "territories");
  const [territory, setTerritory] = useState("");
  const [kind, setKind] = useState(names("announced")[0]!);
  const [from, setFrom] = useState("");
  const [note, setNote] = useState("");
  const choices = territories.rows?.filter((one) => one.level !== "county") ?? [];
  const first = choices.find((one) => one.level === "village") ?? choices[0];
  const where = territory || first?.code || "";
  const now = Date.now();
  const running = rows?.filter((one) => !one.cancelled && Date.parse(one.until) > now) ?? [];
  const act = async (path: string, body: Record<string, string>) => {
    try {
      await api.once(path, body);
      toast(t("saved"));
      setNote("");
    } catch (problem) {
      toast(said(problem));
    }
    await load();
  };
  const announce = (hours: number) => {
    const start = from ? Date.parse(from) : Date.now();
    const body: Record<string, string> = { territory: where, announced: kind, from: new Date(start).toISOString(), until: new Date(start + hours * HOUR_MS).toISOString() };
    if (note.trim()) body["note"] = note.trim();
    return act("announcements", body);
  };
  return (
    <>
      <Told what={rows && territories.rows} fault={fault || territories.fault} />
      {rows && running.length === 0 && <p class="quiet">{t("noAnnounced")}</p>}
      <ul class="accounts">
        {running.map((one) => (
          <li key={one.id}>
            <span><b>{term("announced", one.announced)}</b> <bdi class="quiet">{named(territories.rows, one.territory)}</bdi></span>
            <span>{clock(one.from)} → {clock(one.until)} <span class="quiet">{desk.nameOf(one.by)} <bdi>{one.note}</bdi></span></span>
            <Button kind="small" work={() => act(`announcements/${one.id}/cancel`, {})}>{t("takeBack")}</Button>
          </li>
        ))}
      </ul>
      <section class="panel">
        <h3>{t("announce")}</h3>
        <p class="quiet">{t("announceHelp")}</p>
        <Field label={t("announceWhere")}><select name="territory" value={where} onChange={(event) => setTerritory(event.currentTarget.value)}>{choices.map((one) => <option key={one.code} value={one.code}>{one.name} ({term("territory", one.level)})</option>)}</select></Field>
        <Field label={t("announceWhat")}><select name="announced" value={kind} onChange={(event) => setKind(event.currentTarget.value)}>{names("announced").map((name) => <option key={name} value={name}>{term("announced", name)}</option>)}</select></Field>
        <Field label={t("announceFrom")}><input name="from" type="datetime-local" value={from} onInput={(event) => setFrom(event.currentTarget.value)} /></Field>
        <Field label={t("note")}><input name="note" maxLength={80} autocomplete="off" value={note} onInput={(event) => setNote(event.currentTarget.value)} /></Field>
        <div class="choices" role="group" aria-label={t("announceHours")}>{[2, 4, 8, 24].map((hours) => <Button key={hours} kind="primary" work={() => announce(hours)}>{t("forHours", hours)}</Button>)}</div>
      </section>
    </>
  );
}

export const sayingOf = (prompt: Prompt | undefined) => (prompt ? prompt.texts[language()] ?? Object.values(prompt.texts)[0] ?? "" : "");

/** `people`: how many stand how; loaded anew with each change of it. */
function Reached({ id, people }: { id: string; people: string }) {
  const [campaign, setCampaign] = useState<Campaign | null>(null);
  const [fault, setFault] = useState("");
  useEffect(() => void api.campaign(id).then(setCampaign, (problem: unknown) => setFault(said(problem))), [id, people]);
  if (fault) return <p class="fault">{fault}</p>;
  if (!campaign) return <p role="status">{t("loading")}</p>;
  return <ul class="facts">{campaign.reached?.slice(0, 500).map((one) => <li key={one.resident}><a href={"#residents/" + one.resident}><bdi>{one.resident}</bdi></a><span class="quiet">{term("reach", one.state)} {clock(one.t)}</span></li>)}</ul>;
}

function Ordered({ campaign, territories, end }: { campaign: Campaign; territories: Territory[] | null; end: () => Promise<void> }) {
  const [open, setOpen] = useState(false);
  const audience = [campaign.territory && named(territories, campaign.territory), campaign.category, campaign.listed && t("listed", campaign.listed)].filter(Boolean).join(" · ");
  const counts = Object.entries(campaign.people);
  return (
    <section class="block">
      <h3><bdi>{campaign.prompt}</bdi> · {term("campaignState", campaign.state)}</h3>
      <p><bdi>{audience}</bdi></p>
      <p class="quiet">{clock(campaign.start)} → {clock(campaign.end)} · {t("perMinute", campaign.per_minute)} · {desk.nameOf(campaign.by)} <bdi>{campaign.note}</bdi></p>
      {counts.length > 0 && <dl class="facts">{counts.map(([state, count]) => <div key={state}><dt>{term("reach", state)}</dt><dd>{count}</dd></div>)}</dl>}
      {(campaign.state === "scheduled" || campaign.state === "running") && <Button kind="small" work={end}>{t("endCampaign")}</Button>}
      <details onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}><summary>{t("whoHeard")}</summary>{open && <Reached id={campaign.id} people={JSON.stringify(campaign.people)} />}</details>
    </section>
  );
}

/** A prompt to many: to whom, what, when, how fast; and who heard it. */
export function Campaigns({ toast }: { toast: Toast }) {
  const { rows, fault, load } = useList<Campaign>("campaigns", "campaigns");
  const territories = useList<Territory>("territories", "territories");
  const prompts = useList<Prompt>("prompts", "prompts");
  const [order, setOrder] = useState<Record<string, string>>({ prompt: "", territory: "", category: "", residents: "", start: "", hours: "2", per_minute: "30", note: "" });
  const set = (name: string) => (event: Event) => setOrder({ ...order, [name]: (event.currentTarget as HTMLInputElement).value });
  const prompt = prompts.rows?.find((one) => one.id === (order["prompt"] || prompts.rows?.[0]?.id));
  useEffect(() => {
    const timer = window.setInterval(() => void load(), 5000);
    return () => window.clearInterval(timer);
  }, []);
  const act = async (path: string, body: Record<string, string>) => {
    try { await api.once(path, body); toast(t("saved")); } catch (problem) { toast(said(problem)); }
    await load();
  };
  const add = async () => {
    const start = order["start"] ? Date.parse(order["start"]) : Date.now();
    const body: Record<string, string> = { prompt: prompt?.id ?? "", start: new Date(start).toISOString(), end: new Date(start + Number(order["hours"]) * HOUR_MS).toISOString(), per_minute: order["per_minute"]! };
    for (const name of ["territory", "category", "residents", "note"]) if (order[name]?.trim()) body[name] = order[name]!.trim();
    await act("campaigns/add", body);
  };
  const trouble = fault || territories.fault || prompts.fault;
  return (
    <>
      <Told what={rows && territories.rows && prompts.rows} fault={trouble} />
      <section class="panel">
        <h3>{t("newCampaign")}</h3>
        <p class="quiet">{t("campaignHelp")}</p>
        <Field label={t("saying")}><select name="prompt" value={prompt?.id ?? ""} onChange={set("prompt")}>{prompts.rows?.map((one) => <option key={one.id} value={one.id}>{one.id}</option>)}</select></Field>
        {prompt && <p class="advice"><bdi>{sayingOf(prompt)}</bdi></p>}
        <Field label={t("audienceTerritory")}><select name="territory" value={order["territory"]} onChange={set("territory")}><option value="">{t("allTerritories")}</option>{territories.rows?.map((one) => <option key={one.code} value={one.code}>{one.name} ({term("territory", one.level)})</option>)}</select></Field>
        <Field label={t("audienceCategory")}><input name="category" maxLength={21} autocomplete="off" value={order["category"]} onInput={set("category")} /></Field>
        <Field label={t("audienceResidents")}><input name="residents" autocomplete="off" autocapitalize="none" value={order["residents"]} onInput={set("residents")} /></Field>
        <Field label={t("announceFrom")}><input name="start" type="datetime-local" value={order["start"]} onInput={set("start")} /></Field>
        <Field label={t("announceHours")}><input name="hours" type="number" min={1} max={168} value={order["hours"]} onInput={set("hours")} /></Field>
        <Field label={t("rate")}><input name="per_minute" type="number" min={1} max={600} value={order["per_minute"]} onInput={set("per_minute")} /></Field>
        <Field label={t("note")}><input name="note" maxLength={80} autocomplete="off" value={order["note"]} onInput={set("note")} /></Field>
        <HoldButton pressed={false} work={add}>{t("holdCampaign")}</HoldButton>
      </section>
      {rows?.length === 0 && <p class="quiet">{t("noCampaigns")}</p>}
      {rows?.map((campaign) => <Ordered key={campaign.id} campaign={campaign} territories={territories.rows} end={() => act(`campaigns/${campaign.id}/cancel`, {})} />)}
    </>
  );
}

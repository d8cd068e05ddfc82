import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "./api";
import type { Alert } from "./api";
import { byUrgency, desk, isWaiting, useDesk, useReturns } from "./desk";
import { LevelShape, More, newest, reason, said, title, useNow, where } from "./parts";
import { age, clock, names, t, term } from "./words";

function State({ alert }: { alert: Alert }) {
  if (alert.state !== "open") {
    return <span class="tag">{alert.disposition ? term("disposition", alert.disposition) : t(`ended_${alert.state}` as "ended_closed")}</span>;
  }
  return isWaiting(alert) ? <span class="tag waiting">{t("waiting")}</span> : <span class="tag taken">{t("takenBy", desk.nameOf(alert.acknowledged_by))}</span>;
}

function Card({ alert, chosen, now, choose }: { alert: Alert; chosen: boolean; now: number; choose: () => void }) {
  const finding = newest(alert);
  return (
    <li>
      <button type="button" class={`card ${alert.level} ${isWaiting(alert) ? "urgent" : "calm"}`} data-id={alert.id} aria-current={chosen ? "true" : undefined} onClick={choose}>
        <LevelShape level={alert.level} />
        <span class="main">
          <span class="head">
            <span class="word">{term("level", alert.level)}</span>
            <span class="kind">{term("detector", finding?.detector) || term("family", alert.family)}</span>
            <time class="age" dateTime={alert.opened} title={clock(alert.opened)}>{age(now - Date.parse(alert.opened))}</time>
          </span>
          <bdi class="title">{title(alert)}</bdi>
          {finding && <span class="why">{reason(finding)}</span>}
          <span class="foot"><State alert={alert} />{alert.exercise && <span class="tag">{t("exercise")}</span>}{alert.state === "open" && alert.snoozed_until && <span class="tag">{t("snoozedUntil", clock(alert.snoozed_until))}</span>}{alert.state === "open" && alert.assigned_to && <span class="tag"><bdi>{t("assignedTo", desk.nameOf(alert.assigned_to))}</bdi></span>}{alert.cleared && alert.state === "open" && <span class="tag">{t("cleared")}</span>}<bdi class="quiet">{(alert.place.name && alert.place.address) || where(alert)}</bdi></span>
        </span>
      </button>
    </li>
  );
}

const territoriesOf = (alerts: Alert[]) => {
  const found = new Map<string, string>();
  for (const alert of alerts) for (const { code, name } of alert.place.territories.slice(0, 3)) found.set(code, name);
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
};

const CARDS = 100; // drawn at once; the most urgent come first

/** The list: what is open by urgency, or what has ended. */
export function Board({ past, chosen, choose }: { past: boolean; chosen: string | null; choose: (id: string) => void }) {
  const { open, loaded, line } = useDesk();
  const now = useNow();
  const [family, setFamily] = useState("");
  const [territory, setTerritory] = useState("");
  const [ended, setEnded] = useState<Alert["state"]>("closed");
  const [closed, setClosed] = useState<Alert[] | null>(null);
  const [fault, setFault] = useState("");
  const [tries, setTries] = useState(0);
  const [limit, setLimit] = useState(CARDS);
  const returns = useReturns();
  const list = useRef<HTMLUListElement>(null);

  useEffect(() => {
    if (!past) return;
    setClosed(null);
    setFault("");
    let wanted = true;
    api.alerts(ended, 1).then((got) => { if (wanted) setClosed(got); }, (problem: unknown) => { if (wanted) setFault(said(problem)); });
    return () => { wanted = false; };
  }, [past, ended, tries, returns]);

  const all = past ? closed ?? [] : [...open.values()].sort(byUrgency);
  const shown = all.filter((alert) => (!family || alert.family === family) && (!territory || alert.place.territories.some(({ code }) => code === territory)));
  const filtered = family !== "" || territory !== "";
  const ready = past ? closed !== null : loaded;

  useEffect(() => {
    // J and K walk the list, as in a mail program; never while somebody types.
    const press = (event: KeyboardEvent) => {
      const step = event.key === "j" ? 1 : event.key === "k" ? -1 : 0;
      if (!step || event.ctrlKey || event.metaKey || event.altKey || (event.target as HTMLElement).closest("input, textarea, select")) return;
      const cards = [...(list.current?.querySelectorAll<HTMLButtonElement>(".card") ?? [])];
      const at = cards.findIndex((card) => card === document.activeElement);
      cards[Math.min(cards.length - 1, Math.max(0, at + step))]?.focus();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);

  return (
    <section class="board" aria-label={past ? t("past") : t("open")}>
      <div class="filters">
        <select aria-label={t("filterFamily")} value={family} onChange={(event) => setFamily(event.currentTarget.value)}>
          <option value="">{t("allFamilies")}</option>
          {names("family").map((name) => <option key={name} value={name}>{term("family", name)}</option>)}
        </select>
        <select aria-label={t("filterTerritory")} value={territory} onChange={(event) => setTerritory(event.currentTarget.value)}>
          <option value="">{t("allTerritories")}</option>
          {territoriesOf(all).map(([code, name]) => <option key={code} value={code}>{name}</option>)}
        </select>
        {past && <select aria-label={t("filterEnded")} value={ended} onChange={(event) => setEnded(event.currentTarget.value as Alert["state"])}>{(["closed", "lapsed", "absorbed"] as const).map((state) => <option key={state} value={state}>{t(`ended_${state}`)}</option>)}</select>}
      </div>
      {fault && <div class="empty"><h2>{t("failed")}</h2><p>{fault}</p><button type="button" class="button" onClick={() => setTries(tries + 1)}>{t("again")}</button></div>}
      {!fault && !ready && line !== "lost" && <div class="empty" role="status"><span class="spinner" aria-hidden="true" />{t("loading")}</div>}
      {!fault && ready && shown.length === 0 && (
        <div class="empty">
          <svg viewBox="0 0 48 48" aria-hidden="true"><path d="M8 22 24 9l16 13v17H8z" /><path d="m17 27 5 5 9-10" /></svg>
          <h2>{filtered ? t("noneFiltered") : past ? t("nonePast") : t("noneTitle")}</h2>
          {filtered ? <button type="button" class="button" onClick={() => { setFamily(""); setTerritory(""); }}>{t("clearFilter")}</button> : !past && <p>{t("noneText")}</p>}
        </div>
      )}
      <ul ref={list} class="cards">
        {shown.slice(0, limit).map((alert) => <Card key={alert.id} alert={alert} now={now} chosen={alert.id === chosen} choose={() => choose(alert.id)} />)}
        <More next={shown.length > limit ? shown.length - limit : undefined} count={shown.length - limit} work={async () => setLimit(limit + CARDS)} />
      </ul>
    </section>
  );
}

/** How many of each level are open, most urgent first. */
export function Counts() {
  useDesk();
  const levels = ["red", "orange", "yellow", "green"] as const;
  const alerts = [...desk.open.values()];
  return (
    <ul class="counts">
      {levels.map((level) => {
        const count = alerts.filter((alert) => alert.level === level).length;
        return <li key={level} class={count ? "some" : "none"}><LevelShape level={level} /><b>{count}</b><span class="hidden">{term("colour", level)}</span></li>;
      })}
    </ul>
  );
}

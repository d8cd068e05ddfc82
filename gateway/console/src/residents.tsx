import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "./api";
import type { Card, Found, Page, Resident, Status } from "./api";
import { Consents } from "./consents";
import { DeviceRow } from "./devices";
import { useDesk, useReturns } from "./desk";
import { RowEditor, Zones } from "./edit";
import { Map } from "./map";
import { Weeks } from "./past";
import { Button, HoldButton, LevelShape, More, People, Told, newest, reason, said } from "./parts";
import { clock, t, term } from "./words";

const STATUSES: Status[] = ["active", "away", "hospital", "paused", "moved", "deceased"];
const ENDING: Status[] = ["moved", "deceased"]; // not to be set by a slip of the thumb

const placeOf = (resident: Resident) => resident.territories.slice(0, 3).map((territory) => territory.name).reverse().join(" · ");

function StatusTag({ resident }: { resident: Resident }) {
  return (
    <>
      {resident.status !== "active" && <span class="tag">{term("status", resident.status)}{resident.status_until && ` → ${clock(resident.status_until)}`}</span>}
      {resident.presence && <span class="quiet">{term("presence", resident.presence)}</span>}
    </>
  );
}

/** The status of a resident in one tap; what ends everything wants to be held. */
function StatusPanel({ card, saved }: { card: Card; saved: (text: string) => void }) {
  const [until, setUntil] = useState("");
  const set = async (status: Status) => {
    try {
      // A day is over at its midnight, by this browser's zone.
      const end = until && (status === "away" || status === "hospital" || status === "paused") ? new Date(`${until}T23:59:59`).toISOString() : "";
      await api.once(`residents/${card.id}/status`, end ? { status, until: end } : { status });
      setUntil("");
      saved(t("saved"));
    } catch (problem) {
      saved(said(problem));
    }
  };
  return (
    <section class="block steps">
      <h3>{t("statusTitle")}</h3>
      <div class="choices">
        {STATUSES.map((status) => ENDING.includes(status)
          ? <HoldButton key={status} pressed={card.status === status} work={() => set(status)}>{term("status", status)}</HoldButton>
          : <Button key={status} kind={card.status === status ? "primary" : ""} aria-pressed={card.status === status} work={() => set(status)}>{term("status", status)}</Button>)}
      </div>
      <label class="field short"><span class="label">{t("statusUntil")}</span><input type="date" name="until" value={until} onInput={(event) => setUntil(event.currentTarget.value)} /><span class="help">{t("holdHelp")}</span></label>
    </section>
  );
}

function Coverage({ card }: { card: Card }) {
  return (
    <section class="block">
      <h3>{t("coverage")}</h3>
      <ul class="facts">
        {card.coverage.map(({ what, state }) => <li key={what}><span>{term("cover", what)}</span><span class={"state " + state}><span aria-hidden="true">{state === "covered" ? "✓" : "–"}</span> {term("covered", state)}</span></li>)}
      </ul>
      {card.consent.length > 0 && <p class="quiet">{t("consent")}: {card.consent.map((one) => term("consent", one)).join(" · ")}</p>}
      {card.consent.length === 0 && <p class="warn">{t("noConsent")}</p>}
      {card.paused_until && <p class="warn">{t("homePaused", clock(card.paused_until))}</p>}
    </section>
  );
}

function Findings({ id }: { id: string }) {
  const [page, setPage] = useState<Page<Found> | null>(null);
  const [fault, setFault] = useState("");
  const load = (cursor?: number) => api.page<Found>(`residents/${id}/findings`, "findings", { limit: 20, cursor })
    .then((got) => setPage((before) => ({ rows: cursor ? [...(before?.rows ?? []), ...got.rows] : got.rows, next: got.next })), (problem: unknown) => setFault(said(problem)));
  const returns = useReturns();
  useEffect(() => { setPage(null); setFault(""); void load(); }, [id, returns]);
  return (
    <section class="block">
      <h3>{t("findings")}</h3>
      <Told what={page} fault={fault} />
      {page?.rows.length === 0 && <p class="quiet">{t("nothingRecorded")}</p>}
      <ul class="records">
        {page?.rows.map((found, i) => <li key={i}><time dateTime={found.at}>{clock(found.at)}</time> <b>{term("detector", found.detector)}</b> {reason(found)}{found.record && <span class="tag">{t("recordOnly")}</span>}</li>)}
      </ul>
      {page?.next !== undefined && <button type="button" class="link" onClick={() => void load(page.next)}>{t("more")}</button>}
    </section>
  );
}

function Facts({ card }: { card: Card }) {
  const facts: [string, string | undefined][] = [
    [t("age"), card.birth_year ? String(new Date().getFullYear() - card.birth_year) : undefined],
    [t("categories"), [...(card.categories ?? []), ...(card.tags ?? [])].join(" · ")],
    [t("abilities"), (["hearing", "vision", "cognition"] as const).filter((one) => card[one]).map((one) => `${t(one)}: ${card[one]}`).join(" · ")],
    [t("seen"), card.seen && clock(card.seen)],
  ];
  return <dl class="facts">{facts.filter(([, fact]) => fact).map(([name, fact]) => <div key={name}><dt>{name}</dt><dd><bdi>{fact}</bdi></dd></div>)}</dl>;
}

function CardView({ id, back, changed }: { id: string; back: () => void; changed: (text: string) => void }) {
  const { session } = useDesk();
  const [card, setCard] = useState<Card | null>(null);
  const [drawn, setDrawn] = useState(0);
  const [fault, setFault] = useState("");
  const root = useRef<HTMLElement>(null);
  const load = () => api.resident(id).then((got) => { setCard(got); setFault(""); }, (problem: unknown) => setFault(said(problem)));
  useEffect(() => { setCard(null); setFault(""); root.current?.scrollTo(0, 0); }, [id]);
  const returns = useReturns();
  useEffect(() => void load(), [id, returns]);
  useEffect(() => { if (card) root.current?.querySelector<HTMLElement>("h2")?.focus({ preventScroll: true }); }, [card?.id]);
  const may = (part: string) => session?.parts?.includes(part) ?? false;
  const shownAll = card?.people !== undefined;
  return (
    <article class="detail" ref={root} aria-label={card?.name ?? id} aria-busy={!card && !fault}>
      <button type="button" class="link back" onClick={back}>← {t("back")}</button>
      {fault && <div class="empty"><h2>{t("failed")}</h2><p>{fault}</p><button type="button" class="button" onClick={() => void load()}>{t("again")}</button></div>}
      {!fault && !card && <div class="empty" role="status"><span class="spinner" aria-hidden="true" />{t("loading")}</div>}
      {card && (
        <>
          <header class="alert-head">
            <h2 tabIndex={-1}><bdi>{card.name ?? card.id}</bdi></h2>
            <p class="strong"><bdi>{card.address}</bdi></p>
            <p class="quiet"><bdi>{placeOf(card)}</bdi></p>
            <p class="state" role="status">{term("status", card.status)}{card.status_until && ` → ${clock(card.status_until)}`}{card.presence && ` · ${term("presence", card.presence)}`}{card.presence_since && ` (${clock(card.presence_since)})`}</p>
            {shownAll && <Facts card={card} />}
          </header>
          {card.alerts.length > 0 && (
            <section class="block"><h3>{t("open")}</h3><ul class="records">{card.alerts.map((alert) => <li key={alert.id}><a href={"#open/" + alert.id}><LevelShape level={alert.level} /> <b>{term("level", alert.level)}</b> {newest(alert) && reason(newest(alert)!)}</a></li>)}</ul></section>
          )}
          {may("status") && <StatusPanel card={card} saved={(text) => { changed(text); void load(); }} />}
          {card.people && <section class="block"><h3>{t("who")}</h3><People people={card.people} /></section>}
          {card.address !== undefined && <section class="block"><h3>{t("where")}</h3><Map id={card.id} hours={24} version={drawn} /><Zones key={"z" + card.id} resident={card.id} toast={changed} done={() => setDrawn((n) => n + 1)} /></section>}
          {may("rows") && <section class="block"><RowEditor key={"r" + card.id} table="residents" id={card.id} label={t("rowEdit")} toast={changed} done={() => void load()} />{card.household && <RowEditor key={"h" + card.id} table="households" id={card.household} label={t("homeEdit")} toast={changed} done={() => void load()} />}</section>}
          <Coverage card={card} />
          {may("status") && <Consents key={"c" + card.id} id={card.id} toast={changed} changed={() => void load()} />}
          <section class="block"><h3>{t("devices")}</h3>{card.devices.length === 0 && <p class="quiet">{t("noDevices")}</p>}<ul class="rows">{card.devices.map((device) => <DeviceRow key={device.id} device={device} toast={changed} />)}</ul></section>
          {card.visitors && card.visitors.length > 0 && (
            <section class="block"><h3>{t("visitors")}</h3><ul class="facts">{card.visitors.map((visitor) => <li key={visitor.id}><bdi>{visitor.name}</bdi><bdi class="quiet">{visitor.windows || t("always")}</bdi></li>)}</ul></section>
          )}
          <Weeks key={"w" + card.id} id={card.id} />
          <Findings id={card.id} />
        </>
      )}
    </article>
  );
}

/** Residents and homes: search on the left, one card on the right. */
export function Residents({ id, choose, toast }: { id: string | null; choose: (id: string | null) => void; toast: (text: string) => void }) {
  const [text, setText] = useState("");
  const [page, setPage] = useState<Page<Resident> | null>(null);
  const [fault, setFault] = useState("");
  const returns = useReturns();
  const asked = useRef(0);
  const load = async (cursor?: number) => {
    const number = ++asked.current;
    try {
      const got = await api.page<Resident>("residents", "residents", { q: text.trim(), cursor, limit: 50 });
      if (number !== asked.current) return; // the words have changed meanwhile
      setPage((before) => ({ rows: cursor ? [...(before?.rows ?? []), ...got.rows] : got.rows, next: got.next }));
      setFault("");
    } catch (problem) {
      if (number === asked.current) setFault(said(problem));
    }
  };
  useEffect(() => {
    const timer = window.setTimeout(() => void load(), text ? 250 : 0);
    return () => window.clearTimeout(timer);
  }, [text, returns]);
  return (
    <>
      <section class="board" aria-label={t("residents")}>
        <div class="filters"><input type="search" aria-label={t("searchResidents")} placeholder={t("searchResidents")} maxLength={40} value={text} onInput={(event) => setText(event.currentTarget.value)} /></div>
        {fault && <p class="fault" role="alert">{fault}</p>}
        {!page && !fault && <div class="empty" role="status"><span class="spinner" aria-hidden="true" />{t("loading")}</div>}
        {page?.rows.length === 0 && page.next === undefined && <div class="empty"><h2>{t("nobodyFound")}</h2></div>}
        <ul class="cards">
          {page?.rows.map((resident) => (
            <li key={resident.id}>
              <button type="button" class="card plain" data-id={resident.id} aria-current={resident.id === id ? "true" : undefined} onClick={() => choose(resident.id)}>
                <span class="main"><bdi class="title">{resident.name ?? resident.id}</bdi><bdi class="why">{resident.address ?? placeOf(resident)}</bdi><span class="foot"><StatusTag resident={resident} /></span></span>
              </button>
            </li>
          ))}
          <More next={page?.next} work={() => load(page?.next)} />
        </ul>
      </section>
      {id ? <CardView id={id} back={() => choose(null)} changed={(told) => { toast(told); void load(); }} /> : <div class="detail none"><p>{t("selectResident")}</p></div>}
    </>
  );
}

// A map without tiles: home, zones and the last position, drawn to scale. It needs no connection, no library, and shows nothing that is nobody's business.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import type { Chart, Fix, Point, Track } from "./api";
import { useReturns } from "./desk";
import { said, useNow } from "./parts";
import { clock, t, term } from "./words";

const METRES = 111195; // of a degree of latitude
export const SIDE = 600; // of the drawing

export interface View { x: (point: Point) => number; y: (point: Point) => number; m: (metres: number) => number; at: (x: number, y: number) => Point; metres: number }

const shrinkAt = (at: Point) => Math.cos((at[0] * Math.PI) / 180); // of a degree of longitude
const metresBetween = (a: Point, b: Point) => Math.hypot((a[0] - b[0]) * METRES, (a[1] - b[1]) * METRES * shrinkAt(a));

/** Everything fits, 400 m at least across. */
export function viewOf(chart: Chart, more: Point[] = []): View | null {
  const boxes: [Point, number][] = more.map((point) => [point, 20]);
  if (chart.home) boxes.push([chart.home, 60]);
  if (chart.fix) boxes.push([chart.fix.at, Math.min(chart.fix.accuracy_m, 2000)]);
  const near = chart.home ?? chart.fix?.at ?? more[0];
  const shrink = near ? shrinkAt(near) : 1;
  // A market 20 km off would make home a dot: only what is near home or the person decides the scale.
  for (const zone of chart.zones ?? [])
    for (const point of zone.points) if (!near || metresBetween(near, point) < 5000 || (chart.fix && metresBetween(chart.fix.at, point) < 2000)) boxes.push([point, zone.radius_m ?? 0]);
  if (boxes.length === 0) return null;
  let [south, north, west, east] = [90, -90, 180, -180];
  for (const [[lat, lon], metres] of boxes) {
    south = Math.min(south, lat - metres / METRES); north = Math.max(north, lat + metres / METRES);
    west = Math.min(west, lon - metres / METRES / shrink); east = Math.max(east, lon + metres / METRES / shrink);
  }
  const metres = Math.max(400, (north - south) * METRES, (east - west) * METRES * shrink) * 1.15;
  const scale = SIDE / metres, lat = (south + north) / 2, lon = (west + east) / 2;
  return { x: (point) => SIDE / 2 + (point[1] - lon) * METRES * shrink * scale, y: (point) => SIDE / 2 - (point[0] - lat) * METRES * scale, m: (length) => length * scale, at: (x, y) => [lat + (SIDE / 2 - y) / METRES / scale, lon + (x - SIDE / 2) / METRES / shrink / scale], metres };
}

/** 1, 2 or 5 times a power of ten, about a fifth of the width. */
function rule(metres: number): number {
  const power = 10 ** Math.floor(Math.log10(metres / 5));
  return [5, 2, 1].map((step) => step * power).find((length) => length <= metres / 5) ?? power;
}

const ARROW_EVERY = 70, WORD_EVERY = 110; // of the drawing's units

/** The way in the order of time: arrows point onward, what is older is fainter, times stand beside it where there is room. */
function Way({ fixes, view }: { fixes: Fix[]; view: View }) {
  const places = fixes.map((fix) => ({ x: view.x(fix.at), y: view.y(fix.at), t: fix.t }));
  const lines = [], arrows = [], words = [];
  let since = ARROW_EVERY / 2;
  let told: { x: number; y: number } | null = null;
  for (const [i, place] of places.entries()) {
    const before = places[i - 1];
    const newness = places.length > 1 ? 0.3 + (0.7 * i) / (places.length - 1) : 1;
    if (before) {
      const length = Math.hypot(place.x - before.x, place.y - before.y);
      lines.push(<line key={"l" + i} x1={before.x} y1={before.y} x2={place.x} y2={place.y} stroke-opacity={newness} />);
      since += length;
      if (since >= ARROW_EVERY && length > 6) {
        since = 0;
        const angle = (Math.atan2(place.y - before.y, place.x - before.x) * 180) / Math.PI;
        arrows.push(<path key={"a" + i} d="M9 0-6-7-3 0-6 7z" fill-opacity={Math.max(newness, 0.6)} transform={`translate(${(before.x + place.x) / 2} ${(before.y + place.y) / 2}) rotate(${angle})`} />);
      }
    }
    if (!told || Math.hypot(place.x - told.x, place.y - told.y) > WORD_EVERY) {
      told = place;
      const left = place.x > SIDE * 0.8;
      words.push(<text key={"w" + i} x={place.x + (left ? -10 : 10)} y={place.y - 8} text-anchor={left ? "end" : "start"}>{place.t.slice(11, 16)}</text>);
    }
  }
  return <g class="track">{lines}{places.map((place, i) => <circle key={"c" + i} cx={place.x} cy={place.y} r="3" />)}{arrows}{words}</g>;
}

/** Where nothing moved, one place is enough. */
const moved = (fixes: Fix[]) => fixes.filter((fix, i) => i === 0 || i === fixes.length - 1 || metresBetween(fix.at, fixes[i - 1]!.at) > 5);

export function Drawing({ chart, view, fixes = [], label, children, pick }: { chart: Chart; view: View; fixes?: Fix[]; label: string; children?: ComponentChildren; pick?: (at: Point) => void }) {
  const length = rule(view.metres);
  const { fix, home } = chart;
  return (
    <svg class={"chart" + (pick ? " picked" : "")} onClick={pick && ((event) => {
      const matrix = event.currentTarget.getScreenCTM();
      if (!matrix) return;
      const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
      pick(view.at(place.x, place.y));
    })} viewBox={`0 0 ${SIDE} ${SIDE}`} role="img" aria-label={label}>
      {chart.zones?.map((zone) => (
        <g key={zone.id} class={"zone " + zone.kind}>
          {zone.points.length === 1 ? <circle cx={view.x(zone.points[0]!)} cy={view.y(zone.points[0]!)} r={view.m(zone.radius_m ?? 0)} /> : <polygon points={zone.points.map((point) => `${view.x(point)},${view.y(point)}`).join(" ")} />}
        </g>
      ))}
      {home && fix && fix.sharp && fixes.length < 2 && <line class="way" x1={view.x(home)} y1={view.y(home)} x2={view.x(fix.at)} y2={view.y(fix.at)} />}
      {fixes.length > 1 && <Way fixes={fixes} view={view} />}
      {home && <path class="home" d="M-13 2 0-11 13 2H9v11H-9V2z" transform={`translate(${view.x(home)} ${view.y(home)})`} />}
      {fix && <circle class="around" cx={view.x(fix.at)} cy={view.y(fix.at)} r={Math.max(8, view.m(fix.accuracy_m))} />}
      {fix && fix.sharp && <circle class="fix" cx={view.x(fix.at)} cy={view.y(fix.at)} r="8" />}
      <g class="rule" transform={`translate(20 ${SIDE - 20})`}><path d={`M0-6V0H${view.m(length)}V-6`} /><text x={view.m(length) + 8} y="0">{length >= 1000 ? `${length / 1000} km` : `${length} m`}</text></g>
      {children}
    </svg>
  );
}

const far = (metres: number) => (metres >= 1000 ? `${(metres / 1000).toFixed(1)} km` : `${Math.round(metres / 10) * 10} m`);
const POINTS = 40;

/** The same as words, newest first: for whoever hears the page, and for reading out on the telephone. */
function InWords({ fixes, home }: { fixes: Fix[]; home?: Point }) {
  return (
    <details>
      <summary>{t("trackPoints")}</summary>
      <ol class="records">{[...fixes].reverse().slice(0, POINTS).map((fix) => {
        const away = home && metresBetween(home, fix.at);
        return <li key={fix.t}><time dateTime={fix.t}>{clock(fix.t)}</time> {away === undefined ? `${fix.at[0].toFixed(4)}, ${fix.at[1].toFixed(4)}` : away < 50 ? t("atHome") : t("fromHome", far(away))}</li>;
      })}</ol>
    </details>
  );
}

const HOURS = [0, 1, 3, 12, 24];

/** The map of one resident with the way of the last hours, a legend in words, and a way there. `live`: it is asked for again and again. */
export function Map({ id, version = 0, hours = 3, live = false }: { id: string; version?: number; hours?: number; live?: boolean }) {
  const [chart, setChart] = useState<Chart | null>(null);
  const [track, setTrack] = useState<Track | null>(null);
  const [fault, setFault] = useState("");
  const [back, setBack] = useState(hours);
  const returns = useReturns();
  const tick = useNow(live ? 15000 : 3600000);
  useEffect(() => {
    let wanted = true;
    api.chart(id).then((got) => { if (wanted) { setChart(got); setFault(""); } }, (problem: unknown) => { if (wanted) setFault(said(problem)); });
    return () => { wanted = false; };
  }, [id, version, tick, returns]);
  useEffect(() => {
    let wanted = true;
    if (back === 0) setTrack(null);
    else api.past<Track>(id, "track", back).then((got) => { if (wanted) setTrack(got); }, () => { if (wanted) setTrack(null); }); // the map stands without it
    return () => { wanted = false; };
  }, [id, version, tick, back]);
  if (fault && !chart) return <p class="fault">{fault}</p>;
  if (!chart) return <p role="status">{t("loading")}</p>;
  const fixes = moved(track?.fixes ?? []);
  const view = viewOf(chart, fixes.map((fix) => fix.at));
  if (!view) return <p class="quiet">{t("noPosition")}</p>;
  const goal = chart.fix?.sharp ? chart.fix.at : chart.home;
  const kinds = [...new Set((chart.zones ?? []).map((zone) => zone.kind))];
  const first = fixes[0], last = fixes[fixes.length - 1];
  const span = first && last && fixes.length > 1 ? t("trackFrom", clock(first.t), clock(last.t), track?.fixes.length ?? 0) : "";
  return (
    <figure class="map">
      <Drawing chart={chart} view={view} fixes={fixes} label={[t("mapOf"), span].filter(Boolean).join(". ")} />
      <figcaption>
        <p class="legend">
          {chart.home && <span><i class="sign home" />{t("home")}</span>}
          {chart.fix && <span><i class={"sign " + (chart.fix.sharp ? "fix" : "around")} />{t(chart.fix.sharp ? "lastFix" : "roughFix", clock(chart.fix.t), chart.fix.accuracy_m)}</span>}
          {kinds.map((kind) => <span key={kind}><i class={"sign zone " + kind} />{term("zone", kind)}</span>)}
        </p>
        {!chart.fix && <p class="quiet">{t("noFix")}</p>}
        <div class="row-of">
          {goal && <a class="button small" href={`geo:${goal[0]},${goal[1]}?q=${goal[0]},${goal[1]}`}>{t("navigate")}</a>}
          <label class="inline">{t("track")} <select name="track" value={back} onChange={(event) => setBack(Number(event.currentTarget.value))}>{HOURS.map((count) => <option key={count} value={count}>{count ? t("trackHours", count) : t("trackNone")}</option>)}</select></label>
        </div>
        {track && !track.consent && <p class="quiet">{t("pastNoConsent")}</p>}
        {track?.consent && fixes.length === 0 && <p class="quiet">{t("trackEmpty")}</p>}
        {span && <p class="quiet track-span">{span}. {t("trackSense")}{!track?.sharp && " " + t("trackRough")}</p>}
        {fixes.length > 1 && <InWords fixes={fixes} home={chart.home} />}
      </figcaption>
    </figure>
  );
}

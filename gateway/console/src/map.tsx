// A map without tiles: home, zones and the last position, drawn to scale. It needs no connection, no library, and shows nothing that is nobody's business.
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import type { Chart, Point } from "./api";
import { said } from "./parts";
import { clock, t, term } from "./words";

const METRES = 111195; // of a degree of latitude
const SIDE = 600; // of the drawing

interface View { x: (point: Point) => number; y: (point: Point) => number; m: (metres: number) => number; metres: number }

/** Everything fits, 400 m at least across. */
function viewOf(chart: Chart): View | null {
  const boxes: [Point, number][] = [];
  if (chart.home) boxes.push([chart.home, 60]);
  if (chart.fix) boxes.push([chart.fix.at, Math.min(chart.fix.accuracy_m, 2000)]);
  const near = chart.home ?? chart.fix?.at;
  const shrink = near ? Math.cos((near[0] * Math.PI) / 180) : 1;
  const away = (a: Point, b: Point) => Math.hypot((a[0] - b[0]) * METRES, (a[1] - b[1]) * METRES * shrink);
  // A market 20 km off would make home a dot: only what is near home or the person decides the scale.
  for (const zone of chart.zones ?? [])
    for (const point of zone.points) if (!near || away(near, point) < 5000 || (chart.fix && away(chart.fix.at, point) < 2000)) boxes.push([point, zone.radius_m ?? 0]);
  if (boxes.length === 0) return null;
  let [south, north, west, east] = [90, -90, 180, -180];
  for (const [[lat, lon], metres] of boxes) {
    south = Math.min(south, lat - metres / METRES); north = Math.max(north, lat + metres / METRES);
    west = Math.min(west, lon - metres / METRES / shrink); east = Math.max(east, lon + metres / METRES / shrink);
  }
  const metres = Math.max(400, (north - south) * METRES, (east - west) * METRES * shrink) * 1.15;
  const scale = SIDE / metres, lat = (south + north) / 2, lon = (west + east) / 2;
  return { x: (point) => SIDE / 2 + (point[1] - lon) * METRES * shrink * scale, y: (point) => SIDE / 2 - (point[0] - lat) * METRES * scale, m: (length) => length * scale, metres };
}

/** 1, 2 or 5 times a power of ten, about a fifth of the width. */
function rule(metres: number): number {
  const power = 10 ** Math.floor(Math.log10(metres / 5));
  return [5, 2, 1].map((step) => step * power).find((length) => length <= metres / 5) ?? power;
}

function Drawing({ chart, view }: { chart: Chart; view: View }) {
  const length = rule(view.metres);
  const { fix, home } = chart;
  return (
    <svg class="chart" viewBox={`0 0 ${SIDE} ${SIDE}`} role="img" aria-label={t("mapOf")}>
      {chart.zones?.map((zone) => (
        <g key={zone.id} class={"zone " + zone.kind}>
          {zone.points.length === 1 ? <circle cx={view.x(zone.points[0]!)} cy={view.y(zone.points[0]!)} r={view.m(zone.radius_m ?? 0)} /> : <polygon points={zone.points.map((point) => `${view.x(point)},${view.y(point)}`).join(" ")} />}
        </g>
      ))}
      {home && fix && fix.sharp && <line class="way" x1={view.x(home)} y1={view.y(home)} x2={view.x(fix.at)} y2={view.y(fix.at)} />}
      {home && <path class="home" d="M-13 2 0-11 13 2H9v11H-9V2z" transform={`translate(${view.x(home)} ${view.y(home)})`} />}
      {fix && <circle class="around" cx={view.x(fix.at)} cy={view.y(fix.at)} r={Math.max(8, view.m(fix.accuracy_m))} />}
      {fix && fix.sharp && <circle class="fix" cx={view.x(fix.at)} cy={view.y(fix.at)} r="8" />}
      <g class="rule" transform={`translate(20 ${SIDE - 20})`}><path d={`M0-6V0H${view.m(length)}V-6`} /><text x={view.m(length) + 8} y="0">{length >= 1000 ? `${length / 1000} km` : `${length} m`}</text></g>
    </svg>
  );
}

/** The map of one resident, with a legend in words, and a way there. */
export function Map({ id, version = 0 }: { id: string; version?: number }) {
  const [chart, setChart] = useState<Chart | null>(null);
  const [fault, setFault] = useState("");
  useEffect(() => {
    let wanted = true;
    api.chart(id).then((got) => { if (wanted) { setChart(got); setFault(""); } }, (problem: unknown) => { if (wanted) setFault(said(problem)); });
    return () => { wanted = false; };
  }, [id, version]);
  if (fault) return <p class="fault">{fault}</p>;
  if (!chart) return <p role="status">{t("loading")}</p>;
  const view = viewOf(chart);
  if (!view) return <p class="quiet">{t("noPosition")}</p>;
  const goal = chart.fix?.sharp ? chart.fix.at : chart.home;
  const kinds = [...new Set((chart.zones ?? []).map((zone) => zone.kind))];
  return (
    <figure class="map">
      <Drawing chart={chart} view={view} />
      <figcaption>
        <p class="legend">
          {chart.home && <span><i class="sign home" />{t("home")}</span>}
          {chart.fix && <span><i class={"sign " + (chart.fix.sharp ? "fix" : "around")} />{t(chart.fix.sharp ? "lastFix" : "roughFix", clock(chart.fix.t), chart.fix.accuracy_m)}</span>}
          {kinds.map((kind) => <span key={kind}><i class={"sign zone " + kind} />{term("zone", kind)}</span>)}
        </p>
        {!chart.fix && <p class="quiet">{t("noFix")}</p>}
        {goal && <a class="button small" href={`geo:${goal[0]},${goal[1]}?q=${goal[0]},${goal[1]}`}>{t("navigate")}</a>}
      </figcaption>
    </figure>
  );
}

import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import type { Level, Levels, Report } from "./api";
import { useReturns } from "./desk";
import { LevelShape, Told, said } from "./parts";
import { t, term } from "./words";

const LEVELS: Level[] = ["red", "orange", "yellow", "green"];
const sum = (levels: Levels) => LEVELS.reduce((all, level) => all + levels[level], 0);

/** Days as stacked bars, the gravest at the bottom; the table below says the same in numbers. */
function Bars({ report }: { report: Report }) {
  const width = 720, height = 220, floor = height - 24;
  const most = Math.max(1, ...report.days.map((day) => sum(day.levels)));
  const step = width / report.days.length, every = Math.ceil(report.days.length / 10);
  return (
    <svg class="bars" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {report.days.map((day, i) => {
        let y = floor;
        return (
          <g key={day.day}>
            {LEVELS.map((level) => {
              const high = (day.levels[level] / most) * (floor - 18);
              y -= high;
              return high > 0 && <rect key={level} class={level} x={i * step + step * 0.15} y={y} width={step * 0.7} height={high} />;
            })}
            {i % every === 0 && <text x={i * step + step / 2} y={height - 6}>{day.day.slice(5)}</text>}
            {sum(day.levels) > 0 && <text x={i * step + step / 2} y={y - 4}>{sum(day.levels)}</text>}
          </g>
        );
      })}
      <line x1="0" x2={width} y1={floor} y2={floor} />
    </svg>
  );
}

function Table({ label, first, rows }: { label: string; first: string; rows: { name: string; levels: Levels }[] }) {
  return (
    <table class="sums">
      <caption class="hidden">{label}</caption>
      <thead><tr><th scope="col">{first}</th>{LEVELS.map((level) => <th key={level} scope="col"><LevelShape level={level} /><span class="hidden">{term("level", level)}</span></th>)}<th scope="col">{t("total")}</th></tr></thead>
      <tbody>{rows.filter((row) => sum(row.levels) > 0).map((row) => <tr key={row.name}><th scope="row">{row.name}</th>{LEVELS.map((level) => <td key={level}>{row.levels[level] || ""}</td>)}<td>{sum(row.levels)}</td></tr>)}</tbody>
    </table>
  );
}

/** What happened over the last days. */
export function Reports() {
  const [days, setDays] = useState(7);
  const [report, setReport] = useState<Report | null>(null);
  const [fault, setFault] = useState("");
  const returns = useReturns();
  useEffect(() => {
    let wanted = true;
    setReport(null);
    api.report(days).then((got) => { if (wanted) { setReport(got); setFault(""); } }, (problem: unknown) => { if (wanted) setFault(said(problem)); });
    return () => { wanted = false; };
  }, [days, returns]);
  const seconds = (value: number | undefined) => (value === undefined ? undefined : t("seconds", value));
  const facts: [string, string | number | undefined][] = report ? [
    [t("rAlerts"), report.alerts], [t("rUrgent"), report.urgent], [t("rUnanswered"), report.unanswered], [t("rInTime", report.target_s), `${report.answers.in_time} / ${report.answers.count}`],
    [t("rMedian"), seconds(report.answers.p50_s)], [t("rP95"), seconds(report.answers.p95_s)], [t("rReached"), `${report.people_reached} / ${report.residents}`], [t("rPrompts"), report.prompts], [t("rPolice"), report.police],
  ] : [];
  return (
    <>
      <div class="filters flat"><select aria-label={t("reportDays")} value={days} onChange={(event) => setDays(Number(event.currentTarget.value))}><option value={1}>{t("days1")}</option><option value={7}>{t("days7")}</option><option value={31}>{t("days31")}</option></select></div>
      <Told what={report} fault={fault} />
      {report && (
        <>
          <dl class="facts panelled">{facts.filter(([, fact]) => fact !== undefined).map(([name, fact]) => <div key={name}><dt>{name}</dt><dd>{fact}</dd></div>)}</dl>
          {report.alerts > 0 && (
            <>
              <section class="block"><h3>{t("byDay")}</h3><Bars report={report} /><Table label={t("byDay")} first={t("day")} rows={report.days.map(({ day, levels }) => ({ name: day, levels }))} /></section>
              <section class="block"><h3>{t("byFamily")}</h3><Table label={t("byFamily")} first={t("byFamily")} rows={report.families.map(({ family, levels }) => ({ name: term("family", family), levels }))} /></section>
              <section class="block"><h3>{t("rules")}</h3>
                <table class="sums"><caption class="hidden">{t("rules")}</caption><thead><tr><th scope="col">{t("rules")}</th><th scope="col">{t("rAlerts")}</th><th scope="col">{t("confirmed")}</th><th scope="col">{t("wrong")}</th></tr></thead>
                  <tbody>{report.detectors.map((one) => <tr key={one.detector}><th scope="row">{term("detector", one.detector)}</th><td>{one.alerts}</td><td>{one.confirmed}</td><td>{one.wrong}</td></tr>)}</tbody></table>
              </section>
            </>
          )}
        </>
      )}
    </>
  );
}

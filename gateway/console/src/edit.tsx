// Single rows of the registry, corrected where they are seen, with who did it before; and zones, drawn on the map or typed in.
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import type { Chart, Edit, Point, Row } from "./api";
import { desk, useDesk } from "./desk";
import { Drawing, viewOf } from "./map";
import { Button, Field, HoldButton, said } from "./parts";
import { clock, names, t, term } from "./words";

type Toast = (text: string) => void;
const faultOf = (problem: unknown) => (problem instanceof api.Problem && problem.status === 412 ? t("rowChanged") : said(problem));

function History({ table, id, version }: { table: string; id: string; version: string }) {
  const [edits, setEdits] = useState<Edit[]>([]);
  useEffect(() => void api.page<Edit>(`registry/${table}/${encodeURIComponent(id)}/history`, "history").then((got) => setEdits(got.rows), () => setEdits([])), [table, id, version]);
  if (edits.length === 0) return <p class="quiet">{t("rowNoEdits")}</p>;
  return <ul class="records edits">{edits.map((edit, i) => <li key={i}><time dateTime={edit.t}>{clock(edit.t)}</time> <b>{term("change", edit.what)}</b> <bdi class="by">{desk.nameOf(edit.by)}</bdi> <bdi class="quiet">{edit.columns.map((column) => term("column", column)).join(" · ")}</bdi></li>)}</ul>;
}

/** One row: every column as a text, the column at fault named by the gateway. */
function RowForm({ table, id, toast, done }: { table: string; id: string; toast: Toast; done: () => void }) {
  const [row, setRow] = useState<Row | null>(null);
  const [fields, setFields] = useState<Record<string, string>>({});
  const [fault, setFault] = useState("");
  const [place, setPlace] = useState("");
  const load = () => api.row(table, id).then((got) => { setRow(got); setFields(got.fields); setFault(""); setPlace(""); }, (problem: unknown) => setFault(said(problem)));
  useEffect(() => { setRow(null); void load(); }, [table, id]);
  if (!row) return fault ? <p class="fault" role="alert">{fault}</p> : <p role="status">{t("loading")}</p>;
  const changed = Object.keys(fields).some((column) => fields[column] !== row.fields[column]);
  const save = async () => {
    if (!changed) return;
    try {
      await api.setRow(table, id, fields, row.tag);
      toast(t("saved"));
      await load();
      done();
    } catch (problem) {
      setFault(faultOf(problem));
      setPlace(problem instanceof api.Problem ? problem.place ?? "" : "");
      if (problem instanceof api.Problem && problem.status === 412) await api.row(table, id).then((got) => {
        // What was typed stays, what was not is as the other left it; the next try names the new tag.
        setFields((before) => Object.fromEntries(Object.entries(got.fields).map(([column, value]) => [column, before[column] !== row.fields[column] ? before[column]! : value])));
        setRow(got);
      }, () => undefined);
    }
  };
  return (
    <div class="step">
      {fault && <p class="fault" role="alert">{fault}</p>}
      <div class="pair">
        {Object.entries(fields).filter(([column]) => column !== "id").map(([column, value]) => (
          <Field key={column} label={term("column", column)}><input name={column} autocomplete="off" aria-invalid={place === column} value={value} onInput={(event) => { const text = event.currentTarget.value; setFields((before) => ({ ...before, [column]: text })); }} /></Field>
        ))}
      </div>
      <Button kind={changed ? "primary" : ""} aria-disabled={!changed} work={save}>{t("rowSave")}</Button>
      <h4>{t("rowHistory")}</h4>
      <History table={table} id={id} version={row.tag} />
    </div>
  );
}

/** A row behind a word, loaded when it is opened; for those who may. */
export function RowEditor({ table, id, label, toast, done }: { table: string; id: string; label: string; toast: Toast; done: () => void }) {
  const { session } = useDesk();
  const [open, setOpen] = useState(false);
  if (!session?.parts?.includes("rows")) return null;
  return <details class={"edit " + table} onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}><summary>{label}</summary>{open && <RowForm table={table} id={id} toast={toast} done={done} />}</details>;
}

const geometryOf = (points: Point[]) => points.map(([lat, lon]) => `${lon.toFixed(6)} ${lat.toFixed(6)}`).join(";");
const freshId = () => "z-" + api.key().slice(0, 10);

interface Draft { id: string; tag: string; name: string; kind: string; circle: boolean; radius: string; points: Point[]; rest: Record<string, string> }
const freshDraft = (): Draft => ({ id: freshId(), tag: "", name: "", kind: "safe", circle: true, radius: "300", points: [], rest: {} });

function Corner({ point, number, set, remove }: { point: Point; number: number; set: (point: Point) => void; remove: () => void }) {
  const part = (which: 0 | 1) => (
    <input type="number" step="0.000001" name={`${which ? "lon" : "lat"}-${number}`} aria-label={`${t(which ? "longitude" : "latitude")} ${number}`} value={Number(point[which].toFixed(6))}
      onInput={(event) => { const value = event.currentTarget.valueAsNumber; if (Number.isFinite(value)) set(which ? [point[0], value] : [value, point[1]]); }} />
  );
  return <li><span>{number}</span>{part(0)}{part(1)}<button type="button" class="button small" onClick={remove} aria-label={`${t("removeCorner")} ${number}`}>✕</button></li>;
}

/** A zone of a person: a tap on the map sets the centre or the next corner; the same in numbers, for the keyboard. */
function ZoneForm({ resident, chart, toast, done }: { resident: string; chart: Chart; toast: Toast; done: () => void }) {
  const [draft, setDraft] = useState<Draft>(freshDraft);
  const [fault, setFault] = useState("");
  const change = (some: Partial<Draft>) => setDraft((before) => ({ ...before, ...some }));
  const choose = async (id: string) => {
    setFault("");
    const zone = chart.zones?.find((one) => one.id === id);
    if (!zone) return setDraft(freshDraft());
    try {
      const { fields, tag } = await api.row("zones", id);
      setDraft({ id, tag, name: zone.name, kind: zone.kind, circle: zone.points.length === 1, radius: String(zone.radius_m ?? 300), points: zone.points, rest: fields });
    } catch (problem) {
      setFault(said(problem));
    }
  };
  const add = (point: Point) => change({ points: draft.circle ? [point] : [...draft.points, point] });
  const middle = chart.home ?? chart.fix?.at ?? draft.points[0] ?? [0, 0];
  const view = viewOf({ ...chart, zones: [...(chart.zones ?? [])] }, draft.points);
  const radius = Number(draft.radius);
  const ready = draft.name.trim() !== "" && (draft.circle ? draft.points.length === 1 && radius >= 1 : draft.points.length >= 3);
  const work = async (what: () => Promise<unknown>) => {
    try {
      await what();
      toast(t("saved"));
      setDraft(freshDraft());
      setFault("");
      done();
    } catch (problem) {
      setFault(faultOf(problem));
    }
  };
  // The corners are WGS 84 as the map has them, whatever datum the row was written in.
  const save = () => work(() => api.setRow("zones", draft.id, { ...draft.rest, id: draft.id, name: draft.name.trim(), kind: draft.kind, owner: draft.rest["owner"] ?? "resident:" + resident, ...("datum" in draft.rest && { datum: "" }), radius_m: draft.circle ? draft.radius : "", geometry: geometryOf(draft.points) }, draft.tag));
  return (
    <div class="step">
      {fault && <p class="fault" role="alert">{fault}</p>}
      <Field label={t("zoneWhich")}><select name="zone" value={draft.tag ? draft.id : ""} onChange={(event) => void choose(event.currentTarget.value)}><option value="">{t("zoneNew")}</option>{chart.zones?.map((zone) => <option key={zone.id} value={zone.id}>{zone.name} · {term("zone", zone.kind)}</option>)}</select></Field>
      <div class="pair">
        <Field label={t("zoneName")}><input name="zone-name" maxLength={40} autocomplete="off" value={draft.name} onInput={(event) => change({ name: event.currentTarget.value })} /></Field>
        <Field label={t("zoneKind")}><select name="zone-kind" value={draft.kind} onChange={(event) => change({ kind: event.currentTarget.value })}>{names("zone").map((kind) => <option key={kind} value={kind}>{term("zone", kind)}</option>)}</select></Field>
      </div>
      <div class="choices" role="radiogroup" aria-label={t("zoneShape")}>
        {[true, false].map((circle) => <label key={String(circle)} class="choice"><input type="radio" name="shape" checked={draft.circle === circle} onChange={() => change({ circle, points: draft.points.slice(0, circle ? 1 : undefined) })} /><span>{t(circle ? "circle" : "polygon")}</span></label>)}
      </div>
      <p class="quiet">{t(draft.circle ? "circleHelp" : "polygonHelp")}</p>
      {view && (
        <Drawing chart={{ ...chart, zones: chart.zones?.filter((zone) => zone.id !== draft.id) }} view={view} label={t("zoneMap")} pick={add}>
          <g class="draft">
            {draft.circle && draft.points[0] && <circle class="area" cx={view.x(draft.points[0])} cy={view.y(draft.points[0])} r={view.m(radius || 1)} />}
            {!draft.circle && <polygon class="area" points={draft.points.map((point) => `${view.x(point)},${view.y(point)}`).join(" ")} />}
            {draft.points.map((point, i) => <circle key={i} class="corner" cx={view.x(point)} cy={view.y(point)} r="6" />)}
          </g>
        </Drawing>
      )}
      {draft.circle && <Field label={t("radius")}><input name="radius" type="number" min={1} max={50000} value={draft.radius} onInput={(event) => change({ radius: event.currentTarget.value })} /></Field>}
      <ol class="corners" aria-label={t("corners")}>{draft.points.map((point, i) => <Corner key={i} point={point} number={i + 1} set={(next) => change({ points: draft.points.map((one, j) => (j === i ? next : one)) })} remove={() => change({ points: draft.points.filter((_, j) => j !== i) })} />)}</ol>
      <div class="choices">
        <button type="button" class="button small" onClick={() => add(draft.points[draft.points.length - 1] ?? middle)}>{t(draft.circle ? "centreHere" : "addCorner")}</button>
        <Button kind={ready ? "primary" : ""} aria-disabled={!ready} work={async () => { if (ready) await save(); }}>{t("zoneSave")}</Button>
        {draft.tag && <HoldButton pressed={false} work={() => work(() => api.removeRow("zones", draft.id, draft.tag))}>{t("zoneRemove")}</HoldButton>}
      </div>
      {draft.tag && <><h4>{t("rowHistory")}</h4><History table="zones" id={draft.id} version={draft.tag} /></>}
    </div>
  );
}

/** Below a resident's map, for those who may edit. */
export function Zones({ resident, toast, done }: { resident: string; toast: Toast; done: () => void }) {
  const { session } = useDesk();
  const [open, setOpen] = useState(false);
  const [chart, setChart] = useState<Chart | null>(null);
  const [fault, setFault] = useState("");
  const load = () => api.chart(resident).then((got) => { setChart(got); setFault(""); }, (problem: unknown) => setFault(said(problem)));
  useEffect(() => { if (open) void load(); }, [open, resident]);
  if (!session?.parts?.includes("rows")) return null;
  return (
    <details class="edit drawing" onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>{t("zonesEdit")}</summary>
      {open && fault && <p class="fault" role="alert">{fault}</p>}
      {open && chart && <ZoneForm resident={resident} chart={chart} toast={toast} done={() => { void load(); done(); }} />}
    </details>
  );
}

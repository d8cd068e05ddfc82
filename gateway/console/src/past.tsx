// Four weeks of a resident, told from the log: how the week goes, outings and visits. Asked for when it is opened, since the gateway reads much for it.
import { useEffect, useState } from "preact/hooks";
import { useReturns } from "./desk";
import * as api from "./api";
import type { Alert, Outing, Past, Routine, Visit } from "./api";
import { LevelShape, newest, reason, said } from "./parts";
import { age, clock, t, term } from "./words";

const WEEKS_H = 28 * 24;
const SHOWN = 20;

function usePast<T extends Past>(id: string, what: "routine" | "visits" | "outings") {
  const [past, setPast] = useState<T | null>(null);
  const returns = useReturns();
  const [fault, setFault] = useState("");
  useEffect(() => {
    let wanted = true;
    api.past<T>(id, what, WEEKS_H).then((got) => { if (wanted) { setPast(got); setFault(""); } }, (problem: unknown) => { if (wanted) setFault(said(problem)); });
    return () => { wanted = false; };
  }, [id, what, returns]);
  return { past, fault };
}

/** What stands instead of a picture or list: a fault, waiting, no consent; and from when on it is whole. */
function Words({ past, fault }: { past: Past | null; fault: string }) {
  if (fault) return <p class="fault">{fault}</p>;
  if (!past) return <p role="status">{t("loading")}</p>;
  if (!past.consent) return <p class="quiet">{t("pastNoConsent")}</p>;
  return past.since > past.from ? <p class="quiet">{t("pastSince", clock(past.since))}</p> : null;
}

/** Each hour of a week by the share in which the person was out; a table, which a screen reader reads cell by cell. */
function Week({ routine }: { routine: Routine }) {
  const hours = [...Array(24).keys()];
  return (
    <>
      <table class="routine">
        <caption class="hidden">{t("routine")}</caption>
        <thead><tr><th scope="col"><span class="hidden">{t("day")}</span></th>{hours.map((hour) => <th key={hour} scope="col">{hour % 6 === 0 ? `${hour}` : <span class="hidden">{hour}</span>}</th>)}</tr></thead>
        <tbody>
          {routine.weekdays.map(({ day, out }) => (
            <tr key={day}>
              <th scope="row">{term("day", day.slice(0, 3))}</th>
              {out.map((share, hour) => <td key={hour} class={"heat " + (share === null ? "unknown" : "h" + Math.ceil(share * 4))}><span class="hidden">{share === null ? t("notKnown") : `${Math.round(share * 100)} %`}</span></td>)}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="legend" aria-hidden="true"><span><i class="sign heat" />{t("alwaysHome")}</span><span><i class="sign heat h2" />{t("halfOut")}</span><span><i class="sign heat h4" />{t("alwaysOut")}</span><span><i class="sign heat unknown" />{t("notKnown")}</span></p>
    </>
  );
}

const lasted = (from: string, to: string) => age(Date.parse(to) - Date.parse(from));

/** The alerts of that kind in the same weeks. */
function Alerts({ id, family }: { id: string; family: "visitor" | "outing" }) {
  const [list, setList] = useState<Alert[]>([]);
  useEffect(() => {
    let wanted = true;
    api.page<Alert>("alerts", "alerts", { resident: id, family, limit: 200 })
      .then((got) => { if (wanted) setList(got.rows.filter((alert) => Date.now() - Date.parse(alert.opened) < WEEKS_H * 3600000)); }, () => undefined);
    return () => { wanted = false; };
  }, [id, family]);
  if (list.length === 0) return null;
  return (
    <>
      <h4>{t("alertsOfIt")}</h4>
      <ul class="records">
        {list.slice(0, SHOWN).map((alert) => (
          <li key={alert.id}><a href={`#${alert.state === "open" ? "open" : "past"}/${alert.id}`}><time dateTime={alert.opened}>{clock(alert.opened)}</time> <LevelShape level={alert.level} /><span class="hidden">{term("level", alert.level)}</span> {newest(alert) && reason(newest(alert)!)}</a></li>
        ))}
      </ul>
    </>
  );
}

function Outings({ id }: { id: string }) {
  const { past, fault } = usePast<Past & { outings: Outing[] }>(id, "outings");
  return (
    <>
      <h4>{t("outings")}</h4>
      <Words past={past} fault={fault} />
      {past?.consent && past.outings.length === 0 && <p class="quiet">{t("nothingRecorded")}</p>}
      <ul class="records outings">
        {past?.outings.slice(0, SHOWN).map((outing) => <li key={outing.left}><time dateTime={outing.left}>{clock(outing.left)}</time> → {outing.back ? <><time dateTime={outing.back}>{clock(outing.back)}</time> <span class="quiet">{lasted(outing.left, outing.back)}</span></> : t("notBack")}</li>)}
      </ul>
      <Alerts id={id} family="outing" />
    </>
  );
}

function Visits({ id }: { id: string }) {
  const { past, fault } = usePast<Past & { visits: Visit[] }>(id, "visits");
  return (
    <>
      <h4>{t("visits")}</h4>
      <Words past={past} fault={fault} />
      {past?.consent && past.visits.length === 0 && <p class="quiet">{t("nothingRecorded")}</p>}
      <ul class="records visits">
        {past?.visits.slice(0, SHOWN).map((visit) => (
          <li key={visit.from + visit.device}><time dateTime={visit.from}>{clock(visit.from)}</time> <b>{visit.visitors?.length ? <bdi>{visit.visitors.join(" · ")}</bdi> : visit.who.map((one) => term("whoCame", one)).join(" · ")}</b>{visit.people > 1 && " " + t("peopleAtOnce", visit.people)} <span class="quiet">{term("view", visit.place)} · {lasted(visit.from, visit.to)}{!visit.left && " · " + t("notSeenLeave")}</span></li>
        ))}
      </ul>
      <Alerts id={id} family="visitor" />
    </>
  );
}

function Opened({ id }: { id: string }) {
  const { past, fault } = usePast<Routine>(id, "routine");
  return (
    <div class="step">
      <h4>{t("routine")}</h4>
      <Words past={past} fault={fault} />
      {past?.consent && <Week routine={past} />}
      <Outings id={id} />
      <Visits id={id} />
    </div>
  );
}

export function Weeks({ id }: { id: string }) {
  const [open, setOpen] = useState(false);
  return <section class="block"><details class="weeks" onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}><summary>{t("fourWeeks")}</summary>{open && <Opened id={id} />}</details></section>;
}

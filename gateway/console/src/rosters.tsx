// Who is on duty now and next, where nobody is, and who stands in for whom.
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import type { OnDuty, Roster, Stretch } from "./api";
import { desk, useDesk } from "./desk";
import { Button, Field, Whom, said, useNow } from "./parts";
import { useList } from "./planned";
import { clock, t, term } from "./words";

type Toast = (text: string) => void;
const SHIFT_DAYS = 14;

const personOf = (person: OnDuty) => person.name || person.id;

function People({ people }: { people: OnDuty[] }) {
  if (people.length === 0) return <b class="state not_heard"><span aria-hidden="true">▲</span> {t("nobodyOn")}</b>;
  return <>{people.map((person, i) => <span key={person.id}>{i > 0 && " · "}<bdi class="strong">{personOf(person)}</bdi>{person.missing && <span class="state not_heard"> ▲ {t("notRegistered")}</span>}</span>)}</>;
}

/** Each turn of the coming days; hours without anybody stand out in word and shape. */
function Shifts({ shifts }: { shifts: (Stretch & { on: OnDuty[] })[] }) {
  return (
    <table class="sums shifts">
      <caption class="hidden">{t("shifts")}</caption>
      <thead><tr><th scope="col">{t("from")}</th><th scope="col">{t("until")}</th><th scope="col">{t("onNow")}</th></tr></thead>
      <tbody>{shifts.map((shift) => <tr key={shift.from}><th scope="row"><time dateTime={shift.from}>{clock(shift.from)}</time></th><td><time dateTime={shift.until}>{clock(shift.until)}</time></td><td><People people={shift.on} /></td></tr>)}</tbody>
    </table>
  );
}

const utc = (local: string) => new Date(local).toISOString();

function Times({ from, until, prefix, set }: { from: string; until: string; prefix: string; set: (name: string, value: string) => void }) {
  const one = (name: "from" | "until", value: string) => <Field label={t(name)}><input type="datetime-local" name={prefix + name} required value={value} onInput={(event) => set(prefix + name, event.currentTarget.value)} /></Field>;
  return <div class="pair">{one("from", from)}{one("until", until)}</div>;
}

/** Somebody stands in, or two people exchange a duty each. */
function ChangeForm({ roster, known, swap, act }: { roster: Roster; known: OnDuty[]; swap: boolean; act: (path: string, body: Record<string, string>) => Promise<boolean> }) {
  const empty = { to: "", instead: "", from: "", until: "", back_from: "", back_until: "", note: "" };
  const [order, setOrder] = useState<Record<string, string>>(empty);
  const set = (name: string, value: string) => setOrder((before) => ({ ...before, [name]: value }));
  const people = known.map((person): [string, string] => [person.id, personOf(person)]);
  const needed = swap ? Object.keys(empty) : ["to", "from", "until", "note"];
  const ready = needed.every((name) => order[name]?.trim());
  const send = async () => {
    if (!ready) return;
    const body: Record<string, string> = {};
    for (const [name, value] of Object.entries(order)) if (value.trim() && (swap || !name.startsWith("back_"))) body[name] = /from|until/.test(name) ? utc(value) : value.trim();
    if (await act(`rosters/${roster.name}/${swap ? "swap" : "override"}`, body)) setOrder(empty);
  };
  return (
    <div class="step">
      <Whom label={t(swap ? "swapTo" : "standInTo")} name="to" people={people} value={order["to"]!} set={(id) => set("to", id)} />
      <Whom label={t(swap ? "swapInstead" : "standInFor")} name="instead" people={people} value={order["instead"]!} set={(id) => set("instead", id)} none={swap ? undefined : t("whoeverIsOn")} />
      {swap && <h4>{t("swapGives")}</h4>}
      <Times prefix="" from={order["from"]!} until={order["until"]!} set={set} />
      {swap && <><h4>{t("swapBack")}</h4><Times prefix="back_" from={order["back_from"]!} until={order["back_until"]!} set={set} /></>}
      <Field label={t("why")}><input name="note" maxLength={80} required autocomplete="off" value={order["note"]} onInput={(event) => set("note", event.currentTarget.value)} /></Field>
      <Button kind={ready ? "primary" : ""} aria-disabled={!ready} work={send}>{t(swap ? "swap" : "standIn")}</Button>
    </div>
  );
}

/** The forms and the coming turns want to know all members: one roster is asked for whole when it is opened. */
function More({ roster, act, version }: { roster: Roster; act: (path: string, body: Record<string, string>) => Promise<boolean>; version: string }) {
  const { session } = useDesk();
  const [whole, setWhole] = useState<Roster | null>(null);
  const [fault, setFault] = useState("");
  const [wanted, setWanted] = useState(false);
  useEffect(() => {
    if (wanted) api.roster(roster.name, SHIFT_DAYS).then((got) => { setWhole(got); setFault(""); }, (problem: unknown) => setFault(said(problem)));
  }, [wanted, roster.name, version]);
  const known = [...new Map((whole?.layers ?? []).flatMap((layer) => layer.members).map((person) => [person.id, person])).values()];
  const open = (event: Event) => { if ((event.currentTarget as HTMLDetailsElement).open) setWanted(true); };
  const waits = fault ? <p class="fault">{fault}</p> : !whole ? <p role="status">{t("loading")}</p> : null;
  return (
    <>
      <details onToggle={open}><summary>{t("shifts")}</summary>{waits ?? <Shifts shifts={whole?.shifts ?? []} />}</details>
      {session?.may?.includes("roster_override") && <details class="standin" onToggle={open}><summary>{t("standIn")}</summary>{waits ?? <ChangeForm roster={roster} known={known} swap={false} act={act} />}</details>}
      {session?.may?.includes("roster_swap") && <details class="swap" onToggle={open}><summary>{t("swap")}</summary>{waits ?? <ChangeForm roster={roster} known={known} swap act={act} />}</details>}
    </>
  );
}

function One({ roster, territory, act }: { roster: Roster; territory?: string; act: (path: string, body: Record<string, string>) => Promise<boolean> }) {
  const { session } = useDesk();
  const changes = roster.changes.filter((change) => !change.cancelled);
  // A change tells who stands in by id: the name is known of those who are on, or of an account.
  const names = new Map([...roster.on, ...(roster.next ?? [])].map((person) => [person.id, personOf(person)]));
  const nameOf = (id: string) => names.get(id) ?? desk.nameOf(id);
  return (
    <section class="block roster" data-roster={roster.name}>
      <h3><bdi>{roster.name}</bdi> · {term("role", roster.role)}{territory && <> · <bdi>{territory}</bdi></>}</h3>
      <dl class="facts">
        <div class="on"><dt>{t("onNow")}</dt><dd><People people={roster.on} /></dd></div>
        {roster.next_from && <div><dt>{t("onNext", clock(roster.next_from))}</dt><dd><People people={roster.next ?? []} /></dd></div>}
      </dl>
      {roster.gap && <p class={roster.gaps === "told" ? "warn" : "quiet"}>{t(roster.gaps === "told" ? "gapFrom" : "gapMeant", clock(roster.gap.from), clock(roster.gap.until))}</p>}
      {changes.length > 0 && (
        <>
          <h4>{t("rosterChanges")}</h4>
          <ul class="rows changes">
            {changes.map((change) => (
              <li key={change.id}>
                <span><bdi class="strong">{t("standsIn", nameOf(change.to), change.instead ? nameOf(change.instead) : t("whoeverIsOn"))}</bdi><br />{clock(change.from)} → {clock(change.until)} <span class="quiet">{desk.nameOf(change.by)} <bdi>{change.note}</bdi></span></span>
                {session?.may?.includes("roster_cancel") && <Button kind="small" work={() => act(`roster-changes/${change.id}/cancel`, {}).then(() => undefined)}>{t("takeBack")}</Button>}
              </li>
            ))}
          </ul>
        </>
      )}
      <More roster={roster} act={act} version={JSON.stringify(roster.changes)} />
    </section>
  );
}

export function Rosters({ toast }: { toast: Toast }) {
  const { rows, fault, load } = useList<Roster>("rosters", "rosters");
  const territories = useList<api.Territory>("territories", "territories");
  const tick = useNow(15000); // a turn comes by itself, a change from another desk
  useEffect(() => { if (rows) void load(); }, [tick]);
  const act = async (path: string, body: Record<string, string>) => {
    let done = true;
    try { await api.once(path, body); toast(t("saved")); } catch (problem) { toast(said(problem)); done = false; }
    await load();
    return done;
  };
  return (
    <>
      {fault && <p class="fault" role="alert">{fault}</p>}
      {!rows && !fault && <p role="status">{t("loading")}</p>}
      {rows?.length === 0 && <p class="quiet">{t("noRosters")}</p>}
      {rows?.map((roster) => <One key={roster.name} roster={roster} territory={roster.territory && (territories.rows?.find((one) => one.code === roster.territory)?.name ?? roster.territory)} act={act} />)}
    </>
  );
}

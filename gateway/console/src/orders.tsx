// What is asked of a device, and how it stands: where it is, how often it reports, a restart.
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "./api";
import type { Command, Device } from "./api";
import { desk, useDesk } from "./desk";
import { Button, Field, HoldButton, said, useNow } from "./parts";
import { clock, t, term } from "./words";

type Toast = (text: string) => void;
const ENDED = ["played", "failed", "expired", "cancelled"];
const SHOWN = 5;
const isOn = (command: Command | undefined) => command !== undefined && !ENDED.includes(command.state);

/** The commands of a device, newest first; asked for often while one is under way. */
function useCommands(device: string) {
  const [commands, setCommands] = useState<Command[] | null>(null);
  const [fault, setFault] = useState("");
  const asked = useRef(0);
  const tick = useNow(commands?.some(isOn) ? 2000 : 15000);
  const load = () => {
    const number = ++asked.current;
    return api.page<Command>(`devices/${device}/commands`, "commands").then(
      (got) => { if (number === asked.current) { setCommands(got.rows); setFault(""); } }, (problem: unknown) => { if (number === asked.current) setFault(said(problem)); });
  };
  useEffect(() => void load(), [device, tick]);
  return { commands, fault, load };
}

const short = (seconds: number) => (seconds < 60 ? t("secondsShort", seconds) : seconds < 3600 ? t("minutes", seconds / 60) : t("hoursShort", seconds / 3600));

function State({ command }: { command: Command }) {
  const well = command.state === "played", ill = command.state === "failed" || command.state === "expired";
  return <span class={"state " + (well ? "covered" : ill ? "not_heard" : "")}><span aria-hidden="true">{well ? "✓" : ill ? "✗" : "…"}</span> {term("orderState", command.state)}</span>;
}

function List({ commands }: { commands: Command[] }) {
  if (commands.length === 0) return <p class="quiet">{t("noOrders")}</p>;
  return (
    <ul class="records commands">
      {commands.slice(0, SHOWN).map((command) => (
        <li key={command.id}>
          <time dateTime={command.t}>{clock(command.t)}</time> <b>{term("command", command.command)}</b>{command.interval_s !== undefined && " " + t("everySeconds", short(command.interval_s))} <State command={command} />{command.reason && <bdi class="quiet"> {command.reason}</bdi>}
          <span class="quiet"> {term("detector", command.by) !== command.by ? term("detector", command.by) : desk.nameOf(command.by)} · {term("basis", command.basis)}{command.note && <> · <bdi>{command.note}</bdi></>}</span>
        </li>
      ))}
    </ul>
  );
}

const PACES = [30, 60, 300, 600, 1800, 3600], TIMES = [1800, 3600, 14400, 86400, 0];

function Forms({ device, toast, done }: { device: Device; toast: Toast; done: () => void }) {
  const { session } = useDesk();
  const [note, setNote] = useState("");
  const [pace, setPace] = useState("60");
  const [time, setTime] = useState("3600");
  const ready = note.trim() !== "";
  const order = async (verb: string, more: Record<string, string> = {}) => {
    if (!ready) return toast(t("orderWhy"));
    try {
      await api.once(`devices/${device.id}/${verb}`, { note: note.trim(), ...more });
      toast(t("savedOrder"));
      setNote("");
    } catch (problem) {
      toast(said(problem));
    }
    done();
  };
  const may = (action: api.Action) => session?.may?.includes(action) ?? false;
  const band = device.kind === "wristband";
  return (
    <>
      <Field label={t("orderWhy")}><input name="order-note" maxLength={80} autocomplete="off" value={note} onInput={(event) => setNote(event.currentTarget.value)} /></Field>
      {band && may("device_interval") && (
        <div class="pair">
          <Field label={t("pace")}><select name="pace" value={pace} onChange={(event) => setPace(event.currentTarget.value)}>{PACES.map((seconds) => <option key={seconds} value={seconds}>{short(seconds)}</option>)}</select></Field>
          <Field label={t("paceFor")}><select name="pace-for" value={time} onChange={(event) => setTime(event.currentTarget.value)}>{TIMES.map((seconds) => <option key={seconds} value={seconds}>{seconds ? short(seconds) : t("forGood")}</option>)}</select></Field>
        </div>
      )}
      <div class="choices">
        {band && may("device_locate") && <Button aria-disabled={!ready} work={() => order("locate")}>{t("locateNow")}</Button>}
        {band && may("device_interval") && <Button aria-disabled={!ready} work={() => order("interval", { interval_s: pace, duration_s: time })}>{t("setPace")}</Button>}
        {may("device_restart") && <HoldButton pressed={false} work={() => order("restart")}>{t("holdRestart")}</HoldButton>}
      </div>
    </>
  );
}

function Opened({ device, toast }: { device: Device; toast: Toast }) {
  const { commands, fault, load } = useCommands(device.id);
  return (
    <div class="step">
      {fault && <p class="fault">{fault}</p>}
      {!commands && !fault && <p role="status">{t("loading")}</p>}
      {commands && <List commands={commands} />}
      <Forms device={device} toast={toast} done={() => void load()} />
    </div>
  );
}

/** Below a device, for those who may order something: asked for when it is opened. */
export function Orders({ device, toast }: { device: Device; toast: Toast }) {
  const { session } = useDesk();
  const [open, setOpen] = useState(false);
  if (!session?.may?.includes("device_restart")) return null;
  return <details class="orders" onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}><summary>{t("orders")}<span class="hidden"> {device.id}</span></summary>{open && <Opened device={device} toast={toast} />}</details>;
}

function LocateBand({ band, toast }: { band: Device; toast: Toast }) {
  const { commands, fault, load } = useCommands(band.id);
  const last = commands?.find((command) => command.command === "locate");
  const locate = async () => {
    try { await api.once(`devices/${band.id}/locate`, { note: t("locateWhy") }); toast(t("savedOrder")); } catch (problem) { toast(said(problem)); }
    await load();
  };
  return (
    <p class="locate" role="status">
      <Button kind="small" work={locate}>{t("locateNow")}</Button>
      {fault && <span class="fault">{fault}</span>}
      {last && <span class="quiet"><bdi>{band.id}</bdi> · {t("lastOrder", clock(last.changed ?? last.t), "")}<State command={last} />{isOn(last) && " " + t("locating")}</span>}
    </p>
  );
}

/** At an alert: where is the person now? One tap; the answer shows on the map when it comes. */
export function Locate({ resident, toast }: { resident: string; toast: Toast }) {
  const { session } = useDesk();
  const [bands, setBands] = useState<Device[]>([]);
  const may = session?.may?.includes("device_locate") ?? false;
  useEffect(() => {
    let wanted = true;
    setBands([]);
    if (may) api.page<Device>("devices", "devices", { q: resident, kind: "wristband", limit: 20 }).then((got) => { if (wanted) setBands(got.rows.filter((band) => band.resident === resident)); }, () => undefined);
    return () => { wanted = false; };
  }, [resident, may]);
  return <>{bands.map((band) => <LocateBand key={band.id} band={band} toast={toast} />)}</>;
}

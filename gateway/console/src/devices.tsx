import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "./api";
import type { Device, FirmwareUse, Page } from "./api";
import { useDesk, useReturns } from "./desk";
import { HoldButton, More, Told, said, useNow } from "./parts";
import { Orders } from "./orders";
import { Quarantine } from "./quarantine";
import { Rollout } from "./rollout";
import { age, clock, names, t, term } from "./words";

/** Opens the test window of a device; held, because a cry for help in it is taken for a drill. */
function TestButton({ device, tested, toast }: { device: Device; tested: () => void; toast: (text: string) => void }) {
  const now = useNow(5000);
  if (device.test_until && Date.parse(device.test_until) > now) return <span class="test" role="status">{t("testOpen", clock(device.test_until))}</span>;
  const open = () => api.once(`devices/${device.id}/test-window`, { note: t("testNote") }).then(() => { toast(t("saved")); tested(); }, (problem: unknown) => toast(said(problem)));
  return <span class="test"><HoldButton work={open} pressed={false}>{t("testWindow")}<span class="hidden"> {device.id}</span></HoldButton></span>;
}

/** One device as it is: what is wrong first, in shape and word. */
export function DeviceRow({ device, linked = false, tested, toast }: { device: Device; linked?: boolean; tested?: () => void; toast?: (text: string) => void }) {
  const { session } = useDesk();
  const now = useNow(30000);
  const owner = device.resident;
  return (
    <li class={"device " + device.trouble}>
      <span class="name"><bdi class="strong">{device.id}</bdi> <span class="quiet">{term("device", device.kind)}{device.view && " · " + term("view", device.view)}</span></span>
      <span class="trouble"><span aria-hidden="true">{device.trouble === "none" ? "●" : "▲"}</span> {term("trouble", device.trouble)}</span>
      <span class="quiet">{device.connected !== undefined && <><span class="tag">{t(device.connected ? "linkUp" : "linkDown")}</span>{" "}</>}{device.heard ? t("heardAgo", age(now - Date.parse(device.heard))) : ""}{device.battery !== undefined && ` · ${t("battery", device.battery)}${device.charging ? " ⚡" : ""}`}{device.battery_days_left !== undefined && ` · ${t("daysLeft", device.battery_days_left.toFixed(1))}`}{device.firmware && <> · <bdi>{device.firmware}</bdi></>}</span>
      {linked && (owner ? <a href={"#residents/" + owner}><bdi>{owner}</bdi></a> : <bdi class="quiet">{device.household}</bdi>)}
      {tested && toast && device.kind === "wristband" && session?.may?.includes("test_window") && <TestButton device={device} tested={tested} toast={toast} />}
      {toast && <Orders device={device} toast={toast} />}
    </li>
  );
}

/** How many run which firmware; a click shows them. */
function Firmware({ pick }: { pick: (kind: string, version: string) => void }) {
  const [{ versions, beyond }, setUse] = useState<{ versions: FirmwareUse[]; beyond?: number }>({ versions: [] });
  const returns = useReturns();
  useEffect(() => void api.firmware().then(setUse, () => setUse({ versions: [] })), [returns]);
  if (!versions.length) return null;
  return (
    <details class="block firmware">
      <summary>{t("firmware")}</summary>
      <ul class="facts">{versions.map((one) => (
        <li key={one.kind + (one.firmware ?? "")}>
          {one.firmware ? <button type="button" class="link" onClick={() => pick(one.kind, one.firmware!)}><bdi>{one.firmware}</bdi></button> : t("firmwareUntold")}
          {" "}<span class="quiet">{term("device", one.kind)} · {t("firmwareCount", one.devices)}</span>
        </li>))}
        {!!beyond && <li>{t("firmwareOthers", beyond)}</li>}</ul>
    </details>
  );
}

/** The fleet: what is wrong is shown first. */
export function Devices({ toast }: { toast: (text: string) => void }) {
  const { session } = useDesk();
  const [words, setWords] = useState<{ q: string; trouble: string; kind: string; firmware?: string }>({ q: "", trouble: "any", kind: "" });
  const [page, setPage] = useState<Page<Device> | null>(null);
  const [fault, setFault] = useState("");
  const returns = useReturns();
  const asked = useRef(0);
  const load = async (cursor?: number) => {
    const number = ++asked.current;
    try {
      const got = await api.page<Device>("devices", "devices", { ...words, q: words.q.trim(), cursor, limit: 100 });
      if (number !== asked.current) return;
      setPage((before) => ({ rows: cursor ? [...(before?.rows ?? []), ...got.rows] : got.rows, next: got.next }));
      setFault("");
    } catch (problem) {
      if (number === asked.current) setFault(said(problem));
    }
  };
  useEffect(() => {
    const timer = window.setTimeout(() => void load(), words.q ? 250 : 0);
    return () => window.clearTimeout(timer);
  }, [words, returns]);
  return (
    <section class="page" aria-label={t("devices")}>
      <h2>{t("devices")}</h2>
      <div class="filters flat">
        <input type="search" aria-label={t("searchDevices")} placeholder={t("searchDevices")} maxLength={40} value={words.q} onInput={(event) => setWords({ ...words, q: event.currentTarget.value })} />
        <select aria-label={t("filterTrouble")} value={words.trouble} onChange={(event) => setWords({ ...words, trouble: event.currentTarget.value })}><option value="">{t("allDevices")}</option>{names("trouble").map((name) => <option key={name} value={name}>{term("trouble", name)}</option>)}</select>
        <select aria-label={t("filterDevice")} value={words.kind} onChange={(event) => setWords({ ...words, kind: event.currentTarget.value })}><option value="">{t("allKinds")}</option>{names("device").map((name) => <option key={name} value={name}>{term("device", name)}</option>)}</select>
      </div>
      <Rollout toast={toast} />
      <Firmware pick={(kind, firmware) => setWords({ q: "", trouble: "", kind, firmware })} />
      {words.firmware && <p role="status"><bdi>{words.firmware}</bdi> <button type="button" class="link" onClick={() => setWords({ ...words, firmware: undefined })}>{t("firmwareAll")}</button></p>}
      <Told what={page} fault={fault} />
      {page?.rows.length === 0 && page.next === undefined && <p class="quiet">{words.trouble === "any" ? t("allWell") : t("noDevices")}</p>}
      <ul class="rows panelled">{page?.rows.map((device) => <DeviceRow key={device.id} device={device} linked toast={toast} tested={() => void load()} />)}<More next={page?.next} work={() => load(page?.next)} /></ul>
      {session?.parts?.includes("strangers") && <Quarantine toast={toast} />}
    </section>
  );
}

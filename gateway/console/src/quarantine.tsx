// Devices that were heard and may not speak: who they are, and one form to adopt or dismiss them.
import { useEffect, useState } from "preact/hooks";
import { useReturns } from "./desk";
import * as api from "./api";
import type { Adoption, Stranger } from "./api";
import { Button, Field, said } from "./parts";
import { clock, t, term } from "./words";

/** What the form says; which of the two owners counts is the kind's. */
function words(form: HTMLFormElement): Record<string, string> {
  const data = new FormData(form), text = (name: string) => String(data.get(name) ?? "").trim();
  const body: Record<string, string> = { [text("kind") === "camera" ? "household" : "resident"]: text("owner") };
  if (text("kind") === "camera") body["view"] = text("view");
  if (text("interval")) body["report_interval_s"] = text("interval");
  return body;
}

function Adopt({ device, done }: { device: string; done: () => void }) {
  const [kind, setKind] = useState("wristband");
  const [seen, setSeen] = useState<{ body: Record<string, string>; shown: Adoption } | null>(null);
  const [fault, setFault] = useState("");
  const look = async (event: Event) => {
    event.preventDefault();
    const body = words(event.currentTarget as HTMLFormElement);
    try {
      setSeen({ body, shown: await api.previewAdoption(device, body) });
      setFault("");
    } catch (problem) {
      setSeen(null);
      setFault(said(problem));
    }
  };
  const adopt = async () => {
    if (!seen) return;
    try {
      await api.once(`quarantine/${device}/adopt`, { ...seen.body, version: seen.shown.version });
      done();
    } catch (problem) {
      setSeen(null);
      setFault(said(problem));
    }
  };
  return (
    <form class="panel" onSubmit={(event) => void look(event)} onInput={() => setSeen(null)}>
      <Field label={t("adoptKind")}><select name="kind" value={kind} onChange={(event) => setKind(event.currentTarget.value)}>{["wristband", "camera"].map((name) => <option key={name} value={name}>{term("device", name)}</option>)}</select></Field>
      <Field label={t(kind === "camera" ? "adoptHome" : "adoptWearer")}><input name="owner" required pattern="[A-Za-z0-9_\-]{1,64}" autocomplete="off" autocapitalize="none" /></Field>
      {kind === "camera" && <Field label={t("adoptView")}><select name="view">{["doorstep", "indoors"].map((name) => <option key={name} value={name}>{term("view", name)}</option>)}</select></Field>}
      <Field label={t("adoptInterval")}><input name="interval" type="number" min={1} max={86400} inputMode="numeric" /></Field>
      {fault && <p class="fault" role="alert">{fault}</p>}
      {seen && <p role="status" class="adoption">{t("adoptShown", device, term("device", seen.shown.kind), seen.shown.name ?? "", seen.shown.household ?? "")}</p>}
      <p>{seen ? <Button kind="primary" work={adopt}>{t("adopt")}</Button> : <button class="button primary">{t("adoptPreview")}</button>}</p>
    </form>
  );
}

export function Quarantine({ toast }: { toast: (text: string) => void }) {
  const [list, setList] = useState<Stranger[] | null>(null);
  const [open, setOpen] = useState("");
  const [fault, setFault] = useState("");
  const load = () => api.page<Stranger>("quarantine", "devices").then((got) => { setList(got.rows.filter((one) => !one.dismissed)); setFault(""); }, (problem: unknown) => setFault(said(problem)));
  const returns = useReturns();
  useEffect(() => void load(), [returns]);
  const dismiss = (id: string) => api.once(`quarantine/${id}/dismiss`, {}).then(() => { toast(t("saved")); return load(); }, (problem: unknown) => setFault(said(problem)));
  const adopted = () => { setOpen(""); toast(t("saved")); void load(); };
  if (!list?.length && !fault) return null;
  return (
    <section class="block quarantine" aria-label={t("strangers")}>
      <h3>{t("strangers")}</h3>
      <p class="quiet">{t("strangersHelp")}</p>
      {fault && <p class="fault" role="alert">{fault}</p>}
      <ul class="facts">{list?.map((one) => (
        <li key={one.id}>
          <bdi class="strong">{one.id}</bdi> <span class="quiet">{term("quarantine", one.reason)} · {t("times", one.times)} · {clock(one.first)} – {clock(one.last)}</span>
          {one.reason !== "wrong_county" && <button class="button" aria-expanded={open === one.id} onClick={() => setOpen(open === one.id ? "" : one.id)}>{t("adopt")}</button>} <Button work={() => dismiss(one.id)}>{t("dismiss")}</Button>
          {open === one.id && <Adopt device={one.id} done={adopted} />}
        </li>))}</ul>
    </section>
  );
}

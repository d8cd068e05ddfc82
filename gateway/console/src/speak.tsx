// A prompt said now, by a person's order: first through what and how, then held.
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import type { Prompt } from "./api";
import { Button, Field, HoldButton, said } from "./parts";
import { sayingOf } from "./planned";
import { t, term } from "./words";

export function Speak({ id, toast, done }: { id: string; toast: (text: string) => void; done: () => void }) {
  const [prompts, setPrompts] = useState<Prompt[] | null>(null);
  const [chosen, setChosen] = useState("");
  const [how, setHow] = useState<api.Spoken | null>(null);
  const [fault, setFault] = useState("");
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (open && !prompts) void api.page<Prompt>("prompts", "prompts").then((got) => setPrompts(got.rows), (problem: unknown) => setFault(said(problem)));
  }, [open]);
  const prompt = prompts?.find((one) => one.id === (chosen || prompts[0]?.id));
  useEffect(() => {
    if (!open || !prompt) return;
    let wanted = true;
    setHow(null);
    api.speakPreview(id, prompt.id).then((got) => { if (wanted) { setHow(got); setFault(""); } }, (problem: unknown) => { if (wanted) setFault(said(problem)); });
    return () => { wanted = false; };
  }, [open, id, prompt?.id]);
  const say = async (path: string, body: Record<string, string>) => {
    try { await api.once(`alerts/${id}/${path}`, body); toast(t("saved")); } catch (problem) { toast(said(problem)); }
    done();
  };
  return (
    <details class="speak" onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>{t("speakNow")}</summary>
      <div class="step">
        {fault && <p class="fault">{fault}</p>}
        {prompts && <Field label={t("saying")}><select name="saying" value={prompt?.id ?? ""} onChange={(event) => setChosen(event.currentTarget.value)}>{prompts.map((one) => <option key={one.id} value={one.id}>{one.id}</option>)}</select></Field>}
        {prompt && <p class="advice"><bdi>{sayingOf(prompt)}</bdi></p>}
        {how && <p class={how.manner === "aloud" ? "warn" : "quiet"} role="status">{t("spokenBy", how.device ?? "–", term("manner", how.manner))}{how.quiet_hours && " · " + t("quietHours")}</p>}
        {prompt && <HoldButton pressed={false} work={() => say("prompts", { prompt: prompt.id })}>{t("holdSpeak")}</HoldButton>}
        <Button kind="small" work={() => say("hush", {})}>{t("hush")}</Button>
      </div>
    </details>
  );
}

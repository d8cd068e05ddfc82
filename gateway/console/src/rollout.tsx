// A setting that goes to a share of the devices at a time: how far it is, why it stands, and the way to stop it.
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import type { Rollout as One } from "./api";
import { Button, Field, said } from "./parts";
import { clock, t, term } from "./words";

const STEERS = { running: ["pause", "abort"], paused: ["resume", "abort"], stopped: ["resume", "abort"] } as const;

function Progress({ one }: { one: One }) {
  const numbers: [Parameters<typeof t>[0], number][] = [["roAudience", one.audience], ["roAsked", one.asked], ["roAcked", one.acked], ["roRefused", one.refused], ["roTroubled", one.troubled], ["roRest", one.rest_troubled]];
  return (
    <>
      <progress max={Math.max(one.audience, 1)} value={one.acked} aria-label={t("roAcked")} />
      <dl class="facts">{numbers.map(([name, count]) => <div key={name}><dt>{t(name)}</dt><dd>{count}</dd></div>)}</dl>
    </>
  );
}

function Steer({ one, done }: { one: One; done: () => void }) {
  const [note, setNote] = useState("");
  const [fault, setFault] = useState("");
  const steers = STEERS[one.state as keyof typeof STEERS] as readonly string[] | undefined;
  if (!steers) return null;
  const work = (verb: string) => () => api.once("rollouts/" + verb, { note: note.trim() }).then(() => { setNote(""); setFault(""); done(); }, (problem: unknown) => setFault(said(problem)));
  return (
    <div class="steer">
      <Field label={t("roWhy")}><input maxLength={80} value={note} onInput={(event) => setNote(event.currentTarget.value)} /></Field>
      {fault && <p class="fault" role="alert">{fault}</p>}
      <p>{steers.map((verb) => <Button key={verb} kind={verb === "resume" ? "primary" : ""} work={work(verb)}>{t(("ro_" + verb) as Parameters<typeof t>[0])}</Button>)}</p>
    </div>
  );
}

export function Rollout({ toast }: { toast: (text: string) => void }) {
  const [one, setOne] = useState<One | null>(null);
  const load = () => api.rollouts().then((got) => setOne(got[0] ?? null), () => setOne(null));
  useEffect(() => {
    void load();
    const timer = window.setInterval(() => void load(), 15000);
    return () => window.clearInterval(timer);
  }, []);
  if (!one) return null;
  return (
    <section class="block rollout" aria-label={t("rollout")}>
      <h3>{t("rollout")}</h3>
      <p><span class="strong">{term("rollout", one.state)}</span> · {t("roStage", one.stage, one.stages)} · {t("roInterval", one.interval_s)} · <span class="quiet"><bdi>{one.by}</bdi> {clock(one.t)} <bdi>{one.note}</bdi></span></p>
      {one.state === "stopped" && <p class="fault" role="status">{term("rolloutVerdict", one.verdict)} <bdi class="quiet">{one.why}</bdi></p>}
      <Progress one={one} />
      <Steer one={one} done={() => { toast(t("saved")); void load(); }} />
    </section>
  );
}

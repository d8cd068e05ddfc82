// Who agreed to what, on which paper; a resident's word is taken down and withdrawn here.
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import type { ConsentLine } from "./api";
import { desk, useReturns } from "./desk";
import { Button, Field, HoldButton, said } from "./parts";
import { names, t, term } from "./words";

export function Consents({ id, toast, changed }: { id: string; toast: (text: string) => void; changed: () => void }) {
  const [lines, setLines] = useState<ConsentLine[] | null>(null);
  const [inForce, setInForce] = useState<string[]>([]);
  const [fault, setFault] = useState("");
  const [given, setGiven] = useState({ class: "", signer: "self", version: "", evidence: "" });
  const person = "resident:" + id;
  const load = () => api.consents(person).then((got) => { setLines(got.consents); setInForce((got.in_force ?? "").split(";").filter(Boolean)); setFault(""); }, (problem: unknown) => setFault(said(problem)));
  const returns = useReturns();
  useEffect(() => void load(), [id, returns]);
  const act = async (verb: string, body: Record<string, string>) => {
    try {
      await api.once("consents/" + verb, { person, ...body });
      toast(t("saved"));
      if (verb === "give") setGiven({ ...given, class: "", evidence: "" });
      changed();
    } catch (problem) {
      toast(said(problem));
    }
    await load();
  };
  const missing = names("consent").filter((one) => !inForce.includes(one));
  const wanted = given.class || missing[0] || "";
  return (
    <section class="block steps consents">
      <h3>{t("consent")}</h3>
      {fault && <p class="fault">{fault}</p>}
      {lines && (
        <ul class="rows">
          {names("consent").map((one) => {
            const last = lines.filter((line) => line.class === one).pop();
            const holds = inForce.includes(one);
            return (
              <li key={one} class="device">
                <b>{term("consent", one)}</b>
                <span class={"state " + (holds ? "covered" : "no_consent")}><span aria-hidden="true">{holds ? "✓" : "–"}</span> {holds ? t("agreed") : last?.withdrawn ? t("withdrawn") : t("notAgreed")}</span>
                <span class="quiet">{last && <>{term("signer", last.by)} · {last.given.slice(0, 10)} · <bdi>{[last.version, last.evidence].filter(Boolean).join(" · ")}</bdi> {last.recorded_by && desk.nameOf(last.recorded_by)}{last.withdrawn && ` → ${last.withdrawn.slice(0, 10)}`}</>}</span>
                {holds ? <HoldButton pressed={false} work={() => act("withdraw", { class: one })}>{t("withdraw")}<span class="hidden"> {term("consent", one)}</span></HoldButton> : <span />}
              </li>
            );
          })}
        </ul>
      )}
      {lines && missing.length > 0 && (
        <details>
          <summary>{t("giveConsent")}</summary>
          <div class="step">
            <p class="quiet">{t("consentHelp")}</p>
            <Field label={t("consentClass")}><select name="class" value={wanted} onChange={(event) => setGiven({ ...given, class: event.currentTarget.value })}>{missing.map((one) => <option key={one} value={one}>{term("consent", one)}</option>)}</select></Field>
            <Field label={t("consentSigner")}><select name="signer" value={given.signer} onChange={(event) => setGiven({ ...given, signer: event.currentTarget.value })}>{names("signer").map((one) => <option key={one} value={one}>{term("signer", one)}</option>)}</select></Field>
            <Field label={t("consentVersion")}><input name="version" maxLength={40} autocomplete="off" value={given.version} onInput={(event) => setGiven({ ...given, version: event.currentTarget.value })} /></Field>
            <Field label={t("consentEvidence")}><input name="evidence" maxLength={60} autocomplete="off" value={given.evidence} onInput={(event) => setGiven({ ...given, evidence: event.currentTarget.value })} /></Field>
            <Button kind={given.version && given.evidence ? "primary" : ""} aria-disabled={!given.version || !given.evidence} work={async () => { if (given.version.trim() && given.evidence.trim()) await act("give", { class: wanted, signer: given.signer, version: given.version.trim(), evidence: given.evidence.trim() }); }}>{t("writeDown")}</Button>
          </div>
        </details>
      )}
    </section>
  );
}

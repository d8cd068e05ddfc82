import { useState } from "preact/hooks";
import * as api from "./api";
import type { Preview } from "./api";
import { Field, HoldButton, said } from "./parts";
import { t, term } from "./words";

/** A whole registry from files: first what it would change, or what is wrong line by line; then, held, into force. */
export function Registry({ toast }: { toast: (text: string) => void }) {
  const [preview, setPreview] = useState<Preview | null>(null);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const look = async (input: HTMLInputElement) => {
    const files: Record<string, string> = {};
    setPreview(null);
    setFault("");
    if (!input.files?.length) return;
    setBusy(true);
    try {
      for (const file of input.files) files[file.name] = await file.text();
      setPreview(await api.preview(files));
    } catch (problem) {
      setFault(said(problem));
    }
    setBusy(false);
  };
  const apply = async () => {
    try {
      await api.once("registry/apply", { version: preview?.version ?? "" });
      toast(t("registryApplied"));
      setPreview(null);
    } catch (problem) {
      setFault(said(problem));
    }
  };
  const changes = preview?.changes?.filter((change) => change.added + change.changed + change.removed > 0) ?? [];
  return (
    <>
      <p class="quiet">{t("registryHelp")}</p>
      <Field label={t("registryFiles")}><input type="file" name="files" multiple accept=".csv,.geojson" onChange={(event) => void look(event.currentTarget)} /></Field>
      {busy && <p role="status">{t("loading")}</p>}
      {fault && <p class="fault" role="alert">{fault}</p>}
      {preview && preview.errors.length > 0 && <section class="block"><h3>{t("registryErrors")}</h3><ul class="records errors">{preview.errors.map((error) => <li key={error}><bdi>{error}</bdi></li>)}</ul></section>}
      {preview?.version && changes.length === 0 && <p role="status">{t("registrySame")}</p>}
      {preview?.version && changes.length > 0 && (
        <section class="block">
          <h3>{t("registryChanges")}</h3>
          <table class="sums">
            <caption class="hidden">{t("registryChanges")}</caption>
            <thead><tr><th scope="col">{t("registryTable")}</th>{(["added", "changed", "removed"] as const).map((what) => <th key={what} scope="col">{term("change", what)}</th>)}</tr></thead>
            <tbody>{changes.map((change) => <tr key={change.table}><th scope="row">{term("table", change.table)}</th><td>{change.added}</td><td>{change.changed}</td><td>{change.removed}</td></tr>)}</tbody>
          </table>
          <ul class="records">{changes.flatMap((change) => change.rows.map((row) => <li key={change.table + row.id + row.what}><b>{term("change", row.what)}</b> {term("table", change.table)} <bdi>{row.id}</bdi></li>))}</ul>
          <p><HoldButton pressed={false} work={apply}>{t("registryApply")}</HoldButton></p>
        </section>
      )}
    </>
  );
}

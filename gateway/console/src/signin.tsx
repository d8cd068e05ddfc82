import { useState } from "preact/hooks";
import { setUp, signIn } from "./api";
import { desk } from "./desk";
import { Field, said } from "./parts";
import { allowSound } from "./sound";
import { setLanguage, t, useLanguage } from "./words";

/** Signing in, or on the first start making the first account. */
export function SignIn({ setup }: { setup: boolean }) {
  const lang = useLanguage();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const [shown, setShown] = useState(false);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) return;
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(form.get(name) ?? "").trim();
    void allowSound();
    setBusy(true);
    setFault("");
    try {
      const password = String(form.get("password") ?? "");
      desk.enter(setup ? await setUp(text("code").toUpperCase(), text("account"), text("name"), password) : await signIn(text("account"), password));
    } catch (problem) {
      setFault(said(problem));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="door">
      <form class="panel" onSubmit={(event) => void submit(event as unknown as SubmitEvent)}>
        <img src="/icon.svg" alt="" width="48" height="48" />
        <h1>{t("product")} <small>{setup ? t("setup") : t("desk")}</small></h1>
        {setup && <p class="quiet">{t("setupWhy")}</p>}
        {setup && <Field label={t("setupCode")}><input name="code" required autocomplete="off" autocapitalize="characters" placeholder="XXXX-XXXX-XXXX" /></Field>}
        <Field label={t("account")}><input name="account" required autocomplete="username" autocapitalize="none" spellcheck={false} pattern="[A-Za-z0-9_\-]{1,64}" title={t("accountHelp")} autofocus /></Field>
        {setup && <Field label={t("name")}><input name="name" required maxLength={32} autocomplete="name" /></Field>}
        <Field label={t("password")} help={setup ? t("passwordRule") : undefined}>
          <span class="joined">
            <input name="password" type={(shown ? "text" : "password") as "password"} required minLength={setup ? 10 : 1} autocomplete={setup ? "new-password" : "current-password"} />
            <button type="button" aria-pressed={shown} onClick={() => setShown(!shown)}>{shown ? t("hide") : t("show")}</button>
          </span>
        </Field>
        <p class="fault" role="alert">{fault}</p>
        <button class="button primary big" aria-busy={busy}>{setup ? t("setupButton") : t("signIn")}</button>
        <button type="button" class="link" lang={lang === "zh" ? "en" : "zh-CN"} onClick={() => setLanguage(lang === "zh" ? "en" : "zh")}>{lang === "zh" ? "English" : "中文"}</button>
      </form>
    </main>
  );
}

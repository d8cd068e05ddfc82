import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import type { Account } from "./api";
import { useReturns } from "./desk";
import { Button, Field, Told, said } from "./parts";
import { names, t, term } from "./words";

/** An administrator's page: who may sign in, as what, for where. */
export function Accounts({ toast }: { toast: (text: string) => void }) {
  const [list, setList] = useState<Account[] | null>(null);
  const [fault, setFault] = useState("");
  const load = () => api.accounts().then((got) => { setList(got); setFault(""); }, (problem: unknown) => setFault(said(problem)));
  const returns = useReturns();
  useEffect(() => void load(), [returns]);

  const add = async (event: Event) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement, data = new FormData(form);
    const text = (name: string) => String(data.get(name) ?? "").trim();
    try {
      await api.addAccount({ account: text("account"), name: text("name"), role: text("role"), scope: text("scope"), password: String(data.get("password") ?? "") });
      form.reset();
      toast(t("saved"));
      await load();
    } catch (problem) {
      toast(said(problem));
    }
  };
  const toggle = async (account: Account) => {
    try {
      await api.changeAccount({ ...account, disabled: !account.disabled });
      toast(t("saved"));
    } catch (problem) {
      toast(said(problem));
    }
    await load();
  };
  return (
    <section class="page" aria-label={t("people")}>
      <h2>{t("people")}</h2>
      <Told what={list} fault={fault} />
      <ul class="accounts">
        {list?.map((account) => (
          <li key={account.account} class={account.disabled ? "quiet" : ""}>
            <span><bdi class="strong">{account.name}</bdi> <bdi class="quiet">{account.account}</bdi></span>
            <span>{term("role", account.role)}{account.scope && <bdi class="quiet"> · {account.scope}</bdi>}{account.disabled && <span class="tag">{t("disabled")}</span>}</span>
            <Button kind="small" work={() => toggle(account)}>{account.disabled ? t("enable") : t("disable")}</Button>
          </li>
        ))}
      </ul>
      <form class="panel" onSubmit={(event) => void add(event)}>
        <h3>{t("addAccount")}</h3>
        <Field label={t("account")} help={t("accountHelp")}><input name="account" required pattern="[A-Za-z0-9_\-]{1,64}" autocomplete="off" autocapitalize="none" /></Field>
        <Field label={t("name")}><input name="name" required maxLength={32} autocomplete="off" /></Field>
        <Field label={t("role")}><select name="role" required>{names("role").map((role) => <option key={role} value={role}>{term("role", role)}</option>)}</select></Field>
        <Field label={t("scope")} help={t("scopeHelp")}><input name="scope" autocomplete="off" autocapitalize="none" /></Field>
        <Field label={t("password")} help={t("passwordRule")}><input name="password" type="password" required minLength={10} autocomplete="new-password" /></Field>
        <button class="button primary">{t("create")}</button>
      </form>
    </section>
  );
}

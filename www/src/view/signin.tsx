// The way in: a name and a password become a token.

import { useRef, useState } from "preact/hooks";
import { ended, signIn } from "../account";
import { saying } from "../api/refusal";
import { Notice } from "../part/notice";
import { ThemeSwitch } from "../part/theme-switch";

export function SignIn() {
  const [busy, work] = useState(false);
  const [error, fail] = useState("");
  const secret = useRef<HTMLInputElement>(null);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    work(true);
    fail("");
    try {
      await signIn(String(form.get("login")), String(form.get("password")));
    } catch (reason) {
      fail(saying(reason));
      work(false);
      secret.current?.select();
    }
  };

  return (
    <main class="door">
      <header>
        <img class="mark" src="/favicon.svg" alt="" />
        <h1>Anchorage</h1>
        <p>See what your devices and this server said to each other, and what became of it.</p>
      </header>
      <form class="card form" onSubmit={submit}>
        {ended.value && !error && <Notice tone="warn">{ended.value}</Notice>}
        {error && <Notice tone="bad">{error}</Notice>}
        <label class="field">
          <span>Login</span>
          <input class="input" name="login" required autocomplete="username" autocapitalize="none" spellcheck={false} autofocus />
        </label>
        <label class="field">
          <span>Password</span>
          <input class="input" name="password" type="password" required autocomplete="current-password" ref={secret} />
        </label>
        <button class="button" disabled={busy}>{busy ? "Signing in…" : "Sign in"}</button>
        <p class="small soft">
          The same login your phones use. A server started with <code>npm start</code> has one to play with: login <code>demo</code>, password <code>demo</code>.
        </p>
      </form>
      <div class="row small">
        <a href="/provision">Set up a phone</a>
        <ThemeSwitch />
      </div>
    </main>
  );
}

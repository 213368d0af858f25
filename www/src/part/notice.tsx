// What is said to people: a notice with what to do next, an empty place, something that is being fetched.

import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon";

type Tone = "info" | "good" | "warn" | "bad";

/** Said aloud by screen readers where it is bad news (`alert`), politely otherwise. */
export function Notice({ tone = "info", children, action }: { tone?: Tone; children: ComponentChildren; action?: ComponentChildren }) {
  return (
    <div class={`notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      <Icon name={tone} />
      <div>{children}</div>
      {action}
    </div>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} size={44} />
      <strong>{title}</strong>
      {children}
    </div>
  );
}

export function Loading({ what = "Loading" }: { what?: string }) {
  return (
    <p class="loading" role="status">
      <Icon name="wait" turning />
      {what}…
    </p>
  );
}

export function Badge({ tone, icon, children }: { tone?: Tone | "accent"; icon?: IconName; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone ?? ""}`}>
      {icon && <Icon name={icon} size={14} />}
      {children}
    </span>
  );
}

/** `done` of `of`; without `of` it only shows that something goes on. */
export function Progress({ label, done, of }: { label: string; done: number; of?: number }) {
  const known = of !== undefined && of > 0;
  const percent = known ? Math.min(100, Math.round((done / of) * 100)) : 0;
  return (
    <div class={`progress ${known ? "" : "unknown"}`}>
      <div role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} {...(known ? { "aria-valuenow": percent } : {})}>
        <span style={known ? { width: `${percent}%` } : {}} />
      </div>
      <small class="soft number">{label}</small>
    </div>
  );
}

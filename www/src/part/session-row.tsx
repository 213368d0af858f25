// One sync in a list: whose, when, what became of it.

import type { Session } from "../api/schema";
import { to } from "../route";
import { ago, bytes, capital, count, digits, moment } from "../words";
import { DeviceName, type Among } from "./device-name";
import { Icon, type IconName } from "./icon";
import { Badge } from "./notice";

type Tone = "good" | "warn" | "bad" | "accent";

const hows: { [how in Session["how"]]: [Tone, IconName, string] } = {
  complete: ["good", "good", "Complete"],
  suspended: ["accent", "slow", "Paused"],
  open: ["accent", "sync", "Under way"],
  "broken off": ["warn", "warn", "Broken off"],
  refused: ["bad", "bad", "Refused"],
};

export function How({ how }: { how: Session["how"] }) {
  const [tone, icon, word] = hows[how];
  return <Badge tone={tone} icon={icon}>{word}</Badge>;
}

/** One that is under way no more: its device has begun another since. */
export function howOf(session: Session, sessions: Session[]): Session["how"] {
  const later = sessions.some(({ device, began, how }) => device === session.device && began > session.began && how !== "refused");
  return session.how === "open" && later ? "broken off" : session.how;
}

/** `Two-way`, `Slow`; SyncML's words with spaces. */
export const modeOf = (mode: string): string => capital(mode.replaceAll("-", " ").replace("two way", "two-way").replace("one way", "one-way"));

/** `contacts: 3 in, 1 out`. */
export function gist(session: Session): string {
  const parts = session.collections.map((each) => {
    const came = each.added + each.changed + each.deleted;
    const slow = each.mode === "slow" ? " slow" : "";
    const conflicts = each.conflicts > 0 ? `, ${count(each.conflicts, "conflict")}` : "";
    return `${each.collection}${slow}: ${came === 0 && each.sent === 0 ? "nothing new" : `${digits(came)} in, ${digits(each.sent)} out`}${conflicts}`;
  });
  return parts.join(" · ") || session.why || "Nothing was synchronised";
}

export function SessionRow({ session, sessions, among }: { session: Session; sessions: Session[]; among: Among }) {
  const { cost } = session;
  return (
    <li>
      <a href={to(["sessions", session.id])}>
        <span class="face square"><Icon name={session.collections.some(({ mode }) => mode === "slow") ? "slow" : "sync"} /></span>
        <span class="what">
          <strong><DeviceName of={session} among={among} /></strong>
          <span>{gist(session)}</span>
        </span>
        <span class="ends">
          <How how={howOf(session, sessions)} />
          <span class="small soft number" title={moment(session.began)}>
            {ago(session.began)} · {bytes(cost.bytesIn + cost.bytesOut)}
          </span>
        </span>
      </a>
    </li>
  );
}

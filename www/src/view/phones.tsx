// Two phones side by side, each with its own records and its own plug: edit the same contact in both, sync, and watch them agree.

import type { SyncReport } from "anchorage";
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { signed } from "../account";
import { saying } from "../api/refusal";
import { Icon } from "../part/icon";
import { Badge, Loading, Notice } from "../part/notice";
import { collections, type Phone } from "../phone/phone";
import { Handset } from "../phone/handset";
import { Messages } from "../phone/messages";
import { opened } from "../phone/opened";

export function Phones() {
  const login = signed.value?.login ?? "";
  const [phones, open] = useState<Phone[]>();
  const [error, fail] = useState("");
  const [shown, show] = useState(0);
  useEffect(() => {
    opened(login).then(open, (reason: unknown) => fail(`${saying(reason)} The phones keep their records in this browser; a private window may not let them.`));
  }, [login]);

  if (error) return <Notice tone="bad">{error}</Notice>;
  if (!phones) return <Loading what="Opening the phones" />;
  return (
    <>
      <div class="head phones-head">
        <h1>Phones</h1>
        <Agreement phones={phones} />
        <SyncAll phones={phones} />
      </div>
      <p class="lead soft">
        Two phones that live in this page. <span class="wide-only">Each keeps its contacts and tasks in this browser and synchronises with
        this server like any other device.</span> Take both offline, edit the same contact in each, and sync: both edits stay.
      </p>
      <div class="choice narrow-only" role="group" aria-label="Which phone">
        {phones.map((phone, at) => <button type="button" key={phone.name} aria-pressed={at === shown} onClick={() => show(at)}>Phone {phone.name.toUpperCase()}</button>)}
      </div>
      <div class="phones">
        {phones.map((phone, at) => (
          <section key={phone.name} class={at === shown ? "phone-column" : "phone-column wide-only"} aria-label={`Phone ${phone.name.toUpperCase()}`}>
            <Handset phone={phone} />
            <Messages phone={phone} />
          </section>
        ))}
      </div>
    </>
  );
}

/** What a phone shows, without what is its own. */
const contents = (phone: Phone): string => JSON.stringify(collections.map((collection) => phone.held[collection].value?.map(({ fields: { id: _, ...fields } }) => JSON.stringify(Object.entries(fields).toSorted())).toSorted()));

function Agreement({ phones }: { phones: Phone[] }) {
  const agree = useComputed(() => new Set(phones.map(contents)).size === 1);
  return agree.value ? <Badge tone="good" icon="good">The phones agree</Badge> : <Badge tone="warn" icon="merge">The phones differ</Badge>;
}

function SyncAll({ phones }: { phones: Phone[] }) {
  const running = useSignal(false);
  const busy = useComputed(() => running.value || phones.some((phone) => phone.standing.value.is === "syncing"));
  const all = async () => {
    running.value = true;
    const brought = new Map<Phone, SyncReport>();
    // The first one once more: it has not seen yet what the others brought.
    for (const phone of [...phones, ...phones.slice(0, -1)]) {
      if (phone.offline.value) continue;
      await phone.sync(brought.get(phone));
      const standing = phone.standing.value;
      if (standing.is === "idle" && standing.report) brought.set(phone, standing.report);
    }
    running.value = false;
  };
  return (
    <button type="button" class="button" disabled={busy.value} onClick={() => void all()}>
      <Icon name="sync" size={18} turning={busy.value} />
      Sync both
    </button>
  );
}

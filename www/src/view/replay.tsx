// A session once more: as files for tests/corpus, and against a scratch copy of the account, to see whether it would end alike.

import { useState } from "preact/hooks";
import { ask } from "../api/ask";
import { saying } from "../api/refusal";
import type { Fixture, Replay } from "../api/schema";
import { Xml } from "../part/bytes";
import { Copy } from "../part/copy";
import { Dialog } from "../part/dialog";
import { Icon } from "../part/icon";
import { Badge, Loading, Notice } from "../part/notice";
import { count } from "../words";

/** Lines for a shell that write the files: to be pasted in tests/corpus. */
function script({ name, files }: Fixture): string {
  const folder = quoted(name);
  const lines = files.map(({ path, bytes }) => `base64 -d > ${folder}/${quoted(path)} <<'END'\n${bytes.replace(/.{1,120}/g, "$&\n")}END`);
  return [`mkdir -p ${folder}`, ...lines, ""].join("\n");
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

export function FixtureButton({ id }: { id: string }) {
  return <Copy label="Copy as fixture" what="Copied: paste it into a shell in tests/corpus" text={async () => script(await ask<Fixture>(["sessions", id, "fixture"]))} />;
}

export function ReplayButton({ id }: { id: string }) {
  const [open, turn] = useState(false);
  return (
    <>
      <button type="button" class="button quiet" onClick={() => turn(true)}><Icon name="play" size={18} />Replay</button>
      {open && <Replaying id={id} close={() => turn(false)} />}
    </>
  );
}

function Replaying({ id, close }: { id: string; close: () => void }) {
  const [state, set] = useState<{ busy?: boolean; error?: string; replay?: Replay }>({});
  const begin = async () => {
    set({ busy: true });
    try {
      set({ replay: await ask<Replay>(["sessions", id, "replay"], { method: "POST" }) });
    } catch (error) {
      set({ error: saying(error) });
    }
  };
  return (
    <Dialog title="Replay against a scratch copy" close={close}>
      <div class="stack">
        <p>The device's messages are sent once more, to a copy of the account as it is now. The copy is thrown away afterwards; nothing is changed.</p>
        {state.error && <Notice tone="bad">{state.error}</Notice>}
        {state.busy && <Loading what="Replaying" />}
        {state.replay && <Replayed replay={state.replay} />}
      </div>
      <footer>
        <button type="button" class="button quiet" onClick={close}>Close</button>
        <button type="button" class="button" disabled={state.busy} onClick={() => void begin()}>{state.replay ? "Once more" : "Replay"}</button>
      </footer>
    </Dialog>
  );
}

function Replayed({ replay }: { replay: Replay }) {
  const different = replay.messages.filter(({ same }) => !same).length;
  return (
    <div class="stack">
      <Notice tone={different === 0 ? "good" : "info"}>
        {different === 0 ? "Every answer says what it said then." : `${count(different, "answer")} of ${replay.messages.length} would be different now.`}{" "}
        The copy began with {count(replay.records, "record")}.
      </Notice>
      {replay.messages.map((message) => (
        <details key={message.number} class="replayed">
          <summary>
            Answer {message.number} <Badge tone={message.same ? "good" : "accent"}>{message.same ? "the same" : count(message.differences.length, "difference")}</Badge>
          </summary>
          {message.differences.length > 0 && <pre class="differences" tabIndex={0}>{message.differences.join("\n")}</pre>}
          {message.xml && <Xml text={message.xml} label={`Answer ${message.number} as XML`} />}
        </details>
      ))}
    </div>
  );
}

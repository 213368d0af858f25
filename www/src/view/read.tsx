// Any SyncML message, pasted or dropped: read in words, as XML and as WBXML, here in the page and nowhere else.

import { useRef, useState } from "preact/hooks";
import { readMessage } from "../part/engine";
import { Icon } from "../part/icon";
import { Reading, type Read as Message } from "../part/message";
import { Notice } from "../part/notice";
import { saying } from "../api/refusal";
import { bytes as sizeOf } from "../words";

const FILE_BYTES_MAX = 8_000_000;

/** What was pasted: XML as it is, hexadecimal and base64 as the bytes they spell. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const packed = text.replace(/\s+/g, "");
  const digits = packed.replace(/^0x/i, "");
  if (/^([0-9a-f]{2})+$/i.test(digits)) return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  if (/^[A-Za-z0-9+/]{8,}={0,2}$/.test(packed) && packed.length % 4 === 0) return Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  return new TextEncoder().encode(text.trim());
}

export function Read() {
  const [read, set] = useState<Message>();
  const [error, fail] = useState("");
  const [over, hover] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const box = useRef<HTMLTextAreaElement>(null);
  /** The box never holds another message than the one that is shown. */
  const put = (text: string) => {
    if (box.current) box.current.value = text;
  };

  const show = async (name: string, bytes: Uint8Array) => {
    fail("");
    set(undefined);
    try {
      set(await readMessage(name, bytes));
    } catch (reason) {
      fail(`${saying(reason)} A SyncML message begins with <SyncML> or, in WBXML, with the byte 02.`);
    }
  };
  const take = async (files: FileList | null | undefined) => {
    const [first] = files ?? [];
    if (!first) return;
    put("");
    if (first.size > FILE_BYTES_MAX) fail(`${first.name} has ${sizeOf(first.size)}: no message is that long.`);
    else await show(first.name, new Uint8Array(await first.arrayBuffer()));
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    hover(false);
    const text = event.dataTransfer?.getData("text/plain");
    if (event.dataTransfer?.files.length) void take(event.dataTransfer.files);
    else if (text) {
      put(text);
      void show("pasted", bytesOf(text));
    }
  };
  const paste = (event: ClipboardEvent) => {
    if (event.clipboardData?.files.length) {
      event.preventDefault();
      void take(event.clipboardData.files);
    }
  };

  return (
    <>
      <div class="head"><h1>Read a message</h1></div>
      <div class="stack">
        <form
          class={`card drop form ${over ? "over" : ""}`}
          onSubmit={(event) => {
            event.preventDefault();
            const text = String(new FormData(event.currentTarget).get("text") ?? "");
            if (text.trim()) void show("pasted", bytesOf(text));
            else fail("Paste a message first, or drop a file here.");
          }}
          onDragOver={(event) => (event.preventDefault(), hover(true))}
          onDragLeave={() => hover(false)}
          onDrop={drop}
          onPaste={paste}
          aria-label="A message to read"
        >
          <label class="field">
            <span>Paste a message (XML, or bytes as hexadecimal or base64), or drop a file anywhere in this box</span>
            <textarea ref={box} class="input mono" name="text" spellcheck={false} placeholder="02 a4 01 6a 00 6d 6c 71 …" />
          </label>
          <div class="row">
            <button class="button">Read it</button>
            <button type="button" class="button quiet" onClick={() => file.current?.click()}><Icon name="upload" size={18} />Open a file</button>
            <input ref={file} type="file" class="unseen" tabIndex={-1} aria-label="A file with a message" onChange={(event) => {
              void take(event.currentTarget.files);
              // The same file may be opened once more.
              event.currentTarget.value = "";
            }} />
            <span class="small soft">SyncML messages, device information, package 0, feeds. Nothing leaves this page.</span>
          </div>
        </form>
        {error && <Notice tone="bad">{error}</Notice>}
        {read && (
          <section class="card stack" aria-label="The message">
            <h2>{read.explained?.title ?? "A message"}</h2>
            <Reading read={read} />
          </section>
        )}
      </div>
    </>
  );
}

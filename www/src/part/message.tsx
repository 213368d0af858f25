// One message, read: in words with every status tied to its command, and as XML beside WBXML.

import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { bytes as sizeOf } from "../words";
import { Hex, Xml, hex, indent } from "./bytes";
import { Copy, save } from "./copy";
import { twinOf } from "./engine";
import { Badge, Notice } from "./notice";

export interface Read {
  /** `1-from-device`: what it is saved as, and what begins the anchors of its lines. */
  name: string;
  encoding: "xml" | "wbxml" | "other";
  size: number;
  bytes?: Uint8Array | undefined;
  xml?: string | undefined;
  /** Its twin in the other encoding, where it was not sent so itself. */
  twin?: Uint8Array | undefined;
  explained?: Explanation | undefined;
  exact: boolean;
}

/** As the package and the API have it. */
export interface Explanation {
  title: string;
  lines: Line[];
}

export interface Line {
  command: string;
  id?: string | undefined;
  depth?: number | undefined;
  text: string;
  status?: number | undefined;
  refs?: Reference[] | undefined;
}

/** A command of the other end's message. */
export interface Reference {
  message: number;
  command: string;
}

/** What a line is tied to elsewhere: its answer, or what it answers. */
export interface Tie {
  text: string;
  status?: number | undefined;
  go: () => void;
}

export function Words({ read, tie, lit }: { read: Read; tie?: (line: Line) => Tie | undefined; lit?: string | undefined }) {
  const { explained } = read;
  if (!explained) return <Notice>What this message says cannot be told in words.</Notice>;
  return (
    <ol class="words">
      {explained.lines.map((line, at) => {
        const tied = tie?.(line);
        return (
          <li key={at} id={line.id ? `${read.name}-${line.id}` : undefined} class={`depth-${line.depth ?? 0} ${lit !== undefined && line.id === lit ? "lit" : ""}`}>
            <span class="command">{line.command}{line.id && <small class="soft"> {line.id}</small>}</span>
            <span class="text">{line.text}</span>
            <span class="row">
              {line.status !== undefined && <Status code={line.status} />}
              {tied && <TieButton tie={tied} />}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

function TieButton({ tie }: { tie: Tie }) {
  return (
    <button type="button" class="tie" onClick={tie.go}>
      {tie.text}
      {tie.status !== undefined && <Status code={tie.status} />}
    </button>
  );
}

/** SyncML's statuses, by their hundreds. */
export function Status({ code }: { code: number }) {
  const tone = code < 200 ? "accent" : code < 300 ? "good" : code < 400 ? "accent" : code < 500 ? "warn" : "bad";
  return <Badge tone={tone}><span class="number">{code}</span></Badge>;
}

/** XML on the left, the bytes of WBXML on the right. */
export function SideBySide({ read, tie, lit }: { read: Read; tie?: ((line: Line) => Tie | undefined) | undefined; lit?: string | undefined }) {
  const after = useMemo(() => {
    const lines = new Map(read.explained?.lines.map((line) => [line.id, line]));
    return (id: string) => {
      const line = lines.get(id);
      const tied = line && tie?.(line);
      return tied && <TieButton tie={tied} />;
    };
  }, [read, tie]);
  const twin = useTwin(read);
  const wbxml = read.encoding === "wbxml" ? read.bytes : twin;
  const sent = read.encoding === "wbxml" ? "WBXML" : read.encoding === "xml" ? "XML" : "these bytes";
  return (
    <div class="stack">
      {!read.exact && <Notice>Credentials were taken out, so these are not all the bytes that were sent.</Notice>}
      <div class="split">
        <Side title="XML" note={read.encoding === "xml" ? "as it was sent" : `the same, written out`} copy={read.xml && <Copy label="Copy" text={() => indent(read.xml ?? "")} what="XML copied" />}>
          {read.xml ? <Xml text={read.xml} label="The message as XML" after={after} lit={lit} /> : <p class="soft">There is no XML of it.</p>}
        </Side>
        <Side
          title={read.encoding === "other" ? "Bytes" : "WBXML"}
          note={read.encoding === "xml" ? (wbxml ? `would be ${sizeOf(wbxml.length)} instead of ${sizeOf(read.size)}` : "") : `as it was sent, ${sizeOf(read.size)}`}
          copy={wbxml && <Copy label="Copy" text={() => hex(wbxml)} what="Bytes copied" />}
        >
          {wbxml ?? read.bytes ? (
            <Hex bytes={wbxml ?? read.bytes ?? new Uint8Array()} label="The message as bytes" />
          ) : (
            <p class="soft">{read.encoding === "xml" ? "There is no WBXML of it." : "There were too many bytes to keep."}</p>
          )}
        </Side>
      </div>
      {read.bytes && (
        <p>
          <button type="button" class="button quiet" onClick={() => read.bytes && save(`${read.name}.${read.encoding === "other" ? "bin" : read.encoding}`, [new Uint8Array(read.bytes)], "application/octet-stream")}>
            Save {sent} as a file
          </button>
        </p>
      )}
    </div>
  );
}

/** Made here where nobody has: an answer of the API has XML, but WBXML only where it was sent. */
function useTwin(read: Read): Uint8Array | undefined {
  const [made, make] = useState(read.twin);
  useEffect(() => {
    make(read.twin);
    if (read.encoding !== "xml" || read.twin || !read.bytes) return;
    let here = true;
    twinOf(read.bytes).then((twin) => here && make(twin), () => undefined);
    return () => {
      here = false;
    };
  }, [read]);
  return made;
}

function Side({ title, note, copy, children }: { title: string; note: string; copy: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="side-of" aria-label={title}>
      <header class="row">
        <h3>{title}</h3>
        <span class="small soft wide">{note}</span>
        {copy}
      </header>
      {children}
    </section>
  );
}

export type Face = "words" | "bytes";

/** Words, or side by side; what is chosen holds for all messages of a trace. */
export function Reading({ read, tie, lit, chosen }: { read: Read; tie?: (line: Line) => Tie | undefined; lit?: string | undefined; chosen?: [Face, (face: Face) => void] }) {
  const own = useState<Face>("words");
  const [wanted, turn] = chosen ?? own;
  const face = read.explained ? wanted : "bytes";
  return (
    <div class="stack">
      <Faces face={face} turn={turn} />
      {face === "words" ? <Words read={read} {...(tie ? { tie } : {})} lit={lit} /> : <SideBySide read={read} tie={tie} lit={lit} />}
    </div>
  );
}

export function Faces({ face, turn }: { face: Face; turn: (face: Face) => void }) {
  return (
    <div class="choice" role="group" aria-label="How to show the message">
      <button type="button" aria-pressed={face === "words"} onClick={() => turn("words")}>In words</button>
      <button type="button" aria-pressed={face === "bytes"} onClick={() => turn("bytes")}>XML and WBXML</button>
    </div>
  );
}

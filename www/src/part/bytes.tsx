// Bytes as people read them: XML indented and coloured, anything else as many to a line as fit.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { digits } from "../words";

/** So many are shown before one asks for the rest: a browser is slow with more. */
const TEXT_MAX = 60_000;
const BYTES_MAX = 4096;

/** About how wide a letter of these is. */
const LETTER_PX = 7.3;

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

/** `.` for what is no printable ASCII. */
const letter = (byte: number): string => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·");

function hexLines(bytes: Uint8Array, width: number): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += width) {
    const part = [...bytes.subarray(at, at + width)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    lines.push(`${at.toString(16).padStart(4, "0")}  ${hex.padEnd(width * 3 - 1)}  ${part.map(letter).join("")}`);
  }
  return lines.join("\n");
}

/** Bytes as `hexdump` shows them, for the clipboard and for the eye. */
export const hex = (bytes: Uint8Array): string => hexLines(bytes, 16);

export function Hex({ bytes, label }: { bytes: Uint8Array; label: string }) {
  const [whole, show] = useState(false);
  const [width, fit] = useState(16);
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const room = place.current?.clientWidth ?? 0;
    fit([16, 12].find((each) => room >= (each * 4 + 7) * LETTER_PX + 30) ?? 8);
  }, [bytes]);
  const text = useMemo(() => hexLines(whole ? bytes : bytes.subarray(0, BYTES_MAX), width), [bytes, whole, width]);
  return (
    <div ref={place}>
      <Code label={label} left={whole ? 0 : bytes.length - BYTES_MAX} unit="bytes" show={() => show(true)}>
        {text}
      </Code>
    </div>
  );
}

/** `after` is what stands beside a `CmdID`, and `lit` the one that is shown. */
export function Xml({ text, label, after, lit }: { text: string; label: string; after?: ((id: string) => ComponentChildren) | undefined; lit?: string | undefined }) {
  const [whole, show] = useState(false);
  const indented = useMemo(() => indent(text), [text]);
  const shown = whole ? indented : indented.slice(0, TEXT_MAX);
  return (
    <Code label={label} left={indented.length - shown.length} unit="characters" show={() => show(true)}>
      {useMemo(() => coloured(shown, after, lit), [shown, after, lit])}
    </Code>
  );
}

function Code({ label, left, unit, show, children }: { label: string; left: number; unit: string; show: () => void; children: ComponentChildren }) {
  return (
    <div class="code">
      <pre tabIndex={0} role="region" aria-label={label}>{children}</pre>
      {left > 0 && <button type="button" class="button bare" onClick={show}>Show {digits(left)} {unit} more</button>}
    </div>
  );
}

const PIECE = /<!\[CDATA\[[\s\S]*?\]\]>|<!--[\s\S]*?-->|<\/?[^>]*>|[^<]+/g;

/** Two spaces a level; an element that holds nothing but text stays on its line. */
export function indent(xml: string): string {
  const pieces = (xml.match(PIECE) ?? []).filter((piece) => piece.trim() !== "");
  const lines: string[] = [];
  let depth = 0;
  for (let at = 0; at < pieces.length; at += 1) {
    const piece = pieces[at] ?? "";
    const closing = piece.startsWith("</");
    if (closing) depth = Math.max(0, depth - 1);
    const opening = /^<[^/!?]/.test(piece) && !piece.endsWith("/>");
    let line = piece;
    if (opening && isText(pieces[at + 1]) && pieces[at + 2]?.startsWith("</")) {
      line += `${pieces[at + 1]}${pieces[at + 2]}`;
      at += 2;
    } else if (opening && pieces[at + 1]?.startsWith("</")) {
      line += pieces[at + 1];
      at += 1;
    } else if (opening) depth += 1;
    lines.push("  ".repeat(opening && line === piece ? depth - 1 : depth) + line);
  }
  return lines.join("\n");
}

const isText = (piece: string | undefined): boolean => piece !== undefined && (!piece.startsWith("<") || piece.startsWith("<![CDATA["));

function coloured(xml: string, after: ((id: string) => ComponentChildren) | undefined, lit: string | undefined): ComponentChildren {
  const pieces = xml.match(PIECE) ?? [];
  return pieces.map((piece, key) => {
    if (piece.startsWith("<![CDATA[") || !piece.startsWith("<")) return pieces[key - 1] === "<CmdID>" && piece === lit ? <mark key={key} class="lit">{piece}</mark> : piece;
    const id = piece === "</CmdID>" ? pieces[key - 1] : undefined;
    return <span key={key}><span class="tag">{piece}</span>{id !== undefined && after?.(id)}</span>;
  });
}

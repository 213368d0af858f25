// The npm package, loaded when something needs it: what it reads, as this page shows messages. Credentials are taken out first.

import { decode, encode, explain, load, type Decoded } from "anchorage";
import type { Read } from "./message";

/** A feed is XML that has no twin. */
const encodings: { [encoding in Decoded["encoding"]]: Read["encoding"] } = { xml: "xml", wbxml: "wbxml", rss: "xml", binary: "other" };

/** The module is fetched once. */
export const ready = (): Promise<void> => load();

/** What bytes say; rejects where they are no message. */
export async function readMessage(name: string, bytes: Uint8Array, contentType?: string): Promise<Read> {
  await ready();
  const said = contentType === undefined ? {} : { contentType };
  const decoded = decode(bytes, said);
  const explained = explain(decoded);
  const secret = hasSecret(decoded);
  const shown = secret ? withoutSecret(decoded) : decoded;
  const encoding = encodings[shown.encoding];
  return {
    name,
    encoding,
    size: bytes.length,
    bytes: secret ? encode(shown) : bytes,
    xml: written(shown, "xml"),
    twin: encoding === "xml" ? written(shown, "wbxml") : undefined,
    explained,
    exact: !secret,
  };

  function written(document: Decoded, as: "xml"): string | undefined;
  function written(document: Decoded, as: "wbxml"): Uint8Array | undefined;
  function written(document: Decoded, as: "xml" | "wbxml"): string | Uint8Array | undefined {
    if (encoding === "other") return undefined;
    if (as === encoding && as === "xml" && !secret) return new TextDecoder().decode(bytes);
    try {
      const twin = encode(document, { encoding: as });
      return as === "xml" ? new TextDecoder().decode(twin) : twin;
    } catch {
      // Not everything that can be read can be written in the other encoding.
      return undefined;
    }
  }
}

/** A message in XML as WBXML. */
export async function twinOf(bytes: Uint8Array): Promise<Uint8Array> {
  await ready();
  return encode(decode(bytes), { encoding: "wbxml" });
}

function hasSecret(decoded: Decoded): boolean {
  return decoded.kind === "syncml" && decoded.message.header.credential !== undefined;
}

/** The kind of credential stays, what it is goes. */
function withoutSecret(decoded: Decoded): Decoded {
  if (decoded.kind !== "syncml") return decoded;
  const { message } = decoded;
  const { credential } = message.header;
  if (!credential) return decoded;
  return { ...decoded, message: { ...message, header: { ...message.header, credential: { ...credential, data: "…" } } } };
}

// A session's trace as one list of messages in the order they crossed, and which status answers which command.

import type { MessageBytes, TraceMessage } from "../api/schema";
import { fromBase64 } from "./bytes";
import type { Explanation, Line, Read } from "./message";

export interface Crossing {
  /** `1-request`. */
  key: string;
  from: "device" | "server";
  /** Its MsgID. */
  message: number;
  /** Epoch milliseconds of the device's message. */
  at: number;
  read: Read;
  trace: TraceMessage;
}

export function crossings(trace: TraceMessage[]): Crossing[] {
  return trace.flatMap((each) => {
    const request: Crossing = { key: `${each.number}-request`, from: "device", message: each.message, at: each.at, read: readOf(`${each.number}-from-device`, each.request), trace: each };
    if (each.reply.size === 0) return [request];
    const message = numberOf(each.reply) ?? each.message;
    const reply: Crossing = { key: `${each.number}-reply`, from: "server", message, at: each.at, read: readOf(`${each.number}-from-server`, each.reply), trace: each };
    return [request, reply];
  });
}

function readOf(name: string, message: MessageBytes): Read {
  const bytes = message.bytes === undefined ? undefined : fromBase64(message.bytes);
  return { name, encoding: message.encoding ?? "other", size: message.size, bytes, xml: message.xml, explained: message.explained, exact: message.exact };
}

function numberOf({ decoded }: MessageBytes): number | undefined {
  const header = decoded?.header;
  if (typeof header !== "object" || header === null || !("messageId" in header)) return undefined;
  const number = Number(header.messageId);
  return Number.isFinite(number) ? number : undefined;
}

export const linesOf = (explained: Explanation | undefined): Line[] => explained?.lines ?? [];

/** The command that a status is about. */
export function answered(all: Crossing[], status: Crossing, line: Line): { crossing: Crossing; command: string } | undefined {
  const [reference] = line.refs ?? [];
  if (line.status === undefined || !reference) return undefined;
  const crossing = all.find((each) => each.from !== status.from && each.message === reference.message);
  return crossing && { crossing, command: reference.command };
}

/** The status that answers a command. */
export function answerOf(all: Crossing[], asked: Crossing, line: Line): { crossing: Crossing; line: Line } | undefined {
  if (line.status !== undefined || !line.id) return undefined;
  for (const crossing of all.slice(all.indexOf(asked) + 1)) {
    if (crossing.from === asked.from) continue;
    const found = linesOf(crossing.read.explained).find(
      ({ status, refs }) => status !== undefined && refs?.some(({ message, command }) => message === asked.message && command === line.id),
    );
    if (found) return { crossing, line: found };
  }
  return undefined;
}

// XML for people: a line an element, indented and coloured. It reads what our own writer has written, and changes no text.

import { type Palette, plain } from "./screen.js";

/** The same document over many lines; an element that holds text alone stays on its line. */
export function indented(xml: string, colours: Palette): string {
  const tokens = xml.match(/<!\[CDATA\[[\s\S]*?\]\]>|<!--[\s\S]*?-->|<[^>]*>|[^<]+/g) ?? [];
  const lines: string[] = [];
  let depth = 0;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? "";
    const space = "  ".repeat(Math.max(0, token.startsWith("</") ? --depth : depth));
    if (!token.startsWith("<") || token.startsWith("<![CDATA[")) {
      if (token.trim()) lines.push(space + plain(token));
      continue;
    }
    const opens = /^<[^/?!]/.test(token) && !token.endsWith("/>");
    const [text = "", close = ""] = [tokens[index + 1], tokens[index + 2]];
    if (opens && close.startsWith("</") && (!text.startsWith("<") || text.startsWith("<![CDATA["))) {
      lines.push(`${space}${paint(token, colours)}${plain(text)}${paint(close, colours)}`);
      index += 2;
    } else if (opens && text.startsWith("</")) {
      lines.push(`${space}${paint(token, colours)}${paint(text, colours)}`);
      index += 1;
    } else {
      lines.push(space + paint(token, colours));
      if (opens) depth++;
    }
  }
  return lines.join("\n");
}

function paint(tag: string, colours: Palette): string {
  if (/^<[?!]/.test(tag)) return colours.dim(plain(tag));
  return plain(tag).replace(/^(<\/?)([^\s/>]+)([\s\S]*?)(\/?>)$/, (_, begin: string, name: string, rest: string, end: string) =>
    colours.dim(begin) + colours.blue(name) + colours.dim(rest) + colours.dim(end),
  );
}

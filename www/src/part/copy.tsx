// A button that copies a text, and says so.

import { Icon } from "./icon";
import { toast } from "./toast";

export function Copy({ text, label = "Copy", what = "Copied" }: { text: string | (() => string | Promise<string>); label?: string; what?: string }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "string" ? text : await text());
      toast(what);
    } catch {
      toast("The browser does not let this page copy. Select the text and copy it yourself.");
    }
  };
  return (
    <button type="button" class="button bare" onClick={copy}>
      <Icon name="copy" size={18} />
      {label}
    </button>
  );
}

/** Gives the browser a file to keep. */
export function save(name: string, parts: BlobPart[], type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

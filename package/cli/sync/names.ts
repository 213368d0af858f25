// What a record's file is called: by what it says of itself, so that two folders of the same records have the same names.

const CHARACTERS_MAX = 60;

/** What a file system somewhere does not take in a name, and what turns a line of text around. */
const UNFIT = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069/\\:*?"<>|]/g;

/** Names that a Windows machine keeps for itself. */
const KEPT = /^(con|prn|aux|nul|com\d|lpt\d)$/i;

/** The name without its ending: `Ada Lovelace`; `unnamed` where a record says nothing of itself. */
export function stem(title: string): string {
  const clean = title.normalize("NFC").replace(UNFIT, " ").replace(/\s+/g, " ").trim();
  const short = [...clean].slice(0, CHARACTERS_MAX).join("").replace(/^[.~ ]+|[. ]+$/g, "");
  if (!short) return "unnamed";
  return KEPT.test(short) ? `${short}_` : short;
}

/** The first of `Ada.vcf`, `Ada-2.vcf`, … that is free. Names that differ in case only are one on many machines. */
export function free(title: string, ending: string, taken: ReadonlySet<string>): string {
  const base = stem(title);
  for (let number = 1; ; number++) {
    const name = `${base}${number === 1 ? "" : `-${number}`}${ending}`;
    if (!taken.has(folded(name))) return name;
  }
}

/** A name as a file system that ignores case has it. */
export const folded = (name: string): string => name.normalize("NFC").toLowerCase();

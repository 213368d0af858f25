// How the program ends: an exit code that stays, and a sentence that says what to do next.

/** The exit codes; docs/cli.md tells more. */
export const exit = {
  done: 0,
  failed: 1,
  usage: 2,
  unauthorised: 3,
  unreachable: 4,
  busy: 5,
  partly: 6,
  interrupted: 130,
} as const;

export type Exit = (typeof exit)[keyof typeof exit];

/** An end that the user can do something about: shown without a stack. */
export class Ending extends Error {
  readonly exit: Exit;
  /** A word for machines. */
  readonly code: string;

  constructor(kind: Exit, code: string, message: string) {
    super(message);
    this.name = "Ending";
    this.exit = kind;
    this.code = code;
  }
}

/** What was typed makes no sense. */
export const usage = (message: string): Ending => new Ending(exit.usage, "usage", message);

const known: Readonly<Record<string, Exit>> = {
  unauthorized: exit.unauthorised,
  unreachable: exit.unreachable,
  busy: exit.busy,
  conflict: exit.busy,
  aborted: exit.interrupted,
};

/** Any error as an ending: by its code where that is one of ours, and a failure otherwise. */
export function endingOf(error: unknown): Ending {
  if (error instanceof Ending) return error;
  const { code, message } = wordsOf(error);
  return new Ending(known[code] ?? exit.failed, code, message);
}

function wordsOf(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: "failed", message: String(error) };
  const code = "code" in error && typeof error.code === "string" ? error.code : "failed";
  return { code: code.toLowerCase(), message: error.message };
}

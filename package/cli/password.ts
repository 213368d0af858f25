// A password typed at a terminal without being shown.

/** What was typed; nothing where there is nobody to ask. */
export async function askHidden(prompt: string): Promise<string | undefined> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return undefined;
  stderr.write(`${prompt}: `);
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  stdin.resume();
  try {
    return await typed();
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write("\n");
  }
}

function typed(): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const done = (): void => {
      process.stdin.off("data", more);
      resolve(text);
    };
    const more = (chunk: string): void => {
      for (const character of chunk) {
        if (character === "\r" || character === "\n" || character === "\u0004") return done();
        // Ctrl-C: the terminal is raw, so nobody else sees to it.
        if (character === "\u0003") {
          process.stdin.setRawMode(false);
          process.stderr.write("\n");
          process.exit(130);
        }
        if (character === "\u007f" || character === "\b") text = [...text].slice(0, -1).join("");
        else if (character >= " ") text += character;
      }
    };
    process.stdin.on("data", more);
  });
}

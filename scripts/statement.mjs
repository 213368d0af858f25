// The statement of conformance: tables of what the specification asks, what we do, and the tests that prove it, made into a
// document; and what is wrong with them. Nothing here runs a test or writes a file (scripts/conformance.mjs does).

/** What a line may claim, and how it is written. */
const supports = { yes: "yes", partly: "partly", no: "no", none: "–" };

/**
 * The document and the complaints about it. A table is what a file of tests/conformance holds; `outcomes` says of tests by name
 * what became of them, and `fileOf` in which file a test stands.
 */
export function statement(tables, { outcomes, fileOf, opening = "" }) {
  const complaints = tables.flatMap((table) => [...shape(table), ...uncovered(table), ...unproven(table, outcomes, fileOf)]);
  const body = tables.map((table) => section(table, fileOf));
  return { text: [opening.trimEnd(), overview(tables), ...musts(tables), ...body].join("\n\n") + "\n", complaints };
}

/** The names of all tests that the tables rest on. */
export function named(tables) {
  return [...new Set(tables.flatMap(({ lines }) => lines.flatMap(({ tests }) => tests ?? [])))].sort();
}

/** Each row of data is a line, proven by the tests that bear its switches' names. */
export function quirkLines(rows, tests) {
  return rows.map(({ device, section = [], why, then }) => ({
    cells: [device, section.join(", ")],
    support: "yes",
    does: `${why}: ${Object.entries(then).map(([name, value]) => `\`${name}\` ${value}`).join(", ")}`,
    tests: Object.keys(then).flatMap((name) => tests.find((test) => test.startsWith(`conversation quirks::${name}_`)) ?? `conversation quirks::${name}_…`),
  }));
}

/** Lines that are not as lines are. */
function shape({ title, columns, lines }) {
  const wrong = lines.filter(({ cells, support, does }) => cells.length !== columns.length || !supports[support] || !does);
  return wrong.map(({ cells }) => `${title}: ${cells[0]}: a line has ${columns.length} cells, a support (${Object.keys(supports).join(", ")}) and says what is done`);
}

/** Claims without a proof: no test is named, or one that is not there, or has not passed. */
function unproven({ title, lines }, outcomes, fileOf) {
  return lines.flatMap(({ cells, support, tests = [] }) => {
    const about = `${title}: ${cells[0]}`;
    const claims = support === "yes" || support === "partly";
    if (claims && tests.length === 0) return [`${about}: claims support and names no test`];
    return tests.flatMap((test) => {
      const outcome = outcomes.get(test);
      if (outcome === undefined) return [`${about}: there was no test \`${test}\``];
      if (outcome !== "passed") return [`${about}: the test \`${test}\` ${outcome === "failed" ? "has failed" : "was skipped"}`];
      return fileOf(test) ? [] : [`${about}: the file of \`${test}\` was not found`];
    });
  });
}

/** Codes of the specification, or constants of the source, that have no line; and codes that have two. */
function uncovered({ title, codes, lines }) {
  if (!codes) return [];
  const said = lines.flatMap(({ cells }) => numbers(cells[0]));
  const missing = [...new Set([...codes.all.flatMap(numbers), ...(codes.constants ?? [])])].filter((code) => !said.includes(code));
  const twice = [...new Set(said.filter((code, index) => said.indexOf(code) !== index))];
  return [...missing.map((code) => `${title}: ${code} has no line`), ...twice.map((code) => `${title}: ${code} has two lines`)];
}

/** `200` is one code, `101–150` are fifty, `502, 504` are two. */
function numbers(text) {
  return text.split(", ").flatMap((part) => {
    const [from, to = from] = part.split("–").map(Number);
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

/** How many lines say what, table by table. */
function overview(tables) {
  const count = (lines) => [lines.length, ...Object.keys(supports).map((support) => lines.filter((line) => line.support === support).length)];
  const rows = tables.map(({ title, lines }) => [`[${title}](#${anchor(title)})`, ...count(lines)]);
  return grid(["", "lines", "yes", "partly", "no", "–"], [...rows, ["**all**", ...count(tables.flatMap(({ lines }) => lines)).map((n) => `**${n}**`)]]);
}

/** What the specification insists on and is not, or not wholly, done. */
function musts(tables) {
  const insisted = ({ cells, support }) => ["no", "partly"].includes(support) && cells.slice(1).some((cell) => /^(MUST(?! NOT)|M)\b/.test(cell));
  const rows = tables.flatMap(({ title, lines }) => lines.filter(insisted).map(({ cells, support, does }) => [cells[0], `[${title}](#${anchor(title)})`, supports[support], does]));
  return rows.length === 0 ? [] : ["## Musts that are not, or not wholly, met", grid(["what", "where", "", "what we do"], rows)];
}

function section({ title, text, columns, lines }, fileOf) {
  const proofs = (tests = []) => tests.map((test) => link(test, fileOf(test))).join("<br>");
  const rows = lines.map(({ cells, support, does, tests }) => [...cells, supports[support], does, proofs(tests)]);
  return [`## ${title}`, ...(text ? [text] : []), grid([...columns, "", "what we do", "proof"], rows)].join("\n\n");
}

/** A test by its own name, which is a sentence, and leads to its file. */
function link(test, file) {
  const name = test.slice(test.indexOf(" ") + 1);
  const words = name.includes(" ") ? name : name.split("::").at(-1).replaceAll("_", " ");
  return file ? `[${words}](../${file})` : test;
}

function grid(head, rows) {
  const row = (cells) => `| ${cells.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

/** The name a heading has in a link, as GitHub makes it. */
function anchor(title) {
  return title.toLowerCase().replace(/[^\p{L}\p{N} -]/gu, "").replaceAll(" ", "-");
}

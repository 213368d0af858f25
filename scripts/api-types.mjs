// The schemas of docs/openapi.json as TypeScript types, for the console: www/src/api/schema.ts. With `--check` it only says whether
// that file is what it would write.

import { readFileSync, writeFileSync } from "node:fs";
import { Failure, at, main } from "./run.mjs";

const target = at("www", "src", "api", "schema.ts");

/** The whole file. */
export function types() {
  const { components } = JSON.parse(readFileSync(at("docs", "openapi.json"), "utf8"));
  const declared = Object.entries(components.schemas).map(([name, schema]) => {
    const type = typeOf(schema, "");
    return `${comment(schema, "")}export ${isObject(type) ? `interface ${name} ${type}` : `type ${name} = ${type};`}\n`;
  });
  return `// What docs/openapi.json calls its schemas. Made by scripts/api-types.mjs: change that document, then run it.\n\n${declared.join("\n")}`;
}

function typeOf(schema, indent) {
  if (schema === true || schema === undefined) return "unknown";
  if (schema.properties && (schema.anyOf ?? schema.oneOf)) return typeOf({ ...schema, anyOf: undefined, oneOf: undefined }, indent);
  if (schema.$ref) return schema.$ref.split("/").at(-1);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  for (const [word, sign] of [["allOf", " & "], ["oneOf", " | "], ["anyOf", " | "]]) {
    if (schema[word]) return schema[word].map((part) => typeOf(part, indent)).join(sign);
  }
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, indent)).join(" | ");
  if (schema.type === "array") return `${nested(typeOf(schema.items, indent))}[]`;
  if (schema.type === "object") return objectOf(schema, indent);
  return { integer: "number", number: "number", string: "string", boolean: "boolean", null: "null" }[schema.type] ?? "unknown";
}

function objectOf(schema, indent) {
  const inner = `${indent}  `;
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const optional = schema.required?.includes(name) ? "" : "?";
    return `${comment(field, inner)}${inner}${/^\w+$/.test(name) ? name : JSON.stringify(name)}${optional}: ${typeOf(field, inner)};\n`;
  });
  if (fields.length > 0) return `{\n${fields.join("")}${indent}}`;
  const values = schema.additionalProperties;
  // `Record` is a name of the document's own.
  return `{ [name: string]: ${values === false ? "never" : typeOf(values, indent)} }`;
}

const isObject = (type) => type.startsWith("{\n");

const nested = (type) => (/[|&]/.test(type) && !type.startsWith("{") ? `(${type})` : type);

const comment = ({ description }, indent) => (description ? `${indent}/** ${description.replaceAll("*/", "*\u200b/")} */\n` : "");

if (process.argv[1] === at("scripts", "api-types.mjs")) {
  await main(() => {
    const text = types();
    if (!process.argv.includes("--check")) writeFileSync(target, text);
    else if (readFileSync(target, "utf8") !== text) throw new Failure("www/src/api/schema.ts is stale: node scripts/api-types.mjs writes it.");
  });
}

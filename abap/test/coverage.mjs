// Which ABAP statements the checks ran, by class: V8's coverage of the transpiled package, carried back to the
// ABAP lines by the transpiler's source maps.
import { readFileSync, readdirSync } from "node:fs";
import { SourceMap } from "node:module";
import { join, resolve, dirname } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const output = resolve(here, "../../target/abap/output/project");

/// Lines of ABAP that are the first of a statement inside a method or function.
function statements(source) {
  const lines = new Set();
  let inside = false;
  let starts = true;
  source.split(/\r?\n/).forEach((text, index) => {
    const line = text.trim();
    if (line === "" || line.startsWith('"') || text.startsWith("*")) return;
    if (/^(METHOD|FUNCTION) /i.test(line)) inside = true;
    else if (/^(ENDMETHOD|ENDFUNCTION)/i.test(line)) inside = false;
    else if (inside && starts && !/^(DATA |CONSTANTS|TYPES|FIELD-SYMBOLS|TRY|END|ELSE\.|WHEN OTHERS)/i.test(line)) lines.add(index + 1);
    starts = line.endsWith(".");
  });
  return lines;
}

/// Lines of the generated file that ran in none of the runs.
function unrun(text, runs) {
  const ran = new Uint8Array(text.length);
  for (const functions of runs) {
    const counts = new Int32Array(text.length).fill(1);
    const ranges = functions.flatMap((f) => f.ranges).sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
    for (const { startOffset, endOffset, count } of ranges) counts.fill(count, startOffset, endOffset);
    for (let i = 0; i < text.length; i += 1) if (counts[i] > 0) ran[i] = 1;
  }
  return ran;
}

export function coverage(folder) {
  const runs = new Map();
  for (const file of readdirSync(folder)) {
    for (const { url, functions } of JSON.parse(readFileSync(join(folder, file), "utf8")).result) {
      const name = url.split("/").pop();
      if (url.includes("/abap/output/project/")) runs.set(name, [...(runs.get(name) ?? []), functions]);
    }
  }
  const rows = [];
  for (const file of readdirSync(output).filter((name) => /^(zc|zcarbide).*\.(clas|fugr)\.mjs$/.test(name)).sort()) {
    const text = readFileSync(join(output, file), "utf8");
    const map = JSON.parse(readFileSync(join(output, `${file}.map`), "utf8"));
    const finder = new SourceMap(map);
    const ran = unrun(text, runs.get(file) ?? []);
    const covered = new Map();
    let offset = 0;
    text.split("\n").forEach((line, index) => {
      const column = line.search(/\S/);
      if (column >= 0) {
        const entry = finder.findEntry(index, column);
        if (entry.originalSource !== undefined && entry.generatedLine === index) {
          const source = entry.originalSource.split("/").pop();
          const key = `${source}:${entry.originalLine + 1}`;
          covered.set(key, (covered.get(key) ?? false) || ran[offset + column] === 1);
        }
      }
      offset += line.length + 1;
    });
    let all = 0;
    let run = 0;
    const missing = [];
    for (const source of map.sources.map((path) => path.split("/").pop()).filter((name) => !/testclasses/.test(name))) {
      const path = find(source);
      if (!path) continue;
      for (const line of statements(readFileSync(path, "utf8"))) {
        const key = `${source}:${line}`;
        if (!covered.has(key)) continue;
        all += 1;
        if (covered.get(key)) run += 1;
        else missing.push(source.endsWith(".clas.abap") ? line : `${source.split(".")[2]} ${line}`);
      }
    }
    if (all > 0) rows.push({ name: file.replace(/\.mjs$/, ""), all, run, missing });
  }
  return rows;
}

function find(source) {
  for (const root of ["../src", "../fields/src"]) {
    const path = readdirSync(resolve(here, root), { recursive: true }).find((name) => name.split("/").pop() === source);
    if (path) return resolve(here, root, path);
  }
  return undefined;
}

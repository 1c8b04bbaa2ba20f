// The checks of the companion ABAP: abaplint at the floor release and for ABAP Cloud, ABAP Unit and the contract
// of exactly-once execution on the transpiled package. Prints which statements ran.
//
//   node abap/test/run.mjs             everything
//   node abap/test/run.mjs --coverage  also the lines that did not run
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { coverage } from "./coverage.mjs";
import { sources, stubs, transpile, work } from "./transpile.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const show = process.argv.includes("--coverage");
let failures = 0;
let passed = 0;
let failed = 0;

function node(args, options = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", ...options });
  return { status, text: `${stdout}${stderr}` };
}

/// Lints what `keep` lets through with the settings of `name`; dictionary objects of the rest are known to it.
function lint(name, keep) {
  const folder = join(work, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const known = (path) => !keep(path) && /\.(dtel|doma|tabl|ttyp|intf|clas)\.(xml|abap)$/.test(path);
  cpSync(join(work, "stubs"), join(folder, "stubs"), { recursive: true });
  for (const [from, to] of sources) {
    cpSync(from, join(folder, "src", to), { recursive: true, filter: (path) => !/\.[a-z]+$/.test(path) || keep(path) });
    cpSync(from, join(folder, "stubs", to), { recursive: true, filter: (path) => !/\.[a-z]+$/.test(path) || known(path) });
  }
  cpSync(resolve(here, `../${name}.json`), join(folder, "abaplint.json"));
  const { status, text } = node([join(work, "node_modules/@abaplint/cli/abaplint"), "abaplint.json"], { cwd: folder });
  const total = text.match(/abaplint: (\d+) issue\(s\) found, (\d+) file\(s\) analyzed/);
  if (status !== 0 || !total || total[1] !== "0" || total[2] === "0") {
    failures += 1;
    console.log(text);
  }
  console.log(`${name}: ${total ? total[0].replace("abaplint: ", "") : "did not run"}`);
}

function test(file, covered) {
  const { status, text } = node([join(here, file)], { env: { ...process.env, NODE_V8_COVERAGE: covered } });
  const counts = text.match(/(\d+) passed, (\d+) failed/);
  const wrong = Number(counts?.[2] ?? 0);
  passed += Number(counts?.[1] ?? 0);
  failed += wrong;
  // A file that broke off without naming a failure is one.
  if ((status !== 0 || !counts) && wrong === 0) failures += 1;
  console.log(text.trimEnd());
}

stubs();
lint("abaplint", () => true);
const cloud = new Set(readFileSync(join(here, "cloud.txt"), "utf8").split("\n").filter((line) => line && !line.startsWith("#")));
lint("abaplint-cloud", (path) => cloud.has(path.split("/").pop().split(".")[0]));

transpile();
const covered = join(work, "coverage");
rmSync(covered, { recursive: true, force: true });
for (const file of ["unit.mjs", "contract.mjs"]) test(file, covered);

const rows = coverage(covered);
for (const { name, all, run, missing } of rows) {
  console.log(`  ${name.padEnd(44)} ${String(run).padStart(4)} of ${String(all).padStart(4)} statements${show && missing.length ? `; not: ${missing.join(", ")}` : ""}`);
}
const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
console.log(`  ${"all".padEnd(44)} ${String(sum("run")).padStart(4)} of ${String(sum("all")).padStart(4)} statements`);
console.log(`${passed} passed, ${failed + failures} failed`);
process.exitCode = failed + failures ? 1 : 0;

// Transpiles the package to JavaScript below target/abap, with stubs for what it uses of SAP.
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync, mkdirSync, cpSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { writeStubs } from "./dictionary.mjs";

const here = dirname(fileURLToPath(import.meta.url));
export const work = resolve(here, "../../target/abap");

/// The package, and what is imported apart: fields in SAP's own objects, actions in Fiori.
export const sources = [[resolve(here, "../src"), ""], [resolve(here, "../fields/src"), "fields"], [resolve(here, "../actions/src"), "actions"]];

export function stubs() {
  rmSync(join(work, "stubs"), { recursive: true, force: true });
  writeStubs(here, join(work, "stubs"));
}

export function transpile() {
  rmSync(join(work, "src"), { recursive: true, force: true });
  rmSync(join(work, "output"), { recursive: true, force: true });
  mkdirSync(join(work, "src"));
  // Views, services, screens, append structures and behavior pools do not run here
  const runs = /\.(clas|intf|fugr|tabl|dtel|doma|msag|ttyp)\.[^/]*$|\/[^./]*$/;
  for (const [from, to] of sources) {
    cpSync(from, join(work, "src", to), { recursive: true, filter: (path) => runs.test(path) && !/\/(zacarbide_|zbp_)/.test(path) });
  }
  const settings = {
    input_folder: "src",
    output_folder: "output",
    libs: [{ folder: "stubs", files: ["/**/*.*"] }],
    write_unit_tests: true,
    write_source_map: true,
    options: { ignoreSyntaxCheck: false, addFilenames: true, addCommonJS: true, unknownTypes: "runtimeError",
      setup: { filename: "../../../abap/test/database.mjs", preFunction: "connect" }, skip: [] },
  };
  writeFileSync(join(work, "abap_transpile.json"), JSON.stringify(settings, null, 2));
  execFileSync(process.execPath, ["node_modules/@abaplint/transpiler-cli/abap_transpile", "abap_transpile.json"], { cwd: work, stdio: ["ignore", "pipe", "inherit"] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  stubs();
  transpile();
}

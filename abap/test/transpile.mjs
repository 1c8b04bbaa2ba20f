// Transpiles the package to JavaScript below target/abap, with stubs for what it uses of SAP.
import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync, mkdirSync, cpSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { writeStubs } from "./dictionary.mjs";

const here = dirname(fileURLToPath(import.meta.url));
export const work = resolve(here, "../../target/abap");

export function stubs() {
  rmSync(join(work, "stubs"), { recursive: true, force: true });
  writeStubs(here, join(work, "stubs"));
}

export function transpile() {
  rmSync(join(work, "src"), { recursive: true, force: true });
  rmSync(join(work, "output"), { recursive: true, force: true });
  mkdirSync(join(work, "src"));
  // Views, services and screens do not run here
  const runs = /\.(clas|intf|fugr|tabl|dtel|doma|msag|ttyp)\.|\/[^.]*$/;
  cpSync(resolve(here, "../src"), join(work, "src"), { recursive: true, filter: (path) => runs.test(path.slice(here.length - 5)) });
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

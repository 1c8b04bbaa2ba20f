// Runs every ABAP Unit method of the transpiled package and goes on after a failure (the transpiler's own
// runner stops there).
import { readFileSync, writeFileSync } from "node:fs";
import { resolve, dirname } from "node:path";
import { fileURLToPath } from "node:url";

const output = resolve(dirname(fileURLToPath(import.meta.url)), "../../target/abap/output");
const list = readFileSync(resolve(output, "index.mjs"), "utf8").match(/function getData\(\) \{[\s\S]*?\n\}/)[0];
writeFileSync(resolve(output, "list.mjs"), `export ${list}\n`);
await import(resolve(output, "init.mjs"));
const { reset } = await import("./sap.mjs");
const { getData } = await import(resolve(output, "list.mjs"));

let passed = 0;
let failed = 0;
for (const { filename, objectName, localClass, methods } of getData()) {
  const Test = (await import(resolve(output, filename)))[localClass];
  for (const { name } of methods) {
    reset({ authorized: true, locked_by: "", bapi_return: [], bapi_object: "", commit_fails: false });
    try {
      const test = await new Test().constructor_();
      const inner = test.FRIENDS_ACCESS_INSTANCE;
      if (test.setup ?? inner.setup) await (test.setup ? test.setup() : inner.setup());
      await (inner[name] ? inner[name]() : test[name]());
      passed += 1;
    } catch (error) {
      failed += 1;
      const at = error.EXTRA_CX ? `${error.EXTRA_CX.INTERNAL_FILENAME}:${error.EXTRA_CX.INTERNAL_LINE}` : error.stack;
      console.log(`FAILED ${objectName} ${name} ${error.msg?.get?.() ?? ""}\n  ${error.constructor?.name}: ${at}\n${error.stack}`);
    }
  }
}
console.log(`ABAP Unit: ${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;

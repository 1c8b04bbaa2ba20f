// Drives tests/fixtures/exec/cases.json through the function modules of the package, transpiled, down to its
// tables. The sandbox runs the same cases.
import { readFileSync } from "node:fs";
import { resolve, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";

const here = dirname(fileURLToPath(import.meta.url));
await import(resolve(here, "../../target/abap/output/init.mjs"));
const { sap, reset } = await import("./sap.mjs");
const abap = globalThis.abap;
const types = abap.types;
const database = abap.context.defaultDB();

const trimmed = (value) => String(value ?? "").trimEnd();
const structure = (fields) => new types.Structure(fields);
const character = (length) => new types.Character(length, {});
const return_ = () => table({ type: 1, id: 20, number: 3, message: 220, log_no: 20, log_msg_no: 6, message_v1: 50, message_v2: 50, message_v3: 50, message_v4: 50, parameter: 32, row: 0, field: 30, system: 10 });
function table(fields) {
  const columns = Object.entries(fields).map(([name, length]) => [name, length ? character(length) : new types.Integer({})]);
  return types.TableFactory.construct(structure(Object.fromEntries(columns)), { withHeader: true, keyType: "DEFAULT" });
}
const rows = (of) => of.array().map((row) => Object.fromEntries(Object.entries(row.get()).map(([name, value]) => [name, trimmed(value.get())])));

// Time stands still at the time of the case
const RealDate = Date;
function at(now) {
  const [, y, mo, d, h, mi, s] = now.match(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/);
  const millis = RealDate.UTC(+y, mo - 1, +d, +h, +mi, +s);
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      super(...(args.length ? args : [millis]));
    }
    static now() {
      return millis;
    }
  };
}

async function insert(name, row) {
  const columns = Object.keys(row);
  await database.execute(`INSERT INTO ${name} (mandt, ${columns.join(", ")}) VALUES ('${client}', ${columns.map((c) => `'${row[c]}'`).join(", ")})`);
}
const client = ""; // the runtime keeps no clients apart

async function given(fixture) {
  for (const name of ["zcarbide_entry", "zcarbide_lease", "zcarbide_line", "bkpf"]) await database.execute(`DELETE FROM ${name}`);
  for (const { key, ...entry } of fixture.entries) await insert("zcarbide_entry", { entry_key: key, ...entry });
  if (fixture.lease) await insert("zcarbide_lease", { lease_id: "WRITER", ...fixture.lease });
  reset(fixture);
  at(fixture.now);
}

const parameters = {
  Z_CARBIDE_EXEC: { in: { KEY: 32, FENCE: 15, OPERATION: 30, REQUEST_HASH: 64, PAYLOAD: "string" }, out: { status: 20, object_number: 32 } },
  Z_CARBIDE_CANCEL: { in: { KEY: 32, FENCE: 15 }, out: { status: 20, object_number: 32 } },
  Z_CARBIDE_LEASE: { in: { HOLDER: 40, ACTION: 10, DURATION_SECONDS: "integer" }, out: { status: 20, fence: 15, holder_now: 40, expires_at: 14 } },
  Z_CARBIDE_STATUS: { in: {}, out: {} },
};
const value = (kind) => (kind === "string" ? new types.String({}) : kind === "integer" ? new types.Integer({}) : kind === 15 ? new types.Numc({ length: 15 }) : character(kind));

async function call(when) {
  const shape = parameters[when.function];
  const exporting = {};
  for (const [name, kind] of Object.entries(shape.in)) exporting[name.toLowerCase()] = value(kind).set(when[name] ?? value(kind).get());
  const importing = Object.fromEntries(Object.entries(shape.out).map(([name, kind]) => [name, value(kind)]));
  const tables = { return: return_() };
  if (when.function === "Z_CARBIDE_STATUS") {
    tables.keys = table({ key: 32 });
    tables.entries = table({ key: 32, status: 20, operation: 30, object_number: 32, request_hash: 64, fence: 15, executed_at: 14, executed_by: 12 });
    for (const key of when.KEYS) {
      const line = tables.keys.getRowType().clone();
      line.get().key.set(key.KEY);
      tables.keys.append(line);
    }
  }
  await abap.FunctionModules[when.function]({ exporting, importing, tables });
  const answer = Object.fromEntries(Object.entries(importing).map(([name, field]) => [name, trimmed(field.get())]));
  return { ...answer, messages: rows(tables.return), entries: tables.entries && rows(tables.entries) };
}

async function stored(select) {
  const { rows } = await database.select({ select });
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, trimmed(value)])));
}

async function check({ given: fixture, when, then }) {
  await given(fixture);
  const answer = await call(when);
  const expected = { ...then, entries_after: [...then.entries_after].sort((a, b) => (a.key < b.key ? -1 : 1)) };
  const got = {
    status: answer.status ?? "",
    object_number: answer.object_number ?? "",
    messages: answer.messages.map((message) => `${message.id} ${message.number}`),
    entries_after: await stored("SELECT entry_key AS key, status FROM zcarbide_entry ORDER BY entry_key"),
    bapi_called: sap.called.length > 0,
    bapi: sap.called[0] ?? "",
    committed: sap.committed,
  };
  for (const name of ["fence", "holder_now", "expires_at"]) if (name in then) got[name] = answer[name];
  if ("entries" in then) got.entries = answer.entries.map((entry) => Object.fromEntries(Object.entries(entry).map(([name, text]) => [name.toUpperCase(), text])));
  if ("lease_after" in then) got.lease_after = (await stored("SELECT holder, fence, expires_at FROM zcarbide_lease"))[0] ?? null;
  assert.deepEqual(got, expected);
  assert.ok(sap.called.length <= 1, `called ${sap.called}`);
  // Whatever was refused is in the application log, with the messages that the caller saw
  if (when.function !== "Z_CARBIDE_STATUS" && got.messages.length > 0) {
    assert.deepEqual(sap.log.map((entry) => entry.messages), [got.messages]);
    assert.ok(sap.log[0].saved && sap.log[0].object === "ZCARBIDE");
  }
  for (const message of answer.messages) if (message.id === "ZCARBIDE") assert.ok(message.message.length > 10 && !message.message.startsWith("E:ZCARBIDE"), message.message);
}

let passed = 0;
let failed = 0;
async function test(name, body) {
  try {
    await body();
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n${error.stack ?? error}`);
  }
}

const cases = JSON.parse(readFileSync(resolve(here, "../../tests/fixtures/exec/cases.json"), "utf8"));
const named = (name) => {
  const found = cases.find((fixture) => fixture.name === name);
  assert.ok(found, name);
  return structuredClone(found);
};
for (const fixture of cases) await test(fixture.name, () => check(fixture));

const posting = () => named("posts an accounting document and hands on what the BAPI said");
const kilograms = () => stored("SELECT awkey, posnr, CAST(kg AS REAL) AS kg, kg_unit, scope, state, evidence, reversed_key FROM zcarbide_line ORDER BY kg DESC");

await test("the kilograms of a document stand beside its line, and a reversal takes them back", async () => {
  const { given: fixture, when } = posting();
  await given(fixture);
  await call(when);
  const [line] = await kilograms();
  assert.deepEqual([line.posnr, +line.kg, line.kg_unit, line.scope, line.state, line.evidence], ["0000000001", 1250, "KG", "2", "measured", "E-7F3A9C"]);

  const reversal = named("reverses an accounting document");
  reset(reversal.given);
  await call({ ...reversal.when, KEY: "REVERSALOFTHAT01" });
  const lines = await kilograms();
  assert.equal(lines.length, 2);
  assert.equal(+lines[0].kg + +lines[1].kg, 0);
  assert.equal(lines[1].reversed_key, lines[0].awkey);
});

await test("if the update task breaks off, neither document nor kilograms nor key stay", async () => {
  const { given: fixture, when } = posting();
  await given({ ...fixture, commit_fails: true });
  const answer = await call(when);
  assert.equal(answer.status, "REFUSED");
  for (const name of ["zcarbide_entry", "zcarbide_line", "bkpf"]) assert.deepEqual(await stored(`SELECT * FROM ${name}`), [], name);
});

await test("a key that another session wrote meanwhile breaks the update off", async () => {
  const { given: fixture, when } = posting();
  await given(fixture);
  sap.pending.push(() => insert("zcarbide_entry", { entry_key: when.KEY, status: "EXECUTED", operation: "FI_POST", object_number: "", reference: "", request_hash: "", fence: "000000000000007", executed_at: fixture.now, executed_by: "OTHER" }));
  const answer = await call(when);
  assert.equal(answer.status, "REFUSED");
  assert.deepEqual(answer.messages.map((message) => message.number).at(-1), "025");
  assert.deepEqual(await stored("SELECT * FROM bkpf"), []);
});

await test("values that SAP would cut or round are refused", async () => {
  for (const [field, value] of [["VERSION", "00020"], ["TOTAL_PLORD_QTY", "4.0005"], ["TOTAL_PLORD_QTY", "four"], ["NO_SUCH_FIELD", "X"]]) {
    const { given: fixture, when } = named("creates a planned order and keeps its key");
    const payload = JSON.parse(when.PAYLOAD);
    payload.HEADERDATA[field] = value;
    when.PAYLOAD = JSON.stringify(payload);
    when.REQUEST_HASH = createHash("sha256").update(when.PAYLOAD).digest("hex");
    await given(fixture);
    const answer = await call(when);
    assert.deepEqual(answer.messages.map((message) => message.number), [field === "NO_SUCH_FIELD" ? "016" : "018"], value);
    assert.deepEqual(sap.called, []);
  }
});
console.log(`contract: ${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;

// Drives tests/fixtures/exec/cases.json through the function modules of the package, transpiled, down to its
// tables. The sandbox runs the same cases.
import { readFileSync, readdirSync } from "node:fs";
import { resolve, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { checksums } from "../paste.mjs";

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

await test("a reversal by FB08 takes the kilograms out of the list of postings", async () => {
  const { given: fixture, when } = posting();
  await given(fixture);
  const { object_number: number } = await call(when);
  const { PSTNG_DATE: day } = JSON.parse(when.PAYLOAD).DOCUMENTHEADER;
  const [belnr, bukrs, gjahr] = [number.slice(0, 10), number.slice(10, 14), number.slice(14)];
  await insert("bkpf", { bukrs, belnr: "0199999999", gjahr, budat: day, awtyp: "BKPFF", awkey: `0199999999${bukrs}${gjahr}`, awsys: "", stblg: belnr, stjah: gjahr, xreversal: "2" });
  await database.execute(`UPDATE bkpf SET budat = '${day}', xreversal = '1' WHERE belnr = '${belnr}'`);
  const make = async (name, parts) => new abap.Classes[name]().constructor_(parts);
  const postings = await make("ZCL_CARBIDE_POSTINGS", {
    lines: new types.ABAPObject().set(await make("ZCL_CARBIDE_LINE_STORE")),
    documents: new types.ABAPObject().set(await make("ZCL_CARBIDE_DOCUMENT_NUMBER")),
    authority: new types.ABAPObject().set(await make("ZCL_CARBIDE_AUTHORITY")),
  });
  const shown = rows(await postings.list({ company_code: character(4).set(bukrs), first_day: new types.Date().set(day), last_day: new types.Date().set(day) }));
  assert.deepEqual(shown.map((row) => [row.belnr, +row.kg]), [[belnr, 1250], ["0199999999", -1250]]);
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
const dictionary = {
  T001: [["MANDT", "X", "CLNT"], ["BUKRS", "X", "CHAR"], ["BUTXT", "", "CHAR"], ["WAERS", "", "CUKY"]],
  T006: [["MANDT", "X", "CLNT"], ["MSEHI", "X", "UNIT"], ["DIMID", "", "CHAR"], ["ZAEHL", "", "INT4"], ["ADDKO", "", "DEC"]],
};

async function tables() {
  await given({ ...named("status does not need the lock").given, authorized: true });
  for (const name of ["dd02l", "dd03l", "t001", "t006"]) await database.execute(`DELETE FROM ${name}`);
  for (const [name, fields] of Object.entries(dictionary)) {
    await database.execute(`INSERT INTO dd02l (tabname, as4local, as4vers, tabclass) VALUES ('${name}', 'A', '0000', 'TRANSP')`);
    for (const [index, [field, key, type]] of fields.entries()) {
      await database.execute(`INSERT INTO dd03l (tabname, fieldname, as4local, as4vers, position, keyflag, datatype) VALUES ('${name}', '${field}', 'A', '0000', '${String(index + 1).padStart(4, "0")}', '${key}', '${type}')`);
    }
  }
  for (const [code, text] of [["2000", "Ohio \"North\" \\ Co"], ["1010", "Stahl AG"], ["10", "Short"], ["3000", "钢铁"]]) await insert("t001", { bukrs: code, butxt: text, waers: "EUR", ktopl: "INT" });
  for (const [unit, numerator, offset] of [["KG", 1, 0], ["TO", 1000, 0], ["GC", 1, -273.15]]) await insert("t006", { msehi: unit, dimid: "MASS", zaehl: numerator, decan: 0, addko: offset });
}

async function read(table_name, fields, { max_rows = 100, conditions = [], continue_after = "" } = {}) {
  const exporting = { table_name: value(30).set(table_name), max_rows: value("integer").set(max_rows), continue_after: value("string").set(continue_after) };
  const importing = { rows: value("string"), row_count: value("integer"), continue_with: value("string") };
  const parameter = { fields: table({ fieldname: 30 }), conditions: table({ fieldname: 30, sign: 1, option: 2, low: 255, high: 255 }), return: return_() };
  const add = (to, row) => {
    const line = to.getRowType().clone();
    for (const [name, text] of Object.entries(row)) line.get()[name].set(text);
    to.append(line);
  };
  for (const fieldname of fields) add(parameter.fields, { fieldname });
  for (const [fieldname, sign, option, low, high = ""] of conditions) add(parameter.conditions, { fieldname, sign, option, low, high });
  await abap.FunctionModules["Z_CARBIDE_READ_TABLE"]({ exporting, importing, tables: parameter });
  const text = importing.rows.get();
  const answer = { rows: text && JSON.parse(text), count: importing.row_count.get(), next: importing.continue_with.get() };
  return { ...answer, messages: rows(parameter.return).map((message) => `${message.id} ${message.number}`) };
}

await test("a listed table is read in the order of its key, texts as they are", async () => {
  await tables();
  const answer = await read("T001", ["BUTXT", "BUKRS"]);
  assert.deepEqual(answer.rows, [["Short", "10"], ["Stahl AG", "1010"], ['Ohio "North" \\ Co', "2000"], ["钢铁", "3000"]]);
  assert.deepEqual([answer.count, answer.next, answer.messages], [4, "", []]);
});

await test("numbers are read with a dot and a leading minus, and compared as numbers", async () => {
  await tables();
  const answer = await read("T006", ["MSEHI", "ADDKO", "ZAEHL"], { conditions: [["ZAEHL", "I", "LT", "200"]] });
  assert.deepEqual(answer.rows, [["GC", "-273.150000", "1"], ["KG", "0.000000", "1"]]);
});

await test("pages return each row that stays once, whatever goes and comes between them", async () => {
  await tables();
  const first = await read("T001", ["BUKRS"], { max_rows: 2 });
  assert.deepEqual(first.rows, [["10"], ["1010"]]);
  await database.execute("DELETE FROM t001 WHERE bukrs = '1010'");
  await insert("t001", { bukrs: "0001", butxt: "Before", waers: "EUR", ktopl: "INT" });
  await insert("t001", { bukrs: "1011", butxt: "Behind", waers: "EUR", ktopl: "INT" });
  const second = await read("T001", ["BUKRS"], { max_rows: 2, continue_after: first.next });
  assert.deepEqual(second.rows, [["1011"], ["2000"]]);
  const third = await read("T001", ["BUKRS"], { max_rows: 2, continue_after: second.next });
  assert.deepEqual([third.rows, third.next], [[["3000"]], ""]);
});

await test("conditions on two fields are joined by AND", async () => {
  await tables();
  const answer = await read("T001", ["BUKRS"], { conditions: [["BUKRS", "I", "GE", "1000"], ["BUKRS", "E", "EQ", "2000"], ["WAERS", "I", "EQ", "EUR"]] });
  assert.deepEqual(answer.rows, [["1010"], ["3000"]]);
});

await test("what may not be read is refused with its number, and logged", async () => {
  await tables();
  const page = await read("T001", ["BUKRS"], { max_rows: 1 });
  const refusals = [
    [["USR02", ["BNAME"]], "040"],
    [["T001' OR 1=1", ["BUKRS"]], "040"],
    [["TTYP", ["AWTYP"]], "040"], // on the list, not a transparent table here
    [["T001", ["BUKRS", "NO_SUCH"]], "041"],
    [["T001", []], "041"],
    [["T001", ["BUKRS"], { conditions: [["BUKRS", "I", "CP", "1*"]] }], "042"],
    [["T001", ["BUKRS"], { max_rows: 0 }], "043"],
    [["T001", ["BUKRS"], { max_rows: 10001 }], "043"],
    [["T001", ["BUTXT"], { continue_after: page.next }], "044"],
    [["T001", ["BUKRS"], { continue_after: "x" }], "044"],
  ];
  for (const [request, number] of refusals) {
    sap.log = [];
    const answer = await read(...request);
    assert.deepEqual([answer.messages, answer.rows, answer.count], [[`ZCARBIDE ${number}`], "", 0], JSON.stringify(request));
    assert.deepEqual(sap.log.map((entry) => [entry.subobject, entry.saved]), [["READING", true]]);
  }
  sap.given.authorized = false;
  assert.deepEqual((await read("T001", ["BUKRS"])).messages, ["ZCARBIDE 020"]);
});

const requestFields = { mandt: 3, request_id: 64, requirement: 32, plnum: 10, change_set: 40, action: 10, status: 20, requested_by: 12, requested_at: 14, answer: 255 };
const request = (id) => ({ request_id: id, requirement: "4711/10/1", plnum: "", change_set: "PLAN-A", action: "RELEASE", status: "OPEN", requested_by: "PLANNER", requested_at: "20261126080000", answer: "" });

async function requests(answers) {
  const tables = { answers: table(requestFields), requests: table(requestFields), return: return_() };
  for (const answer of answers) {
    const line = tables.answers.getRowType().clone();
    for (const [name, text] of Object.entries(answer)) line.get()[name].set(text);
    tables.answers.append(line);
  }
  await abap.FunctionModules["Z_CARBIDE_PLAN_REQUESTS"]({ tables });
  return { open: rows(tables.requests).map((row) => row.request_id), messages: rows(tables.return).map((message) => message.number) };
}

await test("a posted document is in the list of its company code and month with its number, for those who may see it", async () => {
  const { given: fixture, when } = posting();
  await given(fixture);
  const { object_number: number } = await call(when);
  const make = async (name, parts) => new abap.Classes[name]().constructor_(parts);
  const postings = await make("ZCL_CARBIDE_POSTINGS", {
    lines: new types.ABAPObject().set(await make("ZCL_CARBIDE_LINE_STORE")),
    documents: new types.ABAPObject().set(await make("ZCL_CARBIDE_DOCUMENT_NUMBER")),
    authority: new types.ABAPObject().set(await make("ZCL_CARBIDE_AUTHORITY")),
  });
  const { COMP_CODE: company, PSTNG_DATE: day } = JSON.parse(when.PAYLOAD).DOCUMENTHEADER;
  const list = (last) => postings.list({ company_code: character(4).set(company), first_day: new types.Date().set(day), last_day: new types.Date().set(last) });
  const refused = async (last) => list(last).then(() => "", (error) => error.if_t100_message$t100key.get().msgno.get());
  const [shown] = rows(await list(day));
  assert.deepEqual([shown.belnr + shown.bukrs + shown.gjahr, +shown.kg, shown.budat], [number, 1250, day]);
  assert.equal(await refused("20000101"), "062");
  sap.given.authorized = false;
  assert.equal(await refused(day), "020");
});

const planFields = { mandt: 3, requirement: 32, plnum: 10, matnr: 40, plwrk: 4, gsmng: "quantity", meins: 3, kg_before: "kilograms", kg_after: "kilograms", kg_unit: 3, state: 12, window_until: 14, reason: 255, change_set: 40, evidence: 64, published_at: 14 };
const packed = { quantity: [7, 3], kilograms: [12, 6] };

function rowsOf(fields, given) {
  const of = structure(Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, packed[kind] ? new types.Packed({ length: packed[kind][0], decimals: packed[kind][1] }) : character(kind)])));
  const all = types.TableFactory.construct(of, { withHeader: true, keyType: "DEFAULT" });
  for (const row of given) {
    const line = all.getRowType().clone();
    for (const [name, text] of Object.entries(row)) line.get()[name.toLowerCase()].set(text);
    all.append(line);
  }
  return all;
}

/// The key that a request got here: its time, and what nobody foresees.
const keyed = (id) => id.replace(/^(\d{14})[0-9A-F]{32}$/, "$1*");

/// A case of the planning functions; a request is made as the transaction makes it.
async function planning({ given: fixture, when, then }) {
  for (const name of ["zcarbide_plan", "zcarbide_request"]) await database.execute(`DELETE FROM ${name}`);
  const lower = (row) => Object.fromEntries(Object.entries(row).map(([name, text]) => [name.toLowerCase(), text]));
  for (const row of fixture.plans) await insert("zcarbide_plan", { ...lower(row), published_at: fixture.now });
  for (const row of fixture.requests) await insert("zcarbide_request", lower(row));
  reset({ ...fixture, locked_by: "", bapi_return: [], bapi_object: "" });
  at(fixture.now);
  const tables = { return: return_() };
  let messages;
  if (when.function === "request") {
    const plan = await abap.Classes["ZCL_CARBIDE_FACTORY"].plan();
    const asked = plan.get().request({ requirement: character(32).set(when.REQUIREMENT), wanted: character(10).set(when.ACTION) });
    messages = await asked.then(() => [], (error) => [error.if_t100_message$t100key.get().msgno.get()]);
  } else {
    tables.plans = rowsOf(planFields, when.PLANS ?? []);
    tables.answers = rowsOf(requestFields, when.ANSWERS ?? []);
    tables.requests = rowsOf(requestFields, []);
    await abap.FunctionModules[when.function]({ tables });
    messages = rows(tables.return).map((message) => message.number);
    // Whatever was refused is in the application log
    assert.deepEqual(sap.log.map((entry) => [entry.subobject, entry.saved, entry.messages]), messages.length ? [["PLAN", true, messages.map((number) => `ZCARBIDE ${number}`)]] : []);
  }
  const got = { messages };
  if (then.plans) got.plans = (await stored("SELECT requirement, plnum, state, CAST(kg_after AS REAL) AS kg FROM zcarbide_plan ORDER BY requirement")).map((row) => [row.requirement, row.plnum, row.state, row.kg]);
  if (then.open) got.open = rows(tables.requests).map((row) => row.request_id);
  if (then.requests) got.requests = (await stored("SELECT request_id, status, answer FROM zcarbide_request")).map((row) => [keyed(row.request_id), row.status, row.answer]).sort();
  assert.deepEqual(got, then);
}

for (const fixture of JSON.parse(readFileSync(resolve(here, "../../tests/fixtures/planning/cases.json"), "utf8"))) {
  await test(fixture.name, () => planning(fixture));
}

await test("publishing a posted order fills the carbon fields of its planned order, and of no other", async () => {
  const fixture = JSON.parse(readFileSync(resolve(here, "../../tests/fixtures/planning/cases.json"), "utf8")).find(({ name }) => name.startsWith("a later row"));
  await database.execute("DELETE FROM plaf");
  for (const plnum of ["0000001002", "0000001003"]) await insert("plaf", { plnum });
  await planning(fixture);
  assert.deepEqual(await stored("SELECT plnum, CAST(zzcrb_kg AS REAL) AS kg, zzcrb_unit, zzcrb_state FROM plaf WHERE zzcrb_unit = 'KG'"), [{ plnum: "0000001002", kg: "900.5", zzcrb_unit: "KG", zzcrb_state: "calculated" }]);
});

await test("the connector answers what planners ask for and fetches what is open", async () => {
  await given({ ...named("status does not need the lock").given, authorized: true });
  await database.execute("DELETE FROM zcarbide_request");
  for (const id of ["R1", "R2"]) await insert("zcarbide_request", request(id));
  assert.deepEqual(await requests([]), { open: ["R1", "R2"], messages: [] });
  assert.deepEqual(await requests([{ request_id: "R1", status: "DONE", answer: "posted" }]), { open: ["R2"], messages: [] });
  assert.deepEqual(await stored("SELECT status, answer FROM zcarbide_request WHERE request_id = 'R1'"), [{ status: "DONE", answer: "posted" }]);
});

await test("planning functions refuse without right, and that is logged", async () => {
  sap.given.authorized = false;
  sap.log = [];
  assert.deepEqual(await requests([]), { open: [], messages: ["020"] });
  const tables = { plans: table({ plnum: 10 }), return: return_() };
  await abap.FunctionModules["Z_CARBIDE_PLAN_PUBLISH"]({ tables });
  assert.deepEqual(rows(tables.return).map((message) => message.number), ["020"]);
  assert.deepEqual(sap.log.map((entry) => [entry.subobject, entry.saved]), [["PLAN", true], ["PLAN", true]]);
});

await test("the caller learns which rights it has, one by one, and needs a right to ask", async () => {
  sap.given = { authorized: true, rights: ["S_TABU_NAM TABLE T001"] };
  const ask = async () => {
    const tables = { checks: table({ object: 10, field: 10, value: 40, answer: 1 }), return: return_() };
    for (const [object, field, value] of [["S_TABU_NAM", "TABLE", "T001"], ["S_TABU_NAM", "TABLE", "USR02"], ["S_DEVELOP", "", ""]]) {
      const line = tables.checks.getRowType().clone();
      for (const [name, text] of Object.entries({ object, field, value })) line.get()[name].set(text);
      tables.checks.append(line);
    }
    await abap.FunctionModules["Z_CARBIDE_AUTHORITY"]({ tables });
    return [rows(tables.checks).map(({ answer }) => answer).join(""), rows(tables.return).map((message) => message.number)];
  };
  assert.deepEqual(await ask(), ["X-?", []]);
  sap.given.authorized = false;
  sap.log = [];
  assert.deepEqual(await ask(), ["", ["020"]]);
  assert.deepEqual(sap.log.map((entry) => [entry.subobject, entry.saved]), [["READING", true]]);
});

await test("the list of tables is that of the interface manifest", async () => {
  const manifest = readFileSync(resolve(here, "../../odata/manifest.toml"), "utf8");
  const tables = manifest.match(/\[rfc\.table_reading\][\s\S]*?\ntables = \[(.*)\]/)[1].match(/\w+/g);
  const source = readFileSync(resolve(here, "../src/reading/zcl_carbide_table_reader.clas.abap"), "utf8");
  assert.deepEqual(source.match(/VALUE `(CRHD[^`]*)`/)[1].split("|"), tables);
});

for (const [list, sources] of [["../objects.txt", "../src"], ["../fields/objects.txt", "../fields/src"], ["../actions/objects.txt", "../actions/src"]]) {
  await test(`the list ${list.slice(3)} is that of the sources`, async () => {
    const listed = readFileSync(resolve(here, list), "utf8").split("\n").filter((line) => line && !line.startsWith("#"));
    const found = readdirSync(resolve(here, sources), { recursive: true })
      .map((path) => path.split("/").pop().split("."))
      .filter(([name, type, end, more]) => end === "xml" && more === undefined && name !== "package")
      .map(([name, type]) => `${type} ${name}`.toUpperCase());
    assert.deepEqual([...listed].sort(), found.sort());
  });
}

const files = (end) =>
  ["../src", "../fields/src", "../actions/src"].flatMap((root) =>
    readdirSync(resolve(here, root), { recursive: true })
      .filter((path) => path.endsWith(end))
      .map((path) => ({ name: path.split("/").pop().split(".")[0].toUpperCase(), text: readFileSync(resolve(here, root, path), "utf8") })),
  );

await test("views select columns that their tables have, and services and access controls name views that are there", async () => {
  const keys = { plaf: ["plnum"], afpo: ["aufnr", "posnr"], marc: ["matnr", "werks"], ekpo: ["ebeln", "ebelp"], vbap: ["vbeln", "posnr"] };
  const tables = files(".tabl.xml");
  const fieldsOf = (table) => {
    const { text } = tables.find(({ name }) => name === table.toUpperCase() || name === `ZACARBIDE_${table.toUpperCase()}`) ?? {};
    return text && [...(keys[table] ?? []), ...[...text.matchAll(/<FIELDNAME>(\w+)/g)].map((match) => match[1].toLowerCase())];
  };
  const views = files(".ddls.asddls");
  const known = new Map();
  for (const { name, text } of views) {
    const source = text.match(/as select from (\w+)/)?.[1];
    const body = text.slice(text.lastIndexOf("\n{") + 2, text.lastIndexOf("}")).replace(/@[^\n]*(\n +\{ type[^\n]*)*/g, "");
    const columns = body
      .split(/,\s*\n/)
      .map((column) => column.trim().replace(/^key /, ""))
      .map((column) => column.match(/^(?:substring\( )?(?:_\w+\.)?(\w+).*?(?: as (\w+))?$/));
    known.set(name, { source, columns: columns.map((match) => match[1]), names: columns.map((match) => match[2] ?? match[1]), text });
  }
  for (const [name, { source, columns, text }] of known) {
    const from = source ?? text.match(/to (ZI_\w+) as/)[1];
    const there = known.get(from)?.names ?? fieldsOf(from);
    assert.ok(there, `${name}: ${from}`);
    for (const column of columns) assert.ok(there.includes(column), `${name}: ${column} is not in ${from}`);
    const unit = text.match(/unitOfMeasure: '(\w+)'/)?.[1];
    if (unit) assert.ok(known.get(name).names.includes(unit), `${name}: ${unit}`);
  }
  for (const { name, text } of files(".dcls.asdcls")) assert.ok(known.has(text.match(/grant select on (\w+)/)[1]), name);
  for (const { name, text } of files(".srvdsrv")) for (const [, view] of text.matchAll(/expose (\w+)/g)) assert.ok(known.has(view), `${name}: ${view}`);
  const services = files(".srvdsrv").map(({ name }) => name);
  for (const { name, text } of files(".srvb.xml")) assert.ok(services.includes(text.match(/<TYPE>SRVD\/SRV<\/TYPE>\s*<NAME>(\w+)/)[1]), name);
  for (const { name, text } of files(".tran.xml")) assert.ok(files(".prog.abap").some((program) => program.name === text.match(/<PGMNA>(\w+)/)[1]), name);
});

await test("the remote functions are those of the interface manifest", async () => {
  const manifest = readFileSync(resolve(here, "../../odata/manifest.toml"), "utf8");
  const remote = readdirSync(resolve(here, "../src"), { recursive: true })
    .filter((path) => path.endsWith(".fugr.xml"))
    .flatMap((path) => [...readFileSync(resolve(here, "../src", path), "utf8").matchAll(/<FUNCNAME>(\w+)<\/FUNCNAME>\s*<REMOTE_CALL>R/g)].map((match) => match[1]));
  assert.deepEqual([...new Set(manifest.match(/\bZ_CARBIDE_\w+/g))].sort(), remote.sort());
});

await test("the documents name no object that is not there", async () => {
  const texts = (folder, keep) => readdirSync(resolve(here, folder), { recursive: true, withFileTypes: true }).filter((one) => one.isFile() && keep(one.name)).map((one) => [one.name, readFileSync(resolve(one.parentPath ?? one.path, one.name), "utf8")]);
  const sources = ["../src", "../fields", "../actions"].flatMap((folder) => texts(folder, () => true)).map(([name, text]) => `${name}\n${text}`).join("\n").toUpperCase();
  const roles = new Set(readFileSync(resolve(here, "../roles.csv"), "utf8").split("\n").map((line) => line.split(";")[0]));
  // Packages are made by hand; the roles of role.md are made by the connector.
  const others = new Set(["ZCARBIDE_ACTIONS", "ZCARBIDE_FIELDS"]);
  const documents = [...texts("..", (name) => name.endsWith(".md")).filter(([name]) => ["README.md", "FIELDS.md", "OPERATIONS.md", "PLANNER.md", "PROVEN.md"].includes(name)), ...texts("../../docs", (name) => name.endsWith(".md") && name !== "role.md")];
  for (const [name, text] of documents) {
    for (const [object] of text.matchAll(/\b(?:E?Z[A-Z]{0,3}_?CARBIDE[A-Z0-9_]*|ZCRB|ZCARB_OPER)\b/g)) {
      assert.ok(sources.includes(object) || roles.has(object) || others.has(object), `${name} names ${object}, which is not there`);
    }
  }
});

await test("each message has a short and a long text in English, German and Chinese, and is raised somewhere", async () => {
  const all = readFileSync(resolve(here, "../src/base/zcarbide.msag.xml"), "utf8");
  const numbers = (text) => new Set([...text.matchAll(/<MSGNR>(\d{3})<\/MSGNR>/g)].map((match) => match[1]));
  const [english, others] = all.split("<T100_TEXTS>");
  const messages = numbers(english);
  const short = (language) => new Set([...others.matchAll(/<SPRSL>(.)<\/SPRSL>\s*<MSGNR>(\d{3})/g)].filter((match) => match[1] === language).map((match) => match[2]));
  const long = (language) => new Set([...all.matchAll(/<OBJECT>ZCARBIDE(\d{3})<\/OBJECT>\s*<LANGU>(.)</g)].filter((match) => match[2] === language).map((match) => match[1]));
  assert.ok(messages.size > 0);
  for (const language of ["D", "1"]) assert.deepEqual([...short(language)].sort(), [...messages].sort(), `short texts, ${language}`);
  for (const language of ["E", "D", "1"]) assert.deepEqual([...long(language)].sort(), [...messages].sort(), `long texts, ${language}`);
  const sources = readdirSync(resolve(here, "../src"), { recursive: true }).filter((path) => path.endsWith(".abap")).map((path) => readFileSync(resolve(here, "../src", path), "utf8")).join("\n");
  for (const message of messages) assert.ok(sources.includes(message), `${message} is raised nowhere`);
});

await test("the checksums are those of the sources", async () => {
  assert.equal(readFileSync(resolve(here, "../checksums.txt"), "utf8"), checksums(), "run node abap/paste.mjs");
});

await test("what the README calls the connector's functions are the remote functions of the package", async () => {
  const readme = readFileSync(resolve(here, "../README.md"), "utf8");
  const remote = readdirSync(resolve(here, "../src"), { recursive: true })
    .filter((path) => path.endsWith(".fugr.xml"))
    .flatMap((path) => [...readFileSync(resolve(here, "../src", path), "utf8").matchAll(/<FUNCNAME>(\w+)<\/FUNCNAME>\s*<REMOTE_CALL>R/g)].map((match) => match[1]));
  assert.deepEqual([...new Set(readme.match(/\bZ_CARBIDE_[A-Z]+(_[A-Z]+)?\b/g))].sort(), remote.sort());
});

await test("the roles of roles.csv have each right that the package asks for, each remote function, and nothing for everybody", async () => {
  const [, ...lines] = readFileSync(resolve(here, "../roles.csv"), "utf8").trimEnd().split("\n").map((line) => line.split(";"));
  const given = (field, role) => [...new Set(lines.filter(([of, , , name]) => name === field && (!role || of === role)).flatMap(([, , , , values]) => values.split(" ")))].sort();
  const root = resolve(here, "../src");
  const paths = readdirSync(root, { recursive: true }).map(String);
  const texts = paths.filter((path) => path.endsWith(".clas.abap")).map((path) => readFileSync(resolve(root, path), "utf8"));
  const asked = texts.flatMap((text) => [...text.matchAll(/operation\s*=\s*'([A-Z_]+)'/g), ...text.matchAll(/TYPE zcarbide_operation\s+VALUE '([A-Z_]+)'/g)]).map(([, name]) => name);
  // What is asked for by name of the action
  asked.push("PLAN_RELEASE", "PLAN_TAKE_BACK");
  assert.deepEqual(given("ZCARB_OPER"), [...new Set(asked)].sort());
  const remote = paths.filter((path) => path.endsWith(".fugr.xml")).flatMap((path) => [...readFileSync(resolve(root, path), "utf8").matchAll(/<FUNCNAME>(\w+)<\/FUNCNAME>\s*<REMOTE_CALL>R/g)].map((match) => match[1]));
  assert.deepEqual(given("RFC_NAME"), remote.sort());
  const own = paths.filter((path) => path.endsWith(".tran.xml")).map((path) => path.split("/").pop().split(".")[0].toUpperCase());
  assert.deepEqual(given("TCD").filter((name) => name.startsWith("Z")), own.sort());
  assert.deepEqual([given("RFC_NAME", "Z_CARBIDE_PLANNER"), given("TCD", "Z_CARBIDE_CONNECTOR")], [[], []]);
  for (const [role, authorization, object, field, values] of lines) {
    assert.ok(/^Z_CARBIDE_[A-Z]+$/.test(role) && field && values && !values.includes("*"), `${role} ${object} ${field}`);
    // An authorization without its activity allows none, or all
    const same = ([of, at, name, key]) => of === role && at === authorization && name === object && key === "ACTVT";
    assert.ok(object === "S_TCODE" || lines.some(same), `${role} ${object} ${authorization}`);
  }
});

console.log(`contract: ${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;

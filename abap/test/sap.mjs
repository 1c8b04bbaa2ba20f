// What stands around the package in an SAP system, as far as the cases need it: BAPIs that answer what a case
// says, the update task, the lock server, the application log. An update function runs at the commit, and if one
// fails nothing of its LUW stays, as in SAP.

const types = globalThis.abap.types;
const functions = globalThis.abap.FunctionModules;
const database = () => globalThis.abap.context.defaultDB();

export const sap = { given: undefined, called: [], log: [], pending: [], committed: false };

export function reset(given) {
  Object.assign(sap, { given, called: [], log: [], pending: [], committed: false });
}

// Our own object is what the case says of it; of SAP's the case names the values that are granted
const granted = ({ object, fields = [] }) =>
  text(object).startsWith("S_") ? fields.every(({ id, field }) => sap.given.rights?.includes(`${text(object)} ${text(id)} ${text(field)}`)) : sap.given.authorized;
globalThis.abap.context.updateTask = {
  register: async (name, parameters) => {
    sap.pending.push(() => functions[name](parameters));
  },
};

const text = (value) => (value === undefined ? "" : String(value.get()).trimEnd());

globalThis.abap.authority = granted;

function fill(structure, row) {
  for (const [name, value] of Object.entries(row)) structure.get()[name.toLowerCase()].set(value);
}

function answerTable(table) {
  for (const row of sap.given.bapi_return) {
    const line = table.getRowType().clone();
    fill(line, row);
    table.append(line);
  }
}

function called(name) {
  sap.called.push(name);
}

for (const name of ["BAPI_PLANNEDORDER_CREATE", "BAPI_PLANNEDORDER_CHANGE", "BAPI_PLANNEDORDER_DELETE"]) {
  functions[name] = async ({ importing }) => {
    called(name);
    if (sap.given.bapi_return[0]) fill(importing.return, sap.given.bapi_return[0]);
    importing.plannedorder?.set(sap.given.bapi_object);
  };
}

// The document is numbered and written at the commit; till then there is only the reference
function accounting(name, reference) {
  functions[name] = async (parameters) => {
    called(name);
    answerTable(parameters.tables.return);
    const { obj_type, obj_key, obj_sys } = reference(parameters).get();
    const number = sap.given.bapi_object;
    const importing = parameters.importing;
    importing.obj_type.set(obj_type);
    importing.obj_key.set(obj_type.get().trimEnd() === "BKPFF" ? number : obj_key);
    importing.obj_sys.set(obj_sys);
    const row = [number.slice(10, 14), number.slice(0, 10), number.slice(14, 18), text(obj_type), text(obj_key), text(obj_sys)];
    sap.pending.push(async () => {
      await database().beginTransaction();
      const values = ["", row[0], row[1], row[2], "20261031", row[3], row[4], row[5]];
      return database().execute(`INSERT INTO bkpf (mandt, bukrs, belnr, gjahr, budat, awtyp, awkey, awsys) VALUES (${values.map((v) => `'${v}'`).join(",")})`);
    });
  };
}
accounting("BAPI_ACC_DOCUMENT_POST", ({ exporting }) => exporting.documentheader);
accounting("BAPI_ACC_DOCUMENT_REV_POST", ({ exporting }) => exporting.reversal);

functions["BAPI_ACC_STAT_KEY_FIG_POST"] = async ({ importing, tables }) => {
  called("BAPI_ACC_STAT_KEY_FIG_POST");
  answerTable(tables.return);
  importing.doc_no.set(sap.given.bapi_object);
};
functions["BAPI_ACC_ACT_POSTINGS_REVERSE"] = async ({ tables }) => {
  called("BAPI_ACC_ACT_POSTINGS_REVERSE");
  answerTable(tables.return);
  const line = tables.doc_no.getRowType().clone();
  line.get().doc_no.set(sap.given.bapi_object);
  tables.doc_no.append(line);
};

functions["BAPI_TRANSACTION_COMMIT"] = async ({ importing }) => {
  let failed = sap.given.commit_fails;
  for (const update of sap.pending.splice(0)) {
    if (failed) break;
    try {
      const sy = globalThis.abap.builtin.sy.get();
      sy.msgty.clear();
      await update();
      failed = text(sy.msgty) === "A"; // a termination message, which the runtime only prints
    } catch (error) {
      failed = true;
    }
  }
  if (failed) {
    await database().rollback();
    importing.return.get().type.set("E");
    return;
  }
  await database().commit();
  sap.committed = true;
};
functions["BAPI_TRANSACTION_ROLLBACK"] = async () => {
  sap.pending.length = 0;
  await database().rollback();
};

function lock(name) {
  functions[`ENQUEUE_${name}`] = async () => {
    if (!sap.given.locked_by) return;
    globalThis.abap.builtin.sy.get().msgv1.set(sap.given.locked_by);
    throw new globalThis.abap.ClassicError({ classic: "FOREIGN_LOCK" });
  };
  functions[`DEQUEUE_${name}`] = async () => {};
}
lock("EZCARBIDE_KEY");
lock("EZCARBIDE_LEASE");

functions["BAL_LOG_CREATE"] = async ({ exporting, importing }) => {
  importing.e_log_handle.set("LOG");
  sap.log.push({ object: text(exporting.i_s_log.get().object), subobject: text(exporting.i_s_log.get().subobject), messages: [] });
};
functions["BAL_LOG_MSG_ADD"] = async ({ exporting }) => {
  const message = exporting.i_s_msg.get();
  sap.log.at(-1).messages.push(`${text(message.msgid)} ${text(message.msgno)}`);
};
functions["BAL_DB_SAVE"] = async () => {
  sap.log.at(-1).saved = true;
};

// Writes the dictionary objects and classes of SAP that the checks need, in abapGit format, into a folder:
// dictionary objects from ddic.txt, classes from stubs/ (their XML is the same for all).
import { readFileSync, readdirSync, writeFileSync, mkdirSync, copyFileSync } from "node:fs";
import { join } from "node:path";

const wrap = (serializer, body) =>
  `<?xml version="1.0" encoding="utf-8"?>
<abapGit version="v1.0.0" serializer="LCL_OBJECT_${serializer}" serializer_version="v1.0.0">
 <asx:abap xmlns:asx="http://www.sap.com/abapxml" version="1.0"><asx:values>${body}</asx:values></asx:abap>
</abapGit>
`;
const element = (name, value) => (value ? `<${name}>${value}</${name}>` : "");
const typed = (type, length, decimals) =>
  element("DATATYPE", type) + element("LENG", length.padStart(6, "0")) + element("DECIMALS", (decimals ?? "").padStart(decimals ? 6 : 0, "0"));

function dataElement(name, type, length, decimals) {
  return wrap("DTEL", `<DD04V><ROLLNAME>${name}</ROLLNAME><DDLANGUAGE>E</DDLANGUAGE><DDTEXT>${name}</DDTEXT>${typed(type, length, decimals)}</DD04V>`);
}

function tableType(name, row) {
  if (row === "STRING") {
    return wrap("TTYP", `<DD40V><TYPENAME>${name}</TYPENAME><DDLANGUAGE>E</DDLANGUAGE><DATATYPE>STRG</DATATYPE><ACCESSMODE>T</ACCESSMODE><KEYDEF>D</KEYDEF><KEYKIND>N</KEYKIND><DDTEXT>${name}</DDTEXT></DD40V>`);
  }
  const kind = row.startsWith("BAL") && !row.startsWith("BAL_S") ? "E" : "S";
  return wrap("TTYP", `<DD40V><TYPENAME>${name}</TYPENAME><DDLANGUAGE>E</DDLANGUAGE><ROWTYPE>${row}</ROWTYPE><ROWKIND>${kind}</ROWKIND><DATATYPE>${kind === "S" ? "STRU" : ""}</DATATYPE><ACCESSMODE>T</ACCESSMODE><KEYDEF>D</KEYDEF><KEYKIND>N</KEYKIND><DDTEXT>${name}</DDTEXT></DD40V>`);
}

function table(name, kind, fields) {
  const rows = fields.map((field) => {
    const [left, type] = field.split(":");
    const key = left.endsWith("*");
    const [datatype, length, decimals] = type.split("/");
    const of = length ? typed(datatype, length, decimals) : element("ROLLNAME", type) + element("COMPTYPE", "E");
    return `<DD03P><FIELDNAME>${left.replace("*", "")}</FIELDNAME>${key ? "<KEYFLAG>X</KEYFLAG><NOTNULL>X</NOTNULL>" : ""}${of}</DD03P>`;
  });
  return wrap("TABL", `<DD02V><TABNAME>${name}</TABNAME><DDLANGUAGE>E</DDLANGUAGE><TABCLASS>${kind}</TABCLASS><DDTEXT>${name}</DDTEXT><EXCLASS>1</EXCLASS></DD02V><DD03P_TABLE>${rows.join("")}</DD03P_TABLE>`);
}

const classXml = (name) =>
  wrap("CLAS", `<VSEOCLASS><CLSNAME>${name}</CLSNAME><LANGU>E</LANGU><DESCRIPT>${name}</DESCRIPT><STATE>1</STATE><CLSCCINCL>X</CLSCCINCL><FIXPT>X</FIXPT><UNICODE>X</UNICODE></VSEOCLASS>`);
const interfaceXml = (name) =>
  wrap("INTF", `<VSEOINTERF><CLSNAME>${name}</CLSNAME><LANGU>E</LANGU><DESCRIPT>${name}</DESCRIPT><EXPOSURE>2</EXPOSURE><STATE>1</STATE><UNICODE>X</UNICODE></VSEOINTERF>`);

export function writeStubs(from, to) {
  mkdirSync(to, { recursive: true });
  for (const line of readFileSync(join(from, "ddic.txt"), "utf8").split("\n")) {
    const [kind, name, ...rest] = line.trim().split(/\s+/);
    if (!kind || kind === "#") continue;
    const file = (extension, text) => writeFileSync(join(to, `${name.toLowerCase()}.${extension}.xml`), text);
    if (kind === "dtel") file("dtel", dataElement(name, ...rest));
    else if (kind === "ttyp") file("ttyp", tableType(name, ...rest));
    else if (kind === "tabl") file("tabl", table(name, "INTTAB", rest));
    else if (kind === "trans") file("tabl", table(name, "TRANSP", rest));
    else throw new Error(`ddic.txt: ${line}`);
  }
  for (const source of readdirSync(join(from, "stubs"))) {
    const [name, type] = source.split(".");
    copyFileSync(join(from, "stubs", source), join(to, source));
    const xml = type === "intf" ? interfaceXml : classXml;
    writeFileSync(join(to, `${name}.${type}.xml`), xml(name.toUpperCase()));
  }
}

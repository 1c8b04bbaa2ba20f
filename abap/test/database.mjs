// The database of the transpiled package: SQLite in memory, with the tables of the package and of ddic.txt.
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const work = resolve(dirname(fileURLToPath(import.meta.url)), "../../target/abap");
const { SQLiteDatabaseClient } = createRequire(resolve(work, "package.json"))("@abaplint/database-sqlite");

export async function connect(abap, schemas, inserts) {
  const database = new SQLiteDatabaseClient();
  abap.context.databaseConnections["DEFAULT"] = database;
  await database.connect();
  await database.execute(schemas.sqlite);
  await database.execute(inserts);
}

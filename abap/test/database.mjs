// The database of the transpiled package: SQLite in memory, with the tables of the package and of ddic.txt.
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const work = resolve(dirname(fileURLToPath(import.meta.url)), "../../target/abap");
const { SQLiteDatabaseClient } = createRequire(resolve(work, "package.json"))("@abaplint/database-sqlite");

// The client drops the last package of a cursor when it is not full
class Database extends SQLiteDatabaseClient {
  async fetchNextCursor(packageSize, statement) {
    const values = [];
    const size = Number(packageSize?.get?.() ?? packageSize);
    while (!statement.ended && values.length < size) {
      if (statement.step()) values.push(statement.get());
      else statement.ended = true; // one more step would begin anew
    }
    return { rows: this.convert([{ columns: statement.getColumnNames(), values }]) };
  }
}

export async function connect(abap, schemas, inserts) {
  const database = new Database();
  abap.context.databaseConnections["DEFAULT"] = database;
  await database.connect();
  await database.execute(schemas.sqlite);
  await database.execute(inserts);
}

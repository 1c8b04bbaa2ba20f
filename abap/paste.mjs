// For systems without abapGit: writes every object's sources, in the order in which they can be created, to
// target/abap/paste, and abap/checksums.txt, which tells whether what was pasted is what is here.
//
//   node abap/paste.mjs
//   cd abap && sha256sum -c checksums.txt
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const roots = [["src", "objects.txt"], ["fields/src", "fields/objects.txt"], ["actions/src", "actions/objects.txt"]];

export function checksums() {
  return roots
    .flatMap(([root]) => readdirSync(join(here, root), { recursive: true }).filter((path) => /\.\w+$/.test(path)).map((path) => `${root}/${path}`))
    .sort()
    .map((path) => `${createHash("sha256").update(readFileSync(join(here, path))).digest("hex")}  ${path}\n`)
    .join("");
}

function paste(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  let step = 0;
  for (const [root, list] of roots) {
    const paths = readdirSync(join(here, root), { recursive: true });
    const objects = readFileSync(join(here, list), "utf8").split("\n").filter((line) => line && !line.startsWith("#"));
    for (const object of objects.reverse()) {
      const [type, name] = object.toLowerCase().split(" ");
      step += 1;
      for (const path of paths.filter((path) => path.split("/").pop().startsWith(`${name}.${type}.`))) {
        copyFileSync(join(here, root, path), join(folder, `${String(step).padStart(3, "0")}_${path.split("/").pop()}`));
      }
    }
  }
  return step;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(here, "checksums.txt"), checksums());
  const folder = resolve(here, "../target/abap/paste");
  console.log(`${paste(folder)} objects in the order of their creation: ${folder}`);
}

// Takes a folder with an unpacked pass through passkit-generator's public interface and writes its own .pkpass.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { PKPass } from "passkit-generator";

const [folder, certificates, target] = process.argv.slice(2);
const MADE_HERE = new Set(["manifest.json", "signature"]);
const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !MADE_HERE.has(entry.name))
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
const buffers = Object.fromEntries(paths.map((path) => [relative(folder, path), readFileSync(path)]));
const read = (name) => readFileSync(join(certificates, name));
const pass = new PKPass(buffers, { wwdr: read("chain.pem"), signerCert: read("certificate.pem"), signerKey: read("key.pem") });
writeFileSync(target, pass.getAsBuffer());

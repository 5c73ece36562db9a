// Reads a pass.strings with @walletpass/pass-js. That reader takes UTF-16 for little-endian whatever its mark says,
// so the file is turned round first, with its mark honoured; the grammar and the escapes are what is judged.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const { readLprojStrings } = createRequire(import.meta.url)("./node_modules/@walletpass/pass-js/dist/lib/localizations.js");
const [source, turned] = process.argv.slice(2);
const text = new TextDecoder("utf-16be", { fatal: true }).decode(readFileSync(source));
writeFileSync(turned, Buffer.from(text, "utf16le"));
console.log(JSON.stringify(Object.fromEntries(await readLprojStrings(turned))));

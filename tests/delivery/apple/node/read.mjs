// Reads a .pkpass with @walletpass/pass-js and tells what it found.
import { readFileSync } from "node:fs";
import { Template } from "@walletpass/pass-js";

const template = await Template.fromBuffer(readFileSync(process.argv[2]));
console.log(JSON.stringify({
  style: template.style,
  fields: template.fields,
  images: [...template.images.keys()].sort(),
  languages: [...template.localization.keys()].sort(),
}));

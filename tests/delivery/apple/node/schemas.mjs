// Judges pass documents by passkit-generator's schemas, made strict: nothing unknown, nothing converted.
// Reads a JSON array of {document, personalisation?} and writes one array of complaints for each.
import { readFileSync } from "node:fs";
import { PassFieldContent, PassFieldContentWithRow, PassProps, Personalize } from "./node_modules/passkit-generator/lib/esm/schemas/index.js";

const STRICT = { abortEarly: false, allowUnknown: false, stripUnknown: false, convert: false };
const STYLES = ["storeCard", "coupon", "generic", "eventTicket", "boardingPass", "posterGeneric"];
const GROUPS = ["headerFields", "primaryFields", "secondaryFields", "auxiliaryFields", "backFields", "additionalInfoFields", "footerFields"];
// Spellings of Apple's own builder that these schemas do not have yet.
const ONLY_AT_APPLE = new Set([
  "departureAirportTimeZone", "destinationAirportTimeZone", "departureAirportSecurityPrograms",
  "destinationAirportSecurityPrograms", "airlineLoungePlaceID", "logoSymbolName",
]);

function known(value) {
  if (Array.isArray(value)) return value.map(known);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).filter(([key]) => !ONLY_AT_APPLE.has(key)).map(([key, one]) => [key, known(one)]));
}

function complaints(schema, value, place) {
  const { error } = schema.validate(value, STRICT);
  return error ? error.details.map((detail) => `${place}: ${detail.message}`) : [];
}

function judge({ document, personalisation }) {
  const pass = { ...known(document), ...(document.userInfo === undefined ? {} : { userInfo: document.userInfo }) };
  const found = complaints(PassProps, pass, "pass");
  for (const style of STYLES)
    for (const group of GROUPS)
      for (const field of pass[style]?.[group] ?? [])
        found.push(...complaints(group === "auxiliaryFields" ? PassFieldContentWithRow : PassFieldContent, field, `${style}.${group}`));
  if (personalisation) found.push(...complaints(Personalize, personalisation, "personalisation"));
  return found;
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(judge)));

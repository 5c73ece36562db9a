// Tells which keys passkit-generator's schemas know, so that a key of iOS that we lack is seen.
import { PassFieldContentWithRow, PassFields, PassProps, Semantics, UpcomingPassInformationEntry } from "./node_modules/passkit-generator/lib/esm/schemas/index.js";

const schemas = { PassProps, PassFields, PassFieldContentWithRow, Semantics, UpcomingPassInformationEntry };
const keys = Object.entries(schemas).map(([name, schema]) => [name, Object.keys(schema.describe().keys)]);
console.log(JSON.stringify(Object.fromEntries(keys)));

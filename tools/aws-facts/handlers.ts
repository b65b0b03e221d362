/**
 * Renews aws/handlers.json: which actions CloudFormation's own handlers need for each listed resource type.
 * Run: npm run aws-handlers -- FOLDER, where AWS's CloudformationSchema.zip of a region was unpacked.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { COUNTERPARTS } from "./counterparts.ts";

const HANDLERS = ["create", "read", "update", "delete"] as const;

const handler = z.object({ permissions: z.array(z.string().regex(/^[\w-]+:[\w.*]+$/)) });
const schemaFile = z.object({
  typeName: z.string(),
  handlers: z.partialRecord(z.enum([...HANDLERS, "list"]), handler).optional(),
});

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write(
    "which folder? Unpack AWS's CloudformationSchema.zip, and run: npm run aws-handlers -- FOLDER\n",
  );
  process.exit(2);
}
const types = new Set(Object.values(COUNTERPARTS).flatMap(({ schema }) => schema ?? []));
const found = [...types].sort().flatMap((type) => {
  const file = join(folder, `${type.toLowerCase().replaceAll("::", "-")}.json`);
  const { typeName, handlers } = schemaFile.parse(JSON.parse(readFileSync(file, "utf8")));
  if (typeName !== type) throw new Error(`${file} describes ${typeName}; expected ${type}`);
  if (handlers === undefined) return [];
  const actions = HANDLERS.map((name) => [name, [...new Set(handlers[name]?.permissions)].sort()] as const);
  return [[type, Object.fromEntries(actions.filter(([, permissions]) => permissions.length > 0))] as const];
});
writeFileSync(
  join(import.meta.dirname, "..", "..", "aws", "handlers.json"),
  `${JSON.stringify(Object.fromEntries(found), null, 1)}\n`,
);
process.stdout.write(`${found.length} of ${types.size} resource types have handlers\n`);

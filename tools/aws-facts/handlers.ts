/**
 * Renews aws/handlers.json: which actions CloudFormation's own handlers need for each listed resource type.
 * Run: npm run aws-handlers -- FOLDER, where AWS's CloudformationSchema.zip of a region was unpacked.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { DeployError, EXIT } from "../../shared/deploy-error.ts";
import { command } from "../command.ts";
import { COUNTERPARTS } from "./counterparts.ts";

const HANDLERS = ["create", "read", "update", "delete"] as const;

const handler = z.object({ permissions: z.array(z.string().regex(/^[\w-]+:[\w.*]+$/)) });
const schemaFile = z.object({
  typeName: z.string(),
  handlers: z.partialRecord(z.enum([...HANDLERS, "list"]), handler).optional(),
});

await command(async () => {
  const [folder] = process.argv.slice(2);
  if (folder === undefined)
    throw new DeployError(
      "SPARKI_USAGE",
      "no folder given; expected one with AWS's CloudformationSchema.zip unpacked",
      {
        hint: "npm run aws-handlers -- FOLDER",
      },
    );
  const types = [...new Set(Object.values(COUNTERPARTS).flatMap(({ schema }) => schema ?? []))].sort();
  const found = types.flatMap((type) => handlersIn(folder, type));
  const file = join(import.meta.dirname, "..", "..", "aws", "handlers.json");
  writeFileSync(file, `${JSON.stringify(Object.fromEntries(found), null, 1)}\n`);
  process.stdout.write(`${found.length} of ${types.length} resource types have handlers\n`);
  return EXIT.done.code;
});

/** The type with what each of its handlers needs; none where AWS publishes none. */
function handlersIn(folder: string, type: string) {
  const file = join(folder, `${type.toLowerCase().replaceAll("::", "-")}.json`);
  const { typeName, handlers } = schemaFile.parse(JSON.parse(readFileSync(file, "utf8")));
  if (typeName !== type) throw new DeployError("SPARKI_USAGE", `${file} describes ${typeName}; expected ${type}`);
  if (handlers === undefined) return [];
  const actions = HANDLERS.map((name) => [name, [...new Set(handlers[name]?.permissions)].sort()] as const);
  return [[type, Object.fromEntries(actions.filter(([, permissions]) => permissions.length > 0))] as const];
}

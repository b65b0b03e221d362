import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { type DeliveryConfig, parseDelivery } from "../../../delivery/config.ts";
import { DeployError, messageOf } from "../../../shared/deploy-error.ts";
import type { Files } from "../context.ts";
import type { Delivered } from "./context.ts";

const FILE = /^Pulumi\.([a-z][a-z0-9-]*)\.yaml$/;
const fileSchema = z.object({ config: z.record(z.string(), z.unknown()) });

/**
 * The delivery of the account that a stack is in: of the file below `delivery/` that names the stack, or else of the one
 * that is called alike. Throws SPARKI_CONFIG where there is none, and with every problem of it.
 */
export function readDelivered(stack: string, projectDirectory: string, files: Files): Delivered {
  const folder = join(projectDirectory, "delivery");
  const names = (files.list(folder) ?? []).flatMap((file) => FILE.exec(file)?.[1] ?? []);
  const settings = new Map(names.map((name) => [name, settingsIn(files, folder, name)]));
  const namesStack = ([, config]: readonly [string, Settings]) => {
    const stacks = config["sparki-delivery:stacks"];
    return Array.isArray(stacks) && stacks.includes(stack);
  };
  const found = [...settings].find(namesStack) ?? [...settings].find(([name]) => name === stack);
  if (found === undefined)
    throw new DeployError("SPARKI_CONFIG", `no file delivery/Pulumi.*.yaml names the stack ${stack}`, {
      hint: `copy delivery/Pulumi.prod.yaml to delivery/Pulumi.${stack}.yaml, and edit it for the account of ${stack}`,
    });
  const [name, config] = found;
  return { stack: name, config: parsed(config, name) };
}

type Settings = Readonly<Record<string, unknown>>;

function settingsIn(files: Files, folder: string, name: string): Settings {
  const file = join(folder, `Pulumi.${name}.yaml`);
  try {
    return fileSchema.parse(parse(files.read(file) ?? "")).config;
  } catch (cause) {
    throw new DeployError(
      "SPARKI_CONFIG",
      `delivery/Pulumi.${name}.yaml cannot be read as config: ${messageOf(cause).split("\n")[0]}`,
      { hint: "see delivery/Pulumi.prod.yaml for an example", cause },
    );
  }
}

function parsed(config: Settings, name: string): DeliveryConfig {
  const texts = Object.entries(config).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return parseDelivery(Object.fromEntries(texts), name);
}

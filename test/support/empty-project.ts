import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");

/** A Pulumi project in a folder of its own, with a file backend and no network; `remove` takes it all away. */
export interface EmptyProject {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  remove(): void;
}

export function emptyProject(program = ""): EmptyProject {
  const directory = mkdtempSync(join(tmpdir(), "sparki-engine-"));
  mkdirSync(join(directory, "backend"));
  writeFileSync(
    join(directory, "Pulumi.yaml"),
    "name: sparki\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.ts\n",
  );
  writeFileSync(join(directory, "Pulumi.prod.yaml"), "config:\n  sparki:greeting: hello\n");
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }\n');
  writeFileSync(join(directory, "index.ts"), program);
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"));
  const environment = {
    PATH: process.env.PATH ?? "",
    HOME: directory,
    PULUMI_HOME: join(directory, "home"),
    PULUMI_BACKEND_URL: `file://${directory}/backend`,
    PULUMI_CONFIG_PASSPHRASE: "for a test",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  return { directory, environment, remove: () => rmSync(directory, { recursive: true }) };
}

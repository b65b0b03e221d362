import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseDocument } from "yaml";
import { yamlText } from "../shared/yaml-text.ts";
import { RUN_RECORD_KEY } from "../stacks/run-record.ts";
import { absentIn, type Release } from "../stacks/schema.ts";
import type { ServiceName } from "../stacks/services.ts";
import { temporaryFolder } from "../tools/temporary-folders.ts";

/** A stack's config in a file of its own, of the same name, that only its owner can read. */
export interface ConfigCopy {
  readonly file: string;
  remove(): void;
}

/** What a promotion decided of a stack's config. */
export interface PinnedConfig {
  readonly release: Release;
  /** The sizes of the workloads. @default as the file has them */
  readonly workloads?: Readonly<Partial<Record<ServiceName, unknown>>>;
}

/** Copies the config file and puts what was promoted into the copy; the stack's own file is only read. */
export function pinConfig(configFile: string, { release, workloads = {} }: PinnedConfig): ConfigCopy {
  const document = parseDocument(readFileSync(configFile, "utf8"));
  const absent = absentIn(release);
  // The config names an image of every service, of those too that the release did not have yet.
  const images = absent.map((name) => [name, document.getIn(["config", "sparki:release", "images", name])]);
  const own = images.filter(([, image]) => image !== undefined);
  const whole = { ...release, images: { ...release.images, ...Object.fromEntries(own) } };
  const settings = {
    release: whole,
    ...workloads,
    ...((absent.length > 0 || document.hasIn(["config", "sparki:absent"])) && { absent }),
  };
  for (const [key, value] of Object.entries(settings))
    document.setIn(["config", `sparki:${key}`], document.createNode(value));
  return copyConfig(configFile, yamlText(document));
}

/** Copies the config file and puts into the copy who runs the update. */
export function copyWithRecord(configFile: string, record: string): ConfigCopy {
  const document = parseDocument(readFileSync(configFile, "utf8"));
  document.setIn(["config", RUN_RECORD_KEY], record);
  return copyConfig(configFile, document.toString());
}

/** Writes the text where the stack's own file is out of the way. */
export function copyConfig(configFile: string, text: string): ConfigCopy {
  const folder = temporaryFolder("config");
  const file = join(folder, basename(configFile));
  writeFileSync(file, text, { mode: 0o600 });
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Document, isMap, parseDocument } from "yaml";
import { DeployError } from "../shared/deploy-error.ts";
import { yamlText } from "../shared/yaml-text.ts";
import { decode, fromEarlierProgram } from "../stacks/config.ts";
import { SERVICE_NAMES } from "../stacks/services.ts";
import type { Edit, ReleaseDescriptor } from "./scenario.ts";

/** Something of the stack's config that cannot exist off the cloud, and what stands in its place; never a secret's value. */
export interface Replacement {
  readonly key: string;
  readonly by: string;
}

/** A copy of the project's settings that a rehearsal may write to; the stack's own file is only read. */
export interface RehearsedProject {
  /** Holds Pulumi.yaml, the stack's config file and links to the program. */
  readonly directory: string;
  readonly configFile: string;
  readonly replacements: readonly Replacement[];
  readonly release: ReleaseDescriptor;
  /** The image that makes the database's users; undefined when the config names none. */
  readonly clientImage: string | undefined;
  /** The stack's config as the engine hands it to the program: text, or JSON text. */
  config(): Readonly<Record<string, string>>;
  /**
   * Begins again with another config, an earlier program's too, or with the stack's own, the cloud's replacements in it;
   * tells its release.
   */
  load(other?: { readonly config: string; readonly isEarlier: boolean }): ReleaseDescriptor;
  /** Whether an earlier program's config is loaded. */
  isEarlier(): boolean;
  /** Sets one value of the config, for the next deploy. */
  set(key: readonly string[], value: unknown): void;
  /** Puts another release into the config, for the next deploy. */
  setRelease(release: ReleaseDescriptor): void;
  /** Gives a part of the config that the stack has a value that only the rehearsal knows, such as its Prometheus's address. */
  replace(key: readonly string[], value: unknown, by: string): void;
}

/** Copies a stack's settings into `directory`; throws SPARKI_CONFIG when the stack has no config file. */
export function copyProject(projectDirectory: string, stack: string, directory: string): RehearsedProject {
  mkdirSync(directory, { recursive: true });
  const configFile = join(directory, `Pulumi.${stack}.yaml`);
  const own = textOf(join(projectDirectory, `Pulumi.${stack}.yaml`), stack);
  let document = parseDocument(own);
  const replacements = [...withoutCloudSecrets(document)];
  const replaced: { readonly key: readonly string[]; readonly value: unknown; readonly stood: boolean }[] = [];
  let isEarlier = false;
  const config = () => (isEarlier ? fromEarlierProgram(configOf(document)) : configOf(document));
  const release = releaseOf(config(), stack);
  const save = () => writeFileSync(configFile, yamlText(document));
  const put = (key: readonly string[], value: unknown): boolean => {
    if (!document.hasIn(["config", ...key.slice(0, -1)])) return false;
    document.setIn(["config", ...key], document.createNode(value));
    return true;
  };
  copyFileSync(join(projectDirectory, "Pulumi.yaml"), join(directory, "Pulumi.yaml"));
  // The engine looks for the program's file before it asks who runs it, and Node for what Pulumi.yaml has it import first.
  for (const name of ["index.ts", "io"]) {
    rmSync(join(directory, name), { force: true });
    symlinkSync(join(projectDirectory, name), join(directory, name));
  }
  save();
  return {
    directory,
    configFile,
    replacements,
    release,
    clientImage: textAt(document, ["config", "sparki:database", "clientImage"]),
    config,
    load: (other = { config: own, isEarlier: false }) => {
      document = parseDocument(other.config);
      isEarlier = other.isEarlier;
      for (const _ of withoutCloudSecrets(document));
      // An earlier program may not know a key that stands in the stack's own config.
      for (const { key, value, stood } of replaced)
        if (!isEarlier || !stood || document.hasIn(["config", ...key])) put(key, value);
      save();
      return releaseOf(config(), stack);
    },
    isEarlier: () => isEarlier,
    set: (key, value) => {
      put(key, value);
      save();
    },
    setRelease: (next) => {
      // An earlier program refuses an image of a service that it does not know.
      const images = Object.entries(next.images).filter(
        ([name]) => !isEarlier || name === "e2e" || document.hasIn(["config", `sparki:${name}`]),
      );
      const known = { ...next, images: Object.fromEntries(images) };
      document.setIn(["config", "sparki:release"], document.createNode(known));
      save();
    },
    replace: (key, value, by) => {
      const stood = document.hasIn(["config", ...key]);
      if (!put(key, value)) return;
      replaced.push({ key, value, stood });
      replacements.push({ key: key.join("."), by });
      save();
    },
  };
}

function textOf(file: string, stack: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const hint = "give --stack the name of a Pulumi.<stack>.yaml that exists, such as prod";
    throw new DeployError("SPARKI_CONFIG", `stack ${stack} has no config: ${file} cannot be read`, { hint, cause });
  }
}

/** Secrets encrypted for the real stack cannot be read here, and its key lives in the cloud. */
function* withoutCloudSecrets(document: Document): Generator<Replacement> {
  for (const key of ["secretsprovider", "encryptedkey", "encryptionsalt"]) {
    if (document.delete(key)) yield { key, by: "a passphrase of this run" };
  }
  const config = document.get("config");
  if (!isMap(config)) return;
  for (const pair of config.items) {
    if (!isMap(pair.value) || !pair.value.has("secure")) continue;
    const key = String(pair.key);
    pair.value = document.createNode(`rehearsed-${key.replace(/\W/g, "-")}`);
    yield { key, by: "a generated secret" };
  }
}

function configOf(document: Document): Record<string, string> {
  const config: unknown = document.toJS()?.config ?? {};
  const entries = Object.entries(typeof config === "object" && config !== null ? config : {});
  return Object.fromEntries(
    entries.map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)]),
  );
}

function textAt(document: Document, path: readonly string[]): string | undefined {
  const found: unknown = document.getIn(path);
  return typeof found === "string" ? found : undefined;
}

function releaseOf(
  { "sparki:release": text = "null" }: Readonly<Record<string, string>>,
  stack: string,
): ReleaseDescriptor {
  const release = decode(text);
  if (isRelease(release)) return release;
  throw new DeployError("SPARKI_CONFIG", `sparki:release of stack ${stack} is not a release descriptor`, {
    hint: `give it id, gitSha and images in Pulumi.${stack}.yaml`,
  });
}

function isRelease(value: unknown): value is ReleaseDescriptor {
  if (typeof value !== "object" || value === null) return false;
  if (!("id" in value && "gitSha" in value && "images" in value)) return false;
  const { images } = value;
  if (typeof images !== "object" || images === null) return false;
  return [...SERVICE_NAMES, "e2e"].every((name) => name in images);
}

/** What no deployment reads: what was made or installed here, and what tries it. */
const LEFT_OUT = new Set(["node_modules", "test", "coverage"]);

/** Copies the project but for its tests, with the packages beside it, and makes the edits in the copy. */
export function copyCheckout(projectDirectory: string, target: string, edits: readonly Edit[]): string {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const parts = readdirSync(projectDirectory).filter((name) => !name.startsWith(".") && !LEFT_OUT.has(name));
  for (const part of parts) cpSync(join(projectDirectory, part), join(target, part), { recursive: true });
  linkPackages(projectDirectory, target);
  for (const { file, from, to } of edits) {
    const text = readFileSync(join(target, file), "utf8");
    if (!text.includes(from))
      throw new DeployError(
        "SPARKI_USAGE",
        `${file} has no ${JSON.stringify(from)}: the scenario's edit no longer applies`,
      );
    writeFileSync(join(target, file), text.replace(from, to));
  }
  return target;
}

/** Gives a checkout the packages of the project. */
export function linkPackages(projectDirectory: string, target: string): void {
  symlinkSync(join(projectDirectory, "node_modules"), join(target, "node_modules"));
}

/** The one path at which the simulated cloud finds whichever checkout is deployed. */
export class CurrentCheckout {
  readonly path: string;
  #directory: string;

  constructor(runDirectory: string, projectDirectory: string) {
    this.path = join(runDirectory, "checkout");
    this.#directory = projectDirectory;
    this.use(projectDirectory);
  }

  /** Lets relative paths of charts begin at the folder that the engine works in, too: there the policies read them. */
  linkCharts(workDirectory: string): void {
    const link = join(workDirectory, "apps");
    // A rehearsal that is continued has it already.
    rmSync(link, { force: true });
    symlinkSync(join(this.path, "apps"), link);
  }

  get directory(): string {
    return this.#directory;
  }

  /** What relative paths of charts and of the jobs' program begin at from now on. */
  use(directory: string): void {
    rmSync(this.path, { force: true });
    symlinkSync(directory, this.path);
    this.#directory = directory;
  }
}

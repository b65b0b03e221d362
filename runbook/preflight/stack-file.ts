import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isMap, isNode, isScalar, parseDocument, type YAMLMap, YAMLParseError, YAMLWarning } from "yaml";
import { z } from "zod";
import { writeWhole } from "../../io/whole-file.ts";
import { DeployError, messageOf } from "../../shared/deploy-error.ts";
import { disagreements } from "../../shared/yaml-text.ts";
import { configError, fromEarlierProgram, parseConfig } from "../../stacks/config.ts";
import type { ConfigProblem } from "../../stacks/config-problems.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { stackNameIn } from "../../stacks/stack-name.ts";
import type { Ports } from "../command.ts";
import { CHECKOUT_DIRECTORY, PROJECT_DIRECTORY } from "../project.ts";

const fileSchema = z.object({ config: z.record(z.string(), z.unknown()) });
/** What Pulumi keeps in a stack's file; an `environment` would bring in values that are not in it. */
const TOP_KEYS = ["config", "encryptedkey", "encryptionsalt", "secretsprovider"];

/** Of Pulumi.yaml. */
const PROJECT = "sparki";

/** Node's own limits, and files of the project. */
const NODE_ARGUMENTS = /^(--max-semi-space-size=\d+|--import \.(\/(?!\.)[\w.-]+)+| )*$/;
/**
 * All that Pulumi.yaml may say. Its `plugins` and `packages` would name programs of anywhere, its `config` would give values
 * to the engine that are in no stack's file, and a `backend` would move the state.
 */
const projectSchema = z.strictObject({
  name: z.literal(PROJECT),
  description: z.string().exactOptional(),
  runtime: z.strictObject({
    name: z.literal("nodejs"),
    options: z.strictObject({
      typescript: z.literal(false),
      nodeargs: z.string().regex(NODE_ARGUMENTS).exactOptional(),
    }),
  }),
  main: z.literal("index.ts"),
});

/** The stack that `--stack` names, in full or by its last part (prod when it is left out), with its own config; throws SPARKI_CONFIG with every problem. */
export function readStack(
  option: string | boolean | undefined,
  { cwd, env }: Pick<Ports, "cwd" | "env">,
): { readonly stack: string; readonly fullName: string; readonly config: StackConfig } {
  const given = typeof option === "string" ? option : "prod";
  const name = stackNameIn(given);
  if (name === undefined)
    throw new DeployError(
      "SPARKI_USAGE",
      `--stack is ${JSON.stringify(given)}; expected a name such as prod, my-org/prod or my-org/${PROJECT}/prod`,
    );
  const { stack, fullName, project = PROJECT } = name;
  if (project !== PROJECT)
    throw new DeployError("SPARKI_USAGE", `--stack is of project ${project}; expected a stack of project ${PROJECT}`, {
      hint: `give --stack ${name.organization}/${PROJECT}/${stack}`,
    });
  refuseProject(PROJECT_DIRECTORY);
  const own = env.PULUMI_OPTION_CONFIG_FILE;
  const file = own === undefined ? join(PROJECT_DIRECTORY, `Pulumi.${stack}.yaml`) : resolve(cwd, own);
  return { stack, fullName, config: stackConfigIn(contentOf(file, stack), { file, stack }) };
}

/** In whose place the engine reads Pulumi.yaml, and in the place of a stack's file the one that is named alike. */
const OTHER_PROJECTS = ["Pulumi.json", "Pulumi.yml"];

/** Throws SPARKI_CONFIG for a project that says more than a program of this one needs, and for one in two files. */
export function refuseProject(folder: string): void {
  const file = join(folder, "Pulumi.yaml");
  const other = OTHER_PROJECTS.find((name) => existsSync(join(folder, name)));
  const problem =
    other === undefined ? projectProblem(file) : `${other} stands beside it, which the engine may read instead`;
  if (problem === undefined) return;
  throw new DeployError(
    "SPARKI_CONFIG",
    `${file}: ${problem}; expected that file alone, with name, description, runtime (nodejs, typescript: false and nodeargs) and main (index.ts)`,
    { hint: "git log -p -- 'Pulumi.*' shows what was changed; take it out, then run the same command again" },
  );
}

function projectProblem(file: string): string | undefined {
  const document = parseDocument(existsSync(file) ? readFileSync(file, "utf8") : "");
  const [broken] = [...document.errors, ...document.warnings];
  if (broken !== undefined) return broken.message.trim();
  const issues = projectSchema.safeParse(document.toJS()).error?.issues ?? [];
  const names = issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : [issue.path.join(".")]));
  return names.length === 0
    ? undefined
    : `what it says of ${names.join(", ") || "itself"} is not what a plan is made from`;
}

interface StackFile {
  readonly file: string;
  readonly stack: string;
  /** It is of an earlier program, which may not have had every service. @default false */
  readonly isEarlier?: boolean;
}

/** The config in the text of a stack's file; throws SPARKI_CONFIG with every problem. */
export function stackConfigIn(content: string, { file, stack, isEarlier = false }: StackFile): StackConfig {
  const { config } = settingsIn(content, file);
  refuseDisagreements(content, file);
  const problems = Object.entries(config).flatMap(([key, value]) => entryProblems(key, value, stack));
  if (problems.length > 0) throw configError(problems, stack);
  const texts = Object.entries(config).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  const plain = Object.keys(config).filter((key) => !isEncrypted(config[key]));
  const raw = Object.fromEntries(texts);
  return parseConfig(isEarlier ? fromEarlierProgram(raw) : raw, stack, plain);
}

function isEncrypted(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).join() === "secure";
}

/** Whose settings may stand beside the program's own in a stack's file: Pulumi's and its providers'. */
const NAMESPACES = ["sparki", "aws", "aws-native", "command", "eks", "kubernetes", "pulumi", "random"];

/** What is wrong with how an entry of the file is written, before its value is checked. */
function entryProblems(key: string, value: unknown, stack: string): ConfigProblem[] {
  const edit = `Edit Pulumi.${stack}.yaml: `;
  const colon = key.indexOf(":");
  const name = key.slice(colon + 1);
  if (colon < 0)
    return [{ text: `${key} is a key without its namespace; expected sparki:${key}`, repair: `${edit}sparki:${key}` }];
  if (!NAMESPACES.includes(key.slice(0, colon)))
    return [
      {
        text: `${key} is a key that nothing reads; expected a namespace of ${NAMESPACES.join(", ")}`,
        repair: `${edit}sparki:${name}, if it is meant for this program`,
      },
    ];
  if (key.startsWith("sparki:") && typeof value === "string" && isJson(value))
    return [
      {
        text: `${key} is a string that contains JSON; expected keys with values, or a list`,
        repair: `${edit}${key}, and remove the quotes around its value`,
      },
    ];
  return [];
}

function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

function settingsIn(content: string, file: string): z.infer<typeof fileSchema> {
  let reason = "it has no keys below config:";
  try {
    const document = parseDocument(content);
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw problem;
    const settings: unknown = document.toJS();
    reason = "it is nested too deeply, or contains itself";
    JSON.stringify(settings);
    reason = "it has no keys below config:";
    const parsed = fileSchema.parse(settings);
    const foreign = Object.keys(z.record(z.string(), z.unknown()).parse(settings)).filter(
      (key) => !TOP_KEYS.includes(key),
    );
    reason = `it has the key ${foreign[0]}, which nothing reads; expected ${TOP_KEYS.join(", ")}`;
    if (foreign.length > 0) throw new Error(reason);
    return parsed;
  } catch (cause) {
    const isYaml = cause instanceof YAMLParseError || cause instanceof YAMLWarning;
    if (isYaml) reason = cause.message.trim();
    throw new DeployError("SPARKI_CONFIG", `${file} cannot be read as a stack's config: ${reason}`, {
      hint: "see Pulumi.prod.yaml for an example",
      cause,
    });
  }
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;
/** Where a day may stand without quotes: what reads these takes the engine's time stamp for the day it is. */
const DAY_PATHS = /\.(until|on)$/;

/** The program reads what Pulumi made of the file by YAML 1.1, and the commands read the file itself. */
function refuseDisagreements(content: string, file: string): void {
  const found = disagreements(content).filter(
    ({ path, by12 }) => !(DAY_PATHS.test(path) && typeof by12 === "string" && DAY.test(by12)),
  );
  if (found.length === 0) return;
  const lines = found.map(({ path, by11, by12 }) => {
    const [pulumi, other] = [by11, by12].map((value) => JSON.stringify(value));
    return `  ${path.replace(/^config\./, "")} is ${pulumi} to one reader of YAML and ${other} to another; expected a value in quotes`;
  });
  throw new DeployError(
    "SPARKI_CONFIG",
    [`${file} is read differently by different YAML parsers`, ...lines].join("\n"),
    {
      hint: 'put each of these values in quotes, as in id: "2026-11-01", then run the same command again',
    },
  );
}

function contentOf(file: string, stack: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    if (existsSync(file))
      throw new DeployError("SPARKI_CONFIG", `the config of stack ${stack} cannot be read: ${messageOf(cause)}`, {
        hint: `ls -l ${file}; expected a file that this user may read`,
        cause,
      });
    throw new DeployError("SPARKI_CONFIG", `stack ${stack} has no config: ${file} cannot be read`, {
      hint: "give --stack the name of a Pulumi.<stack>.yaml that exists, such as prod",
      cause,
    });
  }
  const text = bytes.toString("utf8");
  const wrong = Buffer.from(text).equals(bytes) ? -1 : text.indexOf("\ufffd");
  if (wrong < 0) return text;
  const line = text.slice(0, wrong).split("\n").length;
  throw new DeployError("SPARKI_CONFIG", `${file} is not UTF-8 in line ${line}; expected a file in UTF-8`, {
    hint: "save it as UTF-8, then run the same command again",
  });
}

/** One setting below a section of a stack's config, such as `passwordsSince` of `sparki:database`. */
export interface Setting {
  readonly section: string;
  readonly key: string;
  readonly value: string | SettingMap;
}

/** An object of texts, numbers and such objects. */
export interface SettingMap {
  readonly [key: string]: string | number | SettingMap;
}

/** The stack's own file, in the folder that people work in, or the one that the environment names. */
export function stackFileOf(stack: string, { env, cwd }: Pick<Ports, "env" | "cwd">): string {
  const own = env.PULUMI_OPTION_CONFIG_FILE;
  return own === undefined ? join(CHECKOUT_DIRECTORY, `Pulumi.${stack}.yaml`) : resolve(cwd, own);
}

/** Sets one setting in a stack's file and leaves the rest of it as it is; throws SPARKI_OUTSIDE when it cannot. */
export function writeSetting(file: string, setting: Setting): void {
  try {
    const after = withSetting(readFileSync(file, "utf8"), setting);
    writeWhole(file, { content: after, mode: statSync(file).mode });
  } catch (cause) {
    const { section, key, value } = setting;
    const hint = `set ${section}.${key} in ${basename(file)} to ${flow(value)}`;
    const message = `${section}.${key} cannot be written to ${file}: ${messageOf(cause)}`;
    throw new DeployError("SPARKI_OUTSIDE", message, { hint, cause });
  }
}

/** The file's text with the setting, by which nothing else of it is written otherwise. */
function withSetting(before: string, { section, key, value }: Setting): string {
  const document = parseDocument(before);
  const config = document.get("config", true);
  const [problem] = document.errors;
  if (problem !== undefined || !isMap(config)) throw new Error(problem?.message ?? "it has no keys below config:");
  const after = edited(before, config, { section, key, line: `${key}: ${flow(value)}` });
  const wanted = document.clone();
  wanted.setIn(["config", section, key], value);
  if (!isDeepStrictEqual(parseDocument(after).toJS(), wanted.toJS()))
    throw new Error(`its ${section} is written in a form that cannot be extended`);
  return after;
}

/** A key such as `on` is a truth value to Pulumi's reader of YAML without quotes, and a day is a time. */
function flow(value: SettingMap[string]): string {
  if (typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, each]) => {
    return `${/^(on|off|yes|no|y|n)$/.test(key) ? JSON.stringify(key) : key}: ${flow(each)}`;
  });
  return `{ ${entries.join(", ")} }`;
}

interface Line {
  readonly section: string;
  readonly key: string;
  readonly line: string;
}

function edited(text: string, config: YAMLMap, { section: name, key: wanted, line }: Line): string {
  const section = config.get(name, true);
  if (!isMap(section)) {
    if (section !== undefined) throw new Error(`its ${name} holds no keys`);
    return inserted(text, config, `${name}:\n    ${line}`);
  }
  const pair = section.items.find(({ key }) => isScalar(key) && key.value === wanted);
  if (pair === undefined) return inserted(text, section, line);
  const [start, end] = [startOf(pair.key), isNode(pair.value) ? pair.value.range?.[1] : undefined];
  if (end === undefined) throw new Error(`its ${wanted} holds nothing`);
  // Of keys on lines of their own the last line's end counts as theirs.
  const old = text.slice(start, end).trimEnd();
  return text.slice(0, start) + line + text.slice(start + old.length);
}

/** With one more entry, before the first one of a map. */
function inserted(text: string, map: YAMLMap, entry: string): string {
  const start = startOf(map.items[0]?.key);
  const indentation = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  const isBlock = map.flow !== true && indentation.trim() === "";
  return `${text.slice(0, start)}${entry}${isBlock ? `\n${indentation}` : ", "}${text.slice(start)}`;
}

function startOf(key: unknown): number {
  const start = isNode(key) ? key.range?.[0] : undefined;
  if (start === undefined) throw new Error("it has a map without keys");
  return start;
}

import { readFileSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { isMap, isNode, isScalar, parseDocument, type YAMLMap } from "yaml";
import { writeWhole } from "../io/whole-file.ts";
import { DeployError, messageOf } from "../shared/deploy-error.ts";
import type { Ports } from "./command.ts";
import { CHECKOUT_DIRECTORY } from "./project.ts";

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

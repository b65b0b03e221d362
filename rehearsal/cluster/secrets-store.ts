import { parse } from "yaml";
import type { KubernetesObject } from "./objects.ts";

/** `secrets-store.csi.x-k8s.io/v1` SecretProviderClass, as far as the AWS provider reads it. */
export interface SecretProviderClass extends KubernetesObject {
  readonly spec?: { readonly provider?: string; readonly parameters?: Readonly<Record<string, string>> };
}

/** The pods of one service account, as Pod Identity knows them. */
export interface SecretReader {
  readonly cluster: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** A secret's value by its name or ARN; undefined when there is no such secret. Rejects when the reader may not read it. */
export type SecretValue = (nameOrArn: string, reader: SecretReader) => Promise<string | undefined>;

interface SecretObject {
  readonly objectName: string;
  readonly objectAlias?: string;
  readonly objectType?: string;
  readonly jmesPath?: readonly { readonly path: string; readonly objectAlias: string }[];
}

/** The files that a SecretProviderClass asks for: name in the volume and content. Throws what the driver would report. */
export async function secretFilesOf(
  providerClass: SecretProviderClass,
  secretValue: (nameOrArn: string) => Promise<string | undefined>,
): Promise<ReadonlyMap<string, string>> {
  const { provider, parameters = {} } = providerClass.spec ?? {};
  if (provider !== "aws") throw new Error(`provider not found: provider "${provider}"`);
  const files = new Map<string, string>();
  for (const object of secretObjectsIn(parameters.objects ?? "")) {
    const value = await secretValue(object.objectName);
    if (value === undefined) throw new Error(missing(object.objectName));
    for (const [file, content] of filesOf(object, value)) {
      if (files.has(file)) throw new Error(`Name already in use for objectAlias: ${file}`);
      files.set(file, content);
    }
  }
  return files;
}

function missing(name: string): string {
  return (
    `Failed to fetch secret from all regions: ${name}: ResourceNotFoundException: ` +
    "Secrets Manager can't find the specified secret."
  );
}

function secretObjectsIn(text: string): readonly SecretObject[] {
  const parsed: unknown = parse(text);
  if (!Array.isArray(parsed) || !parsed.every(isSecretObject))
    throw new Error("failed to load SecretProviderClass: parameters.objects must be a list of objects with objectName");
  for (const { objectName, objectType } of parsed) {
    if (objectType === undefined && !objectName.startsWith("arn:"))
      throw new Error(`Must use objectType when a full ARN is not specified: ${objectName}`);
    if (objectType !== undefined && objectType !== "secretsmanager")
      throw new Error(`Invalid objectType: ${objectType}`);
  }
  return parsed;
}

function isSecretObject(value: unknown): value is SecretObject {
  return typeof value === "object" && value !== null && "objectName" in value && typeof value.objectName === "string";
}

function filesOf(object: SecretObject, value: string): readonly (readonly [string, string])[] {
  const whole = [object.objectAlias ?? object.objectName.replaceAll("/", "_"), value] as const;
  if (object.jmesPath === undefined) return [whole];
  const fields = jsonIn(object.objectName, value);
  return [
    whole,
    ...object.jmesPath.map(({ path, objectAlias }) => [objectAlias, fieldAt(object, fields, path)] as const),
  ];
}

function jsonIn(name: string, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    throw new Error(`Invalid JSON used with jmesPath in secret: ${name}.`);
  }
}

/** The text at a JMESPath of names, for example `admin.password` or `"user-name"`. */
function fieldAt({ objectName }: SecretObject, value: unknown, path: string): string {
  const names = path.match(/"[^"]+"|[^.]+/g) ?? [];
  const found = names.map((name) => name.replace(/^"(.*)"$/, "$1")).reduce(memberOf, value);
  if (found === undefined || found === null)
    throw new Error(`JMES Path - ${path} for object alias - does not point to a valid object in secret: ${objectName}`);
  if (typeof found !== "string")
    throw new Error(`Invalid JMES search result type for path: ${path}. Only string is allowed.`);
  return found;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

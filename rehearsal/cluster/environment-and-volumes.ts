import { mkdir, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { parse } from "yaml";
import {
  type ConfigMap,
  type Container,
  type EnvironmentVariable,
  fieldOf,
  type KubernetesObject,
  type Placement,
  type Pod,
  resourceFieldOf,
  type Secret,
  type Volume,
} from "./objects.ts";

/** Reads the objects that a pod refers to, in its own namespace. */
interface References {
  configMap(name: string): Promise<ConfigMap | undefined>;
  secret(name: string): Promise<Secret | undefined>;
}

interface EnvironmentSource {
  readonly pod: Pod;
  readonly container: Container;
  readonly placement: Placement;
  readonly references: References;
}

/**
 * A container's environment, in Kubernetes' order: `envFrom` first, then `env`, with `$(NAME)` replaced. Rejects while
 * something that the container refers to is missing.
 */
export async function environmentOf(source: EnvironmentSource): Promise<Record<string, string>> {
  const environment: Record<string, string> = await fromCollections(source);
  for (const variable of source.container.env ?? []) {
    const value = await valueFor(variable, environment, source);
    if (value !== undefined) environment[variable.name] = value;
  }
  return environment;
}

/** Replaces `$(NAME)` by an earlier variable; `$$(NAME)` stays as `$(NAME)`, an unknown name stays as it is. */
export function expanded(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]+)\)/g, (whole, name) => (whole === "$$" ? "$" : (environment[name] ?? whole)));
}

async function fromCollections({ container, references }: EnvironmentSource): Promise<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const values =
      configMapRef === undefined
        ? await secretValues(references, secretRef)
        : await configMapValues(references, configMapRef);
    for (const [key, value] of Object.entries(values)) environment[`${prefix}${key}`] = value;
  }
  return environment;
}

interface Reference {
  readonly name?: string | undefined;
  readonly optional?: boolean | undefined;
}

async function configMapValues(references: References, { name = "", optional }: Reference) {
  const found = await references.configMap(name);
  if (found === undefined && optional !== true) throw new Error(`configmap "${name}" not found`);
  return found?.data ?? {};
}

async function secretValues(references: References, { name = "", optional }: Reference = {}) {
  const found = await references.secret(name);
  if (found === undefined && optional !== true) throw new Error(`secret "${name}" not found`);
  return Object.fromEntries(Object.entries(found?.data ?? {}).map(([key, value]) => [key, decoded(value)]));
}

function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

async function valueFor(
  { name, value = "", valueFrom }: EnvironmentVariable,
  environment: Readonly<Record<string, string>>,
  { pod, container, placement, references }: EnvironmentSource,
): Promise<string | undefined> {
  if (valueFrom === undefined) return expanded(value, environment);
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  if (fieldRef !== undefined) return known(fieldOf(fieldRef.fieldPath, pod, placement), name, fieldRef.fieldPath);
  if (resourceFieldRef !== undefined) {
    const other = pod.spec?.containers.find((each) => each.name === resourceFieldRef.containerName);
    return resourceFieldOf(resourceFieldRef, other ?? container) ?? "0";
  }
  if (configMapKeyRef !== undefined)
    return keyIn(await configMapValues(references, configMapKeyRef), "configmap", configMapKeyRef);
  return secretKeyRef && keyIn(await secretValues(references, secretKeyRef), "secret", secretKeyRef);
}

function known(value: string | undefined, variable: string, field: string): string {
  if (value === undefined) throw new Error(`env ${variable}: unsupported fieldPath: ${field}`);
  return value;
}

function keyIn(
  values: Readonly<Record<string, string>>,
  kind: string,
  reference: Reference & { readonly key: string },
) {
  const value = values[reference.key];
  if (value === undefined && reference.optional !== true)
    throw new Error(`couldn't find key ${reference.key} in ${kind} ${reference.name}`);
  return value;
}

export interface VolumeSources extends References {
  secretProviderClass(name: string): Promise<SecretProviderClass | undefined>;
  secretValue(nameOrArn: string, stage?: Stage): Promise<string | undefined>;
}

/** A secret has its value before under AWSPREVIOUS. */
type Stage = "AWSCURRENT" | "AWSPREVIOUS";

interface Mounting {
  readonly pod: Pod;
  readonly placement: Placement;
  readonly sources: VolumeSources;
}

type Files = ReadonlyMap<string, string | Buffer>;
interface Item {
  readonly key: string;
  readonly path: string;
}

const NO_FILES: Files = new Map();

/**
 * Fills a directory below `<root>/.volumes` for each of a pod's volumes, readable by the owner only. Rejects, in a kubelet's
 * words, while one of them cannot be set up.
 */
export async function setUpVolumes(root: string, mounting: Mounting, volumes: readonly Volume[]): Promise<void> {
  for (const volume of volumes) {
    const directory = volumeDirectory(root, volume.name);
    const files = await filesOf(volume, mounting).catch((error: Error) => {
      throw new Error(`MountVolume.SetUp failed for volume "${volume.name}" : ${error.message}`);
    });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const [name, content] of files) await writeInto(directory, name, content);
  }
}

/**
 * Links each of a container's mounts into the pod's root, so that `<root><mountPath>` is the volume: in a copy of the root,
 * the copy's own.
 */
export async function mountInto(root: string, container: Container): Promise<void> {
  for (const { name, mountPath, subPath } of container.volumeMounts ?? []) {
    const target = join(root, mountPath);
    await mkdir(dirname(target), { recursive: true });
    await rm(target, { recursive: true, force: true });
    const volume = join(volumeDirectory(await realpath(root), name), subPath ?? "");
    // Where one mount lies in another, the folder of the link is a link itself.
    await symlink(relative(await realpath(dirname(target)), volume), target);
  }
}

function volumeDirectory(root: string, volume: string): string {
  return join(root, ".volumes", volume);
}

async function writeInto(directory: string, name: string, content: string | Buffer): Promise<void> {
  const file = join(directory, name);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  // Whoever reads it meanwhile sees the old content or the new, never half of one.
  await writeFile(`${file}.new`, content, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

async function filesOf(volume: Volume, mounting: Mounting): Promise<Files> {
  const { sources } = mounting;
  if (volume.emptyDir !== undefined) return NO_FILES;
  if (volume.configMap !== undefined) return configMapFiles(sources, volume.configMap);
  if (volume.secret !== undefined) return secretFiles(sources, { ...volume.secret, name: volume.secret.secretName });
  if (volume.downwardAPI !== undefined) return downwardFiles(volume.downwardAPI.items ?? [], mounting);
  if (volume.projected !== undefined) return projectedFiles(volume.projected.sources ?? [], mounting);
  if (volume.csi !== undefined) return secretsStoreFiles(volume.csi, sources);
  throw new Error("no volume plugin matched");
}

interface Source {
  readonly name?: string | undefined;
  readonly optional?: boolean | undefined;
  readonly items?: readonly Item[] | undefined;
}

async function configMapFiles(sources: VolumeSources, source: Source): Promise<Files> {
  const found = await sources.configMap(source.name ?? "");
  if (found === undefined) return absent("configmap", source);
  const texts = Object.entries(found.data ?? {});
  const binaries = Object.entries(found.binaryData ?? {}).map(([key, value]) => [key, fromBase64(value)] as const);
  return picked(new Map<string, string | Buffer>([...texts, ...binaries]), source.items);
}

async function secretFiles(sources: VolumeSources, source: Source): Promise<Files> {
  const found = await sources.secret(source.name ?? "");
  if (found === undefined) return absent("secret", source);
  const data = Object.entries(found.data ?? {}).map(([key, value]) => [key, fromBase64(value)] as const);
  return picked(new Map(data), source.items);
}

function absent(kind: string, { name, optional }: Source): Files {
  if (optional === true) return NO_FILES;
  throw new Error(`${kind} "${name}" not found`);
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text, "base64");
}

function picked(files: Files, items: readonly Item[] | undefined): Files {
  if (items === undefined) return files;
  const chosen = items.map(({ key, path }) => {
    const content = files.get(key);
    if (content === undefined) throw new Error(`references non-existent key: ${key}`);
    return [path, content] as const;
  });
  return new Map(chosen);
}

type DownwardItem = NonNullable<NonNullable<Volume["downwardAPI"]>["items"]>[number];

function downwardFiles(items: readonly DownwardItem[], { pod, placement }: Mounting): Files {
  const contents = items.map(({ path, fieldRef, resourceFieldRef }) => {
    const container = pod.spec?.containers.find(({ name }) => name === resourceFieldRef?.containerName);
    const resource = resourceFieldRef && resourceFieldOf(resourceFieldRef, container);
    return [path, resource ?? fieldOf(fieldRef?.fieldPath ?? "", pod, placement) ?? ""] as const;
  });
  return new Map(contents);
}

type ProjectedSource = NonNullable<NonNullable<Volume["projected"]>["sources"]>[number];

async function projectedFiles(projected: readonly ProjectedSource[], mounting: Mounting): Promise<Files> {
  const parts = await Promise.all(
    projected.map(({ configMap, secret, downwardAPI }) => {
      if (configMap !== undefined) return configMapFiles(mounting.sources, configMap);
      if (secret !== undefined) return secretFiles(mounting.sources, secret);
      // A service account's token would let the process into the API, which no rehearsed process needs.
      return downwardFiles(downwardAPI?.items ?? [], mounting);
    }),
  );
  return new Map(parts.flatMap((files) => [...files]));
}

async function secretsStoreFiles(csi: NonNullable<Volume["csi"]>, sources: VolumeSources): Promise<Files> {
  if (csi.driver !== "secrets-store.csi.k8s.io") throw new Error(`driver name ${csi.driver} not found`);
  const name = csi.volumeAttributes?.secretProviderClass ?? "";
  const providerClass = await sources.secretProviderClass(name);
  if (providerClass === undefined) throw new Error(`failed to get secretproviderclass ${name}, error: not found`);
  return secretFilesOf(providerClass, sources.secretValue);
}

/** `secrets-store.csi.x-k8s.io/v1` SecretProviderClass, as far as the AWS provider reads it. */
export interface SecretProviderClass extends KubernetesObject {
  readonly spec?: { readonly provider?: string; readonly parameters?: Readonly<Record<string, string>> };
}

/** The pods of one service account, as Pod Identity knows them. */
interface SecretReader {
  readonly cluster: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** A secret's value by its name or ARN; undefined when there is no such secret. Rejects when the reader may not read it. */
export type SecretValue = (nameOrArn: string, reader: SecretReader, stage?: Stage) => Promise<string | undefined>;

interface SecretObject {
  readonly objectName: string;
  readonly objectAlias?: string;
  readonly objectType?: string;
  readonly objectVersionLabel?: string;
  readonly jmesPath?: readonly { readonly path: string; readonly objectAlias: string }[];
}

/** The files that a SecretProviderClass asks for: name in the volume and content. Throws what the driver would report. */
export async function secretFilesOf(
  providerClass: SecretProviderClass,
  secretValue: VolumeSources["secretValue"],
): Promise<ReadonlyMap<string, string>> {
  const { provider, parameters = {} } = providerClass.spec ?? {};
  if (provider !== "aws") throw new Error(`provider not found: provider "${provider}"`);
  const files = new Map<string, string>();
  for (const object of secretObjectsIn(parameters.objects ?? "")) {
    const value = await secretValue(object.objectName, stageOf(object));
    if (value === undefined) throw new Error(missing(object.objectName));
    for (const [file, content] of filesOfSecret(object, value)) {
      if (files.has(file)) throw new Error(`Name already in use for objectAlias: ${file}`);
      files.set(file, content);
    }
  }
  return files;
}

function stageOf({ objectVersionLabel: label = "AWSCURRENT" }: SecretObject): Stage {
  if (label === "AWSCURRENT" || label === "AWSPREVIOUS") return label;
  throw new Error(`Failed to fetch secret from all regions: no version has the label ${label}`);
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

function filesOfSecret(object: SecretObject, value: string): readonly (readonly [string, string])[] {
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

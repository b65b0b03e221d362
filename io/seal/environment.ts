import { readdirSync, readFileSync, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { sha256 } from "./files.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What a variable is to a plan. A setting changes what a deployment does, so its value is part of what is approved, and the
 * content of the files that it names; who asks (an identity) and on which machine may differ between who plans and who deploys.
 */
type Kind = "setting" | "file" | "identity" | "machine";

/** Every variable that reaches the engine, the program, the policies, Helm and the jobs; all others are dropped. */
const ALLOWED: Readonly<Record<string, Kind>> = {
  // Who asks AWS, by the names that its SDKs read. No endpoint: the addresses are AWS's own, whatever a profile says.
  AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "machine",
  AWS_CLI_AUTO_PROMPT: "machine",
  AWS_ACCESS_KEY_ID: "identity",
  AWS_SECRET_ACCESS_KEY: "identity",
  AWS_SESSION_TOKEN: "identity",
  AWS_PROFILE: "identity",
  AWS_CONFIG_FILE: "identity",
  AWS_SHARED_CREDENTIALS_FILE: "identity",
  AWS_ROLE_ARN: "identity",
  AWS_ROLE_SESSION_NAME: "identity",
  AWS_WEB_IDENTITY_TOKEN_FILE: "identity",
  AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "identity",
  AWS_CONTAINER_CREDENTIALS_FULL_URI: "identity",
  AWS_CONTAINER_AUTHORIZATION_TOKEN: "identity",
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "identity",
  AWS_REGION: "setting",
  AWS_DEFAULT_REGION: "setting",
  // Where the state is, who asks for it, and the key to its secrets.
  PULUMI_BACKEND_URL: "setting",
  PULUMI_ACCESS_TOKEN: "identity",
  PULUMI_CONFIG_PASSPHRASE: "identity",
  PULUMI_CONFIG_PASSPHRASE_FILE: "identity",
  PULUMI_CREDENTIALS_PATH: "identity",
  PULUMI_HOME: "machine",
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "machine",
  PULUMI_SKIP_UPDATE_CHECK: "machine",
  PULUMI_LOG_ROTATION_MAX_AGE_DAYS: "machine",
  PULUMI_LOG_ROTATION_MAX_TOTAL_MB: "machine",
  PULUMI_PARALLEL: "machine",
  PULUMI_CI_SYSTEM: "identity",
  PULUMI_CI_BUILD_ID: "identity",
  PULUMI_CI_BUILD_URL: "identity",
  PULUMI_DEBUG_PROVIDERS: "setting",
  // Sparki's own.
  SPARKI_SLACK_TOKEN: "identity",
  SPARKI_SLACK_WEBHOOK: "identity",
  SPARKI_REGISTRY_TOKEN: "identity",
  SPARKI_STORM_TOKEN: "identity",
  SPARKI_REGISTRY: "setting",
  SPARKI_DNS_SERVER: "setting",
  SPARKI_CA_FILE: "file",
  SPARKI_PORT_MAP: "setting",
  SPARKI_TIME_SCALE: "setting",
  SPARKI_REHEARSAL_DIRECTORY: "machine",
  // A file with a running rehearsal's token; without it the variables above count for nothing.
  SPARKI_REHEARSAL_ACCESS: "setting",
  // Who runs it in CI, and on which commit.
  CI: "machine",
  GITHUB_ACTIONS: "identity",
  GITHUB_ACTOR: "identity",
  GITHUB_TRIGGERING_ACTOR: "identity",
  GITHUB_REPOSITORY: "identity",
  GITHUB_RUN_ID: "identity",
  GITHUB_RUN_ATTEMPT: "identity",
  GITHUB_SERVER_URL: "identity",
  GITHUB_SHA: "identity",
  GITHUB_REF: "identity",
  GITHUB_WORKFLOW: "identity",
  GITHUB_TOKEN: "identity",
  // The machine and its terminal.
  HOME: "machine",
  USER: "machine",
  LOGNAME: "machine",
  PATH: "machine",
  TMPDIR: "machine",
  XDG_CACHE_HOME: "machine",
  LANG: "machine",
  LC_ALL: "machine",
  TZ: "machine",
  TERM: "machine",
  COLUMNS: "machine",
  NO_COLOR: "machine",
  FORCE_COLOR: "machine",
  HTTPS_PROXY: "machine",
  HTTP_PROXY: "machine",
  NO_PROXY: "machine",
  https_proxy: "machine",
  http_proxy: "machine",
  no_proxy: "machine",
  // Whom TLS trusts beyond the system's own authorities.
  SSL_CERT_FILE: "file",
  SSL_CERT_DIR: "file",
  NODE_EXTRA_CA_CERTS: "file",
  AWS_CA_BUNDLE: "file",
};

/** For every process that may run the AWS command line; it counts before a profile's `cli_auto_prompt`. */
export const WITHOUT_PROMPTS = { AWS_CLI_AUTO_PROMPT: "off" };

/** The allowed variables of an environment, those that are set. */
export function allowedEnvironment(env: Environment): Readonly<Record<string, string>> {
  return pick(env, () => true);
}

/**
 * The settings among them, and what else decides as they do: what is in the files that they name, and the settings of the
 * AWS profile. What an approval holds of the environment: values of variables, and hashes of all else; none is a secret.
 */
export function settingsOf(env: Environment): Readonly<Record<string, string>> {
  const files = Object.entries(pick(env, (kind) => kind === "file"));
  return {
    ...pick(env, (kind) => kind === "setting" || kind === "file"),
    ...Object.fromEntries(files.map(([name, value]) => [`content of ${name}`, contentAt(value)])),
    ...profileSettings(env),
  };
}

/** A hash of what is in a file, or in the files of one folder or several; links are followed, as who reads them does. */
function contentAt(paths: string): string {
  return sha256(paths.split(delimiter).flatMap(contentsAt).join("\n"));
}

function contentsAt(path: string): string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true)
    return readdirSync(path)
      .sort()
      .map((name) => `${name} ${hashAt(join(path, name))}`);
  return [hashAt(path)];
}

function hashAt(path: string): string {
  try {
    return sha256(readFileSync(path));
  } catch {
    return "none";
  }
}

/** Of a profile: who asks, how the command line shows its answers, and addresses, which a deployment ignores. */
const NO_SETTING =
  /^(aws_(access_key_id|secret_access_key|session_token|security_token|account_id)|credential_(process|source)|role_(arn|session_name)|external_id|mfa_serial|source_profile|duration_seconds|web_identity_token_file|sso_\w+|login_session|output|cli_\w+|services|endpoint_url|ignore_configure\w*_endpoint_urls)$/;
const CA_BUNDLE = "ca_bundle";

/** The settings of the profile that AWS's clients would read, each by a hash: whom TLS trusts, the region, kinds of endpoints. */
function profileSettings({ AWS_PROFILE, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, HOME }: Environment) {
  const name = AWS_PROFILE || "default";
  const home = (file: string) => (HOME === undefined ? undefined : join(HOME, ".aws", file));
  const places = [AWS_CONFIG_FILE || home("config"), AWS_SHARED_CREDENTIALS_FILE || home("credentials")];
  const settings = places.flatMap((place) => (place === undefined ? [] : settingsIn(place, name)));
  return Object.fromEntries(
    settings.flatMap(([key, value]) => [
      [`AWS profile's ${key}`, sha256(value)] as const,
      ...(key === CA_BUNDLE ? [[`content of AWS profile's ${key}`, contentAt(value.trim())] as const] : []),
    ]),
  );
}

function settingsIn(file: string, profile: string): (readonly [key: string, value: string])[] {
  const sections = textAt(file).split(/^[ \t]*\[/m);
  const own = sections.filter((section) => {
    const named = /^\s*(?:profile\s+)?["']?(.*?)["']?\s*\]/.exec(section)?.[1];
    return named === profile;
  });
  const lines = own.flatMap((section) => section.split("\n").slice(1)).filter((line) => !/^\s*([#;]|$)/.test(line));
  const settings: [key: string, value: string][] = [];
  for (const line of lines) {
    const [, key, value = ""] = /^(\w+)\s*=(.*)$/.exec(line.trimEnd()) ?? [];
    const last = settings.at(-1);
    // What is indented belongs to the setting above.
    if (key !== undefined) settings.push([key.toLowerCase(), value.trim()]);
    else if (last !== undefined) last[1] += `\n${line.trim()}`;
  }
  return settings.filter(([key]) => !NO_SETTING.test(key));
}

function textAt(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Variables that a person may have meant to matter: what is dropped of them is told. */
const TOLD = /^(PULUMI|NODE|LD|DYLD|HELM|AWS|KUBE|SPARKI)_|^(KUBECONFIG|NODE_OPTIONS)$/;
/** What sparki reads itself before it drops it, and what a rehearsal's shell sets for plain `pulumi`. */
const READ = new Set(["PULUMI_OPTION_CONFIG_FILE", "PULUMI_STACK", "KUBECONFIG"]);

/** The names of variables that do not reach a deployment although they look as if they were meant to. */
export function droppedNames(env: Environment): readonly string[] {
  return Object.keys(env)
    .filter((name) => env[name] !== undefined && TOLD.test(name) && !(name in ALLOWED) && !READ.has(name))
    .sort();
}

/** What the dynamic loader, OpenSSL and Node itself read before a program's first line: other code can come in by it. */
const READ_BEFORE_US = /^(?:LD|DYLD)_|^OPENSSL_|^NODE_/;
/** Of Node's, those by which none can; packages by NODE_PATH are none that sparki loads before it drops it. */
const HARMLESS =
  /^NODE_(?:PATH|ENV|VERSION|EXTRA_CA_CERTS|USE_SYSTEM_CA|USE_ENV_PROXY|NO_WARNINGS|DISABLE_COLORS|DISABLE_COMPILE_CACHE|TLS_REJECT_UNAUTHORIZED|AUTH_TOKEN)$/;

/** The names of variables by which code may have come into this very process. */
export function codeLoaders(env: Environment): readonly string[] {
  const isSet = (name: string) => env[name] !== undefined && env[name] !== "";
  return Object.keys(env)
    .filter((name) => isSet(name) && READ_BEFORE_US.test(name) && !HARMLESS.test(name))
    .sort();
}

/** A search path without the checkout's own folders: npx puts its packages' programs first. */
export function pathOutside(path: string | undefined, checkout: string): string {
  const folders = (path ?? "").split(delimiter).filter((folder) => folder.startsWith("/"));
  return folders.filter((folder) => !`${resolve(folder)}/`.startsWith(`${checkout}/`)).join(delimiter);
}

/** What git may know of its surroundings: no other object in a commit's place, none got from elsewhere. */
export function gitEnvironment({ PATH, HOME }: Environment): Readonly<Record<string, string>> {
  return {
    ...(PATH === undefined ? {} : { PATH }),
    ...(HOME === undefined ? {} : { HOME }),
    LC_ALL: "C",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_NO_LAZY_FETCH: "1",
  };
}

/** By which git asks no monitor, verifies no signature and speaks to no other repository. */
export const GIT_SETTINGS: readonly string[] = [
  ...["-c", "core.fsmonitor=false", "-c", "core.quotePath=false"],
  ...["-c", "log.showSignature=false", "-c", "protocol.allow=never"],
];

function pick(env: Environment, isWanted: (kind: Kind) => boolean): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(ALLOWED).flatMap(([name, kind]) => {
      const value = env[name];
      return value === undefined || !isWanted(kind) ? [] : [[name, value]];
    }),
  );
}

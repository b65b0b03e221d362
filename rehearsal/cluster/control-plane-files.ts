import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { yamlText } from "../../shared/yaml-text.ts";
import type { Addresses } from "../addresses.ts";
import { PORTS } from "../addresses.ts";
import { type CertificateAuthority, type CertificateRequest, signingKeyPair } from "../certificates.ts";

/** Users of the control plane with the groups that RBAC knows them by. */
const USERS = {
  admin: { user: "sparki-admin", groups: ["system:masters"] },
  controllerManager: { user: "system:kube-controller-manager", groups: [] },
  scheduler: { user: "system:kube-scheduler", groups: [] },
  // One process is the kubelet of every node, so it may not be held to a single node's objects.
  kubelets: { user: "sparki-kubelets", groups: ["system:masters"] },
} as const;

type User = keyof typeof USERS;

/** Everything that the control plane's processes read from disk. */
export interface ControlPlaneFiles {
  readonly directory: string;
  readonly etcdData: string;
  readonly ca: string;
  readonly tokensFile: string;
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
  readonly kubeconfigs: Readonly<Record<"controllerManager" | "scheduler", string>>;
  readonly tokens: Readonly<Record<User, string>>;
  certificate(name: "api-server" | "etcd" | "client"): { readonly certificate: string; readonly key: string };
}

/** Writes the control plane's files below the run directory; tokens and the signing key are kept from earlier runs. */
export async function writeControlPlaneFiles(
  runDirectory: string,
  addresses: Addresses,
  authority: CertificateAuthority,
): Promise<ControlPlaneFiles> {
  const directory = join(runDirectory, "control-plane");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = (name: string) => join(directory, name);
  const tokens = keptTokens(file("tokens.csv"));
  await keepSigningKey(file("service-account.key"), file("service-account.pub"));
  await writeCertificates(directory, addresses, authority);
  const kubeconfig = (user: User) => {
    const path = file(`${user}.kubeconfig`);
    writeFileSync(path, kubeconfigFor(endpointOf(addresses), authority.pem, tokens[user]), { mode: 0o600 });
    return path;
  };
  return {
    directory,
    etcdData: join(runDirectory, "etcd"),
    ca: join(runDirectory, "ca.pem"),
    tokensFile: file("tokens.csv"),
    serviceAccountKey: file("service-account.key"),
    serviceAccountPublicKey: file("service-account.pub"),
    kubeconfigs: { controllerManager: kubeconfig("controllerManager"), scheduler: kubeconfig("scheduler") },
    tokens,
    certificate: (name) => ({ certificate: file(`${name}.pem`), key: file(`${name}.key`) }),
  };
}

/** Where the API server answers. */
export function endpointOf(addresses: Addresses): string {
  return `https://${addresses.apiServer}:${PORTS.apiServer}`;
}

/** A kubeconfig of one user, as YAML. */
export function kubeconfigFor(endpoint: string, certificateAuthorityPem: string, token: string): string {
  const authorityData = Buffer.from(certificateAuthorityPem).toString("base64");
  return yamlText({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "sparki", cluster: { server: endpoint, "certificate-authority-data": authorityData } }],
    users: [{ name: "sparki", user: { token } }],
    contexts: [{ name: "sparki", context: { cluster: "sparki", user: "sparki" } }],
    "current-context": "sparki",
  });
}

/** The lines of a token file: token, user, uid and, quoted, the groups. */
export function tokenLines(tokens: Readonly<Record<User, string>>): string {
  const line = (name: User) => {
    const { user, groups } = USERS[name];
    return `${tokens[name]},${user},${user},"${groups.join(",")}"\n`;
  };
  return userNames().map(line).join("");
}

function userNames(): User[] {
  return ["admin", "controllerManager", "scheduler", "kubelets"];
}

function keptTokens(file: string): Readonly<Record<User, string>> {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const kept = (name: User) => lines.find((line) => line.includes(`,${USERS[name].user},`))?.split(",")[0];
  const token = (name: User) => kept(name) ?? randomBytes(24).toString("hex");
  const tokens = {
    admin: token("admin"),
    controllerManager: token("controllerManager"),
    scheduler: token("scheduler"),
    kubelets: token("kubelets"),
  };
  writeFileSync(file, tokenLines(tokens), { mode: 0o600 });
  return tokens;
}

async function keepSigningKey(privateFile: string, publicFile: string): Promise<void> {
  if (existsSync(privateFile) && existsSync(publicFile)) return;
  const { privatePem, publicPem } = await signingKeyPair();
  writeFileSync(privateFile, privatePem, { mode: 0o600 });
  writeFileSync(publicFile, publicPem);
}

async function writeCertificates(directory: string, addresses: Addresses, authority: CertificateAuthority) {
  const service = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
  ];
  const requests: Record<string, CertificateRequest> = {
    "api-server": { commonName: "kube-apiserver", names: service, addresses: [addresses.apiServer, "172.20.0.1"] },
    // It is its own peer, and asks itself through its own client port.
    etcd: { commonName: "etcd", addresses: [addresses.etcd], usages: ["server", "client"] },
    client: { commonName: "kube-apiserver-client", usages: ["client"] },
  };
  for (const [name, wanted] of Object.entries(requests)) {
    const issued = await authority.issue(wanted);
    writeFileSync(join(directory, `${name}.pem`), issued.certificatePem);
    writeFileSync(join(directory, `${name}.key`), issued.keyPem, { mode: 0o600 });
  }
}

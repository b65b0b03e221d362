import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { yamlText } from "../../shared/yaml-text.ts";
import { type KubernetesProgram, kubernetesTool } from "../../tools/catalog.ts";
import { type Addresses, PORTS } from "../addresses.ts";
import type { CertificateAuthority } from "../certificates.ts";
import { type CertificateRequest, signingKeyPair } from "../certificates.ts";
import type { Processes, ProcessHandle } from "../processes.ts";
import { waitForHttp } from "../waiting.ts";

/** Absolute paths of the command-line tools, by name. */
export type Tools = Readonly<Record<string, string>>;

export interface ControlPlaneOptions {
  readonly addresses: Addresses;
  readonly processes: Processes;
  readonly tools: Tools;
  readonly authority: CertificateAuthority;
  /**
   * Kubernetes' minor version, such as `1.34`: its programs are started where `tools` has them. @default that of the tools
   * without a version in their names
   */
  readonly version?: string;
}

export interface ControlPlane {
  readonly endpoint: string;
  readonly files: ControlPlaneFiles;
  /**
   * Ends the API server, then starts one of another minor version over the same data, at the same address and with the same
   * certificates and credentials; controllers and scheduler follow it, as they may not be newer. Resolves once all run.
   * Meanwhile nobody is answered, for some seconds: at EKS another API server of the cluster would.
   */
  replace(version: string): Promise<void>;
  /** Stops the processes, etcd last; the data stays. */
  stop(): Promise<void>;
}

/** An API server alone: it takes and judges objects, and nothing acts on them. */
export type ApiServerAlone = Pick<ControlPlane, "endpoint" | "files" | "stop">;

/** EKS's own default, so that a chart that names a cluster IP behaves alike. */
const SERVICE_NETWORK = "172.20.0.0/16";
const READY_LIMIT_SECONDS = 300;
/** Everything that matters is in etcd, so the others need no time to end well. */
const STATELESS_LIMIT_SECONDS = 0.3;
/** One that is replaced while others use it ends what it is asked; watches stay open until it is killed. */
const REPLACED_LIMIT_SECONDS = 2;

/** Collects garbage sooner than Go's default: the control plane stays below 500 MB and costs a little more CPU. */
const FRUGAL = { GOGC: "40" };

/** Starts etcd, the API server, and once that says it is ready the controllers and the scheduler. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { etcd, endpoint, files, stateless } = await startServers(options);
  let isStopped = false;
  const end = (limitSeconds: number) => Promise.all(stateless.splice(0).map((handle) => handle.stop(limitSeconds)));
  const startFollowers = async (version: string | undefined) => {
    const start = (program: KubernetesProgram, args: string[]) => startProgram({ ...options, version }, program, args);
    // Before the API server is ready it has no roles yet, and refuses them; the controllers end after ten seconds of that.
    stateless.push(await start("kube-controller-manager", controllerManagerArguments(files)));
    stateless.push(await start("kube-scheduler", schedulerArguments(files)));
  };
  await startFollowers(options.version);
  const replace = async (version: string) => {
    await end(REPLACED_LIMIT_SECONDS);
    if (isStopped) return;
    await startApiServer({ ...options, version }, files, stateless);
    await startFollowers(version);
  };
  const stop = async () => {
    isStopped = true;
    await end(STATELESS_LIMIT_SECONDS);
    await etcd.stop();
  };
  return { endpoint, files, replace, stop };
}

/** Starts etcd and the API server, which says that it is ready when this resolves. */
export async function startApiServerAlone(options: ControlPlaneOptions): Promise<ApiServerAlone> {
  const { etcd, endpoint, files, stateless } = await startServers(options);
  const stop = async () => {
    await Promise.all(stateless.map((handle) => handle.stop(STATELESS_LIMIT_SECONDS)));
    await etcd.stop();
  };
  return { endpoint, files, stop };
}

async function startServers(options: ControlPlaneOptions) {
  const { addresses, processes, authority, tools } = options;
  const files = await writeControlPlaneFiles(processes.runDirectory, addresses, authority);
  const args = etcdArguments(addresses, files);
  const etcd = await processes.start({ name: "etcd", command: toolAt(tools, "etcd"), args, env: FRUGAL });
  const stateless: ProcessHandle[] = [];
  await startApiServer(options, files, stateless);
  return { etcd, stateless, files, endpoint: endpointOf(addresses) };
}

/** Resolves once it says that it is ready; among those that are to be stopped it is from its first moment. */
async function startApiServer(
  options: ControlPlaneOptions,
  files: ControlPlaneFiles,
  stateless: ProcessHandle[],
): Promise<void> {
  const { addresses, authority } = options;
  const apiServer = await startProgram(options, "kube-apiserver", apiServerArguments(addresses, files));
  stateless.push(apiServer);
  await waitForHttp(`${endpointOf(addresses)}/readyz`, {
    ca: authority.pem,
    headers: { authorization: `Bearer ${files.tokens.admin}` },
    limitSeconds: READY_LIMIT_SECONDS,
    process: apiServer,
  });
}

/** The program of the version where the tools have it; every process is called by the program's own name. */
function startProgram(
  { processes, tools, version }: Pick<ControlPlaneOptions, "processes" | "tools"> & { version?: string | undefined },
  program: KubernetesProgram,
  args: string[],
): Promise<ProcessHandle> {
  const named = version === undefined ? undefined : kubernetesTool(program, version);
  const command = (named === undefined ? undefined : tools[named]) ?? toolAt(tools, program);
  return processes.start({ name: program, command, args, env: FRUGAL });
}

function toolAt(tools: Tools, name: string): string {
  const path = tools[name];
  if (path === undefined) throw new Error(`no path is given for the tool ${name}`);
  return path;
}

function etcdArguments(addresses: Addresses, files: ControlPlaneFiles): string[] {
  const { certificate, key } = files.certificate("etcd");
  const client = `https://${addresses.etcd}:${PORTS.etcdClient}`;
  const peer = `https://${addresses.etcd}:${PORTS.etcdPeer}`;
  return [
    `--data-dir=${files.etcdData}`,
    // A rehearsal that loses its last writes in a power cut is only run again.
    "--unsafe-no-fsync",
    "--log-level=warn",
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    `--cert-file=${certificate}`,
    `--key-file=${key}`,
    `--trusted-ca-file=${files.ca}`,
    "--client-cert-auth",
    `--peer-cert-file=${certificate}`,
    `--peer-key-file=${key}`,
    `--peer-trusted-ca-file=${files.ca}`,
    "--peer-client-cert-auth",
  ];
}

function apiServerArguments(addresses: Addresses, files: ControlPlaneFiles): string[] {
  const server = files.certificate("api-server");
  const client = files.certificate("client");
  return [
    `--bind-address=${addresses.apiServer}`,
    `--secure-port=${PORTS.apiServer}`,
    `--tls-cert-file=${server.certificate}`,
    `--tls-private-key-file=${server.key}`,
    `--etcd-servers=https://${addresses.etcd}:${PORTS.etcdClient}`,
    `--etcd-cafile=${files.ca}`,
    `--etcd-certfile=${client.certificate}`,
    `--etcd-keyfile=${client.key}`,
    `--kubelet-certificate-authority=${files.ca}`,
    `--kubelet-client-certificate=${client.certificate}`,
    `--kubelet-client-key=${client.key}`,
    "--kubelet-preferred-address-types=InternalIP",
    "--authorization-mode=Node,RBAC",
    // On EKS its version and health are open to all; here other users of the machine would read them.
    "--anonymous-auth=false",
    `--token-auth-file=${files.tokensFile}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-signing-key-file=${files.serviceAccountKey}`,
    `--service-account-key-file=${files.serviceAccountPublicKey}`,
    `--service-cluster-ip-range=${SERVICE_NETWORK}`,
    // It would publish its own loopback address, which Endpoints refuse.
    "--endpoint-reconciler-type=none",
    "--profiling=false",
  ];
}

function controllerManagerArguments(files: ControlPlaneFiles): string[] {
  return [
    `--kubeconfig=${files.kubeconfigs.controllerManager}`,
    `--service-account-private-key-file=${files.serviceAccountKey}`,
    `--root-ca-file=${files.ca}`,
    "--use-service-account-credentials=true",
    "--kube-api-qps=200",
    "--kube-api-burst=400",
    // A new fleet has one pod until the autoscaler first looks: 15 s would be long in a rehearsal.
    "--horizontal-pod-autoscaler-sync-period=2s",
    ...uncontested(),
  ];
}

function schedulerArguments(files: ControlPlaneFiles): string[] {
  return [
    `--kubeconfig=${files.kubeconfigs.scheduler}`,
    "--kube-api-qps=200",
    "--kube-api-burst=400",
    ...uncontested(),
  ];
}

/** No election and no health port: there is one of each, and two rehearsals may run side by side. */
function uncontested(): string[] {
  return ["--leader-elect=false", "--secure-port=0", "--profiling=false"];
}

/** Users of the control plane with the groups that RBAC knows them by. */
const USERS = {
  admin: { user: "sparki-admin", groups: ["system:masters"] },
  // Who deploys, where the account's access entries take a while: nothing is theirs until they are let in.
  entering: { user: "sparki-entering", groups: ["sparki:entering"] },
  controllerManager: { user: "system:kube-controller-manager", groups: [] },
  scheduler: { user: "system:kube-scheduler", groups: [] },
  // One process is the kubelet of every node, so it may not be held to a single node's objects.
  kubelets: { user: "sparki-kubelets", groups: ["system:masters"] },
} as const;

type User = keyof typeof USERS;

/** Everything that the control plane's processes read from disk. */
interface ControlPlaneFiles {
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
async function writeControlPlaneFiles(
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
function endpointOf(addresses: Addresses): string {
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
  return ["admin", "entering", "controllerManager", "scheduler", "kubelets"];
}

function keptTokens(file: string): Readonly<Record<User, string>> {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const kept = (name: User) => lines.find((line) => line.includes(`,${USERS[name].user},`))?.split(",")[0];
  const token = (name: User) => kept(name) ?? randomBytes(24).toString("hex");
  const tokens = {
    admin: token("admin"),
    entering: token("entering"),
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

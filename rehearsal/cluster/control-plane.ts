import { type Addresses, PORTS } from "../addresses.ts";
import type { CertificateAuthority } from "../certificates.ts";
import type { Processes, ProcessHandle } from "../processes.ts";
import { waitForHttp } from "../waiting.ts";
import { type ControlPlaneFiles, endpointOf, writeControlPlaneFiles } from "./control-plane-files.ts";

/** Absolute paths of the command-line tools, by name. */
export type Tools = Readonly<Record<string, string>>;

export interface ControlPlaneOptions {
  readonly addresses: Addresses;
  readonly processes: Processes;
  readonly tools: Tools;
  readonly authority: CertificateAuthority;
}

export interface ControlPlane {
  readonly endpoint: string;
  readonly files: ControlPlaneFiles;
  /** Stops the processes, etcd last; the data stays. */
  stop(): Promise<void>;
}

/** EKS's own default, so that a chart that names a cluster IP behaves alike. */
const SERVICE_NETWORK = "172.20.0.0/16";
const READY_LIMIT_SECONDS = 60;
/** Everything that matters is in etcd, so the others need no time to end well. */
const STATELESS_LIMIT_SECONDS = 0.3;

/** Collects garbage sooner than Go's default: the control plane stays below 500 MB and costs a little more CPU. */
const FRUGAL = { GOGC: "40" };

/** Starts etcd, the API server, the controllers and the scheduler; resolves once the API server says it is ready. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { addresses, processes, authority } = options;
  const files = await writeControlPlaneFiles(processes.runDirectory, addresses, authority);
  const started: ProcessHandle[] = [];
  const start = async (name: string, args: string[]) => {
    const handle = await processes.start({ name, command: toolAt(options.tools, name), args, env: FRUGAL });
    started.push(handle);
    return handle;
  };
  await start("etcd", etcdArguments(addresses, files));
  const apiServer = await start("kube-apiserver", apiServerArguments(addresses, files));
  await start("kube-controller-manager", controllerManagerArguments(files));
  await start("kube-scheduler", schedulerArguments(files));
  const endpoint = endpointOf(addresses);
  await waitForHttp(`${endpoint}/readyz`, {
    ca: authority.pem,
    headers: { authorization: `Bearer ${files.tokens.admin}` },
    limitSeconds: READY_LIMIT_SECONDS,
    process: apiServer,
  });
  const stop = async () => {
    const [etcd, ...stateless] = started;
    await Promise.all(stateless.map((handle) => handle.stop(STATELESS_LIMIT_SECONDS)));
    await etcd?.stop();
  };
  return { endpoint, files, stop };
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

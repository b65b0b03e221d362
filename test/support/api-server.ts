import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, request } from "undici";
import { CertificateAuthority } from "../../rehearsal/certificates.ts";
import { KubernetesApi } from "../../rehearsal/cluster/api.ts";
import { applyDefinitions } from "../../rehearsal/cluster/cluster.ts";
import { kubeconfigFor, startControlPlane } from "../../rehearsal/cluster/control-plane.ts";
import { claimSlot } from "../../rehearsal/control.ts";
import { Processes } from "../../rehearsal/processes.ts";
import { TEST_TOKEN } from "./asking.ts";
import type { Manifest } from "./chart.ts";
import { toolPath } from "./tool.ts";

/** What the API server says to an object that it is asked to take without keeping it. */
export interface DryRun {
  readonly status: number;
  /** The refusal's words; empty when it is taken. */
  readonly message: string;
  readonly warnings: readonly string[];
}

/** A real control plane with the definitions that EKS Auto Mode and the add-ons bring. */
export interface ApiServer {
  readonly api: KubernetesApi;
  /** Server-side apply as a dry run, with unknown fields refused. */
  dryRun(object: Manifest): Promise<DryRun>;
  /** An administrator's. */
  readonly kubeconfig: string;
  /** Keeps an object, by server-side apply. */
  apply(object: Manifest): Promise<void>;
  /** Ends every process and removes the data. */
  stop(): Promise<void>;
}

/** What the monitoring chart brings, as helm installs it before the chart's own objects. */
const MONITORING_DEFINITIONS = join(import.meta.dirname, "..", "..", "apps", "charts", "monitoring", "crds");
const TOOLS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

export async function startApiServer(): Promise<ApiServer> {
  const runDirectory = mkdtempSync(join(tmpdir(), "sparki-api-server-"));
  const slot = await claimSlot({}, TEST_TOKEN);
  const processes = new Processes(runDirectory);
  const end = async () => {
    await processes.stopAll();
    await slot.close();
    rmSync(runDirectory, { recursive: true, force: true });
  };
  try {
    const authority = await CertificateAuthority.open(runDirectory);
    const tools = Object.fromEntries(TOOLS.map((name) => [name, toolPath(name)]));
    const { endpoint, files } = await startControlPlane({ addresses: slot.addresses, processes, tools, authority });
    const access = { endpoint, certificateAuthorityPem: authority.pem, token: files.tokens.admin };
    const api = new KubernetesApi(access);
    await applyDefinitions(api);
    await applyDefinitions(api, MONITORING_DEFINITIONS);
    const agent = new Agent({ connect: { ca: authority.pem } });
    const paths = new Map<string, string>();
    const stop = async () => {
      await Promise.all([agent.destroy(), api.close()]);
      await end();
    };
    const dryRun = async (object: Manifest) => {
      const collection = await collectionOf(api, paths, object);
      const query = "dryRun=All&fieldManager=test&fieldValidation=Strict&force=true";
      const response = await request(`${endpoint}${collection}/${object.metadata.name}?${query}`, {
        method: "PATCH",
        dispatcher: agent,
        headers: { authorization: `Bearer ${access.token}`, "content-type": "application/apply-patch+yaml" },
        body: JSON.stringify(object),
      });
      const answer: { message?: string } = JSON.parse(await response.body.text());
      const warnings = [response.headers.warning ?? []].flat();
      return {
        status: response.statusCode,
        message: response.statusCode < 300 ? "" : (answer.message ?? ""),
        warnings,
      };
    };
    const apply = async (object: Manifest) => {
      const collection = await collectionOf(api, paths, object);
      const response = await request(`${endpoint}${collection}/${object.metadata.name}?fieldManager=test&force=true`, {
        method: "PATCH",
        dispatcher: agent,
        headers: { authorization: `Bearer ${access.token}`, "content-type": "application/apply-patch+yaml" },
        body: JSON.stringify(object),
      });
      const said = await response.body.text();
      if (response.statusCode >= 300) throw new Error(`${object.kind} ${object.metadata.name}: ${said}`);
    };
    const kubeconfig = kubeconfigFor(endpoint, authority.pem, access.token);
    return { api, kubeconfig, dryRun, apply, stop };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Where the API server keeps objects of this kind, as its own discovery says. */
async function collectionOf(api: KubernetesApi, paths: Map<string, string>, object: Manifest): Promise<string> {
  const { apiVersion, kind, metadata } = object;
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const known = paths.get(`${apiVersion}/${kind}`);
  if (known === undefined) {
    const found = await api.get<{ resources: { name: string; kind: string }[] }>(root);
    const resource = found?.resources.find((each) => each.kind === kind && !each.name.includes("/"));
    if (resource === undefined) throw new Error(`the API server knows no ${kind} in ${apiVersion}`);
    paths.set(`${apiVersion}/${kind}`, resource.name);
    return collectionOf(api, paths, object);
  }
  return `${root}/namespaces/${metadata.namespace}/${known}`;
}

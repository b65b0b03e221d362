import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateAuthority } from "../../rehearsal/certificates.ts";
import { type DryRun, KubernetesApi } from "../../rehearsal/cluster/api.ts";
import { applyDefinitions } from "../../rehearsal/cluster/cluster.ts";
import { kubeconfigFor, startControlPlane } from "../../rehearsal/cluster/control-plane.ts";
import { DryRuns } from "../../rehearsal/cluster/trial-server.ts";
import { claimSlot } from "../../rehearsal/control.ts";
import { Processes } from "../../rehearsal/processes.ts";
import { TEST_TOKEN } from "./asking.ts";
import type { Manifest } from "./chart.ts";
import { toolPath } from "./tool.ts";

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
    const runs = new DryRuns(api);
    const stop = async () => {
      await api.close();
      await end();
    };
    const unknown = ({ apiVersion, kind }: Manifest) => new Error(`the API server knows no ${kind} in ${apiVersion}`);
    const dryRun = async (object: Manifest) => {
      const answer = await runs.ask(object);
      if (answer === undefined) throw unknown(object);
      return answer;
    };
    const apply = async (object: Manifest) => {
      const place = await runs.placeOf(object);
      if (place === undefined) throw unknown(object);
      const query = { fieldManager: "test", force: true };
      await api.patch(place.path, "apply-patch", place.object, query);
    };
    const kubeconfig = kubeconfigFor(endpoint, authority.pem, access.token);
    return { api, kubeconfig, dryRun, apply, stop };
  } catch (error) {
    await end();
    throw error;
  }
}

import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

export interface NamespacesArgs {
  readonly provider: kubernetes.Provider;
}

/** Who lives where; a service account is named after its workload. */
const SERVICE_ACCOUNTS: Readonly<Record<string, string | undefined>> = {
  "sparki-engine": "engine",
  "sparki-web": "web",
  "sparki-test": "e2e",
  "sparki-monitoring": undefined,
};

/** The namespaces: Pod Security `restricted` enforced, and no traffic but what a chart allows by name. */
export class Namespaces extends pulumi.ComponentResource {
  readonly engine: pulumi.Output<string>;
  readonly web: pulumi.Output<string>;
  readonly test: pulumi.Output<string>;
  readonly monitoring: pulumi.Output<string>;

  constructor(name: string, args: NamespacesArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:apps:Namespaces", name, {}, options);
    const inside = { parent: this, provider: args.provider };
    this.engine = createNamespace("sparki-engine", inside);
    this.web = createNamespace("sparki-web", inside);
    this.test = createNamespace("sparki-test", inside);
    this.monitoring = createNamespace("sparki-monitoring", inside);
    this.registerOutputs();
  }
}

/** The namespace's name, known once everything that a pod in it relies on is there. */
function createNamespace(name: string, options: pulumi.CustomResourceOptions): pulumi.Output<string> {
  const namespace = new kubernetes.core.v1.Namespace(name, { metadata: { name, labels: podSecurity() } }, options);
  // By its plain name: what a provider without a cluster answers is unknown in preview, and policies must see it there.
  const metadata = { namespace: name };
  const inside = { ...options, dependsOn: [namespace] };
  const deny = new kubernetes.networking.v1.NetworkPolicy(
    `${name}-default-deny`,
    {
      metadata: { ...metadata, name: "default-deny" },
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
    },
    inside,
  );
  const account = SERVICE_ACCOUNTS[name];
  const created = account === undefined ? [] : [createServiceAccount(name, account, metadata, inside)];
  return pulumi.all([deny.id, ...created.map((resource) => resource.id)]).apply(() => name);
}

function createServiceAccount(
  prefix: string,
  account: string,
  metadata: { readonly namespace: string },
  options: pulumi.CustomResourceOptions,
) {
  return new kubernetes.core.v1.ServiceAccount(
    `${prefix}-${account}`,
    { metadata: { ...metadata, name: account }, automountServiceAccountToken: false },
    options,
  );
}

function podSecurity(): Record<string, string> {
  const prefix = "pod-security.kubernetes.io";
  return {
    [`${prefix}/enforce`]: "restricted",
    [`${prefix}/enforce-version`]: "latest",
    [`${prefix}/warn`]: "restricted",
    [`${prefix}/audit`]: "restricted",
  };
}

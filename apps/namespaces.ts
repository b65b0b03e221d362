import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { DNS_ADDRESS } from "../infra/cluster.ts";
import { byService, ENTERED, namespaceOf, type ServiceName } from "../stacks/services.ts";

export interface NamespacesArgs {
  readonly provider: kubernetes.Provider;
  /** The whole of the network that the cluster is in. */
  readonly networkCidr: string;
  /** What private images are pulled with: a Docker config as JSON. @default images are public */
  readonly pullSecret?: pulumi.Output<string> | undefined;
}

/** A namespace, and all that a pod in it relies on; what is put into it depends on these. */
export interface Place {
  /** Known in preview: what a provider without a cluster answers is not, and policies must see it there. */
  readonly namespace: string;
  readonly ready: readonly pulumi.Resource[];
  /** What its pods pull their images with. */
  readonly imagePullSecrets: readonly { readonly name: string }[];
}

const PULL_SECRET = "image-pull";

/** The accounts of the database's jobs, which are beside the service whose data they prepare. */
const JOB_ACCOUNTS: Readonly<Partial<Record<ServiceName, readonly string[]>>> = {
  engine: ["migrations", "database-users"],
};

/** The namespaces: Pod Security `restricted` enforced, and no traffic but what a chart allows by name. */
export class Namespaces extends pulumi.ComponentResource {
  readonly services: Readonly<Record<ServiceName, Place>>;
  readonly test: Place;
  readonly monitoring: Place;

  constructor(name: string, args: NamespacesArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:apps:Namespaces", name, {}, options);
    const inside = { parent: this, provider: args.provider };
    const { pullSecret } = args;
    // A service account is named after its workload, and each has rights of its own.
    this.services = byService((service) =>
      createNamespace(namespaceOf(service), [service, ...(JOB_ACCOUNTS[service] ?? [])], inside, pullSecret),
    );
    this.test = createNamespace("sparki-test", ["e2e"], inside, pullSecret);
    this.monitoring = createNamespace("sparki-monitoring", [], inside);
    allowSiteToTests(this.test, args.networkCidr, inside);
    this.registerOutputs();
  }
}

function createNamespace(
  name: string,
  serviceAccounts: readonly string[],
  options: pulumi.CustomResourceOptions,
  pullSecret?: pulumi.Output<string>,
): Place {
  const namespace = new kubernetes.core.v1.Namespace(name, { metadata: { name, labels: labelsOf(name) } }, options);
  const inside = { ...options, dependsOn: [namespace] };
  const deny = new kubernetes.networking.v1.NetworkPolicy(
    `${name}-default-deny`,
    {
      metadata: { namespace: name, name: "default-deny" },
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
    },
    inside,
  );
  const secrets = pullSecret === undefined ? [] : [createPullSecret(name, pullSecret, inside)];
  const imagePullSecrets = secrets.map(() => ({ name: PULL_SECRET }));
  const accounts = serviceAccounts.map((account) => createServiceAccount(name, account, imagePullSecrets, inside));
  return { namespace: name, ready: [namespace, deny, ...secrets, ...accounts], imagePullSecrets };
}

/** Nodes read it for a pod of its namespace alone; encrypted in the state, and with the cluster's key in etcd. */
function createPullSecret(namespace: string, config: pulumi.Output<string>, options: pulumi.CustomResourceOptions) {
  return new kubernetes.core.v1.Secret(
    `${namespace}-${PULL_SECRET}`,
    {
      metadata: { namespace, name: PULL_SECRET },
      type: "kubernetes.io/dockerconfigjson",
      data: secretData({ ".dockerconfigjson": config }),
    },
    options,
  );
}

/** Its pods pull with its secrets, whoever makes them: the end-to-end tests' Job is made by a command. */
function createServiceAccount(
  namespace: string,
  account: string,
  imagePullSecrets: Place["imagePullSecrets"],
  options: pulumi.CustomResourceOptions,
) {
  return new kubernetes.core.v1.ServiceAccount(
    `${namespace}-${account}`,
    {
      metadata: { namespace, name: account },
      automountServiceAccountToken: false,
      ...(imagePullSecrets.length > 0 && { imagePullSecrets: [...imagePullSecrets] }),
    },
    options,
  );
}

/** Tests may ask DNS and use the site as its users do, from outside: nothing of the network that it runs in. */
function allowSiteToTests({ namespace, ready }: Place, networkCidr: string, options: pulumi.CustomResourceOptions) {
  const site = {
    to: [{ ipBlock: { cidr: "0.0.0.0/0", except: [networkCidr] } }],
    ports: [{ port: 443, protocol: "TCP" }],
  };
  new kubernetes.networking.v1.NetworkPolicy(
    `${namespace}-site`,
    {
      metadata: { namespace, name: "site" },
      spec: { podSelector: {}, policyTypes: ["Egress"], egress: [DNS_EGRESS, site] },
    },
    { ...options, dependsOn: [...ready] },
  );
}

/** Served namespaces also make a pod's readiness wait for its target's health, so that a rollout never outruns the load balancer. */
function labelsOf(name: string): Record<string, string> {
  const served = ENTERED.some((service) => namespaceOf(service) === name);
  return { ...podSecurity(), ...(served ? { "eks.amazonaws.com/pod-readiness-gate-inject": "enabled" } : {}) };
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

/** Lets pods ask the cluster's own resolver for names, and no other: port 53 of anywhere is a way out for data. */
export const DNS_EGRESS = {
  to: [{ ipBlock: { cidr: `${DNS_ADDRESS}/32` } }],
  ports: [
    { port: 53, protocol: "UDP" },
    { port: 53, protocol: "TCP" },
  ],
};

/**
 * Texts as the `data` of a Secret: base64, as the API server keeps them. Of `stringData` the provider itself would make
 * `data`, but not while the cluster is unknown: policies would judge another thing in the deployment than in its preview.
 */
export function secretData(
  texts: Readonly<Record<string, pulumi.Input<string>>>,
): pulumi.Output<Record<string, string>> {
  return pulumi
    .all(texts)
    .apply((known) =>
      Object.fromEntries(Object.entries(known).map(([key, text]) => [key, Buffer.from(text).toString("base64")])),
    );
}

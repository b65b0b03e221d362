import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { isRollbackUpdate } from "../runbook/rollback/rollback-mode.ts";
import { ClusterJob } from "./cluster-job.ts";
import { JOB_LABEL } from "./job-manifest.ts";
import type { Place } from "./namespaces.ts";
import type { Platform } from "./platform.ts";

export interface DatabaseJobsArgs {
  readonly platform: Platform;
  readonly place: Place;
  /** Runs before the schema changes; what it refuses changes nothing. */
  readonly start: pulumi.ResourceHook;
}

const DEADLINE_SECONDS = 600;
const CREDENTIALS = "jobs-database";

/** Brings the database's schema to the release's level, then loads the seed data; both before any pod of the release starts. */
export class DatabaseJobs extends pulumi.ComponentResource {
  /** The engine's image whose migrations and seed have run. */
  readonly readyFor: pulumi.Output<string>;

  constructor(name: string, args: DatabaseJobsArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:apps:DatabaseJobs", name, {}, options);
    const inside = { parent: this, provider: args.platform.cluster.provider };
    const credentials = createCredentials(name, args, inside);
    const reach = createNetworkPolicy(name, args, inside);
    const settings = jobSettings(args, credentials, reach);
    const job = (step: string, command: string[], image: pulumi.Input<string>, before?: pulumi.ResourceHook) =>
      new ClusterJob(
        `${name}-${step}`,
        {
          kubeconfig: args.platform.cluster.kubeconfig,
          job: pulumi.all([settings, image]).apply(([shared, digest]) => ({
            ...shared,
            name: step,
            command,
            image: digest,
          })),
          before,
          // An older release's migrator may not know the level that a newer one has reached.
          keep: isRollbackUpdate(process.env),
        },
        { parent: this },
      );

    const migrations = job("migrate", ["/app/migrate", "up"], args.platform.config.release.images.engine, args.start);
    const seed = job("seed", ["/app/seed-data"], migrations.completedImage);
    this.readyFor = seed.completedImage;
    this.registerOutputs();
  }
}

function jobSettings(args: DatabaseJobsArgs, credentials: pulumi.CustomResource, reach: pulumi.CustomResource) {
  return pulumi.all([args.platform.database.host, credentials.id, reach.id]).apply(([databaseHost]) => ({
    releaseId: args.platform.config.release.id,
    databaseHost,
    databasePort: args.platform.database.port,
    databaseName: args.platform.database.databaseName,
    secretProviderClass: CREDENTIALS,
    deadlineSeconds: DEADLINE_SECONDS,
  }));
}

function createCredentials(name: string, args: DatabaseJobsArgs, options: pulumi.CustomResourceOptions) {
  const objects = args.platform.database.secretArn.apply((objectName) =>
    JSON.stringify([
      {
        objectName,
        objectType: "secretsmanager",
        jmesPath: ["username", "password"].map((key) => ({ path: key, objectAlias: key })),
      },
    ]),
  );
  return new kubernetes.apiextensions.CustomResource(
    `${name}-credentials`,
    {
      apiVersion: "secrets-store.csi.x-k8s.io/v1",
      kind: "SecretProviderClass",
      metadata: { name: CREDENTIALS, namespace: args.place.namespace },
      spec: { provider: "aws", parameters: { usePodIdentity: "true", objects } },
    },
    { ...options, dependsOn: [args.platform.cluster.secretsStore, args.platform.identities, ...args.place.ready] },
  );
}

/** Jobs may ask DNS and reach the database; nothing else, and nobody reaches them. */
function createNetworkPolicy(name: string, args: DatabaseJobsArgs, options: pulumi.CustomResourceOptions) {
  const dns = {
    ports: [
      { port: 53, protocol: "UDP" },
      { port: 53, protocol: "TCP" },
    ],
  };
  const database = {
    to: args.platform.network.databaseCidrs.map((cidr) => ({ ipBlock: { cidr } })),
    ports: [{ port: args.platform.database.port, protocol: "TCP" }],
  };
  return new kubernetes.networking.v1.NetworkPolicy(
    `${name}-reach`,
    {
      metadata: { name: "jobs", namespace: args.place.namespace },
      spec: { podSelector: { matchLabels: JOB_LABEL }, policyTypes: ["Egress"], egress: [dns, database] },
    },
    { ...options, dependsOn: [...args.place.ready] },
  );
}

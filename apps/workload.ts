import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { HelmRecord } from "../stacks/outputs.ts";
import type { StackConfig } from "../stacks/schema.ts";
import { type ServiceName, type TrackKind, trackName } from "../stacks/services.ts";
import { createHelmRelease } from "./helm-release.ts";
import type { Place } from "./namespaces.ts";

/** Values that differ between the two tracks of a chart. */
interface TrackValues {
  readonly replicas: number;
  readonly maxReplicas: number;
  readonly readinessPath?: string;
  /** @default no user reaches it */
  readonly targetGroupArn?: pulumi.Input<string>;
}

export interface WorkloadArgs {
  /** The chart's folder below `apps/charts`, and the prefix of both Helm releases. */
  readonly chart: ServiceName;
  readonly provider: kubernetes.Provider;
  readonly place: Place;
  /** Image by digest. */
  readonly image: pulumi.Input<string>;
  readonly release: StackConfig["release"];
  /** What both tracks share of the platform's: addresses, networks, zones. */
  readonly platform: Readonly<Record<string, unknown>>;
  readonly oneBox: TrackValues;
  readonly fleet: TrackValues;
  /** Runs before anything of it changes; what it refuses changes nothing. */
  readonly start: pulumi.ResourceHook;
  /** Runs before the fleet changes; what it refuses never reaches the fleet. */
  readonly gate: pulumi.ResourceHook;
  /** The one-box starts only after these. */
  readonly after: pulumi.Input<readonly pulumi.Resource[]>;
}

const FLEET_TIMEOUT_SECONDS = 900;

/** One service of Sparki: a one-box that gets a release first, and a fleet that gets it only when the gate passes. */
export class Workload extends pulumi.ComponentResource {
  /** What the promotion record keeps, by the Helm releases' names. */
  readonly records: Readonly<Record<string, pulumi.Output<HelmRecord>>>;
  readonly fleet: kubernetes.helm.v3.Release;

  constructor(name: string, args: WorkloadArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:apps:Workload", name, {}, options);
    const oneBox = createRelease(this, args, "one-box", {
      // The gate waits for the pods, and stops at the first reason why they cannot start; Helm would only time out.
      settings: { skipAwait: true },
      options: {
        dependsOn: pulumi.output(args.after).apply((after) => [...after, ...args.place.ready]),
        hooks: { beforeCreate: [args.start], beforeUpdate: [args.start] },
      },
    });
    const fleet = createRelease(this, args, "fleet", {
      settings: { atomic: true, cleanupOnFail: true, timeout: FLEET_TIMEOUT_SECONDS },
      options: {
        dependsOn: [oneBox.release],
        hooks: { beforeCreate: [args.start, args.gate], beforeUpdate: [args.start, args.gate] },
      },
    });
    this.fleet = fleet.release;
    const nameOf = (kind: TrackKind) => trackName({ workload: args.chart, kind });
    this.records = { [nameOf("one-box")]: oneBox.record, [nameOf("fleet")]: fleet.record };
    this.registerOutputs();
  }
}

interface TrackRelease {
  readonly settings: Partial<kubernetes.helm.v3.ReleaseArgs>;
  readonly options: pulumi.CustomResourceOptions;
}

function createRelease(parent: Workload, args: WorkloadArgs, track: TrackKind, release: TrackRelease) {
  const { targetGroupArn, ...sizes } = track === "one-box" ? args.oneBox : args.fleet;
  const { id, gitSha } = args.release;
  return createHelmRelease(
    trackName({ workload: args.chart, kind: track }),
    {
      chart: args.chart,
      namespace: args.place.namespace,
      values: { release: { id, gitSha }, ...sizes, track, image: args.image },
      platform: {
        ...args.platform,
        imagePullSecrets: [...args.place.imagePullSecrets],
        ...(targetGroupArn !== undefined && { targetGroupArn }),
      },
      settings: release.settings,
    },
    { parent, provider: args.provider, ...release.options },
  );
}

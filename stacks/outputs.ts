import { z } from "zod";
import { knownReleaseSchema, workloadSchema } from "./schema.ts";
import { byService, TRACK_KINDS } from "./services.ts";

/** One objective of one gate, with the evidence that its verdict rests on. */
export const gateResultSchema = z.object({
  gate: z.string(),
  /** The part of the deployment that the gate guards, whose pods it judged, and how. Absent before these were recorded. */
  phase: z
    .enum(["preflight", "infrastructure", "database", "one-box", "fleet", "cutover", "promoted", "rollback"])
    .exactOptional(),
  service: z.string().exactOptional(),
  track: z.enum(TRACK_KINDS).exactOptional(),
  kind: z.enum(["health", "objective", "burn-rate", "comparison"]).exactOptional(),
  objective: z.string(),
  /** The config's own name of the objective, where `objective` says more, such as a burn rate's window. */
  of: z.string().exactOptional(),
  verdict: z.enum(["fail", "error", "inconclusive", "pass"]),
  requests: z.number(),
  bad: z.number(),
  measured: z.number().nullable(),
  limit: z.number(),
  lower: z.number(),
  upper: z.number(),
  needed: z.number(),
  synthetic: z.number(),
  reason: z.string(),
  words: z.string().exactOptional(),
});

/** What a Helm release was when it was promoted: where Helm keeps it, and what that must be, by SHA-256. */
const helmRecordSchema = z.object({
  revision: z.number(),
  /** Over every file of the chart: what git keeps. */
  chart: z.string(),
  /** Over what Helm keeps of the chart. */
  content: z.string(),
  /** Over the values it was given. */
  values: z.string(),
});

export type HelmRecord = z.infer<typeof helmRecordSchema>;

/** One promotion: a release with its charts and values. Those before these were recorded have neither. */
const promotedSchema = z.object({
  release: knownReleaseSchema,
  revisions: z.object(byService(() => z.number().exactOptional())),
  chartHashes: z.object(byService(() => z.string().exactOptional())),
  /** By the Helm releases' names. */
  helm: z.record(z.string(), helmRecordSchema).exactOptional(),
  /** The config's sizes of the services. */
  workloads: z.object(byService(() => workloadSchema.exactOptional())).exactOptional(),
});

/** The contract of the stack's outputs: what commands, CI and other stacks may read. */
export const outputsSchema = z.object({
  /** Where a runner stands that deploys from inside the network: the private subnets, and the group that the cluster's API admits. */
  network: z.object({ vpcId: z.string(), subnetIds: z.array(z.string()), securityGroupId: z.string() }),
  url: z.url(),
  /** Name servers that the parent zone must delegate the domain to. */
  nameServers: z.array(z.string()),
  loadBalancer: z.object({ arn: z.string(), dnsName: z.string() }),
  cluster: z.object({ name: z.string() }),
  /** Secret. */
  kubeconfig: z.string(),
  database: z.object({ host: z.string(), port: z.number(), name: z.string() }),
  cache: z.object({ host: z.string(), port: z.number() }),
  /** What is live and was proven. */
  promotion: promotedSchema.extend({
    /**
     * What was promoted before, newest first, each release once: the same on every backend, whoever ran the update. What a
     * rollback left comes last, and is rolled back to only by name.
     */
    earlier: z.array(promotedSchema.extend({ left: z.literal(true).exactOptional() })).exactOptional(),
  }),
  /** Why it was promoted: every gate's verdict with its evidence. */
  gates: z.array(gateResultSchema),
});

export type StackOutputs = z.infer<typeof outputsSchema>;

import { z } from "zod";
import { releaseSchema } from "./schema.ts";

/** One objective of one gate, with the evidence that its verdict rests on. */
export const gateResultSchema = z.object({
  gate: z.string(),
  objective: z.string(),
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
});

/** The contract of the stack's outputs: what commands, CI and other stacks may read. */
export const outputsSchema = z.object({
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
  promotion: z.object({
    release: releaseSchema,
    revisions: z.object({ engine: z.number(), web: z.number() }),
    chartHashes: z.object({ engine: z.string(), web: z.string() }),
  }),
  /** Why it was promoted: every gate's verdict with its evidence. */
  gates: z.array(gateResultSchema),
});

export type StackOutputs = z.infer<typeof outputsSchema>;

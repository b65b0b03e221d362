import { z } from "zod";
import { SERVICE_NAMES } from "../stacks/services.ts";

const behaviour = {
  errorRatio: z.number().min(0).max(1).exactOptional(),
  slowRatio: z.number().min(0).max(1).exactOptional(),
  slowMilliseconds: z.number().min(0).exactOptional(),
  crash: z.boolean().exactOptional(),
  neverReady: z.boolean().exactOptional(),
  metricsNotNumbers: z.boolean().exactOptional(),
  unpullable: z.boolean().exactOptional(),
  failMigration: z.string().exactOptional(),
  failTests: z.boolean().exactOptional(),
};

/** The body of `POST /images`: an image for the rehearsal's registry, and what it does when it runs. */
export const imageSchema = z.strictObject({
  ref: z.string().min(1),
  behaviour: z.strictObject({ kind: z.enum([...SERVICE_NAMES, "e2e", "postgres-client"]), ...behaviour }),
});

/** The body of `POST /images/remove`. */
export const removalSchema = imageSchema.pick({ ref: true });

/**
 * The body of `POST /held`: which calls of the providers are held when they come, and what is held now continues. With
 * `isLost` the connection to the providers breaks instead: neither what is held nor any later change is answered.
 */
export const heldSchema = z.strictObject({
  calls: z
    .array(
      z.strictObject({
        name: z.string(),
        operation: z.enum(["check", "create", "update", "delete"]),
        moment: z.enum(["before", "after"]),
      }),
    )
    .readonly()
    .default([]),
  isLost: z.boolean().default(false),
});

/** The answer to `GET /held`: the resources whose calls are held. */
export const heldNowSchema = z.object({ held: z.array(z.string()).readonly() });

const list = z.array(z.string()).readonly();
const compared = z.record(z.string(), z.union([z.string(), list]));

/** The body of `POST /asker`: whose policies AWS is to hold from now on, as IAM's documents have them. */
export const askerSchema = z.strictObject({
  arn: z.string().regex(/^arn:aws:sts::\d{12}:assumed-role\/[\w+=,.@-]{1,64}\/[\w+=,.@-]{2,64}$/),
  statements: z
    .array(
      z.strictObject({
        Effect: z.enum(["Allow", "Deny"]),
        Action: list,
        Resource: list,
        Condition: z.record(z.string(), compared).exactOptional(),
      }),
    )
    .readonly(),
});

const SERVERS = ["cache", "database", "exporters", "metrics"] as const;
/** A server that a fault can stop. */
export type Server = (typeof SERVERS)[number];

const refusal = z.strictObject({
  type: z.string().exactOptional(),
  act: z.enum(["create", "update", "delete", "describe"]).exactOptional(),
  code: z.string(),
  text: z.string(),
  times: z.int().min(1).exactOptional(),
});
const creation = z.strictObject({ type: z.string(), ends: z.enum(["late", "failed"]), text: z.string() });
const inputs = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** The body of `POST /faults`: what breaks in the running cloud; what is not named works. */
export const faultsSchema = z.strictObject({
  /** Servers that are stopped. */
  down: z.array(z.enum(SERVERS)).readonly().default([]),
  /** What the engine's running fleet does, whatever its image does. */
  fleet: z.strictObject(behaviour).exactOptional(),
  /** Users' requests a second at the entrance. */
  users: z.number().min(0).max(500).default(0),
  /** What they ask for, in turn. @default the page and the projects */
  userPaths: z
    .array(z.string().regex(/^\/[\w./-]*$/))
    .min(1)
    .readonly()
    .exactOptional(),
  /** How many of a gate's own requests the firewall lets in before it turns them away. */
  gateRequests: z.int().min(0).exactOptional(),
  /** Calls that AWS refuses. */
  refused: z.array(refusal).readonly().default([]),
  /** Creations that AWS does not end well. */
  creations: z.array(creation).readonly().default([]),
  /** Changed at AWS by someone's hand, once: the inputs of the resources of a type that have those. It stays so. */
  changed: z
    .array(z.strictObject({ type: z.string(), having: inputs, to: inputs }))
    .readonly()
    .default([]),
  /** Creations that take so many model seconds more. */
  slow: z
    .array(z.strictObject({ type: z.string(), seconds: z.number().min(0).max(7200) }))
    .readonly()
    .default([]),
  /** What the account has otherwise than one that runs other things already. */
  account: z
    .strictObject({
      vcpus: z.int().min(0).exactOptional(),
      quotas: z.record(z.string(), z.number().min(0)).exactOptional(),
      instances: z.array(z.string()).readonly().exactOptional(),
      zoneNumbers: z.record(z.string(), z.string()).exactOptional(),
      hasServiceRoles: z.boolean().exactOptional(),
      hasSecrets: z.boolean().exactOptional(),
      hasDelivery: z.boolean().exactOptional(),
      denied: z.array(z.string()).readonly().exactOptional(),
      tagDelaySeconds: z.number().min(0).max(3600).exactOptional(),
      accessEntrySeconds: z.number().min(0).max(3600).exactOptional(),
      hasLateClusterLogs: z.boolean().exactOptional(),
      snapshots: z.array(z.string()).readonly().exactOptional(),
    })
    .default({}),
  /** How many days the certificates have left that ACM does not renew. @default it renews them in time */
  certificateDays: z.int().min(0).max(395).exactOptional(),
  /** The DS record that the parent zone has, as `TAG ALGORITHM DIGEST-TYPE DIGEST`. */
  signer: z
    .string()
    .regex(/^\d+ \d+ \d+ [0-9A-F]+$/)
    .exactOptional(),
  /** Deleted by someone's hand, once, with all that was in it. It stays so. */
  cluster: z.literal("deleted").exactOptional(),
  /** Every maintenance window opens, once: what waits for it is done. It stays so. */
  windows: z.literal("open").exactOptional(),
  /** Whether the cluster's nodes take pods. @default they do */
  nodes: z.literal("closed").exactOptional(),
  /** The zone that is lost, by its name; the first one of the cluster has the primaries of database and cache. */
  zone: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/)
    .exactOptional(),
  /** Whether changes of DNS records show. @default at once */
  names: z.literal("stale").exactOptional(),
  /** What Slack does. @default it answers */
  slack: z.literal("down").exactOptional(),
  /** What is wrong with the place where Pulumi keeps the stack's state. */
  state: z.enum(["locked", "unwritable"]).exactOptional(),
});

export type HeldCalls = z.input<typeof heldSchema>["calls"];

export type Faults = Readonly<z.input<typeof faultsSchema>>;
export type HandChange = z.output<typeof faultsSchema>["changed"][number];

/** What the schema makes of a body; throws what is wrong with it, field by field. */
export function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const found = schema.safeParse(body);
  if (!found.success) throw new Error(z.prettifyError(found.error));
  return found.data;
}

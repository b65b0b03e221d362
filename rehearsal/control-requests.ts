import { z } from "zod";

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
  behaviour: z.strictObject({ kind: z.enum(["engine", "web", "e2e"]), ...behaviour }),
});

/** The body of `POST /images/remove`. */
export const removalSchema = imageSchema.pick({ ref: true });

const SERVERS = ["cache", "database", "metrics"] as const;
/** A server that a fault can stop. */
export type Server = (typeof SERVERS)[number];

/** The body of `POST /faults`: what breaks in the running cloud; what is not named works. */
export const faultsSchema = z.strictObject({
  /** Servers that are stopped. */
  down: z.array(z.enum(SERVERS)).readonly().default([]),
  /** What the engine's running fleet does, whatever its image does. */
  fleet: z.strictObject(behaviour).exactOptional(),
  /** Users' requests a second at the entrance. */
  users: z.number().min(0).max(500).default(0),
  /** How many of a gate's own requests the firewall lets in before it turns them away. */
  gateRequests: z.int().min(0).exactOptional(),
});

export type Faults = Readonly<z.input<typeof faultsSchema>>;

/** What the schema makes of a body; throws what is wrong with it, field by field. */
export function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const found = schema.safeParse(body);
  if (!found.success) throw new Error(z.prettifyError(found.error));
  return found.data;
}

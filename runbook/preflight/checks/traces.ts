import { randomBytes } from "node:crypto";
import { z } from "zod";
import { fail, pass } from "../check.ts";
import { jsonRequest, type StormContext, stormFix, stormLook } from "../storm.ts";

const acceptedSchema = z.object({
  partialSuccess: z
    .object({ rejectedSpans: z.coerce.number().optional(), errorMessage: z.string().optional() })
    .optional(),
});

export const jaeger = stormLook({
  id: "jaeger",
  service: "jaegerUrl",
  title: "Jaeger collector",
  proves: "The collector takes a span over OTLP.",
  judge: async (service, context) => {
    const nanoseconds = `${Math.round(context.clock.now() * 1000)}000000`;
    const { partialSuccess } = await service.read("/v1/traces", acceptedSchema, jsonRequest(traceAt(nanoseconds)));
    if (!partialSuccess?.rejectedSpans) return pass(`took a span of the service sparki-preflight${unseen(context)}`);
    return fail(`it rejected a span: ${partialSuccess.errorMessage ?? "no reason given"}`, stormFix(context));
  },
});

/** That nothing reads the spans back, where there is no address to read them from. */
function unseen({ config }: StormContext): string {
  return config.storm.jaegerQueryUrl === undefined
    ? "; whether it can be found again is not looked at: no sparki:storm.jaegerQueryUrl is configured"
    : "";
}

/** One span of no length, as OTLP writes it in JSON. */
function traceAt(nanoseconds: string): unknown {
  const attribute = { key: "service.name", value: { stringValue: "sparki-preflight" } };
  const span = {
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    name: "preflight",
    kind: 1,
    startTimeUnixNano: nanoseconds,
    endTimeUnixNano: nanoseconds,
  };
  const scopeSpans = [{ scope: { name: "sparki" }, spans: [span] }];
  return { resourceSpans: [{ resource: { attributes: [attribute] }, scopeSpans }] };
}

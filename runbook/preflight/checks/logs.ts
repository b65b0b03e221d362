import { randomBytes } from "node:crypto";
import { z } from "zod";
import { fail, pass, warn } from "../check.ts";
import { jsonRequest, type StormContext, stormCheck, stormFix, stormLook } from "../storm.ts";

const MAX_AGE_MINUTES = 15;

const clusterSchema = z.object({ status: z.string() });
const newestSchema = z.object({
  hits: z.object({ hits: z.array(z.object({ _source: z.object({ "@timestamp": z.string() }) })) }),
});
const kibanaSchema = z.object({
  status: z.object({ overall: z.object({ level: z.string().optional(), state: z.string().optional() }) }),
});

export const elasticsearch = stormLook({
  id: "elasticsearch",
  service: "elasticsearchUrl",
  title: "Elasticsearch",
  proves: "The Elasticsearch cluster is green.",
  judge: async (service, context) => {
    const { status } = await service.read("/_cluster/health", clusterSchema);
    if (status === "green") return pass("the cluster is green");
    const told = `the cluster is ${status}`;
    return status === "yellow"
      ? warn(`${told}: replicas are missing`, stormFix(context))
      : fail(told, stormFix(context));
  },
});

export const logsArrive = stormCheck({
  id: "logs",
  service: "elasticsearchUrl",
  title: "Logs arrive",
  proves: `The newest log line that can be found is at most ${MAX_AGE_MINUTES} minutes old.`,
  judge: async (service, context) => {
    const query = { size: 1, sort: [{ "@timestamp": "desc" }], _source: ["@timestamp"] };
    const { hits } = await service.read("/_search", newestSchema, jsonRequest(query));
    const newest = hits.hits[0]?._source["@timestamp"];
    if (newest === undefined) return fail("no log line was found", stormFix(context));
    const minutes = (context.clock.now() - Date.parse(newest) / 1000) / 60;
    if (minutes <= MAX_AGE_MINUTES) return pass(`the newest line is ${Math.max(0, minutes).toFixed(1)} minutes old`);
    return fail(
      `the newest line is ${Math.round(minutes)} minutes old; expected at most ${MAX_AGE_MINUTES}`,
      stormFix(context),
    );
  },
});

export const logstash = stormLook({
  id: "logstash",
  service: "logstashUrl",
  title: "Logstash",
  proves: "Logstash reports that it is green.",
  judge: async (service, context) => {
    const { status } = await service.read("/", clusterSchema);
    if (status === "green") return pass("green");
    return status === "yellow" ? warn("it is yellow", stormFix(context)) : fail(`it is ${status}`, stormFix(context));
  },
});

export const kibana = stormLook({
  id: "kibana",
  service: "kibanaUrl",
  title: "Kibana",
  proves: "Kibana is available.",
  judge: async (service, context) => {
    const { level, state } = (await service.read("/api/status", kibanaSchema)).status.overall;
    // The first is Kibana's word since 8.0, the second its word before.
    if (level === "available" || state === "green") return pass("available");
    return fail(`it is ${level ?? state}`, stormFix(context));
  },
});

export const commandCenter = stormLook({
  id: "command-center",
  service: "commandCenterUrl",
  title: "Storm Command Center",
  proves: "The Command Center responds.",
  judge: async (service, context) => {
    const { status } = await service.ask("/health");
    return status === 200 ? pass("answers") : fail(`${service.url}/health answered ${status}`, stormFix(context));
  },
});

const acceptedSchema = z.object({
  partialSuccess: z
    .object({ rejectedSpans: z.coerce.number().optional(), errorMessage: z.string().optional() })
    .optional(),
});

export const jaeger = stormLook({
  id: "jaeger",
  service: "jaegerUrl",
  title: "Jaeger collector",
  proves: "The collector accepts a span over OTLP.",
  judge: async (service, context) => {
    const nanoseconds = `${Math.round(context.clock.now() * 1000)}000000`;
    const { partialSuccess } = await service.read("/v1/traces", acceptedSchema, jsonRequest(traceAt(nanoseconds)));
    if (!partialSuccess?.rejectedSpans)
      return pass(`accepted a span of the service sparki-preflight${unseen(context)}`);
    return fail(`it rejected a span: ${partialSuccess.errorMessage ?? "no reason given"}`, stormFix(context));
  },
});

/** That nothing reads the spans back, where there is no address to read them from. */
function unseen({ config }: StormContext): string {
  return config.storm.jaegerQueryUrl === undefined
    ? "; whether it can be found again is not checked: no sparki:storm.jaegerQueryUrl is configured"
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

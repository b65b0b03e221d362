import { gunzipSync } from "node:zlib";
import { z } from "zod";
import type { ChartContent } from "./helm-release.ts";

/** One revision of a Helm release as Helm keeps it in the cluster: its chart, the values it was given, and what came of both. */
export interface StoredRelease {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  /** Helm's own word, such as `deployed`, `superseded` or `failed`. */
  readonly status: string;
  readonly chart: ChartContent;
  readonly values: Readonly<Record<string, unknown>>;
  /** The rendered objects as YAML documents. */
  readonly manifest: string;
}

/** What Helm keeps in the cluster. */
export interface HelmStore {
  /** Every kept revision of a release, newest first; undefined where there is no cluster to ask. */
  revisions(namespace: string, name: string): Promise<readonly StoredRelease[] | undefined>;
}

const fileSchema = z.object({ name: z.string(), data: z.string().nullish() });
const storedSchema = z.object({
  name: z.string(),
  namespace: z.string(),
  version: z.number(),
  info: z.object({ status: z.string() }),
  chart: z.object({
    metadata: z.record(z.string(), z.unknown()),
    values: z.unknown(),
    schema: z.string().nullish(),
    templates: z.array(fileSchema).nullish(),
    files: z.array(fileSchema).nullish(),
  }),
  config: z.record(z.string(), z.unknown()).nullish(),
  manifest: z.string().default(""),
});

/**
 * Reads a Secret `sh.helm.release.v1.NAME.vN` by its key `release` as the Kubernetes API gives it: base64 of Helm's own
 * base64 of gzipped JSON (helm.sh/helm/v3/pkg/storage/driver). Throws for anything else.
 */
export function decodeRelease(data: string): StoredRelease {
  const helms = Buffer.from(Buffer.from(data, "base64").toString("utf8"), "base64");
  const isPacked = helms[0] === 0x1f && helms[1] === 0x8b;
  const { name, namespace, version, info, chart, config, manifest } = storedSchema.parse(
    JSON.parse((isPacked ? gunzipSync(helms) : helms).toString("utf8")),
  );
  const { metadata, values, schema, templates, files } = chart;
  const all = [...(templates ?? []), ...(files ?? [])].map((file): [string, string] => [file.name, file.data ?? ""]);
  return {
    name,
    namespace,
    revision: version,
    status: info.status,
    chart: {
      metadata,
      values: values ?? {},
      files: Object.fromEntries([...all, ...(schema ? [["values.schema.json", schema]] : [])]),
    },
    values: config ?? {},
    manifest,
  };
}

/** The revision whose objects run: the newest that Helm calls deployed, else the newest of all. */
export function liveRevision(revisions: readonly StoredRelease[]): StoredRelease | undefined {
  return revisions.find(({ status }) => status === "deployed") ?? revisions[0];
}

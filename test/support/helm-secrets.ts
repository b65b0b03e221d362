import { gzipSync } from "node:zlib";
import { chartContentIn } from "../../records/helm-release.ts";

export interface KeptByHelm {
  readonly name: string;
  readonly revision: number;
  readonly status?: string;
  /** The chart's folder. */
  readonly chart: string;
  readonly values?: Readonly<Record<string, unknown>>;
  readonly manifest?: string;
}

/** A revision as Helm writes it into the key `release` of its Secret, as the Kubernetes API gives it. */
export function helmSecret({
  name,
  revision,
  status = "deployed",
  chart,
  values = {},
  manifest = "",
}: KeptByHelm): string {
  const content = chartContentIn(chart);
  const files = Object.entries(content.files).map(([path, data]) => ({ name: path, data }));
  const isTemplate = (file: { readonly name: string }) => file.name.startsWith("templates/");
  const schema = files.find((file) => file.name === "values.schema.json")?.data;
  const release = {
    name,
    namespace: name.startsWith("web") ? "sparki-web" : "sparki-engine",
    version: revision,
    info: { status },
    chart: {
      metadata: content.metadata,
      lock: null,
      values: content.values,
      templates: files.filter(isTemplate),
      files: files.filter((file) => !isTemplate(file) && file.name !== "values.schema.json"),
      schema,
    },
    config: values,
    manifest,
  };
  const helms = gzipSync(JSON.stringify(release)).toString("base64");
  return Buffer.from(helms).toString("base64");
}

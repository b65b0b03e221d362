/** One series' value in what `/metrics` answers. */
export interface Sample {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a text in Prometheus's format says, or the first line that is none of that format. */
export type Exposition =
  | { readonly kind: "samples"; readonly samples: readonly Sample[] }
  | { readonly kind: "unreadable"; readonly line: string };

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const LABEL = String.raw`\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*`;
/** A name, labels, a value, and perhaps a time and an exemplar. */
const SAMPLE = new RegExp(
  String.raw`^(?<metric>${NAME})\s*(?:\{(?<labels>(?:${LABEL},)*(?:${LABEL})?)\})?\s+(?<value>\S+)(?:\s+[-+.\deE]+)?(?:\s+#\s.*)?\s*$`,
);
const EACH_LABEL = new RegExp(`${LABEL}(?:,|$)`, "g");
const NUMBER = /^[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?|inf|nan)$/i;

/** Reads Prometheus's text format and OpenMetrics; Prometheus drops all of an answer that has one unreadable line. */
export function readExposition(text: string): Exposition {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const sample = sampleIn(line);
    if (sample === undefined) return { kind: "unreadable", line };
    samples.push(sample);
  }
  return { kind: "samples", samples };
}

function sampleIn(line: string): Sample | undefined {
  const { metric, labels = "", value = "" } = SAMPLE.exec(line)?.groups ?? {};
  if (metric === undefined || !NUMBER.test(value)) return undefined;
  const pairs = [...labels.matchAll(EACH_LABEL)].map(
    ([, name = "", quoted = ""]) => [name, unescaped(quoted)] as const,
  );
  return { metric, labels: Object.fromEntries(pairs), value: numberIn(value) };
}

function unescaped(quoted: string): string {
  return quoted.replace(/\\(.)/g, (_, character: string) => (character === "n" ? "\n" : character));
}

function numberIn(text: string): number {
  const infinite = /^([-+]?)inf$/i.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return Number(text);
}

import { z } from "zod";

const matcherSchema = z.object({ name: z.string(), matchType: z.string().default("="), value: z.string().default("") });
type Matcher = z.infer<typeof matcherSchema>;

const matchersSchema = z.array(matcherSchema).default([]);
const routeSchema = z.object({
  receiver: z.string(),
  matchers: matchersSchema,
  continue: z.boolean().exactOptional(),
  groupBy: z.array(z.string()).exactOptional(),
  groupWait: z.string().exactOptional(),
  groupInterval: z.string().exactOptional(),
  repeatInterval: z.string().exactOptional(),
  // Nested ones are of any depth; each is parsed when it is reached.
  routes: z.array(z.unknown()).default([]),
});
const receiverSchema = z.object({ name: z.string() }).catchall(z.array(z.record(z.string(), z.unknown())));
const referenceSchema = z.object({ name: z.string(), key: z.string() });

/** `monitoring.coreos.com/v1alpha1` AlertmanagerConfig, as the cluster holds it. */
export const alertmanagerConfigSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    route: z.unknown(),
    receivers: z.array(receiverSchema).default([]),
    inhibitRules: z
      .array(z.object({ sourceMatch: matchersSchema, targetMatch: matchersSchema, equal: z.array(z.string()) }))
      .default([]),
  }),
});

export type AlertmanagerConfig = z.infer<typeof alertmanagerConfigSchema>;

/** Where messages go instead, and what the cluster's Secrets hold. */
export interface OperatorInputs {
  /** Stands in for every service that would be told, with a slash at its end: nothing leaves this machine. */
  readonly services: string;
  /** By `<secret>/<key>`. */
  readonly secrets: Readonly<Record<string, string>>;
  /** How long a wait takes here, such as `5m`. */
  readonly wait: (text: string) => string;
  /** Alertmanager's `http_config` of every message. @default none */
  readonly http?: Readonly<Record<string, unknown>>;
}

type Settings = Readonly<Record<string, unknown>>;

/** Where Storm sends what no route of the cluster takes. */
const DEFAULT_RECEIVER = "storm";

/**
 * Alertmanager's configuration as the Prometheus operator makes it of AlertmanagerConfigs: names prefixed with where they
 * come from, routes and inhibitions only for alerts of that namespace, and secrets in place of references to them. Throws
 * for a secret that is not there.
 */
export function operatorConfig(configs: readonly AlertmanagerConfig[], inputs: OperatorInputs): Settings {
  const { services, http } = inputs;
  const storm = { url: `${services}storm`, ...(http && { http_config: http }) };
  return {
    route: {
      receiver: DEFAULT_RECEIVER,
      group_wait: inputs.wait("6s"),
      routes: configs.map((config) => ({
        ...routeOf(config.spec.route, inputs, prefixOf(config), [namespaceOf(config)]),
        continue: true,
      })),
    },
    inhibit_rules: configs.flatMap((config) =>
      config.spec.inhibitRules.map(({ sourceMatch, targetMatch, equal }) => ({
        source_matchers: [...texts(sourceMatch), namespaceOf(config)],
        target_matchers: [...texts(targetMatch), namespaceOf(config)],
        equal,
      })),
    ),
    receivers: [
      { name: DEFAULT_RECEIVER, webhook_configs: [storm] },
      ...configs.flatMap((config) =>
        config.spec.receivers.map(({ name, ...kinds }) => ({
          ...receiverOf(kinds, inputs),
          name: `${prefixOf(config)}${name}`,
        })),
      ),
    ],
  };
}

const prefixOf = ({ metadata }: AlertmanagerConfig) => `${metadata.namespace}/${metadata.name}/`;
const namespaceOf = ({ metadata }: AlertmanagerConfig) => `namespace=${JSON.stringify(metadata.namespace)}`;

function texts(matchers: readonly Matcher[]): string[] {
  return matchers.map(({ name, matchType, value }) => `${name}${matchType}${JSON.stringify(value)}`);
}

function routeOf(given: unknown, inputs: OperatorInputs, prefix: string, matchers: readonly string[]): Settings {
  const route = routeSchema.parse(given);
  const waits = (["groupWait", "groupInterval", "repeatInterval"] as const).flatMap((key) => {
    const text = route[key];
    return text === undefined ? [] : [[snakeCase(key), inputs.wait(text)]];
  });
  return {
    receiver: `${prefix}${route.receiver}`,
    ...(route.groupBy !== undefined && { group_by: route.groupBy }),
    ...(route.continue !== undefined && { continue: route.continue }),
    ...Object.fromEntries(waits),
    matchers: [...matchers, ...texts(route.matchers)],
    routes: route.routes.map((inner) => routeOf(inner, inputs, prefix, [])),
  };
}

function snakeCase(key: string): string {
  return key.replaceAll(/(?<=[a-z])[A-Z]+/g, (capital) => `_${capital.toLowerCase()}`);
}

/** By the kind of a receiver, the setting that holds an address, and what is asked there. */
const ADDRESSES: Readonly<Record<string, readonly [setting: string, path: string]>> = {
  slackConfigs: ["api_url", "slack"],
  pagerdutyConfigs: ["url", "v2/enqueue"],
  opsgenieConfigs: ["api_url", ""],
  webhookConfigs: ["url", "heartbeat"],
};

function receiverOf(kinds: Omit<AlertmanagerConfig["spec"]["receivers"][number], "name">, inputs: OperatorInputs) {
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, configs]) => {
      const address = ADDRESSES[kind];
      if (address === undefined) throw new Error(`a rehearsal cannot stand in for ${kind}`);
      return [snakeCase(kind), configs.map((config) => toldAt(config, address, inputs))];
    }),
  );
}

/** A receiver's settings, told at our own address; its secrets are read all the same. */
function toldAt(config: Settings, [setting, path]: readonly [string, string], inputs: OperatorInputs): Settings {
  const { httpConfig = {}, ...own } = config;
  const { http_config: _, ...settings } = settingsOf(own, inputs.secrets);
  const http = { ...settingsOf(Object(httpConfig), inputs.secrets), ...inputs.http };
  const { url_secret: __, ...known } = settings;
  return {
    ...known,
    [setting]: `${inputs.services}${path}`,
    ...(Object.keys(http).length > 0 && { http_config: http }),
  };
}

function settingsOf(config: Settings, secrets: OperatorInputs["secrets"]): Settings {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      if (typeof value !== "object" || value === null) return [snakeCase(key), value];
      const reference = referenceSchema.safeParse(value);
      if (!reference.success) return [snakeCase(key), settingsOf(Object(value), secrets)];
      const { name, key: held } = reference.data;
      const secret = secrets[`${name}/${held}`];
      if (secret === undefined) throw new Error(`the cluster has no secret ${name} with the key ${held}`);
      return [snakeCase(key), secret];
    }),
  );
}

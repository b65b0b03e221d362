/** What the platform, the gates, the policies and the rehearsal must know of one service of Sparki. */
export interface Service {
  /** What its pods keep data in: which secrets they may read, and which ports they may reach. */
  readonly stores: readonly Store[];
  /** How users reach it. @default they do not: its gates judge its pods alone */
  readonly entrance?: Entrance;
  /** The services whose fleets must have a release before its one-box gets it. */
  readonly after: readonly string[];
}

export type Store = "database" | "cache";

export interface Entrance {
  /** The path patterns that the load balancer sends to it; `rest` is what no other service takes, and one service has it. */
  readonly paths: readonly string[] | "rest";
  /** The paths that must answer before a gate judges it by its objectives: the process, and each store behind it. */
  readonly probes: readonly string[];
  /** The paths that a gate's own requests ask for: what users do, and so not `/health`, which tells little of the service. */
  readonly traffic: readonly string[];
}

/**
 * The services, in the order in which a release reaches them. The name of an entry is that of its chart below `apps/charts`,
 * of its image in `sparki:release`, of its sizes in the config, of its service account and, after `sparki-`, of its
 * namespace; pods serve on port 8080. docs/extending.md adds one.
 */
export const SERVICES = {
  engine: {
    stores: ["database", "cache"],
    entrance: {
      paths: ["/api/*", "/health"],
      probes: ["/health", "/api/projects", "/api/cache/health"],
      traffic: ["/api/projects", "/api/cache/health"],
    },
    after: [],
  },
  web: {
    stores: [],
    entrance: { paths: "rest", probes: ["/"], traffic: ["/"] },
    after: ["engine"],
  },
} as const satisfies Readonly<Record<string, Service>>;

export type ServiceName = keyof typeof SERVICES;

/** The names of the services, in their order. */
export const SERVICE_NAMES: readonly ServiceName[] = Object.freeze(
  Object.keys(SERVICES).filter((name): name is ServiceName => name in SERVICES),
);

/** Those that users reach. */
export const ENTERED: readonly ServiceName[] = enteredOf(SERVICE_NAMES);

/** Those of these services that users reach. */
export function enteredOf(services: readonly ServiceName[]): readonly ServiceName[] {
  return services.filter((name) => serviceOf(name).entrance !== undefined);
}

/** What of users' requests go to which service. */
export interface Routing {
  /** The services that have path patterns of their own. */
  readonly named: readonly { readonly service: ServiceName; readonly paths: readonly string[] }[];
  /** The one that takes the rest. */
  readonly rest: ServiceName;
}

/** The routing among these services; throws unless just one of them takes the rest. */
export function routingOf(services: readonly ServiceName[]): Routing {
  const entered = enteredOf(services).map((service) => ({ service, paths: serviceOf(service).entrance?.paths ?? [] }));
  const named = entered.flatMap(({ service, paths }) => (paths === "rest" ? [] : [{ service, paths }]));
  const [rest, ...more] = entered.filter(({ paths }) => paths === "rest").map(({ service }) => service);
  if (rest === undefined || more.length > 0)
    throw new Error(
      `exactly one service takes the remaining requests; found ${[rest ?? "none", ...more].join(" and ")}`,
    );
  return { named, rest };
}

export function serviceOf(name: ServiceName): Service {
  return SERVICES[name];
}

/** The namespace that a service's pods are in. */
export function namespaceOf(name: ServiceName): string {
  return `sparki-${name}`;
}

/** The services that a stack runs, in their order: all but those that its release does not have yet. */
export function servicesOf({ absent }: { readonly absent: readonly ServiceName[] }): readonly ServiceName[] {
  return SERVICE_NAMES.filter((name) => !absent.includes(name));
}

/** Something of each service, by its name. */
export function byService<T>(make: (name: ServiceName) => T): Readonly<Record<ServiceName, T>>;
export function byService(make: (name: ServiceName) => unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(SERVICE_NAMES.map((name) => [name, make(name)]));
}

/** Something of each of these services, by its name. */
export function ofServices<T>(
  services: readonly ServiceName[],
  make: (name: ServiceName) => T,
): Readonly<Partial<Record<ServiceName, T>>> {
  const made: Partial<Record<ServiceName, T>> = {};
  for (const name of services) made[name] = make(name);
  return made;
}

/** The two kinds of a service's pods: the one-box gets a release first, the fleet once the one-box's gate has passed. */
export const TRACK_KINDS = ["one-box", "fleet"] as const;

export type TrackKind = (typeof TRACK_KINDS)[number];

/** A service's pods of one kind. */
export interface Track {
  readonly workload: ServiceName;
  readonly kind: TrackKind;
}

/** The tracks of services, the one-box of each first. */
export function tracksOf(services: readonly ServiceName[]): Track[] {
  return services.flatMap((workload) => TRACK_KINDS.map((kind) => ({ workload, kind })));
}

/** Every service's tracks. */
export const TRACKS: readonly Track[] = tracksOf(SERVICE_NAMES);

export type TrackName = `${ServiceName}-${TrackKind}`;

/** The name of a track's Helm release and of its target group. */
export function trackName({ workload, kind }: Track): TrackName {
  return `${workload}-${kind}`;
}

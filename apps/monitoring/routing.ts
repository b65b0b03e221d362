/** Slack channels and people by role, as the runbook's table of contacts has them. */
export interface Channels {
  /** Pages go here, with `onCall` mentioned. */
  readonly incidents: Contact;
  /** Tickets go here. */
  readonly platform: Contact;
  /** Hears of whatever concerns the database, besides. */
  readonly database: Contact;
  /** Hears of whatever concerns the cache or the network, besides. */
  readonly infrastructure: Contact;
}

export interface Contact {
  readonly channel: string;
  readonly mention: string;
}

/** The keys of a Secret in the monitoring namespace by which Alertmanager reaches Slack. */
export interface SlackReference {
  readonly secretName: string;
  /** Of the address that messages are posted to. */
  readonly addressKey: string;
  /** Of a bot's token, which that address asks for. */
  readonly tokenKey?: string;
}

export interface Receiver {
  readonly name: string;
  readonly channel: string;
  readonly mention: string;
}

export interface Route {
  readonly receiver: string;
  readonly label: "severity" | "component";
  readonly value: string;
  /** Whether the routes after it are tried too. */
  readonly continue: boolean;
  /** How long until a still firing alert is told again. */
  readonly repeatInterval: string;
}

export interface Routing {
  readonly receivers: readonly Receiver[];
  /** In order; what none of them takes goes to the first receiver. */
  readonly routes: readonly Route[];
}

/** Owners of a component hear of its alerts; besides, pages go to the engineer on call and tickets to the platform team. */
export function alertRouting(channels: Channels): Routing {
  return {
    receivers: (["platform", "incidents", "database", "infrastructure"] as const).map((name) => ({
      name,
      ...channels[name],
    })),
    routes: [
      { receiver: "database", label: "component", value: "database", continue: true, repeatInterval: "12h" },
      { receiver: "infrastructure", label: "component", value: "cache", continue: true, repeatInterval: "12h" },
      { receiver: "incidents", label: "severity", value: "page", continue: false, repeatInterval: "1h" },
      { receiver: "platform", label: "severity", value: "ticket", continue: false, repeatInterval: "12h" },
    ],
  };
}

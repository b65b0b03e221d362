/** Who hears of it: `page` wakes the engineer on call, `ticket` waits for the working day. */
export type Severity = "page" | "ticket";

/** What an alert is about, and so whose channel it goes to as well. */
export type Component = "application" | "database" | "cache" | "monitoring";

/** An alert with the page of the runbook that it links to; neither exists without the other. */
export interface Alert {
  /** In upper camel case; its lower case is the anchor of its page. */
  readonly name: string;
  readonly severity: Severity;
  readonly component: Component;
  /** PromQL; its series carry `namespace`. */
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** One line, with Prometheus's templates. */
  readonly summary: string;
  readonly page: AlertPage;
}

export interface AlertPage {
  /** What it says about the service, and to whom that matters. */
  readonly meaning: string;
  /** When it fires, and when it stops. */
  readonly timing: string;
  /** Where to look, most telling first. */
  readonly look: readonly string[];
  /** What to do about it, first things first. */
  readonly act: readonly string[];
}

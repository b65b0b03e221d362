import type { IssuedCertificate } from "../certificates.ts";
import type { LoadBalancerState } from "../services.ts";
import type { Endpoint } from "./health-check.ts";

export interface BalancerWorkerData {
  /** Real seconds of a modelled second. */
  readonly timeScale: number;
  readonly seed: number;
}

/** What the cloud asks of the balancers' thread, and waits for. */
export type BalancerRequest =
  | {
      readonly type: "apply";
      readonly address: string;
      readonly state: LoadBalancerState;
      readonly certificate: IssuedCertificate | undefined;
    }
  | { readonly type: "stop"; readonly name: string };

/** What the cloud tells the thread. */
export type BalancerCommand =
  | (BalancerRequest & { readonly id: number })
  | { readonly type: "targets"; readonly arn: string; readonly targets: readonly Endpoint[] }
  /** How many more of a gate's own requests the firewall lets in; undefined is no limit. */
  | { readonly type: "firewall"; readonly gateRequests: number | undefined };

/** What the thread tells back: that a request is done, and each change of health. */
export type BalancerEvent =
  | { readonly type: "done"; readonly id: number; readonly failure: string | undefined }
  | { readonly type: "health"; readonly arn: string; readonly healthy: readonly string[] };

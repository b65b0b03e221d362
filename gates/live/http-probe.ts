import { type HttpRequest, request } from "../../io/http.ts";
import type { Network } from "../../io/network.ts";
import type { HealthProbe } from "./health-gate.ts";

const TIMEOUT_SECONDS = 10;

/** A probe that is content with the status 200 and tells of anything else. */
export function httpProbe(
  network: Network,
  name: string,
  url: string,
  headers: NonNullable<HttpRequest["headers"]> = {},
): HealthProbe {
  return {
    name,
    run: async () => {
      const answer = await request(network, url, {
        headers: { ...headers, "x-sparki-synthetic": "1" },
        timeoutSeconds: TIMEOUT_SECONDS,
      });
      if (!answer.answered) return `${url}: ${answer.error}`;
      if (answer.status !== 200) return `${url} answered ${answer.status}; expected 200`;
      return undefined;
    },
  };
}

import { REQUESTS_PER_CLIENT } from "../../infra/firewall.ts";
import { parseConfig } from "../../stacks/config.ts";
import { rawConfig } from "../support/stack-config.ts";

/** AWS WAF counts a client's requests over five minutes. */
const WINDOW_SECONDS = 300;
const TRACKS = 2;

describe("REQUESTS_PER_CLIENT", () => {
  it.each(["prod", "staging"])(
    "lets the gates of %s ask a one-box and the fleet beside it without a break",
    (stack) => {
      const { syntheticRequestsPerSecond } = parseConfig(rawConfig(stack), stack).gate;
      expect(REQUESTS_PER_CLIENT).toBeGreaterThan(TRACKS * syntheticRequestsPerSecond * WINDOW_SECONDS);
    },
  );
});

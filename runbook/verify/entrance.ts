import type { HttpAnswer, HttpRequest } from "../../io/http.ts";
import { SYNTHETIC, type VerifyContext } from "./verification.ts";

/** Asks the site at the load balancer's own name, as what it is: a request of our own. */
export function askEntrance(
  { balancer, config }: Pick<VerifyContext, "balancer" | "config">,
  path: string,
  { headers, ...options }: HttpRequest,
): Promise<HttpAnswer> {
  return balancer(`https://${config.domain}${path}`, { ...options, headers: { ...headers, ...SYNTHETIC } });
}

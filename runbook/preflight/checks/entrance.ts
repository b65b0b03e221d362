import { type Check, fail, pass, skipped } from "../check.ts";

export const entrance: Check = {
  id: "entrance",
  group: "Infrastructure",
  title: "Load balancer answers",
  proves: "What is live answers at the domain's /health through DNS, TLS and the load balancer.",
  timeLimitSeconds: 20,
  run: async ({ config, http, stack, state }, signal) => {
    const { resources } = await state.read();
    // A deployment that stopped between promotion and cutover must be able to go on.
    if (!resources.some(({ urn }) => urn.endsWith("::cutover-record"))) return skipped("no name points here yet");
    const url = `https://${config.domain}/health`;
    const answer = await http(url, { headers: { "x-sparki-synthetic": "1" }, timeoutSeconds: 15, signal });
    const fix = `npx sparki verify --stack ${stack}: what is live is not well; mend or roll back that first`;
    if (!answer.answered) return fail(`${url}: ${answer.error}`, fix);
    return answer.status === 200 ? pass(`${url} answered 200`) : fail(`${url} answered ${answer.status}`, fix);
  },
};

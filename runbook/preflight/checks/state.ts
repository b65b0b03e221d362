import { type Check, fail, pass, skipped, warn } from "../check.ts";

export const stateFree: Check = {
  id: "state-free",
  group: "Infrastructure",
  title: "Nobody else is deploying",
  proves: "The stack's state is not locked.",
  timeLimitSeconds: 30,
  run: async ({ stack, state }) => {
    const lock = await state.lock();
    if (lock === undefined) return pass("the state is not locked");
    const since = lock.since === undefined ? "" : ` since ${lock.since}`;
    return fail(
      `the state is locked by ${lock.holder}${since}`,
      `wait for it to end; only if nothing runs there any more: pulumi cancel --stack ${stack}`,
    );
  },
};

export const stateClean: Check = {
  id: "state-clean",
  group: "Infrastructure",
  title: "No operation is pending",
  proves: "No interrupted update has left something half-made that nobody knows of.",
  timeLimitSeconds: 30,
  run: async ({ state }) => {
    const { resources, pending } = await state.read();
    if (resources.length === 0) return skipped("nothing was deployed yet");
    const told = pending.map(({ operation, urn }) => `${operation} ${urn.split("::").at(-1)}`).join(", ");
    // What was being made may exist without the state knowing its id; the other operations are safe to repeat.
    if (pending.some(({ operation }) => operation === "creating"))
      return warn(`an update was interrupted: ${told}`, "npx sparki deploy finds what was made and goes on with it");
    if (pending.length > 0) return warn(`an update was interrupted: ${told}`, "the deployment repeats it");
    return pass("every operation ended");
  },
};

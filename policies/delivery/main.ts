import { flushCompileCache } from "node:module";
import { endWithEngine, servePolicies } from "../judging/pulumi-policies.ts";
import { deliverySession, policies } from "./judging.ts";

// The SDK throws to say that a policy is not about a type, and to say that a value is unknown: thousands of times.
Error.stackTraceLimit = 1;

servePolicies({ name: "sparki-delivery", policies }, ({ stack, preview, raw }) =>
  deliverySession({ stack, preview, raw, now: new Date() }),
);
flushCompileCache();
endWithEngine();

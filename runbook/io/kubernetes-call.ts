import type { Middleware } from "@kubernetes/client-node";

/** The API answers what we ask within a second; one that takes ten has gone. */
const CALL_SECONDS = 10;

/** Ends each call, its answer included, after 10 seconds, and at once when the signal aborts. */
export function limitedCall(signal?: AbortSignal, seconds: number = CALL_SECONDS): Middleware {
  return {
    pre: async (request) => {
      const late = AbortSignal.timeout(seconds * 1000);
      request.setSignal(signal === undefined ? late : AbortSignal.any([signal, late]));
      return request;
    },
    post: async (response) => response,
  };
}
